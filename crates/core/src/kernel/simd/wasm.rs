//! WebAssembly's SIMD128, with the fused multiply-add of relaxed SIMD where the module is built for it.

use super::vector::{Simd, BIASED, HALF_ROOT};
use std::arch::wasm32::*;

/// Four values in a register.
#[derive(Clone, Copy)]
pub struct Simd128;

impl Simd for Simd128 {
    type V = v128;
    const N: usize = 4;
    // Sixteen registers: engines on x86 have no more.
    const ROWS: usize = 4;
    const VECS: usize = 2;
    #[inline(always)]
    unsafe fn splat(x: f32) -> v128 {
        f32x4_splat(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> v128 {
        v128_load(p.cast())
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: v128) {
        v128_store(p.cast(), v)
    }
    #[inline(always)]
    unsafe fn add(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }
    #[cfg(feature = "relaxed-simd")]
    #[inline(always)]
    unsafe fn fma(a: v128, b: v128, c: v128) -> v128 {
        f32x4_relaxed_madd(a, b, c)
    }
    #[cfg(not(feature = "relaxed-simd"))]
    #[inline(always)]
    unsafe fn fma(a: v128, b: v128, c: v128) -> v128 {
        f32x4_add(f32x4_mul(a, b), c)
    }
    #[inline(always)]
    unsafe fn pick(sign: v128, a: v128, b: v128) -> v128 {
        v128_bitselect(b, a, f32x4_le(sign, f32x4_splat(0.0)))
    }
    // One x86 instruction each; f32x4_max and f32x4_min take eight, because they propagate NaN from either operand.
    #[inline(always)]
    unsafe fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(b, a)
    }
    #[inline(always)]
    unsafe fn min(a: v128, b: v128) -> v128 {
        f32x4_pmin(b, a)
    }
    #[inline(always)]
    unsafe fn with_sign(magnitude: v128, sign: v128) -> v128 {
        v128_bitselect(sign, magnitude, i32x4_splat(i32::MIN))
    }
    #[inline(always)]
    unsafe fn power(n: v128) -> v128 {
        i32x4_shl(f32x4_add(n, f32x4_splat(BIASED)), 23)
    }
    #[inline(always)]
    unsafe fn parts(x: v128) -> (v128, v128) {
        let n = i32x4_shr(i32x4_sub(x, i32x4_splat(HALF_ROOT)), 23);
        (i32x4_sub(x, i32x4_shl(n, 23)), f32x4_convert_i32x4(n))
    }
    #[inline(always)]
    unsafe fn load_alternate(p: *const f32) -> v128 {
        i32x4_shuffle::<0, 2, 5, 7>(Self::load(p), Self::load(p.add(3)))
    }
    #[inline(always)]
    unsafe fn store_alternate(p: *mut f32, a: v128, b: v128) {
        Self::store(p, i32x4_shuffle::<0, 4, 1, 5>(a, b));
        Self::store(p.add(4), i32x4_shuffle::<2, 6, 3, 7>(a, b));
    }
    #[inline(always)]
    unsafe fn transpose(src: *const f32, from: usize, dst: *mut f32, to: usize) {
        let (a, b) = (v128_load(src.cast()), v128_load(src.add(from).cast()));
        let (c, d) = (v128_load(src.add(2 * from).cast()), v128_load(src.add(3 * from).cast()));
        let (ab, ab2) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd, cd2) = (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        v128_store(dst.cast(), i32x4_shuffle::<0, 1, 4, 5>(ab, cd));
        v128_store(dst.add(to).cast(), i32x4_shuffle::<2, 3, 6, 7>(ab, cd));
        v128_store(dst.add(2 * to).cast(), i32x4_shuffle::<0, 1, 4, 5>(ab2, cd2));
        v128_store(dst.add(3 * to).cast(), i32x4_shuffle::<2, 3, 6, 7>(ab2, cd2));
    }
}
