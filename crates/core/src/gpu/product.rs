//! Matrix products in true float32. burn's own choice on CUDA takes tensor cores, which round the operands to TF32:
//! 10 bits, errors near 1e-3 in Fourier transforms and projections that are products with matrices.

use super::{empty, tensor, value};
use crate::error::{Error, Result};
use crate::storage::Value;
use adjoint_backend::gpu;

/// a b over the last two axes, of shape `[count, m, n]`; `None` on the cpu.
pub(crate) fn matmul(a: &Value, b: &Value, shape: &[usize]) -> Option<Result<Value>> {
    let (a, b) = (tensor(a)?, tensor(b)?);
    let out = empty(&a, shape);
    Some(match gpu::matmul(a, b, &out) {
        Ok(()) => Ok(value(out)),
        Err(reason) => Err(Error::internal(format!("matmul: no kernel for a product of shape {shape:?} ({reason})."))),
    })
}
