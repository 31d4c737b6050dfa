//! Normalisation of each image by itself: of groups of its channels, of the channels of a pixel. In float32 on the CPU
//! a value and its gradient take one kernel each; a gradient that is itself recorded is composed of operators, as is
//! everything on other devices and types.

use super::composed_gradients;
use super::elementwise::{add_scalar, mul, sub};
use super::norm::{affine, channels, normalise};
use super::reduce::mean;
use super::shape::reshape;
use super::unary::{rsqrt, square};
use crate::error::{Error, Result};
use crate::kernel::norm::{group, pixel, ImageNorm};
use crate::storage::{from_vec, Values};
use crate::tape::{self, Context};
use crate::tensor::{Constant, Tensor};

/// The values that share mean and variance.
#[derive(Clone, Copy)]
enum Over {
    /// The channels of an image in so many groups.
    Groups(usize),
    /// The channels of a pixel.
    Channels,
}

/// The operator, and the positions of weight and bias among the node's operands.
#[derive(Clone, Copy)]
struct Norm {
    op: &'static str,
    over: Over,
    epsilon: f64,
    positions: [Option<usize>; 2],
}

/// Normalisation of groups of channels, per image (Wu, He 2018, arXiv:1803.08494); with one channel a group: instance
/// normalisation.
pub fn group_norm(x: &Tensor, affine: [Option<&Tensor>; 2], groups: usize, epsilon: f64) -> Result<Tensor> {
    let op = "groupNorm";
    if x.rank() < 2 || groups == 0 || !x.shape()[1].is_multiple_of(groups) {
        return Err(Error::shape(
            op,
            format!("input has shape {:?}, expected [B, C, ...] with C a multiple of groups {groups}.", x.shape()),
        ));
    }
    normalised(op, Over::Groups(groups), x, affine, epsilon)
}

/// Normalisation of the channels of each pixel (Ba, Kiros, Hinton 2016, arXiv:1607.06450).
pub fn layer_norm(x: &Tensor, affine: [Option<&Tensor>; 2], epsilon: f64) -> Result<Tensor> {
    let op = "layerNorm";
    if x.rank() < 2 {
        return Err(Error::shape(op, format!("input has shape {:?}, expected [B, C, ...].", x.shape())));
    }
    normalised(op, Over::Channels, x, affine, epsilon)
}

fn normalised(op: &'static str, over: Over, x: &Tensor, affine: [Option<&Tensor>; 2], epsilon: f64) -> Result<Tensor> {
    let mut parents = vec![x];
    let positions = affine.map(|t| {
        parents.extend(t);
        t.map(|_| parents.len() - 1)
    });
    let norm = Norm { op, over, epsilon, positions };
    for (t, name) in affine.iter().zip(["weight", "bias"]) {
        t.map_or(Ok(()), |t| channels(op, name, &t.detach(), x).map(|_| ()))?;
    }
    let Some((values, lists)) = (if x.size() == 0 { None } else { x.floats().zip(floats(affine)) }) else {
        return norm.composed(x, affine);
    };
    let kernel = norm.kernel(x, &lists);
    let (y, used) = match over {
        Over::Groups(groups) => group::forward(&kernel, groups, &values),
        Over::Channels => pixel::forward(&kernel, &values),
    };
    let used = used.map(|list| {
        let shape = [list.len()];
        Constant::new(from_vec(list, &shape), &shape, x.device())
    });
    let value = from_vec(y, x.shape());
    Ok(Tensor::result(value, x.shape().to_vec(), &parents, Box::new(move |c| norm.gradients(c, &used))))
}

/// The values of optional tensors; `None` unless they are float32 on the CPU.
fn floats(tensors: [Option<&Tensor>; 2]) -> Option<[Option<Values<f32>>; 2]> {
    let values = tensors.map(|t| t.map(Tensor::floats));
    (!values.iter().any(|v| matches!(v, Some(None)))).then(|| values.map(Option::flatten))
}

impl Norm {
    fn kernel<'a>(&self, x: &Tensor, [weight, bias]: &'a [Option<Values<f32>>; 2]) -> ImageNorm<'a> {
        let s = x.shape();
        let planes = [s[0], s[1], s[2..].iter().product()];
        ImageNorm { planes, weight: weight.as_deref(), bias: bias.as_deref(), epsilon: self.epsilon }
    }

    /// z weight + bias with z = (x - mean) / sqrt(variance + epsilon).
    fn composed(&self, x: &Tensor, [weight, bias]: [Option<&Tensor>; 2]) -> Result<Tensor> {
        let z = match self.over {
            Over::Groups(groups) => {
                let (b, n) = (x.shape()[0], x.size());
                // Each group of each image is a channel of its own.
                let flat = reshape(x, &[1, b * groups, n / (b * groups).max(1)])?;
                reshape(&normalise(self.op, &flat, [None, None], None, self.epsilon, 1.0)?.0, x.shape())?
            }
            Over::Channels => {
                let centred = sub(x, &mean(x, &[1], true)?)?;
                mul(&centred, &rsqrt(&add_scalar(&mean(&square(&centred)?, &[1], true)?, self.epsilon)?)?)?
            }
        };
        affine(self.op, z, weight, bias)
    }

    fn gradients(&self, c: &Context, used: &[Constant; 2]) -> Result<Vec<Option<Tensor>>> {
        match self.fused(c, used)? {
            Some(gradients) => Ok(gradients),
            None => composed_gradients(c, |x| self.composed(&x[0], self.positions.map(|p| p.map(|i| &x[i])))),
        }
    }

    /// The gradients by the kernel, where nothing is recorded.
    fn fused(&self, c: &Context, used: &[Constant; 2]) -> Result<Option<Vec<Option<Tensor>>>> {
        if tape::is_enabled() {
            return Ok(None);
        }
        let x = &c.inputs[0];
        let lists = floats(self.positions.map(|p| p.map(|i| &c.inputs[i])));
        let (Some(values), Some(g), Some(mean), Some(variance), Some(lists)) =
            (x.floats(), c.grad.floats(), used[0].floats(), used[1].floats(), lists)
        else {
            return Ok(None);
        };
        let (kernel, moments) = (self.kernel(x, &lists), [&*mean, &*variance]);
        let g = match self.over {
            Over::Groups(groups) => group::gradient(&kernel, groups, &values, &g, moments, c.needs(0)),
            Over::Channels => pixel::gradient(&kernel, &values, &g, moments, c.needs(0)),
        };
        let mut out = vec![None; c.inputs.len()];
        out[0] = g.input.map(|data| c.gradient(from_vec(data, x.shape()), x.shape())).transpose()?;
        for (position, list) in self.positions.into_iter().zip([g.weight, g.bias]) {
            if let Some(i) = position {
                let shape = [list.len()];
                out[i] = Some(c.gradient(from_vec(list, &shape), &shape)?);
            }
        }
        Ok(Some(out))
    }
}
