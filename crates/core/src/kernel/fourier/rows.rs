//! Images of odd width: two rows are transformed as one complex signal.

use super::half::{ImageSize, RealFft};
use super::plan::{complex_buffer, Fft1d, FftElement, GAP, SIGNALS_PER_BLOCK};
use crate::kernel::parallel::{each, Shared};
use rustfft::num_complex::Complex;

/// Pairs of rows per task.
const PAIRS: usize = 8;

/// Transforms of rows and of columns.
pub(super) struct Rows<T> {
    size: ImageSize,
    parallel: bool,
    rows: Fft1d<T>,
    columns: Fft1d<T>,
}

impl<T: FftElement> Rows<T> {
    pub fn new(size: ImageSize, parallel: bool, inverse: bool) -> Self {
        Self { size, parallel, rows: Fft1d::new(size.width, inverse), columns: Fft1d::new(size.height, inverse) }
    }

    /// Transforms the rows of an image to rows of its half spectrum, times `scale`, and inner columns also times `inner`.
    ///
    /// z = a + i b has Z_k = A_k + i B_k and conj(Z_-k) = A_k - i B_k.
    fn split(&self, x: &[T], to: Shared<Complex<T>>, scale: f64, inner: f64) {
        let ImageSize { height, width, .. } = self.size;
        let half = self.size.half();
        let (edge, inside) = (T::of(0.5 * scale), T::of(0.5 * scale * inner));
        each(height.div_ceil(2 * PAIRS), self.parallel, |task| {
            let (mut z, mut scratch) = (complex_buffer::<T>(width), self.rows.scratch());
            for row in (task * 2 * PAIRS..(task + 1) * 2 * PAIRS).step_by(2).take_while(|&row| row < height) {
                let a = &x[row * width..][..width];
                let b = (row + 1 < height).then(|| &x[(row + 1) * width..][..width]);
                match b {
                    Some(b) => z.iter_mut().zip(a).zip(b).for_each(|((z, &a), &b)| *z = Complex::new(a, b)),
                    None => z.iter_mut().zip(a).for_each(|(z, &a)| *z = Complex::new(a, T::zero())),
                }
                self.rows.run(&mut z, &mut scratch);
                // SAFETY: tasks have disjoint rows.
                let first = unsafe { std::slice::from_raw_parts_mut(to.at(row * half), half) };
                let mirrored = |k: usize| z[if k == 0 { 0 } else { width - k }];
                let factor = |k: usize| if self.size.inner(k) { inside } else { edge };
                let sum = |p: Complex<T>, q: Complex<T>, f: T| Complex::new((p.re + q.re) * f, (p.im - q.im) * f);
                let difference =
                    |p: Complex<T>, q: Complex<T>, f: T| Complex::new((p.im + q.im) * f, (q.re - p.re) * f);
                if b.is_some() {
                    // SAFETY: as above.
                    let second = unsafe { std::slice::from_raw_parts_mut(to.at((row + 1) * half), half) };
                    for k in 0..half {
                        let (p, q, f) = (z[k], mirrored(k), factor(k));
                        first[k] = sum(p, q, f);
                        second[k] = difference(p, q, f);
                    }
                } else {
                    (0..half).for_each(|k| first[k] = sum(z[k], mirrored(k), factor(k)));
                }
            }
        });
    }

    /// Transforms the columns of a half spectrum.
    fn transform_columns(&self, from: Shared<Complex<T>>, to: Shared<Complex<T>>) {
        let (height, half) = (self.size.height, self.size.half());
        each(half.div_ceil(SIGNALS_PER_BLOCK), self.parallel, |task| {
            let first = task * SIGNALS_PER_BLOCK;
            let count = SIGNALS_PER_BLOCK.min(half - first);
            let length = height + GAP;
            let (mut signals, mut scratch) = (complex_buffer::<T>(length * count), self.columns.scratch());
            for i in 0..height {
                // SAFETY: tasks have disjoint columns.
                let row = unsafe { std::slice::from_raw_parts(from.at(i * half + first), count) };
                row.iter().enumerate().for_each(|(k, &v)| signals[k * length + i] = v);
            }
            signals.chunks_mut(length).for_each(|signal| self.columns.run(&mut signal[..height], &mut scratch));
            for i in 0..height {
                // SAFETY: as above.
                let row = unsafe { std::slice::from_raw_parts_mut(to.at(i * half + first), count) };
                row.iter_mut().enumerate().for_each(|(k, v)| *v = signals[k * length + i]);
            }
        });
    }

    /// The transpose of `split`, for the inverse transform: rows of a half spectrum to real rows.
    fn join(&self, from: &[Complex<T>], to: Shared<T>, scale: f64, inner: f64) {
        let ImageSize { height, width, .. } = self.size;
        let half = self.size.half();
        let (edge, inside) = (T::of(scale), T::of(0.5 * scale * inner));
        each(height.div_ceil(2 * PAIRS), self.parallel, |task| {
            let (mut z, mut scratch) = (complex_buffer::<T>(width), self.rows.scratch());
            for row in (task * 2 * PAIRS..(task + 1) * 2 * PAIRS).step_by(2).take_while(|&row| row < height) {
                let a = &from[row * half..][..half];
                let paired = row + 1 < height;
                // An unpaired last row is used twice, and its second result is dropped.
                let b = if paired { &from[(row + 1) * half..][..half] } else { a };
                z[0] = Complex::new(a[0].re * edge, b[0].re * edge);
                for k in 1..half {
                    let (a, b) = (a[k], b[k]);
                    if self.size.inner(k) {
                        z[k] = Complex::new((a.re - b.im) * inside, (a.im + b.re) * inside);
                        z[width - k] = Complex::new((a.re + b.im) * inside, (b.re - a.im) * inside);
                    } else {
                        z[k] = Complex::new(a.re * edge, b.re * edge);
                    }
                }
                self.rows.run(&mut z, &mut scratch);
                // SAFETY: tasks have disjoint rows.
                let first = unsafe { std::slice::from_raw_parts_mut(to.at(row * width), width) };
                first.iter_mut().zip(&z).for_each(|(y, z)| *y = z.re);
                if paired {
                    // SAFETY: as above.
                    let second = unsafe { std::slice::from_raw_parts_mut(to.at((row + 1) * width), width) };
                    second.iter_mut().zip(&z).for_each(|(y, z)| *y = z.im);
                }
            }
        });
    }
}

impl<T: FftElement> RealFft<T> for Rows<T> {
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64) {
        let to = Shared::new(to);
        self.split(x, to, scale, inner);
        if self.size.height > 1 {
            self.transform_columns(to, to);
        }
    }

    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64) {
        let mut work = complex_buffer::<T>(s.len());
        self.transform_columns(Shared::reading(s), Shared::new(&mut work));
        self.join(&work, Shared::new(to), scale, inner);
    }
}
