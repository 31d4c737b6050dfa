//! One step of Adam in one pass over a parameter, in float64 within.

use super::parallel::{each, unwritten, Shared};
use super::simd::{entry, Simd};
use super::value::level;

/// Values that a piece of work takes.
const PIECE: usize = 1 << 12;
/// Values that are taken side by side.
const SIDE: usize = 8;

/// The numbers of a step: with gradient g + `decay` p and p `shrink` in place of p,
/// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p = p - rate m / (root sqrt(v) + epsilon).
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub decay: f64,
    pub shrink: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub rate: f64,
    pub root: f64,
    pub epsilon: f64,
}

/// float32 or float64.
pub(crate) trait Real: Copy + Default + Send + Sync {
    fn wide(self) -> f64;
    fn narrow(v: f64) -> Self;
    /// Runs `run` compiled for the processor.
    ///
    /// # Safety
    /// As for `run`.
    unsafe fn piece(step: &Step, from: [*const Self; 4], to: [*mut Self; 3], count: usize);
}

impl Real for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn narrow(v: f64) -> Self {
        v as f32
    }
    unsafe fn piece(step: &Step, from: [*const f32; 4], to: [*mut f32; 3], count: usize) {
        piece_single(level(), step, from, to, count);
    }
}

impl Real for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn narrow(v: f64) -> Self {
        v
    }
    unsafe fn piece(step: &Step, from: [*const f64; 4], to: [*mut f64; 3], count: usize) {
        run(step, from, to, count);
    }
}

/// Parameter, first and second moment after a step, from parameter, gradient and moments.
pub(crate) fn step<T: Real>(s: &Step, from: [&[T]; 4]) -> [Vec<T>; 3] {
    let count = from.iter().map(|d| d.len()).min().unwrap_or(0);
    // SAFETY: each piece writes its range, and they cover everything.
    let mut out = [(); 3].map(|()| unsafe { unwritten(count) });
    let places = out.each_mut().map(|data| Shared::new(data));
    each(count.div_ceil(PIECE), count > 2 * PIECE, |piece| {
        let (first, last) = (piece * PIECE, ((piece + 1) * PIECE).min(count));
        // SAFETY: the range of this piece, which is inside of all operands.
        unsafe { T::piece(s, from.map(|d| d.as_ptr().add(first)), places.map(|p| p.at(first)), last - first) }
    });
    out
}

entry! {
    fn piece_single(step: &Step, from: [*const f32; 4], to: [*mut f32; 3], count: usize) = single_body
}

#[inline(always)]
unsafe fn single_body<S: Simd>(_: S, step: &Step, from: [*const f32; 4], to: [*mut f32; 3], count: usize) {
    run(step, from, to, count);
}

/// # Safety
/// The pointers are valid for `count` values.
#[inline(always)]
unsafe fn run<T: Real>(s: &Step, [p, g, m, v]: [*const T; 4], [to_p, to_m, to_v]: [*mut T; 3], count: usize) {
    let mut i = 0;
    while i + SIDE <= count {
        // Results stand in arrays of their own until all are there: so the compiler sees that they overlap nothing, and
        // takes vectors.
        let mut new = [[T::default(); SIDE]; 3];
        let mut l = 0;
        while l < SIDE {
            let k = i + l;
            [new[0][l], new[1][l], new[2][l]] = one(s, [*p.add(k), *g.add(k), *m.add(k), *v.add(k)]);
            l += 1;
        }
        to_p.add(i).cast::<[T; SIDE]>().write_unaligned(new[0]);
        to_m.add(i).cast::<[T; SIDE]>().write_unaligned(new[1]);
        to_v.add(i).cast::<[T; SIDE]>().write_unaligned(new[2]);
        i += SIDE;
    }
    while i < count {
        [*to_p.add(i), *to_m.add(i), *to_v.add(i)] = one(s, [*p.add(i), *g.add(i), *m.add(i), *v.add(i)]);
        i += 1;
    }
}

#[inline(always)]
fn one<T: Real>(s: &Step, [p, g, m, v]: [T; 4]) -> [T; 3] {
    let d = g.wide() + s.decay * p.wide();
    let first = s.beta1 * m.wide() + (1.0 - s.beta1) * d;
    let second = s.beta2 * v.wide() + (1.0 - s.beta2) * d * d;
    let new = s.shrink * p.wide() - s.rate * first / (second.sqrt() * s.root + s.epsilon);
    [T::narrow(new), T::narrow(first), T::narrow(second)]
}
