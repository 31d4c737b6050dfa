//! Vectors of float32, one type per instruction set, and the choice among them at run time.
//!
//! A kernel is written once, generic over [`Simd`] and always inlined; [`entry!`] compiles it for each instruction set
//! and calls the one that the CPU has. Everything here is `unsafe` for two reasons only: raw pointers, and instructions
//! that the CPU must have.

#[cfg(target_arch = "aarch64")]
pub(crate) mod arm;
pub(crate) mod math;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) mod portable;
mod vector;
#[cfg(target_arch = "wasm32")]
pub(crate) mod wasm;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

use std::sync::OnceLock;
pub use vector::{total, Simd};

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)] // each target has only some of them
pub enum InstructionSet {
    /// Scalar fallback: arrays, which the compiler may vectorise.
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

/// The widest instruction set that this CPU has.
fn best() -> InstructionSet {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return InstructionSet::Avx512;
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return InstructionSet::Avx2;
        }
    }
    #[cfg(target_arch = "aarch64")]
    return InstructionSet::Neon;
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return InstructionSet::Simd128;
    #[allow(unreachable_code)]
    InstructionSet::Portable
}

/// The instruction set in use; `ADJOINT_SIMD` may select a narrower one (`avx2`, `portable`).
pub fn isa() -> InstructionSet {
    static ISA: OnceLock<InstructionSet> = OnceLock::new();
    *ISA.get_or_init(|| {
        let best = best();
        match std::env::var("ADJOINT_SIMD").as_deref() {
            Ok("portable") => InstructionSet::Portable,
            Ok("avx2") if best == InstructionSet::Avx512 => InstructionSet::Avx2,
            _ => best,
        }
    })
}

/// `entry!(fn name(a: A, b: B) = body)` defines `name(isa, a, b)`, which runs the always inlined
/// `body(S, a, b)` compiled for `isa`; further generic parameters follow the name in brackets.
macro_rules! entry {
    (
        $(#[$doc:meta])*
        $vis:vis fn $name:ident $([$($gen:tt)*])? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:path
    ) => {
        $(#[$doc])*
        $vis unsafe fn $name $(<$($gen)*>)? (isa: $crate::kernel::simd::InstructionSet, $($arg: $type),*) $(-> $out)? {
            #[allow(unused_imports)] // WebAssembly has only one instruction set
            use $crate::kernel::simd::InstructionSet;
            match isa {
                #[cfg(target_arch = "x86_64")]
                InstructionSet::Avx512 => {
                    #[target_feature(enable = "avx512f,avx2,fma")]
                    unsafe fn run $(<$($gen)*>)? ($($arg: $type),*) $(-> $out)? {
                        $body($crate::kernel::simd::x86::Avx512, $($arg),*)
                    }
                    run($($arg),*)
                }
                #[cfg(target_arch = "x86_64")]
                InstructionSet::Avx2 => {
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn run $(<$($gen)*>)? ($($arg: $type),*) $(-> $out)? {
                        $body($crate::kernel::simd::x86::Avx2, $($arg),*)
                    }
                    run($($arg),*)
                }
                #[cfg(target_arch = "aarch64")]
                InstructionSet::Neon => $body($crate::kernel::simd::arm::Neon, $($arg),*),
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
                // A module with SIMD cannot run without it, so a fallback would only add size.
                #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
                _ => $body($crate::kernel::simd::portable::Portable, $($arg),*),
            }
        }
    };
}
pub(crate) use entry;

/// Values per vector: `Simd::N`.
pub fn lanes(isa: InstructionSet) -> usize {
    match isa {
        InstructionSet::Avx512 => 16,
        InstructionSet::Avx2 | InstructionSet::Portable => 8,
        InstructionSet::Neon | InstructionSet::Simd128 => 4,
    }
}

/// Rows of the matrix product's micro-kernel: `Simd::ROWS`.
pub fn rows(isa: InstructionSet) -> usize {
    match isa {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => x86::Avx512::ROWS,
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => x86::Avx2::ROWS,
        #[cfg(target_arch = "aarch64")]
        InstructionSet::Neon => arm::Neon::ROWS,
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        _ => wasm::Simd128::ROWS,
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        _ => portable::Portable::ROWS,
    }
}
