//! Images sampled at given positions on the processor, and the derivatives of that. Positions and weights are computed once for all channels, in float64.

use super::parallel::{each, unwritten, Shared};
use super::simd::{entry, Simd};
use super::value::{level, Real};
use crate::ops::sample::{cubic, Mode, Outside};

/// How images are sampled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub mode: Mode,
    pub outside: Outside,
    pub align: bool,
}

/// Sizes of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Positions for each image.
    pub positions: usize,
}

/// Positions that are worked on together.
const TOGETHER: usize = 64;
/// From so many values on, threads pay.
const HEAVY: usize = 1 << 13;

/// The samples around some positions along one axis: places, weights, and derivatives of the weights by the grid's coordinate.
struct Axis<'a> {
    at: &'a mut [[i32; TOGETHER]],
    weight: &'a mut [[f64; TOGETHER]],
    slope: &'a mut [[f64; TOGETHER]],
}

/// A position brought into the image, and the derivative of that. 0 leaves it, 1 repeats the border, 2 mirrors.
#[inline(always)]
fn fold<const OUTSIDE: u8>(align: bool, x: f64, n: f64) -> (f64, f64) {
    let sign = |t: f64| f64::from(i8::from(t > 0.0) - i8::from(t < 0.0));
    let (x, slope) = match OUTSIDE {
        0 => return (x, 1.0),
        1 => (x, 1.0),
        _ => {
            let (low, span) = if align { (0.0, n - 1.0) } else { (-0.5, n) };
            if span <= 0.0 {
                return (0.0 * x, 0.0);
            }
            let shifted = (x - low).abs();
            let within = shifted - 2.0 * span * (shifted * (0.5 / span)).floor();
            (span - (within - span).abs() + low, -sign(x - low) * sign(within - span))
        }
    };
    (x.clamp(0.0, n - 1.0), if x >= 0.0 && x <= n - 1.0 { slope } else { 0.0 })
}

/// The axis of `n` pixels around the coordinates (every second number of `grid`), K samples each.
#[inline(always)]
fn around<const OUTSIDE: u8, const K: usize>(align: bool, grid: &[f64; TOGETHER], n: usize, out: &mut Axis) {
    let n = n as f64;
    let scale = if align { (n - 1.0) / 2.0 } else { n / 2.0 };
    let (mut first, mut rest, mut slopes) = ([0.0; TOGETHER], [0.0; TOGETHER], [0.0; TOGETHER]);
    for p in 0..TOGETHER {
        let position = grid[p] * scale + (n - 1.0) / 2.0;
        // The cubic kernel goes on beyond the border; there its samples are brought into the image, else the position.
        let (position, slope) = if K == 4 { (position, 1.0) } else { fold::<OUTSIDE>(align, position, n) };
        let base = if K == 1 { position.round_ties_even() } else { position.floor() };
        first[p] = base - if K == 4 { 1.0 } else { 0.0 };
        rest[p] = position - base;
        slopes[p] = slope * scale;
    }
    for k in 0..K {
        for p in 0..TOGETHER {
            let t = rest[p];
            let (weight, slope) = match (K, k) {
                (1, _) => (1.0, 0.0),
                (2, 0) => (1.0 - t, -1.0),
                (2, _) => (t, 1.0),
                _ => {
                    let [weights, slopes] = cubic(t);
                    (weights[k], slopes[k])
                }
            };
            let place = fold::<OUTSIDE>(align, first[p] + k as f64, n).0;
            let inside = if place >= 0.0 && place <= n - 1.0 { 1.0 } else { 0.0 };
            out.weight[k][p] = weight * inside;
            out.slope[k][p] = slope * inside * slopes[p];
            // SAFETY: from 0 to the size of an axis; `max` gives 0 for what is not a number.
            out.at[k][p] = unsafe { place.max(0.0).min(n - 1.0).to_int_unchecked() };
        }
    }
}

#[inline(always)]
fn axis_of<S: Simd>(_: S, rule: &Rule, grid: &[f64; TOGETHER], n: usize, out: &mut Axis) {
    use {Mode::*, Outside::*};
    match (rule.outside, rule.mode) {
        (Zeros, Nearest) => around::<0, 1>(rule.align, grid, n, out),
        (Zeros, Bilinear) => around::<0, 2>(rule.align, grid, n, out),
        (Zeros, Bicubic) => around::<0, 4>(rule.align, grid, n, out),
        (Border, Nearest) => around::<1, 1>(rule.align, grid, n, out),
        (Border, Bilinear) => around::<1, 2>(rule.align, grid, n, out),
        (Border, Bicubic) => around::<1, 4>(rule.align, grid, n, out),
        (Reflection, Nearest) => around::<2, 1>(rule.align, grid, n, out),
        (Reflection, Bilinear) => around::<2, 2>(rule.align, grid, n, out),
        (Reflection, Bicubic) => around::<2, 4>(rule.align, grid, n, out),
    }
}
entry! { fn axis(rule: &Rule, grid: &[f64; TOGETHER], n: usize, out: &mut Axis) = axis_of }

/// What all channels share at some positions, in the type of the image.
struct Places<T, const K: usize> {
    /// Where rows begin.
    rows: [[u32; TOGETHER]; K],
    columns: [[u32; TOGETHER]; K],
    down: [[T; TOGETHER]; K],
    right: [[T; TOGETHER]; K],
    by_row: [[T; TOGETHER]; K],
    by_column: [[T; TOGETHER]; K],
}

impl<T: Real + Into<f64>, const K: usize> Places<T, K> {
    fn new() -> Self {
        let (places, zeros) = ([[0; TOGETHER]; K], [[T::zero(); TOGETHER]; K]);
        Self { rows: places, columns: places, down: zeros, right: zeros, by_row: zeros, by_column: zeros }
    }
    /// Those around at most `TOGETHER` positions (x, y); derivatives too, if asked for.
    fn fill(&mut self, rule: &Rule, grid: &[T], s: &Sizes, derivatives: bool) {
        let mut coordinates = [[0.0; TOGETHER]; 2];
        for (p, pair) in grid.chunks_exact(2).enumerate() {
            (coordinates[0][p], coordinates[1][p]) = (pair[0].into(), pair[1].into());
        }
        let (mut at, mut weight, mut slope) = ([[0; TOGETHER]; K], [[0.0; TOGETHER]; K], [[0.0; TOGETHER]; K]);
        let mut around = |grid: &[f64; TOGETHER], n: usize, step: usize, to: [&mut [[T; TOGETHER]; K]; 2], places: &mut [[u32; TOGETHER]; K]| {
            // SAFETY: `level` is what the processor has.
            unsafe { axis(level(), rule, grid, n, &mut Axis { at: &mut at, weight: &mut weight, slope: &mut slope }) };
            let [weights, slopes] = to;
            for k in 0..K {
                places[k].iter_mut().zip(&at[k]).for_each(|(to, &i)| *to = i as u32 * step as u32);
                weights[k].iter_mut().zip(&weight[k]).for_each(|(to, &w)| *to = T::of(w));
                if derivatives {
                    slopes[k].iter_mut().zip(&slope[k]).for_each(|(to, &w)| *to = T::of(w));
                }
            }
        };
        around(&coordinates[1], s.height, s.width, [&mut self.down, &mut self.by_row], &mut self.rows);
        around(&coordinates[0], s.width, 1, [&mut self.right, &mut self.by_column], &mut self.columns);
    }
    /// The place of sample (i, j) of position p.
    #[inline(always)]
    fn at(&self, p: usize, i: usize, j: usize) -> usize {
        (self.rows[i][p] + self.columns[j][p]) as usize
    }
}

/// Calls a function for the number of samples along an axis.
macro_rules! by_mode {
    ($rule:expr, $name:ident($($arg:expr),*)) => {
        match $rule.mode {
            Mode::Nearest => $name::<T, 1>($($arg),*),
            Mode::Bilinear => $name::<T, 2>($($arg),*),
            Mode::Bicubic => $name::<T, 4>($($arg),*),
        }
    };
}

/// [B, C, positions] of x [B, C, H, W].
pub(crate) fn forward<T: Real + Into<f64>>(x: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    by_mode!(rule, forward_of(x, grid, s, rule))
}

fn forward_of<T: Real + Into<f64>, const K: usize>(x: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    let (pixels, pieces) = (s.height * s.width, s.positions.div_ceil(TOGETHER));
    // SAFETY: each piece writes its positions of all channels, and they cover everything.
    let mut y = unsafe { unwritten(s.batch * s.channels * s.positions) };
    let to = Shared::new(&mut y);
    each(s.batch * pieces, s.batch * s.channels * s.positions > HEAVY, |piece| {
        let (image, first) = (piece / pieces, piece % pieces * TOGETHER);
        let some = TOGETHER.min(s.positions - first);
        let mut places = Places::<T, K>::new();
        places.fill(rule, &grid[2 * (image * s.positions + first)..][..2 * some], s, false);
        for channel in image * s.channels..(image + 1) * s.channels {
            let x = &x[channel * pixels..][..pixels];
            // SAFETY: these positions are this piece's.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(channel * s.positions + first), some) };
            for (p, y) in to.iter_mut().enumerate() {
                let mut sum = T::zero();
                for i in 0..K {
                    let mut line = T::zero();
                    // SAFETY: places lie in the image.
                    (0..K).for_each(|j| line += places.right[j][p] * unsafe { *x.get_unchecked(places.at(p, i, j)) });
                    sum += places.down[i][p] * line;
                }
                *y = sum;
            }
        }
    });
    y
}

/// The gradient by x, for the gradient g [B, C, positions] of the samples.
pub(crate) fn by_image<T: Real + Into<f64>>(g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    by_mode!(rule, by_image_of(g, grid, s, rule))
}

fn by_image_of<T: Real + Into<f64>, const K: usize>(g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    let pixels = s.height * s.width;
    let mut dx = vec![T::zero(); s.batch * s.channels * pixels];
    let to = Shared::new(&mut dx);
    // Positions may meet in a pixel, so an image is one piece of work; of few images, each channel.
    let groups = if s.batch < 4 { s.channels } else { 1 };
    let channels = s.channels / groups.max(1);
    each(s.batch * groups, s.batch * s.channels * s.positions > HEAVY, |piece| {
        let image = piece / groups;
        let mut places = Places::<T, K>::new();
        for first in (0..s.positions).step_by(TOGETHER) {
            let some = TOGETHER.min(s.positions - first);
            places.fill(rule, &grid[2 * (image * s.positions + first)..][..2 * some], s, false);
            for channel in piece * channels..(piece + 1) * channels {
                // SAFETY: these channels are this piece's.
                let dx = unsafe { std::slice::from_raw_parts_mut(to.at(channel * pixels), pixels) };
                for (p, &g) in g[channel * s.positions + first..][..some].iter().enumerate() {
                    for i in 0..K {
                        let down = g * places.down[i][p];
                        // SAFETY: as above.
                        (0..K).for_each(|j| unsafe { *dx.get_unchecked_mut(places.at(p, i, j)) += down * places.right[j][p] });
                    }
                }
            }
        }
    });
    dx
}

/// The gradient by the grid.
pub(crate) fn by_grid<T: Real + Into<f64>>(x: &[T], g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    by_mode!(rule, by_grid_of(x, g, grid, s, rule))
}

fn by_grid_of<T: Real + Into<f64>, const K: usize>(x: &[T], g: &[T], grid: &[T], s: &Sizes, rule: &Rule) -> Vec<T> {
    let (pixels, pieces) = (s.height * s.width, s.positions.div_ceil(TOGETHER));
    // SAFETY: each piece writes its positions, and they cover everything.
    let mut out = unsafe { unwritten(2 * s.batch * s.positions) };
    let to = Shared::new(&mut out);
    each(s.batch * pieces, s.batch * s.channels * s.positions > HEAVY, |piece| {
        let (image, first) = (piece / pieces, piece % pieces * TOGETHER);
        let some = TOGETHER.min(s.positions - first);
        let start = image * s.positions + first;
        let mut places = Places::<T, K>::new();
        places.fill(rule, &grid[2 * start..][..2 * some], s, true);
        // SAFETY: as above.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(2 * start), 2 * some) };
        to.fill(T::zero());
        for channel in image * s.channels..(image + 1) * s.channels {
            let (x, g) = (&x[channel * pixels..][..pixels], &g[channel * s.positions + first..][..some]);
            for (p, (to, &g)) in to.chunks_exact_mut(2).zip(g).enumerate() {
                let (mut dx, mut dy) = (T::zero(), T::zero());
                for i in 0..K {
                    let (mut line, mut slope) = (T::zero(), T::zero());
                    for j in 0..K {
                        // SAFETY: places lie in the image.
                        let v = unsafe { *x.get_unchecked(places.at(p, i, j)) };
                        line += places.right[j][p] * v;
                        slope += places.by_column[j][p] * v;
                    }
                    dx += places.down[i][p] * slope;
                    dy += places.by_row[i][p] * line;
                }
                to[0] += g * dx;
                to[1] += g * dy;
            }
        }
    });
    out
}
