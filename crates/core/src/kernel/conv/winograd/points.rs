//! Winograd's algorithm for few tiles, where the transformed weights (or their gradient) are larger than everything
//! else: all tiles are transformed first, then each point of the transforms is one product. The weights of a point are
//! read once, and all threads have points to work at, however few tiles there are.

use super::tiles::Plan;
use super::transform::{Four, Two};
use super::{transform_tiles, write_tiles, Job, BLOCK, GAP};
use crate::kernel::parallel::{each, scratch, Aligned, Shared};
use crate::kernel::product::{product, Left, Out, Right};
use crate::kernel::simd::{entry, lanes, InstructionSet, Simd};

/// With as many blocks of tiles as this, threads share out the blocks.
const MIN_BLOCKS: usize = 8;

/// Whether a convolution has few tiles.
pub fn applies(plan: &Plan) -> bool {
    plan.tiles() <= (MIN_BLOCKS - 1) * BLOCK
}

/// Transformed tiles: point p, tile t, channel c at `p point + t wide + c`.
#[derive(Clone, Copy)]
struct Side {
    at: Shared,
    wide: usize,
    point: usize,
}

/// Memory for the transformed tiles of the input and of the output.
fn sides(plan: &Plan, isa: InstructionSet) -> (Aligned, [Side; 2]) {
    let wide = plan.channels.map(|channels| channels.next_multiple_of(lanes(isa)));
    let point = wide.map(|wide| plan.tiles() * wide + GAP);
    // SAFETY: every tile is written before it is read.
    let mut memory = unsafe { Aligned::uninit(plan.points() * (point[0] + point[1])) };
    let at = Shared::new(memory.all());
    let side = |i: usize| Side { at: at.offset(i * plan.points() * point[0]), wide: wide[i], point: point[i] };
    (memory, [side(0), side(1)])
}

/// Calls `stage` for each block of tiles, with memory for the pixels of a run.
fn each_block(plan: &Plan, patch: usize, stage: impl Fn([usize; 2], *mut f32) + Send + Sync) {
    each(plan.tiles().div_ceil(BLOCK), true, |block| {
        let tiles = [block * BLOCK, ((block + 1) * BLOCK).min(plan.tiles())];
        scratch(patch, |memory| stage(tiles, memory.as_mut_ptr()));
    });
}

/// The results of [`super::forward`].
pub(super) fn forward(isa: InstructionSet, job: &Job) {
    let plan = job.plan;
    let (_memory, [v, m]) = sides(plan, isa);
    // SAFETY: blocks have disjoint tiles, and points disjoint products.
    each_block(plan, job.patch, |tiles, patch| unsafe { read(isa, plan, [job.x, &[]], tiles, patch, v) });
    each(plan.points(), true, |p| unsafe { multiply(isa, job, p, [v, m]) });
    each_block(plan, job.patch, |tiles, patch| unsafe { write(isa, job, tiles, patch, m) });
}

/// The sums over all tiles for the gradient in the weight: point p, input channel i at
/// `p (inputs wide + GAP) + i wide`.
/// The pixels of a run take `patch` values.
pub(super) fn weight(isa: InstructionSet, plan: &Plan, x: &[f32], g: &[f32], patch: usize, sums: Shared) {
    let (_memory, [v, m]) = sides(plan, isa);
    // SAFETY: blocks have disjoint tiles, and points disjoint sums.
    each_block(plan, patch, |tiles, patch| unsafe {
        read(isa, plan, [x, &[]], tiles, patch, v);
        read(isa, plan, [&[], g], tiles, patch, m);
    });
    each(plan.points(), true, |p| unsafe { sum(isa, plan, p, [v, m], sums) });
}

entry! {
    /// Transforms tiles of the first of `images`, or where it is empty, of the second, the output's gradient.
    fn read(plan: &Plan, images: [&[f32]; 2], tiles: [usize; 2], patch: *mut f32, to: Side) = read_body
}

#[inline(always)]
unsafe fn read_body<S: Simd>(
    _: S,
    plan: &Plan,
    [x, g]: [&[f32]; 2],
    tiles: [usize; 2],
    patch: *mut f32,
    Side { at, wide, point }: Side,
) {
    let to = at.at(tiles[0] * wide);
    match (plan.tile == 4, g.is_empty()) {
        (true, true) => transform_tiles::<S, Four, false>(plan, x, tiles, patch, to, [wide, point]),
        (true, false) => transform_tiles::<S, Four, true>(plan, g, tiles, patch, to, [wide, point]),
        (false, true) => transform_tiles::<S, Two, false>(plan, x, tiles, patch, to, [wide, point]),
        (false, false) => transform_tiles::<S, Two, true>(plan, g, tiles, patch, to, [wide, point]),
    }
}

entry! {
    /// The product of one point of the transformed tiles with the weights.
    fn multiply(job: &Job, p: usize, sides: [Side; 2]) = multiply_body
}

#[inline(always)]
unsafe fn multiply_body<S: Simd>(_: S, job: &Job, p: usize, [v, m]: [Side; 2]) {
    let (tiles, inputs) = (job.plan.tiles(), job.plan.channels[0]);
    let right = Right { at: job.u.as_ptr().add(p * job.point), row: job.width, panel: inputs * job.width };
    // The tiles of a block stay in the first-level cache, the weights of the point in the second.
    for t in (0..tiles).step_by(BLOCK) {
        product::<S>(
            BLOCK.min(tiles - t),
            inputs,
            m.wide / S::N,
            Left { at: v.at.at(p * v.point + t * v.wide), row: v.wide, column: 1, strip: None },
            right,
            Out { at: m.at.at(p * m.point + t * m.wide), row: m.wide, add: false },
        );
    }
}

entry! {
    /// The sum over all tiles of one point.
    fn sum(plan: &Plan, p: usize, sides: [Side; 2], sums: Shared) = sum_body
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(_: S, plan: &Plan, p: usize, [v, m]: [Side; 2], sums: Shared) {
    let inputs = plan.channels[0];
    product::<S>(
        inputs,
        plan.tiles(),
        m.wide / S::N,
        Left { at: v.at.at(p * v.point), row: 1, column: v.wide, strip: None },
        Right { at: m.at.at(p * m.point), row: m.wide, panel: S::VECS * S::N },
        Out { at: sums.at(p * (inputs * m.wide + GAP)), row: m.wide, add: false },
    );
}

entry! {
    /// Transforms tiles of the results back and writes them.
    fn write(job: &Job, tiles: [usize; 2], patch: *mut f32, from: Side) = write_body
}

#[inline(always)]
unsafe fn write_body<S: Simd>(_: S, job: &Job, tiles: [usize; 2], patch: *mut f32, Side { at, wide, point }: Side) {
    let m = at.at(tiles[0] * wide);
    if job.plan.tile == 4 {
        write_tiles::<S, Four>(job, tiles, patch, m, [wide, point]);
    } else {
        write_tiles::<S, Two>(job, tiles, patch, m, [wide, point]);
    }
}
