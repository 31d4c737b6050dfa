//! The gradient of samples in the positions.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::shape::{by_mode, Rule, SampleShape};
use super::tile::{TileWindows, Tiling, BLOCKS_PER_TILE};
use super::windows::{load_windows, SampleWindows, BLOCK};
use crate::kernel::element::Element;
use crate::kernel::parallel::{each, uninit, Shared, MIN_PARALLEL_SAMPLES};
use crate::kernel::simd::{entry, isa, Simd};
use crate::sampling::Interpolation;

/// The gradient in the grid, [B, h, w, 2].
pub(crate) fn by_grid<T: Element>(x: &[T], g: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    by_mode!(rule, by_grid_of(x, g, grid, s, rule))
}

fn by_grid_of<T: Element, const K: usize>(x: &[T], g: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    let (pixels, positions, sets, tiling) = (s.height * s.width, s.positions(), s.sets(grid), Tiling::of(s));
    // SAFETY: tasks write disjoint positions that cover the result.
    let mut out = unsafe { uninit(2 * s.batch * positions) };
    let (to, each_set) = (Shared::new(&mut out), s.batch / sets);
    each(sets * tiling.count(), s.batch * s.channels * positions > MIN_PARALLEL_SAMPLES, |task| {
        let (set, tile) = (task / tiling.count(), tiling.tile(task % tiling.count()));
        let around = TileWindows::<T, K>::of(&tile, &grid[2 * set * positions..], s, rule, true);
        let (mut part, mut seeds) = (Vec::new(), [[T::zero(); BLOCK]; BLOCKS_PER_TILE]);
        for image in set * each_set..(set + 1) * each_set {
            let mut sums = [[[T::zero(); 2]; BLOCK]; BLOCKS_PER_TILE];
            for plane in image * s.channels..(image + 1) * s.channels {
                let x = around.part(&x[plane * pixels..][..pixels], s, &mut part);
                tile.take::<T, 1>(&g[plane * positions..], seeds.as_flattened_mut());
                for (((sums, seeds), windows), at) in sums.iter_mut().zip(&seeds).zip(&around.windows).zip(&around.at) {
                    // SAFETY: the CPU has the instructions, and windows are inside the part.
                    unsafe { slope(isa(), x, around.stride, at, windows, seeds, sums) }
                }
            }
            // SAFETY: tasks have disjoint positions.
            unsafe { tile.put::<T, 2>(sums.as_flattened().as_flattened(), to.at(2 * image * positions)) }
        }
    });
    out
}

entry! {
    /// Adds the gradient of a block of samples in their positions.
    fn slope[T: Element, const K: usize](
        x: &[T], stride: usize, at: &[u32; BLOCK], windows: &SampleWindows<T, K>, g: &[T; BLOCK],
        to: &mut [[T; 2]; BLOCK],
    ) = slope_of
}

#[inline(always)]
unsafe fn slope_of<S: Simd, T: Element, const K: usize>(
    _: S,
    x: &[T],
    stride: usize,
    at: &[u32; BLOCK],
    windows: &SampleWindows<T, K>,
    g: &[T; BLOCK],
    to: &mut [[T; 2]; BLOCK],
) {
    let mut window = [[T::zero(); K]; BLOCK];
    let mut sums = [[T::zero(); BLOCK]; 2];
    for i in 0..K {
        load_windows(x.as_ptr().add(i * stride), at, &mut window);
        for p in 0..BLOCK {
            let along = |weights: &[[T; BLOCK]; K]| {
                (1..K).fold(weights[0][p] * window[p][0], |sum, j| sum + weights[j][p] * window[p][j])
            };
            sums[0][p] += windows.down[i][p] * along(&windows.by_column);
            sums[1][p] += windows.by_row[i][p] * along(&windows.right);
        }
    }
    for p in 0..BLOCK {
        to[p][0] += g[p] * sums[0][p];
        to[p][1] += g[p] * sums[1][p];
    }
}
