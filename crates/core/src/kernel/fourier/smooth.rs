//! Transforms of lengths without large prime factors.

use super::block::{Block, Memory};
use super::lanes::{on_lanes, times, FftElement, Lanes};
use super::lines::Lines;
use super::radix::{load, passes, store, Pass};
use crate::kernel::parallel::{each, Shared, MIN_PARALLEL_TRANSFORM};
use std::f64::consts::TAU;

/// The most lanes that a vector has.
pub(super) const MAX_LANES: usize = 16;

/// The transform of a length without large prime factors.
pub(super) enum Smooth<T> {
    /// For blocks.
    Together(usize, Vec<Pass<T>>),
    /// For single signals.
    Alone(Split<T>),
}

/// A long signal of length a b as a matrix of a rows, number j = b j1 + j2: columns are transformed, multiplied by
/// w^(j2 k1) with w = e^(-2 pi i / (a b)), then rows are; result k1, k2 has the number k1 + a k2 (Gentleman and Sande,
/// 1966, doi:10.1145/1464291.1464352).
pub(super) struct Split<T> {
    columns: (usize, Vec<Pass<T>>),
    rows: (usize, Vec<Pass<T>>),
    /// (cos, sin) of w^(j2 k1) for all k1, then j2; and as many values more as a vector may read.
    twiddles: Vec<T>,
}

impl<T: FftElement> Smooth<T> {
    /// For a length of which `is_smooth` is true.
    pub fn new(n: usize, alone: bool) -> Self {
        if !alone {
            return Self::Together(n, passes(n));
        }
        let root = n.isqrt();
        let a = (1..=root).rev().find(|a| n.is_multiple_of(*a)).unwrap_or(1);
        let b = n / a;
        let angle = |i: usize| -TAU * (i % n) as f64 / n as f64;
        let number = |k: usize, j: usize| [T::of(angle(j * k).cos()), T::of(angle(j * k).sin())];
        let mut twiddles: Vec<T> = (0..a).flat_map(|k| (0..b).flat_map(move |j| number(k, j))).collect();
        twiddles.extend([T::zero(); 2 * MAX_LANES]);
        Self::Alone(Split { columns: (a, passes(a)), rows: (b, passes(b)), twiddles })
    }
    /// As `Plan::numbers`.
    pub fn numbers(&self) -> usize {
        match self {
            Self::Together(n, _) => *n,
            Self::Alone(split) => split.rows.0 * split.columns.0,
        }
    }
    /// As `Plan::run`.
    pub unsafe fn run(&self, memory: Memory<T>) -> bool {
        match self {
            Self::Together(_, passes) => {
                together(memory.isa, memory.lanes, passes, memory.now, memory.other, memory.parts)
            }
            Self::Alone(split) => {
                split.run(memory);
                true
            }
        }
    }
}

impl<T: FftElement> Split<T> {
    /// Transforms one signal from `now`, which is overwritten, to `other`.
    unsafe fn run(&self, Memory { isa, now, other, parts, .. }: Memory<T>) {
        let (width, (a, b)) = (T::lanes(isa), (self.columns.0, self.rows.0));
        let parts = parts.map(|p| p * width);
        let parallel = a * b > MIN_PARALLEL_TRANSFORM;
        let (now, other) = (Shared::from_pointer(now), Shared::from_pointer(other));
        let transform = |block: &mut Block<T>, passes: &[Pass<T>]| {
            if together(isa, width, passes, block.now(), block.other(), parts) {
                block.swap();
            }
        };
        each(b.div_ceil(width), parallel, |task| {
            let first = task * width;
            let columns = Lines::columns(now.offset(2 * first), a, 2 * b, width.min(b - first));
            let mut block = Block::new(isa, width, a);
            columns.gather(&mut block, 0);
            transform(&mut block, &self.columns.1);
            twist(isa, width, block.now(), self.twiddles.as_ptr().add(2 * first), [a, b], parts);
            columns.scatter(&block, 0);
        });
        each(a.div_ceil(width), parallel, |task| {
            let first = task * width;
            let count = width.min(a - first);
            let mut block = Block::new(isa, width, b);
            Lines::rows(now.offset(2 * first * b), b, 2 * b, count).gather(&mut block, 0);
            transform(&mut block, &self.rows.1);
            Lines::columns(other.offset(2 * first), b, 2 * a, count).scatter(&block, 0);
        });
    }
}

on_lanes!(
    /// All passes of a block; returns whether the result is in the other memory.
    fn together(passes: &[Pass<T>], now: *mut T, other: *mut T, parts: [usize; 2]) -> bool = together_body
);

#[inline(always)]
unsafe fn together_body<T: FftElement, L: Lanes<T>>(
    passes: &[Pass<T>],
    now: *mut T,
    other: *mut T,
    parts: [usize; 2],
) -> bool {
    let memory = [now, other];
    for (i, pass) in passes.iter().enumerate() {
        pass.run::<L>(memory[i % 2], memory[1 - i % 2], parts);
    }
    passes.len() % 2 == 1
}

on_lanes!(
    /// Multiplies number i of lane j, i < rows, by number i * columns + j of `factors`.
    fn twist(block: *mut T, factors: *const T, size: [usize; 2], parts: [usize; 2]) = twist_body
);

#[inline(always)]
unsafe fn twist_body<T: FftElement, L: Lanes<T>>(
    block: *mut T,
    factors: *const T,
    [rows, columns]: [usize; 2],
    parts: [usize; 2],
) {
    let zero = L::splat(T::zero());
    for i in 0..rows {
        let [cos, sin] = L::load_pairs(factors.add(2 * i * columns));
        let v = load::<T, L>(block, i, parts);
        store::<T, L>(block, i, times::<T, L>(v, [cos, sin, L::sub(zero, sin)]), parts);
    }
}
