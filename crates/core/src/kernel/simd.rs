//! Vectors of float32, one type an instruction set, and the choice among them at run time.
//!
//! A kernel is written once, generic over [`Simd`] and always inlined; [`entry!`] compiles it for each instruction set
//! and calls the one that the processor has. Everything here is `unsafe` for two reasons only: pointers, and
//! instructions that must exist.

#[cfg(target_arch = "aarch64")]
pub(crate) mod arm;
pub(crate) mod math;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) mod portable;
#[cfg(target_arch = "wasm32")]
pub(crate) mod wasm;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

/// A vector of `N` float32 values.
///
/// # Safety
/// Callers run on a processor that has the instructions; pointers are valid for `N` values; alignment is not needed.
pub trait Simd: Copy + Send + Sync + 'static {
    /// The vector.
    type V: Copy;
    /// Values in a vector.
    const N: usize;
    /// Rows of the product's inner kernel: `ROWS * VECS` sums stay in registers.
    const ROWS: usize;
    /// Vectors of the product's inner kernel.
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
    /// a where `sign` is above zero or NaN, else b.
    unsafe fn pick(sign: Self::V, a: Self::V, b: Self::V) -> Self::V;
    /// The larger; NaN where b is.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; NaN where b is.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// The absolute value of `size` with the sign of `sign`.
    unsafe fn with_sign(size: Self::V, sign: Self::V) -> Self::V;
    /// 2^n for integers n of [-126, 127].
    unsafe fn power(n: Self::V) -> Self::V;
    /// (m, n) with x = 2^n m and m of [1/sqrt 2, sqrt 2), for positive normal numbers x.
    unsafe fn parts(x: Self::V) -> (Self::V, Self::V);
    /// v 2^n for integers n of [-170, 129], rounded once: as it should be at both ends of the range.
    #[inline(always)]
    unsafe fn scale(v: Self::V, n: Self::V) -> Self::V {
        let most = Self::splat(math::ROUND);
        let half = Self::sub(Self::add(Self::mul(n, Self::splat(0.5)), most), most);
        Self::mul(Self::mul(v, Self::power(half)), Self::power(Self::sub(n, half)))
    }
    /// An `N` by `N` square, rows `from` values apart, written with rows and columns exchanged, rows `to` values apart.
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

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)] // each target has some of them
pub enum Level {
    /// Whatever the compiler makes of arrays.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512F.
    Avx512,
    /// 64-bit ARM.
    Neon,
    /// WebAssembly with SIMD128.
    Simd128,
}

/// The best level that this processor has.
pub fn best() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return Level::Avx512;
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return Level::Avx2;
        }
    }
    #[cfg(target_arch = "aarch64")]
    return Level::Neon;
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return Level::Simd128;
    #[allow(unreachable_code)]
    Level::Portable
}

/// `entry!(fn name(a: A, b: B) = body)` makes `name(level, a, b)`, which runs the always inlined `body(S, a, b)`
/// compiled for `level`; further generic parameters stand in brackets after the name.
macro_rules! entry {
    ($(#[$doc:meta])* fn $name:ident $([$($gen:tt)*])? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:path) => {
        $(#[$doc])*
        unsafe fn $name $(<$($gen)*>)? (level: $crate::kernel::simd::Level, $($arg: $type),*) $(-> $out)? {
            #[allow(unused_imports)] // WebAssembly has one level only
            use $crate::kernel::simd::Level;
            match level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => {
                    #[target_feature(enable = "avx512f,avx2,fma")]
                    unsafe fn run $(<$($gen)*>)? ($($arg: $type),*) $(-> $out)? {
                        $body($crate::kernel::simd::x86::Avx512, $($arg),*)
                    }
                    run($($arg),*)
                }
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => {
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn run $(<$($gen)*>)? ($($arg: $type),*) $(-> $out)? {
                        $body($crate::kernel::simd::x86::Avx2, $($arg),*)
                    }
                    run($($arg),*)
                }
                #[cfg(target_arch = "aarch64")]
                Level::Neon => $body($crate::kernel::simd::arm::Neon, $($arg),*),
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
                _ => {
                    #[target_feature(enable = "simd128,relaxed-simd")]
                    unsafe fn run $(<$($gen)*>)? ($($arg: $type),*) $(-> $out)? {
                        $body($crate::kernel::simd::wasm::Simd128, $($arg),*)
                    }
                    run($($arg),*)
                }
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(feature = "relaxed-simd")))]
                _ => $body($crate::kernel::simd::wasm::Simd128, $($arg),*),
                // A module with SIMD runs nowhere without it, and need not hold each kernel twice.
                #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
                _ => $body($crate::kernel::simd::portable::Portable, $($arg),*),
            }
        }
    };
}
pub(crate) use entry;

/// Values in a vector at `level`.
pub fn lanes(level: Level) -> usize {
    match level {
        Level::Avx512 => 16,
        Level::Avx2 | Level::Portable => 8,
        Level::Neon | Level::Simd128 => 4,
    }
}

/// Rows of the product's inner kernel at `level`: `Simd::ROWS`.
pub fn rows(level: Level) -> usize {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => x86::Avx512::ROWS,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => x86::Avx2::ROWS,
        #[cfg(target_arch = "aarch64")]
        Level::Neon => arm::Neon::ROWS,
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        _ => wasm::Simd128::ROWS,
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        _ => portable::Portable::ROWS,
    }
}
