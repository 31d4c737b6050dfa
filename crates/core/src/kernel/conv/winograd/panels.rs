//! Convolutions of few tiles whose transformed weights the cache does not hold ([`Plan::in_panels`]).
//!
//! All tiles of the input are transformed first. Then each task takes a panel of the result's channels, as many as a
//! product computes at once: it transforms the weights that lead to them, multiplies all points and transforms the
//! results back, all within its cache. In the backward pass the sums of the weight's gradient take the place of the
//! transformed weights, which are not needed any more, and become the gradient before the next panel.

use super::plan::Plan;
use super::sides::{self, Side};
use super::weights::{self, transform_back, Back, Filters, Sums, Weights};
use super::{multiply, patch_size, read, sum, write, Job, Reading, Source};
use crate::kernel::parallel::{each, scratch, Shared};
use crate::kernel::product::Out;
use crate::kernel::simd::{lanes, InstructionSet};
use std::ops::Range;

/// Channels of a task that transforms tiles.
const CHANNELS: usize = 64;
/// Input channels whose weights are transformed at once.
const DEPTH: usize = 128;

/// What the plan of the job computes of `x`.
pub fn forward(isa: InstructionSet, job: &Job, x: &[f32], w: Weights) {
    let plan = job.plan;
    let (_memory, v) = sides::all_of_input(plan, isa);
    // SAFETY: panels have disjoint channels and memory.
    unsafe {
        read_all(isa, plan, x, |_| None, v);
        each_panel(isa, plan, |panel| panel.write(isa, job, w, v));
    }
}

/// The result of the job and the gradient in its weight, from g and the image `x` that the weight's gradient needs;
/// `reading` is what is done with the blocks of g while they are read.
pub fn backward<'a>(
    isa: InstructionSet,
    job: &Job,
    [x, g]: [&[f32]; 2],
    w: Weights,
    reading: impl Fn(usize) -> Reading<'a> + Send + Sync,
    dw: Shared,
) {
    let plan = job.plan;
    let (_memory, v) = sides::all_of_input(plan, isa);
    // SAFETY: panels have disjoint channels, filters and memory.
    unsafe {
        read_all(isa, plan, g, |block| Some(reading(block)), v);
        each_panel(isa, plan, |panel| {
            panel.write(isa, job, w, v);
            panel.weight(isa, plan, x, w.filters, v, dw);
        });
    }
}

/// The gradient in the weight from the input `x` and the output's gradient `g`.
pub fn weight(isa: InstructionSet, plan: &Plan, [x, g]: [&[f32]; 2], filters: Filters, dw: Shared) {
    let (_memory, v) = sides::all_of_input(plan, isa);
    // SAFETY: panels have disjoint filters and memory.
    unsafe {
        read_all(isa, plan, x, |_| None, v);
        each_panel(isa, plan, |panel| panel.weight(isa, plan, g, filters, v, dw));
    }
}

/// Transforms all tiles of the input.
unsafe fn read_all<'a>(
    isa: InstructionSet,
    plan: &Plan,
    x: &[f32],
    reading: impl Fn(usize) -> Option<Reading<'a>> + Send + Sync,
    v: Side,
) {
    let channels = plan.channels[0];
    let groups = channels.div_ceil(CHANNELS);
    each(plan.blocks() * groups, true, |task| {
        let (block, first) = (task / groups, task % groups * CHANNELS);
        let reading = reading(block);
        scratch(patch_size(plan, isa), |patch| {
            let own = first..(first + CHANNELS).min(channels);
            read(isa, plan, Source::Input(x, reading.as_ref()), own, plan.block(block), patch.as_mut_ptr(), v);
        });
    });
}

/// Some channels of the result, and a task's memory: for pixels, for transformed tiles of these channels, and for
/// transformed weights or sums of their gradient.
struct Panel {
    channels: Range<usize>,
    patch: *mut f32,
    tiles: Side,
    weights: Shared,
}

/// Calls `f` for each panel.
fn each_panel(isa: InstructionSet, plan: &Plan, f: impl Fn(Panel) + Send + Sync) {
    let (width, channels) = (weights::panel(isa), plan.channels[1]);
    let sizes = [patch_size(plan, isa), sides::panel_size(plan, width), weights::panel_size(isa, plan, DEPTH)];
    each(channels.div_ceil(width), true, |panel| {
        let channels = panel * width..((panel + 1) * width).min(channels);
        scratch(sizes.iter().sum(), |memory| {
            let memory = Shared::new(memory);
            let [tiles, weights] = [memory.offset(sizes[0]), memory.offset(sizes[0] + sizes[1])];
            let tiles = sides::of_channels(plan, isa, tiles, &channels);
            f(Panel { channels, patch: memory.at(0), tiles, weights });
        });
    });
}

/// Ranges of input channels.
fn depths(plan: &Plan) -> impl Iterator<Item = Range<usize>> {
    let inputs = plan.channels[0];
    (0..inputs).step_by(DEPTH).map(move |first| first..(first + DEPTH).min(inputs))
}

impl Panel {
    /// Writes the result from the transformed input.
    unsafe fn write(&self, isa: InstructionSet, job: &Job, w: Weights, v: Side) {
        let (plan, all) = (job.plan, [0, job.plan.tiles()]);
        for depth in depths(plan) {
            let u = weights::transform_panel(isa, plan, w, [depth.clone(), self.channels.clone()], self.weights);
            for p in 0..plan.points() {
                multiply(isa, plan, u, depth.clone(), p, all, [v, self.tiles]);
            }
        }
        write(isa, job, self.channels.clone(), all, self.patch, self.tiles);
    }

    /// Writes the gradient in the weights that lead to the channels, from the image of the result's size.
    unsafe fn weight(&self, isa: InstructionSet, plan: &Plan, g: &[f32], filters: Filters, v: Side, dw: Shared) {
        let all = [0, plan.tiles()];
        read(isa, plan, Source::Gradient(g), self.channels.clone(), all, self.patch, self.tiles);
        let to = Out { at: self.weights.at(0), row: self.tiles.wide, add: false };
        let back = &Back { at: dw, filters, order: weights::order(plan) };
        for depth in depths(plan) {
            for p in 0..plan.points() {
                sum(isa, plan, depth.clone(), p, all, [v, self.tiles], to);
            }
            let channels = [depth, self.channels.clone()];
            let sums = Sums::of_panel(channels.clone(), self.tiles.wide, self.weights);
            weights::each_filters(plan, lanes(isa), filters, channels, false, |o, range| {
                transform_back(isa, plan, sums, o, range, back);
            });
        }
    }
}
