//! Which pixels lie around positions, and their weights: found once for all channels, positions in float64.

#![allow(clippy::needless_range_loop)] // as in gemm.rs

use super::{Rule, Sizes};
use crate::kernel::simd::{entry, Simd};
use crate::kernel::value::{level, Real};
use crate::sampling::{cubic_weights, Outside};

/// Positions that are worked on together.
pub(super) const TOGETHER: usize = 64;

/// Windows of K x K pixels around some positions: where they begin, and the weights of their rows and columns in the
/// type of the image.
#[derive(Clone, Copy)]
pub(super) struct Places<T, const K: usize> {
    pub row: [i32; TOGETHER],
    pub column: [i32; TOGETHER],
    /// Least and largest row, least and largest column.
    pub span: [[i32; 2]; 2],
    pub down: [[T; TOGETHER]; K],
    pub right: [[T; TOGETHER]; K],
    /// Derivatives of the weights by the grid's coordinates, where they were asked for.
    pub by_row: [[T; TOGETHER]; K],
    pub by_column: [[T; TOGETHER]; K],
}

impl<T: Real + Into<f64>, const K: usize> Places<T, K> {
    /// Those around the positions (x, y) of `grid`; derivatives too, if asked for.
    pub(super) fn fill(&mut self, rule: &Rule, grid: &[T; 2 * TOGETHER], s: &Sizes, derivatives: bool) {
        // SAFETY: `level` is what the processor has.
        unsafe { fill(level(), rule, grid, s, derivatives, self) }
    }
}

entry! { fn fill[T: Real + Into<f64>, const K: usize](rule: &Rule, grid: &[T; 2 * TOGETHER], s: &Sizes, derivatives: bool, out: &mut Places<T, K>) = fill_of }

#[inline(always)]
fn fill_of<S: Simd, T: Real + Into<f64>, const K: usize>(
    _: S,
    rule: &Rule,
    grid: &[T; 2 * TOGETHER],
    s: &Sizes,
    derivatives: bool,
    out: &mut Places<T, K>,
) {
    match rule.outside {
        Outside::Zeros => both::<T, 0, K>(rule.align, grid, s, derivatives, out),
        Outside::Border => both::<T, 1, K>(rule.align, grid, s, derivatives, out),
        Outside::Reflection => both::<T, 2, K>(rule.align, grid, s, derivatives, out),
    }
}

#[inline(always)]
fn both<T: Real + Into<f64>, const OUTSIDE: u8, const K: usize>(
    align: bool,
    grid: &[T; 2 * TOGETHER],
    s: &Sizes,
    derivatives: bool,
    out: &mut Places<T, K>,
) {
    let mut coordinates = [[0.0; TOGETHER]; 2];
    for p in 0..TOGETHER {
        (coordinates[0][p], coordinates[1][p]) = (grid[2 * p].into(), grid[2 * p + 1].into());
    }
    around::<T, OUTSIDE, K>(
        align,
        &coordinates[1],
        s.height,
        derivatives,
        &mut out.row,
        &mut out.down,
        &mut out.by_row,
    );
    around::<T, OUTSIDE, K>(
        align,
        &coordinates[0],
        s.width,
        derivatives,
        &mut out.column,
        &mut out.right,
        &mut out.by_column,
    );
    out.span =
        [&out.row, &out.column].map(|all| all.iter().fold([i32::MAX, 0], |[low, high], &v| [low.min(v), high.max(v)]));
}

/// A position brought into the image, and the derivative of that. 0 leaves it, 1 repeats the border, 2 mirrors.
#[inline(always)]
fn fold<const OUTSIDE: u8>(align: bool, x: f64, n: f64) -> (f64, f64) {
    let sign = |t: f64| f64::from(i8::from(t > 0.0) - i8::from(t < 0.0));
    let (x, slope) = match OUTSIDE {
        0 => return (x, 1.0),
        1 => (x, 1.0),
        _ => {
            let (low, span) = if align { (0.0, n - 1.0) } else { (-0.5, n) };
            if span <= 0.0 {
                return (0.0 * x, 0.0);
            }
            let shifted = (x - low).abs();
            let within = shifted - 2.0 * span * (shifted * (0.5 / span)).floor();
            (span - (within - span).abs() + low, -sign(x - low) * sign(within - span))
        }
    };
    (x.clamp(0.0, n - 1.0), if x >= 0.0 && x <= n - 1.0 { slope } else { 0.0 })
}

/// From 0 to `last`; 0 for what is not a number.
#[inline(always)]
fn whole(x: f64, last: f64) -> i32 {
    let x = if x > 0.0 { x } else { 0.0 };
    // SAFETY: from 0 to the size of an axis.
    unsafe { (if x < last { x } else { last }).to_int_unchecked() }
}

/// Along an axis of `n` pixels: the first of the K pixels around each coordinate, their weights, and derivatives of
/// these.
#[inline(always)]
fn around<T: Real + Into<f64>, const OUTSIDE: u8, const K: usize>(
    align: bool,
    grid: &[f64; TOGETHER],
    n: usize,
    derivatives: bool,
    first: &mut [i32; TOGETHER],
    weights: &mut [[T; TOGETHER]; K],
    slopes: &mut [[T; TOGETHER]; K],
) {
    let last = n.saturating_sub(K) as f64;
    let n = n as f64;
    let scale = if align { (n - 1.0) / 2.0 } else { n / 2.0 };
    let position = |p: usize| grid[p] * scale + (n - 1.0) / 2.0;
    match K {
        1 => {
            for p in 0..TOGETHER {
                let place = fold::<OUTSIDE>(align, position(p), n).0.round_ties_even();
                first[p] = whole(place, last);
                weights[0][p] = if place >= 0.0 && place <= n - 1.0 { T::one() } else { T::zero() };
            }
        }
        2 => {
            // Two pixels that are always in the image; the weight of a pixel at distance d is 1 - |d|, and none from 1
            // on.
            let (zero, one, two) = (T::zero(), T::one(), T::one() + T::one());
            let second = if n > 1.0 { one } else { zero };
            let mut rest = [zero; TOGETHER];
            for p in 0..TOGETHER {
                let position = fold::<OUTSIDE>(align, position(p), n).0;
                first[p] = whole(position.floor(), last);
                rest[p] = T::of(position - f64::from(first[p]));
            }
            for p in 0..TOGETHER {
                let t = rest[p];
                let positive = |w: T| if w < zero { zero } else { w };
                let smaller = |a: T, b: T| if a < b { a } else { b };
                weights[0][p] = positive(smaller(one - t, one + t));
                weights[1][p] = positive(smaller(two - t, t)) * second;
            }
            if derivatives {
                for p in 0..TOGETHER {
                    let by = T::of(fold::<OUTSIDE>(align, position(p), n).1 * scale);
                    // At the last pixel, that beyond it is the same one, or none.
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

/// `around` for the cubic kernel. It goes on beyond the border: there its samples are brought into the image, not the
/// position.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn cubics<T: Real, const OUTSIDE: u8, const K: usize>(
    align: bool,
    position: impl Fn(usize) -> f64,
    n: f64,
    scale: f64,
    derivatives: bool,
    first: &mut [i32; TOGETHER],
    weights: &mut [[T; TOGETHER]; K],
    slopes: &mut [[T; TOGETHER]; K],
) {
    let mut base = [0.0; TOGETHER];
    let mut inside = true;
    for p in 0..TOGETHER {
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
        for p in 0..TOGETHER {
            first[p] = whole(base[p], last);
        }
        return;
    }
    // Samples that are brought to the same pixel add their weights.
    let mut places = [[0; TOGETHER]; K];
    for k in 0..K {
        for p in 0..TOGETHER {
            let place = fold::<OUTSIDE>(align, base[p] + k as f64, n).0;
            let inside = if place >= 0.0 && place <= n - 1.0 { T::one() } else { T::zero() };
            places[k][p] = whole(place, n - 1.0);
            weights[k][p] = weights[k][p] * inside;
            slopes[k][p] = slopes[k][p] * inside;
        }
    }
    for p in 0..TOGETHER {
        first[p] = (0..K).fold(last as i32, |first, k| first.min(places[k][p]));
    }
    let gather = |values: &mut [[T; TOGETHER]; K]| {
        let of = *values;
        for m in 0..K {
            for p in 0..TOGETHER {
                let here = |k: usize| if places[k][p] == first[p] + m as i32 { of[k][p] } else { T::zero() };
                values[m][p] = (1..K).fold(here(0), |sum, k| sum + here(k));
            }
        }
    };
    gather(weights);
    if derivatives {
        gather(slopes);
    }
}
