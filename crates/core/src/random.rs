//! Random streams: the same seed gives the same numbers, bit for bit, on 64-bit native and 32-bit WASM.
//!
//! Bits come from ChaCha8 (Bernstein, "ChaCha, a variant of Salsa20", 2008), a counter-based
//! generator, so that a stream's whole state is a key and a position. Integers are drawn as u64,
//! never usize, and elementary functions are those of `libm`, never the platform's.

mod chacha;
mod chunks;
mod continuous;
mod discrete;
mod kind;
mod normal;
mod state;
#[cfg(test)]
mod tests;

pub use kind::Kind;

use chunks::Bits;

use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// 2^-53, the factor from the upper 53 bits of a u64 to a number in [0, 1).
const ULP: f64 = 1.0 / (1u64 << 53) as f64;

/// The largest magnitude up to which f64 holds every integer: 2^53.
const MAX_INTEGER: f64 = (1u64 << 53) as f64;

/// Computes what streams share. Where threads must not block this comes before they draw: one that draws while another
/// computes it would wait.
pub fn prepare() {
    normal::tables();
    discrete::FactorialTerms::get();
}

/// A stream of random numbers.
///
/// Sequences do not depend on the lengths of the draws: `normal(10)` is `normal(4)` followed by `normal(6)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// The stream of `seed`: its 256-bit key is four outputs of SplitMix64
    /// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self::from_words(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    /// The eight words of the key.
    #[cfg(feature = "gpu")]
    pub(crate) fn key(&self) -> [u32; 8] {
        let seed = self.rng.get_seed();
        std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|j| seed[4 * i + j])))
    }

    /// An independent stream; its key is the next 256 bits of this one, which advances.
    pub fn fork(&mut self) -> Self {
        Self::from_words(std::array::from_fn(|_| self.next_u64()))
    }

    fn from_words(words: [u64; 4]) -> Self {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self { rng: ChaCha8Rng::from_seed(key) }
    }

    /// Standard normal numbers, density exp(-x^2 / 2) / sqrt(2 pi), by the Ziggurat method
    /// (Marsaglia and Tsang, "The ziggurat method for generating random variables", 2000).
    pub fn normal(&mut self, count: usize) -> Vec<f64> {
        self.normal_as(count, |v| v)
    }

    /// The same numbers, each converted by `of`.
    pub(crate) fn normal_as<T: Copy + Send + Sync>(&mut self, count: usize, of: impl Fn(f64) -> T + Sync) -> Vec<T> {
        let tables = normal::tables();
        // A block would be more than is needed.
        if count < 64 {
            return (0..count).map(|_| of(tables.sample(self))).collect();
        }
        chunks::collect(&mut self.rng, count, |bits| of(tables.sample(bits)))
    }

    /// Uniform numbers in [0, 1), multiples of 2^-53. Rounding to f32 may give 1.
    pub fn uniform(&mut self, count: usize) -> Vec<f64> {
        self.many(count, |s| s.unit())
    }

    /// Signs: -1 or 1 with probability 1/2 each.
    pub fn rademacher(&mut self, count: usize) -> Vec<f64> {
        self.collect(count, |s| if s.rng.next_u32() >> 31 == 0 { -1.0 } else { 1.0 })
    }

    /// Exponential numbers of rate 1, density exp(-x) for x >= 0, by inversion: -ln u.
    pub fn exponential(&mut self, count: usize) -> Vec<f64> {
        self.many(count, |s| s.exponential_one())
    }

    /// Laplace numbers of scale 1, density exp(-|x|) / 2: an exponential with a random sign.
    pub fn laplace(&mut self, count: usize) -> Vec<f64> {
        self.many(count, |s| {
            let bits = s.next_u64();
            // The sign is the lowest bit, which the upper 53 do not contain.
            let magnitude = 0.0 - libm::log(((bits >> 11) + 1) as f64 * ULP);
            if bits & 1 == 0 {
                magnitude
            } else {
                -magnitude
            }
        })
    }

    /// 1 with probability `p`, else 0. Error: `p` outside [0, 1].
    pub fn bernoulli(&mut self, count: usize, p: f64) -> Result<Vec<f64>, String> {
        probability("bernoulli", p)?;
        Ok(self.many(count, |s| f64::from(u8::from(s.unit() < p))))
    }

    /// Integers of [low, high), each equally likely.
    /// Error: a bound that is no integer or above 2^53 in magnitude, or low >= high.
    pub fn randint(&mut self, count: usize, low: f64, high: f64) -> Result<Vec<f64>, String> {
        for (name, value) in [("low", low), ("high", high)] {
            if !(value.abs() <= MAX_INTEGER && libm::trunc(value) == value) {
                return Err(format!("randint: {name} is {value}, expected an integer of magnitude at most 2^53"));
            }
        }
        if low >= high {
            return Err(format!("randint: low is {low} and high is {high}, expected low < high"));
        }
        let (low, high) = (low as i64, high as i64);
        let range = high.wrapping_sub(low) as u64;
        Ok(self.collect(count, |s| (low + s.below(range) as i64) as f64))
    }

    /// The integers 0 .. n-1 in random order, each order equally likely
    /// (Durstenfeld's form of the Fisher-Yates shuffle, 1964).
    pub fn permutation(&mut self, n: usize) -> Vec<f64> {
        let mut order: Vec<f64> = (0..n).map(|i| i as f64).collect();
        for last in (1..n).rev() {
            let other = self.below(last as u64 + 1) as usize;
            order.swap(last, other);
        }
        order
    }

    /// Gamma numbers, density x^(shape - 1) exp(-x / scale) / (Gamma(shape) scale^shape), mean shape * scale
    /// (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000).
    /// Error: shape or scale not positive and finite.
    pub fn gamma(&mut self, count: usize, shape: f64, scale: f64) -> Result<Vec<f64>, String> {
        positive("gamma", "shape", shape)?;
        positive("gamma", "scale", scale)?;
        Ok(self.many(count, |s| continuous::gamma(s, shape) * scale))
    }

    /// Beta numbers in [0, 1], density proportional to x^(a - 1) (1 - x)^(b - 1): X / (X + Y) of two gamma
    /// numbers, computed from their logarithms so that small a and b do not give 0 / 0.
    /// Error: a or b not positive and finite.
    pub fn beta(&mut self, count: usize, a: f64, b: f64) -> Result<Vec<f64>, String> {
        positive("beta", "a", a)?;
        positive("beta", "b", b)?;
        Ok(self.many(count, |s| continuous::beta(s, a, b)))
    }

    /// Poisson counts, one for each rate: P(k) = rate^k exp(-rate) / k!; rate 0 gives 0.
    /// Inversion below rate 10, else PTRS (Hörmann, "The transformed rejection method for generating
    /// Poisson random variables", 1993). Error: a rate that is negative or not finite.
    pub fn poisson(&mut self, rates: &[f64]) -> Result<Vec<f64>, String> {
        for (index, &rate) in rates.iter().enumerate() {
            if !(rate >= 0.0 && rate.is_finite()) {
                return Err(format!("poisson: rate {index} is {rate}, expected a finite number >= 0"));
            }
        }
        Ok(discrete::poisson(&mut self.rng, rates))
    }

    /// Binomial counts, one for each number of trials n: P(k) = C(n, k) p^k (1 - p)^(n - k).
    /// Inversion where n min(p, 1 - p) < 10, else BTRS (Hörmann, "The generation of binomial random
    /// variates", 1993). Error: p outside [0, 1]; a count that is negative, no integer or above 2^53.
    pub fn binomial(&mut self, counts: &[f64], p: f64) -> Result<Vec<f64>, String> {
        probability("binomial", p)?;
        for (index, &n) in counts.iter().enumerate() {
            if !((0.0..=MAX_INTEGER).contains(&n) && libm::trunc(n) == n) {
                return Err(format!("binomial: count {index} is {n}, expected an integer from 0 to 2^53"));
            }
        }
        let (terms, mut binomial) = (discrete::FactorialTerms::get(), discrete::Binomial::new(p));
        Ok(chunks::sequence(&mut self.rng, |s| counts.iter().map(|&n| binomial.sample(s, n, terms)).collect()))
    }

    fn many(&mut self, count: usize, one: impl Fn(&mut chunks::BlockReader) -> f64 + Sync) -> Vec<f64> {
        chunks::collect(&mut self.rng, count, one)
    }

    fn collect(&mut self, count: usize, mut one: impl FnMut(&mut Self) -> f64) -> Vec<f64> {
        (0..count).map(|_| one(self)).collect()
    }

    /// Uniform integer below `range` (> 0), without bias
    /// (Lemire, "Fast random integer generation in an interval", 2019).
    fn below(&mut self, range: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(range);
        if (product as u64) < range {
            let threshold = range.wrapping_neg() % range;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(range);
            }
        }
        (product >> 64) as u64
    }
}

fn probability(kind: &str, p: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&p) {
        return Ok(());
    }
    Err(format!("{kind}: p is {p}, expected a number from 0 to 1"))
}

fn positive(kind: &str, name: &str, value: f64) -> Result<(), String> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(format!("{kind}: {name} is {value}, expected a finite number > 0"))
}
