//! The block of a convolution that stays in the cache: its size, and the planes of the source for it.

use super::axis::Axis;
use crate::kernel::simd::Simd;

/// Largest number of values of the planes of a block, and of its results: with the weights they fit a second-level
/// cache of 1 MiB.
const MAX_PLANES: usize = 1 << 17;
const MAX_RESULTS: usize = 1 << 16;
/// Columns of a block: at most, and where its planes are too large.
const MAX_COLUMNS: usize = 256;
const FEW_COLUMNS: usize = 32;
/// Values that may be read past the planes: two vectors.
const SLACK: usize = 32;

/// Blocks of `rows` by `columns` results, and the layout of their planes: channel, phase, row.
pub struct Layout {
    pub rows: usize,
    pub columns: usize,
    /// Blocks on each axis.
    pub blocks: [usize; 2],
    pub pitch: usize,
    /// Rows of a plane.
    pub height: usize,
    pub plane: usize,
    /// Planes of a channel.
    pub planes: usize,
}

impl Layout {
    /// For blocks with `channels` of planes and `outputs` of results; at least `tasks` blocks where that is possible.
    pub fn new(axes: [&Axis; 2], channels: usize, outputs: usize, tasks: usize) -> Self {
        let ([down, right], reach) = (axes, axes.map(Axis::reach));
        let planes = down.phases.len() * right.phases.len();
        let fits = |rows: usize, columns: usize| {
            let plane = (rows + reach[0]).saturating_mul(columns + reach[1]);
            plane.saturating_mul(channels * planes) <= MAX_PLANES && outputs * rows * columns <= MAX_RESULTS
        };
        let mut columns = right.count.min(MAX_COLUMNS);
        while columns > FEW_COLUMNS && !fits(1, columns) {
            columns = columns.div_ceil(2);
        }
        let across = right.count.div_ceil(columns);
        let columns = right.count.div_ceil(across);
        let mut rows = down.count.div_ceil(tasks.div_ceil(across)).max(1);
        while rows > 1 && !fits(rows, columns) {
            rows = rows.div_ceil(2);
        }
        let (pitch, height) = (columns + reach[1], rows + reach[0]);
        // An odd number of cache lines: planes a power of two apart would evict each other.
        let plane = ((pitch * height).div_ceil(16) | 1) * 16;
        Self { rows, columns, blocks: [down.count.div_ceil(rows), across], pitch, height, plane, planes }
    }

    /// Values that the planes of `channels` take.
    pub fn size(&self, channels: usize) -> usize {
        channels * self.planes * self.plane + SLACK
    }

    /// First row and column, and the numbers of rows and columns, of a block.
    pub fn block(&self, axes: [&Axis; 2], block: usize) -> [[usize; 2]; 2] {
        let first = [block / self.blocks[1] * self.rows, block % self.blocks[1] * self.columns];
        [first, [self.rows.min(axes[0].count - first[0]), self.columns.min(axes[1].count - first[1])]]
    }

    /// Where the values of each tap of each channel begin, in the order of the weights.
    pub fn offsets(&self, axes: [&Axis; 2], channels: usize) -> Vec<usize> {
        let mut offsets = Vec::with_capacity(channels * axes[0].taps.len() * axes[1].taps.len());
        for channel in 0..channels {
            for u in &axes[0].taps {
                for v in &axes[1].taps {
                    let plane = channel * self.planes + u[1] * axes[1].phases.len() + v[1];
                    offsets.push(plane * self.plane + u[2] * self.pitch + v[2]);
                }
            }
        }
        offsets
    }
}

/// Packs the planes of a block that begins at `first`, from `channels` images at `from`.
///
/// # Safety
/// `from` has that many images of the axes' size, `to` the layout's size.
#[inline(always)]
pub unsafe fn pack<S: Simd>(
    axes: [&Axis; 2],
    layout: &Layout,
    first: [usize; 2],
    channels: usize,
    from: *const f32,
    to: *mut f32,
) {
    let [down, right] = axes;
    let mut plane = to;
    // Whole rows of the source, one after the other, are one.
    let top = down.origin + first[0] as isize;
    let whole = down.step == 1 && right.step == 1 && right.origin + first[1] as isize == 0;
    let inside = top >= 0 && top as usize + layout.height <= down.size && layout.pitch == right.size;
    for channel in 0..channels {
        let from = from.add(channel * down.size * right.size);
        if whole && inside {
            copy::<S>(from.add(top as usize * right.size), layout.height * layout.pitch, plane);
            plane = plane.add(layout.plane);
            continue;
        }
        for &u in &down.phases {
            for &v in &right.phases {
                let start = right.origin + (v + first[1] * right.step) as isize;
                for i in 0..layout.height {
                    let row = down.origin + (u + (first[0] + i) * down.step) as isize;
                    let to = plane.add(i * layout.pitch);
                    if row < 0 || row as usize >= down.size {
                        for j in 0..layout.pitch {
                            *to.add(j) = 0.0;
                        }
                    } else {
                        pack_row::<S>(from.add(row as usize * right.size), right, start, layout.pitch, to);
                    }
                }
                plane = plane.add(layout.plane);
            }
        }
    }
}

/// `count` values of a row from `start` on with the axis's step, zero outside of it.
#[inline(always)]
unsafe fn pack_row<S: Simd>(row: *const f32, axis: &Axis, start: isize, count: usize, to: *mut f32) {
    let step = axis.step;
    let after = |at: isize| at.max(0).unsigned_abs().div_ceil(step).min(count);
    let (a, b) = (after(-start), after(axis.size as isize - start));
    for j in 0..a {
        *to.add(j) = 0.0;
    }
    if a < b {
        let (from, to, count) = (row.offset(start + (a * step) as isize), to.add(a), b - a);
        match step {
            1 => copy::<S>(from, count, to),
            2 => {
                let mut j = 0;
                while j + S::N <= count {
                    S::store(to.add(j), S::load_alternate(from.add(2 * j)));
                    j += S::N;
                }
                for j in j..count {
                    *to.add(j) = *from.add(2 * j);
                }
            }
            step => {
                for j in 0..count {
                    *to.add(j) = *from.add(step * j);
                }
            }
        }
    }
    for j in b.max(a)..count {
        *to.add(j) = 0.0;
    }
}

/// Copies `count` values.
#[inline(always)]
unsafe fn copy<S: Simd>(from: *const f32, count: usize, to: *mut f32) {
    let mut j = 0;
    while j + S::N <= count {
        S::store(to.add(j), S::load(from.add(j)));
        j += S::N;
    }
    for j in j..count {
        *to.add(j) = *from.add(j);
    }
}
