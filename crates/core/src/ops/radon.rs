//! Sums along parallel lines (the Radon transform), and their transpose.

use super::check_rank;
use super::shape::permute;
use crate::error::{Error, Result};
use crate::gpu::radon as gpu;
use crate::kernel::radon::{directions, forward, transpose, ParallelBeam};
use crate::storage::{from_vec, on_cpu};
use crate::tensor::table::table;
use crate::tensor::{check_size, Tensor};

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
        on_cpu!(
            x,
            T => from_vec(forward(&x.values::<T>()?, g, &directions(degrees)), &shape),
            else gpu::forward(&x.value(), &directions_of(x, degrees)?.value(), g, [n, degrees.len()])
                .ok_or_else(|| too_large(op))?
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
        on_cpu!(
            y,
            T => from_vec(transpose(&y.values::<T>()?, g, &directions(degrees)), &shape),
            else {
                // So that neighbouring pixels read neighbouring detectors.
                let lines = permute(&y.detach(), &[0, 2, 1])?;
                let sizes = [shape[0], degrees.len()];
                gpu::transpose(&lines.value(), &directions_of(y, degrees)?.value(), g, sizes)
                    .ok_or_else(|| too_large(op))?
            }
        )
    };
    let degrees = degrees.to_vec();
    Ok(Tensor::result(value, shape, &[y], Box::new(move |c| Ok(vec![Some(radon(c.grad, circle, &degrees)?)]))))
}

/// Cosines and sines of the angles [A, 2] on the device of a tensor.
fn directions_of(like: &Tensor, degrees: &[f64]) -> Result<Tensor> {
    let numbers: Vec<u64> = degrees.iter().map(|d| d.to_bits()).collect();
    table(like, "directions", &numbers, &[degrees.len(), 2], || directions(degrees).concat())
}

/// The kernels for GPUs count in 32 bits.
fn too_large(op: &'static str) -> Error {
    Error::argument(op, "images and projections on a GPU have fewer than 2^31 elements, and more came.")
}
