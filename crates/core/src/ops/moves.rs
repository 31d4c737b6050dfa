//! Elements that change their places along axes, by kernels for GPUs.

use crate::device::Device;
use crate::error::{Error, Result};
use crate::gpu;
use crate::kernel::moves::Move;
use crate::tape::Context;
use crate::tensor::{check_size, Tensor};

/// The elements of x moved along some axes, in their order, where there is no element `fill`; `None` where the kernels
/// do not compute it. Linear, with its transpose as the derivative.
pub(crate) fn moved(op: &str, x: &Tensor, moves: &[(usize, Move)], fill: f64) -> Result<Option<Tensor>> {
    if x.device() == Device::Cpu || x.size() == 0 || moves.iter().any(|(_, m)| m.result == 0) {
        return Ok(None);
    }
    let mut y = x.clone();
    // Two axes a launch.
    for pair in moves.chunks(2) {
        let Some(moved) = launch(op, &y, pair, fill, false)? else { return Ok(None) };
        y = moved;
    }
    Ok(Some(y))
}

fn launch(op: &str, x: &Tensor, moves: &[(usize, Move)], fill: f64, back: bool) -> Result<Option<Tensor>> {
    let (last, across) = moves[moves.len() - 1];
    let (first, down) = if moves.len() == 2 { moves[0] } else { (last, Move::NONE) };
    let mut shape = x.shape().to_vec();
    for &(axis, m) in moves {
        shape[axis] = if back { m.source } else { m.result };
    }
    check_size(op, &shape, x.dtype())?;
    let between = if first == last { 1 } else { shape[first + 1..last].iter().product() };
    let sizes = [between, shape[last + 1..].iter().product()];
    let Some(value) = gpu::moves::moved(&x.value(), [down, across], sizes, fill, back, &shape) else {
        return Ok(None);
    };
    let (op, moves) = (op.to_owned(), moves.to_vec());
    let transpose = move |c: &Context| {
        let found = launch(&op, c.grad, &moves, 0.0, !back)?;
        Ok(vec![Some(found.ok_or_else(|| Error::internal(format!("{op}: a gradient on another device.")))?)])
    };
    Ok(Some(Tensor::result(value, shape, &[x], Box::new(transpose))))
}
