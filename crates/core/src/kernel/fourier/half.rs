//! Sizes of real images and of the half of their spectrum that determines the other half.

use crate::kernel::parallel::MIN_PARALLEL_TRANSFORM;
use num_complex::Complex;

/// With at least this many images, each one is a task of its own.
const MIN_IMAGES: usize = 16;

/// Height and width of images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageSize {
    pub height: usize,
    pub width: usize,
}

impl ImageSize {
    /// Pixels of an image.
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
    /// Whether each of `count` images is divided among threads.
    pub fn is_parallel(self, count: usize) -> bool {
        self.pixels() > MIN_PARALLEL_TRANSFORM && count < MIN_IMAGES
    }
    /// Whether column `k` also represents its mirror image.
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

/// The transforms of real images of one size.
pub(super) trait RealFft<T>: Send + Sync {
    /// `to_half` of one image.
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64);
    /// `from_half` of one spectrum.
    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64);
}
