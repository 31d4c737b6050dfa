//! Complex tensors with the axis (real, imaginary) anywhere, without changing the layout.

use super::lanes::FftElement;
use super::lines::Lines;
use super::plan::Fft1d;
use crate::allocation::with_capacity;
use crate::kernel::parallel::{each, uninit, Shared, MIN_PARALLEL_TRANSFORM};

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
        let factor = T::of(if pass + 1 == axes.len() { s.scale } else { 1.0 });
        let n = s.shape[axis];
        let mut others: Vec<(usize, usize)> = (0..s.shape.len())
            .filter(|&i| i != axis && i != s.complex_dim && s.shape[i] > 1)
            .map(|i| (s.shape[i], strides[i]))
            .collect();
        // Neighbouring signals are those along the last of the other axes.
        let (neighbours, step) = others.pop().unwrap_or((1, 0));
        let fft = Fft1d::<T>::new(n, s.inverse, neighbours);
        let groups = neighbours.div_ceil(fft.lanes);
        let from = if pass == 0 { Shared::reading(x) } else { out };
        each(others.iter().map(|o| o.0).product::<usize>() * groups, x.len() > MIN_PARALLEL_TRANSFORM, |task| {
            let first = task % groups * fft.lanes;
            let (mut start, mut id) = (first * step, task / groups);
            for &(size, stride) in others.iter().rev() {
                start += id % size * stride;
                id /= size;
            }
            let signals = |at: Shared<T>| Lines {
                at: at.offset(start),
                stride: strides[axis],
                part: strides[s.complex_dim],
                step,
                counts: [fft.lanes.min(neighbours - first); 2],
                n,
                origin: if s.centred { n / 2 } else { 0 },
            };
            let mut block = fft.block(n);
            // SAFETY: tasks have disjoint signals within the tensor.
            unsafe { signals(from).gather(&mut block, 0) };
            fft.run(&mut block);
            block.scale(n, factor);
            // SAFETY: as above.
            unsafe { signals(out).scatter(&block, 0) };
        });
    }
    y
}
