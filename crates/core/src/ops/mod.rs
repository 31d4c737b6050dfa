//! Operators: the shape rule, the forward pass and the vector-Jacobian product of each are defined together.

pub mod activation;
pub mod compare;
pub mod conv;
pub mod distance;
pub mod elementwise;
pub mod fft;
pub mod image_norm;
pub mod index;
pub mod join;
pub mod linalg;
mod moves;
pub mod non_local;
pub mod norm;
pub mod optim;
pub mod pool;
pub mod radon;
pub mod reduce;
pub mod resample;
pub mod sample;
pub mod shape;
pub mod smooth;
pub mod softmax;
pub mod spectrum;
pub mod unary;
pub mod warp;

use crate::device::Device;
use crate::error::{Error, Result};
use crate::gpu;
use crate::kernel::formula::Formula;
use crate::storage::{physical, DType, Value};
use crate::tape::{self, Context};
pub(crate) use crate::tensor::same_kind;
use crate::tensor::{check_size, Tensor};
use adjoint_backend::Dispatch;

/// Maximum of strides, paddings and window sizes, so that no product of two of them overflows.
pub(crate) const LARGEST: usize = 1 << 24;

/// The gradients of an operator by differentiating `composed`, the same operator as a composition of others; where
/// operators are recorded, they can be differentiated again.
pub(crate) fn composed_gradients(
    c: &Context,
    composed: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<Vec<Option<Tensor>>> {
    let recorded = tape::is_enabled();
    // Copies, so that differentiation ends at the operands, of which one may depend on another.
    let copy = |(x, &need): (&Tensor, &bool)| if need && recorded { unary::clone(x) } else { Ok(x.as_leaf(need)) };
    let operands = c.inputs.iter().zip(c.needs).map(copy).collect::<Result<Vec<_>>>()?;
    let output = tape::recording(true, || composed(&operands))?;
    tape::grad(&[output], &operands, &[Some(c.grad.clone())], recorded)
}

/// NumPy's broadcasting rule; the result must fit into memory.
pub(crate) fn broadcast(op: &str, a: &[usize], b: &[usize], dtype: DType) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let mut out = vec![0; rank];
    for i in 0..rank {
        let x = if i + a.len() >= rank { a[i + a.len() - rank] } else { 1 };
        let y = if i + b.len() >= rank { b[i + b.len() - rank] } else { 1 };
        out[i] = match (x, y) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => {
                return Err(Error::shape(
                    op,
                    format!(
                        "shapes {a:?} and {b:?} do not broadcast: sizes {x} and {y} on axis {i}, expected equal sizes \
                         or 1."
                    ),
                ))
            }
        };
    }
    check_size(op, &out, dtype)?;
    Ok(out)
}

/// The value of `x` with leading axes of size one, up to `rank`.
pub(crate) fn with_rank(x: &Tensor, rank: usize) -> Value {
    if x.rank() == rank || rank <= 1 {
        return x.value();
    }
    let mut shape = vec![1; rank - x.rank()];
    shape.extend_from_slice(x.shape());
    Dispatch::float_reshape(x.value(), physical(&shape))
}

/// Our kernels refused a tensor on a GPU, where there are no others.
pub(crate) fn too_large(op: &str) -> Error {
    Error::argument(op, "on a GPU tensors have fewer than 2^31 elements, and more came; cut it, or compute on the cpu.")
}

/// A formula of tensors of a gradient's shape as a VJP's result: in one launch on a GPU where nothing is recorded, else
/// by operators.
pub(crate) fn fused(
    c: &Context,
    formula: Formula,
    operands: &[&Tensor],
    constants: [f64; 2],
    other: impl FnOnce() -> Result<Tensor>,
) -> Result<Tensor> {
    if !tape::is_enabled() {
        if let Some(value) = on_gpu(formula, operands, constants, c.grad.shape()) {
            return c.gradient(value, c.grad.shape());
        }
    }
    other()
}

/// A formula of tensors, broadcast to a shape, on a GPU.
pub(crate) fn on_gpu(formula: Formula, operands: &[&Tensor], constants: [f64; 2], shape: &[usize]) -> Option<Value> {
    if operands.first()?.device() == Device::Cpu {
        return None;
    }
    let values: Vec<Value> = operands.iter().map(|t| t.value()).collect();
    gpu::pointwise::apply(formula, &values.iter().collect::<Vec<_>>(), constants, shape)
}

pub(crate) fn check_rank(op: &str, name: &str, x: &Tensor, rank: usize) -> Result<()> {
    if x.rank() != rank {
        return Err(Error::shape(op, format!("{name} has shape {:?}, expected {rank} axes.", x.shape())));
    }
    Ok(())
}

pub(crate) fn check_axis(op: &str, x: &Tensor, axis: usize) -> Result<()> {
    if axis >= x.rank() {
        return Err(Error::argument(op, format!("axis {axis} came, but shape {:?} has {} axes.", x.shape(), x.rank())));
    }
    Ok(())
}

pub(crate) fn check_axes(op: &str, x: &Tensor, axes: &[usize]) -> Result<()> {
    for (i, &axis) in axes.iter().enumerate() {
        check_axis(op, x, axis)?;
        if axes[..i].contains(&axis) {
            return Err(Error::argument(op, format!("axis {axis} came twice, expected each axis once.")));
        }
    }
    Ok(())
}
