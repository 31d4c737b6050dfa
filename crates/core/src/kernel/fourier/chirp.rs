//! Transforms of lengths with large prime factors, as circular convolutions with a chirp (Bluestein, 1970,
//! doi:10.1109/TAU.1970.1162132).
//!
//! As 2 j k = j^2 + k^2 - (k - j)^2, y_k = b_k sum_j (x_j b_j) conj(b_(k-j)) with b_k = e^(-pi i k^2 / n): a
//! convolution, computed in Fourier space with a length m >= 2 n - 1 that is easy to transform.

use super::block::Memory;
use super::lanes::{on_lanes, times, FftElement, Lanes};
use super::radix::{load, store};
use super::smooth::Smooth;
use crate::kernel::simd::isa;
use std::f64::consts::PI;

/// The transform of one length.
pub(super) struct Chirp<T> {
    /// b_k as (cos, sin, -sin).
    chirp: Vec<T>,
    /// The transform of conj(b_k) over m, likewise.
    spectrum: Vec<T>,
    transform: Smooth<T>,
}

/// (cos, sin, -sin) of all factors.
fn factors<T: FftElement>(numbers: impl Iterator<Item = [f64; 2]>) -> Vec<T> {
    numbers.flat_map(|[re, im]| [T::of(re), T::of(im), T::of(-im)]).collect()
}

/// The smallest length of at least `n` with few factors other than two.
pub(super) fn padded(n: usize) -> usize {
    [1, 3, 5, 9, 15].map(|odd| odd * n.div_ceil(odd).next_power_of_two()).into_iter().min().unwrap_or(n)
}

impl<T: FftElement> Chirp<T> {
    pub fn new(n: usize, alone: bool) -> Self {
        let m = padded(2 * n - 1);
        let number = |k: usize| {
            let k = k as u64;
            let (sin, cos) = (-PI * (k * k % (2 * n as u64)) as f64 / n as f64).sin_cos();
            [cos, sin]
        };
        let mut conjugate = vec![0.0; 2 * m];
        for k in 0..n {
            let [re, im] = number(k);
            for at in [k, (m - k) % m] {
                conjugate[2 * at..][..2].copy_from_slice(&[re / m as f64, -im / m as f64]);
            }
        }
        let mut spectrum = vec![0.0; 2 * m];
        let (now, other) = (conjugate.as_mut_ptr(), spectrum.as_mut_ptr());
        let transform = Smooth::<f64>::new(m, true);
        // SAFETY: both hold one signal of m numbers, and the result of a single signal is in the other memory.
        unsafe { transform.run(Memory { isa: isa(), lanes: 1, now, other, parts: [0, 1] }) };
        Self {
            chirp: factors((0..n).map(number)),
            spectrum: factors(spectrum.chunks_exact(2).map(|v| [v[0], v[1]])),
            transform: Smooth::new(m, alone),
        }
    }
    /// As `Plan::numbers`.
    pub fn numbers(&self) -> usize {
        self.spectrum.len() / 3
    }
    /// As `Plan::run`.
    pub unsafe fn run(&self, memory: Memory<T>) -> bool {
        let Memory { isa, lanes, now, other, parts } = memory;
        multiply(isa, lanes, now, &self.chirp, parts);
        let used = 2 * lanes * self.chirp.len() / 3;
        std::slice::from_raw_parts_mut(now.add(used), 2 * lanes * self.numbers() - used).fill(T::zero());
        let moved = self.transform.run(memory);
        let (now, other) = if moved { (other, now) } else { (now, other) };
        multiply(isa, lanes, now, &self.spectrum, parts);
        let back = self.transform.run(Memory { now, other, parts: [parts[1], parts[0]], ..memory });
        multiply(isa, lanes, if back { other } else { now }, &self.chirp, parts);
        moved != back
    }
}

on_lanes!(
    /// Multiplies the numbers of all signals by one factor each.
    fn multiply(block: *mut T, factors: &[T], parts: [usize; 2]) = multiply_body
);

#[inline(always)]
unsafe fn multiply_body<T: FftElement, L: Lanes<T>>(block: *mut T, factors: &[T], parts: [usize; 2]) {
    for (i, f) in factors.chunks_exact(3).enumerate() {
        let factor = [L::splat(f[0]), L::splat(f[1]), L::splat(f[2])];
        store::<T, L>(block, i, times::<T, L>(load::<T, L>(block, i, parts), factor), parts);
    }
}
