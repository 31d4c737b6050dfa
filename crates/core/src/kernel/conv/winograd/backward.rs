//! The gradients in the input, the weight and the bias of a convolution with stride 1, in one pass over the output's
//! gradient g.
//!
//! The gradient in the input is a convolution of g, whose weight has the same gradient as that of the first: with the
//! plan of the adjoint both are products of the same tiles, B^T g B, which are read, gated and transformed once:
//! dx = A^T [(G w G^T) . (B^T g B)] A and dw = G^T [sum over tiles of (A x A^T) . (B^T g B)] G.

use super::gradient::{each_slice, filters_of, slices, sums, weight_of};
use super::plan::Plan;
use super::sides;
use super::weights::{self, Weights};
use super::{each_block, has_few_tiles, multiply, panels, patch_size, read, sum, write, Gate, Job, Reading, Source};
use crate::allocation::zeros;
use crate::kernel::conv::shape::Epilogue;
use crate::kernel::parallel::{each, uninit, Shared};
use crate::kernel::simd::{lanes, InstructionSet};

/// Whether a plan, of an adjoint, is computed so.
pub fn applies(plan: &Plan) -> bool {
    plan.parts(1) == 1 && plan.covers()
}

/// The gradients in the input and in the weight, and with `bias` the sums of the channels of g.
pub fn all(
    isa: InstructionSet,
    plan: &Plan,
    [x, g]: [&[f32]; 2],
    w: Weights,
    gate: Option<Gate<&[f32]>>,
    bias: bool,
) -> [Vec<f32>; 3] {
    let [channels, inputs] = plan.channels;
    let [rows, columns] = plan.axes.map(|axis| axis.lines[1].size);
    // SAFETY: every pixel belongs to a tile, and every tile is written.
    let mut dx = unsafe { uninit(plan.batch * inputs * rows * columns) };
    let job = Job { plan, epilogue: Epilogue::NONE, y: Shared::new(&mut dx) };
    // The bias' sums of each slice; where all tiles are transformed first, of each block.
    let few = has_few_tiles(plan);
    let parts = if few || plan.in_panels() { plan.blocks() } else { slices(isa, plan) };
    let mut totals = zeros::<f64>(parts * channels);
    let total = Shared::new(&mut totals);
    let reading = |part: usize| Reading { gate, sums: bias.then(|| total.offset(part * channels)) };
    let db = |totals: &[f64]| {
        let sum = |c: usize| totals.iter().skip(c).step_by(channels).sum::<f64>() as f32;
        (0..if bias { channels } else { 0 }).map(sum).collect()
    };
    if plan.in_panels() {
        let dw = filters_of(plan, |dw| panels::backward(isa, &job, [x, g], w, reading, dw));
        return [dx, dw, db(&totals)];
    }
    let (_weights, u) = weights::transform(isa, plan, w);
    let (_memory, products) = sums(isa, plan);
    let depth = 0..plan.depth(lanes(isa));
    // SAFETY: blocks have disjoint tiles, points disjoint products, slices disjoint sums; both sides hold the tiles.
    unsafe {
        if few {
            let (_memory, both) = sides::all(plan, isa);
            let patch = patch_size(plan, isa);
            each_block(plan, patch, |tiles, patch| {
                let reading = reading(plan.index(tiles[0]));
                read(isa, plan, Source::Input(g, Some(&reading)), 0..channels, tiles, patch, both[0]);
            });
            each(plan.points(), true, |p| {
                for block in 0..plan.blocks() {
                    multiply(isa, plan, u, depth.clone(), p, plan.block(block), both);
                }
            });
            each_block(plan, patch, |tiles, patch| {
                write(isa, &job, 0..inputs, tiles, patch, both[1]);
                read(isa, plan, Source::Gradient(x), 0..inputs, tiles, patch, both[1]);
            });
            each(plan.points(), true, |p| {
                sum(isa, plan, depth.clone(), p, [0, plan.tiles()], both, products.of(0, false))
            });
        } else {
            each_slice(isa, plan, products.slices, |slice, [patch, memory]| {
                let reading = reading(slice.index);
                for block in slice.blocks.clone() {
                    let (tiles, add) = (plan.block(block), block > slice.blocks.start);
                    let both = sides::of_block(plan, isa, memory, tiles[0]);
                    read(isa, plan, Source::Input(g, Some(&reading)), 0..channels, tiles, patch, both[0]);
                    for p in 0..plan.points() {
                        multiply(isa, plan, u, depth.clone(), p, tiles, both);
                    }
                    write(isa, &job, 0..inputs, tiles, patch, both[1]);
                    read(isa, plan, Source::Gradient(x), 0..inputs, tiles, patch, both[1]);
                    for p in 0..plan.points() {
                        sum(isa, plan, depth.clone(), p, tiles, both, products.of(slice.index, add));
                    }
                }
            });
        }
    }
    let dw = weight_of(isa, plan, products, w.filters);
    [dx, dw, db(&totals)]
}
