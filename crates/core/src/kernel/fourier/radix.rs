//! Passes of Stockham's transform (Cochran et al., 1967, doi:10.1109/PROC.1967.5957): each replaces one factor r of the
//! length by sums over r numbers and leaves the numbers in order, from one memory to another.
//!
//! Before a pass the rest of the length is N = r m, and s transforms of it are interleaved. For g < m and q < s,
//! y[q + s (r g + j)] = w^(g j) sum_k x[q + s (g + m k)] e^(-2 pi i j k / r), w = e^(-2 pi i / N).

#![allow(clippy::needless_range_loop)] // closures would not be compiled for the instruction set

use super::lanes::{minus, minus_i, plus, plus_i, times, Lanes, Number};
use crate::kernel::element::Element;
use std::f64::consts::TAU;
use std::mem::MaybeUninit;

/// The largest prime factor that has a pass.
pub(super) const MAX_RADIX: usize = 31;

/// One factor of the length.
pub(super) struct Pass<T> {
    radix: usize,
    /// m
    groups: usize,
    /// s
    stride: usize,
    /// w^(g j) for all g, then 0 < j < r, as (cos, sin, -sin).
    twiddles: Vec<T>,
    /// Cosines, then sines, of the multiples of a circle's r-th part.
    circle: Vec<T>,
}

/// The factor of the next pass over a length; 1 if there is none.
fn radix(n: usize) -> usize {
    let divides = |r: &usize| n.is_multiple_of(*r);
    let power = [8, 4, 2].into_iter().find(|r| divides(r) && (*r != 8 || n != 16));
    power.or_else(|| (3..=MAX_RADIX).step_by(2).find(divides)).unwrap_or(1)
}

/// Whether passes transform a length.
pub(super) fn is_smooth(n: usize) -> bool {
    let mut rest = n.max(1);
    while radix(rest) > 1 {
        rest /= radix(rest);
    }
    rest == 1
}

/// The passes for a length of which `is_smooth` is true.
pub(super) fn passes<T: Element>(n: usize) -> Vec<Pass<T>> {
    let (mut rest, mut stride, mut passes) = (n, 1, Vec::new());
    while rest > 1 {
        let radix = radix(rest);
        let groups = rest / radix;
        let angle = |of: usize, i: usize| -TAU * (i % of) as f64 / of as f64;
        let twiddle = |g: usize, j: usize| {
            let (sin, cos) = angle(rest, g * j).sin_cos();
            [T::of(cos), T::of(sin), T::of(-sin)]
        };
        passes.push(Pass {
            radix,
            groups,
            stride,
            twiddles: (0..groups).flat_map(|g| (1..radix).flat_map(move |j| twiddle(g, j))).collect(),
            circle: [f64::cos, f64::sin]
                .iter()
                .flat_map(|f| (0..radix).map(move |i| T::of(f(-angle(radix, i)))))
                .collect(),
        });
        (rest, stride) = (groups, stride * radix);
    }
    passes
}

impl<T: Element> Pass<T> {
    /// Transforms the numbers of all signals from one memory to another; real and imaginary parts begin at `parts`.
    ///
    /// # Safety
    /// Both hold r s m numbers of `N` signals.
    #[inline(always)]
    pub unsafe fn run<L: Lanes<T>>(&self, from: *const T, to: *mut T, parts: [usize; 2]) {
        match self.radix {
            2 => self.sums::<L, 2>(from, to, parts),
            4 => self.sums::<L, 4>(from, to, parts),
            8 => self.sums::<L, 8>(from, to, parts),
            3 => self.odd::<L, 1>(3, from, to, parts),
            5 => self.odd::<L, 2>(5, from, to, parts),
            7 => self.odd::<L, 3>(7, from, to, parts),
            radix => self.odd::<L, { MAX_RADIX / 2 }>(radix, from, to, parts),
        }
    }

    /// Sums over R = 2, 4 or 8 numbers.
    #[inline(always)]
    unsafe fn sums<L: Lanes<T>, const R: usize>(&self, from: *const T, to: *mut T, parts: [usize; 2]) {
        let zero = L::splat(T::zero());
        for g in 0..self.groups {
            let to = to.add(2 * L::N * self.stride * R * g);
            for q in 0..self.stride {
                let mut x = [[zero; 2]; R];
                for k in 0..R {
                    x[k] = load::<T, L>(from, q + self.stride * (g + self.groups * k), parts);
                }
                power_of_two::<T, L, R>(&mut x);
                for j in 0..R {
                    self.put::<L>(to, q, g, j, x[j], parts);
                }
            }
        }
    }

    /// Sums over an odd number r. With a_k = x_k + x_(r-k), d_k = x_k - x_(r-k) for 0 < k < r / 2, of which there are
    /// at most `PAIRS`, u_j = x_0 + sum_k cos(2 pi j k / r) a_k and v_j = sum_k sin(2 pi j k / r) d_k, sum j is
    /// u_j - i v_j, and sum r - j is u_j + i v_j.
    #[inline(always)]
    unsafe fn odd<L: Lanes<T>, const PAIRS: usize>(&self, r: usize, from: *const T, to: *mut T, parts: [usize; 2]) {
        let zero = L::splat(T::zero());
        for g in 0..self.groups {
            let to = to.add(2 * L::N * self.stride * r * g);
            for q in 0..self.stride {
                let (mut a, mut d) = ([MaybeUninit::uninit(); PAIRS], [MaybeUninit::uninit(); PAIRS]);
                let first = load::<T, L>(from, q + self.stride * g, parts);
                let mut sum = first;
                for k in 1..=r / 2 {
                    let x = load::<T, L>(from, q + self.stride * (g + self.groups * k), parts);
                    let y = load::<T, L>(from, q + self.stride * (g + self.groups * (r - k)), parts);
                    let both = plus::<T, L>(x, y);
                    a[k - 1].write(both);
                    d[k - 1].write(minus::<T, L>(x, y));
                    sum = plus::<T, L>(sum, both);
                }
                self.put::<L>(to, q, g, 0, sum, parts);
                for j in 1..=r / 2 {
                    let (mut u, mut v) = (first, [zero; 2]);
                    let mut angle = 0;
                    for k in 0..r / 2 {
                        angle = if angle + j >= r { angle + j - r } else { angle + j };
                        let cos = L::splat(*self.circle.as_ptr().add(angle));
                        let sin = L::splat(*self.circle.as_ptr().add(r + angle));
                        let (a, d) = (a[k].assume_init(), d[k].assume_init());
                        u = [L::fma(a[0], cos, u[0]), L::fma(a[1], cos, u[1])];
                        v = [L::fma(d[0], sin, v[0]), L::fma(d[1], sin, v[1])];
                    }
                    self.put::<L>(to, q, g, j, minus_i::<T, L>(u, v), parts);
                    self.put::<L>(to, q, g, r - j, plus_i::<T, L>(u, v), parts);
                }
            }
        }
    }

    /// Stores result j of group g, times its twiddle factor.
    #[inline(always)]
    unsafe fn put<L: Lanes<T>>(&self, to: *mut T, q: usize, g: usize, j: usize, y: Number<L::V>, parts: [usize; 2]) {
        let y = if j == 0 || g == 0 {
            y
        } else {
            let w = self.twiddles.as_ptr().add(3 * ((self.radix - 1) * g + j - 1));
            times::<T, L>(y, [L::splat(*w), L::splat(*w.add(1)), L::splat(*w.add(2))])
        };
        store::<T, L>(to, q + self.stride * j, y, parts);
    }
}

/// Number `i` of each signal.
#[inline(always)]
pub(super) unsafe fn load<T, L: Lanes<T>>(from: *const T, i: usize, parts: [usize; 2]) -> Number<L::V> {
    let at = from.add(2 * L::N * i);
    [L::load(at.add(parts[0])), L::load(at.add(parts[1]))]
}

/// The inverse of `load`.
#[inline(always)]
pub(super) unsafe fn store<T, L: Lanes<T>>(to: *mut T, i: usize, v: Number<L::V>, parts: [usize; 2]) {
    let at = to.add(2 * L::N * i);
    L::store(at.add(parts[0]), v[0]);
    L::store(at.add(parts[1]), v[1]);
}

/// The sums over R = 2, 4 or 8 numbers, in place.
#[inline(always)]
unsafe fn power_of_two<T: Element, L: Lanes<T>, const R: usize>(x: &mut [Number<L::V>; R]) {
    if R == 2 {
        (x[0], x[1]) = (plus::<T, L>(x[0], x[1]), minus::<T, L>(x[0], x[1]));
    } else if R == 4 {
        [x[0], x[1], x[2], x[3]] = four::<T, L>([x[0], x[1], x[2], x[3]]);
    } else {
        // Sums over four even and four odd numbers.
        let even = four::<T, L>([x[0], x[2], x[4], x[6]]);
        let odd = four::<T, L>([x[1], x[3], x[5], x[7]]);
        // e^(-3 i pi / 4) = -i e^(-i pi / 4)
        let (one, three) = (eighth::<T, L>(odd[1]), eighth::<T, L>(odd[3]));
        (x[0], x[4]) = (plus::<T, L>(even[0], odd[0]), minus::<T, L>(even[0], odd[0]));
        (x[1], x[5]) = (plus::<T, L>(even[1], one), minus::<T, L>(even[1], one));
        (x[2], x[6]) = (minus_i::<T, L>(even[2], odd[2]), plus_i::<T, L>(even[2], odd[2]));
        (x[3], x[7]) = (minus_i::<T, L>(even[3], three), plus_i::<T, L>(even[3], three));
    }
}

/// The sums over four numbers.
#[inline(always)]
unsafe fn four<T, L: Lanes<T>>([a, b, c, d]: [Number<L::V>; 4]) -> [Number<L::V>; 4] {
    let (ac, bd) = (plus::<T, L>(a, c), plus::<T, L>(b, d));
    let (a_c, b_d) = (minus::<T, L>(a, c), minus::<T, L>(b, d));
    [plus::<T, L>(ac, bd), minus_i::<T, L>(a_c, b_d), minus::<T, L>(ac, bd), plus_i::<T, L>(a_c, b_d)]
}

/// v e^(-i pi / 4)
#[inline(always)]
unsafe fn eighth<T: Element, L: Lanes<T>>(v: Number<L::V>) -> Number<L::V> {
    let half = L::splat(T::of(std::f64::consts::FRAC_1_SQRT_2));
    [L::mul(L::add(v[0], v[1]), half), L::mul(L::sub(v[1], v[0]), half)]
}
