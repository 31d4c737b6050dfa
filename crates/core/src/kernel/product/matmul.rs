//! Products of matrices with any strides, for any number of them: the right operand is packed in panels, block by
//! block; the left one only where its rows are not contiguous.

use super::{shifted, Out};
use crate::kernel::parallel::{each, scratch, uninit, Shared};
use crate::kernel::simd::{entry, rows, InstructionSet, Simd};
use crate::kernel::strided::Strided;

/// Depth and columns of a block of the right operand: with the result they fit a second-level cache.
const DEPTH: usize = 256;
const COLUMNS: usize = 128;
/// With fewer tasks than this, rows are divided too, into at least `MIN_ROWS`.
const MIN_TASKS: usize = 16;
const MIN_ROWS: usize = 96;
/// Minimum number of multiply-adds for multithreading.
const MIN_PARALLEL_WORK: usize = 1 << 17;
/// Rows of the largest micro-kernel.
const MAX_ROWS: usize = 12;
/// Float32 values of a page: rows at such distances evict each other from the first-level cache.
const PAGE: usize = 1024;

struct Job<'a> {
    a: Strided<'a>,
    b: Strided<'a>,
    batch: &'a [usize],
    sizes: [usize; 3],
    y: Shared,
}

impl Job<'_> {
    /// Where matrix `image` of an operand begins.
    fn matrix(&self, x: &Strided, image: usize) -> *const f32 {
        let (mut at, mut rest) = (x.start as isize, image);
        for (&size, stride) in self.batch.iter().zip(&x.strides).rev() {
            at += (rest % size) as isize * stride;
            rest /= size;
        }
        x.data.as_ptr().wrapping_offset(at)
    }
}

/// Distances of rows and of columns.
fn steps(x: &Strided) -> [isize; 2] {
    [x.strides[x.strides.len() - 2], x.strides[x.strides.len() - 1]]
}

/// [batch, m, n] from a [batch, m, k] and b [batch, k, n], `sizes` [m, k, n], all positive.
pub(crate) fn matmul(isa: InstructionSet, a: Strided, b: Strided, batch: &[usize], sizes: [usize; 3]) -> Vec<f32> {
    let [m, k, n] = sizes;
    let count: usize = batch.iter().product();
    // SAFETY: tasks write disjoint blocks that cover the result.
    let mut y = unsafe { uninit(count * m * n) };
    let across = n.div_ceil(COLUMNS);
    let parts = MIN_TASKS.div_ceil(count * across).min(m.div_ceil(MIN_ROWS));
    let part = m.div_ceil(parts).next_multiple_of(rows(isa)).min(m);
    let parts = m.div_ceil(part);
    let job = Job { a, b, batch, sizes, y: Shared::new(&mut y) };
    let parallel = count.saturating_mul(m * n).saturating_mul(k) > MIN_PARALLEL_WORK;
    each(count * parts * across, parallel, |task| {
        scratch(COLUMNS * (DEPTH + part) + DEPTH * MAX_ROWS, |memory| {
            let (column, chunk, image) = (task % across, task / across % parts, task / across / parts);
            let rows = [chunk * part, ((chunk + 1) * part).min(m)];
            // SAFETY: tasks write disjoint blocks of y; memory holds both packed operands and the block.
            unsafe { block_of(isa, &job, image, rows, column * COLUMNS, memory) }
        });
    });
    y
}

entry! {
    /// Rows `part` and at most `COLUMNS` columns from `first` on of a matrix.
    fn block_of(job: &Job, image: usize, part: [usize; 2], first: usize, memory: &mut [f32]) = block_body
}

#[inline(always)]
unsafe fn block_body<S: Simd>(_: S, job: &Job, image: usize, part: [usize; 2], first: usize, memory: &mut [f32]) {
    let [m, depth, n] = job.sizes;
    let (columns, panel) = (COLUMNS.min(n - first), S::VECS * S::N);
    let ([a_row, a_column], [b_row, b_column]) = (steps(&job.a), steps(&job.b));
    let a = job.matrix(&job.a, image).wrapping_offset(part[0] as isize * a_row);
    let b = job.matrix(&job.b, image).wrapping_offset(first as isize * b_column);
    let right = memory.as_mut_ptr();
    let strip = right.add(COLUMNS * DEPTH);
    let result = strip.add(DEPTH * MAX_ROWS);
    let to = job.y.at((image * m + part[0]) * n + first);
    // Whole vectors are written where they belong.
    let whole = columns % S::N == 0 && n % PAGE != 0;
    let direct = a_column == 1 && a_row >= 0 && a_row.unsigned_abs() % PAGE != 0;
    let (c, c_row) = if whole { (to, n) } else { (result, COLUMNS) };
    let mut lines = [0; DEPTH];
    for (k, line) in lines.iter_mut().enumerate() {
        *line = k * panel;
    }
    for k in (0..depth).step_by(DEPTH) {
        let count = DEPTH.min(depth - k);
        let b = b.wrapping_offset(k as isize * b_row);
        for j in (0..columns).step_by(panel) {
            let from = b.wrapping_offset(j as isize * b_column);
            pack_panel::<S>(from, [b_row, b_column], [count, panel.min(columns - j)], right.add(j * DEPTH));
        }
        for i in (0..part[1] - part[0]).step_by(S::ROWS) {
            let some = S::ROWS.min(part[1] - part[0] - i);
            let left = a.wrapping_offset(i as isize * a_row + k as isize * a_column);
            let mut starts = [0; MAX_ROWS];
            if direct {
                for r in 0..some {
                    starts[r] = r * a_row.unsigned_abs();
                }
            } else {
                pack_strip::<S>(left, [a_row, a_column], [some, count], strip);
            }
            for j in (0..columns).step_by(panel) {
                let out = Out { at: c.add(i * c_row + j), row: c_row, add: k > 0 };
                let (wide, from) = (columns - j > S::N, right.add(j * DEPTH).cast_const());
                if direct {
                    shifted::left::<S>(&starts[..some], wide, [1, count, 0], left, from, out);
                } else {
                    shifted::right::<S>(some, &lines[..count], strip, from, wide.then_some(S::N), out);
                }
            }
        }
    }
    if !whole {
        for i in 0..part[1] - part[0] {
            std::ptr::copy_nonoverlapping(result.add(i * COLUMNS), to.add(i * n), columns);
        }
    }
}

/// Packs `rows` by `columns` values as rows of VECS vectors, zero-filled.
#[inline(always)]
unsafe fn pack_panel<S: Simd>(from: *const f32, [down, right]: [isize; 2], [rows, columns]: [usize; 2], to: *mut f32) {
    let panel = S::VECS * S::N;
    if right == 1 && columns == panel {
        for i in 0..rows {
            let row = from.wrapping_offset(i as isize * down);
            for j in 0..S::VECS {
                S::store(to.add(i * panel + j * S::N), S::load(row.add(j * S::N)));
            }
        }
        return;
    }
    let mut first = 0;
    if down == 1 && columns == panel && right >= 0 {
        while first + S::N <= rows {
            for j in 0..S::VECS {
                let tile = from.wrapping_offset(first as isize + (j * S::N) as isize * right);
                S::transpose(tile, right.unsigned_abs(), to.add(first * panel + j * S::N), panel);
            }
            first += S::N;
        }
    }
    for i in first..rows {
        for j in 0..panel {
            let at = from.wrapping_offset(i as isize * down + j as isize * right);
            *to.add(i * panel + j) = if j < columns { *at } else { 0.0 };
        }
    }
}

/// Packs `rows` by `columns` values with those of a column beside each other, ROWS apart.
#[inline(always)]
unsafe fn pack_strip<S: Simd>(from: *const f32, [down, right]: [isize; 2], [rows, columns]: [usize; 2], to: *mut f32) {
    if right == 1 {
        for i in 0..rows {
            let row = from.wrapping_offset(i as isize * down);
            for k in 0..columns {
                *to.add(k * S::ROWS + i) = *row.add(k);
            }
        }
        return;
    }
    for k in 0..columns {
        let (column, to) = (from.wrapping_offset(k as isize * right), to.add(k * S::ROWS));
        if down == 1 && rows == S::ROWS {
            std::ptr::copy_nonoverlapping(column, to, S::ROWS);
        } else {
            for i in 0..rows {
                *to.add(i) = *column.wrapping_offset(i as isize * down);
            }
        }
    }
}
