//! Convolutions of any shape as matrix products over blocks of output pixels: the windows of a block are packed as
//! columns, straight from NCHW, and multiplied while they are in the cache. The whole matrix of windows is never
//! stored.

pub mod gradient;

use super::gemm::{product, strips, Left, Out, Right};
use super::parallel::{each, scratch, unwritten, Aligned, Shared};
use super::simd::{entry, rows, Level, Simd};
use super::Finish;

/// Output pixels of a block: a multiple of every panel's width.
const PIXELS: usize = 192;
/// Rows of windows that are packed at a time: a panel of them stays in the first cache.
const DEPTH: usize = 128;
/// Where there are fewer pieces of work than this, output channels are divided too.
const PIECES: usize = 16;

/// The shape of a convolution.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub batch: usize,
    /// Channels of the input and of the output.
    pub channels: [usize; 2],
    pub groups: usize,
    /// Height and width of the input.
    pub size: [usize; 2],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    /// Height and width of the output.
    pub out: [usize; 2],
}

impl Shape {
    /// Taps of a filter.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }
    /// Input and output channels of a group.
    pub fn group(&self) -> [usize; 2] {
        self.channels.map(|c| c / self.groups)
    }
    /// Rows of the matrix of windows: a group's input channels times taps.
    pub fn depth(&self) -> usize {
        self.group()[0] * self.taps()
    }
    /// Pixels of an output channel.
    pub fn pixels(&self) -> usize {
        self.out[0] * self.out[1]
    }
    /// Multiplications and additions.
    pub fn work(&self) -> usize {
        self.batch * self.pixels() * self.channels[1] * self.depth()
    }
    /// Whether threads pay.
    pub fn heavy(&self) -> bool {
        self.work() > 1 << 17
    }
    /// The output positions on `axis` whose window has tap `tap` inside the input.
    #[inline(always)]
    pub fn inside(&self, axis: usize, tap: usize) -> (usize, usize) {
        let (shift, stride) = (tap * self.dilation[axis], self.stride[axis]);
        let first = self.padding[axis].saturating_sub(shift).div_ceil(stride);
        let last = (self.size[axis] + self.padding[axis]).saturating_sub(shift).div_ceil(stride).min(self.out[axis]);
        (first.min(last), last)
    }
    /// The input position of output `at` under `tap`, where it is inside.
    #[inline(always)]
    pub fn source(&self, axis: usize, tap: usize, at: usize) -> usize {
        at * self.stride[axis] + tap * self.dilation[axis] - self.padding[axis]
    }
}

/// The convolution of `x` with `w` [outputs, inputs / groups, kernel], and the finish: [batch, outputs, out].
pub fn forward(level: Level, shape: &Shape, x: &[f32], w: &[f32], finish: Finish) -> Vec<f32> {
    let outputs = shape.group()[1];
    // SAFETY: each piece writes its block, and they cover everything.
    let mut y = unsafe { unwritten(shape.batch * shape.channels[1] * shape.pixels()) };
    let blocks = shape.pixels().div_ceil(PIXELS);
    let pieces = shape.batch * shape.groups * blocks;
    let rows = outputs.div_ceil(PIECES.div_ceil(pieces)).max(24).next_multiple_of(rows(level)).min(outputs);
    let chunks = outputs.div_ceil(rows);
    let depth = shape.depth();
    let groups = w.chunks_exact((outputs * depth).max(1));
    let w = groups.map(|w| strips(level, [outputs, depth], |i, j| w[i * depth + j])).collect();
    let job = Forward { shape, x, w, finish, y: Shared::new(&mut y) };
    each(pieces * chunks, shape.heavy(), |piece| {
        scratch(PIXELS * (DEPTH + rows), |memory| {
            let (block, chunk) = (piece / chunks % blocks, piece % chunks);
            let (image, group) = (piece / chunks / blocks / shape.groups, piece / chunks / blocks % shape.groups);
            let part = [chunk * rows, ((chunk + 1) * rows).min(outputs)];
            // SAFETY: pieces write disjoint parts of y; memory has room for the packed windows and the product.
            unsafe { forward_block(level, &job, [image, group, block], part, memory) }
        });
    });
    y
}

struct Forward<'a> {
    shape: &'a Shape,
    x: &'a [f32],
    /// The filters of each group, `outputs` by `depth`, in strips.
    w: Vec<Aligned>,
    finish: Finish<'a>,
    y: Shared,
}

entry! {
    /// Some output channels of a block of pixels.
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
        let some = DEPTH.min(depth - k);
        pack_windows::<S>(s, x, [k, k + some], [first, last], pack, vectors * S::N);
        product::<S>(
            part[1] - part[0],
            some,
            vectors,
            // A part begins with a strip.
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
        let bias = job.finish.bias.map_or(0.0, |b| b[o + i]);
        let to = job.y.at((image * s.channels[1] + o + i) * pixels + first);
        for j in 0..last - first {
            *to.add(j) = job.finish.activate(*result.add(i * PIXELS + j) + bias);
        }
    }
}

/// Rows `[k, end)` of the matrix of windows, for output pixels `[first, last)`, in panels of `VECS` vectors and `DEPTH`
/// rows; zero up to `wide`.
#[inline(always)]
unsafe fn pack_windows<S: Simd>(
    s: &Shape,
    x: *const f32,
    [k, end]: [usize; 2],
    pixels: [usize; 2],
    to: *mut f32,
    wide: usize,
) {
    let panel = S::VECS * S::N;
    let mut line = [0.0; PIXELS + BEHIND];
    for row in k..end {
        window_row::<S>(s, x, row, pixels, line.as_mut_ptr(), wide);
        let to = to.add((row - k) * panel);
        for j in (0..wide).step_by(S::N) {
            S::store(to.add(j / panel * DEPTH * panel + j % panel), S::load(line.as_ptr().add(j)));
        }
    }
}

/// Room behind a row of windows: a vector, whatever the instruction set.
const BEHIND: usize = 16;

/// A row of the matrix of windows for output pixels `[first, last)`; zero up to `wide`. What stands up to `BEHIND`
/// values behind it is lost.
#[inline(always)]
unsafe fn window_row<S: Simd>(
    s: &Shape,
    x: *const f32,
    row: usize,
    [first, last]: [usize; 2],
    to: *mut f32,
    wide: usize,
) {
    let (taps, width) = (s.taps(), s.out[1]);
    let (u, v) = (row % taps / s.kernel[1], row % s.kernel[1]);
    let plane = x.add(row / taps * s.size[0] * s.size[1]);
    // A vector may be read from here on without leaving the plane.
    let safe = plane.add(s.size[0] * s.size[1]).wrapping_sub(S::N);
    let (top, bottom) = s.inside(0, u);
    let (left, right) = s.inside(1, v);
    let (mut p, mut i, mut from) = (first, first / width, first % width);
    while p < last {
        let until = width.min(from + last - p);
        let line = to.add(p - first).wrapping_sub(from);
        let (a, b) =
            if i >= top && i < bottom { (left.clamp(from, until), right.clamp(from, until)) } else { (until, until) };
        for j in from..a {
            *line.add(j) = 0.0;
        }
        if a < b {
            let (start, line, count) =
                (plane.add(s.source(0, u, i) * s.size[1] + s.source(1, v, a)), line.add(a), b - a);
            match s.stride[1] {
                1 => {
                    let mut j = 0;
                    while j < count && start.add(j) <= safe {
                        S::store(line.add(j), S::load(start.add(j)));
                        j += S::N;
                    }
                    for j in j..count {
                        *line.add(j) = *start.add(j);
                    }
                }
                // A constant, so that the compiler finds vectors.
                2 => (0..count).for_each(|j| *line.add(j) = *start.add(2 * j)),
                stride => (0..count).for_each(|j| *line.add(j) = *start.add(j * stride)),
            }
        }
        for j in b.max(a)..until {
            *line.add(j) = 0.0;
        }
        (p, i, from) = (p + until - from, i + 1, 0);
    }
    for j in last - first..wide {
        *to.add(j) = 0.0;
    }
}
