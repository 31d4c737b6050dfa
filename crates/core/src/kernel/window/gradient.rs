//! Gradients of `forward`: in the input, which is also the transposed convolution, and in the weight.

use super::super::gemm::{product, Left, Out, Right};
use super::super::parallel::{each, scratch, unwritten, Aligned, Shared};
use super::super::simd::{entry, lanes, Level, Simd};
use super::{pack_windows, Shape, DEPTH, PIXELS};

/// Rows of windows that are made at a time in `input`.
const ROWS: usize = 144;
/// The most parts in which pixels are summed in `weight`, and the most float32 values that all parts may take.
const PARTS: usize = 8;
const ROOM: usize = 1 << 23;

/// The gradient in the input [batch, inputs, size] from the output's gradient `g` [batch, outputs, out].
pub fn input(level: Level, shape: &Shape, g: &[f32], w: &[f32]) -> Vec<f32> {
    let inputs = shape.group()[0];
    let mut dx = vec![0.0; shape.batch * shape.channels[0] * shape.size[0] * shape.size[1]];
    let some = (ROWS / shape.taps()).clamp(1, inputs);
    let chunks = inputs.div_ceil(some);
    let count = PIXELS * (some * shape.taps() + shape.group()[1]);
    let job = Job { shape, g, other: w, out: Shared::new(&mut dx) };
    each(shape.batch * shape.groups * chunks, shape.heavy(), |piece| {
        scratch(count, |memory| {
            let (chunk, group, image) = (piece % chunks, piece / chunks % shape.groups, piece / chunks / shape.groups);
            let part = [chunk * some, ((chunk + 1) * some).min(inputs)];
            // SAFETY: each piece has input channels of its own; memory has room for both sides of the product.
            unsafe { input_channels(level, &job, [image, group], part, memory) }
        });
    });
    dx
}

struct Job<'a> {
    shape: &'a Shape,
    g: &'a [f32],
    other: &'a [f32],
    out: Shared,
}

entry! {
    /// The gradient in some input channels of an image.
    fn input_channels(job: &Job, at: [usize; 2], part: [usize; 2], memory: &mut [f32]) = input_body
}

#[inline(always)]
unsafe fn input_body<S: Simd>(_: S, job: &Job, [image, group]: [usize; 2], part: [usize; 2], memory: &mut [f32]) {
    let s = job.shape;
    let ([inputs, outputs], depth, pixels, taps) = (s.group(), s.depth(), s.pixels(), s.taps());
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
            let (to, from) = (pack.add(o * PIXELS), g.add(o * pixels + first));
            for j in 0..last - first {
                *to.add(j) = *from.add(j);
            }
            for j in last - first..vectors * S::N {
                *to.add(j) = 0.0;
            }
        }
        product::<S>(
            rows,
            outputs,
            vectors,
            Left { at: job.other.as_ptr().add(group * outputs * depth + part[0] * taps), row: 1, column: depth },
            Right { at: pack, row: PIXELS, panel: S::VECS * S::N },
            Out { at: windows, row: PIXELS, add: false },
        );
        for row in 0..rows {
            add_windows(s, row, [first, last], windows.add(row * PIXELS), dx.add(row / taps * plane));
        }
    }
}

/// Adds a row of windows to the pixels that they came from.
#[inline(always)]
unsafe fn add_windows(s: &Shape, row: usize, [first, last]: [usize; 2], from: *const f32, plane: *mut f32) {
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
            let line = from.add(p - first + a - start);
            let to = plane.add(s.source(0, u, i) * s.size[1] + s.source(1, v, a));
            if s.stride[1] == 1 {
                for j in 0..b - a {
                    *to.add(j) += *line.add(j);
                }
            } else {
                for j in 0..b - a {
                    *to.add(j * s.stride[1]) += *line.add(j);
                }
            }
        }
        p += until - start;
    }
}

/// The gradient in the weight [outputs, inputs / groups, kernel] from the input `x` and the output's gradient `g`.
///
/// Blocks of pixels are summed in parts that depend on the shape alone; the parts are then added in order.
pub fn weight(level: Level, shape: &Shape, x: &[f32], g: &[f32]) -> Vec<f32> {
    let (outputs, depth) = (shape.channels[1], shape.depth());
    let wide = depth.next_multiple_of(lanes(level));
    let blocks = shape.batch * shape.pixels().div_ceil(PIXELS);
    let parts = (blocks / 4).min(PARTS).min(ROOM / (outputs * wide)).max(1);
    let slices = depth.div_ceil(DEPTH);
    let mut sums = Aligned::zeros(parts * outputs * wide);
    let job = Job { shape, g, other: x, out: Shared::new(sums.all()) };
    each(parts * shape.groups * slices, shape.heavy(), |piece| {
        scratch(2 * PIXELS * DEPTH, |memory| {
            let (slice, group, part) = (piece % slices, piece / slices % shape.groups, piece / slices / shape.groups);
            for block in part * blocks / parts..(part + 1) * blocks / parts {
                // SAFETY: each piece has sums of its own; memory has room for the windows and their transpose.
                unsafe { weight_block(level, &job, [group, block, slice * DEPTH], part * outputs * wide, memory) }
            }
        });
    });
    // SAFETY: each output channel's filters are written below.
    let mut dw = unsafe { unwritten(outputs * depth) };
    for (o, to) in dw.chunks_exact_mut(depth).enumerate() {
        let all = &*sums.all();
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
    /// Adds one block of pixels to some columns of the sums.
    fn weight_block(job: &Job, at: [usize; 3], sums: usize, memory: &mut [f32]) = weight_body
}

#[inline(always)]
unsafe fn weight_body<S: Simd>(_: S, job: &Job, [group, block, k]: [usize; 3], sums: usize, memory: &mut [f32]) {
    let s = job.shape;
    let ([inputs, outputs], depth, pixels) = (s.group(), s.depth(), s.pixels());
    let wide = depth.next_multiple_of(S::N);
    let some = DEPTH.min(depth - k);
    let vectors = some.div_ceil(S::N);
    let blocks = pixels.div_ceil(PIXELS);
    let (image, first) = (block / blocks, block % blocks * PIXELS);
    let last = (first + PIXELS).min(pixels);
    let x = job.other.as_ptr().add((image * s.channels[0] + group * inputs) * s.size[0] * s.size[1]);
    let pack = memory.as_mut_ptr();
    let columns = pack.add(PIXELS * DEPTH);
    pack_windows(s, x, [k, k + some], [first, last], pack, (last - first).next_multiple_of(S::N));
    // Rows of windows that do not exist fill a vector: what is in them goes to sums that nobody reads.
    for i in 0..vectors {
        for j in (0..last - first).step_by(S::N) {
            S::transpose(pack.add(i * S::N * PIXELS + j), PIXELS, columns.add(j * DEPTH + i * S::N), DEPTH);
        }
    }
    product::<S>(
        outputs,
        last - first,
        vectors,
        Left { at: job.g.as_ptr().add((image * s.channels[1] + group * outputs) * pixels + first), row: pixels, column: 1 },
        Right { at: columns, row: DEPTH, panel: S::VECS * S::N },
        Out { at: job.out.at(sums + group * outputs * wide + k), row: wide, add: true },
    );
}

/// The filters of the convolution that is the adjoint with stride 1: inputs and outputs exchanged within each group, taps in reverse.
pub fn flip(s: &Shape, w: &[f32]) -> Vec<f32> {
    let ([inputs, outputs], taps) = (s.group(), s.taps());
    let mut flipped = Vec::with_capacity(w.len());
    for group in w.chunks_exact(outputs * inputs * taps) {
        for i in 0..inputs {
            for o in 0..outputs {
                flipped.extend(group[(o * inputs + i) * taps..][..taps].iter().rev());
            }
        }
    }
    flipped
}
