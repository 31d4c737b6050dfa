//! Fourier transforms on the processor, for every size, in float32 and float64: complex tensors where they lie, real
//! images by half of their spectrum.

mod columns;
mod lines;
mod packed;
mod product;
mod real;
mod rows;

pub(crate) use lines::{complex, Sums};
pub(crate) use product::product;

pub(crate) use real::{filter, from_half, to_half, Size};

use super::parallel::unwritten;
use super::value::Real;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines that are gathered together, so that strided ones are read by whole lines of the cache.
const TOGETHER: usize = 16;
/// Values between gathered lines, so that those of a power of two do not fall on each other in the cache.
const GAP: usize = 8;
/// From so many values on, threads pay.
const HEAVY: usize = 1 << 14;
/// Plans that are kept.
const PLANS: usize = 256;

/// Plans by size and direction.
pub(crate) struct Plans<T: Real> {
    planner: FftPlanner<T>,
    made: HashMap<(usize, bool), Arc<dyn Fft<T>>>,
}

/// An element type with plans of its own.
pub(crate) trait Planned: Real {
    fn plans() -> &'static Mutex<Option<Plans<Self>>>;

    /// a to ((a + c) + turn (a - c)) factor, and b = conj(c) to the conjugate of ((a + c) - turn (a - c)) factor.
    fn turned(a: &mut [Complex<Self>], b: &mut [Complex<Self>], turn: Complex<Self>, factor: Self) {
        let turn = turn * factor;
        for (a, b) in a.iter_mut().zip(b) {
            let (sum, difference) = ((*a + b.conj()) * factor, (*a - b.conj()) * turn);
            (*a, *b) = (sum + difference, (sum - difference).conj());
        }
    }

    /// a to s a + d (i cos c - sin a), and b = conj(c) to the conjugate of s c + d (sin c - i cos a).
    fn filtered(
        a: &mut [Complex<Self>],
        b: &mut [Complex<Self>],
        s: &[Complex<Self>],
        d: &[Complex<Self>],
        (cos, sin): (Self, Self),
    ) {
        for (((a, b), &s), &d) in a.iter_mut().zip(b).zip(s).zip(d) {
            let (z, c) = (*a, b.conj());
            let u = Complex::new(-cos * c.im - sin * z.re, cos * c.re - sin * z.im);
            let v = Complex::new(sin * c.re + cos * z.im, sin * c.im - cos * z.re);
            (*a, *b) = (s * z + d * u, (s * c + d * v).conj());
        }
    }
}

impl Planned for f32 {
    fn plans() -> &'static Mutex<Option<Plans<f32>>> {
        static PLANS: Mutex<Option<Plans<f32>>> = Mutex::new(None);
        &PLANS
    }
}

impl Planned for f64 {
    fn plans() -> &'static Mutex<Option<Plans<f64>>> {
        static PLANS: Mutex<Option<Plans<f64>>> = Mutex::new(None);
        &PLANS
    }
}

/// The transform of lines of one length.
struct Line<T>(Arc<dyn Fft<T>>);

impl<T: Planned> Line<T> {
    fn new(n: usize, inverse: bool) -> Self {
        let mut plans = T::plans().lock().unwrap_or_else(PoisonError::into_inner);
        // Images of ever new sizes must not fill the memory: the common plans are soon made again.
        if plans.as_ref().is_some_and(|p| p.made.len() >= PLANS) {
            *plans = None;
        }
        let Plans { planner, made } =
            plans.get_or_insert_with(|| Plans { planner: FftPlanner::new(), made: HashMap::new() });
        let plan = made.entry((n, inverse)).or_insert_with(|| {
            if inverse {
                planner.plan_fft_inverse(n)
            } else {
                planner.plan_fft_forward(n)
            }
        });
        Self(plan.clone())
    }
    /// Memory for `run`.
    fn scratch(&self) -> Vec<Complex<T>> {
        numbers(self.0.get_inplace_scratch_len())
    }
    fn run(&self, line: &mut [Complex<T>], scratch: &mut Vec<Complex<T>>) {
        if scratch.len() < self.0.get_inplace_scratch_len() {
            *scratch = self.scratch();
        }
        self.0.process_with_scratch(line, scratch);
    }
    /// The transforms of the lines in `from`.
    fn run_to(&self, from: &[Complex<T>], to: &mut [Complex<T>], scratch: &mut Vec<Complex<T>>) {
        if scratch.len() < self.0.get_immutable_scratch_len() {
            *scratch = numbers(self.0.get_immutable_scratch_len());
        }
        self.0.process_immutable_with_scratch(from, to, scratch);
    }
}

/// Complex numbers that are yet to be written.
fn numbers<T: Real>(count: usize) -> Vec<Complex<T>> {
    // SAFETY: everything here writes before it reads, and any bits are a number.
    unsafe { unwritten(count) }
}
