//! One pass over several float32 arrays with arbitrary strides (broadcast, sliced, permuted).

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::axes::merge_axes;
use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};

/// An array in memory: its first element is `data[start]`, and `strides` are those of the shape to which it is
/// broadcast, 0 along broadcast axes. Every element must be inside `data`.
#[derive(Default)]
pub(crate) struct Strided<'a> {
    pub data: &'a [f32],
    pub start: usize,
    pub strides: Vec<isize>,
}

/// The elements of a result.
pub(crate) enum Filled {
    /// One value for all.
    Repeated(f32),
    /// All of them, in row-major order.
    Elements(Vec<f32>),
}

/// f of the elements of K arrays at each position of `shape`.
pub(crate) fn map<const K: usize>(
    operands: [Strided; K],
    shape: &[usize],
    f: impl Fn([f32; K]) -> f32 + Sync,
) -> Filled {
    // SAFETY: the rows are inside the arrays.
    fill_rows(operands, shape, &|to, at, strides| unsafe { map_row(to, at, strides, &f) })
}

/// Fills a row from the addresses and strides of K operands. A trait object, so that the loop over rows is compiled
/// once.
pub(crate) type FillRow<'a, const K: usize> = dyn Fn(&mut [f32], [*const f32; K], [isize; K]) + Sync + 'a;

/// The rows of a result of `shape` as `fill` writes them; only one value is computed if every operand repeats one
/// value.
pub(crate) fn fill_rows<const K: usize>(operands: [Strided; K], shape: &[usize], fill: &FillRow<K>) -> Filled {
    let first = operands.each_ref().map(|x| Shared::from_pointer(x.data.as_ptr().wrapping_add(x.start).cast_mut()));
    let total: usize = shape.iter().product();
    if total == 0 {
        return Filled::Elements(Vec::new());
    }
    let mut axes = merge_axes(shape, operands.each_ref().map(|x| x.strides.as_slice()));
    let (n, strides) = match axes.pop() {
        Some((n, strides)) if !axes.is_empty() || strides != [0; K] => (n, strides),
        _ => {
            let mut one = [0.0];
            fill(&mut one, first.map(|p| p.at(0).cast_const()), [0; K]);
            return Filled::Repeated(one[0]);
        }
    };
    let (middle, down) = axes.pop().unwrap_or((1, [0; K]));
    // SAFETY: tasks write disjoint elements that cover the result.
    let mut out = unsafe { uninit(total) };
    let to = Shared::new(&mut out);
    let rows = total / n;
    let (chunks_per_row, rows_per_chunk) = (n.div_ceil(CHUNK), (CHUNK / n).max(1));
    // An operand is contiguous along the other axis.
    let transposed = middle >= 8 && (0..K).any(|k| down[k] == 1 && !matches!(strides[k], 0 | 1));
    each(rows.div_ceil(rows_per_chunk) * chunks_per_row, total >= MIN_PARALLEL_SIZE, |task| {
        let from = task % chunks_per_row * CHUNK;
        let count = CHUNK.min(n - from);
        let mut outer = [0; K];
        let (mut row, end) =
            (task / chunks_per_row * rows_per_chunk, rows.min((task / chunks_per_row + 1) * rows_per_chunk));
        while row < end {
            let inner = row % middle;
            if inner == 0 || row % rows_per_chunk == 0 {
                outer = [0; K];
                let mut rest = row / middle;
                for (size, strides) in axes.iter().rev() {
                    let i = (rest % size) as isize;
                    outer = std::array::from_fn(|k| outer[k] + i * strides[k]);
                    rest /= size;
                }
            }
            let at: [*const f32; K] = std::array::from_fn(|k| {
                first[k]
                    .at(0)
                    .wrapping_offset(outer[k] + inner as isize * down[k] + from as isize * strides[k])
                    .cast_const()
            });
            if transposed {
                let count_rows = TILE[0].min(middle - inner).min(end - row);
                // SAFETY: this range of these rows belongs to this task, and the operands are inside their memory.
                unsafe { fill_by_columns(to.at(row * n + from), [count_rows, count, n], at, [down, strides], fill) };
                row += count_rows;
            } else {
                // SAFETY: as above, of one row.
                fill(unsafe { std::slice::from_raw_parts_mut(to.at(row * n + from), count) }, at, strides);
                row += 1;
            }
        }
    });
    Filled::Elements(out)
}

/// Rows and columns of a transposed tile.
const TILE: [usize; 2] = [64, 16];

/// Fills rows of `count` elements, `n` apart, by the columns of tiles, which are then transposed: the operands are read
/// contiguously.
///
/// # Safety
/// The rows may be written, and the operands have the elements that the strides [down, right] reach.
unsafe fn fill_by_columns<const K: usize>(
    to: *mut f32,
    [rows, count, n]: [usize; 3],
    at: [*const f32; K],
    [down, right]: [[isize; K]; 2],
    fill: &FillRow<K>,
) {
    let mut tile = [0.0f32; TILE[0] * TILE[1]];
    for first in (0..count).step_by(TILE[1]) {
        let columns = TILE[1].min(count - first);
        for (j, column) in tile.chunks_exact_mut(rows).take(columns).enumerate() {
            fill(column, std::array::from_fn(|k| at[k].wrapping_offset((first + j) as isize * right[k])), down);
        }
        for i in 0..rows {
            let row = to.add(i * n + first);
            for j in 0..columns {
                *row.add(j) = tile[j * rows + i];
            }
        }
    }
}

/// f along a row. Separate loops, so that contiguous and broadcast operands vectorise.
///
/// # Safety
/// Each operand has as many elements as `to`, a stride apart.
#[inline(always)]
unsafe fn map_row<const K: usize>(
    to: &mut [f32],
    at: [*const f32; K],
    strides: [isize; K],
    f: &impl Fn([f32; K]) -> f32,
) {
    let count = to.len();
    if strides == [1; K] {
        let from = at.map(|p| std::slice::from_raw_parts(p, count));
        for i in 0..count {
            to[i] = f(from.map(|x| *x.get_unchecked(i)));
        }
    } else if strides.iter().enumerate().all(|(k, &s)| s == isize::from(k + 1 < K)) {
        let last = *at[K - 1];
        for (i, to) in to.iter_mut().enumerate() {
            *to = f(std::array::from_fn(|k| if k + 1 < K { *at[k].add(i) } else { last }));
        }
    } else if K == 2 && strides[0] == 0 && strides[1] == 1 {
        let mut values = at.map(|p| *p);
        for (to, &b) in to.iter_mut().zip(std::slice::from_raw_parts(at[1], count)) {
            values[1] = b;
            *to = f(values);
        }
    } else {
        for (i, to) in to.iter_mut().enumerate() {
            *to = f(std::array::from_fn(|k| *at[k].offset(i as isize * strides[k])));
        }
    }
}
