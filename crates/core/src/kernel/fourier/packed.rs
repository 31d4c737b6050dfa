//! Images of even width, two neighbours in a row as one complex number: z_mn = x_m(2n) + i x_m(2n+1), a complex image
//! of half the width N = W / 2.
//!
//! With E and O the sums of the even and the odd columns, Z_kl = E_kl + i O_kl, and both are sums of real numbers, so
//! C_kl = conj(Z_(-k)(-l)) = E_kl - i O_kl.  The image's own sums are X_kl = E_kl + w O_kl and X_k(l+N) = E_kl - w O_kl
//! = conj(X_(-k)(N-l)) with w = e^(-i a), a = pi l / N.  Columns l and N - l are therefore transformed together. C
//! comes in the order of Z without a mirror: sums of conjugates are conjugates of sums with the other sign, so column N
//! - l is transformed with the other sign and gives conj(C).

use super::columns::{Columns, Pair};
use super::product::{pairs, pairs_mut};
use super::real::{Half, Size};
use super::{Line, Planned};
use crate::kernel::parallel::{each, Shared};
use rustfft::num_complex::Complex;

/// Rows that a piece of work takes.
const ROWS: usize = 16;

pub(super) struct Packed<T> {
    size: Size,
    heavy: bool,
    rows: Line<T>,
    rows_back: Line<T>,
    columns: Line<T>,
    columns_back: Line<T>,
}

impl<T: Planned> Packed<T> {
    /// For images of an even width; `heavy` where the work on one is for all threads.
    pub fn new(size: Size, heavy: bool) -> Self {
        let Size { height, width } = size;
        Self {
            size,
            heavy,
            rows: Line::new(width / 2, false),
            rows_back: Line::new(width / 2, true),
            columns: Line::new(height, false),
            columns_back: Line::new(height, true),
        }
    }

    /// The columns of a complex image of half the width in rows.
    fn image(&self, at: Shared<Complex<T>>, stride: usize) -> Columns<T> {
        Columns { at, stride, height: self.size.height, width: self.size.width / 2, spectrum: false }
    }

    /// The columns of a half spectrum.
    fn spectrum(&self, at: Shared<Complex<T>>) -> Columns<T> {
        Columns { at, stride: self.size.half(), height: self.size.height, width: self.size.width / 2, spectrum: true }
    }

    /// e^(-i pi l / N)
    fn turn(&self, l: usize) -> (T, T) {
        let angle = std::f64::consts::TAU * l as f64 / self.size.width as f64;
        (T::of(angle.cos()), T::of(angle.sin()))
    }

    /// Rows of x, transformed, to rows that are `stride` apart.
    fn forth(&self, x: &[T], to: Shared<Complex<T>>, stride: usize) {
        let n = self.size.width / 2;
        each(self.size.height.div_ceil(ROWS), self.heavy, |piece| {
            let mut scratch = Vec::new();
            for row in (piece * ROWS..self.size.height).take(ROWS) {
                // SAFETY: these rows are this piece's.
                let line = unsafe { std::slice::from_raw_parts_mut(to.at(row * stride), n) };
                self.rows.run_to(&pairs(x)[row * n..][..n], line, &mut scratch);
            }
        });
    }

    /// Rows transformed back in place.
    fn back(&self, image: &mut [Complex<T>]) {
        let n = ROWS * self.size.width / 2;
        let (all, to) = (image.len(), Shared::new(image));
        each(all.div_ceil(n), self.heavy, |piece| {
            // SAFETY: these rows are this piece's.
            let rows = unsafe { std::slice::from_raw_parts_mut(to.at(piece * n), n.min(all - piece * n)) };
            self.rows_back.run(rows, &mut self.rows_back.scratch());
        });
    }

    /// What multiplies Z and C to filter an image with the half spectrum r: (A + B) and (A - B) times 1 / (H W), line
    /// after line for l <= N / 2, where A_k = r_kl and B_k = r_k(l+N) = conj(r_(-k)(N-l)).
    pub fn response(&self, r: &[Complex<T>], conjugate: bool) -> Vec<Complex<T>> {
        let height = self.size.height;
        let scale = 1.0 / self.size.pixels() as f64;
        let mut out = super::numbers::<T>((self.size.width / 4 + 1) * 2 * height);
        let to = Shared::new(&mut out);
        let from = self.spectrum(Shared::reading(r));
        from.each(from, false, self.heavy, |Pair { l, a, b }| {
            // SAFETY: these lines are this pair's.
            let lines = unsafe { std::slice::from_raw_parts_mut(to.at(l * 2 * height), 2 * height) };
            let (sums, differences) = lines.split_at_mut(height);
            let factor = T::of(edge(l, a, b) * scale);
            for (((sum, difference), &mut a), &mut b) in sums.iter_mut().zip(differences).zip(a).zip(b) {
                let (a, c) = if conjugate { (a.conj(), b) } else { (a, b.conj()) };
                (*sum, *difference) = ((a + c) * factor, (a - c) * factor);
            }
        });
        out
    }

    /// x filtered with a response of `response`.
    ///
    /// The wanted sums are Y_kl = A X_kl and Y_k(l+N) = B X_k(l+N); with S = A + B, D = A - B, E' = Y_kl + Y_k(l+N) = S
    /// E + D w O and O' = conj(w) (Y_kl - Y_k(l+N)) = conj(w) D E + S O, so Z' = E' + i O' = S Z + D (i cos a C - sin a
    /// Z) and C' = S C + D (sin a C - i cos a Z).
    pub fn filter(&self, x: &[T], response: &[Complex<T>], to: &mut [T]) {
        let (n, height) = (self.size.width / 2, self.size.height);
        let z = pairs_mut(to);
        self.forth(x, Shared::new(z), n);
        let image = self.image(Shared::new(z), n);
        image.each(image, true, self.heavy, |Pair { l, a, b }| {
            let mut scratch = self.columns.scratch();
            self.columns.run(a, &mut scratch);
            self.columns_back.run(b, &mut scratch);
            let (sums, differences) = response[l * 2 * height..][..2 * height].split_at(height);
            T::filtered(a, b, sums, differences, self.turn(l));
            self.columns_back.run(a, &mut scratch);
            self.columns.run(b, &mut scratch);
        });
        self.back(z);
    }
}

/// Prepares columns 0 and N of a half spectrum, which stand for no others: of sums of a real image they are Hermitian,
/// and what is not so is left out. The factor of the pair.
fn edge<T: Planned>(l: usize, a: &mut [Complex<T>], b: &mut [Complex<T>]) -> f64 {
    if l > 0 {
        return 1.0;
    }
    for line in [a, b] {
        let n = line.len();
        for i in 0..=n / 2 {
            let j = (n - i) % n;
            let sum = line[i] + line[j].conj();
            (line[i], line[j]) = (sum, sum.conj());
        }
    }
    0.5
}

impl<T: Planned> Half<T> for Packed<T> {
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64) {
        let to = Shared::new(to);
        self.forth(x, to, self.size.half());
        self.image(to, self.size.half()).each(self.spectrum(to), true, self.heavy, |Pair { l, a, b }| {
            let mut scratch = self.columns.scratch();
            self.columns.run(a, &mut scratch);
            self.columns_back.run(b, &mut scratch);
            // X = ((Z + C) - i w (Z - C)) / 2
            let (cos, sin) = self.turn(l);
            T::turned(a, b, Complex::new(-sin, -cos), T::of(0.5 * scale * if l > 0 { inner } else { 1.0 }));
        });
    }

    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64) {
        let z = pairs_mut(to);
        let image = self.image(Shared::new(z), self.size.width / 2);
        self.spectrum(Shared::reading(s)).each(image, true, self.heavy, |Pair { l, a, b }| {
            let factor = edge(l, a, b) * scale * if l > 0 { 0.5 * inner } else { 1.0 };
            // Z = (Y + Y_+N) + i conj(w) (Y - Y_+N)
            let (cos, sin) = self.turn(l);
            T::turned(a, b, Complex::new(-sin, cos), T::of(factor));
            let mut scratch = self.columns.scratch();
            self.columns_back.run(a, &mut scratch);
            self.columns.run(b, &mut scratch);
        });
        self.back(z);
    }
}
