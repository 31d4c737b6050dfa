//! Functions of float32 values in vector arithmetic, one pass each: elementary functions, smooth activations, and the
//! products of a gradient with their derivatives.

use super::simd::{entry, isa, math, Simd};
use super::strided::{self, Filled, Strided};

/// A function of K values.
pub(crate) trait Function<const K: usize>: Copy + Send + Sync {
    /// Its value for each lane.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn at<S: Simd>(self, x: [S::V; K]) -> S::V;
}

/// f of the elements of K arrays at each position of `shape`.
pub(crate) fn apply<const K: usize>(f: impl Function<K>, operands: [Strided; K], shape: &[usize]) -> Filled {
    let isa = isa();
    // SAFETY: the rows are inside the arrays, and the CPU has the instructions.
    strided::fill_rows(operands, shape, &|to, at, strides| unsafe { along(isa, f, to, at, strides) })
}

entry! {
    /// f along a row: each operand has as many values as `to`, a stride apart.
    fn along[F: Function<K>, const K: usize](f: F, to: &mut [f32], at: [*const f32; K], strides: [isize; K]) = along_body
}

#[inline(always)]
unsafe fn along_body<S: Simd, F: Function<K>, const K: usize>(
    _: S,
    f: F,
    to: &mut [f32],
    at: [*const f32; K],
    strides: [isize; K],
) {
    let mut i = 0;
    while i < to.len() {
        let count = S::N.min(to.len() - i);
        let mut x = [S::splat(0.0); K];
        for k in 0..K {
            x[k] = match strides[k] {
                0 => S::splat(*at[k]),
                1 if count == S::N => S::load(at[k].add(i)),
                stride => {
                    // No instruction set has more than sixteen lanes; excess lanes repeat the first value.
                    let mut lanes = [*at[k].offset(i as isize * stride); 16];
                    for (j, lane) in lanes.iter_mut().enumerate().take(count) {
                        *lane = *at[k].offset((i + j) as isize * stride);
                    }
                    S::load(lanes.as_ptr())
                }
            };
        }
        let y = f.at::<S>(x);
        if count == S::N {
            S::store(to.as_mut_ptr().add(i), y);
        } else {
            let mut lanes = [0.0; 16];
            S::store(lanes.as_mut_ptr(), y);
            to[i..].copy_from_slice(&lanes[..count]);
        }
        i += S::N;
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident { $($field:ident)? }: $k:literal = |$x:pat_param| $body:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $name { $(pub $field: f32)? }

        impl Function<$k> for $name {
            #[inline(always)]
            unsafe fn at<S: Simd>(self, $x: [S::V; $k]) -> S::V {
                let Self { $($field)? } = self;
                $body
            }
        }
    )*};
}

functions! {
    /// e^x
    Exp {}: 1 = |[x]| math::exp::<S>(x);
    /// log x
    Log {}: 1 = |[x]| math::log::<S>(x);
    /// tanh x
    Tanh {}: 1 = |[x]| math::tanh::<S>(x);
    /// g (1 - y^2) with y = tanh x
    TanhGradient {}: 2 = |[g, y]| S::mul(g, S::mul(S::sub(S::splat(1.0), y), S::add(S::splat(1.0), y)));
    /// 1 / (1 + e^-x)
    Sigmoid {}: 1 = |[x]| math::sigmoid::<S>(x).0;
    /// g y (1 - y) with y the sigmoid of x
    SigmoidGradient {}: 2 = |[g, y]| S::mul(g, S::mul(y, S::sub(S::splat(1.0), y)));
    /// log(1 + e^x)
    Softplus {}: 1 = |[x]| {
        let tail = math::log_1p::<S>(math::exp::<S>(math::neg::<S>(math::abs::<S>(x))));
        S::add(S::max(S::splat(0.0), x), tail)
    };
    /// g sigmoid(x)
    SoftplusGradient {}: 2 = |[g, x]| S::mul(g, math::sigmoid::<S>(x).0);
    /// x sigmoid(x)
    Silu {}: 1 = |[x]| math::silu::<S>(S::max(S::splat(-MAX_EXP), x));
    /// g sigmoid(x) (1 + x (1 - sigmoid(x)))
    SiluGradient {}: 2 = |[g, x]| {
        let (s, rest) = math::sigmoid::<S>(x);
        S::mul(g, S::mul(s, S::fma(clamp::<S>(x, MAX_EXP), rest, S::splat(1.0))))
    };
    /// x Phi(x)
    Gelu {}: 1 = |[x]| math::gelu::<S>(x, clamp::<S>(x, MAX_NORMAL));
    /// g (Phi(x) + x phi(x))
    GeluGradient {}: 2 = |[g, x]| {
        let x = clamp::<S>(x, MAX_NORMAL);
        let [below, density] = math::normal::<S>(x);
        S::mul(g, S::fma(x, density, below))
    };
    /// x where x > 0, else alpha (e^x - 1)
    Elu { alpha }: 1 = |[x]| S::pick(x, x, S::mul(S::splat(alpha), math::exp_m1::<S>(S::min(S::splat(0.0), x))));
    /// g where x > 0, else g alpha e^x
    EluGradient { alpha }: 2 = |[g, x]| {
        let slope = S::mul(S::splat(alpha), math::exp::<S>(S::min(S::splat(0.0), x)));
        S::pick(x, g, S::mul(g, slope))
    };
}

/// e^-x is zero beyond this.
const MAX_EXP: f32 = 200.0;
/// The density of the standard normal distribution is zero beyond this.
const MAX_NORMAL: f32 = 15.0;

/// x clamped to [-bound, bound], so that products of an infinite x with zero are not NaN.
#[inline(always)]
unsafe fn clamp<S: Simd>(x: S::V, bound: f32) -> S::V {
    S::min(S::splat(bound), S::max(S::splat(-bound), x))
}
