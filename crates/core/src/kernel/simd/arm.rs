//! NEON, which every 64-bit ARM CPU has.

use super::vector::{Simd, BIASED, HALF_ROOT};
use std::arch::aarch64::*;

/// Four values in a register.
#[derive(Clone, Copy)]
pub struct Neon;

impl Simd for Neon {
    type V = float32x4_t;
    const N: usize = 4;
    const ROWS: usize = 8;
    const VECS: usize = 2;
    #[inline(always)]
    unsafe fn splat(x: f32) -> float32x4_t {
        vdupq_n_f32(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> float32x4_t {
        vld1q_f32(p)
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: float32x4_t) {
        vst1q_f32(p, v)
    }
    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vaddq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vsubq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vmulq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vdivq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn fma(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        vfmaq_f32(c, a, b)
    }
    #[inline(always)]
    unsafe fn pick(sign: float32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vbslq_f32(vcleq_f32(sign, vdupq_n_f32(0.0)), b, a)
    }
    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vmaxq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vminq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn with_sign(magnitude: float32x4_t, sign: float32x4_t) -> float32x4_t {
        vbslq_f32(vdupq_n_u32(1 << 31), sign, magnitude)
    }
    #[inline(always)]
    unsafe fn power(n: float32x4_t) -> float32x4_t {
        vreinterpretq_f32_s32(vshlq_n_s32::<23>(vreinterpretq_s32_f32(vaddq_f32(n, vdupq_n_f32(BIASED)))))
    }
    #[inline(always)]
    unsafe fn parts(x: float32x4_t) -> (float32x4_t, float32x4_t) {
        let x = vreinterpretq_s32_f32(x);
        let n = vshrq_n_s32::<23>(vsubq_s32(x, vdupq_n_s32(HALF_ROOT)));
        (vreinterpretq_f32_s32(vsubq_s32(x, vshlq_n_s32::<23>(n))), vcvtq_f32_s32(n))
    }
    #[inline(always)]
    unsafe fn load_alternate(p: *const f32) -> float32x4_t {
        let (low, high) = (vld1q_f32(p), vld1q_f32(p.add(3)));
        vcombine_f32(vget_low_f32(vuzp1q_f32(low, low)), vget_low_f32(vuzp2q_f32(high, high)))
    }
    #[inline(always)]
    unsafe fn store_alternate(p: *mut f32, a: float32x4_t, b: float32x4_t) {
        vst2q_f32(p, float32x4x2_t(a, b));
    }
    #[inline(always)]
    unsafe fn transpose(src: *const f32, from: usize, dst: *mut f32, to: usize) {
        let (a, b, c, d) =
            (vld1q_f32(src), vld1q_f32(src.add(from)), vld1q_f32(src.add(2 * from)), vld1q_f32(src.add(3 * from)));
        let (ab, ab2) = (vtrn1q_f32(a, b), vtrn2q_f32(a, b));
        let (cd, cd2) = (vtrn1q_f32(c, d), vtrn2q_f32(c, d));
        vst1q_f32(dst, vcombine_f32(vget_low_f32(ab), vget_low_f32(cd)));
        vst1q_f32(dst.add(to), vcombine_f32(vget_low_f32(ab2), vget_low_f32(cd2)));
        vst1q_f32(dst.add(2 * to), vcombine_f32(vget_high_f32(ab), vget_high_f32(cd)));
        vst1q_f32(dst.add(3 * to), vcombine_f32(vget_high_f32(ab2), vget_high_f32(cd2)));
    }
}
