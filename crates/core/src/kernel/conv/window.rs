//! Convolutions of any shape as matrix products over blocks of output pixels: the windows of a block are packed as
//! columns, straight from NCHW, and multiplied while they are in the cache. The whole matrix of windows is never
//! stored.

pub mod gradient;

use super::shape::{ConvShape, Epilogue};
use crate::kernel::parallel::{each, scratch, uninit, Aligned, Shared};
use crate::kernel::product::{product, strips, Left, Out, Right};
use crate::kernel::simd::{entry, rows, InstructionSet, Simd};

/// Output pixels of a block: a multiple of the panel width of every instruction set.
const PIXELS: usize = 192;
/// Rows of the matrix of windows that are packed at a time: a panel of them stays in the first-level cache.
const DEPTH: usize = 128;
/// With fewer tasks than this, output channels are divided too.
const MIN_TASKS: usize = 16;

/// The convolution of `x` with `w` [outputs, inputs / groups, kernel], then the epilogue: [batch, outputs, out].
pub fn forward(isa: InstructionSet, shape: &ConvShape, x: &[f32], w: &[f32], epilogue: Epilogue) -> Vec<f32> {
    let outputs = shape.group()[1];
    // SAFETY: tasks write disjoint blocks that cover the result.
    let mut y = unsafe { uninit(shape.batch * shape.channels[1] * shape.pixels()) };
    let blocks = shape.pixels().div_ceil(PIXELS);
    let all = shape.batch * shape.groups * blocks;
    let rows = outputs.div_ceil(MIN_TASKS.div_ceil(all)).max(24).next_multiple_of(rows(isa)).min(outputs);
    let chunks = outputs.div_ceil(rows);
    let depth = shape.depth();
    let groups = w.chunks_exact((outputs * depth).max(1));
    let w = groups.map(|w| strips(isa, [outputs, depth], |i, j| w[i * depth + j])).collect();
    let job = Forward { shape, x, w, epilogue, y: Shared::new(&mut y) };
    each(all * chunks, shape.is_parallel(), |task| {
        scratch(PIXELS * (DEPTH + rows), |memory| {
            let (block, chunk) = (task / chunks % blocks, task % chunks);
            let (image, group) = (task / chunks / blocks / shape.groups, task / chunks / blocks % shape.groups);
            let part = [chunk * rows, ((chunk + 1) * rows).min(outputs)];
            // SAFETY: tasks write disjoint parts of y; memory holds the packed windows and the product.
            unsafe { forward_block(isa, &job, [image, group, block], part, memory) }
        });
    });
    y
}

struct Forward<'a> {
    shape: &'a ConvShape,
    x: &'a [f32],
    /// The filters of each group, `outputs` by `depth`, in strips.
    w: Vec<Aligned>,
    epilogue: Epilogue<'a>,
    y: Shared,
}

entry! {
    /// Output channels `part` of a block of pixels.
    fn forward_block(job: &Forward, at: [usize; 3], part: [usize; 2], memory: &mut [f32]) = forward_body
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(
    _: S,
    job: &Forward,
    [image, group, block]: [usize; 3],
    part: [usize; 2],
    memory: &mut [f32],
) {
    let s = job.shape;
    let ([inputs, outputs], depth, pixels) = (s.group(), s.depth(), s.pixels());
    let (first, last) = (block * PIXELS, ((block + 1) * PIXELS).min(pixels));
    let vectors = (last - first).div_ceil(S::N);
    let x = job.x.as_ptr().add((image * s.channels[0] + group * inputs) * s.size[0] * s.size[1]);
    let pack = memory.as_mut_ptr();
    let result = pack.add(PIXELS * DEPTH);
    let o = group * outputs + part[0];
    for k in (0..depth).step_by(DEPTH) {
        let packed = DEPTH.min(depth - k);
        pack_windows::<S>(s, x, [k, k + packed], [first, last], pack, vectors * S::N);
        product::<S>(
            part[1] - part[0],
            packed,
            vectors,
            // A part begins at a strip boundary.
            Left {
                at: job.w[group].values().as_ptr().add(part[0] * depth + k * S::ROWS),
                row: 1,
                column: S::ROWS,
                strip: Some(S::ROWS * depth),
            },
            Right { at: pack, row: S::VECS * S::N, panel: DEPTH * S::VECS * S::N },
            Out { at: result, row: PIXELS, add: k > 0 },
        );
    }
    for i in 0..part[1] - part[0] {
        let bias = job.epilogue.bias.map_or(0.0, |b| b[o + i]);
        let to = job.y.at((image * s.channels[1] + o + i) * pixels + first);
        for j in 0..last - first {
            *to.add(j) = job.epilogue.activate(*result.add(i * PIXELS + j) + bias);
        }
    }
}

/// Packs rows `[k, end)` of the matrix of windows, for output pixels `[first, last)`, in panels of `VECS` vectors and
/// `DEPTH` rows, zero-filled up to `wide` pixels.
#[inline(always)]
unsafe fn pack_windows<S: Simd>(
    s: &ConvShape,
    x: *const f32,
    [k, end]: [usize; 2],
    pixels: [usize; 2],
    to: *mut f32,
    wide: usize,
) {
    let panel = S::VECS * S::N;
    let mut values = [0.0; PIXELS + OVERWRITE];
    for row in k..end {
        window_row::<S>(s, x, row, pixels, values.as_mut_ptr(), wide);
        let to = to.add((row - k) * panel);
        for j in (0..wide).step_by(S::N) {
            S::store(to.add(j / panel * DEPTH * panel + j % panel), S::load(values.as_ptr().add(j)));
        }
    }
}

/// Values that may be overwritten past the end of a row of windows: the longest vector.
const OVERWRITE: usize = 16;

/// A row of the matrix of windows for output pixels `[first, last)`, zero-filled up to `wide` pixels. Up to `OVERWRITE`
/// values after it are overwritten.
#[inline(always)]
unsafe fn window_row<S: Simd>(
    s: &ConvShape,
    x: *const f32,
    row: usize,
    [first, last]: [usize; 2],
    to: *mut f32,
    wide: usize,
) {
    let (taps, width) = (s.taps(), s.out[1]);
    let (u, v) = (row % taps / s.kernel[1], row % s.kernel[1]);
    let plane = x.add(row / taps * s.size[0] * s.size[1]);
    // The last address from which a vector can be read without leaving the plane.
    let safe = plane.add(s.size[0] * s.size[1]).wrapping_sub(S::N);
    let (top, bottom) = s.inside(0, u);
    let (left, right) = s.inside(1, v);
    let (mut p, mut i, mut from) = (first, first / width, first % width);
    while p < last {
        let until = width.min(from + last - p);
        let out = to.add(p - first).wrapping_sub(from);
        let (a, b) =
            if i >= top && i < bottom { (left.clamp(from, until), right.clamp(from, until)) } else { (until, until) };
        for j in from..a {
            *out.add(j) = 0.0;
        }
        if a < b {
            let (start, out, count) = (plane.add(s.source(0, u, i) * s.size[1] + s.source(1, v, a)), out.add(a), b - a);
            match s.stride[1] {
                1 => {
                    let mut j = 0;
                    while j < count && start.add(j) <= safe {
                        S::store(out.add(j), S::load(start.add(j)));
                        j += S::N;
                    }
                    for j in j..count {
                        *out.add(j) = *start.add(j);
                    }
                }
                // A constant stride, so that the compiler vectorises.
                2 => (0..count).for_each(|j| *out.add(j) = *start.add(2 * j)),
                stride => (0..count).for_each(|j| *out.add(j) = *start.add(j * stride)),
            }
        }
        for j in b.max(a)..until {
            *out.add(j) = 0.0;
        }
        (p, i, from) = (p + until - from, i + 1, 0);
    }
    for j in last - first..wide {
        *to.add(j) = 0.0;
    }
}
