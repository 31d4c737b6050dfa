//! The gradient in the weight with Winograd's transforms, the adjoint of the forward algorithm in the weights:
//! dw = G^T [sum over tiles of (A g A^T) . (B^T d B)] G, for each part of the filters.

use super::plan::{Plan, BLOCK};
use super::sides::{self, Side, GAP};
use super::weights::{each_filters, transform_back, Sums};
use super::{each_block, has_few_tiles, patch_size, read};
use crate::kernel::parallel::{each, scratch, uninit, Aligned, Shared};
use crate::kernel::product::{product, Left, Out, Right};
use crate::kernel::simd::{entry, lanes, InstructionSet, Simd};

/// Fewest tiles in a slice. Tiles are summed in slices, one task each; their sums are then added in order.
const MIN_TILES_PER_SLICE: usize = 4 * BLOCK;
/// Largest number of slices.
const MAX_SLICES: usize = 8;
/// Largest number of float32 values in the sums of all slices.
const MAX_SLICES_SIZE: usize = 1 << 23;

/// The gradient [outputs, inputs, height, width] from the input `x` and the output's gradient `g`.
pub fn weight(isa: InstructionSet, plan: &Plan, x: &[f32], g: &[f32]) -> Vec<f32> {
    let [inputs, outputs] = plan.channels;
    let n = lanes(isa);
    let (depth, wide) = (plan.depth(n), plan.wide(1, n));
    let point = depth * wide + GAP;
    let size = plan.points() * point;
    let blocks = plan.blocks();
    let slices = if has_few_tiles(plan) {
        1
    } else {
        let rows = plan.tiles() * plan.residues();
        (rows / MIN_TILES_PER_SLICE).min(MAX_SLICES).min(MAX_SLICES_SIZE / size).max(1)
    };
    // SAFETY: the first block of each slice writes every value that is read.
    let mut sums = unsafe { Aligned::uninit(slices * size) };
    let shared = Shared::new(sums.all());
    let sums_of = Sums { at: shared, wide, point, slices, slice: size };
    let patch = patch_size(plan, isa);
    // SAFETY: blocks have disjoint tiles, points and slices disjoint sums, and both sides hold the tiles.
    let read_both = |tiles: [usize; 2], patch: *mut f32, [v, m]: [Side; 2]| unsafe {
        read(isa, plan, [x, &[]], tiles, patch, v);
        read(isa, plan, [&[], g], tiles, patch, m);
    };
    if has_few_tiles(plan) {
        let (_memory, both) = sides::all(plan, isa);
        each_block(plan, patch, |tiles, patch| read_both(tiles, patch, both));
        // SAFETY: as above.
        each(plan.points(), true, |p| unsafe { sum(isa, plan, p, [0, plan.tiles()], both, shared.at(0), false) });
    } else {
        each(slices, true, |slice| {
            scratch(patch + sides::block_size(plan, isa), |memory| {
                let range = slice * blocks / slices..(slice + 1) * blocks / slices;
                for block in range.clone() {
                    let (tiles, to, add) = (plan.block(block), shared.at(slice * size), block > range.start);
                    let both = sides::of_block(plan, isa, memory[patch..].as_mut_ptr(), tiles[0]);
                    read_both(tiles, memory.as_mut_ptr(), both);
                    for p in 0..plan.points() {
                        // SAFETY: as above.
                        unsafe { sum(isa, plan, p, tiles, both, to, add) }
                    }
                }
            });
        });
    }
    let [y, x] = plan.axes.map(|axis| axis.taps.count);
    // SAFETY: the filters of every input channel are written below.
    let mut dw = unsafe { uninit(outputs * inputs * y * x) };
    let out = Shared::new(&mut dw);
    each_filters(plan, n, false, |o, range| {
        // SAFETY: each filter of dw is written once.
        unsafe { transform_back(isa, plan, sums_of, o, range, out) }
    });
    drop(sums);
    dw
}

entry! {
    /// Adds some tiles to the sums of one point, or writes them without `add`.
    fn sum(plan: &Plan, p: usize, tiles: [usize; 2], sides: [Side; 2], sums: *mut f32, add: bool) = sum_body
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(
    _: S,
    plan: &Plan,
    p: usize,
    [first, last]: [usize; 2],
    [v, m]: [Side; 2],
    sums: *mut f32,
    add: bool,
) {
    let depth = plan.depth(S::N);
    let (row, rows) = (first * plan.residues(), (last - first) * plan.residues());
    product::<S>(
        depth,
        rows,
        m.wide / S::N,
        Left { at: v.at(p, row), row: 1, column: v.wide, strip: None },
        Right { at: m.at(p, row), row: m.wide, panel: S::VECS * S::N },
        Out { at: sums.add(p * (depth * m.wide + GAP)), row: m.wide, add },
    );
}
