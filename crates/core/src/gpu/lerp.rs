//! Weighted means of pairs of tensors, many pairs a launch.

use super::group::UNITS;
use super::lists::{arrays, at_once, begin, ends, Arrays, Share};
use super::{empty, operand, value};
use crate::storage::Value;
use cubecl::prelude::*;

/// out = a + weight (factor b - a).
#[cube(launch_unchecked)]
fn lerp_kernel(a: &Arrays, b: &Arrays, out: &mut Arrays, ends: &Sequence<u32>, factors: &Sequence<f32>, weight: f32) {
    let group = CUBE_POS as u32;
    #[unroll]
    for k in 0..a.len() {
        let first = begin(ends, k);
        let i = ((group - first) * UNITS + UNIT_POS) as usize;
        let (a, b) = (a.index(k), b.index(k));
        if group >= first && group < *ends.index(k) && i < a.len() {
            out.index_mut(k)[i] = a[i] + weight * (*factors.index(k) * b[i] - a[i]);
        }
    }
}

/// a + weight (factor b - a) for each pair of tensors of one shape; `None` on the cpu.
pub(crate) fn lerp(weight: f64, factors: &[f64], pairs: &[[Value; 2]]) -> Option<Vec<Value>> {
    let mut items = Vec::with_capacity(pairs.len());
    for ([a, b], factor) in pairs.iter().zip(factors) {
        let (a, b) = (operand(a)?, operand(b)?);
        let out = empty(&a, &a.meta.shape()[..]);
        items.push(([a, b, out], *factor as f32));
    }
    let used: Vec<_> = items.iter().filter(|(t, _)| t[0].meta.num_elements() > 0).collect();
    if let Some((first, _)) = used.first() {
        for items in used.chunks(at_once(&first[0], 3, 0)) {
            let (ends, groups, group) = ends(items.iter().map(|(t, _)| &t[0]), Share::Unit)?;
            let [a, b, to] = [0, 1, 2].map(|i| arrays(items.iter().map(|(t, _)| &t[i])));
            let (ends, factors) = (ends.into_iter().collect(), items.iter().map(|(_, factor)| *factor).collect());
            // SAFETY: the kernel compares its index with the length of a, whose shape the others have.
            unsafe {
                lerp_kernel::launch_unchecked(&first[0].client, groups, group, a, b, to, ends, factors, weight as f32)
            };
        }
    }
    Some(items.into_iter().map(|([.., out], _)| value(out)).collect())
}
