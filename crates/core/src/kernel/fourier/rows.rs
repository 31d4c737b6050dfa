//! Images of odd width: two rows are one complex line.

use super::real::{Half, Size};
use super::{numbers, Line, Planned, GAP, TOGETHER};
use crate::kernel::parallel::{each, Shared};
use rustfft::num_complex::Complex;

/// Pairs of rows that a piece of work takes.
const PAIRS: usize = 8;

/// Transforms of rows and of columns.
pub(super) struct Rows<T> {
    size: Size,
    heavy: bool,
    rows: Line<T>,
    columns: Line<T>,
}

impl<T: Planned> Rows<T> {
    pub fn new(size: Size, heavy: bool, inverse: bool) -> Self {
        Self { size, heavy, rows: Line::new(size.width, inverse), columns: Line::new(size.height, inverse) }
    }

    /// Rows of an image to rows of its half spectrum, times `scale`, inner columns times `inner` besides.
    ///
    /// z = a + i b has Z_k = A_k + i B_k and conj(Z_-k) = A_k - i B_k.
    fn split(&self, x: &[T], to: Shared<Complex<T>>, scale: f64, inner: f64) {
        let Size { height, width, .. } = self.size;
        let half = self.size.half();
        let (edge, inside) = (T::of(0.5 * scale), T::of(0.5 * scale * inner));
        each(height.div_ceil(2 * PAIRS), self.heavy, |piece| {
            let (mut z, mut scratch) = (numbers::<T>(width), self.rows.scratch());
            for row in (piece * 2 * PAIRS..(piece + 1) * 2 * PAIRS).step_by(2).take_while(|&row| row < height) {
                let a = &x[row * width..][..width];
                let b = (row + 1 < height).then(|| &x[(row + 1) * width..][..width]);
                match b {
                    Some(b) => z.iter_mut().zip(a).zip(b).for_each(|((z, &a), &b)| *z = Complex::new(a, b)),
                    None => z.iter_mut().zip(a).for_each(|(z, &a)| *z = Complex::new(a, T::zero())),
                }
                self.rows.run(&mut z, &mut scratch);
                // SAFETY: these rows are this piece's.
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

    /// Columns of half spectra, each transformed.
    fn transform_columns(&self, from: Shared<Complex<T>>, to: Shared<Complex<T>>) {
        let (height, half) = (self.size.height, self.size.half());
        each(half.div_ceil(TOGETHER), self.heavy, |piece| {
            let first = piece * TOGETHER;
            let some = TOGETHER.min(half - first);
            let length = height + GAP;
            let (mut lines, mut scratch) = (numbers::<T>(length * some), self.columns.scratch());
            for i in 0..height {
                // SAFETY: each piece has columns of its own.
                let row = unsafe { std::slice::from_raw_parts(from.at(i * half + first), some) };
                row.iter().enumerate().for_each(|(k, &v)| lines[k * length + i] = v);
            }
            lines.chunks_mut(length).for_each(|line| self.columns.run(&mut line[..height], &mut scratch));
            for i in 0..height {
                // SAFETY: as above.
                let row = unsafe { std::slice::from_raw_parts_mut(to.at(i * half + first), some) };
                row.iter_mut().enumerate().for_each(|(k, v)| *v = lines[k * length + i]);
            }
        });
    }

    /// The transpose of `split` for its inverse: rows of half spectra to real rows.
    fn join(&self, from: &[Complex<T>], to: Shared<T>, scale: f64, inner: f64) {
        let Size { height, width, .. } = self.size;
        let half = self.size.half();
        let (edge, inside) = (T::of(scale), T::of(0.5 * scale * inner));
        each(height.div_ceil(2 * PAIRS), self.heavy, |piece| {
            let (mut z, mut scratch) = (numbers::<T>(width), self.rows.scratch());
            for row in (piece * 2 * PAIRS..(piece + 1) * 2 * PAIRS).step_by(2).take_while(|&row| row < height) {
                let a = &from[row * half..][..half];
                let paired = row + 1 < height;
                // An odd last row stands twice, and its second result is left.
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
                // SAFETY: these rows are this piece's.
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

impl<T: Planned> Half<T> for Rows<T> {
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64) {
        let to = Shared::new(to);
        self.split(x, to, scale, inner);
        if self.size.height > 1 {
            self.transform_columns(to, to);
        }
    }

    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64) {
        let mut work = numbers::<T>(s.len());
        self.transform_columns(Shared::reading(s), Shared::new(&mut work));
        self.join(&work, Shared::new(to), scale, inner);
    }
}
