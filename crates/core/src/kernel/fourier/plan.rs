//! Plans of one-dimensional transforms.

use super::block::{Block, Memory};
use super::chirp::{padded, Chirp};
use super::lanes::FftElement;
use super::radix::is_smooth;
use super::smooth::{Smooth, MAX_LANES};
use crate::kernel::element::Element;
use crate::kernel::parallel::uninit;
use crate::kernel::simd::{isa, InstructionSet};
use num_complex::Complex;
use std::any::{Any, TypeId};
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

/// A plan of some element type.
type AnyPlan = Arc<dyn Any + Send + Sync>;

/// Plans by element type, length, and whether signals are transformed one by one.
struct Plans {
    cached: HashMap<(TypeId, usize, bool), AnyPlan>,
    lengths: usize,
}

static PLANS: Mutex<Option<Plans>> = Mutex::new(None);

/// How signals of one length are transformed.
pub(super) struct Plan<T> {
    kind: Kind<T>,
    half_circle: OnceLock<Vec<T>>,
}

enum Kind<T> {
    Smooth(Smooth<T>),
    Chirp(Chirp<T>),
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
    isa: InstructionSet,
    /// Signals that are transformed together.
    pub lanes: usize,
    pub n: usize,
    inverse: bool,
}

impl<T: FftElement> Fft1d<T> {
    /// For signals of length `n`, of which `count` are neighbours.
    pub fn new(n: usize, inverse: bool, count: usize) -> Self {
        let isa = isa();
        let width = T::lanes(isa);
        let alone = n > MAX_TOGETHER || (n >= MIN_ALONE && 4 * count < width);
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        // Images of ever new sizes must not fill the memory; common plans are soon rebuilt.
        if plans.as_ref().is_some_and(|p| p.cached.len() >= MAX_PLANS || p.lengths > MAX_LENGTHS) {
            *plans = None;
        }
        let Plans { cached, lengths } = plans.get_or_insert_with(|| Plans { cached: HashMap::new(), lengths: 0 });
        let key = (TypeId::of::<T>(), n, alone);
        let plan = match cached.get(&key).and_then(|plan| plan.clone().downcast().ok()) {
            Some(plan) => plan,
            None => {
                let plan = Arc::new(Plan::<T>::new(n, alone));
                *lengths += n;
                cached.insert(key, plan.clone());
                plan
            }
        };
        Self { plan, isa, lanes: if alone { 1 } else { width }, n, inverse }
    }
    /// A block for this transform, of at least `numbers` numbers; their values are arbitrary.
    pub fn block(&self, numbers: usize) -> Block<T> {
        Block::new(self.isa, self.lanes, numbers.max(self.plan.numbers()))
    }
    /// Transforms all signals of a block.
    pub fn run(&self, block: &mut Block<T>) {
        self.transform(block, self.inverse);
    }
    /// Transforms all signals of a block with the other sign of the exponent.
    pub fn run_back(&self, block: &mut Block<T>) {
        self.transform(block, !self.inverse);
    }
    fn transform(&self, block: &mut Block<T>, inverse: bool) {
        // SAFETY: a block of `block` is at least as large as the plan's.
        if unsafe { self.plan.run(block.memory(inverse)) } {
            block.swap();
        }
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
