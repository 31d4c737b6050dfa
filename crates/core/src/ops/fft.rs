//! Discrete Fourier transforms of any size. A complex tensor is a real one with an axis of size two (real, imaginary).

use super::elementwise::{add, mul_scalar, sub};
use super::linalg::matmul;
use super::shape::{cat, permute, slice};
use super::{check_axes, check_axis};
use crate::device::Device;
use crate::error::{Error, Result};
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

fn transform<T: FftNum>(values: Vec<T>, sizes: &[usize], axes: &[usize], inverse: bool, scale: T) -> Vec<T> {
    let mut data: Vec<Complex<T>> = values.chunks_exact(2).map(|p| Complex::new(p[0], p[1])).collect();
    let mut planner = FftPlanner::new();
    for &axis in axes {
        let n = sizes[axis];
        if n < 2 {
            continue;
        }
        let plan = if inverse { planner.plan_fft_inverse(n) } else { planner.plan_fft_forward(n) };
        let stride: usize = sizes[axis + 1..].iter().product();
        let mut line = vec![Complex::new(T::zero(), T::zero()); n];
        let mut scratch = vec![Complex::new(T::zero(), T::zero()); plan.get_inplace_scratch_len()];
        for block in data.chunks_exact_mut(n * stride) {
            for offset in 0..stride {
                for (i, v) in line.iter_mut().enumerate() {
                    *v = block[offset + i * stride];
                }
                plan.process_with_scratch(&mut line, &mut scratch);
                for (i, v) in line.iter().enumerate() {
                    block[offset + i * stride] = *v;
                }
            }
        }
    }
    data.into_iter().flat_map(|z| [z.re * scale, z.im * scale]).collect()
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
