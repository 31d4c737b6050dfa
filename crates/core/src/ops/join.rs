//! Tensors joined along an axis, and gradients split into their parts.

use super::shape::crop;
use super::{check_axis, same_kind};
use crate::error::{Error, Result};
use crate::gpu::join as gpu;
use crate::kernel::layout;
use crate::storage::{from_vec, Values};
use crate::tape::{self, Context};
use crate::tensor::{check_size, Tensor};
use adjoint_backend::Dispatch;
use std::ops::Range;

/// Joins tensors along an axis.
pub fn cat(parts: &[Tensor], dim: usize) -> Result<Tensor> {
    let first = parts.first().ok_or_else(|| Error::argument("cat", "no tensors came, expected at least one."))?;
    check_axis("cat", first, dim)?;
    let mut size = 0;
    for part in parts {
        same_kind("cat", first, part)?;
        let fits =
            part.rank() == first.rank() && (0..first.rank()).all(|i| i == dim || part.shape()[i] == first.shape()[i]);
        if !fits {
            return Err(Error::shape(
                "cat",
                format!("shapes {:?} and {:?} differ on an axis other than {dim}.", first.shape(), part.shape()),
            ));
        }
        size = part.shape()[dim].saturating_add(size);
    }
    let mut shape = first.shape().to_vec();
    shape[dim] = size;
    check_size("cat", &shape, first.dtype())?;
    let filled: Vec<&Tensor> = parts.iter().filter(|p| p.size() > 0).collect();
    let value = match filled.as_slice() {
        [] => first.value(),
        [one] => one.value(),
        many => {
            let inner: usize = shape[dim + 1..].iter().product();
            let values: Option<Vec<Values<f32>>> = many.iter().map(|p| p.floats()).collect();
            match values {
                Some(values) => {
                    let parts: Vec<(&[f32], usize)> =
                        values.iter().zip(many).map(|(v, p)| (&**v, p.shape()[dim] * inner)).collect();
                    from_vec(layout::join(&parts, shape[..dim].iter().product()), &shape)
                }
                None => {
                    let rows = shape[..dim].iter().product();
                    let parts: Vec<_> = many.iter().map(|p| (p.value(), p.shape()[dim] * inner)).collect();
                    gpu::join(&parts, rows, &shape)
                        .unwrap_or_else(|| Dispatch::float_cat(parts.into_iter().map(|(p, _)| p).collect(), dim))
                }
            }
        }
    };
    let parents: Vec<&Tensor> = parts.iter().collect();
    Ok(Tensor::result(value, shape, &parents, Box::new(move |c| split(c, dim))))
}

/// The parts of a gradient: in few launches on a GPU where nothing is recorded, else cut out one by one.
fn split(c: &Context, dim: usize) -> Result<Vec<Option<Tensor>>> {
    let shape = c.grad.shape();
    let inner: usize = shape[dim + 1..].iter().product();
    let mut from = 0;
    let parts: Vec<Range<usize>> = c
        .inputs
        .iter()
        .map(|part| {
            let start = from;
            from += part.shape()[dim];
            start..from
        })
        .collect();
    if !tape::is_enabled() && c.grad.size() > 0 {
        let needed = c.inputs.iter().zip(&parts).zip(c.needs).filter(|(_, &need)| need);
        let wanted: Vec<_> = needed.map(|((p, r), _)| (p.shape(), r.start * inner..r.end * inner)).collect();
        if let Some(values) = gpu::split(&c.grad.value(), shape[dim] * inner, &wanted) {
            let mut values = values.into_iter();
            let gradient = |(part, &need): (&Tensor, &bool)| {
                let value = if need { values.next() } else { None };
                value.map(|value| c.gradient(value, part.shape())).transpose()
            };
            return c.inputs.iter().zip(c.needs).map(gradient).collect();
        }
    }
    let cut = |(part, &need): (&Range<usize>, &bool)| {
        let mut widths = vec![(0, 0); shape.len()];
        widths[dim] = (part.start, shape[dim] - part.end);
        need.then(|| crop(c.grad, &widths)).transpose()
    };
    parts.iter().zip(c.needs).map(cut).collect()
}
