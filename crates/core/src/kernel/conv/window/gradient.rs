//! Gradients of `forward`: in the input, which is also the transposed convolution, and in the weight.

use super::{window_row, OVERWRITE, PIXELS};
use crate::allocation::zeros;
use crate::kernel::conv::shape::ConvShape;
use crate::kernel::parallel::{each, scratch, uninit, Aligned, Shared, MIN_PARALLEL_STRIDED};
use crate::kernel::product::{product, strips, Left, Out, Right};
use crate::kernel::simd::{entry, lanes, rows, InstructionSet, Simd};

/// Rows of the matrix of windows that `input` computes at a time.
const ROWS: usize = 144;
/// Columns of the matrix of windows that `weight` takes at a time.
const COLUMNS: usize = 256;
/// With at least this many columns, packing g into strips pays off.
const MIN_PACKED_COLUMNS: usize = 64;
/// Largest number of partial sums of `weight`.
const MAX_PARTS: usize = 8;
/// Largest number of float32 values in all partial sums.
const MAX_PARTS_SIZE: usize = 1 << 23;

/// The gradient in the input [batch, inputs, size] from the output's gradient `g` [batch, outputs, out].
pub fn input(isa: InstructionSet, shape: &ConvShape, g: &[f32], w: &[f32]) -> Vec<f32> {
    let inputs = shape.group()[0];
    let mut dx = zeros(shape.batch * shape.channels[0] * shape.size[0] * shape.size[1]);
    let (outputs, taps, depth) = (shape.group()[1], shape.taps(), shape.depth());
    let inputs_per_task = (ROWS / taps).clamp(1, inputs);
    let chunks = inputs.div_ceil(inputs_per_task);
    let count = PIXELS * (inputs_per_task * taps + outputs);
    // For each group and chunk of input channels: rows of windows by outputs.
    let weights: Vec<Aligned> = (0..shape.groups * chunks)
        .map(|task| {
            let (group, first) = (task / chunks, task % chunks * inputs_per_task);
            let w = &w[group * outputs * depth + first * taps..];
            strips(isa, [inputs_per_task.min(inputs - first) * taps, outputs], |i, o| w[o * depth + i])
        })
        .collect();
    let job = Job { shape, g, other: w, out: Shared::new(&mut dx) };
    each(shape.batch * shape.groups * chunks, shape.is_parallel(), |task| {
        scratch(count, |memory| {
            let (chunk, group, image) = (task % chunks, task / chunks % shape.groups, task / chunks / shape.groups);
            let part = [chunk * inputs_per_task, ((chunk + 1) * inputs_per_task).min(inputs)];
            // SAFETY: tasks write disjoint input channels; memory holds both sides of the product.
            unsafe { input_channels(isa, &job, [image, group], part, weights[group * chunks + chunk].values(), memory) }
        });
    });
    dx
}

struct Job<'a> {
    shape: &'a ConvShape,
    g: &'a [f32],
    other: &'a [f32],
    out: Shared,
}

entry! {
    /// The gradient in the input channels `part` of an image.
    fn input_channels(job: &Job, at: [usize; 2], part: [usize; 2], w: &[f32], memory: &mut [f32]) = input_body
}

#[inline(always)]
unsafe fn input_body<S: Simd>(
    _: S,
    job: &Job,
    [image, group]: [usize; 2],
    part: [usize; 2],
    w: &[f32],
    memory: &mut [f32],
) {
    let s = job.shape;
    let ([inputs, outputs], pixels, taps, panel) = (s.group(), s.pixels(), s.taps(), S::VECS * S::N);
    let rows = (part[1] - part[0]) * taps;
    let plane = s.size[0] * s.size[1];
    let g = job.g.as_ptr().add((image * s.channels[1] + group * outputs) * pixels);
    let dx = job.out.at((image * s.channels[0] + group * inputs + part[0]) * plane);
    let windows = memory.as_mut_ptr();
    let pack = windows.add(rows * PIXELS);
    for first in (0..pixels).step_by(PIXELS) {
        let last = (first + PIXELS).min(pixels);
        let vectors = (last - first).div_ceil(S::N);
        for o in 0..outputs {
            let (to, from) = (pack.add(o * panel), g.add(o * pixels + first));
            for j in (0..last - first).step_by(S::N) {
                let to = to.add(j / panel * outputs * panel + j % panel);
                if j + S::N <= last - first {
                    S::store(to, S::load(from.add(j)));
                } else {
                    for j in j..j / S::N * S::N + S::N {
                        *to.add(j % S::N) = if j < last - first { *from.add(j) } else { 0.0 };
                    }
                }
            }
        }
        product::<S>(
            rows,
            outputs,
            vectors,
            Left { at: w.as_ptr(), row: 1, column: S::ROWS, strip: Some(S::ROWS * outputs) },
            Right { at: pack, row: panel, panel: outputs * panel },
            Out { at: windows, row: PIXELS, add: false },
        );
        for row in 0..rows {
            add_windows(s, row, [first, last], windows.add(row * PIXELS), dx.add(row / taps * plane));
        }
    }
}

/// Adds a row of the matrix of windows to the pixels that it was read from.
#[inline(always)]
unsafe fn add_windows(s: &ConvShape, row: usize, [first, last]: [usize; 2], from: *const f32, plane: *mut f32) {
    let width = s.out[1];
    let (u, v) = (row % s.taps() / s.kernel[1], row % s.kernel[1]);
    let (top, bottom) = s.inside(0, u);
    let (left, right) = s.inside(1, v);
    let mut p = first;
    while p < last {
        let (i, start) = (p / width, p % width);
        let until = width.min(start + last - p);
        let (a, b) = (left.clamp(start, until), right.clamp(start, until));
        if i >= top && i < bottom && a < b {
            let from = from.add(p - first + a - start);
            let to = plane.add(s.source(0, u, i) * s.size[1] + s.source(1, v, a));
            if s.stride[1] == 1 {
                for j in 0..b - a {
                    *to.add(j) += *from.add(j);
                }
            } else {
                for j in 0..b - a {
                    *to.add(j * s.stride[1]) += *from.add(j);
                }
            }
        }
        p += until - start;
    }
}

/// The gradient in the weight [outputs, inputs / groups, kernel] from the input `x` and the output's gradient `g`.
///
/// Blocks of pixels are summed in parts that depend only on the shape; the parts are then added in order.
pub fn weight(isa: InstructionSet, shape: &ConvShape, x: &[f32], g: &[f32]) -> Vec<f32> {
    let (outputs, depth) = (shape.channels[1], shape.depth());
    let wide = depth.next_multiple_of(lanes(isa));
    let blocks = shape.batch * shape.pixels().div_ceil(PIXELS);
    let parts = (blocks / 4).min(MAX_PARTS).min(MAX_PARTS_SIZE / (outputs * wide)).max(1);
    let slices = depth.div_ceil(COLUMNS);
    let mut sums = Aligned::zeros(parts * outputs * wide);
    let job = Job { shape, g, other: x, out: Shared::new(sums.all()) };
    each(parts * shape.groups * slices, shape.is_parallel(), |task| {
        scratch(PIXELS * (2 * COLUMNS + shape.group()[1].next_multiple_of(rows(isa))) + OVERWRITE, |memory| {
            let (slice, group, part) = (task % slices, task / slices % shape.groups, task / slices / shape.groups);
            for block in part * blocks / parts..(part + 1) * blocks / parts {
                // SAFETY: tasks write disjoint sums; memory holds the windows and their transpose.
                unsafe { weight_block(isa, &job, [group, block, slice * COLUMNS], part * outputs * wide, memory) }
            }
        });
    });
    // SAFETY: the filters of every output channel are written below.
    let mut dw = unsafe { uninit(outputs * depth) };
    for (o, to) in dw.chunks_exact_mut(depth).enumerate() {
        let all = sums.values();
        to.copy_from_slice(&all[o * wide..][..depth]);
        for part in 1..parts {
            for (to, from) in to.iter_mut().zip(&all[(part * outputs + o) * wide..]) {
                *to += from;
            }
        }
    }
    dw
}

entry! {
    /// Adds one block of pixels to `COLUMNS` columns of the sums.
    fn weight_block(job: &Job, at: [usize; 3], sums: usize, memory: &mut [f32]) = weight_body
}

#[inline(always)]
unsafe fn weight_body<S: Simd>(_: S, job: &Job, [group, block, k]: [usize; 3], sums: usize, memory: &mut [f32]) {
    let s = job.shape;
    let ([inputs, outputs], depth, pixels) = (s.group(), s.depth(), s.pixels());
    let wide = depth.next_multiple_of(S::N);
    let row_count = COLUMNS.min(depth - k);
    let (vectors, panel) = (row_count.div_ceil(S::N), S::VECS * S::N);
    let blocks = pixels.div_ceil(PIXELS);
    let (image, first) = (block / blocks, block % blocks * PIXELS);
    let count = PIXELS.min(pixels - first);
    let x = job.other.as_ptr().add((image * s.channels[0] + group * inputs) * s.size[0] * s.size[1]);
    let windows = memory.as_mut_ptr();
    let columns = windows.add(PIXELS * COLUMNS + OVERWRITE);
    let strips = columns.add(PIXELS * COLUMNS);
    for row in 0..row_count {
        window_row::<S>(s, x, k + row, [first, first + count], windows.add(row * PIXELS), count.next_multiple_of(S::N));
    }
    // The last vector may include rows past the end: their values go to sums that are never read.
    for i in 0..vectors {
        let to = columns.add(i / S::VECS * PIXELS * panel + i % S::VECS * S::N);
        for j in (0..count).step_by(S::N) {
            S::transpose(windows.add(i * S::N * PIXELS + j), PIXELS, to.add(j * panel), panel);
        }
    }
    let g = job.g.as_ptr().add((image * s.channels[1] + group * outputs) * pixels + first);
    let left = if row_count < MIN_PACKED_COLUMNS {
        Left { at: g, row: pixels, column: 1, strip: None }
    } else {
        for o in 0..outputs {
            let (to, from) = (strips.add(o / S::ROWS * S::ROWS * PIXELS + o % S::ROWS), g.add(o * pixels));
            for j in 0..count {
                *to.add(j * S::ROWS) = *from.add(j);
            }
        }
        Left { at: strips, row: 1, column: S::ROWS, strip: Some(S::ROWS * PIXELS) }
    };
    product::<S>(
        outputs,
        count,
        vectors,
        left,
        Right { at: columns, row: panel, panel: PIXELS * panel },
        Out { at: job.out.at(sums + group * outputs * wide + k), row: wide, add: true },
    );
}

/// The filters of the convolution that is the adjoint with stride 1: inputs and outputs swapped within each group, taps
/// reversed.
pub fn flip(s: &ConvShape, w: &[f32]) -> Vec<f32> {
    let ([inputs, outputs], taps) = (s.group(), s.taps());
    // SAFETY: every filter is written once.
    let mut flipped = unsafe { uninit(w.len()) };
    let out = Shared::new(&mut flipped);
    each(s.groups * inputs, w.len() > MIN_PARALLEL_STRIDED, |task| {
        let (group, i) = (task / inputs, task % inputs);
        for o in 0..outputs {
            // SAFETY: tasks write the filters of disjoint input channels.
            let to = unsafe { std::slice::from_raw_parts_mut(out.at((task * outputs + o) * taps), taps) };
            to.copy_from_slice(&w[((group * outputs + o) * inputs + i) * taps..][..taps]);
            to.reverse();
        }
    });
    flipped
}
