//! The affine map of a channel and the activation after it.

use crate::kernel::simd::{total, Simd};

/// A channel before the activation: (x - mean) scale + shift.
#[derive(Clone, Copy)]
pub(super) struct Affine {
    pub mean: f32,
    pub scale: f32,
    pub shift: f32,
}

impl Affine {
    #[inline(always)]
    pub fn at(self, x: f32) -> f32 {
        (x - self.mean) * self.scale + self.shift
    }

    /// Writes `count` values of the channel after the activation of `slope`.
    ///
    /// # Safety
    /// As for [`Simd`]; the pointers are valid for `count` values.
    #[inline(always)]
    pub unsafe fn apply<S: Simd>(self, from: *const f32, to: *mut f32, count: usize, slope: f32) {
        let (wide, zero, low) = (AffineVector::<S>::of(self), S::splat(0.0), S::splat(slope));
        let mut i = 0;
        while i + S::N <= count {
            let v = wide.at(S::load(from.add(i)));
            S::store(to.add(i), S::pick(v, v, if slope == 0.0 { zero } else { S::mul(low, v) }));
            i += S::N;
        }
        while i < count {
            let v = self.at(*from.add(i));
            *to.add(i) = gate(v, slope, v);
            i += 1;
        }
    }

    /// Sums of the gradient h before the activation, and of h (x - mean), over a plane of the channel.
    ///
    /// # Safety
    /// As for [`Simd`].
    #[inline(always)]
    pub unsafe fn gradient_sums<S: Simd>(self, x: &[f32], g: &[f32], slope: f32) -> [f64; 2] {
        let (wide, zero, low) = (AffineVector::<S>::of(self), S::splat(0.0), S::splat(slope));
        let (mut plain, mut moved) = (0.0f64, 0.0f64);
        for (x, g) in x.chunks(super::RUN).zip(g.chunks(super::RUN)) {
            let (mut one, mut two) = (zero, zero);
            let mut i = 0;
            while i + S::N <= x.len() {
                let (x, g) = (S::load(x.as_ptr().add(i)), S::load(g.as_ptr().add(i)));
                let h = S::pick(wide.at(x), g, if slope == 0.0 { zero } else { S::mul(low, g) });
                one = S::add(one, h);
                two = S::fma(h, S::sub(x, wide.mean), two);
                i += S::N;
            }
            plain += total::<S>(one);
            moved += total::<S>(two);
            while i < x.len() {
                let h = gate(self.at(x[i]), slope, g[i]);
                plain += f64::from(h);
                moved += f64::from(h) * f64::from(x[i] - self.mean);
                i += 1;
            }
        }
        [plain, moved]
    }

    /// Writes scale h - `shift` - (x - mean) `tilt` for a plane of the channel, h as in `gradient_sums`.
    ///
    /// # Safety
    /// As for [`Simd`]; `to` is valid for the plane.
    #[inline(always)]
    pub unsafe fn input_gradient<S: Simd>(
        self,
        x: &[f32],
        g: &[f32],
        slope: f32,
        [shift, tilt]: [f32; 2],
        to: *mut f32,
    ) {
        let (wide, zero, low) = (AffineVector::<S>::of(self), S::splat(0.0), S::splat(slope));
        let (wide_shift, wide_tilt) = (S::splat(shift), S::splat(tilt));
        let mut i = 0;
        while i + S::N <= x.len() {
            let (x, g) = (S::load(x.as_ptr().add(i)), S::load(g.as_ptr().add(i)));
            let h = S::pick(wide.at(x), g, if slope == 0.0 { zero } else { S::mul(low, g) });
            let inner = S::sub(S::mul(wide.scale, h), wide_shift);
            S::store(to.add(i), S::sub(inner, S::mul(S::sub(x, wide.mean), wide_tilt)));
            i += S::N;
        }
        while i < x.len() {
            let h = gate(self.at(x[i]), slope, g[i]);
            *to.add(i) = self.scale * h - shift - (x[i] - self.mean) * tilt;
            i += 1;
        }
    }
}

/// An affine map of vectors.
#[derive(Clone, Copy)]
struct AffineVector<S: Simd> {
    mean: S::V,
    scale: S::V,
    shift: S::V,
}

impl<S: Simd> AffineVector<S> {
    #[inline(always)]
    unsafe fn of(affine: Affine) -> Self {
        Self { mean: S::splat(affine.mean), scale: S::splat(affine.scale), shift: S::splat(affine.shift) }
    }
    // Rounded as in `Affine::at`: the gradient must see the same sign.
    #[inline(always)]
    unsafe fn at(self, x: S::V) -> S::V {
        S::add(S::mul(S::sub(x, self.mean), self.scale), self.shift)
    }
}

/// g where v is positive or NaN, else slope g.
#[inline(always)]
fn gate(v: f32, slope: f32, g: f32) -> f32 {
    if v > 0.0 || v.is_nan() {
        g
    } else if slope == 0.0 {
        0.0
    } else {
        slope * g
    }
}
