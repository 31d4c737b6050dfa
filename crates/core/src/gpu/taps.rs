//! Sums of few elements along an axis by a table of positions and weights, a unit for each result.

use super::group::fits;
use super::{empty, operand, units, value};
use crate::storage::Value;
use cubecl::prelude::*;

/// y[o, k, i] = sum_t w[k, t] x[o, at[k, t], i]; the table has pairs of positions and weights.
#[cube(launch_unchecked)]
fn taps_kernel(x: &[f32], table: &[f32], y: &mut [f32], source: u32, result: u32, inner: u32, taps: u32) {
    let i = ABSOLUTE_POS;
    if i >= y.len() {
        terminate!();
    }
    let (at, rest) = (i as u32 % inner, i as u32 / inner);
    let (k, outer) = (rest % result, rest / result);
    let start = outer * source * inner + at;
    let mut sum = 0.0f32;
    for t in 0..taps {
        let entry = (2u32 * (k * taps + t)) as usize;
        let from = u32::cast_from(table[entry]);
        sum += table[entry + 1usize] * x[(start + from * inner) as usize];
    }
    y[i] = sum;
}

/// The sums along the middle axis of x, [outer, source, inner], as a tensor of a shape of which it has `result`
/// positions, by a table [result, taps, 2] with positions below `source`; `None` on the cpu.
pub(crate) fn sums(
    x: &Value,
    table: &Value,
    [source, result, inner, taps]: [usize; 4],
    shape: &[usize],
) -> Option<Value> {
    let (x, table) = (operand(x).filter(fits)?, operand(table).filter(fits)?);
    let y = empty(&x, shape);
    if !fits(&y) || source >= 1 << 24 {
        return None;
    }
    let (cubes, dim) = units(&x, y.meta.num_elements());
    // SAFETY: the kernel compares its index with the length of the result, and positions are below `source`.
    unsafe {
        taps_kernel::launch_unchecked(
            &x.client.clone(),
            cubes,
            dim,
            x.into_buffer_arg(),
            table.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            source as u32,
            result as u32,
            inner as u32,
            taps as u32,
        );
    }
    Some(value(y))
}
