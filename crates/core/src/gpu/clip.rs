//! The factor by which gradients are clipped: a sum of squares of many tensors a launch, and one launch that adds the
//! sums.

use super::group::{total, UNITS};
use super::lists::{arrays, at_once, begin, ends, Arrays, Share};
use super::{empty, operand, value};
use crate::kernel::loss_scale::LossScale;
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Numbers that a group of units adds.
const PART: usize = 4096;

/// partial[from + group] = the sum of x^2 over the part of the group.
#[cube(launch_unchecked)]
fn squares_kernel(x: &Arrays, partial: &mut [f32], ends: &Sequence<u32>, from: u32, #[comptime] part: u32) {
    let group = CUBE_POS as u32;
    let mut sum = 0.0f32;
    #[unroll]
    for k in 0..x.len() {
        let first = begin(ends, k);
        if group >= first && group < *ends.index(k) {
            let x = x.index(k);
            let start = (group - first) * part;
            let end = min(start + part, x.len() as u32);
            for i in range_stepped(start + UNIT_POS, end, UNITS) {
                sum += x[i as usize] * x[i as usize];
            }
        }
    }
    let sum = total(sum);
    if UNIT_POS == 0 && group < *ends.index(comptime!(x.len() - 1)) {
        partial[(from + group) as usize] = sum;
    }
}

/// The sum of all partial sums. All units of the one group must call it; it is for the first.
#[cube]
fn sum_of(partial: &[f32]) -> f32 {
    let mut sum = 0.0f32;
    for i in range_stepped(UNIT_POS, partial.len() as u32, UNITS) {
        sum += partial[i as usize];
    }
    total(sum)
}

/// out = min(1, limit / (sqrt(the sum of the partial sums) + 1e-6)).
#[cube(launch_unchecked)]
fn factor_kernel(partial: &[f32], out: &mut [f32], limit: f32) {
    let sum = sum_of(partial);
    if UNIT_POS == 0 {
        out[0] = min(limit / (sum.sqrt() + 1e-6), 1.0);
    }
}

/// The factor of `unscaled` and the next state, from the partial sums of scaled gradients. Comparisons, not NaN, carry
/// the outcome: compilers of shaders may assume that there are no NaNs.
#[cube(launch_unchecked)]
fn unscale_kernel(partial: &[f32], state: &[f32], out: &mut [f32], next: &mut [f32], limit: f32) {
    let sum = sum_of(partial);
    if UNIT_POS == 0 {
        let (scale, count) = (state[0], state[1] + 1.0);
        let mut factor = f32::new(-1.0f32);
        let mut new_scale = max(0.5 * scale, 1.0);
        let mut new_count = 0.0f32;
        if sum <= 3e38 || scale <= 1.0 {
            factor = min(limit / (sum.sqrt() / scale + 1e-6), 1.0) / scale;
            new_scale = scale;
            new_count = count;
            if count >= comptime!(LossScale::GROWTH as f32) {
                new_scale = min(2.0 * scale, comptime!(LossScale::LARGEST as f32));
                new_count = 0.0f32;
            }
        }
        out[0] = factor;
        next[0] = new_scale;
        next[1] = new_count;
    }
}

/// A tensor on the device of some, and for each part of them its sum of squares; `None` on the cpu, and where there are
/// no elements.
fn squares(tensors: &[Value]) -> Option<(CubeTensor, CubeTensor)> {
    let tensors = tensors.iter().map(operand).collect::<Option<Vec<_>>>()?;
    let used: Vec<_> = tensors.iter().filter(|t| t.meta.num_elements() > 0).collect();
    let first = *used.first()?;
    let partial = empty(first, &[used.iter().map(|t| t.meta.num_elements().div_ceil(PART)).sum()]);
    let mut from = 0;
    for items in used.chunks(at_once(first, 1, 1)) {
        let (ends, groups, group) = ends(items.iter().copied(), Share::Part(PART))?;
        let (begin, to) = (from, partial.clone().into_buffer_arg());
        from += ends.last().copied().unwrap_or(0);
        let (x, ends) = (arrays(items.iter().copied()), ends.into_iter().collect());
        // SAFETY: a part ends with its tensor, and there is a partial sum for each part.
        unsafe { squares_kernel::launch_unchecked(&first.client, groups, group, x, to, ends, begin, PART as u32) };
    }
    Some((first.clone(), partial))
}

/// One group of units.
const ONE: CubeCount = CubeCount::Static(1, 1, 1);

/// min(1, limit / (norm + 1e-6)) with the Euclidean norm of all tensors together; `None` as of `squares`.
pub(crate) fn factor(limit: f64, tensors: &[Value]) -> Option<Value> {
    let (beside, partial) = squares(tensors)?;
    let out = empty(&beside, &[1]);
    let (from, to) = (partial.into_buffer_arg(), out.clone().into_buffer_arg());
    // SAFETY: the kernel stays below the length of the list.
    unsafe { factor_kernel::launch_unchecked(&beside.client, ONE, CubeDim::new_1d(UNITS), from, to, limit as f32) };
    Some(value(out))
}

/// The factor that undoes the scale of some tensors and clips them, or -1, and the next state of the scale, as of
/// `LossScale::step`; `None` as of `squares`.
pub(crate) fn unscale(limit: f64, state: &Value, tensors: &[Value]) -> Option<[Value; 2]> {
    let (state, (beside, partial)) = (operand(state)?, squares(tensors)?);
    let [out, next] = [1, 2].map(|count| empty(&beside, &[count]));
    let [from, state, to, to_next] = [partial, state, out.clone(), next.clone()].map(|t| t.into_buffer_arg());
    let (client, group) = (&beside.client, CubeDim::new_1d(UNITS));
    // SAFETY: the kernel stays below the length of the list; states have two numbers.
    unsafe { unscale_kernel::launch_unchecked(client, ONE, group, from, state, to, to_next, limit as f32) };
    Some([out, next].map(value))
}
