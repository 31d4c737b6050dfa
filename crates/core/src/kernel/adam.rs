//! One step of Adam in one pass over a parameter, computed in float64.

use super::parallel::{each, uninit, Shared};
use super::simd::{entry, isa, Simd};

/// Elements per task: seven arrays of them fit the second-level cache.
const CHUNK: usize = 1 << 12;
/// Elements that are computed together.
const LANES: usize = 8;

/// The coefficients of a step: with `factor` g + `decay` p in place of the gradient g, and p `shrink` in place of p,
/// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p = p - rate m / (root sqrt(v) + epsilon).
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub factor: f64,
    pub decay: f64,
    pub shrink: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub rate: f64,
    pub root: f64,
    pub epsilon: f64,
}

/// Element type of parameters.
pub(crate) trait Parameter: Copy + Default + Send + Sync {
    fn to_f64(self) -> f64;
    fn from_f64(v: f64) -> Self;
    /// Updates `count` elements, compiled for the instruction set in use.
    ///
    /// # Safety
    /// The pointers are valid for `count` values.
    unsafe fn update(step: &Step, from: [*const Self; 4], to: [*mut Self; 3], count: usize);
}

impl Parameter for f32 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn from_f64(v: f64) -> Self {
        v as f32
    }
    unsafe fn update(step: &Step, from: [*const f32; 4], to: [*mut f32; 3], count: usize) {
        update_f32(isa(), step, from, to, count);
    }
}

impl Parameter for f64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn from_f64(v: f64) -> Self {
        v
    }
    unsafe fn update(step: &Step, from: [*const f64; 4], to: [*mut f64; 3], count: usize) {
        run(step, from, to, count);
    }
}

/// Parameter, first and second moment after a step, from parameter, gradient and moments.
pub(crate) fn step<T: Parameter>(s: &Step, from: [&[T]; 4]) -> [Vec<T>; 3] {
    let count = from.iter().map(|d| d.len()).min().unwrap_or(0);
    // SAFETY: tasks write disjoint ranges that cover the results.
    let mut out = [(); 3].map(|()| unsafe { uninit(count) });
    let to = out.each_mut().map(|data| Shared::new(data));
    each(count.div_ceil(CHUNK), count > 2 * CHUNK, |task| {
        let (first, last) = (task * CHUNK, ((task + 1) * CHUNK).min(count));
        // SAFETY: the range of this task, which is inside all operands.
        unsafe { T::update(s, from.map(|d| d.as_ptr().add(first)), to.map(|p| p.at(first)), last - first) }
    });
    out
}

entry! {
    fn update_f32(step: &Step, from: [*const f32; 4], to: [*mut f32; 3], count: usize) = update_f32_body
}

#[inline(always)]
unsafe fn update_f32_body<S: Simd>(_: S, step: &Step, from: [*const f32; 4], to: [*mut f32; 3], count: usize) {
    run(step, from, to, count);
}

/// # Safety
/// The pointers are valid for `count` values.
#[inline(always)]
unsafe fn run<T: Parameter>(s: &Step, [p, g, m, v]: [*const T; 4], [to_p, to_m, to_v]: [*mut T; 3], count: usize) {
    let mut i = 0;
    while i + LANES <= count {
        // Results are collected in local arrays: the compiler then sees that they alias nothing, and vectorises.
        let mut new = [[T::default(); LANES]; 3];
        let mut l = 0;
        while l < LANES {
            let k = i + l;
            [new[0][l], new[1][l], new[2][l]] = one(s, [*p.add(k), *g.add(k), *m.add(k), *v.add(k)]);
            l += 1;
        }
        to_p.add(i).cast::<[T; LANES]>().write_unaligned(new[0]);
        to_m.add(i).cast::<[T; LANES]>().write_unaligned(new[1]);
        to_v.add(i).cast::<[T; LANES]>().write_unaligned(new[2]);
        i += LANES;
    }
    while i < count {
        [*to_p.add(i), *to_m.add(i), *to_v.add(i)] = one(s, [*p.add(i), *g.add(i), *m.add(i), *v.add(i)]);
        i += 1;
    }
}

#[inline(always)]
fn one<T: Parameter>(s: &Step, [p, g, m, v]: [T; 4]) -> [T; 3] {
    // Rounded, as a clipped gradient that is stored.
    let g = T::from_f64(s.factor * g.to_f64());
    let d = g.to_f64() + s.decay * p.to_f64();
    let first = s.beta1 * m.to_f64() + (1.0 - s.beta1) * d;
    let second = s.beta2 * v.to_f64() + (1.0 - s.beta2) * d * d;
    let new = s.shrink * p.to_f64() - s.rate * first / (second.sqrt() * s.root + s.epsilon);
    [T::from_f64(new), T::from_f64(first), T::from_f64(second)]
}
