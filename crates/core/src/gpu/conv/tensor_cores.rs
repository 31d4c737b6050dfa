//! Convolutions of networks on the tensor cores of NVIDIA GPUs, where the program allows it: operands are rounded to a
//! type of 16 bits, or to TF32 (10 bits), and sums are float32.

use crate::gpu::{precision, tensor, value};
use crate::kernel::conv::shape::ConvShape;
use crate::storage::Value;
use adjoint_backend::gpu::conv::{self, Operands};
use adjoint_backend::gpu::CubeTensor;
use adjoint_backend::ops::ConvOptions;
use adjoint_backend::{CubeDevice, Shape};
use cubecl::ir::{ElemType, FloatKind};
use std::sync::atomic::{AtomicBool, Ordering};

static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Allows TF32 in convolutions of networks, for the whole process.
pub(crate) fn set_tf32(on: bool) {
    ALLOWED.store(on, Ordering::Relaxed);
}

/// The type of the operands of a convolution of this value; `None` where it may not be rounded.
fn types(conv: &ConvShape, beside: &Value) -> Option<Operands> {
    let beside = tensor(beside).filter(|t| conv.mixed && matches!(t.device, CubeDevice::Cuda(_)))?;
    match precision::stored(conv.mixed, &beside) {
        ElemType::Float(FloatKind::BF16) => Some(Operands::Bf16),
        ElemType::Float(FloatKind::F16) => Some(Operands::F16),
        _ => ALLOWED.load(Ordering::Relaxed).then_some(Operands::Float32),
    }
}

/// Whether a convolution of this value may use tensor cores.
pub(crate) fn may(conv: &ConvShape, value: &Value) -> bool {
    types(conv, value).is_some()
}

/// The tensors of a convolution that may use tensor cores, and the type of its operands.
fn operands(conv: &ConvShape, a: &Value, b: &Value) -> Option<(CubeTensor, CubeTensor, Operands)> {
    Some((tensor(a)?, tensor(b)?, types(conv, a)?))
}

/// The convolution as an implicit product of matrices; `None` where it may not be rounded, or has no such kernel.
pub(crate) fn conv2d(conv: &ConvShape, x: &Value, weight: &Value, options: ConvOptions<2>) -> Option<Value> {
    let (x, weight, types) = operands(conv, x, weight)?;
    conv::forward(x, weight, options, types).map(value)
}

/// Its gradient in the weight, of a shape; `None` as of `conv2d`.
pub(crate) fn conv2d_weight(
    conv: &ConvShape,
    x: &Value,
    gradient: &Value,
    shape: &[usize],
    options: ConvOptions<2>,
) -> Option<Value> {
    let (x, gradient, types) = operands(conv, x, gradient)?;
    let shape = Shape::from(shape.to_vec());
    conv::weight(x, gradient, shape, options, types).map(value)
}
