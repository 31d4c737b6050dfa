//! The gradient in the weight with Winograd's transforms, the adjoint of the forward algorithm in the weights:
//! dw = G^T [sum over tiles of (A g A^T) . (B^T d B)] G.

use super::tiles::{Plan, MAX_RUN};
use super::transform::{self, Four, Grid, Scheme, Two};
use super::{each_filters, points, transform_tiles, BLOCK, FILTERS, GAP};
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
    let (wide_in, wide_out) = (inputs.next_multiple_of(n), outputs.next_multiple_of(n));
    let size = plan.points() * (inputs * wide_out + GAP);
    let blocks = plan.tiles().div_ceil(BLOCK);
    let parts = match points::applies(plan) {
        true => 1,
        false => (plan.tiles() / MIN_TILES_PER_PART).min(MAX_PARTS).min(MAX_PARTS_SIZE / size).max(1),
    };
    // SAFETY: the first block of each part writes every value that is read.
    let mut sums = unsafe { Aligned::uninit(parts * size) };
    let shared = Shared::new(sums.all());
    let patch = (plan.tile + 2) * (plan.tile * MAX_RUN + 2) * n;
    let count = patch + plan.points() * (BLOCK * (wide_in + wide_out) + 2 * GAP);
    let job = Job { plan, x, g, patch };
    if points::applies(plan) {
        points::weight(isa, plan, x, g, patch, shared);
    } else {
        each(parts, true, |part| {
            scratch(count, |memory| {
                let range = part * blocks / parts..(part + 1) * blocks / parts;
                for block in range.clone() {
                    // SAFETY: parts have disjoint sums; memory holds the pixels of a run and both sides of the
                    // products.
                    unsafe { sum_block(isa, &job, block, memory, shared.at(part * size), block > range.start) }
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

struct Job<'a> {
    plan: &'a Plan,
    x: &'a [f32],
    g: &'a [f32],
    patch: usize,
}

entry! {
    /// Adds one block of tiles to the sums, or writes them without `add`.
    fn sum_block(job: &Job, block: usize, memory: &mut [f32], sums: *mut f32, add: bool) = sum_body
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(s: S, job: &Job, block: usize, memory: &mut [f32], sums: *mut f32, add: bool) {
    if job.plan.tile == 4 {
        sum_tiles::<S, Four>(s, job, block, memory, sums, add);
    } else {
        sum_tiles::<S, Two>(s, job, block, memory, sums, add);
    }
}

#[inline(always)]
unsafe fn sum_tiles<S: Simd, T: Scheme>(_: S, job: &Job, block: usize, memory: &mut [f32], sums: *mut f32, add: bool) {
    let plan = job.plan;
    let [inputs, outputs] = plan.channels;
    let (first, last) = (block * BLOCK, ((block + 1) * BLOCK).min(plan.tiles()));
    let (wide_in, wide_out) = (inputs.next_multiple_of(S::N), outputs.next_multiple_of(S::N));
    let (v_point, m_point) = (BLOCK * wide_in + GAP, BLOCK * wide_out + GAP);
    let patch = memory.as_mut_ptr();
    let v = patch.add(job.patch);
    let m = v.add(T::IN * T::IN * v_point);

    transform_tiles::<S, T, false>(plan, job.x, [first, last], patch, v, [wide_in, v_point]);
    transform_tiles::<S, T, true>(plan, job.g, [first, last], patch, m, [wide_out, m_point]);
    for p in 0..T::IN * T::IN {
        product::<S>(
            inputs,
            last - first,
            wide_out / S::N,
            Left { at: v.add(p * v_point), row: 1, column: wide_in, strip: None },
            Right { at: m.add(p * m_point), row: wide_out, panel: S::VECS * S::N },
            Out { at: sums.add(p * (inputs * wide_out + GAP)), row: wide_out, add },
        );
    }
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
