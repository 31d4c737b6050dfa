//! The leaky rectifier and the gate of its gradient in one launch each.

use super::{empty, operand, units, value};
use crate::storage::Value;
use cubecl::prelude::*;

/// out = x where sign > 0 or NaN, else slope x.
#[cube(launch_unchecked)]
fn gate_kernel(x: &[f32], sign: &[f32], out: &mut [f32], slope: f32) {
    let i = ABSOLUTE_POS;
    if i < out.len() {
        out[i] = select(sign[i] <= 0.0, slope * x[i], x[i]);
    }
}

/// x where `sign` > 0 or NaN, else slope x, both of a shape; `None` on the cpu.
pub(crate) fn gate(x: &Value, sign: &Value, shape: &[usize], slope: f64) -> Option<Value> {
    let (x, sign) = (operand(x)?, operand(sign)?);
    let (out, count) = (empty(&x, shape), shape.iter().product());
    if count > 0 {
        let (client, (groups, group)) = (x.client.clone(), units(&x, count));
        let [x, sign, to] = [x, sign, out.clone()].map(|t| t.into_buffer_arg());
        // SAFETY: the kernel compares its index with the length of the result, whose shape the operands have.
        unsafe { gate_kernel::launch_unchecked(&client, groups, group, x, sign, to, slope as f32) };
    }
    Some(value(out))
}
