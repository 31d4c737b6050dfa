//! The windows of pixels around positions, and their weights: computed once for all channels, positions in float64.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::shape::{Rule, SampleShape};
use crate::kernel::element::Element;
use crate::kernel::simd::{entry, isa, Simd};
use crate::sampling::{cubic_weights, reflect, Outside};

/// Positions that are processed together.
pub(super) const BLOCK: usize = 64;

/// Windows of K x K pixels around a block of positions: their first rows and columns, and the weights of their rows and
/// columns in the type of the image.
#[derive(Clone, Copy)]
pub(super) struct SampleWindows<T, const K: usize> {
    pub row: [i32; BLOCK],
    pub column: [i32; BLOCK],
    pub down: [[T; BLOCK]; K],
    pub right: [[T; BLOCK]; K],
    /// Derivatives of the weights with respect to the coordinates of the grid, if requested.
    pub by_row: [[T; BLOCK]; K],
    pub by_column: [[T; BLOCK]; K],
}

impl<T: Element, const K: usize> SampleWindows<T, K> {
    /// The windows around the positions (x, y) of `grid`, with `derivatives` if true. Their first rows and columns are
    /// added to `spans`.
    pub(super) fn fill(
        &mut self,
        rule: &Rule,
        grid: &[T; 2 * BLOCK],
        s: &SampleShape,
        derivatives: bool,
        spans: &mut [Span; 2],
    ) {
        // SAFETY: the CPU has the instructions.
        unsafe { fill(isa(), rule, grid, s, derivatives, self, spans) }
    }
}

/// Smallest and largest index at each place of several blocks: in lanes, of which the compiler makes vectors.
pub(super) struct Span {
    low: [i32; BLOCK],
    high: [i32; BLOCK],
}

impl Span {
    /// Of no block.
    pub(super) const EMPTY: Self = Self { low: [i32::MAX; BLOCK], high: [0; BLOCK] };

    #[inline(always)]
    fn add(&mut self, block: &[i32; BLOCK]) {
        for p in 0..BLOCK {
            self.low[p] = self.low[p].min(block[p]);
            self.high[p] = self.high[p].max(block[p]);
        }
    }
    /// Smallest and largest index of all.
    pub(super) fn ends(&self) -> [usize; 2] {
        let low = self.low.iter().fold(i32::MAX, |low, &v| low.min(v));
        let high = self.high.iter().fold(0, |high, &v| high.max(v));
        [low as usize, high as usize]
    }
}

entry! {
    fn fill[T: Element, const K: usize](
        rule: &Rule, grid: &[T; 2 * BLOCK], s: &SampleShape, derivatives: bool, out: &mut SampleWindows<T, K>,
        spans: &mut [Span; 2],
    ) = fill_of
}

#[inline(always)]
fn fill_of<S: Simd, T: Element, const K: usize>(
    _: S,
    rule: &Rule,
    grid: &[T; 2 * BLOCK],
    s: &SampleShape,
    derivatives: bool,
    out: &mut SampleWindows<T, K>,
    spans: &mut [Span; 2],
) {
    match rule.outside {
        Outside::Zeros => both_axes::<T, 0, K>(rule.align, grid, s, derivatives, out, spans),
        Outside::Border => both_axes::<T, 1, K>(rule.align, grid, s, derivatives, out, spans),
        Outside::Reflection => both_axes::<T, 2, K>(rule.align, grid, s, derivatives, out, spans),
    }
}

#[inline(always)]
fn both_axes<T: Element, const OUTSIDE: u8, const K: usize>(
    align: bool,
    grid: &[T; 2 * BLOCK],
    s: &SampleShape,
    derivatives: bool,
    out: &mut SampleWindows<T, K>,
    spans: &mut [Span; 2],
) {
    let mut coordinates = [[0.0; BLOCK]; 2];
    for p in 0..BLOCK {
        (coordinates[0][p], coordinates[1][p]) = (grid[2 * p].into(), grid[2 * p + 1].into());
    }
    along_axis::<T, OUTSIDE, K>(
        align,
        &coordinates[1],
        s.height,
        derivatives,
        &mut out.row,
        &mut out.down,
        &mut out.by_row,
    );
    along_axis::<T, OUTSIDE, K>(
        align,
        &coordinates[0],
        s.width,
        derivatives,
        &mut out.column,
        &mut out.right,
        &mut out.by_column,
    );
    spans[0].add(&out.row);
    spans[1].add(&out.column);
}

/// A position mapped into the image, and the derivative of that. `OUTSIDE` is 0 for zeros (unchanged), 1 for the
/// border, 2 for reflection.
#[inline(always)]
fn fold<const OUTSIDE: u8>(align: bool, x: f64, n: f64) -> (f64, f64) {
    let (x, slope) = match OUTSIDE {
        0 => return (x, 1.0),
        1 => (x, 1.0),
        _ => {
            let (low, span) = if align { (0.0, n - 1.0) } else { (-0.5, n) };
            if span <= 0.0 {
                return (0.0 * x, 0.0);
            }
            reflect(x, low, span)
        }
    };
    (x.clamp(0.0, n - 1.0), if x >= 0.0 && x <= n - 1.0 { slope } else { 0.0 })
}

/// x as an integer in [0, last]; 0 for NaN.
#[inline(always)]
fn clamp_to_index(x: f64, last: f64) -> i32 {
    let x = if x > 0.0 { x } else { 0.0 };
    // SAFETY: between 0 and the size of an axis.
    unsafe { (if x < last { x } else { last }).to_int_unchecked() }
}

/// Along an axis of `n` pixels: the first of the K pixels around each coordinate, their weights, and the derivatives of
/// the weights.
#[inline(always)]
fn along_axis<T: Element, const OUTSIDE: u8, const K: usize>(
    align: bool,
    grid: &[f64; BLOCK],
    n: usize,
    derivatives: bool,
    first: &mut [i32; BLOCK],
    weights: &mut [[T; BLOCK]; K],
    slopes: &mut [[T; BLOCK]; K],
) {
    let last = n.saturating_sub(K) as f64;
    let n = n as f64;
    let scale = if align { (n - 1.0) / 2.0 } else { n / 2.0 };
    let position = |p: usize| grid[p] * scale + (n - 1.0) / 2.0;
    match K {
        1 => {
            for p in 0..BLOCK {
                let at = fold::<OUTSIDE>(align, position(p), n).0.round_ties_even();
                first[p] = clamp_to_index(at, last);
                weights[0][p] = if at >= 0.0 && at <= n - 1.0 { T::one() } else { T::zero() };
            }
        }
        2 => {
            // Two pixels that are always inside the image; the weight at distance d is max(1 - |d|, 0).
            let (zero, one, two) = (T::zero(), T::one(), T::one() + T::one());
            let second = if n > 1.0 { one } else { zero };
            let mut rest = [zero; BLOCK];
            for p in 0..BLOCK {
                let position = fold::<OUTSIDE>(align, position(p), n).0;
                first[p] = clamp_to_index(position.floor(), last);
                rest[p] = T::of(position - f64::from(first[p]));
            }
            for p in 0..BLOCK {
                let t = rest[p];
                let positive = |w: T| if w < zero { zero } else { w };
                let smaller = |a: T, b: T| if a < b { a } else { b };
                weights[0][p] = positive(smaller(one - t, one + t));
                weights[1][p] = positive(smaller(two - t, t)) * second;
            }
            if derivatives {
                for p in 0..BLOCK {
                    let by = T::of(fold::<OUTSIDE>(align, position(p), n).1 * scale);
                    // Beyond the last pixel there is the same pixel again, or none.
                    let (by, end) = if OUTSIDE == 0 { (by, zero - one) } else { (by * second, zero) };
                    let t = rest[p];
                    slopes[0][p] = by
                        * if t < zero - one || t >= one {
                            zero
                        } else if t < zero {
                            one
                        } else {
                            zero - one
                        };
                    slopes[1][p] = by
                        * second
                        * if t < zero || t >= two {
                            zero
                        } else if t < one {
                            one
                        } else {
                            end
                        };
                }
            }
        }
        _ => cubics::<T, OUTSIDE, K>(align, position, n, scale, derivatives, first, weights, slopes),
    }
}

/// `along_axis` for the cubic kernel. Outside the image the samples are mapped into it, not the position.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn cubics<T: Element, const OUTSIDE: u8, const K: usize>(
    align: bool,
    position: impl Fn(usize) -> f64,
    n: f64,
    scale: f64,
    derivatives: bool,
    first: &mut [i32; BLOCK],
    weights: &mut [[T; BLOCK]; K],
    slopes: &mut [[T; BLOCK]; K],
) {
    let mut base = [0.0; BLOCK];
    let mut inside = true;
    for p in 0..BLOCK {
        let position = position(p);
        base[p] = position.floor() - 1.0;
        inside &= base[p] >= 0.0 && base[p] <= n - 4.0;
        let [weight, slope] = cubic_weights(position - position.floor());
        for k in 0..K {
            weights[k][p] = T::of(weight[k]);
            if derivatives {
                slopes[k][p] = T::of(slope[k] * scale);
            }
        }
    }
    let last = if n > 4.0 { n - 4.0 } else { 0.0 };
    if inside {
        for p in 0..BLOCK {
            first[p] = clamp_to_index(base[p], last);
        }
        return;
    }
    // Samples that are mapped to the same pixel add their weights.
    let mut pixels = [[0; BLOCK]; K];
    for k in 0..K {
        for p in 0..BLOCK {
            let at = fold::<OUTSIDE>(align, base[p] + k as f64, n).0;
            let inside = if at >= 0.0 && at <= n - 1.0 { T::one() } else { T::zero() };
            pixels[k][p] = clamp_to_index(at, n - 1.0);
            weights[k][p] = weights[k][p] * inside;
            slopes[k][p] = slopes[k][p] * inside;
        }
    }
    for p in 0..BLOCK {
        first[p] = (0..K).fold(last as i32, |first, k| first.min(pixels[k][p]));
    }
    let gather = |values: &mut [[T; BLOCK]; K]| {
        let of = *values;
        for m in 0..K {
            for p in 0..BLOCK {
                let here = |k: usize| if pixels[k][p] == first[p] + m as i32 { of[k][p] } else { T::zero() };
                values[m][p] = (1..K).fold(here(0), |sum, k| sum + here(k));
            }
        }
    };
    gather(weights);
    if derivatives {
        gather(slopes);
    }
}

/// Loads a row of each window; `at` are the offsets of the windows.
///
/// # Safety
/// The rows are inside the memory at `x`.
#[inline(always)]
pub(super) unsafe fn load_windows<T: Copy, const K: usize>(x: *const T, at: &[u32; BLOCK], to: &mut [[T; K]; BLOCK]) {
    for p in 0..BLOCK {
        // Volatile, so that the compiler does not use a gather instruction, which is slower than single loads.
        to[p] = x.add(std::ptr::read_volatile(&at[p]) as usize).cast::<[T; K]>().read_unaligned();
    }
}
