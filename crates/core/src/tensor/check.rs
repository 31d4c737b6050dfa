//! Checks of sizes, devices and element types.

use super::{DType, Tensor};
use crate::allocation;
use crate::device::Device;
use crate::error::{Error, Result};

/// Largest number of axes.
pub(crate) const MAX_RANK: usize = 32;

/// Number of elements of `shape`; an error if that is more than a tensor can hold, or than there is memory for.
pub(crate) fn check_size(op: &str, shape: &[usize], dtype: DType) -> Result<usize> {
    /// Kernels on GPUs count elements with 32 bits.
    const MOST: usize = u32::MAX as usize;
    check_axes(op, shape.len())?;
    let count = elements(shape).filter(|&n| n <= MOST).ok_or_else(|| {
        Error::argument(op, format!("a tensor of shape {shape:?} is too large, expected at most {MOST} elements."))
    })?;
    allocation::check(op, count.checked_mul(dtype.size()))?;
    Ok(count)
}

pub(crate) fn check_axes(op: &str, rank: usize) -> Result<()> {
    if rank > MAX_RANK {
        return Err(Error::argument(op, format!("a tensor of {rank} axes came, expected at most {MAX_RANK} axes.")));
    }
    Ok(())
}

/// Product of the sizes; `None` where it does not fit a number. An axis of size zero does not hide the others.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    let count = shape.iter().filter(|&&n| n != 0).try_fold(1usize, |a, &b| a.checked_mul(b))?;
    Some(if shape.contains(&0) { 0 } else { count })
}

pub(super) fn check_length(length: usize, shape: &[usize]) -> Result<()> {
    check_axes("tensor", shape.len())?;
    if elements(shape) != Some(length) {
        return Err(Error::shape("tensor", format!("{length} values came, which do not fill shape {shape:?}.")));
    }
    Ok(())
}

pub(super) fn check_dtype(dtype: DType, device: Device) -> Result<()> {
    if dtype == DType::F64 && device != Device::Cpu {
        return Err(Error::dtype(
            "tensor",
            format!("float64 came for {}, which has float32 only; use float32, or device \"cpu\".", device),
        ));
    }
    Ok(())
}

/// Operands must share a device and an element type.
pub(crate) fn same_kind(op: &str, a: &Tensor, b: &Tensor) -> Result<()> {
    if a.device() != b.device() {
        return Err(Error::device(
            "device_mismatch",
            format!("{op}: operands are on {} and {}; move one with to().", a.device(), b.device()),
        ));
    }
    if a.dtype() != b.dtype() {
        return Err(Error::dtype(
            op,
            format!("operands are {} and {}; convert one with to().", a.dtype().name(), b.dtype().name()),
        ));
    }
    Ok(())
}
