//! Real images and the half of their spectrum that determines the other: two rows are one complex line.

use super::product::{distances, pairs, pairs_mut};
use super::{numbers, Line, Planned, GAP, HEAVY, TOGETHER};
use crate::kernel::parallel::{each, unwritten, Shared};
use rustfft::num_complex::Complex;

/// Pairs of rows that a piece of work takes.
const PAIRS: usize = 8;

/// Height and width of images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub height: usize,
    pub width: usize,
}

impl Size {
    /// Pixels.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
    /// Columns of the half spectrum.
    pub fn half(self) -> usize {
        self.width / 2 + 1
    }
    /// Numbers of the half spectrum.
    pub fn numbers(self) -> usize {
        self.height * self.half()
    }
    fn heavy(self) -> bool {
        self.pixels() > HEAVY
    }
    /// Whether column `k` stands for its mirror image too.
    fn inner(self, k: usize) -> bool {
        k > 0 && 2 * k != self.width
    }
    /// `inner` for such a column, else 1.
    pub fn weight(self, k: usize, inner: f64) -> f64 {
        if self.inner(k) {
            inner
        } else {
            1.0
        }
    }
}

/// Transforms of rows and of columns.
struct Images<T> {
    size: Size,
    rows: Line<T>,
    columns: Line<T>,
}

impl<T: Planned> Images<T> {
    fn new(size: Size, inverse: bool) -> Self {
        Self { size, rows: Line::new(size.width, inverse), columns: Line::new(size.height, inverse) }
    }

    /// Rows of an image to rows of its half spectrum, times `scale`, inner columns times `inner` besides.
    ///
    /// z = a + i b has Z_k = A_k + i B_k and conj(Z_-k) = A_k - i B_k.
    fn split(&self, x: &[T], to: Shared<Complex<T>>, scale: f64, inner: f64) {
        let Size { height, width, .. } = self.size;
        let half = self.size.half();
        let (edge, inside) = (T::of(0.5 * scale), T::of(0.5 * scale * inner));
        each(height.div_ceil(2 * PAIRS), self.size.heavy(), |piece| {
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
                let difference = |p: Complex<T>, q: Complex<T>, f: T| Complex::new((p.im + q.im) * f, (q.re - p.re) * f);
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

    /// Columns of half spectra, each changed by `f(its line, its number, scratch)`.
    fn each_column(&self, from: Shared<Complex<T>>, to: Shared<Complex<T>>, f: impl Fn(&mut [Complex<T>], usize, &mut Vec<Complex<T>>) + Send + Sync) {
        let (height, half) = (self.size.height, self.size.half());
        each(half.div_ceil(TOGETHER), self.size.heavy(), |piece| {
            let first = piece * TOGETHER;
            let some = TOGETHER.min(half - first);
            let length = height + GAP;
            let (mut lines, mut scratch) = (numbers::<T>(length * some), self.columns.scratch());
            for i in 0..height {
                // SAFETY: each piece has columns of its own.
                let row = unsafe { std::slice::from_raw_parts(from.at(i * half + first), some) };
                row.iter().enumerate().for_each(|(k, &v)| lines[k * length + i] = v);
            }
            lines.chunks_mut(length).enumerate().for_each(|(k, line)| f(&mut line[..height], first + k, &mut scratch));
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
        each(height.div_ceil(2 * PAIRS), self.size.heavy(), |piece| {
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

/// scale sum_mn x_mn e^(-2 pi i (k m / H + l n / W)) for l <= W / 2, columns that stand for their mirror image too times `inner`.
pub(crate) fn to_half<T: Planned>(x: &[T], size: Size, scale: f64, inner: f64) -> Vec<T> {
    let (count, images) = (x.len() / size.pixels(), Images::<T>::new(size, false));
    // SAFETY: the rows of the spectra cover everything.
    let mut y = unsafe { unwritten(2 * count * size.numbers()) };
    let out = Shared::new(pairs_mut(&mut y));
    each(count, x.len() > HEAVY, |i| {
        // SAFETY: an image writes its own spectrum.
        let own = Shared::new(unsafe { std::slice::from_raw_parts_mut(out.at(i * size.numbers()), size.numbers()) });
        images.split(&x[i * size.pixels()..][..size.pixels()], own, scale, inner);
        if size.height > 1 {
            images.each_column(own, own, |line, _, scratch| images.columns.run(line, scratch));
        }
    });
    y
}

/// scale Re sum_kl c_l s_kl e^(2 pi i (k m / H + l n / W)) over l <= W / 2, where c_l = `inner` for columns that stand for their mirror image too, else 1.
pub(crate) fn from_half<T: Planned>(s: &[T], size: Size, scale: f64, inner: f64) -> Vec<T> {
    let (s, images) = (pairs(s), Images::<T>::new(size, true));
    let count = s.len() / size.numbers();
    // SAFETY: the rows of the images cover everything.
    let mut y = unsafe { unwritten(count * size.pixels()) };
    let out = Shared::new(&mut y);
    each(count, out_heavy(count, size), |i| {
        let own = &s[i * size.numbers()..][..size.numbers()];
        let to = out.offset(i * size.pixels());
        if size.height == 1 {
            return images.join(own, to, scale, inner);
        }
        let mut work = numbers::<T>(size.numbers());
        images.each_column(Shared::reading(own), Shared::new(&mut work), |line, _, scratch| images.columns.run(line, scratch));
        images.join(&work, to, scale, inner);
    });
    y
}

fn out_heavy(count: usize, size: Size) -> bool {
    count * size.pixels() > HEAVY
}

/// The circular convolution with the filter of half spectrum r (or its transpose, with conj(r)): `from_half(r to_half(x)) / (H W)`,
/// for shapes without their last two axes: those of x and of r, and the one to which they broadcast.
pub(crate) fn filter<T: Planned>((x, x_shape): (&[T], &[usize]), (r, r_shape): (&[T], &[usize]), out: &[usize], size: Size, conjugate: bool) -> Vec<T> {
    let r = pairs(r);
    let (there, back) = (Images::<T>::new(size, false), Images::<T>::new(size, true));
    let (dx, dr) = (distances(x_shape, out), distances(r_shape, out));
    let count: usize = out.iter().product();
    // SAFETY: the rows of the images cover everything.
    let mut y = unsafe { unwritten(count * size.pixels()) };
    let to = Shared::new(&mut y);
    let sign = if conjugate { -T::one() } else { T::one() };
    each(count, out_heavy(count, size), |i| {
        let (mut id, mut image, mut response) = (i, 0, 0);
        for ((&n, dx), dr) in out.iter().zip(&dx).zip(&dr).rev() {
            image += id % n * *dx as usize;
            response += id % n * *dr as usize;
            id /= n;
        }
        let x = &x[image * size.pixels()..][..size.pixels()];
        let r = &r[response * size.numbers()..][..size.numbers()];
        let mut work = numbers::<T>(size.numbers());
        let shared = Shared::new(&mut work);
        there.split(x, shared, 1.0 / size.pixels() as f64, 1.0);
        there.each_column(shared, shared, |line, column, scratch| {
            there.columns.run(line, scratch);
            for (v, r) in line.iter_mut().zip(r[column..].iter().step_by(size.half())) {
                *v = *v * Complex::new(r.re, sign * r.im);
            }
            back.columns.run(line, scratch);
        });
        back.join(&work, to.offset(i * size.pixels()), 1.0, 2.0);
    });
    y
}
