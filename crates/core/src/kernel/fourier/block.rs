//! Blocks of signals that are transformed together, one in each lane of the vectors.

use super::lanes::FftElement;
use crate::kernel::parallel::{uninit, Shared};
use crate::kernel::simd::InstructionSet;
use num_complex::Complex;

/// Numbers of as many signals as a vector has lanes: the real parts of all first numbers, their imaginary parts, those
/// of the second numbers and so on. There is memory of the same size for results.
pub(super) struct Block<T> {
    /// Keeps the memory at `at`.
    _memory: Vec<T>,
    at: Shared<T>,
    /// Values of either half.
    half: usize,
    isa: InstructionSet,
    lanes: usize,
    /// Whether the numbers are in the second half of the memory.
    second: bool,
}

impl<T: FftElement> Block<T> {
    /// A block of `numbers` numbers; their values are arbitrary.
    pub fn new(isa: InstructionSet, lanes: usize, numbers: usize) -> Self {
        let half = 2 * lanes * numbers;
        // SAFETY: all callers gather signals first, and any bits are a number.
        let mut memory = unsafe { uninit(2 * half) };
        Self { at: Shared::new(&mut memory), _memory: memory, half, isa, lanes, second: false }
    }
    pub fn lanes(&self) -> usize {
        self.lanes
    }
    pub fn isa(&self) -> InstructionSet {
        self.isa
    }
    /// The numbers.
    pub fn now(&self) -> *mut T {
        self.at.at(if self.second { self.half } else { 0 })
    }
    /// The other memory.
    pub fn other(&self) -> *mut T {
        self.at.at(if self.second { 0 } else { self.half })
    }
    /// Makes the other memory the numbers.
    pub fn swap(&mut self) {
        self.second = !self.second;
    }
    /// The real and the imaginary part of number `i` of the first signal.
    pub fn first(&self, i: usize) -> [*mut T; 2] {
        let at = self.now().wrapping_add(2 * self.lanes * i);
        [at, at.wrapping_add(self.lanes)]
    }
    /// Number `i` of the first signal.
    pub fn number(&self, i: usize) -> Complex<T> {
        let [re, im] = self.first(i);
        // SAFETY: the number is within this half, and gathered.
        unsafe { Complex::new(*re, *im) }
    }
    /// Sets number `i` of the first signal.
    pub fn set_number(&mut self, i: usize, value: Complex<T>) {
        let [re, im] = self.first(i);
        // SAFETY: as above.
        unsafe { (*re, *im) = (value.re, value.im) };
    }
    /// The memory for a transform, whose exponent has the sign plus if inverse.
    pub fn memory(&self, inverse: bool) -> Memory<T> {
        let parts = if inverse { [self.lanes, 0] } else { [0, self.lanes] };
        Memory { isa: self.isa, lanes: self.lanes, now: self.now(), other: self.other(), parts }
    }
    /// Multiplies the first `n` numbers by `factor`.
    pub fn scale(&mut self, n: usize, factor: T) {
        if factor != T::one() {
            // SAFETY: the numbers are within this half, and gathered.
            let values = unsafe { std::slice::from_raw_parts_mut(self.now(), 2 * self.lanes * n) };
            values.iter_mut().for_each(|v| *v = *v * factor);
        }
    }
}

/// Both memories of a [`Block`].
#[derive(Clone, Copy)]
pub(super) struct Memory<T> {
    pub isa: InstructionSet,
    pub lanes: usize,
    pub now: *mut T,
    pub other: *mut T,
    /// Where real and imaginary parts begin. With both exchanged, z becomes i conj(z), and its transform has the other
    /// sign of the exponent.
    pub parts: [usize; 2],
}
