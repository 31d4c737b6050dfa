//! Weighted means of two arrays, one pass each.

use super::element::Element;
use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};

/// a + weight (factor b - a).
pub(crate) fn lerp<T: Element>(weight: f64, factor: f64, [a, b]: [&[T]; 2]) -> Vec<T> {
    let (weight, factor, count) = (T::of(weight), T::of(factor), a.len().min(b.len()));
    // SAFETY: tasks write disjoint ranges that cover the result.
    let mut out = unsafe { uninit(count) };
    let to = Shared::new(&mut out);
    each(count.div_ceil(CHUNK), count >= MIN_PARALLEL_SIZE, |task| {
        let (first, last) = (task * CHUNK, ((task + 1) * CHUNK).min(count));
        // SAFETY: the range of this task, which is inside the result.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(first), last - first) };
        for ((to, &a), &b) in to.iter_mut().zip(&a[first..last]).zip(&b[first..last]) {
            *to = a + weight * (factor * b - a);
        }
    });
    out
}
