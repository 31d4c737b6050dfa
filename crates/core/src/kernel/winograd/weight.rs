//! The weight gradient with Winograd's transforms, the adjoint of the forward algorithm in the weights: dw = G^T [sum over tiles of (A g A^T) . (B^T d B)] G.

use super::super::parallel::{each, scratch, unwritten, Aligned, Shared};
use super::super::simd::{entry, lanes, Level, Simd};
use super::tiles::{self, Plan, Window, LONGEST};
use super::transform::{self, Four, Grid, Scheme, Two};
use super::{product, transform_input, Left, Out, Right, BLOCK, GAP};

/// Tiles are summed in parts, each by one thread; the parts are then added in order. At least so many tiles are in a part.
const PART: usize = 4 * BLOCK;
/// The most parts.
const PARTS: usize = 8;
/// The most float32 values that all parts together may take.
const ROOM: usize = 1 << 23;

/// The gradient [outputs, inputs, 3, 3] from the input `x` and the output's gradient `g`.
pub fn gradient(level: Level, plan: &Plan, x: &[f32], g: &[f32]) -> Vec<f32> {
    let [inputs, outputs] = plan.channels;
    let n = lanes(level);
    let (wide_in, wide_out) = (inputs.next_multiple_of(n), outputs.next_multiple_of(n));
    let size = plan.points() * (inputs * wide_out + GAP);
    let blocks = plan.tiles().div_ceil(BLOCK);
    let parts = (plan.tiles() / PART).min(PARTS).min(ROOM / size).max(1);
    let mut sums = Aligned::zeros(parts * size);
    let shared = Shared::new(sums.all());
    let patch = (plan.tile + 2) * (plan.tile * LONGEST + 2) * n;
    let count = patch + plan.points() * (BLOCK * (wide_in + wide_out) + 2 * GAP);
    let job = Job { plan, x, g, patch };
    each(parts, true, |part| {
        scratch(count, |memory| {
            for block in part * blocks / parts..(part + 1) * blocks / parts {
                // SAFETY: each part has sums of its own; memory has room for a run's pixels and both sides of the products.
                unsafe { sum_block(level, &job, block, memory, shared.at(part * size)) }
            }
        });
    });
    // SAFETY: each input channel's filters are written below.
    let mut dw = unsafe { unwritten(outputs * inputs * 9) };
    let out = Shared::new(&mut dw);
    each(inputs, inputs * outputs > 512, |i| {
        // SAFETY: each input channel has places of its own in dw.
        unsafe { finish(level, plan, shared.at(0), [parts, size], i, out) }
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
    /// Adds one block of tiles to the sums.
    fn sum_block(job: &Job, block: usize, memory: &mut [f32], sums: *mut f32) = sum_body
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(s: S, job: &Job, block: usize, memory: &mut [f32], sums: *mut f32) {
    if job.plan.tile == 4 {
        sum_tiles::<S, Four>(s, job, block, memory, sums);
    } else {
        sum_tiles::<S, Two>(s, job, block, memory, sums);
    }
}

#[inline(always)]
unsafe fn sum_tiles<S: Simd, T: Scheme>(_: S, job: &Job, block: usize, memory: &mut [f32], sums: *mut f32) {
    let plan = job.plan;
    let [inputs, outputs] = plan.channels;
    let (first, last) = (block * BLOCK, ((block + 1) * BLOCK).min(plan.tiles()));
    let (wide_in, wide_out) = (inputs.next_multiple_of(S::N), outputs.next_multiple_of(S::N));
    let (v_point, m_point) = (BLOCK * wide_in + GAP, BLOCK * wide_out + GAP);
    let patch = memory.as_mut_ptr();
    let v = patch.add(job.patch);
    let m = v.add(T::IN * T::IN * v_point);

    transform_input::<S, T>(plan, job.x, [first, last], patch, v, [wide_in, v_point]);
    let mut t = first;
    while t < last {
        let run = plan.run(t, last);
        let columns = T::OUT * run.length;
        for c in (0..outputs).step_by(S::N) {
            let window =
                Window { channels: outputs - c, size: plan.out, from: [(run.row * T::OUT) as isize, (run.column * T::OUT) as isize], rows: T::OUT, columns };
            tiles::read::<S>(window, job.g.as_ptr().add((run.image * outputs + c) * plan.out[0] * plan.out[1]), patch);
            for k in 0..run.length {
                transform::gradient::<S, T>(
                    Grid { at: patch.add(k * T::OUT * S::N).cast_const(), row: columns * S::N, column: S::N },
                    Grid { at: m.add((t - first + k) * wide_out + c), row: T::IN * m_point, column: m_point },
                );
            }
        }
        t += run.length;
    }
    for p in 0..T::IN * T::IN {
        product::<S>(
            inputs,
            last - first,
            wide_out / S::N,
            Left { at: v.add(p * v_point), row: 1, column: wide_in },
            Right { at: m.add(p * m_point), row: wide_out, panel: S::VECS * S::N },
            Out { at: sums.add(p * (inputs * wide_out + GAP)), row: wide_out, add: true },
        );
    }
}

entry! {
    /// Adds the parts and transforms back, for one input channel.
    fn finish(plan: &Plan, sums: *mut f32, parts: [usize; 2], channel: usize, dw: Shared) = finish_body
}

#[inline(always)]
unsafe fn finish_body<S: Simd>(_: S, plan: &Plan, sums: *mut f32, [parts, size]: [usize; 2], channel: usize, dw: Shared) {
    let [inputs, outputs] = plan.channels;
    let wide = outputs.next_multiple_of(S::N);
    let point = inputs * wide + GAP;
    for o in (0..outputs).step_by(S::N) {
        // The first part becomes the sum.
        let first = sums.add(channel * wide + o);
        for p in 0..plan.points() {
            let mut sum = S::load(first.add(p * point));
            for part in 1..parts {
                sum = S::add(sum, S::load(first.add(p * point + part * size)));
            }
            S::store(first.add(p * point), sum);
        }
        // At most sixteen lanes.
        let mut taps = [[0.0f32; 16]; 9];
        let from = Grid { at: first.cast_const(), row: (plan.tile + 2) * point, column: point };
        let to = Grid { at: taps.as_mut_ptr().cast(), row: 3 * 16, column: 16 };
        if plan.tile == 4 {
            transform::weight_gradient::<S, Four>(from, to);
        } else {
            transform::weight_gradient::<S, Two>(from, to);
        }
        for lane in 0..(outputs - o).min(S::N) {
            for (k, tap) in taps.iter().enumerate() {
                *dw.at(((o + lane) * inputs + channel) * 9 + k) = tap[lane];
            }
        }
    }
}
