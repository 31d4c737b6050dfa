//! Columns of complex images in pairs, gathered into contiguous signals.

use super::plan::{complex_buffer, FftElement, GAP};
use crate::kernel::parallel::{each, Shared};
use rustfft::num_complex::Complex;

/// Pairs of columns that are gathered together: one cache line of each row on either side.
const PAIRS_PER_BLOCK: usize = 8;
/// Rows and columns of a tile that is transposed in registers.
const TILE: usize = 4;

/// The columns of a complex image, or of the half spectrum of a real image twice as wide: columns l and `width` - l are
/// a pair.
#[derive(Clone, Copy)]
pub(super) struct Columns<T> {
    pub at: Shared<Complex<T>>,
    /// Numbers between rows.
    pub stride: usize,
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// A half spectrum: it has a column `width` (otherwise the partner of column 0 is itself), and the second column of a
    /// pair is read from row 0, then from the last row upwards.
    pub spectrum: bool,
}

/// Columns l and `width` - l.
pub(super) struct Pair<'a, T> {
    pub l: usize,
    pub a: &'a mut [Complex<T>],
    pub b: &'a mut [Complex<T>],
}

impl<T: FftElement> Columns<T> {
    /// Calls `f` with all pairs, l from 0 to width / 2, and with `write` stores the modified pairs in `to`, which may be
    /// the same memory.
    pub fn each(self, to: Self, write: bool, parallel: bool, f: impl Fn(Pair<T>) + Send + Sync) {
        let (height, half) = (self.height, self.width / 2);
        let length = height + GAP;
        // Column 0 is processed alone: its partner is not adjacent to those of its neighbours.
        each(1 + half.div_ceil(PAIRS_PER_BLOCK), parallel, |task| {
            let (first, count) = if task == 0 {
                (0, 1)
            } else {
                (1 + (task - 1) * PAIRS_PER_BLOCK, PAIRS_PER_BLOCK.min(half - (task - 1) * PAIRS_PER_BLOCK))
            };
            let mut signals = complex_buffer::<T>(2 * count * length);
            let (a, b) = signals.split_at_mut(count * length);
            // SAFETY: tasks have disjoint columns, and the signals are long enough.
            unsafe {
                self.side::<false>(first, false).read(count, height, a.as_mut_ptr(), length);
                self.side::<true>(first, self.spectrum).read(count, height, b.as_mut_ptr(), length);
            }
            for (k, (a, b)) in a.chunks_mut(length).zip(b.chunks_mut(length)).enumerate() {
                f(Pair { l: first + k, a: &mut a[..height], b: &mut b[..height] });
            }
            if !write {
                return;
            }
            // A column that is its own partner is written only once.
            let last = first + count - 1;
            let own = if to.partner(last) == last { count - 1 } else { count };
            // SAFETY: as above.
            unsafe {
                to.side::<false>(first, false).write(count, height, a.as_ptr(), length);
                to.side::<true>(first, to.spectrum).write(own, height, b.as_ptr(), length);
            }
        });
    }

    /// The partner of column `l`.
    fn partner(self, l: usize) -> usize {
        if l == 0 && !self.spectrum {
            0
        } else {
            self.width - l
        }
    }

    fn side<const DOWN: bool>(self, first: usize, mirrored: bool) -> Side<T, DOWN> {
        Side { at: self.at.offset(if DOWN { self.partner(first) } else { first }), stride: self.stride, mirrored }
    }
}

/// Neighbouring columns, to the left of the first one if DOWN.
struct Side<T, const DOWN: bool> {
    at: Shared<Complex<T>>,
    stride: usize,
    /// Row 0, then from the last row upwards.
    mirrored: bool,
}

impl<T: FftElement, const DOWN: bool> Side<T, DOWN> {
    /// Calls `tile(column, row, addresses of its rows)` for whole tiles, then `one(column, row, address)` for the rest.
    #[inline(always)]
    unsafe fn walk(
        &self,
        count: usize,
        height: usize,
        tile: impl Fn(usize, usize, [*mut Complex<T>; TILE]),
        one: impl Fn(usize, usize, *mut Complex<T>),
    ) {
        let address = |k: usize, i: usize| {
            let row = if self.mirrored && i > 0 { height - i } else { i };
            self.at.at(row * self.stride).wrapping_offset(if DOWN { -(k as isize) } else { k as isize })
        };
        let (whole, rows) = (count - count % TILE, height - height % TILE);
        for i in (0..rows).step_by(TILE) {
            for k in (0..whole).step_by(TILE) {
                tile(k, i, std::array::from_fn(|r| address(k, i + r)));
            }
        }
        for i in 0..height {
            for k in if i < rows { whole } else { 0 }..count {
                one(k, i, address(k, i));
            }
        }
    }

    /// # Safety
    /// `count` columns of `height` rows exist and are not being written, and `signals` holds as many of `length` values.
    unsafe fn read(&self, count: usize, height: usize, signals: *mut Complex<T>, length: usize) {
        let tile = |k: usize, i: usize, from: [*mut Complex<T>; TILE]| {
            for j in 0..TILE {
                let step = if DOWN { -(j as isize) } else { j as isize };
                *signals.add((k + j) * length + i).cast::<[Complex<T>; TILE]>() = from.map(|p| *p.offset(step));
            }
        };
        self.walk(count, height, tile, |k, i, from| *signals.add(k * length + i) = *from);
    }

    /// # Safety
    /// As for `read`; no other task reads or writes these columns.
    unsafe fn write(&self, count: usize, height: usize, signals: *const Complex<T>, length: usize) {
        let tile = |k: usize, i: usize, to: [*mut Complex<T>; TILE]| {
            for (r, to) in to.into_iter().enumerate() {
                for j in 0..TILE {
                    *to.offset(if DOWN { -(j as isize) } else { j as isize }) = *signals.add((k + j) * length + i + r);
                }
            }
        };
        self.walk(count, height, tile, |k, i, to| *to = *signals.add(k * length + i));
    }
}
