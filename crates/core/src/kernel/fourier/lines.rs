//! Complex tensors: real and imaginary part stand anywhere, and are transformed where they lie.

use super::{numbers, Line, Planned, GAP, HEAVY, TOGETHER};
use crate::kernel::parallel::{each, unwritten, Shared};
use rustfft::num_complex::Complex;

/// What is transformed, and how.
pub(crate) struct Sums<'a> {
    /// Sizes of the tensor.
    pub shape: &'a [usize],
    /// Axes that are transformed.
    pub dims: &'a [usize],
    /// The axis of (real, imaginary).
    pub complex_dim: usize,
    /// The sign of the exponent is plus.
    pub inverse: bool,
    /// Position n / 2 of each axis counts as zero.
    pub centred: bool,
    /// Factor of the result.
    pub scale: f64,
}

/// Distances between neighbours along each axis in row-major order.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut out = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        out[i - 1] = out[i] * shape[i];
    }
    out
}

/// The Fourier sums of x, in the same layout.
pub(crate) fn complex<T: Planned>(x: &[T], s: &Sums) -> Vec<T> {
    let strides = strides(s.shape);
    let part = strides[s.complex_dim];
    let axes: Vec<usize> = s.dims.iter().copied().filter(|&d| s.shape[d] > 1).collect();
    if axes.is_empty() {
        return x.iter().map(|&v| v * T::of(s.scale)).collect();
    }
    // SAFETY: the first pass writes every value.
    let mut y = unsafe { unwritten(x.len()) };
    let out = Shared::new(&mut y);
    for (turn, &axis) in axes.iter().enumerate() {
        let from = if turn == 0 { Shared::reading(x) } else { out };
        let factor = if turn + 1 == axes.len() { s.scale } else { 1.0 };
        let (n, stride) = (s.shape[axis], strides[axis]);
        let others: Vec<(usize, usize)> = (0..s.shape.len()).filter(|&i| i != axis && i != s.complex_dim).map(|i| (s.shape[i], strides[i])).collect();
        let count = x.len() / (2 * n);
        let line = Line::<T>::new(n, s.inverse);
        let half = if s.centred { n / 2 } else { 0 };
        // Neighbours of a line are neighbours in memory but where other axes lie within: those lines are gathered side by side.
        let along = stride <= 2 && others.last().is_none_or(|o| o.1 > stride);
        each(count.div_ceil(TOGETHER), x.len() > HEAVY, |piece| {
            let some = TOGETHER.min(count - piece * TOGETHER);
            let mut starts = [0; TOGETHER];
            for (k, start) in starts.iter_mut().enumerate().take(some) {
                let mut id = piece * TOGETHER + k;
                for &(size, stride) in others.iter().rev() {
                    *start += id % size * stride;
                    id /= size;
                }
            }
            let starts = &starts[..some];
            let length = n + GAP;
            let (mut lines, mut scratch) = (numbers::<T>(length * some), line.scratch());
            // SAFETY: each piece has lines of its own, and (start + i stride) + part lies in the tensor.
            let read = |start: usize, i: usize| unsafe { Complex::new(*from.at(start + i * stride), *from.at(start + i * stride + part)) };
            let places = || (0..n).map(|i| (i, if i + half < n { i + half } else { i + half - n }));
            if along {
                for (line, &start) in lines.chunks_mut(length).zip(starts) {
                    places().for_each(|(i, at)| line[i] = read(start, at));
                }
            } else {
                for (i, at) in places() {
                    starts.iter().enumerate().for_each(|(k, &start)| lines[k * length + i] = read(start, at));
                }
            }
            lines.chunks_mut(length).for_each(|l| line.run(&mut l[..n], &mut scratch));
            let factor = T::of(factor);
            // SAFETY: as above.
            let write = |start: usize, i: usize, v: Complex<T>| unsafe {
                *out.at(start + i * stride) = v.re * factor;
                *out.at(start + i * stride + part) = v.im * factor;
            };
            if along {
                for (line, &start) in lines.chunks(length).zip(starts) {
                    places().for_each(|(i, at)| write(start, at, line[i]));
                }
            } else {
                for (i, at) in places() {
                    starts.iter().enumerate().for_each(|(k, &start)| write(start, at, lines[k * length + i]));
                }
            }
        });
    }
    y
}
