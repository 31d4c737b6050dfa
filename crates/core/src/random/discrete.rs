//! Poisson and binomial counts, from rate 0 to any finite rate.

use super::chunks::{sequence, Bits, BlockReader};
use crate::kernel::parallel::{pipeline, uninit, Shared, MIN_PARALLEL_SAMPLES};
use rand_chacha::ChaCha8Rng;
use std::sync::OnceLock;

/// From this mean on, transformed rejection is used in place of inversion.
const REJECTION_MEAN: f64 = 10.0;

/// Counts of a task.
const CHUNK: usize = 4096;

/// Below mean 10, a count above this has probability less than 1e-70: only rounding leads there.
const INVERSION_LIMIT: f64 = 110.0;

/// Poisson counts, one for each rate, finite and not negative. One thread reads the stream; counts that take one number
/// of it are found from that number by the other threads.
pub(super) fn poisson(rng: &mut ChaCha8Rng, rates: &[f64]) -> Vec<f64> {
    let terms = FactorialTerms::get();
    let draw = |s: &mut BlockReader, rate: f64| match rate {
        // No draw at rate 0.
        0.0 => 0.0,
        rate if rate < REJECTION_MEAN => s.unit(),
        rate => poisson_by_rejection(s, rate, terms),
    };
    // SAFETY: `read` writes every count.
    let mut counts = unsafe { uninit(rates.len()) };
    let out = Shared::new(&mut counts);
    let part = |task: usize| rates.iter().enumerate().skip(task * CHUNK).take(CHUNK);
    let find = |task: usize| {
        for (i, &rate) in part(task) {
            if rate > 0.0 && rate < REJECTION_MEAN {
                // SAFETY: tasks have disjoint counts, which were read.
                let count = unsafe { &mut *out.at(i) };
                // P(k + 1) = P(k) rate / (k + 1).
                *count = invert(*count, libm::exp(-rate), |k| rate / k);
            }
        }
    };
    sequence(rng, |s| {
        let read = |task: usize| {
            for (i, &rate) in part(task) {
                // SAFETY: as above.
                unsafe { *out.at(i) = draw(s, rate) };
            }
        };
        pipeline(rates.len().div_ceil(CHUNK), rates.len() >= MIN_PARALLEL_SAMPLES, read, find);
    });
    counts
}

/// The largest integer that is not above x, inlined where there is no instruction for it.
#[inline(always)]
fn floor(x: f64) -> f64 {
    // From 2^52 on every number is an integer.
    if x.abs() >= (1u64 << 52) as f64 {
        return x;
    }
    let towards_zero = x as i64 as f64;
    if towards_zero > x {
        towards_zero - 1.0
    } else {
        towards_zero
    }
}

/// One Poisson count of a rate of at least `REJECTION_MEAN`.
fn poisson_by_rejection(s: &mut impl Bits, rate: f64, terms: &FactorialTerms) -> f64 {
    // PTRS, with Hörmann's names.
    let b = 0.931 + 2.53 * rate.sqrt();
    let a = -0.059 + 0.02483 * b;
    let vr = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let u = s.unit() - 0.5;
        let v = s.open_unit();
        let us = 0.5 - u.abs();
        let k = floor((2.0 * a / us + b) * u + rate + 0.43);
        if us >= 0.07 && v <= vr {
            return k;
        }
        if k < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        if libm::log(v * inverse_alpha / (a / (us * us) + b)) <= poisson_log_mass(k, rate, terms) {
            return k;
        }
    }
}

/// Binomial counts of one probability; what depends on the number of trials alone is kept while that stays the same.
pub(super) struct Binomial {
    /// The smaller of p and 1 - p, and whether it is the latter.
    p: f64,
    mirrored: bool,
    trials: f64,
    method: Method,
}

/// How the counts of some number of trials are drawn.
enum Method {
    Zero,
    /// Inversion, with the probability of 0.
    Inversion(f64),
    Rejection(Rejection),
}

/// BTRS, with Hörmann's names, and the logarithms of the probability of each k relative to that of the mode, NaN where
/// not computed yet.
struct Rejection {
    b: f64,
    a: f64,
    center: f64,
    vr: f64,
    alpha: f64,
    bounds: Vec<f64>,
}

/// Most trials for which logarithms of probabilities are kept: more would take memory, and are rarely drawn twice.
const MAX_KEPT: f64 = 1023.0;

impl Binomial {
    /// `p` is in [0, 1].
    pub fn new(p: f64) -> Self {
        Self { p: if p > 0.5 { 1.0 - p } else { p }, mirrored: p > 0.5, trials: 0.0, method: Method::Zero }
    }

    /// One count; `n` is an integer from 0 to 2^53.
    pub fn sample(&mut self, s: &mut impl Bits, n: f64, terms: &FactorialTerms) -> f64 {
        let again = n == self.trials;
        if !again {
            (self.trials, self.method) = (n, Method::of(n, self.p));
        }
        let (p, q) = (self.p, 1.0 - self.p);
        let k = match &mut self.method {
            Method::Zero => 0.0,
            Method::Inversion(mass) => {
                // P(k) = P(k - 1) (n - k + 1) / k * p / q, which is 0 after k = n.
                let odds = p / q;
                invert(s.unit(), *mass, |k| (n - k + 1.0) / k * odds).min(n)
            }
            Method::Rejection(rejection) => rejection.sample(s, n, again, |k| {
                binomial_log_mass(k, n, p, q, terms) - binomial_log_mass(libm::floor((n + 1.0) * p), n, p, q, terms)
            }),
        };
        if self.mirrored {
            n - k
        } else {
            k
        }
    }
}

impl Method {
    fn of(n: f64, p: f64) -> Self {
        if n == 0.0 || p == 0.0 {
            return Self::Zero;
        }
        let q = 1.0 - p;
        if n * p < REJECTION_MEAN {
            return Self::Inversion(libm::exp(n * libm::log1p(-p)));
        }
        let standard_deviation = (n * p * q).sqrt();
        let b = 1.15 + 2.53 * standard_deviation;
        Self::Rejection(Rejection {
            b,
            a: -0.0873 + 0.0248 * b + 0.01 * p,
            center: n * p + 0.5,
            vr: 0.92 - 4.2 / b,
            alpha: (2.83 + 5.1 / b) * standard_deviation,
            bounds: Vec::new(),
        })
    }
}

impl Rejection {
    #[inline(always)]
    fn sample(&mut self, s: &mut impl Bits, n: f64, keep: bool, bound: impl Fn(f64) -> f64) -> f64 {
        let &mut Self { b, a, center, vr, alpha, .. } = self;
        loop {
            let u = s.unit() - 0.5;
            let v = s.open_unit();
            let us = 0.5 - u.abs();
            let k = floor((2.0 * a / us + b) * u + center);
            if us >= 0.07 && v <= vr {
                return k;
            }
            if k < 0.0 || k > n {
                continue;
            }
            if libm::log(v * alpha / (a / (us * us) + b)) <= self.bound(k, n, keep, &bound) {
                return k;
            }
        }
    }

    fn bound(&mut self, k: f64, n: f64, keep: bool, bound: &impl Fn(f64) -> f64) -> f64 {
        if !keep || n > MAX_KEPT {
            return bound(k);
        }
        if self.bounds.is_empty() {
            self.bounds.resize(n as usize + 1, f64::NAN);
        }
        let kept = &mut self.bounds[k as usize];
        if kept.is_nan() {
            *kept = bound(k);
        }
        *kept
    }
}

/// The smallest k with u < P(0) + ... + P(k), where P(0) = `mass` and P(k) = P(k - 1) `ratio(k)`.
#[inline(always)]
fn invert(mut u: f64, mut mass: f64, ratio: impl Fn(f64) -> f64) -> f64 {
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
fn poisson_log_mass(k: f64, rate: f64, terms: &FactorialTerms) -> f64 {
    if k == 0.0 {
        return -rate;
    }
    let [error, half_log] = terms.of(k);
    -error - deviance(k, rate) - half_log
}

/// ln P(k) of the binomial distribution: ln C(n, k) + k ln p + (n - k) ln q.
fn binomial_log_mass(k: f64, n: f64, p: f64, q: f64, terms: &FactorialTerms) -> f64 {
    if k == 0.0 {
        return n * libm::log1p(-p);
    }
    if k == n {
        return n * libm::log(p);
    }
    let rest = n - k;
    let [all, error, other] = [n, k, rest].map(|n| terms.of(n)[0]);
    all - error - other - deviance(k, n * p) - deviance(rest, n * q)
        + 0.5 * libm::log(n / (std::f64::consts::TAU * k * rest))
}

/// Terms of ln n! that are looked up for small n.
pub(super) struct FactorialTerms([[f64; 2]; 256]);

impl FactorialTerms {
    /// The terms, computed once.
    pub fn get() -> &'static Self {
        static TERMS: OnceLock<FactorialTerms> = OnceLock::new();
        TERMS.get_or_init(|| Self(std::array::from_fn(|n| Self::compute(n as f64))))
    }

    /// `stirling_error` and ln(2 pi n) / 2, for n >= 1.
    #[inline(always)]
    fn of(&self, n: f64) -> [f64; 2] {
        match self.0.get(n as usize) {
            Some(&terms) => terms,
            None => Self::compute(n),
        }
    }

    fn compute(n: f64) -> [f64; 2] {
        [stirling_error(n), 0.5 * libm::log(std::f64::consts::TAU * n)]
    }
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
    // |v| < 0.1: each term is at most a hundredth of the one before. After one that is lost in rounding so are all.
    for j in 1..16 {
        term *= square;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
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
            assert!((poisson_log_mass(k, rate, FactorialTerms::get()) - plain).abs() < 1e-10, "{k} {rate}");
        }
        for (k, n, p) in [(0.0, 30.0, 0.4), (1.0, 30.0, 0.4), (13.0, 30.0, 0.4), (29.0, 30.0, 0.4), (30.0, 30.0, 0.4)] {
            let choose = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
            let plain = choose + k * libm::log(p) + (n - k) * libm::log1p(-p);
            let mass = binomial_log_mass(k, n, p, 1.0 - p, FactorialTerms::get());
            assert!((mass - plain).abs() < 1e-10, "{k} {n} {p}");
        }
    }
}
