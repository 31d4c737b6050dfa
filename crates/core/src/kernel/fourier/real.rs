//! Real images and the half of their spectrum that determines the other.

use super::packed::Packed;
use super::product::{distances, pairs, pairs_mut};
use super::rows::Rows;
use super::{numbers, Planned, HEAVY};
use crate::kernel::parallel::{each, unwritten, Shared};
use rustfft::num_complex::Complex;

/// From so many images on, each is the work of one thread.
const MANY: usize = 16;

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
    /// Whether one of `count` images is for all threads.
    fn heavy(self, count: usize) -> bool {
        self.pixels() > HEAVY && count < MANY
    }
    /// Whether column `k` stands for its mirror image too.
    pub fn inner(self, k: usize) -> bool {
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

/// Transforms of images of one size.
pub(super) trait Half<T>: Send + Sync {
    /// `to_half` of one image.
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64);
    /// `from_half` of one spectrum.
    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64);
}

fn transform<T: Planned>(size: Size, count: usize, inverse: bool) -> Box<dyn Half<T>> {
    let heavy = size.heavy(count);
    if size.width.is_multiple_of(2) {
        Box::new(Packed::new(size, heavy))
    } else {
        Box::new(Rows::new(size, heavy, inverse))
    }
}

/// scale sum_mn x_mn e^(-2 pi i (k m / H + l n / W)) for l <= W / 2, columns that stand for their mirror image too
/// times `inner`.
pub(crate) fn to_half<T: Planned>(x: &[T], size: Size, scale: f64, inner: f64) -> Vec<T> {
    let count = x.len() / size.pixels();
    let transform = transform::<T>(size, count, false);
    // SAFETY: the spectra cover everything.
    let mut y = unsafe { unwritten(2 * count * size.numbers()) };
    let out = Shared::new(pairs_mut(&mut y));
    each(count, x.len() > HEAVY, |i| {
        // SAFETY: an image writes its own spectrum.
        let own = unsafe { std::slice::from_raw_parts_mut(out.at(i * size.numbers()), size.numbers()) };
        transform.spectrum(&x[i * size.pixels()..][..size.pixels()], own, scale, inner);
    });
    y
}

/// scale Re sum_kl c_l s_kl e^(2 pi i (k m / H + l n / W)) over l <= W / 2, where c_l = `inner` for columns that stand
/// for their mirror image too, else 1.
pub(crate) fn from_half<T: Planned>(s: &[T], size: Size, scale: f64, inner: f64) -> Vec<T> {
    let s = pairs(s);
    let count = s.len() / size.numbers();
    let transform = transform::<T>(size, count, true);
    // SAFETY: the images cover everything.
    let mut y = unsafe { unwritten(count * size.pixels()) };
    let out = Shared::new(&mut y);
    each(count, y.len() > HEAVY, |i| {
        // SAFETY: a spectrum writes its own image.
        let own = unsafe { std::slice::from_raw_parts_mut(out.at(i * size.pixels()), size.pixels()) };
        transform.image(&s[i * size.numbers()..][..size.numbers()], own, scale, inner);
    });
    y
}

/// The circular convolution with the filter of half spectrum r (or its transpose, with conj(r)): `from_half(r
/// to_half(x)) / (H W)`, for shapes without their last two axes: those of x and of r, and the one to which they
/// broadcast.
pub(crate) fn filter<T: Planned>(
    (x, x_shape): (&[T], &[usize]),
    (r, r_shape): (&[T], &[usize]),
    out: &[usize],
    size: Size,
    conjugate: bool,
) -> Vec<T> {
    let (dx, dr) = (distances(x_shape, out), distances(r_shape, out));
    let count: usize = out.iter().product();
    // SAFETY: the images cover everything.
    let mut y = unsafe { unwritten(count * size.pixels()) };
    let (to, all) = (Shared::new(&mut y), y.len() > HEAVY);
    let one = filter_of(pairs(r), size, count, conjugate);
    each(count, all, |i| {
        let (mut id, mut image, mut response) = (i, 0, 0);
        for ((&n, dx), dr) in out.iter().zip(&dx).zip(&dr).rev() {
            image += id % n * *dx as usize;
            response += id % n * *dr as usize;
            id /= n;
        }
        // SAFETY: each result has a place of its own.
        let own = unsafe { std::slice::from_raw_parts_mut(to.at(i * size.pixels()), size.pixels()) };
        one(&x[image * size.pixels()..][..size.pixels()], response, own);
    });
    y
}

/// What filters an image with the response of a number.
type Filter<'a, T> = Box<dyn Fn(&[T], usize, &mut [T]) + Send + Sync + 'a>;

fn filter_of<T: Planned>(r: &[Complex<T>], size: Size, count: usize, conjugate: bool) -> Filter<'_, T> {
    let heavy = size.heavy(count);
    if size.width.is_multiple_of(2) {
        let packed = Packed::new(size, heavy);
        let responses: Vec<Vec<Complex<T>>> =
            r.chunks_exact(size.numbers()).map(|r| packed.response(r, conjugate)).collect();
        return Box::new(move |x, response, to| packed.filter(x, &responses[response], to));
    }
    let (there, back) = (Rows::new(size, heavy, false), Rows::new(size, heavy, true));
    Box::new(move |x, response, to| {
        let mut work = numbers::<T>(size.numbers());
        there.spectrum(x, &mut work, 1.0 / size.pixels() as f64, 1.0);
        for (v, r) in work.iter_mut().zip(&r[response * size.numbers()..]) {
            *v = *v * if conjugate { r.conj() } else { *r };
        }
        back.image(&work, to, 1.0, 2.0);
    })
}
