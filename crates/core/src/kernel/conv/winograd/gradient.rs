//! The gradient in the weight with Winograd's transforms, the adjoint of the forward algorithm in the weights:
//! dw = G^T [sum over tiles of (A g A^T) . (B^T d B)] G.

use super::sides::{self, Side, GAP};
use super::tiles::{Plan, BLOCK};
use super::transform::{self, Four, Grid, Two};
use super::{each_block, each_filters, has_few_tiles, patch_size, read, FILTERS};
use crate::kernel::parallel::{each, scratch, uninit, Aligned, Shared};
use crate::kernel::product::{product, Left, Out, Right};
use crate::kernel::simd::{entry, lanes, InstructionSet, Simd};
use std::mem::MaybeUninit;
use std::ops::Range;

/// Fewest tiles in a part. Tiles are summed in parts, one task each; the parts are then added in order.
const MIN_TILES_PER_PART: usize = 4 * BLOCK;
/// Largest number of parts.
const MAX_PARTS: usize = 8;
/// Largest number of float32 values in all parts.
const MAX_PARTS_SIZE: usize = 1 << 23;

/// The gradient [outputs, inputs, 3, 3] from the input `x` and the output's gradient `g`.
pub fn weight(isa: InstructionSet, plan: &Plan, x: &[f32], g: &[f32]) -> Vec<f32> {
    let [inputs, outputs] = plan.channels;
    let n = lanes(isa);
    let size = plan.points() * (inputs * outputs.next_multiple_of(n) + GAP);
    let blocks = plan.blocks();
    let parts = match has_few_tiles(plan) {
        true => 1,
        false => (plan.tiles() / MIN_TILES_PER_PART).min(MAX_PARTS).min(MAX_PARTS_SIZE / size).max(1),
    };
    // SAFETY: the first block of each part writes every value that is read.
    let mut sums = unsafe { Aligned::uninit(parts * size) };
    let shared = Shared::new(sums.all());
    let patch = patch_size(plan, isa);
    // SAFETY: blocks have disjoint tiles, points and parts disjoint sums, and both sides hold the tiles.
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
        each(parts, true, |part| {
            scratch(patch + sides::block_size(plan, isa), |memory| {
                let range = part * blocks / parts..(part + 1) * blocks / parts;
                for block in range.clone() {
                    let (tiles, to, add) = (plan.block(block), shared.at(part * size), block > range.start);
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
    // SAFETY: the filters of every input channel are written below.
    let mut dw = unsafe { uninit(outputs * inputs * 9) };
    let out = Shared::new(&mut dw);
    each_filters(plan, n, false, |o, range| {
        // SAFETY: each filter of dw is written once.
        unsafe { transform_back(isa, plan, shared.at(0), [parts, size], o, range, out) }
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
    let inputs = plan.channels[0];
    product::<S>(
        inputs,
        last - first,
        m.wide / S::N,
        Left { at: v.at(p, first), row: 1, column: v.wide, strip: None },
        Right { at: m.at(p, first), row: m.wide, panel: S::VECS * S::N },
        Out { at: sums.add(p * (inputs * m.wide + GAP)), row: m.wide, add },
    );
}

entry! {
    /// Adds the parts and transforms back, for a range of input channels and the output channels from `o` on that a
    /// vector holds.
    fn transform_back(
        plan: &Plan,
        sums: *mut f32,
        parts: [usize; 2],
        o: usize,
        range: Range<usize>,
        dw: Shared,
    ) = transform_back_body
}

#[inline(always)]
unsafe fn transform_back_body<S: Simd>(
    _: S,
    plan: &Plan,
    sums: *mut f32,
    [parts, size]: [usize; 2],
    o: usize,
    range: Range<usize>,
    dw: Shared,
) {
    let [inputs, outputs] = plan.channels;
    let wide = outputs.next_multiple_of(S::N);
    let point = inputs * wide + GAP;
    // Tap k of the i-th input channel is 9 i + k. No instruction set has more than sixteen lanes.
    let mut memory = [MaybeUninit::<[f32; 16]>::uninit(); 9 * FILTERS];
    let taps = memory.as_mut_ptr().cast::<f32>();
    for i in 0..range.len() {
        // The first part becomes the total.
        let first = sums.add((range.start + i) * wide + o);
        if parts > 1 {
            for p in 0..plan.points() {
                let mut sum = S::load(first.add(p * point));
                for part in 1..parts {
                    sum = S::add(sum, S::load(first.add(p * point + part * size)));
                }
                S::store(first.add(p * point), sum);
            }
        }
        let from = Grid { at: first.cast_const(), row: (plan.tile + 2) * point, column: point };
        let to = Grid { at: taps.add(16 * 9 * i), row: 3 * 16, column: 16 };
        if plan.tile == 4 {
            transform::weight_gradient::<S, Four>(from, to);
        } else {
            transform::weight_gradient::<S, Two>(from, to);
        }
    }
    // The filters of an output channel are one row of memory.
    let (row, values, count) = (9 * inputs, 9 * range.len(), (outputs - o).min(S::N));
    let to = dw.at(o * row + 9 * range.start);
    let mut j = 0;
    if count == S::N {
        while j + S::N <= values {
            S::transpose(taps.add(16 * j), 16, to.add(j), row);
            j += S::N;
        }
    }
    for j in j..values {
        for lane in 0..count {
            *to.add(lane * row + j) = *taps.add(16 * j + lane);
        }
    }
}
