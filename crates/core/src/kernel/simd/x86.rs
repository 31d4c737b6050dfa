//! AVX2 with FMA, and AVX-512F.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::vector::{Simd, BIASED, HALF_ROOT};
use std::arch::x86_64::*;

/// Eight values in a register.
#[derive(Clone, Copy)]
pub struct Avx2;

impl Simd for Avx2 {
    type V = __m256;
    const N: usize = 8;
    const ROWS: usize = 6;
    const VECS: usize = 2;
    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        _mm256_set1_ps(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m256 {
        _mm256_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m256) {
        _mm256_storeu_ps(p, v)
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        _mm256_sub_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        _mm256_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        _mm256_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        _mm256_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn pick(sign: __m256, a: __m256, b: __m256) -> __m256 {
        _mm256_blendv_ps(a, b, _mm256_cmp_ps::<_CMP_LE_OQ>(sign, _mm256_setzero_ps()))
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        _mm256_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        _mm256_min_ps(a, b)
    }
    #[inline(always)]
    unsafe fn with_sign(magnitude: __m256, sign: __m256) -> __m256 {
        let bit = _mm256_set1_ps(-0.0);
        _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign))
    }
    #[inline(always)]
    unsafe fn power(n: __m256) -> __m256 {
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(_mm256_add_ps(n, _mm256_set1_ps(BIASED)))))
    }
    #[inline(always)]
    unsafe fn parts(x: __m256) -> (__m256, __m256) {
        let x = _mm256_castps_si256(x);
        let n = _mm256_srai_epi32::<23>(_mm256_sub_epi32(x, _mm256_set1_epi32(HALF_ROOT)));
        (_mm256_castsi256_ps(_mm256_sub_epi32(x, _mm256_slli_epi32::<23>(n))), _mm256_cvtepi32_ps(n))
    }
    #[inline(always)]
    unsafe fn load_alternate(p: *const f32) -> __m256 {
        // Values 0, 2, 8, 10 and 4, 6, 12, 14.
        let pairs = _mm256_shuffle_ps::<0xD8>(_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(7)));
        _mm256_castpd_ps(_mm256_permute4x64_pd::<0xD8>(_mm256_castps_pd(pairs)))
    }
    #[inline(always)]
    unsafe fn store_alternate(p: *mut f32, a: __m256, b: __m256) {
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        _mm256_storeu_ps(p, _mm256_permute2f128_ps::<0x20>(low, high));
        _mm256_storeu_ps(p.add(8), _mm256_permute2f128_ps::<0x31>(low, high));
    }
    #[inline(always)]
    unsafe fn transpose(src: *const f32, from: usize, dst: *mut f32, to: usize) {
        let mut r = [_mm256_setzero_ps(); 8];
        for i in 0..8 {
            r[i] = _mm256_loadu_ps(src.add(i * from));
        }
        // Pairs, then fours within each half, then the halves.
        for i in [0, 2, 4, 6] {
            (r[i], r[i + 1]) = (_mm256_unpacklo_ps(r[i], r[i + 1]), _mm256_unpackhi_ps(r[i], r[i + 1]));
        }
        for i in [0, 4] {
            let (a, b, c, d) = (r[i], r[i + 1], r[i + 2], r[i + 3]);
            r[i] = _mm256_shuffle_ps::<0x44>(a, c);
            r[i + 1] = _mm256_shuffle_ps::<0xEE>(a, c);
            r[i + 2] = _mm256_shuffle_ps::<0x44>(b, d);
            r[i + 3] = _mm256_shuffle_ps::<0xEE>(b, d);
        }
        for i in 0..4 {
            _mm256_storeu_ps(dst.add(i * to), _mm256_permute2f128_ps::<0x20>(r[i], r[i + 4]));
            _mm256_storeu_ps(dst.add((i + 4) * to), _mm256_permute2f128_ps::<0x31>(r[i], r[i + 4]));
        }
    }
}

/// Sixteen values in a register.
#[derive(Clone, Copy)]
pub struct Avx512;

impl Simd for Avx512 {
    type V = __m512;
    const N: usize = 16;
    const ROWS: usize = 12;
    const VECS: usize = 2;
    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        _mm512_set1_ps(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m512 {
        _mm512_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m512) {
        _mm512_storeu_ps(p, v)
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        _mm512_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        _mm512_sub_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        _mm512_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        _mm512_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        _mm512_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn pick(sign: __m512, a: __m512, b: __m512) -> __m512 {
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(sign, _mm512_setzero_ps()), a, b)
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        _mm512_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        _mm512_min_ps(a, b)
    }
    #[inline(always)]
    unsafe fn with_sign(magnitude: __m512, sign: __m512) -> __m512 {
        let bit = _mm512_set1_epi32(i32::MIN);
        let (magnitude, sign) = (_mm512_castps_si512(magnitude), _mm512_castps_si512(sign));
        _mm512_castsi512_ps(_mm512_or_epi32(_mm512_andnot_epi32(bit, magnitude), _mm512_and_epi32(bit, sign)))
    }
    #[inline(always)]
    unsafe fn power(n: __m512) -> __m512 {
        _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(_mm512_add_ps(n, _mm512_set1_ps(BIASED)))))
    }
    #[inline(always)]
    unsafe fn scale(v: __m512, n: __m512) -> __m512 {
        _mm512_scalef_ps(v, n)
    }
    #[inline(always)]
    unsafe fn parts(x: __m512) -> (__m512, __m512) {
        let x = _mm512_castps_si512(x);
        let n = _mm512_srai_epi32::<23>(_mm512_sub_epi32(x, _mm512_set1_epi32(HALF_ROOT)));
        (_mm512_castsi512_ps(_mm512_sub_epi32(x, _mm512_slli_epi32::<23>(n))), _mm512_cvtepi32_ps(n))
    }
    #[inline(always)]
    unsafe fn load_alternate(p: *const f32) -> __m512 {
        let from = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
        _mm512_permutex2var_ps(_mm512_loadu_ps(p), from, _mm512_loadu_ps(p.add(15)))
    }
    #[inline(always)]
    unsafe fn store_alternate(p: *mut f32, a: __m512, b: __m512) {
        let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        _mm512_storeu_ps(p, _mm512_permutex2var_ps(a, low, b));
        _mm512_storeu_ps(p.add(16), _mm512_permutex2var_ps(a, high, b));
    }
    #[inline(always)]
    unsafe fn transpose(src: *const f32, from: usize, dst: *mut f32, to: usize) {
        let mut r = [_mm512_setzero_ps(); 16];
        for i in 0..16 {
            r[i] = _mm512_loadu_ps(src.add(i * from));
        }
        // Pairs, then fours within each quarter, then the quarters.
        for i in [0, 2, 4, 6, 8, 10, 12, 14] {
            (r[i], r[i + 1]) = (_mm512_unpacklo_ps(r[i], r[i + 1]), _mm512_unpackhi_ps(r[i], r[i + 1]));
        }
        for i in [0, 4, 8, 12] {
            let (a, b, c, d) = (r[i], r[i + 1], r[i + 2], r[i + 3]);
            r[i] = _mm512_shuffle_ps::<0x44>(a, c);
            r[i + 1] = _mm512_shuffle_ps::<0xEE>(a, c);
            r[i + 2] = _mm512_shuffle_ps::<0x44>(b, d);
            r[i + 3] = _mm512_shuffle_ps::<0xEE>(b, d);
        }
        for i in 0..4 {
            let (a, b, c, d) = (r[i], r[i + 4], r[i + 8], r[i + 12]);
            let (ab, ab2) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b));
            let (cd, cd2) = (_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xDD>(c, d));
            _mm512_storeu_ps(dst.add(i * to), _mm512_shuffle_f32x4::<0x88>(ab, cd));
            _mm512_storeu_ps(dst.add((i + 4) * to), _mm512_shuffle_f32x4::<0x88>(ab2, cd2));
            _mm512_storeu_ps(dst.add((i + 8) * to), _mm512_shuffle_f32x4::<0xDD>(ab, cd));
            _mm512_storeu_ps(dst.add((i + 12) * to), _mm512_shuffle_f32x4::<0xDD>(ab2, cd2));
        }
    }
}
