//! Products of float32 matrices on the CPU, in any layout and with broadcasting.

use super::elementwise::operands;
use super::{from_vec, Value};
use crate::kernel::product::matmul;
use crate::kernel::simd::isa;

/// Fewest rows and columns of the result: packing the right operand is most of the work of a few rows, and burn does
/// not pack there.
const MIN_SIDE: usize = 8;

/// a b for each of `batch`, to which both are broadcast, of sizes [m, k, n]; `None` if burn must compute it.
pub(crate) fn product(a: &Value, b: &Value, batch: &[usize], sizes: [usize; 3]) -> Option<Value> {
    let [m, _, n] = sizes;
    if m < MIN_SIDE || n < MIN_SIDE {
        return None;
    }
    let mut shape = batch.to_vec();
    shape.extend([m, n]);
    // Only the number of axes counts.
    let [a, b] = operands([a, b], &shape)?;
    Some(from_vec(matmul::matmul(isa(), a, b, batch, sizes), &shape))
}
