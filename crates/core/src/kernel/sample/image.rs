//! The gradient of samples in the image.

use super::part::TileWindows;
use super::shape::{by_mode, Rule, SampleShape};
use super::tile::{each_tile, Tile, Tiling, TILE};
use super::windows::{SampleWindows, BLOCK};
use crate::allocation::zeros;
use crate::kernel::element::Element;
use crate::kernel::parallel::{each, Shared, MIN_PARALLEL_SAMPLES};
use crate::kernel::simd::{entry, isa, Simd};
use crate::sampling::Interpolation;
use std::ops::Range;

/// Channels that are processed together: interleaved, so that a pixel's channels are added in one vector.
const GROUP: usize = 4;
/// Minimum number of tasks: fewer images are divided into bands of rows.
const MIN_TASKS: usize = 4;
/// Minimum number of rows in a band.
const MIN_BAND: usize = 64;

/// The gradient in x [B, C, H, W], for the gradient g [B, C, h, w] of the samples.
pub(crate) fn by_image<T: Element>(g: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    by_mode!(rule, by_image_of(g, grid, s, rule))
}

/// As `by_image`. Terms are added to a pixel in the order of the tiles, however the work is divided.
fn by_image_of<T: Element, const K: usize>(g: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    if s.channels == 1 {
        in_groups::<T, K, 1>(g, grid, s, rule)
    } else {
        in_groups::<T, K, GROUP>(g, grid, s, rule)
    }
}

fn in_groups<T: Element, const K: usize, const G: usize>(g: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    let (pixels, positions, tiling) = (s.height * s.width, s.positions(), Tiling::of(s));
    let fill = |around: &mut TileWindows<T, K>, image: usize, tile: &Tile| {
        let set = if s.sets(grid) == 1 { 0 } else { image };
        around.fill(tile, &grid[2 * set * positions..], s, rule, false);
    };
    let groups = s.channels.div_ceil(G);
    let bands = if s.batch * groups < MIN_TASKS {
        MIN_TASKS.div_ceil(s.batch * groups).min(s.height.div_ceil(MIN_BAND))
    } else {
        1
    };
    // The rows that each tile touches: a band skips tiles without rows of its own.
    let mut rows = vec![0..s.height; if bands == 1 { 0 } else { s.batch * tiling.count() }];
    let to = Shared::new(&mut rows);
    each_tile(
        rows.len(),
        true,
        || TileWindows::new(false),
        |around, i| {
            fill(around, i / tiling.count(), &tiling.tile(i % tiling.count()));
            // SAFETY: tasks write disjoint elements.
            unsafe { *to.at(i) = around.rows.clone() }
        },
    );
    let mut dx = zeros::<T>(s.batch * s.channels * pixels);
    let to = Shared::new(&mut dx);
    each(s.batch * groups * bands, s.batch * s.channels * positions > MIN_PARALLEL_SAMPLES, |task| {
        let (image, first, band) = (task / bands / groups, task / bands % groups * G, task % bands);
        let band = band * s.height / bands..(band + 1) * s.height / bands;
        let planes = image * s.channels + first..image * s.channels + (first + G).min(s.channels);
        let (mut around, mut part, mut seeds) = (TileWindows::new(false), Vec::new(), [[T::zero(); TILE]; G]);
        for i in 0..tiling.count() {
            if rows.get(image * tiling.count() + i).is_some_and(|r| r.start >= band.end || r.end <= band.start) {
                continue;
            }
            let tile = tiling.tile(i);
            fill(&mut around, image, &tile);
            for (plane, seeds) in planes.clone().zip(&mut seeds) {
                tile.take::<T, 1>(&g[plane * positions..], seeds);
            }
            // SAFETY: tasks have disjoint rows, and planes are contiguous.
            unsafe { around.add(&seeds, tile.len(), s, &band, planes.len(), to.at(planes.start * pixels), &mut part) };
        }
    });
    dx
}

impl<T: Element, const K: usize> TileWindows<T, K> {
    /// Adds the gradient of `len` positions of a tile to the rows `band` of `planes` planes, for the gradients g of the
    /// samples.
    ///
    /// # Safety
    /// `dx` has as many planes, and no other task writes to these rows of them.
    #[allow(clippy::too_many_arguments)]
    unsafe fn add<const G: usize>(
        &self,
        g: &[[T; TILE]; G],
        len: usize,
        s: &SampleShape,
        band: &Range<usize>,
        planes: usize,
        dx: *mut T,
        part: &mut Vec<[T; G]>,
    ) {
        if self.copied {
            part.clear();
            part.resize(self.rows.len() * self.stride, [T::zero(); G]);
        }
        for (b, (windows, at)) in self.blocks().enumerate() {
            let first = b * BLOCK;
            if self.copied {
                scatter(isa(), g, first, BLOCK.min(len - first), windows, at, self.stride, part);
            } else {
                for (k, g) in g.iter().take(planes).enumerate() {
                    scatter_in_band(
                        &g[first..len.min(first + BLOCK)],
                        windows,
                        s.width,
                        band,
                        dx.add(k * s.height * s.width),
                    );
                }
            }
        }
        if self.copied {
            // In an image smaller than a window, excess pixels have weight zero.
            let columns = self.stride.min(s.width);
            for (row, part) in
                self.rows.clone().zip(part.chunks_exact(self.stride)).filter(|(row, _)| band.contains(row))
            {
                separate(
                    isa(),
                    &part[..columns],
                    planes,
                    s.height * s.width,
                    dx.add(row * s.width + self.columns.start),
                );
            }
        }
    }
}

entry! {
    /// Adds a block of windows to a part of the image with interleaved channels.
    #[allow(clippy::too_many_arguments)]
    fn scatter[T: Element, const K: usize, const G: usize](
        g: &[[T; TILE]; G], first: usize, count: usize, windows: &SampleWindows<T, K>, at: &[u32; BLOCK], stride: usize,
        to: &mut [[T; G]],
    ) = scatter_of
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn scatter_of<S: Simd, T: Element, const K: usize, const G: usize>(
    _: S,
    g: &[[T; TILE]; G],
    first: usize,
    count: usize,
    windows: &SampleWindows<T, K>,
    at: &[u32; BLOCK],
    stride: usize,
    to: &mut [[T; G]],
) {
    let to = to.as_mut_ptr();
    for p in 0..count {
        let seed: [T; G] = std::array::from_fn(|k| g[k][first + p]);
        // Column by column: neighbours in a row would be stored as one vector, and the overlapping load of the next
        // window would wait for the store.
        for j in 0..K {
            for i in 0..K {
                let weight = windows.down[i][p] * windows.right[j][p];
                let to = &mut *to.add(at[p] as usize + i * stride + j);
                for k in 0..G {
                    to[k] += weight * seed[k];
                }
            }
        }
    }
}

entry! {
    fn separate[T: Element, const G: usize](
        from: &[[T; G]], planes: usize, pixels: usize, to: *mut T,
    ) = separate_of
}

/// Adds pixels with interleaved channels to a row of each plane.
#[inline(always)]
unsafe fn separate_of<S: Simd, T: Element, const G: usize>(
    _: S,
    from: &[[T; G]],
    planes: usize,
    pixels: usize,
    to: *mut T,
) {
    for k in 0..G {
        if k < planes {
            let to = std::slice::from_raw_parts_mut(to.add(k * pixels), from.len());
            for (to, from) in to.iter_mut().zip(from) {
                *to += from[k];
            }
        }
    }
}

/// Adds windows that are spread over the image, without a copy of a part.
unsafe fn scatter_in_band<T: Element, const K: usize>(
    g: &[T],
    windows: &SampleWindows<T, K>,
    width: usize,
    band: &Range<usize>,
    to: *mut T,
) {
    // Windows with a row in the band, found without unpredictable branches.
    let (mut list, mut count) = ([0; BLOCK], 0);
    for p in 0..g.len() {
        let row = windows.row[p] as usize;
        list[count] = p;
        count += usize::from(row < band.end && row + K > band.start);
    }
    for &p in &list[..count] {
        for i in 0..K {
            let row = windows.row[p] as usize + i;
            if band.contains(&row) {
                for j in 0..K {
                    *to.add(row * width + windows.column[p] as usize + j) +=
                        g[p] * windows.down[i][p] * windows.right[j][p];
                }
            }
        }
    }
}
