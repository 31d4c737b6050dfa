//! Positions of an axis taken in a given order, and the transpose of that: float32 values of the processor.

use super::parallel::{each, unwritten, Shared, HEAVY, PIECE};
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
/// processor's kernels.
pub(crate) fn take(x: &Value, [outer, size, inner]: [usize; 3], indices: &[usize], shape: &[usize]) -> Option<Value> {
    let x = Floats::of(x)?;
    let (from, to) = (size * inner, indices.len() * inner);
    let runs = runs(indices, (PIECE / inner).max(1));
    // SAFETY: each value is written once.
    let mut y = unsafe { unwritten(outer * to) };
    let out = Shared::new(&mut y);
    // Several rows at once, or some of the runs of one.
    let (together, cuts) = if to < PIECE { (PIECE / to.max(1), 1) } else { (1, (to / PIECE).min(runs.len())) };
    let some = runs.len().div_ceil(cuts.max(1)).max(1);
    each(outer.div_ceil(together) * cuts, outer * to >= HEAVY, |piece| {
        let (first, cut) = (piece / cuts * together, piece % cuts);
        for o in first..outer.min(first + together) {
            for &(k, i, count) in runs.iter().skip(cut * some).take(some) {
                // SAFETY: this run of this row is this piece's.
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
    let mut dx = unsafe { unwritten(outer * to) };
    let out = Shared::new(&mut dx);
    let together = (PIECE / to.max(1)).max(1);
    each(outer.div_ceil(together), outer * from.max(to) >= HEAVY, |piece| {
        for o in (piece * together..outer).take(together) {
            // SAFETY: this row is this piece's.
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
