//! Discrete Fourier transforms of any size. A complex tensor is a real one with an axis of size two (real, imaginary).

use super::elementwise::{add, mul_scalar, sub};
use super::join::cat;
use super::linalg::matmul;
use super::shape::{permute, slice};
use super::{check_axes, check_axis};
use crate::allocation::check;
use crate::error::{Error, Result};
use crate::gpu::fourier as gpu;
use crate::kernel::fourier::{complex, memory, ComplexFft};
use crate::storage::{from_vec, on_cpu};
use crate::tape::Context;
use crate::tensor::table::table;
use crate::tensor::{Constant, Tensor};

/// y_k = scale sum_n x_n e^(-2 pi i k n / N) over `dims` (the sign is plus when `inverse`). Its adjoint is the same sum
/// with the other sign.
pub fn fft(x: &Tensor, dims: &[usize], complex_dim: usize, inverse: bool, scale: f64) -> Result<Tensor> {
    sums("fft", x, dims, complex_dim, inverse, false, scale)
}

/// As `fft`, but position N / 2 (rounded down) of each axis counts as zero, in x and in y.
pub fn centred_fft(x: &Tensor, dims: &[usize], complex_dim: usize, inverse: bool, scale: f64) -> Result<Tensor> {
    sums("centredFft", x, dims, complex_dim, inverse, true, scale)
}

fn sums(
    op: &'static str,
    x: &Tensor,
    dims: &[usize],
    complex_dim: usize,
    inverse: bool,
    centred: bool,
    scale: f64,
) -> Result<Tensor> {
    check_axes(op, x, dims)?;
    check_axis(op, x, complex_dim)?;
    if x.shape()[complex_dim] != 2 || dims.contains(&complex_dim) {
        return Err(Error::shape(
            op,
            format!(
                "complexDim is {complex_dim} for shape {:?}, expected an axis of size 2 (real, imaginary) not in \
                 dims.",
                x.shape()
            ),
        ));
    }
    // The results of two axes, and what the longest one takes.
    let longest = dims.iter().map(|&d| x.shape()[d]).max().unwrap_or(0);
    let numbers = memory(longest).saturating_add(x.size().saturating_mul(2));
    check(op, numbers.checked_mul(x.dtype().size()))?;
    let s = ComplexFft { shape: x.shape(), dims, complex_dim, inverse, centred, scale };
    let value = if x.size() == 0 {
        x.value()
    } else {
        on_cpu!(x, T => from_vec(complex(&x.values::<T>()?, &s), x.shape()), else on_gpu(&x.detach(), &s)?.value())
    };
    let dims = dims.to_vec();
    let vjp =
        Box::new(move |c: &Context| Ok(vec![Some(sums(op, c.grad, &dims, complex_dim, !inverse, centred, scale)?)]));
    Ok(Tensor::result(value, x.shape().to_vec(), &[x], vjp))
}

/// Cosines and sines of the multiples of a circle's n-th part, [n, 2], on the device of a tensor.
pub(super) fn circle(like: &Tensor, n: usize) -> Result<Tensor> {
    table(like, "circle", &[n as u64], &[n, 2], || {
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / n as f64;
        (0..n).flat_map(|i| [angle(i).cos(), angle(i).sin()]).collect()
    })
}

/// The sums over one axis by the kernel for GPUs; `None` where it does not take them.
fn by_lines(x: &Tensor, dim: usize, s: &ComplexFft, scale: f64) -> Result<Option<Tensor>> {
    let (shape, n) = (x.shape(), x.shape()[dim]);
    if !gpu::takes(n) {
        return Ok(None);
    }
    let (low, high) = (dim.min(s.complex_dim), dim.max(s.complex_dim));
    let product = |axes: std::ops::Range<usize>| shape[axes].iter().product::<usize>();
    let stride = |axis: usize| product(axis + 1..shape.len());
    let side = gpu::Side {
        outer: product(low..shape.len()),
        middle: product(high..shape.len()),
        step: stride(dim),
        imaginary: stride(s.complex_dim),
        count: n,
        real: false,
    };
    let lines = gpu::Lines {
        count: x.size() / (2 * n),
        middle: product(low + 1..high),
        inner: stride(high),
        length: n,
        from: side,
        to: side,
        sign: if s.inverse { 1.0 } else { -1.0 },
        zero: if s.centred { n - n / 2 } else { 0 },
        scale,
        inside: 1.0,
    };
    let value = gpu::transform(&x.value(), &circle(x, n)?.value(), &lines, shape);
    Ok(value.map(|value| Constant::new(value, shape, x.device()).into()))
}

/// The sums on a GPU: by the kernel, or over long axes as products with cosine and sine matrices. No read-back.
fn on_gpu(x: &Tensor, s: &ComplexFft) -> Result<Tensor> {
    let complex_dim = s.complex_dim;
    let (mut x, mut scale) = (x.clone(), s.scale);
    for &dim in s.dims {
        if let Some(done) = by_lines(&x, dim, s, scale)? {
            (x, scale) = (done, 1.0);
            continue;
        }
        let n = x.shape()[dim];
        // The position that counts as n, so that no difference is negative.
        let zero = if s.centred { n - n / 2 } else { 0 };
        let sign = if s.inverse { 1.0 } else { -1.0 };
        let angle = |i: usize| sign * std::f64::consts::TAU * ((i / n + zero) * (i % n + zero) % n) as f64 / n as f64;
        let key = [n, zero, usize::from(s.inverse)].map(|number| number as u64);
        let matrix = |name: &'static str, f: fn(f64) -> f64| {
            table(&x, name, &key, &[n, n], || (0..n * n).map(|i| f(angle(i))).collect())
        };
        let (cosine, sine) = (matrix("fft cos", f64::cos)?, matrix("fft sin", f64::sin)?);
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
    if scale == 1.0 {
        return Ok(x);
    }
    mul_scalar(&x, scale)
}

fn product(x: &Tensor, matrix: &Tensor) -> Result<Tensor> {
    let n = matrix.shape()[0];
    let flat = super::shape::reshape(x, &[x.size() / n, n])?;
    super::shape::reshape(&matmul(&flat, matrix)?, x.shape())
}
