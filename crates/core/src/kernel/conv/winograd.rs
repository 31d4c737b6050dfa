//! Winograd's algorithm for 3x3 convolutions with stride 1 (Lavin, Gray 2016, arXiv:1509.09308): forward and, with
//! flipped weights, the gradient in the input.
//!
//! Tiles are processed in blocks that fit the cache. For each block: the pixels of its tiles are gathered into vectors
//! of channels and transformed, multiplied by one matrix product per point (36 or 16), transformed back, and written.
//! Nothing larger than a block is stored except the weights.
//!
//! With few tiles the transformed weights are larger than everything else. Then all tiles are transformed first, and
//! each point is one product: its weights are read once, and all threads have points to work at.

pub mod gradient;
mod sides;
pub mod tiles;
pub mod transform;

use super::shape::Epilogue;
use crate::kernel::parallel::{each, scratch, uninit, Aligned, Shared};
use crate::kernel::product::{product, Left, Out, Right};
use crate::kernel::simd::{entry, lanes, InstructionSet, Simd};
use sides::Side;
use std::mem::MaybeUninit;
use std::ops::Range;
use tiles::{Plan, Window, MAX_RUN};
use transform::{Four, Grid, Scheme, Two};

/// Minimum number of filters for multithreading.
const MIN_PARALLEL_FILTERS: usize = 512;
/// Input channels whose filters one task transforms.
const FILTERS: usize = 16;

/// The weights: tap (u, v) of output channel o, input channel i at `o out + i input + 3 u + v`, or with reversed taps.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    pub data: &'a [f32],
    pub out: usize,
    pub input: usize,
    pub flip: bool,
}

/// Transformed weights: point p, panel q of output channels, input channel i, at `((p panels + q) inputs + i) width`.
struct Transformed {
    data: Aligned,
    width: usize,
    point: usize,
}

/// The convolution of `x` [batch, inputs, size], then the epilogue: [batch, outputs, out].
pub fn forward(isa: InstructionSet, plan: &Plan, x: &[f32], w: Weights, epilogue: Epilogue) -> Vec<f32> {
    let outputs = plan.channels[1];
    let mut u = transform_weights(isa, plan, w);
    // SAFETY: every pixel belongs to a tile, and every tile is written.
    let mut y = unsafe { uninit(plan.batch * outputs * plan.out[0] * plan.out[1]) };
    let shared = Shared::new(&mut y);
    let job = Job { plan, u: u.data.all(), point: u.point, width: u.width, epilogue, y: shared };
    let patch_size = patch_size(plan, isa);
    // SAFETY: blocks have disjoint tiles, points disjoint products, and both sides hold the tiles.
    unsafe {
        if has_few_tiles(plan) {
            let (_memory, [v, m]) = sides::all(plan, isa);
            each_block(plan, patch_size, |tiles, patch| read(isa, plan, [x, &[]], tiles, patch, v));
            each(plan.points(), true, |p| {
                // The tiles of a block stay in the first-level cache, the weights of the point in the second.
                for block in 0..plan.blocks() {
                    multiply(isa, &job, p, plan.block(block), [v, m]);
                }
            });
            each_block(plan, patch_size, |tiles, patch| write(isa, &job, tiles, patch, m));
        } else {
            each_block(plan, patch_size + sides::block_size(plan, isa), |tiles, patch| {
                let both = sides::of_block(plan, isa, patch.add(patch_size), tiles[0]);
                read(isa, plan, [x, &[]], tiles, patch, both[0]);
                for p in 0..plan.points() {
                    multiply(isa, &job, p, tiles, both);
                }
                write(isa, &job, tiles, patch, both[1]);
            });
        }
    }
    y
}

/// With as many blocks of tiles as this, threads share out the blocks.
const MIN_BLOCKS: usize = 8;

/// Whether the points of the transforms are shared out, not the blocks of tiles.
fn has_few_tiles(plan: &Plan) -> bool {
    plan.blocks() < MIN_BLOCKS
}

/// Values of the pixels of a run of tiles.
fn patch_size(plan: &Plan, isa: InstructionSet) -> usize {
    (plan.tile + 2) * (plan.tile * MAX_RUN + 2) * lanes(isa)
}

/// Calls `stage` for each block of tiles, with memory for `count` values.
fn each_block(plan: &Plan, count: usize, stage: impl Fn([usize; 2], *mut f32) + Send + Sync) {
    each(plan.blocks(), true, |block| {
        scratch(count, |memory| stage(plan.block(block), memory.as_mut_ptr()));
    });
}

fn transform_weights(isa: InstructionSet, plan: &Plan, w: Weights) -> Transformed {
    let [inputs, outputs] = plan.channels;
    let n = lanes(isa);
    let width = panel(isa);
    let point = outputs.div_ceil(width) * inputs * width;
    let mut data = if outputs % width == 0 {
        // SAFETY: every panel is full, so that every value is written below.
        unsafe { Aligned::uninit(point * plan.points()) }
    } else {
        Aligned::zeros(point * plan.points())
    };
    let u = Shared::new(data.all());
    let w = &w;
    each_filters(plan, n, w.flip, |o, range| {
        let to = u.at(o / width * inputs * width + range.start * width + o % width);
        // SAFETY: each (input channel, group of output channels) writes its own values.
        unsafe { weights_of(isa, w, [o, (outputs - o).min(n)], range, plan.tile, to, [width, point]) }
    });
    Transformed { data, width, point }
}

/// Calls `f` for groups of `n` output channels and ranges of input channels, in the order in which their filters are
/// in memory: those of an output channel or, if `flip`, of an input channel are beside each other.
fn each_filters(plan: &Plan, n: usize, flip: bool, f: impl Fn(usize, Range<usize>) + Send + Sync) {
    let [inputs, outputs] = plan.channels;
    let parallel = inputs * outputs > MIN_PARALLEL_FILTERS;
    if flip {
        each(inputs, parallel, |i| {
            for o in (0..outputs).step_by(n) {
                f(o, i..i + 1);
            }
        });
        return;
    }
    let ranges = inputs.div_ceil(FILTERS);
    each(outputs.div_ceil(n) * ranges, parallel, |task| {
        let first = task % ranges * FILTERS;
        f(task / ranges * n, first..(first + FILTERS).min(inputs));
    });
}

/// Output channels in a panel of the matrix product.
fn panel(isa: InstructionSet) -> usize {
    match isa {
        InstructionSet::Portable => 8,
        other => 2 * lanes(other),
    }
}

entry! {
    /// Transforms the filters from a range of input channels to `at[1]` output channels from `at[0]` on; point p of the
    /// i-th input channel goes to `to + i next[0] + p next[1]`.
    fn weights_of(
        w: &Weights,
        at: [usize; 2],
        range: Range<usize>,
        tile: usize,
        to: *mut f32,
        next: [usize; 2],
    ) = weights_body
}

#[inline(always)]
unsafe fn weights_body<S: Simd>(
    _: S,
    w: &Weights,
    [o, count]: [usize; 2],
    range: Range<usize>,
    tile: usize,
    to: *mut f32,
    [channel, point]: [usize; 2],
) {
    // Tap k of the i-th input channel is 9 i + k. No instruction set has more than sixteen lanes.
    let mut memory = [MaybeUninit::<[f32; 16]>::uninit(); 9 * FILTERS];
    let taps = memory.as_mut_ptr().cast::<f32>();
    let values = 9 * range.len();
    if count < S::N {
        taps.write_bytes(0, 16 * values);
    }
    let filters = &w.data[o * w.out + range.start * w.input..];
    let mut j = 0;
    // The filters of an output channel are one row of memory.
    if w.input == 9 && !w.flip && count == S::N {
        while j + S::N <= values {
            S::transpose(filters[j..].as_ptr(), w.out, taps.add(16 * j), 16);
            j += S::N;
        }
    }
    for i in j / 9..range.len() {
        for lane in 0..count {
            let filter = &filters[lane * w.out + i * w.input..][..9];
            for k in 0..9 {
                *taps.add(16 * (9 * i + k) + lane) = filter[if w.flip { 8 - k } else { k }];
            }
        }
    }
    for i in 0..range.len() {
        let from = Grid { at: taps.add(16 * 9 * i).cast_const(), row: 3 * 16, column: 16 };
        let to = to.add(i * channel);
        if tile == 4 {
            transform::weight::<S, Four>(from, Grid { at: to, row: 6 * point, column: point });
        } else {
            transform::weight::<S, Two>(from, Grid { at: to, row: 4 * point, column: point });
        }
    }
}

struct Job<'a> {
    plan: &'a Plan,
    u: &'a [f32],
    point: usize,
    width: usize,
    epilogue: Epilogue<'a>,
    y: Shared,
}

entry! {
    /// Transforms tiles of the first of `images`, or where it is empty, of the second, the output's gradient.
    fn read(plan: &Plan, images: [&[f32]; 2], tiles: [usize; 2], patch: *mut f32, to: Side) = read_body
}

#[inline(always)]
unsafe fn read_body<S: Simd>(_: S, plan: &Plan, [x, g]: [&[f32]; 2], tiles: [usize; 2], patch: *mut f32, side: Side) {
    let (to, strides) = (side.at(0, tiles[0]), [side.wide, side.point]);
    match (plan.tile == 4, g.is_empty()) {
        (true, true) => transform_tiles::<S, Four, false>(plan, x, tiles, patch, to, strides),
        (true, false) => transform_tiles::<S, Four, true>(plan, g, tiles, patch, to, strides),
        (false, true) => transform_tiles::<S, Two, false>(plan, x, tiles, patch, to, strides),
        (false, false) => transform_tiles::<S, Two, true>(plan, g, tiles, patch, to, strides),
    }
}

entry! {
    /// The product of one point of transformed tiles with the weights.
    fn multiply(job: &Job, p: usize, tiles: [usize; 2], sides: [Side; 2]) = multiply_body
}

#[inline(always)]
unsafe fn multiply_body<S: Simd>(_: S, job: &Job, p: usize, [first, last]: [usize; 2], [v, m]: [Side; 2]) {
    let inputs = job.plan.channels[0];
    product::<S>(
        last - first,
        inputs,
        m.wide / S::N,
        Left { at: v.at(p, first), row: v.wide, column: 1, strip: None },
        Right { at: job.u.as_ptr().add(p * job.point), row: job.width, panel: inputs * job.width },
        Out { at: m.at(p, first), row: m.wide, add: false },
    );
}

entry! {
    /// Transforms tiles of the results back and writes them.
    fn write(job: &Job, tiles: [usize; 2], patch: *mut f32, from: Side) = write_body
}

#[inline(always)]
unsafe fn write_body<S: Simd>(_: S, job: &Job, tiles: [usize; 2], patch: *mut f32, side: Side) {
    let (m, strides) = (side.at(0, tiles[0]), [side.wide, side.point]);
    if job.plan.tile == 4 {
        write_tiles::<S, Four>(job, tiles, patch, m, strides);
    } else {
        write_tiles::<S, Two>(job, tiles, patch, m, strides);
    }
}

/// Transforms the tiles `[first, last)` of the results back (A^T m A) and writes them with the epilogue; they are in
/// `m` as [`transform_tiles`] arranges its results.
#[inline(always)]
unsafe fn write_tiles<S: Simd, T: Scheme>(
    job: &Job,
    [first, last]: [usize; 2],
    patch: *mut f32,
    m: *const f32,
    [wide, point]: [usize; 2],
) {
    let plan = job.plan;
    let outputs = plan.channels[1];
    let mut t = first;
    while t < last {
        let run = plan.run(t, last);
        let columns = T::OUT * run.length;
        for c in (0..outputs).step_by(S::N) {
            let bias = match job.epilogue.bias {
                Some(b) if c + S::N <= outputs => S::load(b.as_ptr().add(c)),
                Some(b) => {
                    let mut padded = [0.0f32; 16];
                    padded[..outputs - c].copy_from_slice(&b[c..]);
                    S::load(padded.as_ptr())
                }
                None => S::splat(0.0),
            };
            macro_rules! output {
                ($kind:path) => {
                    for k in 0..run.length {
                        let at = m.add((t - first + k) * wide + c);
                        let from = Grid { at, row: T::IN * point, column: point };
                        let to = Grid { at: patch.add(k * T::OUT * S::N), row: columns * S::N, column: S::N };
                        transform::output::<S, T, { $kind }>(from, to, bias, job.epilogue.slope);
                    }
                };
            }
            match job.epilogue.slope {
                1.0 => output!(transform::NONE),
                0.0 => output!(transform::RELU),
                _ => output!(transform::LEAKY),
            }
            let window = Window {
                channels: outputs - c,
                size: plan.out,
                from: [(run.row * T::OUT) as isize, (run.column * T::OUT) as isize],
                rows: T::OUT,
                columns,
            };
            tiles::write::<S>(window, patch, job.y.at((run.image * outputs + c) * plan.out[0] * plan.out[1]));
        }
        t += run.length;
    }
}

/// Transforms the tiles `[first, last)` of the input (B^T d B) or, with `GRADIENT`, of the output's gradient (A g A^T):
/// point p, tile t, channel c go to `to + p point + (t - first) wide + c`.
#[inline(always)]
unsafe fn transform_tiles<S: Simd, T: Scheme, const GRADIENT: bool>(
    plan: &Plan,
    x: &[f32],
    [first, last]: [usize; 2],
    patch: *mut f32,
    to: *mut f32,
    [wide, point]: [usize; 2],
) {
    let side = usize::from(GRADIENT);
    let (channels, size) = (plan.channels[side], [plan.size, plan.out][side]);
    let (padding, overlap) = if GRADIENT { ([0, 0], 0) } else { (plan.padding, 2) };
    let mut t = first;
    while t < last {
        let run = plan.run(t, last);
        let columns = T::OUT * run.length + overlap;
        for c in (0..channels).step_by(S::N) {
            let window = Window {
                channels: channels - c,
                size,
                from: [
                    (run.row * T::OUT) as isize - padding[0] as isize,
                    (run.column * T::OUT) as isize - padding[1] as isize,
                ],
                rows: T::OUT + overlap,
                columns,
            };
            let plane = (run.image * channels + c) * size[0] * size[1];
            tiles::read::<S>(window, x.as_ptr().add(plane), patch);
            for k in 0..run.length {
                let from = Grid { at: patch.add(k * T::OUT * S::N).cast_const(), row: columns * S::N, column: S::N };
                let to = Grid { at: to.add((t - first + k) * wide + c), row: T::IN * point, column: point };
                if GRADIENT {
                    transform::gradient::<S, T>(from, to);
                } else {
                    transform::input::<S, T>(from, to);
                }
            }
        }
        t += run.length;
    }
}
