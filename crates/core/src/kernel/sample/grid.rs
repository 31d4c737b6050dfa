//! The gradient of samples in the positions.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::part::TileWindows;
use super::shape::{by_mode, Rule, SampleShape};
use super::tile::{each_tile, Tiling, BLOCKS_PER_TILE};
use super::windows::{load_windows, SampleWindows, BLOCK};
use crate::kernel::element::Element;
use crate::kernel::parallel::{uninit, Shared, MIN_PARALLEL_SAMPLES};
use crate::kernel::simd::{entry, isa, Simd};
use crate::sampling::Interpolation;

/// The gradient in the grid, [B, h, w, 2]: the sum over the pixels (i, j) of a window of the derivative of their weight
/// times sum_c g_c x_c,ij, so that weights are applied once for all channels.
pub(crate) fn by_grid<T: Element>(x: &[T], g: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    by_mode!(rule, by_grid_of(x, g, grid, s, rule))
}

fn by_grid_of<T: Element, const K: usize>(x: &[T], g: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    let (pixels, positions, sets, tiling) = (s.height * s.width, s.positions(), s.sets(grid), Tiling::of(s));
    // SAFETY: tasks write disjoint positions that cover the result.
    let mut out = unsafe { uninit(2 * s.batch * positions) };
    let (to, each_set) = (Shared::new(&mut out), s.batch / sets);
    let make = || {
        let blocks = [[T::zero(); BLOCK]; BLOCKS_PER_TILE];
        (TileWindows::<T, K>::new(true), Vec::new(), blocks, vec![[[[T::zero(); BLOCK]; K]; K]; BLOCKS_PER_TILE])
    };
    let parallel = s.batch * s.channels * positions > MIN_PARALLEL_SAMPLES;
    each_tile(sets * tiling.count(), parallel, make, |(around, part, seeds, sums), task| {
        let (set, tile) = (task / tiling.count(), tiling.tile(task % tiling.count()));
        around.fill(&tile, &grid[2 * set * positions..], s, rule, true);
        for image in set * each_set..(set + 1) * each_set {
            sums.fill([[[T::zero(); BLOCK]; K]; K]);
            for channel in 0..s.channels {
                let plane = image * s.channels + channel;
                let x = around.part(&x[plane * pixels..][..pixels], s, part);
                tile.take::<T, 1>(&g[plane * positions..], seeds.as_flattened_mut());
                for ((sums, seeds), (_, at)) in sums.iter_mut().zip(&*seeds).zip(around.blocks()) {
                    // SAFETY: the CPU has the instructions, and windows are inside the part.
                    unsafe { accumulate(isa(), x, around.stride, at, seeds, sums) }
                }
            }
            let mut slopes = [[[T::zero(); 2]; BLOCK]; BLOCKS_PER_TILE];
            for ((slopes, sums), (windows, _)) in slopes.iter_mut().zip(&*sums).zip(around.blocks()) {
                // SAFETY: the CPU has the instructions.
                unsafe { slope(isa(), windows, sums, slopes) }
            }
            // SAFETY: tasks have disjoint positions.
            unsafe { tile.put::<T, 2>(slopes.as_flattened().as_flattened(), to.at(2 * image * positions)) }
        }
    });
    out
}

entry! {
    /// Adds each window times the gradient of its sample to `sums`.
    fn accumulate[T: Element, const K: usize](
        x: &[T], stride: usize, at: &[u32; BLOCK], g: &[T; BLOCK], sums: &mut [[[T; BLOCK]; K]; K],
    ) = accumulate_of
}

#[inline(always)]
unsafe fn accumulate_of<S: Simd, T: Element, const K: usize>(
    _: S,
    x: &[T],
    stride: usize,
    at: &[u32; BLOCK],
    g: &[T; BLOCK],
    sums: &mut [[[T; BLOCK]; K]; K],
) {
    let mut window = [[T::zero(); K]; BLOCK];
    for i in 0..K {
        load_windows(x.as_ptr().add(i * stride), at, &mut window);
        for j in 0..K {
            for p in 0..BLOCK {
                sums[i][j][p] += g[p] * window[p][j];
            }
        }
    }
}

entry! {
    /// The gradient of a block of samples in their positions, from the sums of their windows.
    fn slope[T: Element, const K: usize](
        windows: &SampleWindows<T, K>, sums: &[[[T; BLOCK]; K]; K], to: &mut [[T; 2]; BLOCK],
    ) = slope_of
}

#[inline(always)]
fn slope_of<S: Simd, T: Element, const K: usize>(
    _: S,
    windows: &SampleWindows<T, K>,
    sums: &[[[T; BLOCK]; K]; K],
    to: &mut [[T; 2]; BLOCK],
) {
    for p in 0..BLOCK {
        let mut slope = [T::zero(); 2];
        for i in 0..K {
            for j in 0..K {
                slope[0] += windows.down[i][p] * windows.by_column[j][p] * sums[i][j][p];
                slope[1] += windows.by_row[i][p] * windows.right[j][p] * sums[i][j][p];
            }
        }
        to[p] = slope;
    }
}
