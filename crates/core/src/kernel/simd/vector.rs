//! Vectors of float32, and constants of their number format.

/// 1.5 2^23: adding and subtracting it rounds to an integer.
pub const ROUND: f32 = 12_582_912.0;
/// `ROUND` plus 127, the exponent bias: added to an integer n, it leaves the exponent bits of 2^n in the lowest bits.
pub const BIASED: f32 = ROUND + 127.0;
/// The bits of the largest number below 1 / sqrt 2.
pub const HALF_ROOT: i32 = 0x3f35_04f3;

/// A vector of `N` float32 values.
///
/// # Safety
/// The CPU must have the instructions; pointers must be valid for `N` values and need no alignment.
pub trait Simd: Copy + Send + Sync + 'static {
    /// The vector.
    type V: Copy;
    /// Values per vector.
    const N: usize;
    /// Rows of the matrix product's micro-kernel: `ROWS * VECS` accumulators stay in registers.
    const ROWS: usize;
    /// Vectors per row of the micro-kernel.
    const VECS: usize;
    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn load(p: *const f32) -> Self::V;
    unsafe fn store(p: *mut f32, v: Self::V);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// a b + c
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a where `sign` is positive or NaN, else b.
    unsafe fn pick(sign: Self::V, a: Self::V, b: Self::V) -> Self::V;
    /// The larger; NaN where b is.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; NaN where b is.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// The absolute value of `magnitude` with the sign of `sign`.
    unsafe fn with_sign(magnitude: Self::V, sign: Self::V) -> Self::V;
    /// 2^n for integers n in [-126, 127].
    unsafe fn power(n: Self::V) -> Self::V;
    /// (m, n) with x = 2^n m and m in [1/sqrt 2, sqrt 2), for positive normal numbers x.
    unsafe fn parts(x: Self::V) -> (Self::V, Self::V);
    /// v 2^n for integers n in [-170, 129], rounded once, also for denormal results and near overflow.
    #[inline(always)]
    unsafe fn scale(v: Self::V, n: Self::V) -> Self::V {
        let round = Self::splat(ROUND);
        let half = Self::sub(Self::add(Self::mul(n, Self::splat(0.5)), round), round);
        Self::mul(Self::mul(v, Self::power(half)), Self::power(Self::sub(n, half)))
    }
    /// Values 0, 2, 4, ... of the 2 N - 1 at `p`.
    unsafe fn load_alternate(p: *const f32) -> Self::V;
    /// The inverse for 2 N values: a_0, b_0, a_1, b_1, ...
    unsafe fn store_alternate(p: *mut f32, a: Self::V, b: Self::V);
    /// Transposes an `N` by `N` tile from `src`, with row stride `from`, to `dst`, with row stride `to`.
    unsafe fn transpose(src: *const f32, from: usize, dst: *mut f32, to: usize);
}

/// The sum of a vector's values, in float64.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn total<S: Simd>(v: S::V) -> f64 {
    // At most sixteen lanes.
    let mut lanes = [0.0f32; 16];
    S::store(lanes.as_mut_ptr(), v);
    let mut sum = 0.0;
    for v in &lanes[..S::N] {
        sum += f64::from(*v);
    }
    sum
}
