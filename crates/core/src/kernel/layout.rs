//! Elements copied into row-major order, joined along an axis, summed along one, and rolled.

use super::axes::merge_axes;
use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};

/// The elements of a strided array in row-major order: element i of `sizes` is at `start + sum i_k strides_k`, which must
/// be inside `data`.
pub(crate) fn row_major<T: Copy + Send + Sync>(data: &[T], start: usize, sizes: &[usize], strides: &[isize]) -> Vec<T> {
    let mut axes = merge_axes(sizes, [strides]);
    let total = sizes.iter().product();
    // SAFETY: tasks write disjoint blocks that cover the result.
    let mut out: Vec<T> = unsafe { uninit(total) };
    if total == 0 {
        return out;
    }
    // A block is the two innermost axes: the last axis of a repeated pixel is very short.
    let inner = axes.pop().unwrap_or((1, [1]));
    let middle = axes.pop().unwrap_or((1, [0]));
    let block = inner.0 * middle.0;
    let blocks = total / block;
    let to = Shared::new(&mut out);
    let blocks_per_task = (CHUNK / block).max(1);
    each(blocks.div_ceil(blocks_per_task), total >= MIN_PARALLEL_SIZE, |task| {
        for k in task * blocks_per_task..((task + 1) * blocks_per_task).min(blocks) {
            let (mut from, mut rest) = (start as isize, k);
            for &(n, [stride]) in axes.iter().rev() {
                from += (rest % n) as isize * stride;
                rest /= n;
            }
            // SAFETY: the array is inside `data`, and blocks are disjoint.
            unsafe { copy_block(data.as_ptr().offset(from), to.at(k * block), middle, inner) }
        }
    });
    out
}

type Axis = (usize, [isize; 1]);

/// # Safety
/// Both pointers are valid for the block.
unsafe fn copy_block<T: Copy>(from: *const T, to: *mut T, (rows, [down]): Axis, (columns, [right]): Axis) {
    for i in 0..rows {
        let (from, to) = (from.offset(i as isize * down), to.add(i * columns));
        match right {
            1 => std::ptr::copy_nonoverlapping(from, to, columns),
            0 => {
                let v = *from;
                for j in 0..columns {
                    *to.add(j) = v;
                }
            }
            _ => {
                for j in 0..columns {
                    *to.add(j) = *from.offset(j as isize * right);
                }
            }
        }
    }
}

/// Arrays of `rows` rows joined along the rows: each part with the length of its rows.
pub(crate) fn join(parts: &[(&[f32], usize)], rows: usize) -> Vec<f32> {
    let row: usize = parts.iter().map(|(_, n)| n).sum();
    let total = rows * row;
    // SAFETY: tasks write disjoint rows that cover the result.
    let mut out = unsafe { uninit(total) };
    let to = Shared::new(&mut out);
    let rows_per_task = (CHUNK / row.max(1)).max(1);
    each(rows.div_ceil(rows_per_task), total >= MIN_PARALLEL_SIZE, |task| {
        for k in task * rows_per_task..((task + 1) * rows_per_task).min(rows) {
            let mut at = k * row;
            for (data, n) in parts {
                // SAFETY: each part has its own range of each row.
                unsafe { std::ptr::copy_nonoverlapping(data[k * n..][..*n].as_ptr(), to.at(at), *n) };
                at += n;
            }
        }
    });
    out
}

/// Columns that are summed together.
const COLUMNS: usize = 1024;
/// Rows whose sum is taken in float32; the sums of runs are added in float64.
const RUN: usize = 16;

/// Sums of x [outer, count, inner] along its middle; `None` if that is long and narrow, and another way is faster.
pub(crate) fn middle_sums(x: &[f32], [outer, count, inner]: [usize; 3]) -> Option<Vec<f32>> {
    if count > RUN && inner < RUN {
        return None;
    }
    // SAFETY: tasks write disjoint ranges that cover the result.
    let mut out = unsafe { uninit(outer * inner) };
    let to = Shared::new(&mut out);
    let chunks = inner.div_ceil(COLUMNS);
    let rows_per_task = (CHUNK / (count * inner).max(1)).max(1);
    each(outer.div_ceil(rows_per_task) * chunks, x.len() >= MIN_PARALLEL_SIZE, |task| {
        let from = task % chunks * COLUMNS;
        let columns = COLUMNS.min(inner - from);
        for i in (task / chunks * rows_per_task..outer).take(rows_per_task) {
            let x = &x[i * count * inner..][..count * inner];
            // SAFETY: the range of this task.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(i * inner + from), columns) };
            if inner == 1 {
                to[0] = x.iter().sum();
            } else if count <= RUN {
                add_rows(to, x, inner, from);
            } else {
                let (mut part, mut total) = ([0.0f32; COLUMNS], [0.0f64; COLUMNS]);
                for run in x.chunks(RUN * inner) {
                    add_rows(&mut part[..columns], run, inner, from);
                    for (total, part) in total[..columns].iter_mut().zip(&part) {
                        *total += f64::from(*part);
                    }
                }
                for (to, total) in to.iter_mut().zip(&total) {
                    *to = *total as f32;
                }
            }
        }
    });
    Some(out)
}

/// The sum of rows of `inner` elements each, from column `from` on.
fn add_rows(to: &mut [f32], x: &[f32], inner: usize, from: usize) {
    let columns = to.len();
    to.copy_from_slice(&x[from..][..columns]);
    for row in x[inner..].chunks_exact(inner) {
        for (to, v) in to.iter_mut().zip(&row[from..][..columns]) {
            *to += v;
        }
    }
}

/// x rolled along each axis of `shape`, by less than its size.
pub(crate) fn roll(x: &[f32], shape: &[usize], shifts: &[usize]) -> Vec<f32> {
    // Axes after the last rolled one move with it.
    let Some(axis) = shifts.iter().rposition(|&s| s != 0) else { return x.to_vec() };
    let inner: usize = shape[axis + 1..].iter().product();
    let (row, cut) = (shape[axis] * inner, shifts[axis] * inner);
    // SAFETY: tasks write disjoint rows that cover the result.
    let mut out: Vec<f32> = unsafe { uninit(x.len()) };
    let to = Shared::new(&mut out);
    let rows = x.len() / row;
    let rows_per_task = (CHUNK / row).max(1);
    each(rows.div_ceil(rows_per_task), x.len() >= MIN_PARALLEL_SIZE, |task| {
        for i in (task * rows_per_task..rows).take(rows_per_task) {
            let (mut from, mut rest, mut size) = (0, i, 1);
            for (&n, &shift) in shape[..axis].iter().zip(shifts).rev() {
                from += (rest % n + n - shift) % n * size;
                rest /= n;
                size *= n;
            }
            let (left, right) = x[from * row..][..row].split_at(row - cut);
            // SAFETY: tasks have disjoint rows.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(i * row), row) };
            to[..cut].copy_from_slice(right);
            to[cut..].copy_from_slice(left);
        }
    });
    out
}
