//! The gradient in the weight with Winograd's transforms, the adjoint of the forward algorithm in the weights:
//! dw = G^T [sum over tiles of (A g A^T) . (B^T d B)] G, for each part of the filters.

use super::plan::{Plan, BLOCK};
use super::sides::{self, Side, GAP};
use super::weights::{all as all_channels, each_filters, many_filters, order, transform_back, Back, Filters, Sums};
use super::{each_block, has_few_tiles, panels, patch_size, read, sum, Source};
use crate::kernel::parallel::{each, scratch, uninit, Aligned, Shared};
use crate::kernel::simd::{lanes, InstructionSet};
use std::ops::Range;

/// Fewest tiles in a slice. Tiles are summed in slices, one task each; their sums are then added in order.
const MIN_TILES_PER_SLICE: usize = 4 * BLOCK;
/// Largest number of slices.
const MAX_SLICES: usize = 16;
/// Largest number of float32 values in the sums of all slices.
const MAX_SLICES_SIZE: usize = 1 << 23;

/// Some blocks of tiles that one task sums.
pub struct Slice {
    pub index: usize,
    pub blocks: Range<usize>,
}

/// Values of a point of the sums of a slice.
fn point_size(isa: InstructionSet, plan: &Plan) -> usize {
    plan.depth(lanes(isa)) * plan.wide(1, lanes(isa)) + GAP
}

/// The number of slices of a plan's tiles.
pub fn slices(isa: InstructionSet, plan: &Plan) -> usize {
    if has_few_tiles(plan) {
        return 1;
    }
    let size = plan.points() * point_size(isa, plan);
    let most = (plan.rows() / MIN_TILES_PER_SLICE).min(MAX_SLICES).min(MAX_SLICES_SIZE / size).max(1);
    // A power of two, which most numbers of threads share out evenly.
    1 << most.ilog2()
}

/// Memory for the sums of all slices.
pub fn sums(isa: InstructionSet, plan: &Plan) -> (Aligned, Sums) {
    let (wide, point) = (plan.wide(1, lanes(isa)), point_size(isa, plan));
    let slice = plan.points() * point;
    let slices = slices(isa, plan);
    // SAFETY: the first block of each slice writes every value that is read.
    let mut memory = unsafe { Aligned::uninit(slices * slice) };
    let at = Shared::new(memory.all());
    (memory, Sums { at, wide, point, slices, slice })
}

/// Calls `f` for each slice, with memory for the pixels of a run of tiles and both sides of a block: at the same time.
pub fn each_slice(isa: InstructionSet, plan: &Plan, slices: usize, f: impl Fn(Slice, [*mut f32; 2]) + Send + Sync) {
    let (blocks, patch) = (plan.blocks(), patch_size(plan, isa));
    each(slices, true, |index| {
        scratch(patch + sides::block_size(plan, isa), |memory| {
            let blocks = index * blocks / slices..(index + 1) * blocks / slices;
            let (patch, sides) = memory.split_at_mut(patch);
            f(Slice { index, blocks }, [patch.as_mut_ptr(), sides.as_mut_ptr()]);
        });
    });
}

/// The weight's gradient from the sums.
pub fn weight_of(isa: InstructionSet, plan: &Plan, sums: Sums, filters: Filters) -> Vec<f32> {
    filters_of(plan, |dw| {
        let to = &Back { at: dw, filters, order: order(plan) };
        each_filters(plan, lanes(isa), filters, all_channels(plan), many_filters(plan), |o, range| {
            // SAFETY: each filter of dw is written once.
            unsafe { transform_back(isa, plan, sums, o, range, to) }
        });
    })
}

/// All filters of a weight, each of which `write` writes.
pub fn filters_of(plan: &Plan, write: impl FnOnce(Shared)) -> Vec<f32> {
    let [inputs, outputs] = plan.channels;
    let [y, x] = plan.axes.map(|axis| axis.taps.count);
    // SAFETY: `write` writes every filter.
    let mut dw = unsafe { uninit(outputs * inputs * y * x) };
    write(Shared::new(&mut dw));
    dw
}

/// The gradient in the weight from the input `x` and the output's gradient `g`.
pub fn weight(isa: InstructionSet, plan: &Plan, x: &[f32], g: &[f32], filters: Filters) -> Vec<f32> {
    if plan.in_panels() {
        return filters_of(plan, |dw| panels::weight(isa, plan, [x, g], filters, dw));
    }
    let (_memory, all) = sums(isa, plan);
    let depth = 0..plan.depth(lanes(isa));
    let patch = patch_size(plan, isa);
    // SAFETY: blocks have disjoint tiles, points and slices disjoint sums, and both sides hold the tiles.
    let read_both = |tiles: [usize; 2], patch: *mut f32, [v, m]: [Side; 2]| unsafe {
        read(isa, plan, Source::Input(x, None), 0..plan.channels[0], tiles, patch, v);
        read(isa, plan, Source::Gradient(g), 0..plan.channels[1], tiles, patch, m);
    };
    if has_few_tiles(plan) {
        let (_memory, both) = sides::all(plan, isa);
        each_block(plan, patch, |tiles, patch| read_both(tiles, patch, both));
        // SAFETY: as above.
        each(plan.points(), true, |p| unsafe {
            sum(isa, plan, depth.clone(), p, [0, plan.tiles()], both, all.of(0, false))
        });
    } else {
        each_slice(isa, plan, all.slices, |slice, [patch, memory]| {
            for block in slice.blocks.clone() {
                let (tiles, add) = (plan.block(block), block > slice.blocks.start);
                let both = sides::of_block(plan, isa, memory, tiles[0]);
                read_both(tiles, patch, both);
                for p in 0..plan.points() {
                    // SAFETY: as above.
                    unsafe { sum(isa, plan, depth.clone(), p, tiles, both, all.of(slice.index, add)) }
                }
            }
        });
    }
    weight_of(isa, plan, all, filters)
}
