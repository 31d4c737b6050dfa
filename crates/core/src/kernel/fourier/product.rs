//! Products of complex tensors with broadcasting.

use super::layout::{as_complex, as_complex_mut, broadcast_strides};
use crate::kernel::axes::merge_axes;
use crate::kernel::element::Element;
use crate::kernel::parallel::{each, uninit, Shared, MIN_PARALLEL_TRANSFORM};
use num_complex::Complex;

/// Products per task.
const CHUNK: usize = 1 << 12;

/// a b, or a conj(b), for values of shapes `a`, `b` and `out` without the last axis of (real, imaginary).
pub(crate) fn product<T: Element>(
    (a, a_shape): (&[T], &[usize]),
    (b, b_shape): (&[T], &[usize]),
    out: &[usize],
    conjugate: bool,
) -> Vec<T> {
    let (a, b) = (as_complex(a), as_complex(b));
    let mut axes = merge_axes(out, [&broadcast_strides(a_shape, out), &broadcast_strides(b_shape, out)]);
    let (n, strides) = axes.pop().unwrap_or((1, [0, 0]));
    let strides = strides.map(|s| s as usize);
    let rows: usize = axes.iter().map(|a| a.0).product();
    // SAFETY: tasks write disjoint products that cover the result.
    let mut y = unsafe { uninit(2 * rows * n) };
    let to = Shared::new(as_complex_mut(&mut y));
    let chunks_per_row = n.div_ceil(CHUNK);
    let rows_per_chunk = (CHUNK / n).max(1);
    let sign = if conjugate { -T::one() } else { T::one() };
    each(rows.div_ceil(rows_per_chunk) * chunks_per_row, rows * n > MIN_PARALLEL_TRANSFORM, |task| {
        let range = task % chunks_per_row * CHUNK..(task % chunks_per_row * CHUNK + CHUNK).min(n);
        for row in (task / chunks_per_row * rows_per_chunk..).take(rows_per_chunk).take_while(|&row| row < rows) {
            let (mut id, mut at) = (row, [0; 2]);
            for &(size, strides) in axes.iter().rev() {
                at = [at[0] + id % size * strides[0] as usize, at[1] + id % size * strides[1] as usize];
                id /= size;
            }
            // SAFETY: the range of this row is this task's.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(row * n + range.start), range.len()) };
            let times = |a: Complex<T>, b: Complex<T>| a * Complex::new(b.re, sign * b.im);
            let row = |at: usize| at + range.start..at + range.end;
            match strides {
                [1, 1] => {
                    to.iter_mut().zip(&a[row(at[0])]).zip(&b[row(at[1])]).for_each(|((y, &a), &b)| *y = times(a, b))
                }
                [1, 0] => to.iter_mut().zip(&a[row(at[0])]).for_each(|(y, &a)| *y = times(a, b[at[1]])),
                [0, 1] => to.iter_mut().zip(&b[row(at[1])]).for_each(|(y, &b)| *y = times(a[at[0]], b)),
                _ => to
                    .iter_mut()
                    .zip(range.clone())
                    .for_each(|(y, i)| *y = times(a[at[0] + i * strides[0]], b[at[1] + i * strides[1]])),
            }
        }
    });
    y
}
