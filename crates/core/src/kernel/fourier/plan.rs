//! Plans of one-dimensional transforms, and buffers of signals.

use crate::kernel::element::Element;
use crate::kernel::parallel::uninit;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Signals that are gathered together, so that strided ones are read by whole cache lines.
pub(super) const SIGNALS_PER_BLOCK: usize = 16;
/// Padding between gathered signals, so that those of a power of two do not map to the same cache sets.
pub(super) const GAP: usize = 8;
/// Largest number of cached plans, and of the signals' lengths in all: a plan is as large as its signals.
const MAX_PLANS: usize = 256;
const MAX_LENGTHS: usize = 1 << 22;

/// Plans by length and direction.
pub(crate) struct Plans<T: Element> {
    planner: FftPlanner<T>,
    cached: HashMap<(usize, bool), Arc<dyn Fft<T>>>,
    lengths: usize,
}

/// An element type of Fourier transforms.
pub(crate) trait FftElement: Element {
    /// The plans of this type.
    fn plans() -> &'static Mutex<Option<Plans<Self>>>;

    /// The butterfly a -> ((a + c) + twiddle (a - c)) factor and, for b = conj(c),
    /// b -> conj((a + c) - twiddle (a - c)) factor.
    fn butterfly(a: &mut [Complex<Self>], b: &mut [Complex<Self>], twiddle: Complex<Self>, factor: Self) {
        let twiddle = twiddle * factor;
        for (a, b) in a.iter_mut().zip(b) {
            let (sum, difference) = ((*a + b.conj()) * factor, (*a - b.conj()) * twiddle);
            (*a, *b) = (sum + difference, (sum - difference).conj());
        }
    }

    /// a -> s a + d (i cos c - sin a) and, for b = conj(c), b -> conj(s c + d (sin c - i cos a)).
    fn filter(
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

impl FftElement for f32 {
    fn plans() -> &'static Mutex<Option<Plans<f32>>> {
        static PLANS: Mutex<Option<Plans<f32>>> = Mutex::new(None);
        &PLANS
    }
}

impl FftElement for f64 {
    fn plans() -> &'static Mutex<Option<Plans<f64>>> {
        static PLANS: Mutex<Option<Plans<f64>>> = Mutex::new(None);
        &PLANS
    }
}

/// The transform of signals of one length.
pub(super) struct Fft1d<T>(Arc<dyn Fft<T>>);

impl<T: FftElement> Fft1d<T> {
    pub fn new(n: usize, inverse: bool) -> Self {
        let mut plans = T::plans().lock().unwrap_or_else(PoisonError::into_inner);
        // Images of ever new sizes must not fill the memory; common plans are soon rebuilt.
        if plans.as_ref().is_some_and(|p| p.cached.len() >= MAX_PLANS || p.lengths > MAX_LENGTHS) {
            *plans = None;
        }
        let Plans { planner, cached, lengths } =
            plans.get_or_insert_with(|| Plans { planner: FftPlanner::new(), cached: HashMap::new(), lengths: 0 });
        let plan = cached.entry((n, inverse)).or_insert_with(|| {
            *lengths += n;
            if inverse {
                planner.plan_fft_inverse(n)
            } else {
                planner.plan_fft_forward(n)
            }
        });
        Self(plan.clone())
    }
    /// Scratch memory for `run`.
    pub fn scratch(&self) -> Vec<Complex<T>> {
        complex_buffer(self.0.get_inplace_scratch_len())
    }
    /// Transforms a signal in place.
    pub fn run(&self, signal: &mut [Complex<T>], scratch: &mut Vec<Complex<T>>) {
        if scratch.len() < self.0.get_inplace_scratch_len() {
            *scratch = self.scratch();
        }
        self.0.process_with_scratch(signal, scratch);
    }
    /// Transforms the signals in `from` to `to`.
    pub fn run_to(&self, from: &[Complex<T>], to: &mut [Complex<T>], scratch: &mut Vec<Complex<T>>) {
        if scratch.len() < self.0.get_immutable_scratch_len() {
            *scratch = complex_buffer(self.0.get_immutable_scratch_len());
        }
        self.0.process_immutable_with_scratch(from, to, scratch);
    }
}

/// Uninitialized complex numbers.
pub(super) fn complex_buffer<T: Element>(count: usize) -> Vec<Complex<T>> {
    // SAFETY: all callers write before they read, and any bits are a number.
    unsafe { uninit(count) }
}
