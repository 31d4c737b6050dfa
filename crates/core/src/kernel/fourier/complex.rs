//! Complex tensors with the axis (real, imaginary) anywhere, without changing the layout.

use super::plan::{complex_buffer, Fft1d, FftElement, GAP, SIGNALS_PER_BLOCK};
use crate::allocation::with_capacity;
use crate::kernel::parallel::{each, uninit, Shared, MIN_PARALLEL_TRANSFORM};
use rustfft::num_complex::Complex;

/// The transform of a complex tensor.
pub(crate) struct ComplexFft<'a> {
    /// Shape of the tensor.
    pub shape: &'a [usize],
    /// Transformed axes.
    pub dims: &'a [usize],
    /// The axis of (real, imaginary).
    pub complex_dim: usize,
    /// Whether the sign of the exponent is plus.
    pub inverse: bool,
    /// Whether the origin of each axis is at n / 2.
    pub centred: bool,
    /// Factor of the result.
    pub scale: f64,
}

/// Strides in row-major order.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut out = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        out[i - 1] = out[i] * shape[i];
    }
    out
}

/// The transform of x, in the same layout.
pub(crate) fn complex<T: FftElement>(x: &[T], s: &ComplexFft) -> Vec<T> {
    let strides = strides(s.shape);
    let part = strides[s.complex_dim];
    let axes: Vec<usize> = s.dims.iter().copied().filter(|&d| s.shape[d] > 1).collect();
    if axes.is_empty() {
        let mut y = with_capacity(x.len());
        y.extend(x.iter().map(|&v| v * T::of(s.scale)));
        return y;
    }
    // SAFETY: the first axis writes every value.
    let mut y = unsafe { uninit(x.len()) };
    let out = Shared::new(&mut y);
    for (pass, &axis) in axes.iter().enumerate() {
        let factor = if pass + 1 == axes.len() { s.scale } else { 1.0 };
        let (n, stride) = (s.shape[axis], strides[axis]);
        let mut others: Vec<(usize, usize)> = (0..s.shape.len())
            .filter(|&i| i != axis && i != s.complex_dim && s.shape[i] > 1)
            .map(|i| (s.shape[i], strides[i]))
            .collect();
        // Neighbouring signals are those along the last of the other axes; a block of them is gathered.
        let (neighbours, step) = others.pop().unwrap_or((1, 0));
        let groups = neighbours.div_ceil(SIGNALS_PER_BLOCK);
        let signals = Signals {
            from: if pass == 0 { Shared::reading(x) } else { out },
            to: out,
            n,
            stride,
            part,
            step,
            origin: if s.centred { n / 2 } else { 0 },
        };
        let fft = Fft1d::<T>::new(n, s.inverse);
        each(others.iter().map(|o| o.0).product::<usize>() * groups, x.len() > MIN_PARALLEL_TRANSFORM, |task| {
            let first = task % groups * SIGNALS_PER_BLOCK;
            let (mut start, mut id) = (first * step, task / groups);
            for &(size, stride) in others.iter().rev() {
                start += id % size * stride;
                id /= size;
            }
            let count = SIGNALS_PER_BLOCK.min(neighbours - first);
            let mut scratch = fft.scratch();
            if pass > 0 && part == 1 && stride == 2 && signals.origin == 0 {
                for k in 0..count {
                    // SAFETY: pairs of the result beside each other are complex numbers; tasks have disjoint signals.
                    let signal = unsafe { std::slice::from_raw_parts_mut(out.at(start + k * step).cast(), n) };
                    fft.run(signal, &mut scratch);
                    if factor != 1.0 {
                        signal.iter_mut().for_each(|v| *v = *v * T::of(factor));
                    }
                }
                return;
            }
            let mut block = complex_buffer::<T>((n + GAP) * count);
            // SAFETY: tasks have disjoint signals within the tensor.
            unsafe { signals.read(start, &mut block) };
            block.chunks_mut(n + GAP).for_each(|signal| fft.run(&mut signal[..n], &mut scratch));
            // SAFETY: as above.
            unsafe { signals.write(start, &block, T::of(factor)) };
        });
    }
    y
}

/// Signals in memory: `n` numbers with stride `stride`, neighbouring signals `step` apart, imaginary parts `part` after
/// real ones.
struct Signals<T> {
    from: Shared<T>,
    to: Shared<T>,
    n: usize,
    stride: usize,
    part: usize,
    step: usize,
    /// The position of the origin.
    origin: usize,
}

/// Numbers that are copied from each signal before the next ones.
const RUN: usize = 8;

impl<T: FftElement> Signals<T> {
    /// Ranges of a signal, and where they begin in memory: the origin comes first.
    fn ranges(&self) -> [(usize, usize, usize); 2] {
        let cut = self.n - self.origin;
        [(0, cut, self.origin), (cut, self.n, 0)]
    }

    /// Calls `f(signal, number, index of its real part)` for all numbers of strided signals, in a cache-friendly order.
    #[inline(always)]
    fn each(&self, start: usize, count: usize, f: impl Fn(usize, usize, usize)) {
        for (from, to, at) in self.ranges() {
            for first in (from..to).step_by(RUN) {
                for k in 0..count {
                    let base = start + k * self.step + (at + first - from) * self.stride;
                    for i in first..to.min(first + RUN) {
                        f(k, i, base + (i - first) * self.stride);
                    }
                }
            }
        }
    }

    /// # Safety
    /// The signals from `start` on are within the tensor, and no other task writes them.
    unsafe fn read(&self, start: usize, signals: &mut [Complex<T>]) {
        // Interleaved real and imaginary parts are copied as pairs.
        if self.part == 1 {
            self.read_with(1, 2, start, signals);
        } else {
            self.read_with(self.part, 1, start, signals);
        }
    }

    #[inline(always)]
    unsafe fn read_with(&self, part: usize, unit: usize, start: usize, signals: &mut [Complex<T>]) {
        let (length, from) = (self.n + GAP, self.from);
        let count = signals.len() / length;
        let to = signals.as_mut_ptr();
        let number = move |at: usize| Complex::new(*from.at(at), *from.at(at + part));
        if self.stride == unit {
            for (first, end, at) in self.ranges() {
                for k in 0..count {
                    let signal = std::slice::from_raw_parts_mut(to.add(k * length + first), end - first);
                    let at = start + k * self.step + at * unit;
                    signal.iter_mut().enumerate().for_each(|(i, v)| *v = number(at + i * unit));
                }
            }
        } else {
            self.each(start, count, |k, i, at| *to.add(k * length + i) = number(at));
        }
    }

    /// # Safety
    /// As for `read`.
    unsafe fn write(&self, start: usize, signals: &[Complex<T>], factor: T) {
        if self.part == 1 {
            self.write_with(1, 2, start, signals, factor);
        } else {
            self.write_with(self.part, 1, start, signals, factor);
        }
    }

    #[inline(always)]
    unsafe fn write_with(&self, part: usize, unit: usize, start: usize, signals: &[Complex<T>], factor: T) {
        let (length, to) = (self.n + GAP, self.to);
        let count = signals.len() / length;
        let from = signals.as_ptr();
        let put = move |at: usize, v: Complex<T>| {
            *to.at(at) = v.re * factor;
            *to.at(at + part) = v.im * factor;
        };
        if self.stride == unit {
            for (first, end, at) in self.ranges() {
                for k in 0..count {
                    let at = start + k * self.step + at * unit;
                    let signal = std::slice::from_raw_parts(from.add(k * length + first), end - first);
                    signal.iter().enumerate().for_each(|(i, &v)| put(at + i * unit, v));
                }
            }
        } else {
            self.each(start, count, |k, i, at| put(at, *from.add(k * length + i)));
        }
    }
}
