//! Mean and variance in one pass over memory.

use super::RUN;
use crate::kernel::simd::{total, Simd};

/// Mean and (biased) variance of what was added: each run about its own mean, then combined (Chan, Golub, LeVeque 1983,
/// doi:10.1080/00031305.1983.10483115).
#[derive(Default)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds values.
    ///
    /// # Safety
    /// As for [`Simd`].
    #[inline(always)]
    pub unsafe fn add<S: Simd>(&mut self, values: &[f32]) {
        for run in values.chunks(RUN) {
            let n = run.len() as f64;
            let near = (centred_sums::<S>(run, 0.0)[0] / n) as f32;
            let [rest, square] = centred_sums::<S>(run, near);
            // `near` has the rounding errors of a sum of large values; the remainder has not.
            let step = f64::from(near) + rest / n - self.mean;
            let all = self.count + n;
            self.squares += square - rest * rest / n + step * step * self.count * n / all;
            self.mean += step * n / all;
            self.count = all;
        }
    }

    /// Mean and variance.
    pub fn finish(self) -> [f32; 2] {
        [self.mean as f32, (self.squares.max(0.0) / self.count) as f32]
    }
}

/// Sums of x - centre and of (x - centre)^2.
#[inline(always)]
unsafe fn centred_sums<S: Simd>(run: &[f32], centre: f32) -> [f64; 2] {
    let wide = S::splat(centre);
    let (mut one, mut two) = (S::splat(0.0), S::splat(0.0));
    let mut i = 0;
    while i + S::N <= run.len() {
        let d = S::sub(S::load(run.as_ptr().add(i)), wide);
        one = S::add(one, d);
        two = S::fma(d, d, two);
        i += S::N;
    }
    let (mut plain, mut square) = (total::<S>(one), total::<S>(two));
    while i < run.len() {
        let d = f64::from(run[i] - centre);
        plain += d;
        square += d * d;
        i += 1;
    }
    [plain, square]
}
