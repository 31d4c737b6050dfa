//! Convolutions on the tensor cores of NVIDIA GPUs, which round the operands to TF32 (10 bits) and add in float32; only
//! where the program allows it.

use crate::gpu::{tensor, value};
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

/// Whether a convolution of this value may use TF32.
pub(crate) fn may(value: &Value) -> bool {
    ALLOWED.load(Ordering::Relaxed) && tensor(value).is_some_and(|t| matches!(t.device, CubeDevice::Cuda(_)))
}

/// The tensors of a convolution that may use TF32.
fn operands(a: &Value, b: &Value) -> Option<(CubeTensor, CubeTensor)> {
    may(a).then(|| Some((tensor(a)?, tensor(b)?))).flatten()
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
