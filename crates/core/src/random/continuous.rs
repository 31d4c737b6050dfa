//! Gamma and beta numbers.

use super::chunks::Bits;
use super::normal;

/// One gamma number of scale 1.
pub(super) fn gamma(s: &mut impl Bits, shape: f64) -> f64 {
    if shape >= 1.0 {
        let (d, v) = parts(s, shape);
        return d * v;
    }
    libm::exp(log_gamma(s, shape))
}

/// One beta number. With X and Y gamma numbers, X / (X + Y) = 1 / (1 + exp(ln Y - ln X)).
pub(super) fn beta(s: &mut impl Bits, a: f64, b: f64) -> f64 {
    let difference = -log_gamma(s, a) + log_gamma(s, b);
    if difference.is_nan() {
        // Both logarithms are -infinity: a and b so small that the number is 0 or 1, with mean a / (a + b).
        return f64::from(u8::from(s.unit() * (a + b) < a));
    }
    1.0 / (1.0 + libm::exp(difference))
}

/// The logarithm of a gamma number of scale 1: for a shape below 1, G(shape) = G(shape + 1) u^(1 / shape).
fn log_gamma(s: &mut impl Bits, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = s.exponential_one() / shape;
        return log_gamma(s, shape + 1.0) - boost;
    }
    let (d, v) = parts(s, shape);
    libm::log(d) + libm::log(v)
}

/// Marsaglia and Tsang (2000) for shape >= 1: (d, v), whose product is the gamma number,
/// with d = shape - 1/3, v = (1 + x / sqrt(9 d))^3 and x normal, accepted with
/// ln u < x^2 / 2 + d (1 - v + ln v).
#[inline(always)]
fn parts(s: &mut impl Bits, shape: f64) -> (f64, f64) {
    let tables = normal::tables();
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = tables.sample(s);
        let cx = c * x;
        if cx <= -1.0 {
            continue;
        }
        // t = v - 1, kept apart because d (ln(1 + t) - t) loses its digits otherwise where d is large.
        let t = cx * (3.0 + cx * (3.0 + cx));
        let u = s.open_unit();
        let square = x * x;
        // t <= -1 only by rounding: there v would not be positive.
        if t > -1.0 && (u < 1.0 - 0.0331 * square * square || libm::log(u) < 0.5 * square + d * (libm::log1p(t) - t)) {
            return (d, 1.0 + t);
        }
    }
}
