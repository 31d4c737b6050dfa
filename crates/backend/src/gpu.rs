//! What the core's own kernels for GPUs need of burn: tensors in the memory of a GPU, and the kernels of burn that the
//! core chooses by name.

pub use burn_cubecl::tensor::CubeTensor;

use burn_backend::DType;
use burn_backend::Shape;
use burn_cubecl::kernel;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;

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

/// Convolutions on the tensor cores of NVIDIA GPUs.
#[cfg(feature = "cuda")]
pub mod conv;
