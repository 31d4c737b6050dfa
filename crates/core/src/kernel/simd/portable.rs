//! Scalar fallback on arrays, for CPUs without a vector type here.

use super::vector::{Simd, BIASED, HALF_ROOT};

/// Eight values in an array.
#[derive(Clone, Copy)]
pub struct Portable;

#[inline(always)]
fn zip(a: [f32; 8], b: [f32; 8], f: impl Fn(f32, f32) -> f32) -> [f32; 8] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Simd for Portable {
    type V = [f32; 8];
    const N: usize = 8;
    const ROWS: usize = 4;
    const VECS: usize = 1;
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::V {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self::V {
        p.cast::<Self::V>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: Self::V) {
        p.cast::<Self::V>().write_unaligned(v);
    }
    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn pick(sign: Self::V, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| if sign[i] <= 0.0 { b[i] } else { a[i] })
    }
    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn with_sign(magnitude: Self::V, sign: Self::V) -> Self::V {
        zip(magnitude, sign, f32::copysign)
    }
    #[inline(always)]
    unsafe fn power(n: Self::V) -> Self::V {
        n.map(|n| f32::from_bits((n + BIASED).to_bits() << 23))
    }
    #[inline(always)]
    unsafe fn parts(x: Self::V) -> (Self::V, Self::V) {
        let n: [i32; 8] = std::array::from_fn(|i| (x[i].to_bits() as i32).wrapping_sub(HALF_ROOT) >> 23);
        (std::array::from_fn(|i| f32::from_bits(x[i].to_bits().wrapping_sub((n[i] as u32) << 23))), n.map(|n| n as f32))
    }
    #[inline(always)]
    unsafe fn load_alternate(p: *const f32) -> Self::V {
        std::array::from_fn(|i| *p.add(2 * i))
    }
    #[inline(always)]
    unsafe fn store_alternate(p: *mut f32, a: Self::V, b: Self::V) {
        for i in 0..8 {
            (*p.add(2 * i), *p.add(2 * i + 1)) = (a[i], b[i]);
        }
    }
    #[inline(always)]
    unsafe fn transpose(src: *const f32, from: usize, dst: *mut f32, to: usize) {
        for i in 0..8 {
            for j in 0..8 {
                *dst.add(j * to + i) = *src.add(i * from + j);
            }
        }
    }
}
