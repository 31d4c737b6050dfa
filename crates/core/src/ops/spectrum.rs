//! Spectra of real images. Half of the columns determine the others: s_(-k, -l) = conj(s_kl). A complex number is
//! (real, imaginary) in the last axis.

use super::elementwise::{add, mul, sub};
use super::fft::circle;
use super::join::cat;
use super::linalg::matmul;
use super::reduce::sum_to;
use super::shape::{expand, reshape, slice};
use super::{broadcast, same_kind};
use crate::error::{Error, Result};
use crate::gpu::fourier as gpu;
use crate::kernel::fourier::{filter, from_half, product, to_half, ImageSize};
use crate::storage::{from_vec, on_cpu, Value};
use crate::tensor::table::table;
use crate::tensor::{check_size, Tensor};

fn image_size(op: &str, x: &Tensor) -> Result<ImageSize> {
    match x.shape() {
        [.., height, width] if *height > 0 && *width > 0 => Ok(ImageSize { height: *height, width: *width }),
        shape => {
            Err(Error::shape(op, format!("x has shape {shape:?}, expected images [.., H, W] that are not empty.")))
        }
    }
}

/// Leading axes and size of the images with the half spectrum s.
fn spectrum_size<'a>(op: &str, s: &'a Tensor, width: usize) -> Result<(&'a [usize], ImageSize)> {
    match s.shape() {
        [lead @ .., height, half, 2] if width > 0 && *half == width / 2 + 1 && *height > 0 => {
            Ok((lead, ImageSize { height: *height, width }))
        }
        shape => Err(Error::shape(
            op,
            format!(
                "the half spectrum has shape {shape:?}, expected [.., H, {}, 2] for images of width {width}.",
                width / 2 + 1
            ),
        )),
    }
}

fn with(lead: &[usize], rest: &[usize]) -> Vec<usize> {
    [lead, rest].concat()
}

/// y_kl = scale c_l sum_mn x_mn e^(-2 pi i (k m / H + l n / W)) for l <= W / 2, where c_l = `inner` but 1 for l = 0 and
/// l = W / 2.
pub fn rfft2(x: &Tensor, scale: f64, inner: f64) -> Result<Tensor> {
    let size = image_size("rfft2", x)?;
    let shape = with(&x.shape()[..x.rank() - 2], &[size.height, size.half(), 2]);
    check_size("rfft2", &shape, x.dtype())?;
    let value = if x.size() == 0 {
        Tensor::full(&shape, 0.0, x.dtype(), x.device())?.value()
    } else {
        on_cpu!(
            x,
            T => from_vec(to_half(&x.values::<T>()?, size, scale, inner), &shape),
            else match to_half_by_lines(x, size, scale, inner)? {
                Some(value) => value,
                None => to_half_by_matrices(&x.detach(), size, scale, inner)?,
            }
        )
    };
    Ok(Tensor::result(value, shape, &[x], Box::new(move |c| Ok(vec![Some(irfft2(c.grad, size.width, scale, inner)?)]))))
}

/// x_mn = scale Re sum_kl c_l s_kl e^(2 pi i (k m / H + l n / W)) over l <= W / 2, with c as for `rfft2`, whose
/// transpose this is; its inverse for c = 2 and scale = 1 / (H W).
pub fn irfft2(s: &Tensor, width: usize, scale: f64, inner: f64) -> Result<Tensor> {
    let (lead, size) = spectrum_size("irfft2", s, width)?;
    let shape = with(lead, &[size.height, width]);
    check_size("irfft2", &shape, s.dtype())?;
    let value = if s.size() == 0 {
        Tensor::full(&shape, 0.0, s.dtype(), s.device())?.value()
    } else {
        on_cpu!(
            s,
            T => from_vec(from_half(&s.values::<T>()?, size, scale, inner), &shape),
            else match from_half_by_lines(s, size, scale, inner)? {
                Some(value) => value,
                None => from_half_by_matrices(&s.detach(), size, scale, inner)?,
            }
        )
    };
    Ok(Tensor::result(value, shape, &[s], Box::new(move |c| Ok(vec![Some(rfft2(c.grad, scale, inner)?)]))))
}

/// a b, or a conj(b), the other axes broadcast.  d(a b) = da b + a db
pub fn complex_mul(a: &Tensor, b: &Tensor, conjugate: bool) -> Result<Tensor> {
    let op = "complexMul";
    same_kind(op, a, b)?;
    let lead = |t: &Tensor| -> Result<Vec<usize>> {
        match t.shape() {
            [lead @ .., 2] => Ok(lead.to_vec()),
            shape => Err(Error::shape(
                op,
                format!("an operand has shape {shape:?}, expected a last axis of size 2 (real, imaginary)."),
            )),
        }
    };
    let (la, lb) = (lead(a)?, lead(b)?);
    let out = broadcast(op, &la, &lb, a.dtype())?;
    let shape = with(&out, &[2]);
    check_size(op, &shape, a.dtype())?;
    let value = if shape.contains(&0) {
        Tensor::full(&shape, 0.0, a.dtype(), a.device())?.value()
    } else {
        on_cpu!(
            a,
            T => from_vec(product((&a.values::<T>()?, &la), (&b.values::<T>()?, &lb), &out, conjugate), &shape),
            else complex_mul_on_gpu([&a.detach(), &b.detach()], [&la, &lb], &out, conjugate)?
        )
    };
    Ok(Tensor::result(
        value,
        shape,
        &[a, b],
        Box::new(move |c| {
            let (a, b) = (&c.inputs[0], &c.inputs[1]);
            let da = if c.needs(0) { Some(sum_to(&complex_mul(c.grad, b, !conjugate)?, a.shape())?) } else { None };
            let db = match (c.needs(1), conjugate) {
                (false, _) => None,
                (true, false) => Some(sum_to(&complex_mul(c.grad, a, true)?, b.shape())?),
                (true, true) => Some(sum_to(&complex_mul(a, c.grad, true)?, b.shape())?),
            };
            Ok(vec![da, db])
        }),
    ))
}

/// `complex_mul` by the kernel for GPUs, with leading axes that are repeated in the kernel and others copied.
fn complex_mul_on_gpu([a, b]: [&Tensor; 2], leads: [&[usize]; 2], out: &[usize], conjugate: bool) -> Result<Value> {
    let shape = with(out, &[2]);
    let repeated = |t: &Tensor, lead: &[usize]| {
        let rest: Vec<usize> = lead.iter().copied().skip_while(|&n| n == 1).collect();
        if out.ends_with(&rest) {
            Ok(t.clone())
        } else {
            expand(t, &shape)
        }
    };
    let (wide_a, wide_b) = (repeated(a, leads[0])?, repeated(b, leads[1])?);
    match gpu::product(&wide_a.value(), &wide_b.value(), conjugate, &shape) {
        Some(value) => Ok(value),
        None => complex_mul_by_parts(a, b, conjugate),
    }
}

/// `complex_mul` by products of real and imaginary parts: any device.
fn complex_mul_by_parts(a: &Tensor, b: &Tensor, conjugate: bool) -> Result<Value> {
    let ((ar, ai), (br, bi)) = (parts(a)?, parts(b)?);
    let (same, cross) = ((mul(&ar, &br)?, mul(&ai, &bi)?), (mul(&ai, &br)?, mul(&ar, &bi)?));
    let [re, im] = if conjugate {
        [add(&same.0, &same.1)?, sub(&cross.0, &cross.1)?]
    } else {
        [sub(&same.0, &same.1)?, add(&cross.0, &cross.1)?]
    };
    Ok(joined(&re, &im)?.value())
}

/// irfft2(rfft2(x) r) / (H W): a circular convolution, given the half spectrum r of its filter; with conj(r) its
/// transpose. Leading axes are broadcast.
pub fn fourier_filter(x: &Tensor, response: &Tensor, conjugate: bool) -> Result<Tensor> {
    let op = "fourierFilter";
    same_kind(op, x, response)?;
    let size = image_size(op, x)?;
    let (lx, (lr, of_response)) = (&x.shape()[..x.rank() - 2], spectrum_size(op, response, size.width)?);
    if of_response.height != size.height {
        return Err(Error::shape(
            op,
            format!("the response has shape {:?}, expected one for images of shape {:?}.", response.shape(), x.shape()),
        ));
    }
    let out = broadcast(op, lx, lr, x.dtype())?;
    let shape = with(&out, &[size.height, size.width]);
    check_size(op, &shape, x.dtype())?;
    let value = if shape.contains(&0) {
        Tensor::full(&shape, 0.0, x.dtype(), x.device())?.value()
    } else {
        on_cpu!(x, T => {
            let (images, responses) = (x.values::<T>()?, response.values::<T>()?);
            from_vec(filter((&images, lx), (&responses, lr), &out, size, conjugate), &shape)
        }, else {
            let filtered = complex_mul(&rfft2(&x.detach(), 1.0, 1.0)?, &response.detach(), conjugate)?;
            irfft2(&filtered, size.width, 1.0 / size.pixels() as f64, 2.0)?.value()
        })
    };
    Ok(Tensor::result(
        value,
        shape,
        &[x, response],
        Box::new(move |c| {
            let (x, r) = (&c.inputs[0], &c.inputs[1]);
            let dx = if c.needs(0) { Some(sum_to(&fourier_filter(c.grad, r, !conjugate)?, x.shape())?) } else { None };
            let dr = if c.needs(1) {
                let (x, g) = (rfft2(x, 1.0, 1.0)?, rfft2(c.grad, 1.0 / size.pixels() as f64, 2.0)?);
                let both = if conjugate { complex_mul(&x, &g, true)? } else { complex_mul(&g, &x, true)? };
                Some(sum_to(&both, r.shape())?)
            } else {
                None
            };
            Ok(vec![dx, dr])
        }),
    ))
}

/// Real and imaginary parts, without their axis.
fn parts(s: &Tensor) -> Result<(Tensor, Tensor)> {
    let lead = &s.shape()[..s.rank() - 1];
    let part = |k: usize| {
        reshape(&slice(s, &with(&vec![0; lead.len()], &[k]), &with(lead, &[k + 1]), &vec![1; s.rank()])?, lead)
    };
    Ok((part(0)?, part(1)?))
}

/// The inverse of `parts`.
fn joined(re: &Tensor, im: &Tensor) -> Result<Tensor> {
    let shape = with(re.shape(), &[1]);
    cat(&[reshape(re, &shape)?, reshape(im, &shape)?], re.rank())
}

/// cos and sin of 2 pi i j / n, times c(i, j), which follows from the sizes and the numbers of `key`.
fn matrices(
    like: &Tensor,
    [rows, columns, n]: [usize; 3],
    key: [u64; 3],
    c: impl Fn(usize, usize) -> f64,
) -> Result<(Tensor, Tensor)> {
    let mut numbers = [rows, columns, n].map(|size| size as u64).to_vec();
    numbers.extend(key);
    let matrix = |name: &'static str, f: fn(f64) -> f64| {
        let value = |i: usize| {
            c(i / columns, i % columns)
                * f(std::f64::consts::TAU * ((i / columns) * (i % columns) % n) as f64 / n as f64)
        };
        table(like, name, &numbers, &[rows, columns], || (0..rows * columns).map(value).collect())
    };
    Ok((matrix("spectrum cos", f64::cos)?, matrix("spectrum sin", f64::sin)?))
}

/// The rows of images, and their half spectra, by which rows are transformed; the columns of the half spectra.
fn lines(size: ImageSize, images: usize) -> (gpu::Side, gpu::Side, gpu::Lines) {
    let ImageSize { height, width } = size;
    let half = size.half();
    let real = gpu::Side { outer: width, middle: 0, step: 1, imaginary: 0, count: width, real: true };
    let spectrum = gpu::Side { outer: 2 * half, middle: 0, step: 2, imaginary: 1, count: half, real: false };
    let of_columns = 2 * height * half;
    let column = gpu::Side { outer: of_columns, middle: 2, step: 2 * half, imaginary: 1, count: height, real: false };
    let columns = gpu::Lines {
        count: images * half,
        middle: half,
        inner: 1,
        length: height,
        from: column,
        to: column,
        sign: -1.0,
        zero: 0,
        scale: 1.0,
        inside: 1.0,
    };
    (real, spectrum, columns)
}

/// `rfft2` by the kernel for GPUs: the rows, then the columns; `None` where it does not take them.
fn to_half_by_lines(x: &Tensor, size: ImageSize, scale: f64, inside: f64) -> Result<Option<Value>> {
    let ImageSize { height, width } = size;
    if !(gpu::takes(height) && gpu::takes(width)) {
        return Ok(None);
    }
    let images = x.size() / size.pixels();
    let (real, spectrum, columns) = lines(size, images);
    let count = images * height;
    let rows = gpu::Lines { count, middle: 1, length: width, from: real, to: spectrum, scale, inside, ..columns };
    let shape = [images, height, size.half(), 2];
    let Some(found) = gpu::transform(&x.value(), &circle(x, width)?.value(), &rows, &shape) else { return Ok(None) };
    Ok(gpu::transform(&found, &circle(x, height)?.value(), &columns, &shape))
}

/// `irfft2` likewise: the columns, then the rows.
fn from_half_by_lines(s: &Tensor, size: ImageSize, scale: f64, inside: f64) -> Result<Option<Value>> {
    let ImageSize { height, width } = size;
    if !(gpu::takes(height) && gpu::takes(width)) {
        return Ok(None);
    }
    let images = s.size() / (2 * height * size.half());
    let (real, spectrum, columns) = lines(size, images);
    let columns = gpu::Lines { sign: 1.0, ..columns };
    let shape = [images, height, size.half(), 2];
    let Some(found) = gpu::transform(&s.value(), &circle(s, height)?.value(), &columns, &shape) else {
        return Ok(None);
    };
    let count = images * height;
    let rows = gpu::Lines { count, middle: 1, length: width, from: spectrum, to: real, scale, inside, ..columns };
    Ok(gpu::transform(&found, &circle(s, width)?.value(), &rows, &[images, height, width]))
}

/// `rfft2` as products with cosine and sine matrices: any device, no read-back.
fn to_half_by_matrices(x: &Tensor, size: ImageSize, scale: f64, inner: f64) -> Result<Value> {
    let ImageSize { height, width } = size;
    let (cosine, sine) = matrices(x, [width, size.half(), width], [1, scale.to_bits(), inner.to_bits()], |_, l| {
        scale * size.weight(l, inner)
    })?;
    let (re, im) = (matmul(x, &cosine)?, matmul(x, &sine)?);
    let (cosine, sine) = matrices(x, [height, height, height], [0; 3], |_, _| 1.0)?;
    // (cos - i sin) (re - i im)
    let out_re = sub(&matmul(&cosine, &re)?, &matmul(&sine, &im)?)?;
    let out_im = add(&matmul(&cosine, &im)?, &matmul(&sine, &re)?)?;
    joined(&out_re, &super::unary::neg(&out_im)?).map(|t| t.value())
}

/// `irfft2` likewise.
fn from_half_by_matrices(s: &Tensor, size: ImageSize, scale: f64, inner: f64) -> Result<Value> {
    let ImageSize { height, width } = size;
    let (re, im) = parts(s)?;
    let (cosine, sine) = matrices(s, [height, height, height], [0; 3], |_, _| 1.0)?;
    let real = sub(&matmul(&cosine, &re)?, &matmul(&sine, &im)?)?;
    let imaginary = add(&matmul(&cosine, &im)?, &matmul(&sine, &re)?)?;
    let (cosine, sine) = matrices(s, [size.half(), width, width], [2, scale.to_bits(), inner.to_bits()], |l, _| {
        scale * size.weight(l, inner)
    })?;
    sub(&matmul(&real, &cosine)?, &matmul(&imaginary, &sine)?).map(|t| t.value())
}
