//! Images of even width, two neighbours in a row as one complex number: z_mn = x_m(2n) + i x_m(2n+1), a complex image
//! of half the width N = W / 2.
//!
//! With E and O the transforms of the even and the odd columns, Z_kl = E_kl + i O_kl. Both are transforms of real
//! numbers, so C_kl = conj(Z_(-k)(-l)) = E_kl - i O_kl. The transform of the image itself is X_kl = E_kl + w O_kl and
//! X_k(l+N) = E_kl - w O_kl = conj(X_(-k)(N-l)) with w = e^(-i a), a = pi l / N. Columns l and N - l are therefore
//! transformed together. C is obtained in the order of Z, without mirroring: sums of conjugates are conjugates of sums
//! with the opposite sign, so column N - l is transformed with the opposite sign and gives conj(C).

use super::columns::{Columns, Pair};
use super::half::{ImageSize, RealFft};
use super::layout::{as_complex, as_complex_mut};
use super::plan::{complex_buffer, Fft1d, FftElement};
use crate::kernel::parallel::{each, Shared};
use rustfft::num_complex::Complex;

/// Rows per task.
const ROWS: usize = 16;

pub(super) struct Packed<T> {
    size: ImageSize,
    parallel: bool,
    rows: Fft1d<T>,
    rows_inverse: Fft1d<T>,
    columns: Fft1d<T>,
    columns_inverse: Fft1d<T>,
}

impl<T: FftElement> Packed<T> {
    /// For images of even width; with `parallel`, the work on each image is divided among threads.
    pub fn new(size: ImageSize, parallel: bool) -> Self {
        let ImageSize { height, width } = size;
        Self {
            size,
            parallel,
            rows: Fft1d::new(width / 2, false),
            rows_inverse: Fft1d::new(width / 2, true),
            columns: Fft1d::new(height, false),
            columns_inverse: Fft1d::new(height, true),
        }
    }

    /// The columns of the packed complex image.
    fn image(&self, at: Shared<Complex<T>>, stride: usize) -> Columns<T> {
        Columns { at, stride, height: self.size.height, width: self.size.width / 2, spectrum: false }
    }

    /// The columns of a half spectrum.
    fn spectrum(&self, at: Shared<Complex<T>>) -> Columns<T> {
        Columns { at, stride: self.size.half(), height: self.size.height, width: self.size.width / 2, spectrum: true }
    }

    /// cos a and sin a, a = pi l / N.
    fn twiddle(&self, l: usize) -> (T, T) {
        let angle = std::f64::consts::TAU * l as f64 / self.size.width as f64;
        (T::of(angle.cos()), T::of(angle.sin()))
    }

    /// Transforms the rows of x to rows that are `stride` apart.
    fn forward_rows(&self, x: &[T], to: Shared<Complex<T>>, stride: usize) {
        let n = self.size.width / 2;
        each(self.size.height.div_ceil(ROWS), self.parallel, |task| {
            let mut scratch = Vec::new();
            for row in (task * ROWS..self.size.height).take(ROWS) {
                // SAFETY: tasks have disjoint rows.
                let row_of_z = unsafe { std::slice::from_raw_parts_mut(to.at(row * stride), n) };
                self.rows.run_to(&as_complex(x)[row * n..][..n], row_of_z, &mut scratch);
            }
        });
    }

    /// Transforms the rows back in place.
    fn inverse_rows(&self, image: &mut [Complex<T>]) {
        let n = ROWS * self.size.width / 2;
        let (all, to) = (image.len(), Shared::new(image));
        each(all.div_ceil(n), self.parallel, |task| {
            // SAFETY: tasks have disjoint rows.
            let rows = unsafe { std::slice::from_raw_parts_mut(to.at(task * n), n.min(all - task * n)) };
            self.rows_inverse.run(rows, &mut self.rows_inverse.scratch());
        });
    }

    /// The factors of Z and C that filter an image with the half spectrum r: (A + B) / (H W) and (A - B) / (H W), one after
    /// the other for each l <= N / 2, where A_k = r_kl and B_k = r_k(l+N) = conj(r_(-k)(N-l)).
    pub fn response(&self, r: &[Complex<T>], conjugate: bool) -> Vec<Complex<T>> {
        let height = self.size.height;
        let scale = 1.0 / self.size.pixels() as f64;
        let mut out = complex_buffer::<T>((self.size.width / 4 + 1) * 2 * height);
        let to = Shared::new(&mut out);
        let from = self.spectrum(Shared::reading(r));
        from.each(from, false, self.parallel, |Pair { l, a, b }| {
            // SAFETY: pairs have disjoint factors.
            let factors = unsafe { std::slice::from_raw_parts_mut(to.at(l * 2 * height), 2 * height) };
            let (sums, differences) = factors.split_at_mut(height);
            let factor = T::of(edge(l, a, b) * scale);
            for (((sum, difference), &mut a), &mut b) in sums.iter_mut().zip(differences).zip(a).zip(b) {
                let (a, c) = if conjugate { (a.conj(), b) } else { (a, b.conj()) };
                (*sum, *difference) = ((a + c) * factor, (a - c) * factor);
            }
        });
        out
    }

    /// Filters x with the result of `response`.
    ///
    /// The filtered spectrum is Y_kl = A X_kl and Y_k(l+N) = B X_k(l+N). With S = A + B and D = A - B,
    /// E' = Y_kl + Y_k(l+N) = S E + D w O and O' = conj(w) (Y_kl - Y_k(l+N)) = conj(w) D E + S O, so
    /// Z' = E' + i O' = S Z + D (i cos a C - sin a Z) and C' = S C + D (sin a C - i cos a Z).
    pub fn filter(&self, x: &[T], response: &[Complex<T>], to: &mut [T]) {
        let (n, height) = (self.size.width / 2, self.size.height);
        let z = as_complex_mut(to);
        self.forward_rows(x, Shared::new(z), n);
        let image = self.image(Shared::new(z), n);
        image.each(image, true, self.parallel, |Pair { l, a, b }| {
            let mut scratch = self.columns.scratch();
            self.columns.run(a, &mut scratch);
            self.columns_inverse.run(b, &mut scratch);
            let (sums, differences) = response[l * 2 * height..][..2 * height].split_at(height);
            T::filter(a, b, sums, differences, self.twiddle(l));
            self.columns_inverse.run(a, &mut scratch);
            self.columns.run(b, &mut scratch);
        });
        self.inverse_rows(z);
    }
}

/// Projects columns 0 and N of a half spectrum, which represent no others, onto the Hermitian columns that a real image
/// has. Returns the factor of the pair.
fn edge<T: FftElement>(l: usize, a: &mut [Complex<T>], b: &mut [Complex<T>]) -> f64 {
    if l > 0 {
        return 1.0;
    }
    for column in [a, b] {
        let n = column.len();
        for i in 0..=n / 2 {
            let j = (n - i) % n;
            let sum = column[i] + column[j].conj();
            (column[i], column[j]) = (sum, sum.conj());
        }
    }
    0.5
}

impl<T: FftElement> RealFft<T> for Packed<T> {
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64) {
        let to = Shared::new(to);
        self.forward_rows(x, to, self.size.half());
        self.image(to, self.size.half()).each(self.spectrum(to), true, self.parallel, |Pair { l, a, b }| {
            let mut scratch = self.columns.scratch();
            self.columns.run(a, &mut scratch);
            self.columns_inverse.run(b, &mut scratch);
            // X = ((Z + C) - i w (Z - C)) / 2
            let (cos, sin) = self.twiddle(l);
            T::butterfly(a, b, Complex::new(-sin, -cos), T::of(0.5 * scale * if l > 0 { inner } else { 1.0 }));
        });
    }

    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64) {
        let z = as_complex_mut(to);
        let image = self.image(Shared::new(z), self.size.width / 2);
        self.spectrum(Shared::reading(s)).each(image, true, self.parallel, |Pair { l, a, b }| {
            let factor = edge(l, a, b) * scale * if l > 0 { 0.5 * inner } else { 1.0 };
            // Z = (Y + Y_+N) + i conj(w) (Y - Y_+N)
            let (cos, sin) = self.twiddle(l);
            T::butterfly(a, b, Complex::new(-sin, cos), T::of(factor));
            let mut scratch = self.columns.scratch();
            self.columns_inverse.run(a, &mut scratch);
            self.columns.run(b, &mut scratch);
        });
        self.inverse_rows(z);
    }
}
