//! Plans of one-dimensional transforms.

use super::chirp::{padded, Chirp};
use super::lanes::{Array, Floats, Lanes};
use super::radix::is_smooth;
use super::smooth::{Smooth, MAX_LANES};
use crate::kernel::element::Element;
use crate::kernel::parallel::uninit;
use crate::kernel::simd::{self, isa, InstructionSet, Simd};
use num_complex::Complex;
use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Largest number of cached plans, and of the signals' lengths in all: a plan is as large as its signals.
const MAX_PLANS: usize = 256;
const MAX_LENGTHS: usize = 1 << 22;
/// Longest signals of which a block is transformed at once: those of a block must fit into a cache.
const MAX_TOGETHER: usize = 1 << 14;
/// Shortest signals that are transformed one by one where they are too few to fill a vector.
const MIN_ALONE: usize = 1 << 9;

/// Plans by length, and whether signals are transformed one by one.
pub(crate) struct Plans<T> {
    cached: HashMap<(usize, bool), Arc<Plan<T>>>,
    lengths: usize,
}

/// An element type of Fourier transforms.
pub(crate) trait FftElement: Element {
    /// The vector whose lanes are signals.
    type Lanes<S: Simd>: Lanes<Self>;
    /// `Lanes::N` of an instruction set.
    fn lanes(isa: InstructionSet) -> usize;
    /// The plans of this type.
    fn plans() -> &'static Mutex<Option<Plans<Self>>>;
}

impl FftElement for f32 {
    type Lanes<S: Simd> = Floats<S>;
    fn lanes(isa: InstructionSet) -> usize {
        simd::lanes(isa)
    }
    fn plans() -> &'static Mutex<Option<Plans<f32>>> {
        static PLANS: Mutex<Option<Plans<f32>>> = Mutex::new(None);
        &PLANS
    }
}

/// Values of float64 per vector, on every CPU.
const DOUBLES: usize = 4;

impl FftElement for f64 {
    type Lanes<S: Simd> = Array<DOUBLES>;
    fn lanes(_: InstructionSet) -> usize {
        DOUBLES
    }
    fn plans() -> &'static Mutex<Option<Plans<f64>>> {
        static PLANS: Mutex<Option<Plans<f64>>> = Mutex::new(None);
        &PLANS
    }
}

/// How signals of one length are transformed.
pub(super) struct Plan<T> {
    kind: Kind<T>,
    half_circle: OnceLock<Vec<T>>,
}

enum Kind<T> {
    Smooth(Smooth<T>),
    Chirp(Chirp<T>),
}

/// Blocks in memory, as [`Block`](super::block::Block) has them.
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

impl<T: FftElement> Plan<T> {
    fn new(n: usize, alone: bool) -> Self {
        let kind = if is_smooth(n) { Kind::Smooth(Smooth::new(n, alone)) } else { Kind::Chirp(Chirp::new(n, alone)) };
        Self { kind, half_circle: OnceLock::new() }
    }
    /// Numbers of a signal in memory, of both blocks.
    pub fn numbers(&self) -> usize {
        match &self.kind {
            Kind::Smooth(smooth) => smooth.numbers(),
            Kind::Chirp(chirp) => chirp.numbers(),
        }
    }
    /// Transforms a block, and returns whether the result is in the other memory.
    ///
    /// # Safety
    /// Both blocks have `numbers()` numbers of `lanes` signals.
    pub unsafe fn run(&self, memory: Memory<T>) -> bool {
        match &self.kind {
            Kind::Smooth(smooth) => smooth.run(memory),
            Kind::Chirp(chirp) => chirp.run(memory),
        }
    }
}

/// The transform of signals of one length: y_k = sum_j x_j e^(-2 pi i j k / n), or with the other sign if inverse.
pub(super) struct Fft1d<T> {
    plan: Arc<Plan<T>>,
    pub isa: InstructionSet,
    /// Signals that are transformed together.
    pub lanes: usize,
    pub n: usize,
    pub inverse: bool,
}

impl<T: FftElement> Fft1d<T> {
    /// For signals of length `n`, of which `count` are neighbours.
    pub fn new(n: usize, inverse: bool, count: usize) -> Self {
        let isa = isa();
        let width = T::lanes(isa);
        let alone = n > MAX_TOGETHER || (n >= MIN_ALONE && 4 * count < width);
        let mut plans = T::plans().lock().unwrap_or_else(PoisonError::into_inner);
        // Images of ever new sizes must not fill the memory; common plans are soon rebuilt.
        if plans.as_ref().is_some_and(|p| p.cached.len() >= MAX_PLANS || p.lengths > MAX_LENGTHS) {
            *plans = None;
        }
        let Plans { cached, lengths } = plans.get_or_insert_with(|| Plans { cached: HashMap::new(), lengths: 0 });
        let plan = cached.entry((n, alone)).or_insert_with(|| {
            *lengths += n;
            Arc::new(Plan::new(n, alone))
        });
        Self { plan: plan.clone(), isa, lanes: if alone { 1 } else { width }, n, inverse }
    }
    /// Numbers of a signal in a block.
    pub fn numbers(&self) -> usize {
        self.plan.numbers()
    }
    /// Transforms a block, as `Plan::run`; `back` with the other sign of the exponent.
    ///
    /// # Safety
    /// Both blocks have `numbers()` numbers of `lanes` signals.
    pub unsafe fn run(&self, now: *mut T, other: *mut T, back: bool) -> bool {
        let parts = if self.inverse == back { [0, self.lanes] } else { [self.lanes, 0] };
        self.plan.run(Memory { isa: self.isa, lanes: self.lanes, now, other, parts })
    }
    /// (cos a, sin a), a = pi l / n, for l <= n / 2.
    pub fn half_circle(&self) -> &[T] {
        self.plan.half_circle.get_or_init(|| {
            let angle = |l: usize| PI * l as f64 / self.n as f64;
            (0..=self.n / 2).flat_map(|l| [T::of(angle(l).cos()), T::of(angle(l).sin())]).collect()
        })
    }
}

/// Values of memory that the transform of a signal takes on one thread, at most: its plan and its block.
pub(crate) fn memory(n: usize) -> usize {
    let (length, tables) = if is_smooth(n) { (n, 4) } else { (padded(n.saturating_mul(2)), 20) };
    // Both blocks, of real and imaginary parts.
    let blocks = if n > MAX_TOGETHER { 4 } else { 4 * MAX_LANES };
    length.saturating_mul(blocks + tables)
}

/// Uninitialized complex numbers.
pub(super) fn complex_buffer<T: Element>(count: usize) -> Vec<Complex<T>> {
    // SAFETY: all callers write before they read, and any bits are a number.
    unsafe { uninit(count) }
}
