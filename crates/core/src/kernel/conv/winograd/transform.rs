//! The transforms of F(2x2, 3x3), F(3x3, 4x4), F(4x4, 3x3) and F(5x5, 2x2) (Lavin, Gray 2016, arXiv:1509.09308), and
//! their adjoints for gradients.
//!
//! With matrices A, B, G: y = A^T [(G w G^T) . (B^T d B)] A for a tile d of the input. The interpolation points are 0,
//! 1, -1 and infinity for F(2x2, 3x3); 0, 1/sqrt(2), -1/sqrt(2), sqrt(2), -sqrt(2) and infinity for the others, which
//! have B in common: with the usual 1 and 2 the error of F(4x4, 3x3) is twice as large.

use crate::kernel::simd::Simd;
use std::mem::MaybeUninit;

/// The tile of F(m x m, r x r): m outputs and r taps per side. WebAssembly modules, which are downloaded, have one for
/// all filters: F(4x4, 3x3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tile {
    #[cfg(not(target_arch = "wasm32"))]
    F2x3,
    #[cfg(not(target_arch = "wasm32"))]
    F3x4,
    F4x3,
    #[cfg(not(target_arch = "wasm32"))]
    F5x2,
}

impl Tile {
    pub const ALL: &[Self] = &[
        #[cfg(not(target_arch = "wasm32"))]
        Self::F2x3,
        #[cfg(not(target_arch = "wasm32"))]
        Self::F3x4,
        Self::F4x3,
        #[cfg(not(target_arch = "wasm32"))]
        Self::F5x2,
    ];
    /// Outputs and taps per side.
    pub const fn sizes(self) -> [usize; 2] {
        match self {
            #[cfg(not(target_arch = "wasm32"))]
            Self::F2x3 => [2, 3],
            #[cfg(not(target_arch = "wasm32"))]
            Self::F3x4 => [3, 4],
            Self::F4x3 => [4, 3],
            #[cfg(not(target_arch = "wasm32"))]
            Self::F5x2 => [5, 2],
        }
    }
    /// Inputs per side, and points.
    pub const fn side(self) -> usize {
        let [outputs, taps] = self.sizes();
        outputs + taps - 1
    }
}

/// Calls `$f` with the scheme of a tile.
macro_rules! with_scheme {
    ($tile:expr, $scheme:ident => $body:expr) => {
        match $tile {
            #[cfg(not(target_arch = "wasm32"))]
            Tile::F2x3 => {
                type $scheme = Four;
                $body
            }
            #[cfg(not(target_arch = "wasm32"))]
            Tile::F3x4 => {
                type $scheme = Six<3>;
                $body
            }
            Tile::F4x3 => {
                type $scheme = Six<4>;
                $body
            }
            #[cfg(not(target_arch = "wasm32"))]
            Tile::F5x2 => {
                type $scheme = Six<5>;
                $body
            }
        }
    };
}
pub(super) use with_scheme;

/// One-dimensional transforms; excess elements of the arrays are ignored.
pub trait Scheme: Copy + Send + Sync + 'static {
    /// Output pixels per side of a tile.
    const OUT: usize;
    /// Input pixels per side of a tile.
    const IN: usize;
    /// Taps per side.
    const TAPS: usize;
    /// B^T d
    unsafe fn input<S: Simd>(d: [S::V; 6]) -> [S::V; 6];
    /// G w
    unsafe fn weight<S: Simd>(w: [S::V; 4]) -> [S::V; 6];
    /// A^T m
    unsafe fn output<S: Simd>(m: [S::V; 6]) -> [S::V; 5];
    /// A g
    unsafe fn gradient<S: Simd>(g: [S::V; 5]) -> [S::V; 6];
    /// G^T u
    unsafe fn weight_gradient<S: Simd>(u: [S::V; 6]) -> [S::V; 4];
}

/// Four points, F(2x2, 3x3): 16 multiplications instead of 36.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy)]
pub struct Four;

/// Six points, F(OUT x OUT, 7 - OUT x 7 - OUT): 36 multiplications instead of 144 for F(3x3, 4x4) and F(4x4, 3x3), of
/// 100 for F(5x5, 2x2).
#[derive(Clone, Copy)]
pub struct Six<const OUT: usize>;

#[cfg(not(target_arch = "wasm32"))]
impl Scheme for Four {
    const OUT: usize = 2;
    const IN: usize = 4;
    const TAPS: usize = 3;
    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::V; 6]) -> [S::V; 6] {
        let zero = S::splat(0.0);
        [S::sub(d[0], d[2]), S::add(d[1], d[2]), S::sub(d[2], d[1]), S::sub(d[1], d[3]), zero, zero]
    }
    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::V; 4]) -> [S::V; 6] {
        let (zero, half) = (S::splat(0.0), S::splat(0.5));
        let (even, odd) = (S::mul(half, S::add(w[0], w[2])), S::mul(half, w[1]));
        [w[0], S::add(even, odd), S::sub(even, odd), w[2], zero, zero]
    }
    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::V; 6]) -> [S::V; 5] {
        let zero = S::splat(0.0);
        [S::add(m[0], S::add(m[1], m[2])), S::sub(S::sub(m[1], m[2]), m[3]), zero, zero, zero]
    }
    #[inline(always)]
    unsafe fn gradient<S: Simd>(g: [S::V; 5]) -> [S::V; 6] {
        let zero = S::splat(0.0);
        [g[0], S::add(g[0], g[1]), S::sub(g[0], g[1]), S::sub(zero, g[1]), zero, zero]
    }
    #[inline(always)]
    unsafe fn weight_gradient<S: Simd>(u: [S::V; 6]) -> [S::V; 4] {
        let half = S::splat(0.5);
        let (sum, difference) = (S::mul(half, S::add(u[1], u[2])), S::mul(half, S::sub(u[1], u[2])));
        [S::add(u[0], sum), difference, S::add(sum, u[3]), S::splat(0.0)]
    }
}

/// 1 / sqrt(2) and sqrt(2).
const SMALL: f32 = std::f32::consts::FRAC_1_SQRT_2;
const LARGE: f32 = std::f32::consts::SQRT_2;

impl<const OUT: usize> Scheme for Six<OUT> {
    const OUT: usize = OUT;
    const IN: usize = 6;
    const TAPS: usize = 7 - OUT;
    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::V; 6]) -> [S::V; 6] {
        let (small, large, ratio) = (S::splat(SMALL), S::splat(LARGE), S::splat(-2.5));
        let a = S::fma(S::splat(-2.0), d[2], d[4]);
        let b = S::sub(S::mul(small, d[3]), S::mul(large, d[1]));
        let c = S::fma(S::splat(-0.5), d[2], d[4]);
        let e = S::sub(S::mul(large, d[3]), S::mul(small, d[1]));
        [
            S::add(d[0], S::fma(ratio, d[2], d[4])),
            S::add(a, b),
            S::sub(a, b),
            S::add(c, e),
            S::sub(c, e),
            S::add(d[1], S::fma(ratio, d[3], d[5])),
        ]
    }
    // Rows of G: 1, p, p^2, ... of a point p, over -3/2 for the small points and 6 for the large.
    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::V; 4]) -> [S::V; 6] {
        let (two, half) = (S::splat(2.0), S::splat(0.5));
        let (even, odd) = match Self::TAPS {
            2 => ([w[0]; 2], [w[1]; 2]),
            3 => ([S::fma(half, w[2], w[0]), S::fma(two, w[2], w[0])], [w[1]; 2]),
            _ => (
                [S::fma(half, w[2], w[0]), S::fma(two, w[2], w[0])],
                [S::fma(half, w[3], w[1]), S::fma(two, w[3], w[1])],
            ),
        };
        let (a, b) = (S::mul(S::splat(-2.0 / 3.0), even[0]), S::mul(S::splat(-2.0 / 3.0 * SMALL), odd[0]));
        let (c, e) = (S::mul(S::splat(1.0 / 6.0), even[1]), S::mul(S::splat(1.0 / 6.0 * LARGE), odd[1]));
        [w[0], S::add(a, b), S::sub(a, b), S::add(c, e), S::sub(c, e), w[Self::TAPS - 1]]
    }
    // Rows of A^T: powers of the points; infinity adds to the last.
    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::V; 6]) -> [S::V; 5] {
        let (zero, two, half) = (S::splat(0.0), S::splat(2.0), S::splat(0.5));
        let (s, d) = (S::add(m[1], m[2]), S::mul(S::splat(SMALL), S::sub(m[1], m[2])));
        let (p, q) = (S::add(m[3], m[4]), S::mul(S::splat(LARGE), S::sub(m[3], m[4])));
        let (first, second) = (S::add(m[0], S::add(s, p)), S::add(d, q));
        match OUT {
            3 => [first, second, S::fma(half, s, S::fma(two, p, m[5])), zero, zero],
            4 => [first, second, S::fma(two, p, S::mul(half, s)), S::fma(half, d, S::fma(two, q, m[5])), zero],
            _ => [
                first,
                second,
                S::fma(two, p, S::mul(half, s)),
                S::fma(two, q, S::mul(half, d)),
                S::fma(S::splat(0.25), s, S::fma(S::splat(4.0), p, m[5])),
            ],
        }
    }
    #[inline(always)]
    unsafe fn gradient<S: Simd>(g: [S::V; 5]) -> [S::V; 6] {
        let (two, half) = (S::splat(2.0), S::splat(0.5));
        let (small, large) = match OUT {
            5 => (S::fma(S::splat(0.25), g[4], g[0]), S::fma(S::splat(4.0), g[4], g[0])),
            _ => (g[0], g[0]),
        };
        let (odd, odd_large) = match OUT {
            3 => (g[1], g[1]),
            _ => (S::fma(half, g[3], g[1]), S::fma(two, g[3], g[1])),
        };
        let (a, b) = (S::fma(half, g[2], small), S::mul(S::splat(SMALL), odd));
        let (c, d) = (S::fma(two, g[2], large), S::mul(S::splat(LARGE), odd_large));
        [g[0], S::add(a, b), S::sub(a, b), S::add(c, d), S::sub(c, d), g[OUT - 1]]
    }
    #[inline(always)]
    unsafe fn weight_gradient<S: Simd>(u: [S::V; 6]) -> [S::V; 4] {
        let zero = S::splat(0.0);
        let (s, d) = (S::add(u[1], u[2]), S::sub(u[1], u[2]));
        let (p, q) = (S::add(u[3], u[4]), S::sub(u[3], u[4]));
        let low = S::fma(S::splat(-2.0 / 3.0), s, S::fma(S::splat(1.0 / 6.0), p, u[0]));
        let middle = S::fma(S::splat(-2.0 / 3.0 * SMALL), d, S::mul(S::splat(1.0 / 6.0 * LARGE), q));
        let third = S::splat(1.0 / 3.0);
        match Self::TAPS {
            2 => [low, S::add(middle, u[5]), zero, zero],
            3 => [low, middle, S::fma(third, S::sub(p, s), u[5]), zero],
            _ => {
                let high = S::sub(S::mul(S::splat(LARGE), q), S::mul(S::splat(SMALL), d));
                [low, middle, S::mul(third, S::sub(p, s)), S::fma(third, high, u[5])]
            }
        }
    }
}

/// The layout of a tile: vector (i, j) at `at + i row + j column`. Steps of what is read may wrap around, backwards.
#[derive(Clone, Copy)]
pub struct Grid<P> {
    pub at: P,
    pub row: usize,
    pub column: usize,
}

// The kind of activation, a constant parameter: a branch per vector would cost as much as the fusion saves.

/// No activation.
pub const NONE: u8 = 0;
/// Zero below zero.
pub const RELU: u8 = 1;
/// A slope below zero.
pub const LEAKY: u8 = 2;

/// The activation `KIND` of v; NaN stays NaN.
#[inline(always)]
unsafe fn activate<S: Simd, const KIND: u8>(v: S::V, slope: f32) -> S::V {
    let zero = S::splat(0.0);
    match KIND {
        NONE => v,
        RELU => S::max(zero, v),
        _ => S::fma(S::splat(slope), S::min(zero, v), S::max(zero, v)),
    }
}

/// A loop count, opaque to the compiler on WebAssembly so that it does not unroll the loop: V8 hoists all loads of a
/// basic block to its start, and has too few registers for 36 of them.
#[inline(always)]
fn rolled(count: usize) -> usize {
    if cfg!(target_arch = "wasm32") {
        std::hint::black_box(count)
    } else {
        count
    }
}

// Loops instead of closures: a closure is compiled without the instruction set of the enclosing function.
macro_rules! both_sides {
    (
        $(#[$doc:meta])*
        $name:ident, $from:literal => $to:literal, $count_from:expr, $count_to:expr
        $(, $plus:ident, $slope:ident, $kind:ident)?
    ) => {
        $(#[$doc])*
        #[inline(always)]
        pub unsafe fn $name<S: Simd, T: Scheme $(, const $kind: u8)?>(
            from: Grid<*const f32>,
            to: Grid<*mut f32>
            $(, $plus: S::V, $slope: f32)?
        ) {
            let zero = S::splat(0.0);
            let mut half = MaybeUninit::<[[S::V; $from]; $to]>::uninit();
            let half: *mut S::V = half.as_mut_ptr().cast();
            for j in 0..rolled($count_from) {
                let mut column = [zero; $from];
                for i in 0..$count_from {
                    let step = i.wrapping_mul(from.row).wrapping_add(j.wrapping_mul(from.column));
                    column[i] = S::load(from.at.wrapping_add(step));
                }
                let column = T::$name::<S>(column);
                for i in 0..$count_to {
                    half.add(i * $from + j).write(column[i]);
                }
            }
            for i in 0..rolled($count_to) {
                let mut row = [zero; $from];
                for j in 0..$count_from {
                    row[j] = half.add(i * $from + j).read();
                }
                let row = T::$name::<S>(row);
                for j in 0..$count_to {
                    let value = row[j];
                    $(let value = activate::<S, $kind>(S::add(value, $plus), $slope);)?
                    S::store(to.at.add(i * to.row + j * to.column), value);
                }
            }
        }
    };
}

both_sides! {
    /// B^T d B.
    input, 6 => 6, T::IN, T::IN
}
both_sides! {
    /// A^T m A plus a constant, then the activation.
    output, 6 => 5, T::IN, T::OUT, plus, slope, KIND
}
both_sides! {
    /// A g A^T, the adjoint of `output`.
    gradient, 5 => 6, T::OUT, T::IN
}
both_sides! {
    /// G w G^T.
    weight, 4 => 6, T::TAPS, T::IN
}
both_sides! {
    /// G^T u G, the adjoint of `weight`.
    weight_gradient, 6 => 4, T::IN, T::TAPS
}
