//! Operators that move elements without changing them.

use super::index::select_list;
use super::join::cat;
use super::moves::moved;
use super::{check_axes, check_axis};
use crate::allocation::list;
use crate::error::{Error, Result};
use crate::kernel::layout;
use crate::kernel::moves::{Border, Move};
use crate::storage::{contiguous, from_vec, physical};
use crate::tape::Vjp;
use crate::tensor::{check_axes as check_rank, check_size, elements, Tensor};
use adjoint_backend::{Dispatch, Scalar, Slice};

/// The same elements in another shape.
pub fn reshape(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    check_rank("reshape", shape.len())?;
    if elements(shape) != Some(x.size()) {
        return Err(Error::shape(
            "reshape",
            format!("{} elements of shape {:?} do not fill shape {shape:?}.", x.size(), x.shape()),
        ));
    }
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let vjp: Vjp = Box::new(|c| Ok(vec![Some(reshape(c.grad, c.inputs[0].shape())?)]));
    if let Some(v) = x.number() {
        return Ok(Tensor::number_result(v, shape.to_vec(), &[x], vjp));
    }
    let value = Dispatch::float_reshape(contiguous(x.value()), physical(shape));
    Ok(Tensor::result(value, shape.to_vec(), &[x], vjp))
}

/// As `reshape`; one size may be -1, which stands for the remaining elements.
pub fn reshape_inferred(x: &Tensor, shape: &[i64]) -> Result<Tensor> {
    if shape.iter().any(|&v| v < -1) || shape.iter().filter(|&&v| v == -1).count() > 1 {
        return Err(Error::argument(
            "reshape",
            format!("shape {shape:?} is not valid: sizes must be at least 0, and -1 may stand once."),
        ));
    }
    let known = shape.iter().filter(|&&v| v != -1).try_fold(1usize, |a, &b| a.checked_mul(b as usize));
    // 0 where nothing fits: `reshape` then reports it.
    let rest = known.and_then(|n| x.size().checked_div(n)).unwrap_or(0);
    reshape(x, &shape.iter().map(|&v| if v == -1 { rest } else { v as usize }).collect::<Vec<_>>())
}

/// Axes in another order.
pub fn permute(x: &Tensor, order: &[usize]) -> Result<Tensor> {
    check_axes("permute", x, order)?;
    if order.len() != x.rank() {
        return Err(Error::argument(
            "permute",
            format!("order is {order:?}, expected each of the {} axes once.", x.rank()),
        ));
    }
    if order.iter().enumerate().all(|(i, &a)| i == a) {
        return Ok(x.clone());
    }
    let mut inverse = vec![0; order.len()];
    for (i, &a) in order.iter().enumerate() {
        inverse[a] = i;
    }
    let shape = order.iter().map(|&a| x.shape()[a]).collect();
    let value = Dispatch::float_permute(x.value(), order);
    Ok(Tensor::result(value, shape, &[x], Box::new(move |c| Ok(vec![Some(permute(c.grad, &inverse)?)]))))
}

/// Repeats axes of size one (and adds leading axes).
pub fn expand(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    if super::broadcast("expand", x.shape(), shape, x.dtype())? != shape {
        return Err(Error::shape("expand", format!("shape {:?} cannot be expanded to {shape:?}.", x.shape())));
    }
    let value = Dispatch::float_expand(super::with_rank(x, shape.len()), physical(shape));
    Ok(Tensor::result(
        value,
        shape.to_vec(),
        &[x],
        Box::new(|c| Ok(vec![Some(super::reduce::sum_to(c.grad, c.inputs[0].shape())?)])),
    ))
}

/// x[start:end:step] on every axis.
pub fn slice(x: &Tensor, starts: &[usize], ends: &[usize], steps: &[usize]) -> Result<Tensor> {
    let rank = x.rank();
    if starts.len() != rank || ends.len() != rank || steps.len() != rank {
        return Err(Error::argument("slice", format!("starts, ends and steps came, expected {rank} entries in each.")));
    }
    for i in 0..rank {
        if starts[i] > ends[i] || ends[i] > x.shape()[i] || steps[i] == 0 {
            return Err(Error::argument(
                "slice",
                format!("{}:{}:{} does not fit axis {i} of shape {:?}.", starts[i], ends[i], steps[i], x.shape()),
            ));
        }
    }
    let moves: Vec<(usize, Move)> = (0..rank)
        .filter(|&i| steps[i] > 1 || ends[i] - starts[i] != x.shape()[i])
        .map(|i| {
            let (result, step) = ((ends[i] - starts[i]).div_ceil(steps[i]), steps[i] as isize);
            (i, Move { source: x.shape()[i], result, step, offset: starts[i] as isize, ..Move::NONE })
        })
        .collect();
    if steps.iter().any(|&step| step > 1) {
        if let Some(y) = moved("slice", x, &moves, 0.0)? {
            return Ok(y);
        }
    }
    let mut out = x.clone();
    for i in 0..rank {
        if steps[i] > 1 {
            let positions =
                list("slice", (0..(ends[i] - starts[i]).div_ceil(steps[i])).map(|k| starts[i] + k * steps[i]))?;
            out = select_list(&out, i, positions)?;
        }
    }
    let widths: Vec<(usize, usize)> =
        (0..rank).map(|i| if steps[i] > 1 { (0, 0) } else { (starts[i], x.shape()[i] - ends[i]) }).collect();
    crop(&out, &widths)
}

/// Cuts elements off both ends of every axis: the adjoint of `embed`.
pub(super) fn crop(x: &Tensor, widths: &[(usize, usize)]) -> Result<Tensor> {
    if widths.iter().all(|&w| w == (0, 0)) {
        return Ok(x.clone());
    }
    let moves = padding(x, widths, true, Border::Constant);
    // burn cuts any number of axes at once.
    if moves.len() <= 2 {
        if let Some(y) = moved("slice", x, &moves, 0.0)? {
            return Ok(y);
        }
    }
    let slices: Vec<Slice> = widths.iter().zip(x.shape()).map(|(&(a, b), &n)| range(a, n - b)).collect();
    let shape: Vec<usize> = widths.iter().zip(x.shape()).map(|(&(a, b), &n)| n - a - b).collect();
    let value = if shape.contains(&0) {
        Tensor::full(&shape, 0.0, x.dtype(), x.device())?.value()
    } else {
        contiguous(Dispatch::float_slice(x.value(), &slices))
    };
    let widths = widths.to_vec();
    Ok(Tensor::result(value, shape, &[x], Box::new(move |c| Ok(vec![Some(embed(c.grad, &widths, 0.0)?)]))))
}

/// The moves that add so many elements before and after each axis, or with `cut` take them away.
fn padding(x: &Tensor, widths: &[(usize, usize)], cut: bool, border: Border) -> Vec<(usize, Move)> {
    let sign = if cut { -1 } else { 1 };
    let moves = widths.iter().zip(x.shape()).enumerate().filter(|(_, (&w, _))| w != (0, 0));
    moves.map(|(i, (&(a, b), &n))| (i, Move::padded(n, sign * a as isize, sign * b as isize, border))).collect()
}

fn range(from: usize, to: usize) -> Slice {
    Slice::new(from as isize, Some(to as isize), 1)
}

/// Surrounds `x` with a constant.
fn embed(x: &Tensor, widths: &[(usize, usize)], fill: f64) -> Result<Tensor> {
    if widths.iter().all(|&w| w == (0, 0)) {
        return Ok(x.clone());
    }
    if let Some(y) = moved("pad", x, &padding(x, widths, false, Border::Constant), fill)? {
        return Ok(y);
    }
    let shape: Vec<usize> = widths.iter().zip(x.shape()).map(|(&(a, b), &n)| n + a + b).collect();
    let slices: Vec<Slice> = widths.iter().zip(x.shape()).map(|(&(a, _), &n)| range(a, a + n)).collect();
    let canvas =
        Dispatch::float_full(physical(&shape), Scalar::Float(fill), &x.device().dispatch()?, x.dtype().float());
    let value = if x.size() == 0 { canvas } else { Dispatch::float_slice_assign(canvas, &slices, x.value()) };
    let widths = widths.to_vec();
    Ok(Tensor::result(value, shape, &[x], Box::new(move |c| Ok(vec![Some(crop(c.grad, &widths)?)]))))
}

/// The values with which `pad` fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadMode {
    /// One value.
    Constant,
    /// Reflected, without repeating the border.
    Reflect,
    /// The border repeated.
    Replicate,
    /// Periodic.
    Circular,
}

/// Pads every axis; `widths` holds before and after for each.
pub fn pad(x: &Tensor, widths: &[usize], mode: PadMode, fill: f64) -> Result<Tensor> {
    if widths.len() != 2 * x.rank() {
        return Err(Error::argument(
            "pad",
            format!("expected {} widths (before and after each axis), got {}.", 2 * x.rank(), widths.len()),
        ));
    }
    let pairs: Vec<(usize, usize)> = widths.chunks(2).map(|w| (w[0], w[1])).collect();
    let padded: Vec<usize> =
        pairs.iter().zip(x.shape()).map(|(&(a, b), &n)| n.saturating_add(a).saturating_add(b)).collect();
    check_size("pad", &padded, x.dtype())?;
    if mode == PadMode::Constant {
        return embed(x, &pairs, fill);
    }
    for (axis, &(before, after)) in pairs.iter().enumerate() {
        let n = x.shape()[axis];
        let limit = match mode {
            PadMode::Reflect => n.saturating_sub(1),
            PadMode::Circular => n,
            _ => usize::MAX,
        };
        if (before, after) != (0, 0) && (n == 0 || before > limit || after > limit) {
            return Err(Error::argument(
                "pad",
                format!("{mode:?} padding of {before} and {after} is too wide for size {n} of axis {axis}."),
            ));
        }
    }
    let border = match mode {
        PadMode::Constant => Border::Constant,
        PadMode::Reflect => Border::Reflect,
        PadMode::Replicate => Border::Replicate,
        PadMode::Circular => Border::Circular,
    };
    if let Some(y) = moved("pad", x, &padding(x, &pairs, false, border), 0.0)? {
        return Ok(y);
    }
    let mut out = x.clone();
    for (axis, &(before, after)) in pairs.iter().enumerate() {
        if (before, after) == (0, 0) {
            continue;
        }
        let n = x.shape()[axis] as i64;
        let source = |i: i64| -> usize {
            (match mode {
                PadMode::Reflect if i < 0 => -i,
                PadMode::Reflect if i >= n => 2 * (n - 1) - i,
                PadMode::Circular => i.rem_euclid(n),
                _ => i.clamp(0, n - 1),
            }) as usize
        };
        let positions = list("pad", (0..padded[axis]).map(|i| source(i as i64 - before as i64)))?;
        out = select_list(&out, axis, positions)?;
    }
    Ok(out)
}

/// Reverses axes.
pub fn flip(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    check_axes("flip", x, dims)?;
    if x.size() == 0 {
        return Ok(x.clone());
    }
    let mut order = dims.to_vec();
    order.sort_unstable();
    let reversed = |&i: &usize| {
        let n = x.shape()[i];
        (i, Move { source: n, result: n, step: -1, offset: n as isize - 1, ..Move::NONE })
    };
    if let Some(y) = moved("flip", x, &order.iter().map(reversed).collect::<Vec<_>>(), 0.0)? {
        return Ok(y);
    }
    let dims = dims.to_vec();
    let value = Dispatch::float_flip(x.value(), &dims);
    Ok(Tensor::result(value, x.shape().to_vec(), &[x], Box::new(move |c| Ok(vec![Some(flip(c.grad, &dims)?)]))))
}

/// Shifts axes circularly.
pub fn roll(x: &Tensor, shifts: &[i64], dims: &[usize]) -> Result<Tensor> {
    if shifts.len() != dims.len() {
        return Err(Error::argument(
            "roll",
            format!("{} shifts and {} axes came, expected one shift for each axis.", shifts.len(), dims.len()),
        ));
    }
    let mut moves = vec![0; x.rank()];
    for (&shift, &dim) in shifts.iter().zip(dims) {
        check_axis("roll", x, dim)?;
        let n = x.shape()[dim].max(1);
        moves[dim] = (moves[dim] + shift.rem_euclid(n as i64) as usize) % n;
    }
    if x.size() == 0 || moves.iter().all(|&m| m == 0) {
        return Ok(x.clone());
    }
    if let Some(values) = x.floats() {
        let value = from_vec(layout::roll(&values, x.shape(), &moves), x.shape());
        let (back, dims): (Vec<i64>, Vec<usize>) =
            moves.iter().enumerate().map(|(axis, &m)| (-(m as i64), axis)).unzip();
        return Ok(Tensor::result(
            value,
            x.shape().to_vec(),
            &[x],
            Box::new(move |c| Ok(vec![Some(roll(c.grad, &back, &dims)?)])),
        ));
    }
    let shifted = |(i, &shift): (usize, &usize)| {
        let n = x.shape()[i];
        (i, Move::padded(n, shift as isize, -(shift as isize), Border::Circular))
    };
    let shifts: Vec<(usize, Move)> = moves.iter().enumerate().filter(|(_, &m)| m != 0).map(shifted).collect();
    if let Some(y) = moved("roll", x, &shifts, 0.0)? {
        return Ok(y);
    }
    let mut out = x.clone();
    for (dim, &shift) in moves.iter().enumerate().filter(|(_, &m)| m != 0) {
        let n = x.shape()[dim];
        let part = |from: usize, to: usize| {
            let mut widths = vec![(0, 0); x.rank()];
            widths[dim] = (from, n - to);
            crop(&out, &widths)
        };
        out = cat(&[part(n - shift, n)?, part(0, n - shift)?], dim)?;
    }
    Ok(out)
}
