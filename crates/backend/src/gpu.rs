//! What the core's own kernels for GPUs need of burn: tensors in the memory of a GPU, and the kernels of burn that the
//! core chooses by name.

pub use burn_cubecl::tensor::CubeTensor;

use burn_backend::DType;
use burn_backend::Shape;
use burn_cubecl::kernel;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use cubecl::prelude::*;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::launch_ref;
use cubek::matmul::{multi_level, strategy::Strategy};
use cubek::std::InputBinding;

/// The tensor in row-major order: copied if it is not.
#[inline(never)]
pub fn contiguous(tensor: CubeTensor) -> CubeTensor {
    kernel::into_contiguous(tensor)
}

/// Memory for a float32 result of a shape, beside a tensor.
#[inline(never)]
pub fn empty(like: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape, DType::F32)
}

/// The first `length` numbers of the `i`-th part of a tensor in row-major order, as a view; parts are of `apart`
/// numbers, a multiple of 64.
#[inline(never)]
pub fn part_of(t: &CubeTensor, i: usize, apart: usize, length: usize) -> CubeTensor {
    let bytes = |numbers: usize| (numbers * t.dtype.size()) as u64;
    let after = t.meta.num_elements() - (i + 1) * apart;
    let handle = t.handle.clone().offset_start(bytes(i * apart)).offset_end(bytes(after));
    CubeTensor::new_contiguous(t.client.clone(), t.device.clone(), Shape::from(vec![length]), handle, t.dtype)
}

/// out = a b over the last two axes of float32 tensors, in plain multiply-adds, which every GPU has, in tiles that are
/// kept in registers. The error is the reason why there is no kernel.
#[inline(never)]
pub fn matmul(a: CubeTensor, b: CubeTensor, out: &CubeTensor) -> Result<(), String> {
    let float = f32::elem_type_native();
    let mut types = MatmulElems::from_globals(&MatmulGlobalElems { lhs: float, rhs: float, out: float });
    let strategy = Strategy::MultiLevel(multi_level::Strategy::SimpleUnit(Default::default()));
    let client = a.client.clone();
    let [a, b] = [a, b].map(|t| InputBinding::new(t.binding(), float));
    launch_ref(&strategy, &client, a, b, out.clone().binding(), &mut types).map_err(|e| format!("{e:?}"))
}

/// Convolutions on the tensor cores of NVIDIA GPUs.
#[cfg(feature = "cuda")]
pub mod conv;
