//! Positions of an axis taken in a given order, and the transpose of that: float32 values of the CPU.

use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};
use super::value::{tensor, Floats};
use crate::tensor::Value;

/// Positions that follow one another: the first in the list, the first on the axis, and how many.
type Run = (usize, usize, usize);

/// The runs of a list, none longer than `most`.
fn runs(indices: &[usize], most: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (k, &i) in indices.iter().enumerate() {
        match runs.last_mut() {
            Some((_, from, count)) if *from + *count == i && *count < most => *count += 1,
            _ => runs.push((k, i, 1)),
        }
    }
    runs
}

/// Positions `indices` of the axis of x [outer, size, inner], as a tensor of `shape`; `None` where x is not for the
/// CPU's kernels.
pub(crate) fn take(x: &Value, [outer, size, inner]: [usize; 3], indices: &[usize], shape: &[usize]) -> Option<Value> {
    let x = Floats::of(x)?;
    let (from, to) = (size * inner, indices.len() * inner);
    let runs = runs(indices, (CHUNK / inner).max(1));
    // SAFETY: each value is written once.
    let mut y = unsafe { uninit(outer * to) };
    let out = Shared::new(&mut y);
    // Several rows at once, or some of the runs of one.
    let (per_chunk, cuts) = if to < CHUNK { (CHUNK / to.max(1), 1) } else { (1, (to / CHUNK).min(runs.len())) };
    let some = runs.len().div_ceil(cuts.max(1)).max(1);
    each(outer.div_ceil(per_chunk) * cuts, outer * to >= MIN_PARALLEL_SIZE, |task| {
        let (first, cut) = (task / cuts * per_chunk, task % cuts);
        for o in first..outer.min(first + per_chunk) {
            for &(k, i, count) in runs.iter().skip(cut * some).take(some) {
                // SAFETY: this run of this row is this task's.
                let to = unsafe { std::slice::from_raw_parts_mut(out.at(o * to + k * inner), count * inner) };
                to.copy_from_slice(&x[o * from + i * inner..][..count * inner]);
            }
        }
    });
    Some(tensor(y, shape))
}

/// The transpose of `take`: values g added in order to positions `indices` of an axis of zeros.
pub(crate) fn add(g: &Value, [outer, size, inner]: [usize; 3], indices: &[usize], shape: &[usize]) -> Option<Value> {
    let g = Floats::of(g)?;
    let (to, from) = (size * inner, indices.len() * inner);
    let runs = runs(indices, usize::MAX);
    // SAFETY: each row is filled before it is added to.
    let mut dx = unsafe { uninit(outer * to) };
    let out = Shared::new(&mut dx);
    let per_chunk = (CHUNK / to.max(1)).max(1);
    each(outer.div_ceil(per_chunk), outer * from.max(to) >= MIN_PARALLEL_SIZE, |task| {
        for o in (task * per_chunk..outer).take(per_chunk) {
            // SAFETY: this row is this task's.
            let row = unsafe { std::slice::from_raw_parts_mut(out.at(o * to), to) };
            row.fill(0.0);
            for &(k, i, count) in &runs {
                let from = &g[o * from + k * inner..][..count * inner];
                row[i * inner..][..count * inner].iter_mut().zip(from).for_each(|(to, v)| *to += v);
            }
        }
    });
    Some(tensor(dx, shape))
}
