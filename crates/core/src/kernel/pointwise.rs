//! Functions of float32 values of the processor in vector arithmetic, one pass each: elementary ones, smooth
//! activations, and the products of a gradient with the derivatives of these.

use super::simd::{entry, math, Simd};
use super::value::level;
use super::view;
use crate::tensor::Value;

/// A function of K values.
pub(crate) trait Function<const K: usize>: Copy + Send + Sync {
    /// Its value at each place of vectors.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn at<S: Simd>(self, x: [S::V; K]) -> S::V;
}

/// f of the values at each position of `shape`, to which all tensors are broadcast; `None` where one is not for the
/// processor's kernels.
pub(crate) fn apply<const K: usize>(f: impl Function<K>, tensors: [&Value; K], shape: &[usize]) -> Option<Value> {
    let level = level();
    // SAFETY: the places are inside of the tensors, and the processor has the level's instructions.
    view::lines(tensors, shape, &|to, at, steps| unsafe { along(level, f, to, at, steps) })
}

entry! {
    /// f along a line: from each place on lie as many values as `to` has, a step apart.
    fn along[F: Function<K>, const K: usize](f: F, to: &mut [f32], at: [*const f32; K], steps: [isize; K]) = along_body
}

#[inline(always)]
unsafe fn along_body<S: Simd, F: Function<K>, const K: usize>(
    _: S,
    f: F,
    to: &mut [f32],
    at: [*const f32; K],
    steps: [isize; K],
) {
    let mut i = 0;
    while i < to.len() {
        let count = S::N.min(to.len() - i);
        let mut x = [S::splat(0.0); K];
        for k in 0..K {
            x[k] = match steps[k] {
                0 => S::splat(*at[k]),
                1 if count == S::N => S::load(at[k].add(i)),
                step => {
                    // At most sixteen lanes; those that are not asked for repeat the first value.
                    let mut lanes = [*at[k].offset(i as isize * step); 16];
                    for (j, lane) in lanes.iter_mut().enumerate().take(count) {
                        *lane = *at[k].offset((i + j) as isize * step);
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
    Softplus {}: 1 = |[x]| S::add(S::max(S::splat(0.0), x), math::log_1p::<S>(math::exp::<S>(math::neg::<S>(math::abs::<S>(x)))));
    /// g sigmoid(x)
    SoftplusGradient {}: 2 = |[g, x]| S::mul(g, math::sigmoid::<S>(x).0);
    /// x sigmoid(x)
    Silu {}: 1 = |[x]| math::silu::<S>(S::max(S::splat(-FAR), x));
    /// g sigmoid(x) (1 + x (1 - sigmoid(x)))
    SiluGradient {}: 2 = |[g, x]| {
        let (s, rest) = math::sigmoid::<S>(x);
        S::mul(g, S::mul(s, S::fma(within::<S>(x, FAR), rest, S::splat(1.0))))
    };
    /// x Phi(x)
    Gelu {}: 1 = |[x]| math::gelu::<S>(x, within::<S>(x, NORMAL));
    /// g (Phi(x) + x phi(x))
    GeluGradient {}: 2 = |[g, x]| {
        let x = within::<S>(x, NORMAL);
        let [below, density] = math::normal::<S>(x);
        S::mul(g, S::fma(x, density, below))
    };
    /// x where x > 0, else alpha (e^x - 1)
    Elu { alpha }: 1 = |[x]| S::pick(x, x, S::mul(S::splat(alpha), math::exp_m1::<S>(S::min(S::splat(0.0), x))));
    /// g where x > 0, else g alpha e^x
    EluGradient { alpha }: 2 = |[g, x]| S::pick(x, g, S::mul(g, S::mul(S::splat(alpha), math::exp::<S>(S::min(S::splat(0.0), x)))));
}

/// Beyond this e^-x is zero.
const FAR: f32 = 200.0;
/// Beyond this the normal distribution is.
const NORMAL: f32 = 15.0;

/// x, but not beyond +-`most`: products with zero shall be zero there, not NaN.
#[inline(always)]
unsafe fn within<S: Simd>(x: S::V, most: f32) -> S::V {
    S::min(S::splat(most), S::max(S::splat(-most), x))
}
