//! Our own kernels for GPUs, written once in the language of cubecl and compiled at run time for the device: WGSL for
//! wgpu, PTX for CUDA. Each has a file; the operator that launches it checks its operands first.

pub(crate) mod adam;
pub(crate) mod clip;
pub(crate) mod conv;
pub(crate) mod extreme;
pub(crate) mod fourier;
mod group;
pub(crate) mod join;
pub(crate) mod lerp;
mod lists;
pub(crate) mod moves;
pub(crate) mod norm;
pub(crate) mod pixel_norm;
pub(crate) mod pointwise;
pub(crate) mod pool;
pub(crate) mod precision;
pub(crate) mod product;
pub(crate) mod radon;
pub(crate) mod random;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod softmax;
pub(crate) mod sums;
pub(crate) mod taps;

use crate::storage::{physical, Value};
use adjoint_backend::gpu::{self, CubeTensor};
use adjoint_backend::{BackendTensor, DType as BurnDType, DispatchTensor, DispatchTensorKind};
use cubecl::prelude::*;

/// Groups of units on one axis of a launch: what WebGPU promises.
const AXIS: usize = 65_535;

/// A float32 tensor on a GPU; `None` on the cpu.
fn tensor(value: &Value) -> Option<CubeTensor> {
    match &value.kind {
        DispatchTensorKind::Cube(BackendTensor::Float(t)) if t.dtype == BurnDType::F32 => Some(t.clone()),
        _ => None,
    }
}

/// As `tensor`, in row-major order: copied if it is not.
fn operand(value: &Value) -> Option<CubeTensor> {
    tensor(value).map(gpu::contiguous)
}

/// Memory for a result of a shape, beside a tensor.
fn empty(like: &CubeTensor, shape: &[usize]) -> CubeTensor {
    gpu::empty(like, physical(shape))
}

/// The tensor as a value of the core.
fn value(t: CubeTensor) -> Value {
    DispatchTensor { kind: DispatchTensorKind::Cube(BackendTensor::Float(t)), autodiff: Default::default() }
}

/// How many groups of how many units compute `count` elements.
fn units(like: &CubeTensor, count: usize) -> (CubeCount, CubeDim) {
    let group = CubeDim::new(&like.client, count);
    (cubecl::calculate_cube_count_elemwise(&like.client, count, group), group)
}
