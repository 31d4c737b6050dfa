//! Normalisation of each image by itself: of groups of its channels, of the channels of a pixel. In float32 on the CPU
//! a value and its gradient take one kernel each; a gradient that is itself recorded is composed of operators, as is
//! everything on other devices and types.

use super::composed_gradients;
use super::elementwise::{add_scalar, mul, sub};
use super::norm::{affine, channels, normalise, planes};
use super::reduce::mean;
use super::shape::reshape;
use super::unary::{rsqrt, square};
use crate::error::{Error, Result};
use crate::gpu::{norm as gpu_group, pixel_norm as gpu_pixel};
use crate::kernel::norm::{group, pixel, ImageNorm};
use crate::storage::{from_vec, Value, Values};
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
    if let Some((value, used)) = norm.on_gpu(x, affine) {
        let gradients = Box::new(move |c: &Context| norm.gradients_on_gpu(c, &used));
        return Ok(Tensor::result(value, x.shape().to_vec(), &parents, gradients));
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

/// What the kernels for GPUs keep of a forward pass.
#[derive(Clone)]
enum Used {
    Groups(gpu_group::Used),
    Channels(gpu_pixel::Used),
}

/// The values of optional tensors; `None` unless they are float32 on the CPU.
fn floats(tensors: [Option<&Tensor>; 2]) -> Option<[Option<Values<f32>>; 2]> {
    let values = tensors.map(|t| t.map(Tensor::floats));
    (!values.iter().any(|v| matches!(v, Some(None)))).then(|| values.map(Option::flatten))
}

impl Norm {
    fn kernel<'a>(&self, x: &Tensor, [weight, bias]: &'a [Option<Values<f32>>; 2]) -> ImageNorm<'a> {
        ImageNorm { planes: planes(x), weight: weight.as_deref(), bias: bias.as_deref(), epsilon: self.epsilon }
    }

    fn gpu_kernel<'a>(&self, x: &Tensor, [weight, bias]: &'a [Option<Value>; 2]) -> gpu_group::Norm<'a> {
        let groups = match self.over {
            Over::Groups(groups) => Some(groups),
            Over::Channels => None,
        };
        let (weight, bias) = (weight.as_ref(), bias.as_ref());
        gpu_group::Norm { planes: planes(x), groups, weight, bias, epsilon: self.epsilon, slope: 1.0 }
    }

    /// The result of the kernels for GPUs, where x is on one.
    fn on_gpu(&self, x: &Tensor, affine: [Option<&Tensor>; 2]) -> Option<(Value, Used)> {
        if x.size() == 0 {
            return None;
        }
        let lists = affine.map(|t| t.map(Tensor::value));
        let norm = self.gpu_kernel(x, &lists);
        Some(match self.over {
            Over::Groups(_) => gpu_group::forward(&norm, &x.value(), None).map(|(y, used)| (y, Used::Groups(used)))?,
            Over::Channels => gpu_pixel::forward(&norm, &x.value()).map(|(y, used)| (y, Used::Channels(used)))?,
        })
    }

    fn gradients_on_gpu(&self, c: &Context, used: &Used) -> Result<Vec<Option<Tensor>>> {
        let composed = || composed_gradients(c, |x| self.composed(&x[0], self.positions.map(|p| p.map(|i| &x[i]))));
        if tape::is_enabled() {
            return composed();
        }
        let x = &c.inputs[0];
        let affine = self.positions.map(|p| p.map(|i| c.inputs[i].value()));
        let (norm, needed) = (self.gpu_kernel(x, &affine), c.needs(0));
        let asked = self.positions.iter().flatten().any(|&i| c.needs(i));
        let (x_value, g) = (x.value(), c.grad.value());
        let found = match used {
            Used::Groups(used) => {
                gpu_group::gradient(&norm, &x_value, &g, used, false, needed).map(|(dx, lists)| (dx, Some(lists)))
            }
            Used::Channels(used) => gpu_pixel::gradient(&norm, &x_value, &g, used, needed, asked),
        };
        let Some((dx, lists)) = found else { return composed() };
        let mut out = vec![None; c.inputs.len()];
        out[0] = dx.map(|value| c.gradient(value, x.shape())).transpose()?;
        for (position, value) in self.positions.into_iter().zip(lists.into_iter().flatten()) {
            if let Some(i) = position {
                out[i] = Some(c.gradient(value, &[x.shape()[1]])?);
            }
        }
        Ok(out)
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
