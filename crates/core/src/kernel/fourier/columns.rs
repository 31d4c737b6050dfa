//! Columns of complex images in pairs, gathered so that each is a line.

use super::{numbers, Planned, GAP};
use crate::kernel::parallel::{each, Shared};
use rustfft::num_complex::Complex;

/// Pairs of columns that are gathered together: a line of the cache of each row on either side.
const TOGETHER: usize = 8;
/// Rows and columns that are exchanged at once.
const BLOCK: usize = 4;

/// The columns of an image, or of the half spectrum of one that is twice as wide: columns l and `width` - l are a pair.
#[derive(Clone, Copy)]
pub(super) struct Columns<T> {
    pub at: Shared<Complex<T>>,
    /// Numbers between rows.
    pub stride: usize,
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// There is a column of number `width` (else it is column 0), and the second column of a pair is read from row 0,
    /// then from the last one upwards.
    pub spectrum: bool,
}

/// Columns l and `width` - l.
pub(super) struct Pair<'a, T> {
    pub l: usize,
    pub a: &'a mut [Complex<T>],
    pub b: &'a mut [Complex<T>],
}

impl<T: Planned> Columns<T> {
    /// Calls `f` with all pairs, l from 0 to width / 2, and writes what it makes of them to `to`, if asked to, which
    /// may be where they come from.
    pub fn each(self, to: Self, write: bool, heavy: bool, f: impl Fn(Pair<T>) + Send + Sync) {
        let (height, half) = (self.height, self.width / 2);
        let length = height + GAP;
        // Column 0 goes alone: its partner does not lie where those of its neighbours do.
        each(1 + half.div_ceil(TOGETHER), heavy, |piece| {
            let (first, count) = if piece == 0 {
                (0, 1)
            } else {
                (1 + (piece - 1) * TOGETHER, TOGETHER.min(half - (piece - 1) * TOGETHER))
            };
            let mut lines = numbers::<T>(2 * count * length);
            let (a, b) = lines.split_at_mut(count * length);
            // SAFETY: each piece has columns of its own, and the lines are long enough.
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
            // A column that is its own partner is written once.
            let last = first + count - 1;
            let own = if to.partner(last) == last { count - 1 } else { count };
            // SAFETY: as above.
            unsafe {
                to.side::<false>(first, false).write(count, height, a.as_ptr(), length);
                to.side::<true>(first, to.spectrum).write(own, height, b.as_ptr(), length);
            }
        });
    }

    /// The number of the column that makes a pair with `l`.
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

/// Neighbouring columns from one on, to the left where DOWN.
struct Side<T, const DOWN: bool> {
    at: Shared<Complex<T>>,
    stride: usize,
    /// Rows from 0, then from the last one upwards.
    mirrored: bool,
}

impl<T: Planned, const DOWN: bool> Side<T, DOWN> {
    /// Calls `f(line, number in the line, place)`, for whole blocks `block(line, number, places of its rows)`.
    #[inline(always)]
    unsafe fn walk(
        &self,
        count: usize,
        height: usize,
        block: impl Fn(usize, usize, [*mut Complex<T>; BLOCK]),
        one: impl Fn(usize, usize, *mut Complex<T>),
    ) {
        let place = |k: usize, i: usize| {
            let row = if self.mirrored && i > 0 { height - i } else { i };
            self.at.at(row * self.stride).wrapping_offset(if DOWN { -(k as isize) } else { k as isize })
        };
        let (whole, rows) = (count - count % BLOCK, height - height % BLOCK);
        for i in (0..rows).step_by(BLOCK) {
            for k in (0..whole).step_by(BLOCK) {
                block(k, i, std::array::from_fn(|r| place(k, i + r)));
            }
        }
        for i in 0..height {
            for k in if i < rows { whole } else { 0 }..count {
                one(k, i, place(k, i));
            }
        }
    }

    /// # Safety
    /// `count` columns of `height` rows are there, nobody writes them, and `lines` has room for them, `length` numbers
    /// apart.
    unsafe fn read(&self, count: usize, height: usize, lines: *mut Complex<T>, length: usize) {
        let block = |k: usize, i: usize, from: [*mut Complex<T>; BLOCK]| {
            for j in 0..BLOCK {
                let step = if DOWN { -(j as isize) } else { j as isize };
                *lines.add((k + j) * length + i).cast::<[Complex<T>; BLOCK]>() = from.map(|p| *p.offset(step));
            }
        };
        self.walk(count, height, block, |k, i, from| *lines.add(k * length + i) = *from);
    }

    /// # Safety
    /// As for `read`; nobody else reads or writes these columns.
    unsafe fn write(&self, count: usize, height: usize, lines: *const Complex<T>, length: usize) {
        let block = |k: usize, i: usize, to: [*mut Complex<T>; BLOCK]| {
            for (r, to) in to.into_iter().enumerate() {
                for j in 0..BLOCK {
                    *to.offset(if DOWN { -(j as isize) } else { j as isize }) = *lines.add((k + j) * length + i + r);
                }
            }
        };
        self.walk(count, height, block, |k, i, to| *to = *lines.add(k * length + i));
    }
}
