//! Samples of images.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::part::TileWindows;
use super::shape::{by_mode, Rule, SampleShape};
use super::tile::{each_tile, Tiling, BLOCKS_PER_TILE};
use super::windows::{load_windows, SampleWindows, BLOCK};
use crate::kernel::element::Element;
use crate::kernel::parallel::{uninit, Shared, MIN_PARALLEL_SAMPLES};
use crate::kernel::simd::{entry, isa, Simd};
use crate::sampling::Interpolation;

/// [B, C, h, w] of x [B, C, H, W] at the positions (x, y) of `grid` [B, h, w, 2], or [1, h, w, 2] for all images.
pub(crate) fn forward<T: Element>(x: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    by_mode!(rule, forward_of(x, grid, s, rule))
}

fn forward_of<T: Element, const K: usize>(x: &[T], grid: &[T], s: &SampleShape, rule: &Rule) -> Vec<T> {
    let (pixels, positions, sets, tiling) = (s.height * s.width, s.positions(), s.sets(grid), Tiling::of(s));
    // SAFETY: tasks write disjoint positions of all channels, which cover the result.
    let mut y = unsafe { uninit(s.batch * s.channels * positions) };
    let (to, planes) = (Shared::new(&mut y), s.batch / sets * s.channels);
    let make = || (TileWindows::<T, K>::new(true), Vec::new(), [[T::zero(); BLOCK]; BLOCKS_PER_TILE]);
    let parallel = s.batch * s.channels * positions > MIN_PARALLEL_SAMPLES;
    each_tile(sets * tiling.count(), parallel, make, |(around, part, values), task| {
        let (set, tile) = (task / tiling.count(), tiling.tile(task % tiling.count()));
        around.fill(&tile, &grid[2 * set * positions..], s, rule, false);
        for plane in set * planes..(set + 1) * planes {
            let x = around.part(&x[plane * pixels..][..pixels], s, part);
            for (values, (windows, at)) in values.iter_mut().zip(around.blocks()) {
                // SAFETY: the CPU has the instructions, and windows are inside the part.
                unsafe { sample(isa(), x, around.stride, at, windows, values) }
            }
            // SAFETY: tasks have disjoint positions.
            unsafe { tile.put::<T, 1>(values.as_flattened(), to.at(plane * positions)) }
        }
    });
    y
}

entry! {
    /// The values of a block of windows.
    fn sample[T: Element, const K: usize](
        x: &[T], stride: usize, at: &[u32; BLOCK], windows: &SampleWindows<T, K>, to: &mut [T; BLOCK],
    ) = sample_of
}

#[inline(always)]
unsafe fn sample_of<S: Simd, T: Element, const K: usize>(
    _: S,
    x: &[T],
    stride: usize,
    at: &[u32; BLOCK],
    windows: &SampleWindows<T, K>,
    to: &mut [T; BLOCK],
) {
    let mut window = [[T::zero(); K]; BLOCK];
    for i in 0..K {
        load_windows(x.as_ptr().add(i * stride), at, &mut window);
        for p in 0..BLOCK {
            let sum =
                (1..K).fold(windows.right[0][p] * window[p][0], |sum, j| sum + windows.right[j][p] * window[p][j]);
            to[p] = if i == 0 { windows.down[i][p] * sum } else { to[p] + windows.down[i][p] * sum };
        }
    }
}
