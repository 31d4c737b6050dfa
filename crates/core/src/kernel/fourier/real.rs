//! Fourier transforms of real images, and filters in Fourier space.

use super::half::{ImageSize, RealFft};
use super::lanes::FftElement;
use super::layout::{as_complex, as_complex_mut, broadcast_strides};
use super::packed::Packed;
use super::plan::complex_buffer;
use super::rows::Rows;
use crate::kernel::parallel::{each, uninit, Shared, MIN_PARALLEL_TRANSFORM};
use num_complex::Complex;

fn transform<T: FftElement>(size: ImageSize, count: usize, inverse: bool) -> Box<dyn RealFft<T>> {
    let parallel = size.is_parallel(count);
    if size.width.is_multiple_of(2) {
        Box::new(Packed::new(size, parallel))
    } else {
        Box::new(Rows::new(size, parallel, inverse))
    }
}

/// scale sum_mn x_mn e^(-2 pi i (k m / H + l n / W)) for l <= W / 2; columns that also represent their mirror image
/// are multiplied by `inner`.
pub(crate) fn to_half<T: FftElement>(x: &[T], size: ImageSize, scale: f64, inner: f64) -> Vec<T> {
    let count = x.len() / size.pixels();
    let transform = transform::<T>(size, count, false);
    // SAFETY: the spectra cover the result.
    let mut y = unsafe { uninit(2 * count * size.numbers()) };
    let out = Shared::new(as_complex_mut(&mut y));
    each(count, x.len() > MIN_PARALLEL_TRANSFORM, |i| {
        // SAFETY: each image writes its own spectrum.
        let own = unsafe { std::slice::from_raw_parts_mut(out.at(i * size.numbers()), size.numbers()) };
        transform.spectrum(&x[i * size.pixels()..][..size.pixels()], own, scale, inner);
    });
    y
}

/// scale Re sum_kl c_l s_kl e^(2 pi i (k m / H + l n / W)) over l <= W / 2, where c_l = `inner` for columns that also
/// represent their mirror image, else 1.
pub(crate) fn from_half<T: FftElement>(s: &[T], size: ImageSize, scale: f64, inner: f64) -> Vec<T> {
    let s = as_complex(s);
    let count = s.len() / size.numbers();
    let transform = transform::<T>(size, count, true);
    // SAFETY: the images cover the result.
    let mut y = unsafe { uninit(count * size.pixels()) };
    let out = Shared::new(&mut y);
    each(count, y.len() > MIN_PARALLEL_TRANSFORM, |i| {
        // SAFETY: each spectrum writes its own image.
        let own = unsafe { std::slice::from_raw_parts_mut(out.at(i * size.pixels()), size.pixels()) };
        transform.image(&s[i * size.numbers()..][..size.numbers()], own, scale, inner);
    });
    y
}

/// The circular convolution with the filter of half spectrum r, or its transpose with conj(r):
/// `from_half(r to_half(x)) / (H W)`. The shapes of x, of r, and the one to which they broadcast lack the last two
/// axes.
pub(crate) fn filter<T: FftElement>(
    (x, x_shape): (&[T], &[usize]),
    (r, r_shape): (&[T], &[usize]),
    out: &[usize],
    size: ImageSize,
    conjugate: bool,
) -> Vec<T> {
    let (dx, dr) = (broadcast_strides(x_shape, out), broadcast_strides(r_shape, out));
    let count: usize = out.iter().product();
    // SAFETY: the images cover the result.
    let mut y = unsafe { uninit(count * size.pixels()) };
    let (to, all) = (Shared::new(&mut y), y.len() > MIN_PARALLEL_TRANSFORM);
    let one = filter_of(as_complex(r), size, count, conjugate);
    each(count, all, |i| {
        let (mut id, mut image, mut response) = (i, 0, 0);
        for ((&n, dx), dr) in out.iter().zip(&dx).zip(&dr).rev() {
            image += id % n * *dx as usize;
            response += id % n * *dr as usize;
            id /= n;
        }
        // SAFETY: each task writes its own image.
        let own = unsafe { std::slice::from_raw_parts_mut(to.at(i * size.pixels()), size.pixels()) };
        one(&x[image * size.pixels()..][..size.pixels()], response, own);
    });
    y
}

/// Filters an image with the response of the given index.
type Filter<'a, T> = Box<dyn Fn(&[T], usize, &mut [T]) + Send + Sync + 'a>;

fn filter_of<T: FftElement>(r: &[Complex<T>], size: ImageSize, count: usize, conjugate: bool) -> Filter<'_, T> {
    let parallel = size.is_parallel(count);
    if size.width.is_multiple_of(2) {
        let packed = Packed::new(size, parallel);
        return Box::new(move |x, response, to| {
            packed.filter(x, &r[response * size.numbers()..][..size.numbers()], conjugate, to);
        });
    }
    let (forward, inverse) = (Rows::new(size, parallel, false), Rows::new(size, parallel, true));
    Box::new(move |x, response, to| {
        let mut work = complex_buffer::<T>(size.numbers());
        forward.spectrum(x, &mut work, 1.0 / size.pixels() as f64, 1.0);
        for (v, r) in work.iter_mut().zip(&r[response * size.numbers()..]) {
            *v = *v * if conjugate { r.conj() } else { *r };
        }
        inverse.image(&work, to, 1.0, 2.0);
    })
}
