//! Softmax along an axis, e^(x - max x) over its sum, and its gradient y (g - sum g y): each value is read from memory
//! once, and again from the cache.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_STRIDED};
use super::simd::math::exp;
use super::simd::{entry, isa, Simd};

/// An array [outer, length, inner]: the values along the middle axis belong together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    pub outer: usize,
    pub length: usize,
    pub inner: usize,
}

/// Lines beside each other that a task takes together: two cache lines of each row.
const BESIDE: usize = 32;
/// No instruction set has more than sixteen lanes.
const LANES: usize = 16;

impl Lines {
    /// Calls `f(at, count)` for groups of lines: `count` lines beside each other, the first of which begins at `at`.
    fn each(&self, f: impl Fn(usize, usize) + Send + Sync) {
        let Self { outer, length, inner } = *self;
        let parallel = outer * length * inner > MIN_PARALLEL_STRIDED;
        let across = inner.div_ceil(BESIDE);
        // Lines that are contiguous are short, several of them are a task.
        let together = if inner == 1 { (CHUNK / length).max(1) } else { 1 };
        each((outer * across).div_ceil(together), parallel, |task| {
            for group in (task * together..(task + 1) * together).take_while(|&group| group < outer * across) {
                let first = group % across * BESIDE;
                f(group / across * length * inner + first, BESIDE.min(inner - first));
            }
        });
    }
}

/// The softmax of x.
pub(crate) fn forward(x: &[f32], lines: Lines) -> Vec<f32> {
    // SAFETY: lines cover the result.
    let mut y = unsafe { uninit(x.len()) };
    let (isa, to) = (isa(), Shared::new(&mut y));
    // SAFETY: lines are disjoint.
    lines.each(|at, count| unsafe { forward_lines(isa, x.as_ptr().add(at), to.at(at), lines, count) });
    y
}

/// The gradient in x, from the softmax y and the gradient in it.
pub(crate) fn gradient(y: &[f32], g: &[f32], lines: Lines) -> Vec<f32> {
    // SAFETY: lines cover the result.
    let mut dx = unsafe { uninit(y.len()) };
    let (isa, to) = (isa(), Shared::new(&mut dx));
    lines.each(|at, count| {
        // SAFETY: lines are disjoint.
        unsafe { gradient_lines(isa, [y.as_ptr().add(at), g.as_ptr().add(at)], to.at(at), lines, count) }
    });
    dx
}

/// A vector of `count` values, the others `rest`.
#[inline(always)]
unsafe fn load<S: Simd>(from: *const f32, count: usize, rest: f32) -> S::V {
    if count >= S::N {
        return S::load(from);
    }
    let mut values = [rest; LANES];
    for i in 0..count {
        values[i] = *from.add(i);
    }
    S::load(values.as_ptr())
}

/// The first `count` values of a vector.
#[inline(always)]
unsafe fn store<S: Simd>(to: *mut f32, count: usize, v: S::V) {
    if count >= S::N {
        return S::store(to, v);
    }
    let mut values = [0.0; LANES];
    S::store(values.as_mut_ptr(), v);
    for i in 0..count {
        *to.add(i) = values[i];
    }
}

/// The values of a vector, combined in order.
#[inline(always)]
unsafe fn fold<S: Simd>(v: S::V, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut values = [0.0; LANES];
    S::store(values.as_mut_ptr(), v);
    let mut all = values[0];
    for i in 1..S::N {
        all = f(all, values[i]);
    }
    all
}

entry! {
    fn forward_lines(x: *const f32, y: *mut f32, lines: Lines, count: usize) = forward_body
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(_: S, x: *const f32, y: *mut f32, lines: Lines, count: usize) {
    let Lines { length, inner, .. } = lines;
    if inner == 1 {
        let mut high = S::splat(f32::NEG_INFINITY);
        for i in (0..length).step_by(S::N) {
            high = S::max(high, load::<S>(x.add(i), length - i, f32::NEG_INFINITY));
        }
        let high = fold::<S>(high, |a, b| if a > b { a } else { b });
        let mut sum = S::splat(0.0);
        for i in (0..length).step_by(S::N) {
            let v = exp::<S>(S::sub(load::<S>(x.add(i), length - i, f32::NEG_INFINITY), S::splat(high)));
            sum = S::add(sum, v);
            store::<S>(y.add(i), length - i, v);
        }
        let share = S::splat(1.0 / fold::<S>(sum, |a, b| a + b));
        for i in (0..length).step_by(S::N) {
            store::<S>(y.add(i), length - i, S::mul(load::<S>(y.add(i), length - i, 0.0), share));
        }
        return;
    }
    for first in (0..count).step_by(S::N) {
        let (x, y, count) = (x.add(first), y.add(first), count - first);
        let mut high = S::splat(f32::NEG_INFINITY);
        for i in 0..length {
            high = S::max(high, load::<S>(x.add(i * inner), count, 0.0));
        }
        let mut sum = S::splat(0.0);
        for i in 0..length {
            let v = exp::<S>(S::sub(load::<S>(x.add(i * inner), count, 0.0), high));
            sum = S::add(sum, v);
            store::<S>(y.add(i * inner), count, v);
        }
        let share = S::div(S::splat(1.0), sum);
        for i in 0..length {
            let at = y.add(i * inner);
            store::<S>(at, count, S::mul(load::<S>(at, count, 0.0), share));
        }
    }
}

entry! {
    fn gradient_lines(of: [*const f32; 2], dx: *mut f32, lines: Lines, count: usize) = gradient_body
}

#[inline(always)]
unsafe fn gradient_body<S: Simd>(_: S, [y, g]: [*const f32; 2], dx: *mut f32, lines: Lines, count: usize) {
    let Lines { length, inner, .. } = lines;
    if inner == 1 {
        let mut sum = S::splat(0.0);
        for i in (0..length).step_by(S::N) {
            sum = S::fma(load::<S>(y.add(i), length - i, 0.0), load::<S>(g.add(i), length - i, 0.0), sum);
        }
        let mean = S::splat(fold::<S>(sum, |a, b| a + b));
        for i in (0..length).step_by(S::N) {
            let v = S::sub(load::<S>(g.add(i), length - i, 0.0), mean);
            store::<S>(dx.add(i), length - i, S::mul(load::<S>(y.add(i), length - i, 0.0), v));
        }
        return;
    }
    for first in (0..count).step_by(S::N) {
        let (y, g, dx, count) = (y.add(first), g.add(first), dx.add(first), count - first);
        let mut mean = S::splat(0.0);
        for i in 0..length {
            mean = S::fma(load::<S>(y.add(i * inner), count, 0.0), load::<S>(g.add(i * inner), count, 0.0), mean);
        }
        for i in 0..length {
            let v = S::sub(load::<S>(g.add(i * inner), count, 0.0), mean);
            store::<S>(dx.add(i * inner), count, S::mul(load::<S>(y.add(i * inner), count, 0.0), v));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_gradients_match_float64() {
        let shapes = [(3, 37, 1), (2, 16, 1), (1, 1, 1), (2, 5, 37), (1, 40, 3), (400, 100, 1), (2, 9, 5000)];
        for (outer, length, inner) in shapes {
            let lines = Lines { outer, length, inner };
            let n = outer * length * inner;
            // Shifts far beyond the range of e^x change nothing.
            let shift = |i: usize| (i / (length * inner)) as f32 * 300.0;
            let x: Vec<f32> = (0..n).map(|i| (i as f32 * 0.7).sin() * 5.0 + shift(i)).collect();
            let g: Vec<f32> = (0..n).map(|i| (i as f32 * 1.3).cos()).collect();
            let y = forward(&x, lines);
            let dx = gradient(&y, &g, lines);
            for line in 0..outer * inner {
                let at = |i: usize| (line / inner * length + i) * inner + line % inner;
                let high = (0..length).map(|i| f64::from(x[at(i)])).fold(f64::MIN, f64::max);
                let e: Vec<f64> = (0..length).map(|i| (f64::from(x[at(i)]) - high).exp()).collect();
                let sum: f64 = e.iter().sum();
                let mean: f64 = (0..length).map(|i| e[i] / sum * f64::from(g[at(i)])).sum();
                for i in 0..length {
                    let (y, dx) = (f64::from(y[at(i)]), f64::from(dx[at(i)]));
                    let expected = e[i] / sum;
                    assert!((y - expected).abs() < 1e-6 * expected + 1e-30, "{lines:?} {y} {expected}");
                    assert!((dx - expected * (f64::from(g[at(i)]) - mean)).abs() < 1e-6, "{lines:?} {dx}");
                }
            }
        }
    }
}
