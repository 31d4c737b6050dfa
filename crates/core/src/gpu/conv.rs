//! Convolutions on the tensor cores of NVIDIA GPUs, which round the operands to TF32 (10 bits) and add in float32; only
//! where the program allows it.

use super::{tensor, value};
use crate::storage::Value;
use adjoint_backend::gpu::{conv, CubeTensor};
use adjoint_backend::ops::ConvOptions;
use adjoint_backend::{CubeDevice, Shape};
use std::sync::atomic::{AtomicBool, Ordering};

static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Allows TF32 in convolutions, for the whole process.
pub(crate) fn set_tf32(on: bool) {
    ALLOWED.store(on, Ordering::Relaxed);
}

/// The tensors of a convolution that may use TF32.
fn operands(a: &Value, b: &Value) -> Option<(CubeTensor, CubeTensor)> {
    if !ALLOWED.load(Ordering::Relaxed) {
        return None;
    }
    let (a, b) = (tensor(a)?, tensor(b)?);
    matches!(a.device, CubeDevice::Cuda(_)).then_some((a, b))
}

/// The convolution as an implicit product of matrices; `None` where it may not use TF32, or has no such kernel.
pub(crate) fn conv2d(x: &Value, weight: &Value, options: ConvOptions<2>) -> Option<Value> {
    let (x, weight) = operands(x, weight)?;
    conv::forward(x, weight, options).map(value)
}

/// Its gradient in the weight, of a shape; `None` as of `conv2d`.
pub(crate) fn conv2d_weight(x: &Value, gradient: &Value, shape: &[usize], options: ConvOptions<2>) -> Option<Value> {
    let (x, gradient) = operands(x, gradient)?;
    let shape = Shape::from(shape.to_vec());
    conv::weight(x, gradient, shape, options).map(value)
}
