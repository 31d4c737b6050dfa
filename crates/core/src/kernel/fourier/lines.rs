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
        let factor = if turn + 1 == axes.len() { s.scale } else { 1.0 };
        let (n, stride) = (s.shape[axis], strides[axis]);
        let mut others: Vec<(usize, usize)> = (0..s.shape.len())
            .filter(|&i| i != axis && i != s.complex_dim && s.shape[i] > 1)
            .map(|i| (s.shape[i], strides[i]))
            .collect();
        // Neighbouring lines are those along the last of the other axes; some of them are gathered side by side.
        let (neighbours, step) = others.pop().unwrap_or((1, 0));
        let groups = neighbours.div_ceil(TOGETHER);
        let walk = Walk {
            from: if turn == 0 { Shared::reading(x) } else { out },
            to: out,
            n,
            stride,
            part,
            step,
            half: if s.centred { n / 2 } else { 0 },
        };
        let line = Line::<T>::new(n, s.inverse);
        each(others.iter().map(|o| o.0).product::<usize>() * groups, x.len() > HEAVY, |piece| {
            let first = piece % groups * TOGETHER;
            let (mut start, mut id) = (first * step, piece / groups);
            for &(size, stride) in others.iter().rev() {
                start += id % size * stride;
                id /= size;
            }
            let some = TOGETHER.min(neighbours - first);
            let (mut lines, mut scratch) = (numbers::<T>((n + GAP) * some), line.scratch());
            // SAFETY: each piece has lines of its own within the tensor.
            unsafe { walk.read(start, &mut lines) };
            lines.chunks_mut(n + GAP).for_each(|l| line.run(&mut l[..n], &mut scratch));
            // SAFETY: as above.
            unsafe { walk.write(start, &lines, T::of(factor)) };
        });
    }
    y
}

/// Lines in memory: `n` numbers `stride` values apart, neighbouring lines `step` apart, imaginary parts `part` behind
/// real ones.
struct Walk<T> {
    from: Shared<T>,
    to: Shared<T>,
    n: usize,
    stride: usize,
    part: usize,
    step: usize,
    /// The position that counts as zero.
    half: usize,
}

/// Numbers that are copied from all lines before the next ones.
const BLOCK: usize = 8;

impl<T: Planned> Walk<T> {
    /// Ranges of a line, and where they begin in memory: the position that counts as zero comes first.
    fn ranges(&self) -> [(usize, usize, usize); 2] {
        let cut = self.n - self.half;
        [(0, cut, self.half), (cut, self.n, 0)]
    }

    /// Calls `f(line, number, place of its real part)` for all numbers of lines that are not the last axis, in an order
    /// that suits the cache.
    #[inline(always)]
    fn each(&self, start: usize, lines: usize, f: impl Fn(usize, usize, usize)) {
        for (from, to, at) in self.ranges() {
            for block in (from..to).step_by(BLOCK) {
                for k in 0..lines {
                    let base = start + k * self.step + (at + block - from) * self.stride;
                    for i in block..to.min(block + BLOCK) {
                        f(k, i, base + (i - block) * self.stride);
                    }
                }
            }
        }
    }

    /// # Safety
    /// The lines from `start` on lie within the tensor and are written by nobody else.
    unsafe fn read(&self, start: usize, lines: &mut [Complex<T>]) {
        // Numbers that are pairs in memory are copied as such.
        if self.part == 1 {
            self.read_with(1, 2, start, lines);
        } else {
            self.read_with(self.part, 1, start, lines);
        }
    }

    #[inline(always)]
    unsafe fn read_with(&self, part: usize, unit: usize, start: usize, lines: &mut [Complex<T>]) {
        let (length, from) = (self.n + GAP, self.from);
        let count = lines.len() / length;
        let to = lines.as_mut_ptr();
        let number = move |at: usize| Complex::new(*from.at(at), *from.at(at + part));
        if self.stride == unit {
            for (first, end, at) in self.ranges() {
                for k in 0..count {
                    let line = std::slice::from_raw_parts_mut(to.add(k * length + first), end - first);
                    let at = start + k * self.step + at * unit;
                    line.iter_mut().enumerate().for_each(|(i, v)| *v = number(at + i * unit));
                }
            }
        } else {
            self.each(start, count, |k, i, at| *to.add(k * length + i) = number(at));
        }
    }

    /// # Safety
    /// As for `read`.
    unsafe fn write(&self, start: usize, lines: &[Complex<T>], factor: T) {
        if self.part == 1 {
            self.write_with(1, 2, start, lines, factor);
        } else {
            self.write_with(self.part, 1, start, lines, factor);
        }
    }

    #[inline(always)]
    unsafe fn write_with(&self, part: usize, unit: usize, start: usize, lines: &[Complex<T>], factor: T) {
        let (length, to) = (self.n + GAP, self.to);
        let count = lines.len() / length;
        let from = lines.as_ptr();
        let put = move |at: usize, v: Complex<T>| {
            *to.at(at) = v.re * factor;
            *to.at(at + part) = v.im * factor;
        };
        if self.stride == unit {
            for (first, end, at) in self.ranges() {
                for k in 0..count {
                    let at = start + k * self.step + at * unit;
                    let line = std::slice::from_raw_parts(from.add(k * length + first), end - first);
                    line.iter().enumerate().for_each(|(i, &v)| put(at + i * unit, v));
                }
            }
        } else {
            self.each(start, count, |k, i, at| put(at, *from.add(k * length + i)));
        }
    }
}
