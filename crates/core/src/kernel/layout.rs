//! float32 values of the CPU brought into row-major order, joined along an axis, added along one, and shifted.

use super::axes::merge_axes;
use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};
use super::value::{tensor, Floats};
use crate::tensor::Value;

/// The values of a view in row-major order: element i of `sizes` lies at `start + sum i_k strides_k`, which must be
/// inside of `data`.
pub(crate) fn in_row_major(data: &[f32], start: usize, sizes: &[usize], strides: &[isize]) -> Vec<f32> {
    let mut axes = merge_axes(sizes, [strides]);
    let total = sizes.iter().product();
    // SAFETY: each line is written once, and they cover everything.
    let mut out: Vec<f32> = unsafe { uninit(total) };
    if total == 0 {
        return out;
    }
    // The two innermost axes are a line: a repeated pixel makes its last axis very short.
    let inner = axes.pop().unwrap_or((1, [1]));
    let middle = axes.pop().unwrap_or((1, [0]));
    let line = inner.0 * middle.0;
    let lines = total / line;
    let to = Shared::new(&mut out);
    let some = (CHUNK / line).max(1);
    each(lines.div_ceil(some), total >= MIN_PARALLEL_SIZE, |task| {
        for k in task * some..((task + 1) * some).min(lines) {
            let (mut from, mut rest) = (start as isize, k);
            for &(n, [step]) in axes.iter().rev() {
                from += (rest % n) as isize * step;
                rest /= n;
            }
            // SAFETY: the view is inside of `data`, and each line has a place of its own.
            unsafe { copy_line(data.as_ptr().offset(from), to.at(k * line), middle, inner) }
        }
    });
    out
}

type Axis = (usize, [isize; 1]);

/// # Safety
/// Both pointers are valid for the line.
unsafe fn copy_line(from: *const f32, to: *mut f32, (rows, [down]): Axis, (columns, [right]): Axis) {
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

/// Tensors joined along an axis, after which `inner` values lie: `None` where they are not for the CPU's kernels.
pub(crate) fn join(parts: &[(Value, usize)], inner: usize, shape: &[usize]) -> Option<Value> {
    let parts: Vec<(Floats, usize)> =
        parts.iter().map(|(v, n)| Floats::of(v).map(|f| (f, n * inner))).collect::<Option<_>>()?;
    let row: usize = parts.iter().map(|(_, n)| n).sum();
    let total: usize = shape.iter().product();
    // SAFETY: each row is written once, and they cover everything.
    let mut out = unsafe { uninit(total) };
    let to = Shared::new(&mut out);
    let rows = total.checked_div(row).unwrap_or(0);
    let some = (CHUNK / row.max(1)).max(1);
    each(rows.div_ceil(some), total >= MIN_PARALLEL_SIZE, |task| {
        for k in task * some..((task + 1) * some).min(rows) {
            let mut at = k * row;
            for (data, n) in &parts {
                // SAFETY: each part has its place in each row.
                unsafe { std::ptr::copy_nonoverlapping(data[k * n..][..*n].as_ptr(), to.at(at), *n) };
                at += n;
            }
        }
    });
    Some(tensor(out, shape))
}

/// Columns that are added at once.
const COLUMNS: usize = 1024;
/// Rows whose sum is taken in float32; the sums of runs are added in float64.
const RUN: usize = 16;

/// Sums of x [outer, count, inner] along its middle, as a tensor of `shape`; `None` where it is not for the CPU's
/// kernels, or long and narrow.
pub(crate) fn middle_sums(x: &Value, [outer, count, inner]: [usize; 3], shape: &[usize]) -> Option<Value> {
    if count > RUN && inner < RUN {
        return None;
    }
    let x = Floats::in_order(x)?;
    // SAFETY: each task writes its range, and they cover everything.
    let mut out = unsafe { uninit(outer * inner) };
    let to = Shared::new(&mut out);
    let cuts = inner.div_ceil(COLUMNS);
    let some = (CHUNK / (count * inner).max(1)).max(1);
    each(outer.div_ceil(some) * cuts, x.len() >= MIN_PARALLEL_SIZE, |task| {
        let from = task % cuts * COLUMNS;
        let columns = COLUMNS.min(inner - from);
        for i in (task / cuts * some..outer).take(some) {
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
    Some(tensor(out, shape))
}

/// The sum of rows of `inner` values each, from column `from` on.
fn add_rows(to: &mut [f32], x: &[f32], inner: usize, from: usize) {
    let columns = to.len();
    to.copy_from_slice(&x[from..][..columns]);
    for row in x[inner..].chunks_exact(inner) {
        for (to, v) in to.iter_mut().zip(&row[from..][..columns]) {
            *to += v;
        }
    }
}

/// x shifted circularly along each axis of `shape`, by less than its size; `None` where it is not for the CPU's
/// kernels.
pub(crate) fn roll(x: &Value, shape: &[usize], shifts: &[usize]) -> Option<Value> {
    let x = Floats::of(x)?;
    // What lies behind the last shifted axis moves with it.
    let axis = shifts.iter().rposition(|&s| s != 0)?;
    let inner: usize = shape[axis + 1..].iter().product();
    let (row, cut) = (shape[axis] * inner, shifts[axis] * inner);
    // SAFETY: each row is written once, and they cover everything.
    let mut out: Vec<f32> = unsafe { uninit(x.len()) };
    let to = Shared::new(&mut out);
    let rows = x.len() / row;
    let some = (CHUNK / row).max(1);
    each(rows.div_ceil(some), x.len() >= MIN_PARALLEL_SIZE, |task| {
        for i in (task * some..rows).take(some) {
            let (mut from, mut rest, mut size) = (0, i, 1);
            for (&n, &shift) in shape[..axis].iter().zip(shifts).rev() {
                from += (rest % n + n - shift) % n * size;
                rest /= n;
                size *= n;
            }
            let (left, right) = x[from * row..][..row].split_at(row - cut);
            // SAFETY: each row has a place of its own.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(i * row), row) };
            to[..cut].copy_from_slice(right);
            to[cut..].copy_from_slice(left);
        }
    });
    Some(tensor(out, shape))
}
