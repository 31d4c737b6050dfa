//! Normalisation.

use super::elementwise::{add, add_scalar, mul, sub};
use super::reduce::mean;
use super::shape::reshape;
use super::unary::{rsqrt, square};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

fn channels(op: &str, name: &str, t: &Tensor, x: &Tensor) -> Result<Tensor> {
    super::same_kind(op, x, t)?;
    let c = x.shape()[1];
    if t.shape() != [c] {
        return Err(Error::shape(op, format!("{name} has shape {:?}, [{c}] is needed for input {:?}", t.shape(), x.shape())));
    }
    let mut shape = vec![1; x.rank()];
    shape[1] = c;
    reshape(t, &shape)
}

fn affine(op: &str, y: Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>) -> Result<Tensor> {
    let y = match weight {
        Some(w) => mul(&y, &channels(op, "weight", w, &y)?)?,
        None => y,
    };
    match bias {
        Some(b) => add(&y, &channels(op, "bias", b, &y)?),
        None => Ok(y),
    }
}

/// (x - mean) / sqrt(variance + epsilon) weight + bias, per channel; without mean and variance those of the batch
/// (Ioffe, Szegedy 2015, arXiv:1502.03167).
pub fn batch_norm(x: &Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>, moments: Option<(&Tensor, &Tensor)>, epsilon: f64) -> Result<Tensor> {
    let op = "batchNorm";
    if x.rank() < 2 {
        return Err(Error::shape(op, format!("input must have a channel axis, got shape {:?}", x.shape())));
    }
    let (centred, variance) = match moments {
        Some((m, v)) => (sub(x, &channels(op, "mean", m, x)?)?, channels(op, "variance", v, x)?),
        None => {
            let axes: Vec<usize> = (0..x.rank()).filter(|&i| i != 1).collect();
            let centred = sub(x, &mean(x, &axes, true)?)?;
            let variance = mean(&square(&centred)?, &axes, true)?;
            (centred, variance)
        }
    };
    affine(op, mul(&centred, &rsqrt(&add_scalar(&variance, epsilon)?)?)?, weight, bias)
}

/// Normalisation of groups of channels, per image (Wu, He 2018, arXiv:1803.08494); with one channel a group: instance normalisation.
pub fn group_norm(x: &Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>, groups: usize, epsilon: f64) -> Result<Tensor> {
    let op = "groupNorm";
    if x.rank() < 2 || groups == 0 || !x.shape()[1].is_multiple_of(groups) {
        return Err(Error::shape(op, format!("channels of shape {:?} do not divide into {groups} groups", x.shape())));
    }
    let (b, n) = (x.shape()[0], x.size());
    let flat = reshape(x, &[b, groups, n / (b * groups).max(1)])?;
    let centred = sub(&flat, &mean(&flat, &[2], true)?)?;
    let variance = mean(&square(&centred)?, &[2], true)?;
    let y = mul(&centred, &rsqrt(&add_scalar(&variance, epsilon)?)?)?;
    affine(op, reshape(&y, x.shape())?, weight, bias)
}
