//! The gradient of samples by the image.

use super::places::{Places, TOGETHER};
use super::tile::{Around, Cut, Tile, TILE};
use super::{Rule, Sizes, HEAVY};
use crate::kernel::parallel::{each, Shared};
use crate::kernel::simd::{entry, Simd};
use crate::kernel::value::{level, Real};
use std::ops::Range;

/// Channels that are worked on together: those of a pixel lie side by side then, and are added to at once.
const GROUP: usize = 4;
/// Pieces of work, at least, where there is much to do: few images are cut into bands of rows.
const MANY: usize = 4;
/// Rows of a band, at least.
const BAND: usize = 64;

/// For the gradient g [B, C, positions] of the samples. What is added to a pixel comes in the order of the tiles,
/// however the work is cut.
pub(super) fn by_image_of<T: Real + Into<f64>, const K: usize>(g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    if s.channels == 1 {
        in_groups::<T, K, 1>(g, grid, s, rule)
    } else {
        in_groups::<T, K, GROUP>(g, grid, s, rule)
    }
}

fn in_groups<T: Real + Into<f64>, const K: usize, const G: usize>(
    g: &[T],
    grid: &[T],
    s: &Sizes,
    rule: &Rule,
) -> Vec<T> {
    let (pixels, positions, cut) = (s.height * s.width, s.positions(), Cut::of(s));
    let around = |image: usize, tile: &Tile| {
        let set = if s.sets(grid) == 1 { 0 } else { image };
        Around::<T, K>::of(tile, &grid[2 * set * positions..], s, rule, false)
    };
    let groups = s.channels.div_ceil(G);
    let bands = if s.batch * groups < MANY { MANY.div_ceil(s.batch * groups).min(s.height.div_ceil(BAND)) } else { 1 };
    // Rows that each tile needs: a band passes over those that have none of its own.
    let mut rows = vec![0..s.height; if bands == 1 { 0 } else { s.batch * cut.count() }];
    let to = Shared::new(&mut rows);
    // SAFETY: each has a place of its own.
    each(rows.len(), true, |i| unsafe { *to.at(i) = around(i / cut.count(), &cut.tile(i % cut.count())).rows });
    let mut dx = vec![T::zero(); s.batch * s.channels * pixels];
    let to = Shared::new(&mut dx);
    each(s.batch * groups * bands, s.batch * s.channels * positions > HEAVY, |piece| {
        let (image, first, band) = (piece / bands / groups, piece / bands % groups * G, piece % bands);
        let band = band * s.height / bands..(band + 1) * s.height / bands;
        let planes = image * s.channels + first..image * s.channels + (first + G).min(s.channels);
        let (mut part, mut seeds) = (Vec::new(), [[T::zero(); TILE]; G]);
        for i in 0..cut.count() {
            if rows.get(image * cut.count() + i).is_some_and(|r| r.start >= band.end || r.end <= band.start) {
                continue;
            }
            let tile = cut.tile(i);
            let around = around(image, &tile);
            for (plane, seeds) in planes.clone().zip(&mut seeds) {
                tile.take::<T, 1>(&g[plane * positions..], seeds);
            }
            // SAFETY: these rows are this piece's, and planes lie one after the other.
            unsafe { around.add(&seeds, tile.len(), s, &band, planes.len(), to.at(planes.start * pixels), &mut part) };
        }
    });
    dx
}

impl<T: Real + Into<f64>, const K: usize> Around<T, K> {
    /// Adds what `len` positions of a tile give to the rows `band` of some planes, for the gradients g of the samples.
    ///
    /// # Safety
    /// There are so many planes, and nobody else writes to these rows of them.
    #[allow(clippy::too_many_arguments)]
    unsafe fn add<const G: usize>(
        &self,
        g: &[[T; TILE]; G],
        len: usize,
        s: &Sizes,
        band: &Range<usize>,
        planes: usize,
        dx: *mut T,
        part: &mut Vec<[T; G]>,
    ) {
        if self.copied {
            part.clear();
            part.resize(self.rows.len() * self.line, [T::zero(); G]);
        }
        for (b, (places, at)) in self.places.iter().zip(&self.at).enumerate() {
            let first = b * TOGETHER;
            if self.copied {
                scatter(level(), g, first, TOGETHER.min(len - first), places, at, self.line, part);
            } else {
                for (k, g) in g.iter().take(planes).enumerate() {
                    scatter_in_band(
                        &g[first..len.min(first + TOGETHER)],
                        places,
                        s.width,
                        band,
                        dx.add(k * s.height * s.width),
                    );
                }
            }
        }
        if self.copied {
            // In an image smaller than a window, what is left has no weight.
            let some = self.line.min(s.width);
            for (row, part) in self.rows.clone().zip(part.chunks_exact(self.line)).filter(|(row, _)| band.contains(row))
            {
                separate(
                    level(),
                    &part[..some],
                    planes,
                    s.height * s.width,
                    dx.add(row * s.width + self.columns.start),
                );
            }
        }
    }
}

entry! {
    #[allow(clippy::too_many_arguments)]
    fn scatter[T: Real, const K: usize, const G: usize](
        g: &[[T; TILE]; G], first: usize, some: usize, places: &Places<T, K>, at: &[u32; TOGETHER], line: usize, to: &mut [[T; G]],
    ) = scatter_of
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn scatter_of<S: Simd, T: Real, const K: usize, const G: usize>(
    _: S,
    g: &[[T; TILE]; G],
    first: usize,
    some: usize,
    places: &Places<T, K>,
    at: &[u32; TOGETHER],
    line: usize,
    to: &mut [[T; G]],
) {
    let to = to.as_mut_ptr();
    for p in 0..some {
        let seed: [T; G] = std::array::from_fn(|k| g[k][first + p]);
        // Column by column: neighbours in a row would be written as one vector, and the next window, a pixel further,
        // would wait for all of it.
        for j in 0..K {
            for i in 0..K {
                let weight = places.down[i][p] * places.right[j][p];
                let to = &mut *to.add(at[p] as usize + i * line + j);
                for k in 0..G {
                    to[k] += weight * seed[k];
                }
            }
        }
    }
}

entry! { fn separate[T: Real, const G: usize](from: &[[T; G]], planes: usize, pixels: usize, to: *mut T) = separate_of }

/// Adds pixels with their channels side by side to a row of each plane.
#[inline(always)]
unsafe fn separate_of<S: Simd, T: Real, const G: usize>(
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

/// For windows that are all over the image.
unsafe fn scatter_in_band<T: Real, const K: usize>(
    g: &[T],
    places: &Places<T, K>,
    width: usize,
    band: &Range<usize>,
    to: *mut T,
) {
    // Those with a row in the band, found without branches that cannot be foretold.
    let (mut list, mut count) = ([0; TOGETHER], 0);
    for p in 0..g.len() {
        let row = places.row[p] as usize;
        list[count] = p;
        count += usize::from(row < band.end && row + K > band.start);
    }
    for &p in &list[..count] {
        for i in 0..K {
            let row = places.row[p] as usize + i;
            if band.contains(&row) {
                for j in 0..K {
                    *to.add(row * width + places.column[p] as usize + j) +=
                        g[p] * places.down[i][p] * places.right[j][p];
                }
            }
        }
    }
}
