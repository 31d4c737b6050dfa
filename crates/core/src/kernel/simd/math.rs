//! Elementary functions of vectors: branch-free, accurate up to denormal results and infinities, NaN stays NaN. Their
//! errors in units of the last place are asserted in tests/elementary.rs.
//!
//! The scheme is that of Cephes (Moshier 1989, "Methods and programs for mathematical functions") and SLEEF (Shibata,
//! Petrogalli 2020, doi:10.1109/TPDS.2019.2960333): reduction by ln 2 in two parts, a polynomial, scaling by the
//! exponent bits. The coefficients are our own minimax fits.

#![allow(clippy::excessive_precision)] // coefficients as they were fitted

use super::vector::{Simd, ROUND};

/// ln 2 in two parts, the first of nine bits, so that its products with exponents are exact.
const LN2: [f32; 2] = [0.693_359_375, -2.121_944_4e-4];

/// c0 + c1 x + c2 x^2 + ...
#[inline(always)]
unsafe fn polynomial<S: Simd, const C: usize>(x: S::V, c: [f32; C]) -> S::V {
    let mut sum = S::splat(c[C - 1]);
    for k in (0..C - 1).rev() {
        sum = S::fma(sum, x, S::splat(c[k]));
    }
    sum
}

#[inline(always)]
pub unsafe fn abs<S: Simd>(x: S::V) -> S::V {
    S::with_sign(x, S::splat(0.0))
}

#[inline(always)]
pub unsafe fn neg<S: Simd>(x: S::V) -> S::V {
    S::mul(S::splat(-1.0), x)
}

/// (n, e^r - 1) with x = n ln 2 + r and |r| <= ln 2 / 2.
#[inline(always)]
unsafe fn reduced<S: Simd>(x: S::V) -> (S::V, S::V) {
    let round = S::splat(ROUND);
    let n = S::sub(S::fma(x, S::splat(std::f32::consts::LOG2_E), round), round);
    let r = S::fma(n, S::splat(-LN2[1]), S::fma(n, S::splat(-LN2[0]), x));
    let rest = polynomial::<S, 6>(
        r,
        [5.000_000_078e-1, 1.666_666_686e-1, 4.166_626_906e-2, 8.333_265_302e-3, 1.394_613_248e-3, 1.991_789_469e-4],
    );
    (n, S::fma(S::mul(r, r), rest, r))
}

/// (p, n) with e^x = p 2^n. Multiply p, not the result: p 2^n loses digits at the ends of the range.
#[inline(always)]
unsafe fn exp_parts<S: Simd>(x: S::V) -> (S::V, S::V) {
    // Beyond these bounds even multiples of the result are 0, or it is infinite.
    let (n, rest) = reduced::<S>(S::min(S::splat(89.0), S::max(S::splat(-115.0), x)));
    (S::add(S::splat(1.0), rest), n)
}

/// e^x
#[inline(always)]
pub unsafe fn exp<S: Simd>(x: S::V) -> S::V {
    let (p, n) = exp_parts::<S>(x);
    S::scale(p, n)
}

/// e^x - 1 for x up to 87.
#[inline(always)]
pub unsafe fn exp_m1<S: Simd>(x: S::V) -> S::V {
    let (n, rest) = reduced::<S>(S::max(S::splat(-30.0), x));
    let power = S::power(n);
    S::fma(power, rest, S::sub(power, S::splat(1.0)))
}

/// (s (h + R), h) with log(1 + f) = f - (h - s (h + R)), h = f^2 / 2, s = f / (2 + f), R = 2 artanh(s) / s - 2, for f
/// in [1/sqrt 2 - 1, 1].
#[inline(always)]
unsafe fn log_parts<S: Simd>(f: S::V) -> (S::V, S::V) {
    let s = S::div(f, S::add(S::splat(2.0), f));
    let square = S::mul(s, s);
    let rest = polynomial::<S, 5>(
        square,
        [6.666_667_565e-1, 3.999_887_531e-1, 2.861_696_008e-1, 2.142_675_408e-1, 2.430_463_131e-1],
    );
    let half = S::mul(S::splat(0.5), S::mul(f, f));
    (S::mul(s, S::fma(square, rest, half)), half)
}

/// log x
#[inline(always)]
pub unsafe fn log<S: Simd>(x: S::V) -> S::V {
    // Denormal numbers are scaled to normal ones.
    let small = S::sub(S::splat(f32::MIN_POSITIVE), x);
    let (m, n) = S::parts(S::pick(small, S::mul(x, S::splat(33_554_432.0)), x));
    let n = S::sub(n, S::pick(small, S::splat(25.0), S::splat(0.0)));
    let f = S::sub(m, S::splat(1.0));
    let (rest, half) = log_parts::<S>(f);
    let low = S::sub(S::sub(half, S::fma(n, S::splat(LN2[1]), rest)), f);
    let y = S::sub(S::mul(n, S::splat(LN2[0])), low);
    // Infinity and NaN; then zero and negative numbers.
    let y = S::pick(S::sub(x, S::splat(f32::MAX)), x, y);
    S::pick(x, y, S::pick(neg::<S>(x), S::splat(f32::NAN), S::splat(f32::NEG_INFINITY)))
}

/// log(1 + x) for x in [0, 1].
#[inline(always)]
pub unsafe fn log_1p<S: Simd>(x: S::V) -> S::V {
    let (rest, half) = log_parts::<S>(x);
    S::sub(x, S::sub(half, rest))
}

/// tanh x = d / (d + 2), d = e^(2 x) - 1, of |x|
#[inline(always)]
pub unsafe fn tanh<S: Simd>(x: S::V) -> S::V {
    let magnitude = S::min(S::splat(10.0), abs::<S>(x));
    let d = exp_m1::<S>(S::add(magnitude, magnitude));
    S::with_sign(S::div(d, S::add(d, S::splat(2.0))), x)
}

/// s = 1 / (1 + e^-x), and 1 - s: neither overflows, and both keep their digits where they are small.
#[inline(always)]
pub unsafe fn sigmoid<S: Simd>(x: S::V) -> (S::V, S::V) {
    let one = S::splat(1.0);
    let small = exp::<S>(neg::<S>(abs::<S>(x)));
    let all = S::add(one, small);
    (S::div(S::pick(x, one, small), all), S::div(S::pick(x, small, one), all))
}

/// x / (1 + e^-x), x above -200
#[inline(always)]
pub unsafe fn silu<S: Simd>(x: S::V) -> S::V {
    let (p, n) = exp_parts::<S>(neg::<S>(abs::<S>(x)));
    S::div(S::pick(x, x, S::scale(S::mul(x, p), n)), S::add(S::splat(1.0), S::scale(p, n)))
}

/// (q, p, n) with Phi(-|x|) = q 2^n and e^(-x^2 / 2) = p 2^n for x in [-15, 15], Phi the distribution function of the
/// standard normal: q = p P(u) / (t + 5/2) with t = |x| / sqrt 2, u = (t - 5/2) / (t + 5/2), as Shepherd, Laframboise
/// (1981, doi:10.1090/S0025-5718-1981-0595058-X) do.
#[inline(always)]
unsafe fn normal_parts<S: Simd>(x: S::V) -> [S::V; 3] {
    // The square in two parts, from the two halves of x (Dekker 1971): in the tails its rounding error would cost the
    // exponential its digits.
    let (square, split) = (S::mul(x, x), S::mul(x, S::splat(4097.0)));
    let high = S::sub(split, S::sub(split, x));
    let low = S::sub(x, high);
    let lost = S::add(S::add(S::sub(S::mul(high, high), square), S::mul(S::add(high, high), low)), S::mul(low, low));
    let (p, n) = exp_parts::<S>(S::mul(square, S::splat(-0.5)));
    let p = S::fma(p, S::mul(lost, S::splat(-0.5)), p);
    let inverse = S::div(S::splat(1.0), S::fma(abs::<S>(x), S::splat(std::f32::consts::FRAC_1_SQRT_2), S::splat(2.5)));
    let u = S::fma(inverse, S::splat(-5.0), S::splat(1.0));
    let c = [
        5.270_159_09e-1,
        -4.023_259_162e-1,
        2.269_571_494e-1,
        -8.562_587_905e-2,
        1.417_925_902e-2,
        4.199_163_539e-3,
        -2.399_773_069e-3,
        -2.269_703_564e-4,
        3.238_755_829e-4,
        3.212_986_973e-5,
        -2.389_488_175e-5,
    ];
    [S::mul(S::mul(p, inverse), polynomial::<S, 11>(u, c)), p, n]
}

/// Phi(x) and Phi'(x) for x in [-15, 15]
#[inline(always)]
pub unsafe fn normal<S: Simd>(x: S::V) -> [S::V; 2] {
    let [q, p, n] = normal_parts::<S>(x);
    let tail = S::scale(q, n);
    [S::pick(x, S::sub(S::splat(1.0), tail), tail), S::mul(S::scale(p, n), S::splat(0.398_942_28))]
}

/// x Phi(x); `near` is x clamped to [-15, 15].
#[inline(always)]
pub unsafe fn gelu<S: Simd>(x: S::V, near: S::V) -> S::V {
    let [q, _, n] = normal_parts::<S>(near);
    S::pick(x, S::mul(x, S::sub(S::splat(1.0), S::scale(q, n))), S::scale(S::mul(near, q), n))
}
