//! Products of complex tensors, broadcast.

use super::HEAVY;
use crate::kernel::parallel::{each, unwritten, Shared};
use crate::kernel::value::Real;
use crate::kernel::view::joined;
use rustfft::num_complex::Complex;

/// Products that a piece of work takes.
const PIECE: usize = 1 << 12;

/// Pairs as complex numbers.
pub(super) fn pairs<T: Real>(x: &[T]) -> &[Complex<T>] {
    // SAFETY: a complex number is its real and its imaginary part, in this order and nothing else (`repr(C)`).
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), x.len() / 2) }
}

/// As `pairs`.
pub(super) fn pairs_mut<T: Real>(x: &mut [T]) -> &mut [Complex<T>] {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len() / 2) }
}

/// Distances for a tensor of `shape` that is broadcast to `out`, zero along repeated axes.
pub(super) fn distances(shape: &[usize], out: &[usize]) -> Vec<isize> {
    let mut distances = vec![0; out.len()];
    let mut next = 1;
    for (i, &n) in shape.iter().enumerate().rev() {
        distances[i + out.len() - shape.len()] = if n == 1 { 0 } else { next as isize };
        next *= n;
    }
    distances
}

/// a b, or a conj(b), for values of shapes `a`, `b` and `out` without the last axis of (real, imaginary).
pub(crate) fn product<T: Real>(
    (a, a_shape): (&[T], &[usize]),
    (b, b_shape): (&[T], &[usize]),
    out: &[usize],
    conjugate: bool,
) -> Vec<T> {
    let (a, b) = (pairs(a), pairs(b));
    let mut axes = joined(out, [&distances(a_shape, out), &distances(b_shape, out)]);
    let (n, steps) = axes.pop().unwrap_or((1, [0, 0]));
    let steps = steps.map(|s| s as usize);
    let rows: usize = axes.iter().map(|a| a.0).product();
    // SAFETY: each piece writes its products, and they cover everything.
    let mut y = unsafe { unwritten(2 * rows * n) };
    let to = Shared::new(pairs_mut(&mut y));
    let cuts = n.div_ceil(PIECE);
    let together = (PIECE / n).max(1);
    let sign = if conjugate { -T::one() } else { T::one() };
    each(rows.div_ceil(together) * cuts, rows * n > HEAVY, |piece| {
        let range = piece % cuts * PIECE..(piece % cuts * PIECE + PIECE).min(n);
        for row in (piece / cuts * together..).take(together).take_while(|&row| row < rows) {
            let (mut id, mut at) = (row, [0; 2]);
            for &(size, steps) in axes.iter().rev() {
                at = [at[0] + id % size * steps[0] as usize, at[1] + id % size * steps[1] as usize];
                id /= size;
            }
            // SAFETY: the range of this row is this piece's.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(row * n + range.start), range.len()) };
            let times = |a: Complex<T>, b: Complex<T>| a * Complex::new(b.re, sign * b.im);
            let line = |at: usize| at + range.start..at + range.end;
            match steps {
                [1, 1] => {
                    to.iter_mut().zip(&a[line(at[0])]).zip(&b[line(at[1])]).for_each(|((y, &a), &b)| *y = times(a, b))
                }
                [1, 0] => to.iter_mut().zip(&a[line(at[0])]).for_each(|(y, &a)| *y = times(a, b[at[1]])),
                [0, 1] => to.iter_mut().zip(&b[line(at[1])]).for_each(|(y, &b)| *y = times(a[at[0]], b)),
                _ => to
                    .iter_mut()
                    .zip(range.clone())
                    .for_each(|(y, i)| *y = times(a[at[0] + i * steps[0]], b[at[1] + i * steps[1]])),
            }
        }
    });
    y
}
