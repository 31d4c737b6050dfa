//! Vectors whose lanes are signals: each holds the same number of `N` signals, so that a transform needs no shuffles.

use crate::kernel::element::Element;
use crate::kernel::simd::{self, InstructionSet, Simd};

/// A vector of `N` values of type `T`.
///
/// # Safety
/// As for [`Simd`].
pub(crate) trait Lanes<T>: Copy {
    /// The vector.
    type V: Copy;
    /// Values per vector.
    const N: usize;
    unsafe fn splat(x: T) -> Self::V;
    unsafe fn load(p: *const T) -> Self::V;
    unsafe fn store(p: *mut T, v: Self::V);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// a b + c
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// Values 0, 2, 4, ... and 1, 3, 5, ... of the 2 N at `p`.
    unsafe fn load_pairs(p: *const T) -> [Self::V; 2];
    /// The inverse of `load_pairs`.
    unsafe fn store_pairs(p: *mut T, v: [Self::V; 2]);
    /// Transposes an `N` by `N` tile from `src`, with row stride `from`, to `dst`, with row stride `to`.
    unsafe fn transpose(src: *const T, from: usize, dst: *mut T, to: usize);
}

/// An element type of Fourier transforms.
pub(crate) trait FftElement: Element {
    /// The vector whose lanes are signals.
    type Lanes<S: Simd>: Lanes<Self>;
    /// `Lanes::N` of an instruction set.
    fn lanes(isa: InstructionSet) -> usize;
}

impl FftElement for f32 {
    type Lanes<S: Simd> = Floats<S>;
    fn lanes(isa: InstructionSet) -> usize {
        simd::lanes(isa)
    }
}

/// Values of float64 per vector, on every CPU.
const DOUBLES: usize = 4;

impl FftElement for f64 {
    type Lanes<S: Simd> = Array<DOUBLES>;
    fn lanes(_: InstructionSet) -> usize {
        DOUBLES
    }
}

/// Vectors of float32.
#[derive(Clone, Copy)]
pub(crate) struct Floats<S>(std::marker::PhantomData<S>);

impl<S: Simd> Lanes<f32> for Floats<S> {
    type V = S::V;
    const N: usize = S::N;
    #[inline(always)]
    unsafe fn splat(x: f32) -> S::V {
        S::splat(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> S::V {
        S::load(p)
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: S::V) {
        S::store(p, v);
    }
    #[inline(always)]
    unsafe fn add(a: S::V, b: S::V) -> S::V {
        S::add(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: S::V, b: S::V) -> S::V {
        S::sub(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: S::V, b: S::V) -> S::V {
        S::mul(a, b)
    }
    #[inline(always)]
    unsafe fn fma(a: S::V, b: S::V, c: S::V) -> S::V {
        S::fma(a, b, c)
    }
    #[inline(always)]
    unsafe fn load_pairs(p: *const f32) -> [S::V; 2] {
        [S::load_alternate(p), S::load_alternate(p.add(1))]
    }
    #[inline(always)]
    unsafe fn store_pairs(p: *mut f32, [a, b]: [S::V; 2]) {
        S::store_alternate(p, a, b);
    }
    #[inline(always)]
    unsafe fn transpose(src: *const f32, from: usize, dst: *mut f32, to: usize) {
        S::transpose(src, from, dst, to);
    }
}

/// Arrays, which the compiler vectorises: float64, and single signals (`N` = 1), which are then complex numbers one
/// after the other.
#[derive(Clone, Copy)]
pub(crate) struct Array<const N: usize>;

impl<T: Element, const N: usize> Lanes<T> for Array<N> {
    type V = [T; N];
    const N: usize = N;
    #[inline(always)]
    unsafe fn splat(x: T) -> [T; N] {
        [x; N]
    }
    #[inline(always)]
    unsafe fn load(p: *const T) -> [T; N] {
        p.cast::<[T; N]>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn store(p: *mut T, v: [T; N]) {
        p.cast::<[T; N]>().write_unaligned(v);
    }
    #[inline(always)]
    unsafe fn add(a: [T; N], b: [T; N]) -> [T; N] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn sub(a: [T; N], b: [T; N]) -> [T; N] {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: [T; N], b: [T; N]) -> [T; N] {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn fma(a: [T; N], b: [T; N], c: [T; N]) -> [T; N] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn load_pairs(p: *const T) -> [[T; N]; 2] {
        [0, 1].map(|k| std::array::from_fn(|i| *p.add(2 * i + k)))
    }
    #[inline(always)]
    unsafe fn store_pairs(p: *mut T, [a, b]: [[T; N]; 2]) {
        for i in 0..N {
            *p.add(2 * i) = a[i];
            *p.add(2 * i + 1) = b[i];
        }
    }
    #[inline(always)]
    unsafe fn transpose(src: *const T, from: usize, dst: *mut T, to: usize) {
        for i in 0..N {
            for j in 0..N {
                *dst.add(j * to + i) = *src.add(i * from + j);
            }
        }
    }
}

/// The real and the imaginary parts of a complex number of each signal.
pub(super) type Number<V> = [V; 2];

/// a b, with b = c + i s given as (c, s, -s).
#[inline(always)]
pub(super) unsafe fn times<T, L: Lanes<T>>(a: Number<L::V>, b: [L::V; 3]) -> Number<L::V> {
    [L::fma(a[0], b[0], L::mul(a[1], b[2])), L::fma(a[0], b[1], L::mul(a[1], b[0]))]
}

/// a + b
#[inline(always)]
pub(super) unsafe fn plus<T, L: Lanes<T>>(a: Number<L::V>, b: Number<L::V>) -> Number<L::V> {
    [L::add(a[0], b[0]), L::add(a[1], b[1])]
}

/// a - b
#[inline(always)]
pub(super) unsafe fn minus<T, L: Lanes<T>>(a: Number<L::V>, b: Number<L::V>) -> Number<L::V> {
    [L::sub(a[0], b[0]), L::sub(a[1], b[1])]
}

/// a + i b
#[inline(always)]
pub(super) unsafe fn plus_i<T, L: Lanes<T>>(a: Number<L::V>, b: Number<L::V>) -> Number<L::V> {
    [L::sub(a[0], b[1]), L::add(a[1], b[0])]
}

/// a - i b
#[inline(always)]
pub(super) unsafe fn minus_i<T, L: Lanes<T>>(a: Number<L::V>, b: Number<L::V>) -> Number<L::V> {
    [L::add(a[0], b[1]), L::sub(a[1], b[0])]
}

/// a times a real factor.
#[inline(always)]
pub(super) unsafe fn scaled<T, L: Lanes<T>>(a: Number<L::V>, factor: L::V) -> Number<L::V> {
    [L::mul(a[0], factor), L::mul(a[1], factor)]
}

/// `on_lanes!(fn name(a: A) -> R = body)` defines `name(isa, lanes, a)`, which runs the always inlined
/// `body::<T, L>(a)` with the vectors of an instruction set, or for one lane with numbers.
macro_rules! on_lanes {
    (
        $(#[$doc:meta])*
        $vis:vis fn $name:ident ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:ident
    ) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The CPU has the instructions, and the memory is as large as it says.
        $vis unsafe fn $name<T: FftElement>(
            isa: $crate::kernel::simd::InstructionSet,
            lanes: usize,
            $($arg: $type),*
        ) $(-> $out)? {
            #[inline(always)]
            unsafe fn with<S: $crate::kernel::simd::Simd, T: FftElement>(_: S, $($arg: $type),*) $(-> $out)? {
                $body::<T, T::Lanes<S>>($($arg),*)
            }
            $crate::kernel::simd::entry!(fn vectors[T: FftElement]($($arg: $type),*) $(-> $out)? = with);
            if lanes == 1 {
                $body::<T, $crate::kernel::fourier::lanes::Array<1>>($($arg),*)
            } else {
                vectors(isa, $($arg),*)
            }
        }
    };
}
pub(super) use on_lanes;
