//! Positions of an axis taken in a given order, and the transpose of that.

use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};

/// Consecutive positions: the first index into the list, the first position on the axis, and their number.
pub(crate) type Run = (usize, usize, usize);

/// The runs of a list, of at most `max` positions each.
fn runs(indices: &[usize], max: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (k, &i) in indices.iter().enumerate() {
        match runs.last_mut() {
            Some((_, from, count)) if *from + *count == i && *count < max => *count += 1,
            _ => runs.push((k, i, 1)),
        }
    }
    runs
}

/// Positions `indices` of the axis of x [outer, size, inner].
pub(crate) fn take(x: &[f32], [outer, size, inner]: [usize; 3], indices: &[usize]) -> Vec<f32> {
    let (from, to) = (size * inner, indices.len() * inner);
    let runs = runs(indices, (CHUNK / inner).max(1));
    // SAFETY: every element is written once.
    let mut y = unsafe { uninit(outer * to) };
    let out = Shared::new(&mut y);
    // A task is several rows, or some runs of one row.
    let (rows_per_task, parts) = if to < CHUNK { (CHUNK / to.max(1), 1) } else { (1, (to / CHUNK).min(runs.len())) };
    let runs_per_task = runs.len().div_ceil(parts.max(1)).max(1);
    each(outer.div_ceil(rows_per_task) * parts, outer * to >= MIN_PARALLEL_SIZE, |task| {
        let (first, part) = (task / parts * rows_per_task, task % parts);
        for o in first..outer.min(first + rows_per_task) {
            for &(k, i, count) in runs.iter().skip(part * runs_per_task).take(runs_per_task) {
                // SAFETY: tasks have disjoint runs.
                let to = unsafe { std::slice::from_raw_parts_mut(out.at(o * to + k * inner), count * inner) };
                to.copy_from_slice(&x[o * from + i * inner..][..count * inner]);
            }
        }
    });
    y
}

/// The transpose of `take`: g added in order to positions `indices` of an axis of zeros, [outer, size, inner].
pub(crate) fn add(g: &[f32], [outer, size, inner]: [usize; 3], indices: &[usize]) -> Vec<f32> {
    let (to, from) = (size * inner, indices.len() * inner);
    let runs = runs(indices, usize::MAX);
    // SAFETY: every row is filled before it is added to.
    let mut dx = unsafe { uninit(outer * to) };
    let out = Shared::new(&mut dx);
    let rows_per_task = (CHUNK / to.max(1)).max(1);
    each(outer.div_ceil(rows_per_task), outer * from.max(to) >= MIN_PARALLEL_SIZE, |task| {
        for o in (task * rows_per_task..outer).take(rows_per_task) {
            // SAFETY: tasks have disjoint rows.
            let row = unsafe { std::slice::from_raw_parts_mut(out.at(o * to), to) };
            row.fill(0.0);
            for &(k, i, count) in &runs {
                let from = &g[o * from + k * inner..][..count * inner];
                row[i * inner..][..count * inner].iter_mut().zip(from).for_each(|(to, v)| *to += v);
            }
        }
    });
    dx
}
