//! Lists of tensors in one launch, as many as the device binds buffers for: a kernel repeats its body for each, and a
//! group of units computes a part of one.

use super::group::{fits, UNITS};
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Arrays of a launch.
pub(super) type Arrays = Sequence<Box<[f32]>>;

/// Tensors of a launch, at most: the code of a kernel grows with them.
const MOST: usize = 32;

/// How many tensors a launch takes that come with so many buffers each, beside `others`.
pub(super) fn at_once(like: &CubeTensor, each: usize, others: usize) -> usize {
    // One more buffer holds the sizes and numbers.
    let buffers = like.client.properties().hardware.max_bindings as usize;
    (buffers.saturating_sub(1 + others) / each).clamp(1, MOST)
}

/// Numbers of a tensor that a group of units computes.
#[derive(Clone, Copy)]
pub(super) enum Share {
    /// One for each unit.
    Unit,
    /// So many.
    Part(usize),
}

/// For each tensor the first group after its own, and shape and size of the launch. `None` where 32 bits do not count
/// the elements.
pub(super) fn ends<'a>(
    tensors: impl Iterator<Item = &'a CubeTensor>,
    share: Share,
) -> Option<(Vec<u32>, CubeCount, CubeDim)> {
    let numbers = match share {
        Share::Unit => UNITS as usize,
        Share::Part(numbers) => numbers,
    };
    let mut end = 0usize;
    let ends = tensors
        .map(|t| {
            end += t.meta.num_elements().div_ceil(numbers);
            fits(t).then_some(end as u32).filter(|_| end < 1 << 31)
        })
        .collect::<Option<Vec<u32>>>()?;
    let (groups, group) = super::group::groups(end);
    Some((ends, groups, group))
}

/// Tensors as an argument of a launch.
pub(super) fn arrays<'a>(tensors: impl Iterator<Item = &'a CubeTensor>) -> SequenceArg<Box<[f32]>> {
    tensors.map(|t| t.clone().into_buffer_arg()).collect()
}

/// The first group of tensor `k`.
#[cube]
pub(super) fn begin(ends: &Sequence<u32>, #[comptime] k: usize) -> u32 {
    let mut begin = 0u32;
    if comptime!(k > 0) {
        begin = *ends.index(comptime!(k - 1));
    }
    begin
}
