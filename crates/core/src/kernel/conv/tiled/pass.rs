//! One convolution with step 1 over the planes of a source.

use super::axis::Axis;
use super::planes::{pack, Layout};
use crate::kernel::conv::shape::{ConvShape, Epilogue};
use crate::kernel::parallel::{each, scratch, Aligned, Shared};
use crate::kernel::product::{shifted, Out};
use crate::kernel::simd::{entry, rows, InstructionSet, Simd};

/// Rows of the right operand in one product: with a strip of the weights they stay in the first-level cache.
const DEPTH: usize = 256;
/// With fewer tasks than this, results are divided further.
const MIN_TASKS: usize = 16;
/// Fewest results' channels of a task where they are divided.
const MIN_CHANNELS: usize = 48;

/// A convolution over `axes` of each group, from `channels[0]` to `channels[1]` channels.
pub struct Pass<'a> {
    pub shape: &'a ConvShape,
    /// The phases of the results on each axis, which follow the first ([`Axis::follows`]): further rows of one product.
    pub axes: [Vec<Axis>; 2],
    pub channels: [usize; 2],
    pub source: &'a [f32],
    /// The filters of a group; that of a result's and of a source's channel begins at their numbers times `strides`.
    pub weights: &'a [f32],
    pub strides: [usize; 2],
    pub epilogue: Epilogue<'a>,
    /// [batch, groups of channels[1], size].
    pub to: Shared,
    pub size: [usize; 2],
}

struct Job<'a> {
    pass: &'a Pass<'a>,
    layout: Layout,
    /// Where the rows of the right operand begin.
    offsets: Vec<usize>,
    /// The left operand of each group in strips.
    weights: Vec<Aligned>,
    /// Values of the planes, then distance of the rows of the results beside each other.
    memory: [usize; 2],
    /// Distance of a block's rows in a row of results: with that of the planes, all of them are one row.
    line: usize,
}

impl Pass<'_> {
    /// The first phase of each axis.
    fn first(&self) -> [&Axis; 2] {
        [&self.axes[0][0], &self.axes[1][0]]
    }

    /// Phases of the results of a channel.
    fn phases(&self) -> usize {
        self.axes[0].len() * self.axes[1].len()
    }

    /// Computes it.
    pub fn run(&self, isa: InstructionSet) {
        let (s, sums, axes, phases) = (self.shape, self.channels[0], self.first(), self.phases());
        // Rows of the product: each phase of each channel.
        let outputs = self.channels[1] * phases;
        let images = s.batch * s.groups;
        if images == 0 || axes.iter().any(|a| a.count == 0) {
            return;
        }
        let tasks = if s.is_parallel() { MIN_TASKS.div_ceil(images) } else { 1 };
        let parts = if outputs >= 2 * MIN_CHANNELS && tasks > 1 { (outputs / MIN_CHANNELS).min(tasks) } else { 1 };
        let part = outputs.div_ceil(parts).next_multiple_of(rows(isa) * phases).min(outputs);
        let parts = outputs.div_ceil(part);
        let layout = Layout::new(axes, sums, part, tasks.div_ceil(parts));
        let n = crate::kernel::simd::lanes(isa);
        let (wide, flat) = (layout.columns.next_multiple_of(n), layout.pitch);
        let line = if (layout.rows * flat).next_multiple_of(n) < layout.rows * wide { flat } else { wide };
        // An odd number of cache lines, as between planes; the last vector of a row may end in the next row.
        let row = ((layout.rows * line).div_ceil(16) | 1) * 16;
        let memory = [layout.size(sums).next_multiple_of(16), row];
        let job = Job {
            offsets: layout.offsets(axes, sums),
            weights: (0..s.groups).map(|group| self.strips(isa, group)).collect(),
            pass: self,
            memory,
            line,
            layout,
        };
        let blocks = job.layout.blocks[0] * job.layout.blocks[1];
        each(images * blocks * parts, s.is_parallel(), |task| {
            scratch(memory[0] + memory[1] * part, |memory| {
                let (chunk, block, image) = (task % parts, task / parts % blocks, task / parts / blocks);
                let part = [chunk * part, ((chunk + 1) * part).min(outputs)];
                // SAFETY: tasks write disjoint results; memory holds the planes and the results of a part.
                unsafe { block_of(isa, &job, image, block, part, memory) }
            });
        });
    }

    /// The weights of a group: for each source channel and tap, the values of `rows(isa)` rows beside each other.
    fn strips(&self, isa: InstructionSet, group: usize) -> Aligned {
        let rows = rows(isa);
        let (sums, phases) = (self.channels[0], self.phases());
        let outputs = self.channels[1] * phases;
        let width = self.shape.kernel[1];
        let taps_of = |[down, right]: [&Axis; 2]| {
            down.taps.iter().flat_map(|u| right.taps.iter().map(move |v| u[0] * width + v[0])).collect::<Vec<usize>>()
        };
        let [down, right] = &self.axes;
        let taps: Vec<_> = down.iter().flat_map(|d| right.iter().map(move |r| taps_of([d, r]))).collect();
        let depth = sums * taps[0].len();
        let filters = &self.weights[group * self.shape.group()[1] * self.shape.depth()..];
        // SAFETY: every value of a full strip is a weight's; other strips are zeroed first.
        let mut all = unsafe { Aligned::uninit(outputs.next_multiple_of(rows) * depth) };
        let to = Shared::new(all.all());
        each(outputs.div_ceil(rows), self.shape.is_parallel(), |strip| {
            // SAFETY: each task writes its own strip.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(strip * rows * depth), rows * depth) };
            let count = rows.min(outputs - strip * rows);
            if count < rows {
                to.fill(0.0);
            }
            // Where the filters of a source's channel have the values of a column, and those of the next ones.
            let places: Vec<usize> = (0..taps[0].len() * count)
                .map(|k| {
                    let (tap, row) = (k / count, strip * rows + k % count);
                    row / phases * self.strides[0] + taps[row % phases][tap]
                })
                .collect();
            let contiguous = places.windows(2).all(|pair| pair[1] == pair[0] + 1);
            for channel in 0..sums {
                let filter = &filters[channel * self.strides[1]..];
                for (tap, places) in places.chunks_exact(count).enumerate() {
                    let to = &mut to[(channel * taps[0].len() + tap) * rows..][..count];
                    if contiguous {
                        to.copy_from_slice(&filter[places[0]..][..count]);
                        continue;
                    }
                    for (to, &place) in to.iter_mut().zip(places) {
                        *to = filter[place];
                    }
                }
            }
        });
        all
    }
}

entry! {
    /// Rows `part` of a block of one group of an image.
    fn block_of(job: &Job, image: usize, block: usize, part: [usize; 2], memory: &mut [f32]) = block_body
}

#[inline(always)]
unsafe fn block_body<S: Simd>(_: S, job: &Job, image: usize, block: usize, part: [usize; 2], memory: &mut [f32]) {
    let (pass, layout) = (job.pass, &job.layout);
    let (axes, [sums, outputs]) = (pass.first(), pass.channels);
    let [down, right] = axes;
    let [first, [rows, columns]] = layout.block(axes, block);
    let planes = memory.as_mut_ptr();
    let results = planes.add(job.memory[0]);
    let row = job.memory[1];
    let source = pass.source.as_ptr().add(image * sums * down.size * right.size);
    pack::<S>(axes, layout, first, sums, source, planes);
    let group = image % pass.shape.groups;
    let depth = job.offsets.len();
    let weights = job.weights[group].values().as_ptr();
    // Rows of pixels that are beside each other in the planes are one.
    let flat = job.line == layout.pitch;
    let (lines, length) = if flat { (1, (rows - 1) * layout.pitch + columns) } else { (rows, columns) };
    let vectors = length.div_ceil(S::N);
    let start = |vector: usize| vector / vectors * layout.pitch + vector % vectors * S::N;
    for k in (0..depth).step_by(DEPTH) {
        let offsets = &job.offsets[k..depth.min(k + DEPTH)];
        // The vectors of all lines, two at a time, which may be of two lines.
        for vector in (0..lines * vectors).step_by(S::VECS) {
            let from = start(vector);
            let next = (vector + 1 < lines * vectors && S::VECS == 2).then(|| start(vector + 1) - from);
            for i in (part[0]..part[1]).step_by(S::ROWS) {
                let strip = weights.add(i * depth + k * S::ROWS);
                let c = Out { at: results.add((i - part[0]) * row + vector * S::N), row, add: k > 0 };
                shifted::right::<S>(S::ROWS.min(part[1] - i), offsets, strip, planes.add(from), next, c);
            }
        }
    }
    let [above, beside] = [0, 1].map(|i| pass.axes[i].len());
    let phases = above * beside;
    // Whole rows of results, one after the other, are one.
    let whole = job.line == columns && columns == pass.size[1] && down.to_step == 1 && right.to_step == 1;
    let (rows, columns) = if whole { (1, rows * columns) } else { (rows, columns) };
    for c in part[0] / phases..part[1] / phases {
        let channel = group * outputs + c;
        let bias = pass.epilogue.bias.map_or(0.0, |b| b[channel]);
        let image = image / pass.shape.groups * pass.shape.groups * outputs + channel;
        for line in 0..rows {
            for r in 0..above {
                let at = (image * pass.size[0] + down.to + r + (first[0] + line) * down.to_step) * pass.size[1]
                    + right.to
                    + first[1] * right.to_step;
                let from = results.add((c * phases + r * beside - part[0]) * row + line * job.line);
                if beside == 2 && right.to_step == 2 {
                    interleave::<S>(pass.epilogue, bias, [from, from.add(row)], columns, pass.to.at(at));
                    continue;
                }
                for q in 0..beside {
                    write::<S>(pass.epilogue, bias, from.add(q * row), columns, pass.to.at(at + q), right.to_step);
                }
            }
        }
    }
}

/// Writes a row of sums with the epilogue, `step` apart.
#[inline(always)]
unsafe fn write<S: Simd>(e: Epilogue, bias: f32, from: *const f32, count: usize, to: *mut f32, step: usize) {
    let mut j = 0;
    if step == 1 {
        while j + S::N <= count {
            S::store(to.add(j), activated::<S>(e, bias, from.add(j)));
            j += S::N;
        }
    }
    for j in j..count {
        *to.add(j * step) = e.activate(*from.add(j) + bias);
    }
}

/// Writes the values of two rows of sums by turns.
#[inline(always)]
unsafe fn interleave<S: Simd>(e: Epilogue, bias: f32, from: [*const f32; 2], count: usize, to: *mut f32) {
    let mut j = 0;
    while j + S::N <= count {
        let [a, b] = [activated::<S>(e, bias, from[0].add(j)), activated::<S>(e, bias, from[1].add(j))];
        S::store_alternate(to.add(2 * j), a, b);
        j += S::N;
    }
    for j in j..count {
        for (i, from) in from.iter().enumerate() {
            *to.add(2 * j + i) = e.activate(*from.add(j) + bias);
        }
    }
}

/// A vector of sums with the epilogue.
#[inline(always)]
unsafe fn activated<S: Simd>(e: Epilogue, bias: f32, from: *const f32) -> S::V {
    let v = S::add(S::load(from), S::splat(bias));
    if e.slope == 1.0 {
        return v;
    }
    let below = if e.slope == 0.0 { S::splat(0.0) } else { S::mul(v, S::splat(e.slope)) };
    S::pick(v, v, below)
}
