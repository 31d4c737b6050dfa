//! Poisson and binomial counts, from rate 0 to any finite rate.

use super::chunks::Bits;
use super::Stream;

/// From this mean on, transformed rejection is used in place of inversion.
const REJECTION_MEAN: f64 = 10.0;

/// Below mean 10, a count above this has probability less than 1e-70: only rounding leads there.
const INVERSION_LIMIT: f64 = 110.0;

/// One Poisson count; `rate` is finite and not negative.
pub(super) fn poisson(s: &mut Stream, rate: f64) -> f64 {
    if rate < REJECTION_MEAN {
        // P(k + 1) = P(k) rate / (k + 1). No draw at rate 0.
        return if rate == 0.0 { 0.0 } else { invert(s, libm::exp(-rate), |k| rate / k) };
    }
    // PTRS, with Hörmann's names.
    let b = 0.931 + 2.53 * rate.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let vr = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let u = s.unit() - 0.5;
        let v = s.open_unit();
        let us = 0.5 - u.abs();
        let k = libm::floor((2.0 * a / us + b) * u + rate + 0.43);
        if us >= 0.07 && v <= vr {
            return k;
        }
        if k < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        if libm::log(v * inverse_alpha / (a / (us * us) + b)) <= poisson_log_mass(k, rate) {
            return k;
        }
    }
}

/// One binomial count; `n` is an integer from 0 to 2^53, `p` is in [0, 1].
pub(super) fn binomial(s: &mut Stream, n: f64, p: f64) -> f64 {
    if p > 0.5 {
        return n - binomial(s, n, 1.0 - p);
    }
    if n == 0.0 || p == 0.0 {
        return 0.0;
    }
    let q = 1.0 - p;
    if n * p < REJECTION_MEAN {
        // P(k) = P(k - 1) (n - k + 1) / k * p / q, which is 0 after k = n.
        let odds = p / q;
        return invert(s, libm::exp(n * libm::log1p(-p)), |k| (n - k + 1.0) / k * odds).min(n);
    }
    // BTRS, with Hörmann's names.
    let standard_deviation = (n * p * q).sqrt();
    let b = 1.15 + 2.53 * standard_deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let center = n * p + 0.5;
    let vr = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * standard_deviation;
    let mode = libm::floor((n + 1.0) * p);
    loop {
        let u = s.unit() - 0.5;
        let v = s.open_unit();
        let us = 0.5 - u.abs();
        let k = libm::floor((2.0 * a / us + b) * u + center);
        if us >= 0.07 && v <= vr {
            return k;
        }
        if k < 0.0 || k > n {
            continue;
        }
        let bound = binomial_log_mass(k, n, p, q) - binomial_log_mass(mode, n, p, q);
        if libm::log(v * alpha / (a / (us * us) + b)) <= bound {
            return k;
        }
    }
}

/// The smallest k with u < P(0) + ... + P(k), where P(0) = `mass` and P(k) = P(k - 1) `ratio(k)`.
fn invert(s: &mut Stream, mut mass: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let mut u = s.unit();
    let mut k = 0.0;
    while u >= mass && k < INVERSION_LIMIT {
        u -= mass;
        k += 1.0;
        mass *= ratio(k);
    }
    k
}

// Logarithms of probabilities in the saddle-point form, which keeps its digits at large means
// (Loader, "Fast and accurate computation of binomial probabilities", 2000).

/// ln P(k) of the Poisson distribution: -rate + k ln rate - ln k!.
fn poisson_log_mass(k: f64, rate: f64) -> f64 {
    if k == 0.0 {
        return -rate;
    }
    -stirling_error(k) - deviance(k, rate) - 0.5 * libm::log(std::f64::consts::TAU * k)
}

/// ln P(k) of the binomial distribution: ln C(n, k) + k ln p + (n - k) ln q.
fn binomial_log_mass(k: f64, n: f64, p: f64, q: f64) -> f64 {
    if k == 0.0 {
        return n * libm::log1p(-p);
    }
    if k == n {
        return n * libm::log(p);
    }
    let rest = n - k;
    stirling_error(n) - stirling_error(k) - stirling_error(rest) - deviance(k, n * p) - deviance(rest, n * q)
        + 0.5 * libm::log(n / (std::f64::consts::TAU * k * rest))
}

/// ln n! - ln(sqrt(2 pi n) (n / e)^n), for n >= 1.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return libm::lgamma(n + 1.0) - 0.5 * libm::log(std::f64::consts::TAU * n) - n * libm::log(n) + n;
    }
    let nn = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / nn) / nn) / nn) / nn) / n
}

/// x ln(x / mean) + mean - x, by its series in (x - mean) / (x + mean) where x is near the mean.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) - difference;
    }
    let v = difference / (x + mean);
    let square = v * v;
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    // |v| < 0.1: each term is at most a hundredth of the one before.
    for j in 1..16 {
        term *= square;
        sum += term / f64::from(2 * j + 1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_masses_match_the_plain_formula() {
        for (k, rate) in [(1.0, 12.5), (12.0, 12.5), (40.0, 12.5), (950.0, 1000.0)] {
            let plain = -rate + k * libm::log(rate) - libm::lgamma(k + 1.0);
            assert!((poisson_log_mass(k, rate) - plain).abs() < 1e-10, "{k} {rate}");
        }
        for (k, n, p) in [(0.0, 30.0, 0.4), (1.0, 30.0, 0.4), (13.0, 30.0, 0.4), (29.0, 30.0, 0.4), (30.0, 30.0, 0.4)] {
            let choose = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
            let plain = choose + k * libm::log(p) + (n - k) * libm::log1p(-p);
            assert!((binomial_log_mass(k, n, p, 1.0 - p) - plain).abs() < 1e-10, "{k} {n} {p}");
        }
    }
}
