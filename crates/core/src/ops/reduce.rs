//! Reductions over axes. An empty list of axes means all of them.

use super::elementwise::{div, div_scalar, mul};
use super::shape::{expand, permute, reshape, slice};
use super::{check_axes, compare};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::gpu::extreme::extreme;
use crate::kernel::formula::Formula;
use crate::kernel::softmax::Lines;
use crate::kernel::{layout, sums};
use crate::storage::{from_vec, physical, Value, Values};
use crate::tape;
use crate::tensor::{Constant, Tensor};
use adjoint_backend::Dispatch;

fn axes_or_all(op: &str, x: &Tensor, dims: &[usize]) -> Result<Vec<usize>> {
    check_axes(op, x, dims)?;
    let mut dims = if dims.is_empty() { (0..x.rank()).collect() } else { dims.to_vec() };
    dims.sort_unstable();
    Ok(dims)
}

fn kept(x: &Tensor, dims: &[usize]) -> Vec<usize> {
    x.shape().iter().enumerate().map(|(i, &n)| if dims.contains(&i) { 1 } else { n }).collect()
}

fn dropped(x: &Tensor, dims: &[usize]) -> Vec<usize> {
    x.shape().iter().enumerate().filter(|(i, _)| !dims.contains(i)).map(|(_, &n)| n).collect()
}

fn empty(op: &str, x: &Tensor) -> Error {
    Error::argument(op, format!("x has shape {:?}, expected at least one element on the reduced axes.", x.shape()))
}

fn count(x: &Tensor, dims: &[usize]) -> usize {
    dims.iter().map(|&d| x.shape()[d]).product()
}

/// Sum over axes.  d = sum dx
pub fn sum(x: &Tensor, dims: &[usize], keep: bool) -> Result<Tensor> {
    let dims = axes_or_all("sum", x, dims)?;
    let (keep_shape, drop_shape) = (kept(x, &dims), dropped(x, &dims));
    if x.number().is_some() {
        return super::shape::reshape(x, if keep { &keep_shape } else { &drop_shape });
    }
    let mut value: Value = x.value();
    // All axes but the second: biases and batch norms.
    let others = x.rank() > 2 && dims.len() + 1 == x.rank() && !dims.contains(&1);
    let last = dims.iter().rev().zip((0..x.rank()).rev()).all(|(&d, i)| d == i);
    if x.size() == 0 {
        value = Tensor::full(&keep_shape, 0.0, x.dtype(), x.device())?.value();
    } else if let Some(sums) = others.then(|| channel_sums(x, &keep_shape)).flatten() {
        value = sums;
    } else if let Some(sums) = last.then(|| row_sums(x, dims.len(), &keep_shape)).flatten() {
        value = sums;
    } else if dims.len() == x.rank() {
        value = Dispatch::float_sum(value);
    } else if x.device() != Device::Cpu {
        // Axes that lie together in memory are summed in one launch.
        value = Dispatch::float_sum_dims(value, &dims);
    } else {
        let mut left = x.shape().to_vec();
        for &d in dims.iter().rev() {
            if left[d] > 1 {
                let sides = [left[..d].iter().product(), left[d], left[d + 1..].iter().product()];
                left[d] = 1;
                let sums = Values::contiguous(&value).and_then(|x| layout::middle_sums(&x, sides));
                value = match sums {
                    Some(sums) => from_vec(sums, &left),
                    None => Dispatch::float_sum_dim(value, d),
                };
            }
        }
    }
    let shape = if keep { keep_shape.clone() } else { drop_shape };
    let value = Dispatch::float_reshape(value, physical(&shape));
    Ok(Tensor::result(
        value,
        shape,
        &[x],
        Box::new(move |c| Ok(vec![Some(expand(&reshape(c.grad, &keep_shape)?, c.inputs[0].shape())?)])),
    ))
}

fn channel_sums(x: &Tensor, shape: &[usize]) -> Option<Value> {
    let s = x.shape();
    let planes = [s[0], s[1], s[2..].iter().product()];
    if let Some(x) = x.floats() {
        return Some(from_vec(sums::channel_sums(&x, planes), shape));
    }
    crate::gpu::sums::channel_sums(&x.value(), planes)
}

/// Sums over the last `count` axes.
fn row_sums(x: &Tensor, count: usize, shape: &[usize]) -> Option<Value> {
    let (rows, row) = x.shape().split_at(x.rank() - count);
    let rows = [rows.iter().product(), row.iter().product()];
    x.floats().map(|x| from_vec(sums::row_sums([&x], rows, |[v]| v), shape))
}

/// Sums `x` down to `shape`: the adjoint of broadcasting.
pub fn sum_to(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let lead = x.rank() - shape.len();
    let dims: Vec<usize> = (0..x.rank()).filter(|&i| i < lead || (shape[i - lead] == 1 && x.shape()[i] != 1)).collect();
    let summed = if dims.is_empty() { x.clone() } else { sum(x, &dims, true)? };
    reshape(&summed, shape)
}

/// Mean over axes.
pub fn mean(x: &Tensor, dims: &[usize], keep: bool) -> Result<Tensor> {
    let all = axes_or_all("mean", x, dims)?;
    let n = count(x, &all);
    if n == 0 {
        return Err(Error::argument(
            "mean",
            format!("x has shape {:?}; the mean of no elements is undefined.", x.shape()),
        ));
    }
    div_scalar(&sum(x, dims, keep)?, n as f64)
}

/// Moves the reduced axes to the end and flattens them: [kept..., n].
fn flatten_last(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let mut order: Vec<usize> = (0..x.rank()).filter(|i| !dims.contains(i)).collect();
    let mut shape: Vec<usize> = order.iter().map(|&i| x.shape()[i]).collect();
    order.extend_from_slice(dims);
    shape.push(count(x, dims));
    reshape(&permute(x, &order)?, &shape)
}

/// The most extreme numbers over axes and how many elements are equal to each, on a GPU.
fn on_gpu(x: &Tensor, dims: &[usize], least: bool) -> Result<Option<[Value; 2]>> {
    if x.device() == Device::Cpu {
        return Ok(None);
    }
    let (first, end) = (dims.first().copied().unwrap_or(0), dims.last().map_or(0, |&d| d + 1));
    let outer = x.shape()[..first].iter().product();
    if end - first <= dims.len() {
        let [length, inner] = [&x.shape()[first..end], &x.shape()[end..]].map(|sizes| sizes.iter().product());
        return Ok(extreme(&x.value(), Lines { outer, length, inner }, least));
    }
    let flat = flatten_last(&x.detach(), dims)?;
    let length = count(x, dims);
    Ok(extreme(&flat.value(), Lines { outer: x.size() / length, length, inner: 1 }, least))
}

fn extremum(op: &str, x: &Tensor, dims: &[usize], keep: bool, least: bool) -> Result<Tensor> {
    let dims = axes_or_all(op, x, dims)?;
    if count(x, &dims) == 0 {
        return Err(empty(op, x));
    }
    let keep_shape = kept(x, &dims);
    let shape = if keep { keep_shape.clone() } else { dropped(x, &dims) };
    let (value, hits) = if x.size() == 0 {
        (Tensor::full(&shape, 0.0, x.dtype(), x.device())?.value(), None)
    } else if let Some([value, hits]) = on_gpu(x, &dims, least)? {
        let hits = Dispatch::float_reshape(hits, physical(&keep_shape));
        (Dispatch::float_reshape(value, physical(&shape)), Some(Constant::new(hits, &keep_shape, x.device())))
    } else {
        let flat = flatten_last(&x.detach(), &dims)?;
        let f = if least { Dispatch::float_min_dim } else { Dispatch::float_max_dim };
        (Dispatch::float_reshape(f(flat.value(), flat.rank() - 1), physical(&shape)), None)
    };
    let reference = Constant::new(value.clone(), &shape, x.device());
    let reference = reshape(&reference, &keep_shape)?;
    Ok(Tensor::result(
        value,
        shape,
        &[x],
        Box::new(move |c| {
            let (x, g) = (&c.inputs[0], reshape(c.grad, &keep_shape)?);
            if let Some(hits) = hits.as_ref().filter(|_| !tape::is_enabled()) {
                let operands = [&div(&g, hits)?, x, &reference];
                if let Some(value) = super::on_gpu(Formula::ExtremeGradient, &operands, [0.0; 2], x.shape()) {
                    return Ok(vec![Some(c.gradient(value, x.shape())?)]);
                }
            }
            let hit = compare::eq(x, &reference)?;
            let share = div(&hit, &sum(&hit, &dims, true)?)?;
            Ok(vec![Some(mul(&expand(&g, x.shape())?, &share)?)])
        }),
    ))
}

/// Largest element over axes; equal ones share the gradient.
pub fn max(x: &Tensor, dims: &[usize], keep: bool) -> Result<Tensor> {
    extremum("max", x, dims, keep, false)
}

/// Smallest element over axes; equal ones share the gradient.
pub fn min(x: &Tensor, dims: &[usize], keep: bool) -> Result<Tensor> {
    extremum("min", x, dims, keep, true)
}

/// Product over axes, by halving, so that zeros have correct derivatives of every order.
pub fn prod(x: &Tensor, dims: &[usize], keep: bool) -> Result<Tensor> {
    let dims = axes_or_all("prod", x, dims)?;
    let shape = if keep { kept(x, &dims) } else { dropped(x, &dims) };
    let mut flat = flatten_last(x, &dims)?;
    let last = flat.rank() - 1;
    let part = |t: &Tensor, from: usize, to: usize| -> Result<Tensor> {
        let (mut starts, mut ends) = (vec![0; t.rank()], t.shape().to_vec());
        starts[last] = from;
        ends[last] = to;
        slice(t, &starts, &ends, &vec![1; t.rank()])
    };
    if flat.shape()[last] == 0 {
        return Tensor::full(&shape, 1.0, x.dtype(), x.device());
    }
    while flat.shape()[last] > 1 {
        let n = flat.shape()[last];
        let product = mul(&part(&flat, 0, n / 2)?, &part(&flat, n / 2, n / 2 * 2)?)?;
        flat = if n % 2 == 0 { product } else { super::join::cat(&[product, part(&flat, n - 1, n)?], last)? };
    }
    reshape(&flat, &shape)
}

type Int = adjoint_backend::DispatchTensor;

fn arg(
    op: &str,
    x: &Tensor,
    dim: usize,
    keep: bool,
    f: fn(Value, usize, adjoint_backend::IntDType) -> Int,
) -> Result<Constant> {
    super::check_axis(op, x, dim)?;
    if x.shape()[dim] == 0 {
        return Err(empty(op, x));
    }
    let shape = if keep { kept(x, &[dim]) } else { dropped(x, &[dim]) };
    if x.size() == 0 {
        return Tensor::full(&shape, 0.0, x.dtype(), x.device()).map(|t| Constant::of(&t));
    }
    let settings = Dispatch::settings(&x.device().dispatch()?);
    let value = Dispatch::int_into_float(f(x.value(), dim, settings.int_dtype), x.dtype().float());
    Ok(Constant::new(value, &shape, x.device()))
}

/// Index of the largest element along an axis.
pub fn argmax(x: &Tensor, dim: usize, keep: bool) -> Result<Constant> {
    arg("argmax", x, dim, keep, Dispatch::float_argmax)
}

/// Index of the smallest element along an axis.
pub fn argmin(x: &Tensor, dim: usize, keep: bool) -> Result<Constant> {
    arg("argmin", x, dim, keep, Dispatch::float_argmin)
}
