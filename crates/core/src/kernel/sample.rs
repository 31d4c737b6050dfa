//! Images sampled at given positions on the processor, and the derivatives of that.
//!
//! Around each position lies a window of K x K pixels that is inside of the image, with a weight for each row and
//! column: places and weights are found once for all channels, and for all images that have the same positions. Values
//! are then taken window by window, and weighed in vectors.

mod image;
mod places;
mod tile;

use self::image::by_image_of;
use self::places::{Places, TOGETHER};
use self::tile::{Around, Cut, BLOCKS};
use super::parallel::{each, unwritten, Shared};
use super::simd::{entry, Simd};
use super::value::{level, Real};
use crate::sampling::{Interpolation, Outside};

/// How images are sampled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub mode: Interpolation,
    pub outside: Outside,
    pub align: bool,
}

/// Sizes of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Rows and columns of the output, which has as many positions.
    pub out: [usize; 2],
}

impl Sizes {
    fn positions(&self) -> usize {
        self.out[0] * self.out[1]
    }
    /// Sets of positions: one for all images, or one each.
    fn sets<T>(&self, grid: &[T]) -> usize {
        grid.len() / (2 * self.positions())
    }
}

/// From so many values on, threads pay.
const HEAVY: usize = 1 << 13;
/// Calls a function for the number of samples along an axis.
macro_rules! by_mode {
    ($rule:expr, $name:ident($($arg:expr),*)) => {
        match $rule.mode {
            Interpolation::Nearest => $name::<T, 1>($($arg),*),
            Interpolation::Bilinear => $name::<T, 2>($($arg),*),
            Interpolation::Bicubic => $name::<T, 4>($($arg),*),
        }
    };
}

/// [B, C, h, w] of x [B, C, H, W] at the positions (x, y) of `grid` [B, h, w, 2], or [1, h, w, 2] for all images.
pub(crate) fn forward<T: Real + Into<f64>>(x: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    by_mode!(rule, forward_of(x, grid, s, rule))
}

/// The gradient by x, for the gradient g [B, C, h, w] of the samples.
pub(crate) fn by_image<T: Real + Into<f64>>(g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    by_mode!(rule, by_image_of(g, grid, s, rule))
}

fn forward_of<T: Real + Into<f64>, const K: usize>(x: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    let (pixels, positions, sets, cut) = (s.height * s.width, s.positions(), s.sets(grid), Cut::of(s));
    // SAFETY: each piece writes its positions of all channels, and they cover everything.
    let mut y = unsafe { unwritten(s.batch * s.channels * positions) };
    let (to, planes) = (Shared::new(&mut y), s.batch / sets * s.channels);
    each(sets * cut.count(), s.batch * s.channels * positions > HEAVY, |piece| {
        let (set, tile) = (piece / cut.count(), cut.tile(piece % cut.count()));
        let around = Around::<T, K>::of(&tile, &grid[2 * set * positions..], s, rule, false);
        let (mut part, mut values) = (Vec::new(), [[T::zero(); TOGETHER]; BLOCKS]);
        for plane in set * planes..(set + 1) * planes {
            let x = around.part(&x[plane * pixels..][..pixels], s, &mut part);
            for ((values, places), at) in values.iter_mut().zip(&around.places).zip(&around.at) {
                // SAFETY: `level` is what the processor has, and windows lie in the part.
                unsafe { sample(level(), x, around.line, at, places, values) }
            }
            // SAFETY: these positions are this piece's.
            unsafe { tile.put::<T, 1>(values.as_flattened(), to.at(plane * positions)) }
        }
    });
    y
}

entry! { fn sample[T: Real, const K: usize](x: &[T], line: usize, at: &[u32; TOGETHER], places: &Places<T, K>, to: &mut [T; TOGETHER]) = sample_of }

/// The windows that begin at `at`.
#[inline(always)]
unsafe fn windows<T: Copy, const K: usize>(x: *const T, at: &[u32; TOGETHER], to: &mut [[T; K]; TOGETHER]) {
    for p in 0..TOGETHER {
        // Volatile, so that the compiler makes no gather of it: that is slower than loads one by one.
        to[p] = x.add(std::ptr::read_volatile(&at[p]) as usize).cast::<[T; K]>().read_unaligned();
    }
}

#[inline(always)]
unsafe fn sample_of<S: Simd, T: Real, const K: usize>(
    _: S,
    x: &[T],
    line: usize,
    at: &[u32; TOGETHER],
    places: &Places<T, K>,
    to: &mut [T; TOGETHER],
) {
    let mut window = [[T::zero(); K]; TOGETHER];
    for i in 0..K {
        windows(x.as_ptr().add(i * line), at, &mut window);
        for p in 0..TOGETHER {
            let sum = (1..K).fold(places.right[0][p] * window[p][0], |sum, j| sum + places.right[j][p] * window[p][j]);
            to[p] = if i == 0 { places.down[i][p] * sum } else { to[p] + places.down[i][p] * sum };
        }
    }
}

/// The gradient by the grid, [B, h, w, 2].
pub(crate) fn by_grid<T: Real + Into<f64>>(x: &[T], g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    by_mode!(rule, by_grid_of(x, g, grid, s, rule))
}

fn by_grid_of<T: Real + Into<f64>, const K: usize>(x: &[T], g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    let (pixels, positions, sets, cut) = (s.height * s.width, s.positions(), s.sets(grid), Cut::of(s));
    // SAFETY: each piece writes its positions, and they cover everything.
    let mut out = unsafe { unwritten(2 * s.batch * positions) };
    let (to, each_set) = (Shared::new(&mut out), s.batch / sets);
    each(sets * cut.count(), s.batch * s.channels * positions > HEAVY, |piece| {
        let (set, tile) = (piece / cut.count(), cut.tile(piece % cut.count()));
        let around = Around::<T, K>::of(&tile, &grid[2 * set * positions..], s, rule, true);
        let (mut part, mut seeds) = (Vec::new(), [[T::zero(); TOGETHER]; BLOCKS]);
        for image in set * each_set..(set + 1) * each_set {
            let mut sums = [[[T::zero(); 2]; TOGETHER]; BLOCKS];
            for plane in image * s.channels..(image + 1) * s.channels {
                let x = around.part(&x[plane * pixels..][..pixels], s, &mut part);
                tile.take::<T, 1>(&g[plane * positions..], seeds.as_flattened_mut());
                for (((sums, seeds), places), at) in sums.iter_mut().zip(&seeds).zip(&around.places).zip(&around.at) {
                    // SAFETY: `level` is what the processor has, and windows lie in the part.
                    unsafe { slope(level(), x, around.line, at, places, seeds, sums) }
                }
            }
            // SAFETY: these positions are this piece's.
            unsafe { tile.put::<T, 2>(sums.as_flattened().as_flattened(), to.at(2 * image * positions)) }
        }
    });
    out
}

entry! {
    fn slope[T: Real, const K: usize](x: &[T], line: usize, at: &[u32; TOGETHER], places: &Places<T, K>, g: &[T; TOGETHER], to: &mut [[T; 2]; TOGETHER]) = slope_of
}

#[inline(always)]
unsafe fn slope_of<S: Simd, T: Real, const K: usize>(
    _: S,
    x: &[T],
    line: usize,
    at: &[u32; TOGETHER],
    places: &Places<T, K>,
    g: &[T; TOGETHER],
    to: &mut [[T; 2]; TOGETHER],
) {
    let mut window = [[T::zero(); K]; TOGETHER];
    let mut sums = [[T::zero(); TOGETHER]; 2];
    for i in 0..K {
        windows(x.as_ptr().add(i * line), at, &mut window);
        for p in 0..TOGETHER {
            let along = |weights: &[[T; TOGETHER]; K]| {
                (1..K).fold(weights[0][p] * window[p][0], |sum, j| sum + weights[j][p] * window[p][j])
            };
            sums[0][p] += places.down[i][p] * along(&places.by_column);
            sums[1][p] += places.by_row[i][p] * along(&places.right);
        }
    }
    for p in 0..TOGETHER {
        to[p][0] += g[p] * sums[0][p];
        to[p][1] += g[p] * sums[1][p];
    }
}
