//! Sums along parallel lines (the Radon transform), and their transpose.

use super::activation::relu;
use super::check_rank;
use super::compare::{between, clamp};
use super::elementwise::{add, add_scalar, mul, mul_scalar, sub};
use super::index::{gather_integers, integers_unchecked};
use super::reduce::sum;
use super::sample::linear_at;
use super::shape::{cat, expand, permute, reshape, slice};
use super::unary::{abs, neg};
use crate::error::{Error, Result};
use crate::kernel::radon::{directions, forward, transpose, ParallelBeam};
use crate::storage::{from_vec, on_cpu, Value};
use crate::tensor::{check_size, Tensor};

/// Number of elements, at most, of the tensors of positions in the composed forms.
const MAX_ELEMENTS: usize = 1 << 22;

fn check(op: &str, width: usize, degrees: &[f64]) -> Result<()> {
    if width == 0 || width > super::LARGEST {
        return Err(Error::argument(
            op,
            format!("the images are {width} pixels wide, expected 1 to {}.", super::LARGEST),
        ));
    }
    match degrees.iter().find(|d| !d.is_finite()) {
        _ if degrees.is_empty() => Err(Error::argument(op, "there are no angles, expected at least one.")),
        Some(bad) => Err(Error::argument(op, format!("the angle {bad} came, expected a finite number."))),
        None => Ok(()),
    }
}

/// y[n, u, a] = sum_v x[n] at (cos t u + sin t v, cos t v - sin t u) for t = degrees[a], whole steps u and v about the
/// centre, bilinear between pixels and zero outside (Radon 1917).
pub fn radon(x: &Tensor, circle: bool, degrees: &[f64]) -> Result<Tensor> {
    let op = "radon";
    check_rank(op, "x", x, 3)?;
    let &[n, height, width] = x.shape() else { return Err(Error::internal("radon: x does not have three axes.")) };
    if height != width {
        return Err(Error::shape(op, format!("x has shape {:?}, expected square images [N, W, W].", x.shape())));
    }
    check(op, width, degrees)?;
    let g = ParallelBeam::new(width, circle);
    let shape = vec![n, g.detectors, degrees.len()];
    check_size(op, &shape, x.dtype())?;
    let value = if n == 0 {
        Tensor::full(&shape, 0.0, x.dtype(), x.device())?.value()
    } else {
        let directions = directions(degrees);
        on_cpu!(
            x,
            T => from_vec(forward(&x.values::<T>()?, g, &directions), &shape),
            else by_samples(&x.detach(), g, &directions)?
        )
    };
    let degrees = degrees.to_vec();
    Ok(Tensor::result(
        value,
        shape,
        &[x],
        Box::new(move |c| Ok(vec![Some(radon_transpose(c.grad, width, circle, &degrees)?)])),
    ))
}

/// The transpose of `radon`: each pixel is the sum of the samples that include it, by their weights.
pub fn radon_transpose(y: &Tensor, width: usize, circle: bool, degrees: &[f64]) -> Result<Tensor> {
    let op = "radonTranspose";
    check_rank(op, "y", y, 3)?;
    check(op, width, degrees)?;
    let g = ParallelBeam::new(width, circle);
    if y.shape()[1..] != [g.detectors, degrees.len()] {
        return Err(Error::shape(
            op,
            format!(
                "y of shape {:?} must be [N, {}, {}] for images {width} pixels wide.",
                y.shape(),
                g.detectors,
                degrees.len()
            ),
        ));
    }
    let shape = vec![y.shape()[0], width, width];
    check_size(op, &shape, y.dtype())?;
    let value = if y.size() == 0 {
        Tensor::full(&shape, 0.0, y.dtype(), y.device())?.value()
    } else {
        let directions = directions(degrees);
        on_cpu!(
            y,
            T => from_vec(transpose(&y.values::<T>()?, g, &directions), &shape),
            else by_pixels(&y.detach(), g, &directions)?
        )
    };
    let degrees = degrees.to_vec();
    Ok(Tensor::result(value, shape, &[y], Box::new(move |c| Ok(vec![Some(radon(c.grad, circle, &degrees)?)]))))
}

/// Numbers along one of three axes.
fn along(like: &Tensor, axis: usize, numbers: impl Iterator<Item = f64>) -> Result<Tensor> {
    let numbers: Vec<f64> = numbers.collect();
    let mut shape = [1; 3];
    shape[axis] = numbers.len();
    Tensor::from_values(numbers, &shape, like.dtype(), like.device())
}

/// Cosines and sines along an axis.
fn cosines_and_sines(like: &Tensor, axis: usize, directions: &[[f64; 2]]) -> Result<[Tensor; 2]> {
    Ok([along(like, axis, directions.iter().map(|d| d[0]))?, along(like, axis, directions.iter().map(|d| d[1]))?])
}

/// 1 where a pixel belongs to the image, 0 where it lies outside the circle.
fn mask(like: &Tensor, g: ParallelBeam) -> Result<Tensor> {
    let pixel = |i: usize| {
        let (from, to) = g.chord(i / g.width);
        f64::from(u8::from((from..to).contains(&(i % g.width))))
    };
    Tensor::from_values(
        (0..g.width * g.width).map(pixel).collect(),
        &[1, g.width, g.width],
        like.dtype(),
        like.device(),
    )
}

/// `radon` by tensor operators: any device, no read-back. The angles are processed in chunks.
fn by_samples(x: &Tensor, g: ParallelBeam, directions: &[[f64; 2]]) -> Result<Value> {
    let (n, d, middle) = (x.shape()[0], g.detectors, g.middle());
    let images = reshape(&mul(x, &mask(x, g)?)?, &[1, n, g.width, g.width])?;
    let (u, v) = (along(x, 2, (0..d).map(|i| i as f64 - middle))?, along(x, 1, (0..d).map(|i| i as f64 - middle))?);
    let angles = (MAX_ELEMENTS / (d * d)).max(1);
    let parts: Result<Vec<Tensor>> = directions
        .chunks(angles)
        .map(|part| {
            let [cos, sin] = cosines_and_sines(x, 0, part)?;
            let position = |a: Tensor| reshape(&add_scalar(&a, middle - g.offset as f64)?, &[1, 1, part.len() * d, d]);
            let column = position(add(&mul(&cos, &u)?, &mul(&sin, &v)?)?)?;
            let row = position(sub(&mul(&cos, &v)?, &mul(&sin, &u)?)?)?;
            sum(&reshape(&linear_at(&images, &row, &column)?, &[n, part.len(), d, d])?, &[2], false)
        })
        .collect();
    permute(&cat(&parts?, 1)?, &[0, 2, 1]).map(|t| t.value())
}

/// `radon_transpose` likewise: of the samples of an angle, at most 3 x 3 include a pixel.
fn by_pixels(y: &Tensor, g: ParallelBeam, directions: &[[f64; 2]]) -> Result<Value> {
    let (n, d, pixels, middle) = (y.shape()[0], g.detectors, g.width * g.width, g.middle());
    let position = |i: usize| (i + g.offset) as f64 - middle;
    let (right, down) = (
        along(y, 2, (0..pixels).map(|i| position(i % g.width)))?,
        along(y, 2, (0..pixels).map(|i| position(i / g.width)))?,
    );
    let projections = permute(y, &[0, 2, 1])?;
    let top = d as f64 - 1.0;
    let inside = |t: &Tensor| between(t, 0.0, top);
    let hat = |t: &Tensor| relu(&add_scalar(&neg(&abs(t)?)?, 1.0)?);
    let (mut total, mut at) = (Tensor::full(&[n, 1, pixels], 0.0, y.dtype(), y.device())?, 0);
    for part in directions.chunks((MAX_ELEMENTS / (pixels * n)).max(1)) {
        let a = part.len();
        let [cos, sin] = cosines_and_sines(y, 1, part)?;
        let reach = along(y, 1, part.iter().map(|[c, s]| c.abs() + s.abs()))?;
        let (u, v) = (
            add_scalar(&sub(&mul(&cos, &right)?, &mul(&sin, &down)?)?, middle)?,
            add_scalar(&add(&mul(&sin, &right)?, &mul(&cos, &down)?)?, middle)?,
        );
        // Rounded up: -floor(-t).
        let first = |t: &Tensor| neg(&super::unary::floor(&sub(&reach, t)?)?);
        let (detector, sample) = (first(&u)?, first(&v)?);
        let (du, dv) = (sub(&detector, &u)?, sub(&sample, &v)?);
        let across = add(&mul(&cos, &du)?, &mul(&sin, &dv)?)?;
        let along = sub(&mul(&cos, &dv)?, &mul(&sin, &du)?)?;
        let rows = reshape(&slice(&projections, &[0, at, 0], &[n, at + a, d], &[1; 3])?, &[n * a, d])?;
        for i in 0..3 {
            let mut weight = None;
            for j in 0..3 {
                let (i, j) = (f64::from(i), f64::from(j));
                let horizontal = hat(&add(&across, &add(&mul_scalar(&cos, i)?, &mul_scalar(&sin, j)?)?)?)?;
                let vertical = hat(&add(&along, &sub(&mul_scalar(&cos, j)?, &mul_scalar(&sin, i)?)?)?)?;
                let share = mul(&mul(&horizontal, &vertical)?, &inside(&add_scalar(&sample, j)?)?)?;
                weight = Some(match weight {
                    Some(w) => add(&w, &share)?,
                    None => share,
                });
            }
            let Some(weight) = weight else { continue };
            let position = add_scalar(&detector, f64::from(i))?;
            let weight = mul(&weight, &inside(&position)?)?;
            let index = reshape(&expand(&clamp(&position, 0.0, top)?, &[n, a, pixels])?, &[n * a, pixels])?;
            let found = gather_integers(&rows, integers_unchecked(&index)?, vec![n * a, pixels], 1)?;
            total = add(&total, &sum(&mul(&reshape(&found, &[n, a, pixels])?, &weight)?, &[1], true)?)?;
        }
        at += a;
    }
    mul(&reshape(&total, &[n, g.width, g.width])?, &mask(y, g)?).map(|t| t.value())
}
