//! The gradient in the weight: dw[o, i] = sum over pixels of g[o] x[i] at each shift, a product whose left operand is
//! read from the planes and whose right operand is g with its channels beside each other.

use super::axis::Axis;
use super::planes::{pack, Layout};
use crate::kernel::conv::shape::ConvShape;
use crate::kernel::parallel::{each, scratch, uninit, Aligned, Shared};
use crate::kernel::product::{shifted, Out};
use crate::kernel::simd::{entry, lanes, InstructionSet, Simd};

/// Largest number of partial sums, and of float32 values in all of them.
const MAX_PARTS: usize = 8;
const MAX_PARTS_SIZE: usize = 1 << 23;
/// Blocks of a partial sum, at least.
const MIN_BLOCKS: usize = 2;
/// With fewer tasks than this, input channels are divided.
const MIN_TASKS: usize = 16;
/// Pixels of a block, about: the longer a sum in a register, the larger its rounding error.
const MAX_PIXELS: usize = 1024;
/// Fewest input channels of a task where they are divided.
const MIN_CHANNELS: usize = 16;
/// Lanes of the longest vector.
const LANES: usize = 16;

struct Job<'a> {
    shape: &'a ConvShape,
    x: &'a [f32],
    g: &'a [f32],
    axes: [&'a Axis; 2],
    layout: Layout,
    offsets: Vec<usize>,
    /// Values that the planes of a task take.
    planes: usize,
    /// Distance of the rows of the sums.
    wide: usize,
    sums: Shared,
}

/// The gradient [outputs, inputs / groups, kernel] from the input `x` and the output's gradient `g`.
///
/// Blocks of pixels are summed in parts that depend only on the shape; the parts are then added in order.
pub fn weight(isa: InstructionSet, s: &ConvShape, x: &[f32], g: &[f32]) -> Vec<f32> {
    let ([inputs, outputs], depth, taps) = (s.group(), s.depth(), s.taps());
    if s.batch == 0 || s.pixels() == 0 {
        return crate::allocation::zeros(s.channels[1] * depth);
    }
    let wide = outputs.next_multiple_of(lanes(isa));
    let padded = outputs.next_multiple_of(2 * lanes(isa));
    let own = [Axis::forward(s, 0), Axis::forward(s, 1)];
    let axes = own.each_ref();
    let tasks = if s.is_parallel() { MIN_TASKS.div_ceil(s.batch) } else { 1 };
    let layout = Layout::new(axes, inputs, padded, tasks.max(s.pixels().div_ceil(MAX_PIXELS)));
    let blocks = s.batch * layout.blocks[0] * layout.blocks[1];
    let size = s.groups * depth * wide;
    let parts = (blocks / MIN_BLOCKS).min(MAX_PARTS).min(MAX_PARTS_SIZE / size.max(1)).max(1);
    let chunks = MIN_TASKS.div_ceil(parts * s.groups).min(inputs.div_ceil(MIN_CHANNELS));
    let part = inputs.div_ceil(chunks);
    let chunks = inputs.div_ceil(part);
    let mut sums = Aligned::zeros(parts * size);
    let planes = layout.size(part).next_multiple_of(16);
    let pixels = layout.rows * layout.columns;
    let job = Job {
        offsets: layout.offsets(axes, part),
        shape: s,
        x,
        g,
        axes,
        layout,
        planes,
        wide,
        sums: Shared::new(sums.all()),
    };
    each(parts * s.groups * chunks, s.is_parallel(), |task| {
        scratch(planes + pixels * padded, |memory| {
            let (chunk, group, k) = (task % chunks, task / chunks % s.groups, task / chunks / s.groups);
            let channels = [chunk * part, ((chunk + 1) * part).min(inputs)];
            let at = k * size + (group * depth + channels[0] * taps) * wide;
            for block in k * blocks / parts..(k + 1) * blocks / parts {
                // SAFETY: tasks write disjoint sums; memory holds the planes and the transposed gradient.
                unsafe { add_block(isa, &job, [group, block], channels, at, memory) }
            }
        });
    });
    // SAFETY: the filters of every output channel are written below.
    let mut dw = unsafe { uninit(s.channels[1] * depth) };
    let to = Shared::new(&mut dw);
    let total = &Total { sums: sums.values(), depth, wide, outputs, parts, size, to };
    let n = lanes(isa);
    let columns = outputs.div_ceil(n);
    each(s.groups * columns, s.is_parallel(), |task| {
        // SAFETY: tasks write the filters of disjoint output channels.
        unsafe { add_parts(isa, total, task / columns, task % columns * n) }
    });
    dw
}

/// The partial sums of a gradient, and where it goes.
struct Total<'a> {
    sums: &'a [f32],
    depth: usize,
    wide: usize,
    outputs: usize,
    parts: usize,
    size: usize,
    to: Shared,
}

entry! {
    /// Writes the gradient of the filters of a group's outputs from `first` on that a vector holds.
    fn add_parts(total: &Total, group: usize, first: usize) = add_parts_body
}

#[inline(always)]
unsafe fn add_parts_body<S: Simd>(_: S, total: &Total, group: usize, first: usize) {
    let Total { depth, wide, outputs, parts, size, .. } = *total;
    let from = total.sums.as_ptr().add(group * depth * wide + first);
    let to = total.to.at((group * outputs + first) * depth);
    let mut square = [0.0f32; LANES * LANES];
    let square = square.as_mut_ptr();
    for row in (0..depth).step_by(S::N) {
        let rows = S::N.min(depth - row);
        for i in 0..rows {
            let from = from.add((row + i) * wide);
            let mut sum = S::load(from);
            for part in 1..parts {
                sum = S::add(sum, S::load(from.add(part * size)));
            }
            S::store(square.add(i * S::N), sum);
        }
        if rows == S::N && outputs - first >= S::N {
            S::transpose(square, S::N, to.add(row), depth);
            continue;
        }
        for o in 0..S::N.min(outputs - first) {
            for i in 0..rows {
                *to.add(o * depth + row + i) = *square.add(i * S::N + o);
            }
        }
    }
}

entry! {
    /// Adds a block of pixels to the sums of input channels `part` of a group, which begin at `at`.
    fn add_block(job: &Job, block: [usize; 2], part: [usize; 2], at: usize, memory: &mut [f32]) = add_body
}

#[inline(always)]
unsafe fn add_body<S: Simd>(
    _: S,
    job: &Job,
    [group, block]: [usize; 2],
    part: [usize; 2],
    at: usize,
    memory: &mut [f32],
) {
    let (s, layout) = (job.shape, &job.layout);
    let [inputs, outputs] = s.group();
    let blocks = layout.blocks[0] * layout.blocks[1];
    let image = block / blocks;
    let [first, [rows, columns]] = layout.block(job.axes, block % blocks);
    let planes = memory.as_mut_ptr();
    let x = job.x.as_ptr().add((image * s.channels[0] + group * inputs + part[0]) * s.size[0] * s.size[1]);
    pack::<S>(job.axes, layout, first, part[1] - part[0], x, planes);
    let right = planes.add(job.planes);
    let g = job.g.as_ptr().add((image * s.channels[1] + group * outputs) * s.pixels());
    let panel = S::VECS * S::N;
    let pixels = rows * columns;
    // Whole rows of the image are one.
    let (runs, run) = if columns == s.out[1] { (1, pixels) } else { (rows, columns) };
    for i in 0..runs {
        let from = g.add((first[0] + i) * s.out[1] + first[1]);
        for o in (0..outputs).step_by(S::N) {
            let to = right.add(o / panel * pixels * panel + o % panel + i * run * panel);
            transpose::<S>(from.add(o * s.pixels()), s.pixels(), (outputs - o).min(S::N), run, to, panel);
        }
    }
    let rows_of_sums = &job.offsets[..(part[1] - part[0]) * s.taps()];
    let lines = if layout.pitch == columns { [1, pixels, 0] } else { [rows, columns, layout.pitch] };
    // The rows stay in the first-level cache while they meet all panels of g.
    for (k, strip) in rows_of_sums.chunks(S::ROWS).enumerate() {
        for o in (0..outputs).step_by(panel) {
            let c = Out { at: job.sums.at(at + k * S::ROWS * job.wide + o), row: job.wide, add: true };
            shifted::left::<S>(strip, outputs - o > S::N, lines, planes, right.add(o * pixels), c);
        }
    }
}

/// `channels` rows of `count` values, `row` apart, as columns: value j of row i goes to `to + j next + i`, and zeros to
/// the places of missing rows.
#[inline(always)]
unsafe fn transpose<S: Simd>(from: *const f32, row: usize, channels: usize, count: usize, to: *mut f32, next: usize) {
    let mut j = 0;
    if channels == S::N {
        while j + S::N <= count {
            S::transpose(from.add(j), row, to.add(j * next), next);
            j += S::N;
        }
    }
    for j in j..count {
        for i in 0..S::N {
            *to.add(j * next + i) = if i < channels { *from.add(i * row + j) } else { 0.0 };
        }
    }
}
