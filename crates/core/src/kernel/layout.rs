//! float32 values of the processor brought into row-major order, joined along an axis, and added along one.

use super::parallel::{each, unwritten, Shared};
use super::value::{tensor, Floats};
use super::view::joined;
use crate::tensor::Value;

/// From so many values on, threads pay.
const HEAVY: usize = 1 << 16;
/// Values of a piece of work, about.
const PIECE: usize = 1 << 14;

/// The values of a view in row-major order: element i of `sizes` lies at `start + sum i_k strides_k`, which must be inside of `data`.
pub(crate) fn in_row_major(data: &[f32], start: usize, sizes: &[usize], strides: &[isize]) -> Vec<f32> {
    let mut axes = joined(sizes, [strides]);
    let total = sizes.iter().product();
    // SAFETY: each line is written once, and they cover everything.
    let mut out: Vec<f32> = unsafe { unwritten(total) };
    if total == 0 {
        return out;
    }
    // The two innermost axes are a line: a repeated pixel makes its last axis very short.
    let inner = axes.pop().unwrap_or((1, [1]));
    let middle = axes.pop().unwrap_or((1, [0]));
    let line = inner.0 * middle.0;
    let lines = total / line;
    let to = Shared::new(&mut out);
    let some = (PIECE / line).max(1);
    each(lines.div_ceil(some), total >= HEAVY, |piece| {
        for k in piece * some..((piece + 1) * some).min(lines) {
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

/// Tensors joined along an axis, after which `inner` values lie: `None` where they are not for the processor's kernels.
pub(crate) fn join(parts: &[(Value, usize)], inner: usize, shape: &[usize]) -> Option<Value> {
    let parts: Vec<(Floats, usize)> = parts.iter().map(|(v, n)| Floats::of(v).map(|f| (f, n * inner))).collect::<Option<_>>()?;
    let row: usize = parts.iter().map(|(_, n)| n).sum();
    let total: usize = shape.iter().product();
    // SAFETY: each row is written once, and they cover everything.
    let mut out = unsafe { unwritten(total) };
    let to = Shared::new(&mut out);
    let rows = total.checked_div(row).unwrap_or(0);
    let some = (PIECE / row.max(1)).max(1);
    each(rows.div_ceil(some), total >= HEAVY, |piece| {
        for k in piece * some..((piece + 1) * some).min(rows) {
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

/// Sums of x [outer, count, inner] along its middle, as a tensor of `shape`; `None` where it is not for the processor's kernels or long: sums are in float32.
pub(crate) fn short_sums(x: &Value, [outer, count, inner]: [usize; 3], shape: &[usize]) -> Option<Value> {
    const LONGEST: usize = 16;
    if count > LONGEST {
        return None;
    }
    let x = Floats::in_order(x)?;
    // SAFETY: each piece writes its range, and they cover everything.
    let mut out = unsafe { unwritten(outer * inner) };
    let to = Shared::new(&mut out);
    let some = (PIECE / (count * inner).max(1)).max(1);
    each(outer.div_ceil(some), x.len() >= HEAVY, |piece| {
        let range = piece * some..((piece + 1) * some).min(outer);
        let from = &x[range.start * count * inner..range.end * count * inner];
        // SAFETY: the range of this piece.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(range.start * inner), range.len() * inner) };
        if inner == 1 {
            for (to, from) in to.iter_mut().zip(from.chunks_exact(count)) {
                *to = from.iter().sum();
            }
            return;
        }
        for (to, from) in to.chunks_exact_mut(inner).zip(from.chunks_exact(count * inner)) {
            to.copy_from_slice(&from[..inner]);
            for row in from[inner..].chunks_exact(inner) {
                for (to, v) in to.iter_mut().zip(row) {
                    *to += v;
                }
            }
        }
    });
    Some(tensor(out, shape))
}
