//! Matrix products in true float32. burn's own choice on CUDA takes tensor cores, which round the operands to TF32:
//! 10 bits, errors near 1e-3 in Fourier transforms and projections that are products with matrices.

use super::{empty, tensor, value};
use crate::error::{Error, Result};
use crate::storage::Value;
use cubecl::prelude::*;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::launch_ref;
use cubek::matmul::{multi_level, strategy::Strategy};
use cubek::std::InputBinding;

/// a b over the last two axes, of shape `[count, m, n]`; `None` on the cpu.
pub(crate) fn matmul(a: &Value, b: &Value, shape: &[usize]) -> Option<Result<Value>> {
    let (a, b) = (tensor(a)?, tensor(b)?);
    let (out, client) = (empty(&a, shape), a.client.clone());
    let float = f32::elem_type_native();
    let mut types = MatmulElems::from_globals(&MatmulGlobalElems { lhs: float, rhs: float, out: float });
    // Plain multiply-adds, which every GPU has, in tiles that are kept in registers.
    let strategy = Strategy::MultiLevel(multi_level::Strategy::SimpleUnit(Default::default()));
    let [a, b] = [a, b].map(|t| InputBinding::new(t.binding(), float));
    let launched = launch_ref(&strategy, &client, a, b, out.clone().binding(), &mut types);
    Some(match launched {
        Ok(()) => Ok(value(out)),
        Err(e) => Err(Error::internal(format!("matmul: no kernel for a product of shape {shape:?} ({e:?})."))),
    })
}
