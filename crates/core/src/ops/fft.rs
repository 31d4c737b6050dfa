//! Discrete Fourier transforms of any size. A complex tensor is a real one with an axis of size two (real, imaginary).

use super::elementwise::{add, mul_scalar, sub};
use super::linalg::matmul;
use super::shape::{cat, permute, slice};
use super::{check_axes, check_axis};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::kernel::parallel::{each, Shared};
use crate::tensor::{Data, Tensor};
use rustfft::num_complex::Complex;
use rustfft::{FftNum, FftPlanner};

/// y_k = scale sum_n x_n e^(-2 pi i k n / N) over `dims` (the sign is plus when `inverse`). Its adjoint is the same sum with the other sign.
pub fn fft(x: &Tensor, dims: &[usize], complex_dim: usize, inverse: bool, scale: f64) -> Result<Tensor> {
    let op = "fft";
    check_axes(op, x, dims)?;
    check_axis(op, x, complex_dim)?;
    if x.shape()[complex_dim] != 2 || dims.contains(&complex_dim) {
        return Err(Error::shape(op, format!("axis {complex_dim} of shape {:?} must hold (real, imaginary) and not be transformed", x.shape())));
    }
    let value = if x.size() == 0 {
        x.detach()
    } else if x.device() == Device::Cpu {
        on_host(&x.detach(), dims, complex_dim, inverse, scale)?
    } else {
        by_matrices(&x.detach(), dims, complex_dim, inverse, scale)?
    };
    let dims = dims.to_vec();
    Ok(Tensor::result(value.value(), x.shape().to_vec(), &[x], Box::new(move |c| Ok(vec![Some(fft(c.grad, &dims, complex_dim, !inverse, scale)?)]))))
}

fn on_host(x: &Tensor, dims: &[usize], complex_dim: usize, inverse: bool, scale: f64) -> Result<Tensor> {
    let mut order: Vec<usize> = (0..x.rank()).filter(|&i| i != complex_dim).collect();
    order.push(complex_dim);
    let moved = permute(x, &order)?;
    let shape = moved.shape().to_vec();
    let axes: Vec<usize> = dims.iter().map(|&d| if d > complex_dim { d - 1 } else { d }).collect();
    let sizes = &shape[..shape.len() - 1];
    let out = match moved.read()? {
        Data::F32(v) => Tensor::from_f32(transform(v, sizes, &axes, inverse, scale as f32), &shape, x.device())?,
        Data::F64(v) => Tensor::from_f64(transform(v, sizes, &axes, inverse, scale), &shape, x.device())?,
    };
    let mut back = vec![0; order.len()];
    for (i, &a) in order.iter().enumerate() {
        back[a] = i;
    }
    permute(&out, &back)
}

/// Lines that are transformed together, so that strided ones are read by whole lines of the cache.
const TOGETHER: usize = 16;
/// Values that are scaled together.
const PIECE: usize = 1 << 13;

fn transform<T: FftNum>(mut values: Vec<T>, sizes: &[usize], axes: &[usize], inverse: bool, scale: T) -> Vec<T> {
    let zero = Complex::new(T::zero(), T::zero());
    // SAFETY: a complex number is its real and its imaginary part, in this order and nothing else (`repr(C)`).
    let data = unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<Complex<T>>(), values.len() / 2) };
    let mut planner = FftPlanner::new();
    for &axis in axes {
        let n = sizes[axis];
        if n < 2 {
            continue;
        }
        let plan = if inverse { planner.plan_fft_inverse(n) } else { planner.plan_fft_forward(n) };
        let stride: usize = sizes[axis + 1..].iter().product();
        // Lines of the last axis stand together already; of the others, neighbouring lines are gathered.
        let (groups, heavy) = (stride.div_ceil(TOGETHER), data.len() > 1 << 14);
        let (count, total) = (data.len() / (n * stride), data.len());
        let shared = Shared::new(data);
        if stride == 1 {
            each(count.div_ceil(TOGETHER), heavy, |piece| {
                let first = piece * TOGETHER * n;
                // SAFETY: each piece has lines of its own.
                let lines = unsafe { std::slice::from_raw_parts_mut(shared.at(first), (TOGETHER * n).min(total - first)) };
                plan.process_with_scratch(lines, &mut vec![zero; plan.get_inplace_scratch_len()]);
            });
            continue;
        }
        each(count * groups, heavy, |piece| {
            let (start, offset) = (piece / groups * n * stride, piece % groups * TOGETHER);
            let some = TOGETHER.min(stride - offset);
            let mut lines = vec![zero; n * some];
            let place = |i: usize, k: usize| shared.at(start + i * stride + offset + k);
            for i in 0..n {
                for k in 0..some {
                    // SAFETY: each piece has lines of its own.
                    lines[k * n + i] = unsafe { *place(i, k) };
                }
            }
            plan.process_with_scratch(&mut lines, &mut vec![zero; plan.get_inplace_scratch_len()]);
            for i in 0..n {
                for k in 0..some {
                    // SAFETY: as above.
                    unsafe { *place(i, k) = lines[k * n + i] };
                }
            }
        });
    }
    if scale != T::one() {
        let (count, shared) = (values.len(), Shared::new(&mut values));
        each(count.div_ceil(PIECE), count > 1 << 15, |piece| {
            let (first, last) = (piece * PIECE, ((piece + 1) * PIECE).min(count));
            // SAFETY: each piece has a range of its own.
            let part = unsafe { std::slice::from_raw_parts_mut(shared.at(first), last - first) };
            part.iter_mut().for_each(|v| *v = *v * scale);
        });
    }
    values
}

/// The sums as products with cosine and sine matrices: any device, no read-back.
fn by_matrices(x: &Tensor, dims: &[usize], complex_dim: usize, inverse: bool, scale: f64) -> Result<Tensor> {
    let mut x = x.clone();
    for &dim in dims {
        let n = x.shape()[dim];
        let angle = |i: usize| if inverse { 1.0 } else { -1.0 } * std::f64::consts::TAU * ((i / n) * (i % n) % n) as f64 / n as f64;
        let matrix = |f: fn(f64) -> f64| Tensor::from_values((0..n * n).map(|i| f(angle(i))).collect(), &[n, n], x.dtype(), x.device());
        let (cosine, sine) = (matrix(f64::cos)?, matrix(f64::sin)?);
        let part = |k: usize| -> Result<Tensor> {
            let (mut from, mut to) = (vec![0; x.rank()], x.shape().to_vec());
            from[complex_dim] = k;
            to[complex_dim] = k + 1;
            let mut order: Vec<usize> = (0..x.rank()).collect();
            order.swap(dim, x.rank() - 1);
            permute(&slice(&x, &from, &to, &vec![1; x.rank()])?, &order)
        };
        let (re, im) = (part(0)?, part(1)?);
        let mut order: Vec<usize> = (0..x.rank()).collect();
        order.swap(dim, x.rank() - 1);
        // The matrices are symmetric, so a product from the right transforms the last axis.
        let out_re = permute(&sub(&product(&re, &cosine)?, &product(&im, &sine)?)?, &order)?;
        let out_im = permute(&add(&product(&re, &sine)?, &product(&im, &cosine)?)?, &order)?;
        x = cat(&[out_re, out_im], complex_dim)?;
    }
    mul_scalar(&x, scale)
}

fn product(x: &Tensor, matrix: &Tensor) -> Result<Tensor> {
    let n = matrix.shape()[0];
    let flat = super::shape::reshape(x, &[x.size() / n, n])?;
    super::shape::reshape(&matmul(&flat, matrix)?, x.shape())
}
