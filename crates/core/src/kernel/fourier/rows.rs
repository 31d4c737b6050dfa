//! Images of odd width: two rows are transformed as one complex signal.
//!
//! z = a + i b has Z_k = A_k + i B_k and conj(Z_-k) = A_k - i B_k.

use super::half::{ImageSize, RealFft};
use super::lanes::{minus_i, on_lanes, plus_i, scaled, FftElement, Lanes};
use super::layout::numbers;
use super::lines::Lines;
use super::plan::{complex_buffer, Fft1d};
use super::radix::{load, store};
use crate::kernel::parallel::{each, Shared};
use num_complex::Complex;

/// Transforms of rows and of columns.
pub(super) struct Rows<T> {
    size: ImageSize,
    parallel: bool,
    rows: Fft1d<T>,
    columns: Fft1d<T>,
}

/// The rows of a task in pairs.
#[derive(Clone, Copy)]
struct Pairs {
    first: usize,
    /// First rows and second rows.
    counts: [usize; 2],
}

impl<T: FftElement> Rows<T> {
    pub fn new(size: ImageSize, parallel: bool, inverse: bool) -> Self {
        let rows = Fft1d::new(size.width, inverse, size.height.div_ceil(2));
        Self { size, parallel, rows, columns: Fft1d::new(size.height, inverse, size.half()) }
    }

    /// Calls `f` with all pairs of rows.
    fn each_pairs(&self, f: impl Fn(Pairs) + Send + Sync) {
        let (height, lanes) = (self.size.height, self.rows.lanes);
        each(height.div_ceil(2 * lanes), self.parallel, |task| {
            let first = task * 2 * lanes;
            f(Pairs { first, counts: [1, 0].map(|more| lanes.min((height - first + more) / 2)) });
        });
    }

    /// The rows of an image: real parts are the first rows of pairs, imaginary parts the second ones.
    fn image_rows(&self, at: Shared<T>, rows: Pairs) -> Lines<T> {
        let n = self.size.width;
        Lines { at: at.offset(rows.first * n), stride: 1, part: n, step: 2 * n, counts: rows.counts, n, origin: 0 }
    }

    /// The first (0) or the second (1) rows of pairs of a half spectrum.
    fn spectrum_rows(&self, at: Shared<T>, rows: Pairs, which: usize) -> Lines<T> {
        let half = self.size.half();
        Lines::rows(at.offset((rows.first + which) * 2 * half), half, 4 * half, rows.counts[which])
    }

    /// Transforms the rows of an image to rows of its half spectrum, times `scale`, and inner columns also times
    /// `inner`.
    fn split(&self, x: &[T], to: Shared<T>, scale: f64, inner: f64) {
        let half = self.size.half();
        self.each_pairs(|rows| {
            let mut block = self.rows.block(2 * half);
            // SAFETY: tasks have disjoint rows; the block is large enough.
            unsafe {
                self.image_rows(Shared::reading(x), rows).gather(&mut block, 0);
                self.rows.run(&mut block);
                let factors = [0.5 * scale, 0.5 * scale * inner].map(T::of);
                split(block.isa(), block.lanes(), block.now(), block.other(), self.size.width, factors);
                block.swap();
                self.spectrum_rows(to, rows, 0).scatter(&block, 0);
                self.spectrum_rows(to, rows, 1).scatter(&block, half);
            }
        });
    }

    /// The transpose of `split`, for the inverse transform: rows of a half spectrum to real rows.
    fn join(&self, from: Shared<T>, to: Shared<T>, scale: f64, inner: f64) {
        let half = self.size.half();
        self.each_pairs(|rows| {
            let mut block = self.rows.block(2 * half);
            // SAFETY: as above.
            unsafe {
                self.spectrum_rows(from, rows, 0).gather(&mut block, 0);
                self.spectrum_rows(from, rows, 1).gather(&mut block, half);
                let factors = [scale, 0.5 * scale * inner].map(T::of);
                join(block.isa(), block.lanes(), block.now(), block.other(), self.size.width, factors);
                block.swap();
                self.rows.run(&mut block);
                self.image_rows(to, rows).scatter(&block, 0);
            }
        });
    }

    /// Transforms the columns of a half spectrum.
    fn transform_columns(&self, from: Shared<T>, to: Shared<T>) {
        let (height, half, lanes) = (self.size.height, self.size.half(), self.columns.lanes);
        if height == 1 && from.at(0) == to.at(0) {
            return;
        }
        each(half.div_ceil(lanes), self.parallel, |task| {
            let first = task * lanes;
            let columns =
                |at: Shared<T>| Lines::columns(at.offset(2 * first), height, 2 * half, lanes.min(half - first));
            let mut block = self.columns.block(height);
            // SAFETY: tasks have disjoint columns.
            unsafe {
                columns(from).gather(&mut block, 0);
                self.columns.run(&mut block);
                columns(to).scatter(&block, 0);
            }
        });
    }
}

on_lanes!(
    /// A_k, then B_k, for k <= width / 2, from Z_k: times the first factor for k = 0, else times the second.
    fn split(z: *mut T, to: *mut T, width: usize, factors: [T; 2]) = split_body
);

#[inline(always)]
unsafe fn split_body<T: FftElement, L: Lanes<T>>(z: *mut T, to: *mut T, width: usize, factors: [T; 2]) {
    let (half, parts) = (width / 2 + 1, [0, L::N]);
    for k in 0..half {
        let factor = L::splat(factors[k.min(1)]);
        let (p, q) = (load::<T, L>(z, k, parts), load::<T, L>(z, (width - k) % width, parts));
        // conj(Z_-k) is (q_0, -q_1).
        let a = [L::add(p[0], q[0]), L::sub(p[1], q[1])];
        let b = [L::add(p[1], q[1]), L::sub(q[0], p[0])];
        store::<T, L>(to, k, scaled::<T, L>(a, factor), parts);
        store::<T, L>(to, half + k, scaled::<T, L>(b, factor), parts);
    }
}

on_lanes!(
    /// Z_k = A_k + i B_k and Z_-k = conj(A_k) + i conj(B_k), times factors as in `split`; A_0 and B_0 count as real.
    fn join(from: *mut T, z: *mut T, width: usize, factors: [T; 2]) = join_body
);

#[inline(always)]
unsafe fn join_body<T: FftElement, L: Lanes<T>>(from: *mut T, z: *mut T, width: usize, factors: [T; 2]) {
    let (half, parts) = (width / 2 + 1, [0, L::N]);
    let (edge, inside) = (L::splat(factors[0]), L::splat(factors[1]));
    let (a, b) = (load::<T, L>(from, 0, parts), load::<T, L>(from, half, parts));
    store::<T, L>(z, 0, scaled::<T, L>([a[0], b[0]], edge), parts);
    for k in 1..half {
        let (a, b) = (load::<T, L>(from, k, parts), load::<T, L>(from, half + k, parts));
        let (sum, difference) = (plus_i::<T, L>(a, b), minus_i::<T, L>(a, b));
        store::<T, L>(z, k, scaled::<T, L>(sum, inside), parts);
        // conj(A) + i conj(B) = conj(A - i B)
        let zero = L::splat(T::zero());
        let mirrored = [difference[0], L::sub(zero, difference[1])];
        store::<T, L>(z, width - k, scaled::<T, L>(mirrored, inside), parts);
    }
}

impl<T: FftElement> RealFft<T> for Rows<T> {
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64) {
        let to = numbers(Shared::new(to));
        self.split(x, to, scale, inner);
        self.transform_columns(to, to);
    }

    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64) {
        let mut work = complex_buffer::<T>(s.len());
        let work = numbers(Shared::new(&mut work));
        self.transform_columns(numbers(Shared::reading(s)), work);
        self.join(work, Shared::new(to), scale, inner);
    }
}
