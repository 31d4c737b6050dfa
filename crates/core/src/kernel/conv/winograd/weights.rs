//! The transformed weights of a plan: G w G^T of each part of each filter; and the adjoint.

use super::plan::{Plan, Taps};
use super::sides::GAP;
#[cfg(not(target_arch = "wasm32"))]
use super::transform::Four;
use super::transform::{self, with_scheme, Grid, Scheme, Six, Tile};
use crate::kernel::conv::shape::ConvShape;
use crate::kernel::parallel::{each, Aligned, Shared};
use crate::kernel::product::Out;
use crate::kernel::simd::{entry, lanes, InstructionSet, Simd};
use std::mem::MaybeUninit;
use std::ops::Range;

/// Minimum number of filters for multithreading.
const MIN_PARALLEL_FILTERS: usize = 512;
/// Input channels whose filters one task transforms, where filters have nine taps.
const FILTERS: usize = 16;
/// Largest number of lanes of an instruction set.
const LANES: usize = 16;

/// Where the filters of a plan are in a weight: tap k from input channel i to output channel o at
/// `o out + i input + k`.
#[derive(Clone, Copy)]
pub struct Filters {
    out: usize,
    input: usize,
    /// Whether the filters of an input channel, not those of an output channel, are beside each other.
    swapped: bool,
}

impl Filters {
    /// Those of a convolution.
    pub fn of(s: &ConvShape) -> Self {
        Self { out: s.taps() * s.channels[0], input: s.taps(), swapped: false }
    }
    /// Those of its adjoint in the input.
    pub fn of_adjoint(s: &ConvShape) -> Self {
        Self { out: s.taps(), input: s.taps() * s.channels[0], swapped: true }
    }
}

/// A weight.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    pub data: &'a [f32],
    pub filters: Filters,
}

/// Transformed weights: point p, panel q of the result's channels, input channel i, at `p point + q panel + i width`.
#[derive(Clone, Copy)]
pub struct Transformed {
    pub at: Shared,
    pub width: usize,
    /// Values of a panel, and of a point.
    pub panel: usize,
    pub point: usize,
}

/// Output channels in a panel of the matrix product.
pub fn panel(isa: InstructionSet) -> usize {
    match isa {
        InstructionSet::Portable => 8,
        other => 2 * lanes(other),
    }
}

/// All transformed weights, and their memory.
pub fn transform(isa: InstructionSet, plan: &Plan, w: Weights) -> (Aligned, Transformed) {
    let n = lanes(isa);
    let (width, wide) = (panel(isa), plan.wide(1, n));
    let panel = plan.depth(n) * width;
    let point = wide.div_ceil(width) * panel + GAP;
    let [inputs, outputs] = plan.channels.map(|channels| channels.is_multiple_of(n));
    let full = wide.is_multiple_of(width) && outputs && (inputs || plan.parts(0) == 1);
    let mut data = if full {
        // SAFETY: every value is a channel's, and is written below.
        unsafe { Aligned::uninit(point * plan.points()) }
    } else {
        Aligned::zeros(point * plan.points())
    };
    let u = Transformed { at: Shared::new(data.all()), width, panel, point };
    let order = order(plan);
    each_filters(plan, n, w.filters, all(plan), many_filters(plan), |o, range| {
        // SAFETY: each (input channel, group of output channels) writes its own values.
        unsafe { weights_of(isa, plan, &w, order, o, range, u) }
    });
    (data, u)
}

/// The transformed weights from some input channels, of one part, to the channels of a panel, in memory for
/// `panel_size` values.
pub fn transform_panel(
    isa: InstructionSet,
    plan: &Plan,
    w: Weights,
    [inputs, outputs]: [Range<usize>; 2],
    to: Shared,
) -> Transformed {
    let width = panel(isa);
    let panel = inputs.len() * width;
    // Addresses of the channels before are not used.
    let before = outputs.start / width * panel + inputs.start * width;
    let u = Transformed { at: to.offset(before.wrapping_neg()), width, panel, point: panel + GAP };
    let order = order(plan);
    each_filters(plan, lanes(isa), w.filters, [inputs, outputs], false, |o, range| {
        // SAFETY: the memory is this task's.
        unsafe { weights_of(isa, plan, &w, order, o, range, u) }
    });
    Transformed { at: to, ..u }
}

/// Values of the transformed weights from so many input channels to a panel.
pub fn panel_size(isa: InstructionSet, plan: &Plan, inputs: usize) -> usize {
    plan.points() * (inputs * panel(isa) + GAP)
}

/// All channels of both sides.
pub fn all(plan: &Plan) -> [Range<usize>; 2] {
    plan.channels.map(|channels| 0..channels)
}

/// Whether all filters are worth more than one thread.
pub fn many_filters(plan: &Plan) -> bool {
    let [inputs, outputs] = plan.channels;
    inputs * outputs * plan.parts(0) * plan.parts(1) > MIN_PARALLEL_FILTERS
}

/// Calls `f` for groups of `n` of some output channels and ranges of some input channels, in the order in which their
/// filters are in memory.
pub fn each_filters(
    plan: &Plan,
    n: usize,
    filters: Filters,
    [inputs, outputs]: [Range<usize>; 2],
    parallel: bool,
    f: impl Fn(usize, Range<usize>) + Send + Sync,
) {
    if filters.swapped {
        each(inputs.len(), parallel, |i| {
            let i = inputs.start + i;
            for o in outputs.clone().step_by(n) {
                f(o, i..i + 1);
            }
        });
        return;
    }
    let channels = (9 * FILTERS / taps(plan)).clamp(1, FILTERS);
    let ranges = inputs.len().div_ceil(channels);
    each(outputs.len().div_ceil(n) * ranges, parallel, |task| {
        let first = inputs.start + task % ranges * channels;
        f(outputs.start + task / ranges * n, first..(first + channels).min(inputs.end));
    });
}

/// Taps of a filter.
fn taps(plan: &Plan) -> usize {
    plan.axes[0].taps.count * plan.axes[1].taps.count
}

/// Most taps of the filters of a task, and of a padded filter: that of `plan::MAX_PARTS` parts of four taps each way.
const MAX_TAPS: usize = 16 * 16;

/// Vectors of one value of each of some output channels; room for a transpose.
type Vectors = [MaybeUninit<[f32; LANES]>; MAX_TAPS + LANES];

/// Distances of the taps of a part in a padded filter of vectors.
fn steps(plan: &Plan) -> [usize; 2] {
    let [y, x] = [plan.axes[0].taps, plan.axes[1].taps];
    [y.step * x.padded * LANES, x.step * LANES]
}

/// How a filter becomes the padded one.
#[derive(Clone, Copy, PartialEq)]
pub enum Order {
    Same,
    Reversed,
    Padded,
}

/// That of all filters of a plan.
pub fn order(plan: &Plan) -> Order {
    let all = |test: fn(&Taps) -> bool| plan.axes.iter().all(|axis| test(&axis.taps));
    if all(|taps| (0..taps.padded).all(|k| taps.at(k) == Some(k))) {
        Order::Same
    } else if all(|taps| (0..taps.padded).all(|k| taps.at(k) == Some(taps.padded - 1 - k))) {
        Order::Reversed
    } else {
        Order::Padded
    }
}

/// Where the first tap of a part of the input, for a part of the result, is in the padded filter.
#[inline(always)]
fn place(plan: &Plan, input: usize, output: usize) -> usize {
    let [y, x] = &plan.axes;
    let [columns, out_columns] = [x.lines[0].parts, x.lines[1].parts];
    y.tap([input / columns, output / out_columns]) * x.taps.padded + x.tap([input % columns, output % out_columns])
}

entry! {
    /// Transforms the filters from a range of input channels to the output channels from `o` on that a vector holds.
    fn weights_of(plan: &Plan, w: &Weights, order: Order, o: usize, range: Range<usize>, to: Transformed)
        = weights_body
}

#[inline(always)]
unsafe fn weights_body<S: Simd>(
    _: S,
    plan: &Plan,
    w: &Weights,
    order: Order,
    o: usize,
    range: Range<usize>,
    to: Transformed,
) {
    let [inputs, outputs] = plan.channels;
    let [y, x] = [plan.axes[0].taps, plan.axes[1].taps];
    let (count, lanes) = (taps(plan), (outputs - o).min(S::N));
    let (mut memory, mut padded): (Vectors, Vectors) =
        ([MaybeUninit::uninit(); MAX_TAPS + LANES], [MaybeUninit::uninit(); MAX_TAPS + LANES]);
    let (values, padded) = (memory.as_mut_ptr().cast::<f32>(), padded.as_mut_ptr().cast::<f32>());
    if lanes < S::N {
        values.write_bytes(0, LANES * count * range.len());
    }
    let Filters { out, input, .. } = w.filters;
    let filters = &w.data[o * out + range.start * input..];
    // A transpose may read values that follow the range, and write vectors that are not used.
    let mut j = 0;
    while lanes == S::N && j < count * range.len() && (S::N - 1) * out + j + S::N <= filters.len() {
        S::transpose(filters[j..].as_ptr(), out, values.add(LANES * j), LANES);
        j += S::N;
    }
    for j in j..count * range.len() {
        for lane in 0..lanes {
            *values.add(LANES * j + lane) = filters[lane * out + j / count * input + j % count];
        }
    }
    let [row, column] = match order {
        Order::Reversed => steps(plan).map(usize::wrapping_neg),
        _ => steps(plan),
    };
    let dist = [inputs, outputs].map(|channels| channels.next_multiple_of(S::N));
    for i in 0..range.len() {
        let own = values.add(LANES * count * i);
        if order == Order::Padded {
            for v in 0..y.padded {
                for u in 0..x.padded {
                    let value = match (y.at(v), x.at(u)) {
                        (Some(v), Some(u)) => S::load(own.add(LANES * (v * x.count + u))),
                        _ => S::splat(0.0),
                    };
                    S::store(padded.add(LANES * (v * x.padded + u)), value);
                }
            }
        }
        for input in 0..plan.parts(0) {
            for output in 0..plan.parts(1) {
                let place = place(plan, input, output);
                let at = match order {
                    Order::Same => own.add(LANES * place),
                    Order::Reversed => own.add(LANES * (count - 1 - place)),
                    Order::Padded => padded.add(LANES * place),
                };
                let from = Grid { at: at.cast_const(), row, column };
                let o = output * dist[1] + o;
                let at = o / to.width * to.panel + (input * dist[0] + range.start + i) * to.width + o % to.width;
                let to = |side: usize| Grid { at: to.at.at(at), row: side * to.point, column: to.point };
                with_scheme!(plan.tile, T => transform::weight::<S, T>(from, to(T::IN)));
            }
        }
    }
}

/// Sums of transformed tiles, the gradient in the transformed weights: point p, input channel i of the plan's `depth`,
/// output channel o at `p point + i wide + o`, of slices of the tiles that are `slice` values apart.
#[derive(Clone, Copy)]
pub struct Sums {
    pub at: Shared,
    pub wide: usize,
    pub point: usize,
    pub slices: usize,
    pub slice: usize,
}

impl Sums {
    /// Those of a slice.
    pub fn of(&self, slice: usize, add: bool) -> Out {
        Out { at: self.at.at(slice * self.slice), row: self.wide, add }
    }
    /// Those of one slice from some input channels, of one part, to some output channels.
    pub fn of_panel([inputs, outputs]: [Range<usize>; 2], wide: usize, memory: Shared) -> Self {
        // Addresses of the channels before are not used.
        let at = memory.offset((inputs.start * wide + outputs.start).wrapping_neg());
        Self { at, wide, point: inputs.len() * wide + GAP, slices: 1, slice: 0 }
    }
}

/// Where gradients of filters go.
pub struct Back {
    pub at: Shared,
    pub filters: Filters,
    pub order: Order,
}

entry! {
    /// Adds the sums of the slices and transforms them back, G^T u G, for a range of input channels and the output
    /// channels from `o` on that a vector holds, to the gradient in the weight.
    pub fn transform_back(plan: &Plan, sums: Sums, o: usize, range: Range<usize>, to: &Back)
        = transform_back_body
}

#[inline(always)]
unsafe fn transform_back_body<S: Simd>(_: S, plan: &Plan, sums: Sums, o: usize, range: Range<usize>, to: &Back) {
    let [inputs, outputs] = plan.channels;
    let [y, x] = [plan.axes[0].taps, plan.axes[1].taps];
    let count = taps(plan);
    let (mut memory, mut padded): (Vectors, Vectors) =
        ([MaybeUninit::uninit(); MAX_TAPS + LANES], [MaybeUninit::uninit(); MAX_TAPS + LANES]);
    let (values, padded) = (memory.as_mut_ptr().cast::<f32>(), padded.as_mut_ptr().cast::<f32>());
    let order = to.order;
    let [row, column] = match order {
        Order::Reversed => steps(plan).map(usize::wrapping_neg),
        _ => steps(plan),
    };
    for i in 0..range.len() {
        let own = values.add(LANES * count * i);
        for input in 0..plan.parts(0) {
            let channel = input * inputs.next_multiple_of(S::N) + range.start + i;
            // Those of the first slice become the total.
            let first = sums.at.at(channel * sums.wide + o);
            if sums.slices > 1 {
                for p in 0..plan.points() {
                    let mut sum = S::load(first.add(p * sums.point));
                    for slice in 1..sums.slices {
                        sum = S::add(sum, S::load(first.add(p * sums.point + slice * sums.slice)));
                    }
                    S::store(first.add(p * sums.point), sum);
                }
            }
            let place = place(plan, input, 0);
            let at = match order {
                Order::Same => own.add(LANES * place),
                Order::Reversed => own.add(LANES * (count - 1 - place)),
                Order::Padded => padded.add(LANES * place),
            };
            let from = |side: usize| Grid { at: first.cast_const(), row: side * sums.point, column: sums.point };
            with_scheme!(plan.tile, T => {
                transform::weight_gradient::<S, T>(from(T::IN), Grid { at, row, column })
            });
        }
        if order == Order::Padded {
            for v in 0..y.padded {
                for u in 0..x.padded {
                    if let (Some(to_v), Some(to_u)) = (y.at(v), x.at(u)) {
                        let value = S::load(padded.add(LANES * (v * x.padded + u)));
                        S::store(own.add(LANES * (to_v * x.count + to_u)), value);
                    }
                }
            }
        }
    }
    // The taps of the range follow one another in a row of memory for each lane.
    let (all, lanes, next) = (count * range.len(), (outputs - o).min(S::N), to.filters.out);
    let row = to.at.at(o * next + range.start * to.filters.input);
    let mut j = 0;
    if lanes == S::N {
        while j + S::N <= all {
            S::transpose(values.add(LANES * j), LANES, row.add(j), next);
            j += S::N;
        }
        // Rows of fewer values than lanes which follow one another: the end of each vector is overwritten by the next.
        if j == 0 && next == all {
            S::transpose(values, LANES, padded, LANES);
            let mut lane = 0;
            while lane * next + S::N <= S::N * next {
                S::store(row.add(lane * next), S::load(padded.add(LANES * lane)));
                lane += 1;
            }
            for lane in lane..S::N {
                row.add(lane * next).copy_from_nonoverlapping(padded.add(LANES * lane), all);
            }
            return;
        }
    }
    for lane in 0..lanes {
        for j in j..all {
            *row.add(lane * next + j) = *values.add(LANES * j + lane);
        }
    }
}
