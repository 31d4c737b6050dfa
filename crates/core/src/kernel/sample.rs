//! Images sampled at given positions on the processor, and the derivatives of that. Positions and weights are computed once for all channels, in float64.

use super::parallel::{each, unwritten, Shared};
use super::value::Real;
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

/// The samples around a position along one axis: places, weights, and derivatives of the weights by the grid's coordinate.
#[derive(Clone, Copy)]
struct Axis<const K: usize> {
    at: [usize; K],
    weight: [f64; K],
    slope: [f64; K],
}

impl Rule {
    /// A position brought into the image, and the derivative of that.
    fn fold(&self, x: f64, n: f64) -> (f64, f64) {
        let (x, slope) = match self.outside {
            Outside::Zeros => return (x, 1.0),
            Outside::Border => (x, 1.0),
            Outside::Reflection => {
                let (low, span) = if self.align { (0.0, n - 1.0) } else { (-0.5, n) };
                if span <= 0.0 {
                    return (0.0 * x, 0.0);
                }
                let sign = |t: f64| if t == 0.0 { 0.0 } else { t.signum() };
                let shifted = (x - low).abs();
                let within = shifted - 2.0 * span * (shifted * (0.5 / span)).floor();
                (span - (within - span).abs() + low, -sign(x - low) * sign(within - span))
            }
        };
        (x.clamp(0.0, n - 1.0), if (0.0..=n - 1.0).contains(&x) { slope } else { 0.0 })
    }

    fn axis<const K: usize>(&self, coordinate: f64, n: usize) -> Axis<K> {
        let n = n as f64;
        let scale = if self.align { (n - 1.0) / 2.0 } else { n / 2.0 };
        let position = coordinate * scale + (n - 1.0) / 2.0;
        // The cubic kernel goes on beyond the border; there its samples are brought into the image, else the position.
        let (position, slope) = if K == 4 { (position, 1.0) } else { self.fold(position, n) };
        let base = if K == 1 { position.round_ties_even() } else { position.floor() };
        let t = position - base;
        let (first, mut weight, mut slopes) = match K {
            1 => (base, [1.0, 0.0, 0.0, 0.0], [0.0; 4]),
            2 => (base, [1.0 - t, t, 0.0, 0.0], [-1.0, 1.0, 0.0, 0.0]),
            _ => {
                let [w, s] = cubic(t);
                (base - 1.0, w, s)
            }
        };
        let mut at = [0; K];
        for k in 0..K {
            let place = self.fold(first + k as f64, n).0;
            let inside = f64::from(u8::from((0.0..=n - 1.0).contains(&place)));
            weight[k] *= inside;
            slopes[k] *= inside * slope * scale;
            at[k] = place.clamp(0.0, n - 1.0) as usize;
        }
        Axis { at, weight: std::array::from_fn(|k| weight[k]), slope: std::array::from_fn(|k| slopes[k]) }
    }

    /// Rows and columns around the positions of `grid` (x, y).
    fn axes<T: Real + Into<f64>, const K: usize>(&self, grid: &[T], s: &Sizes) -> Vec<(Axis<K>, Axis<K>)> {
        grid.chunks_exact(2).map(|p| (self.axis(p[1].into(), s.height), self.axis(p[0].into(), s.width))).collect()
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
        let axes = rule.axes::<T, K>(&grid[2 * (image * s.positions + first)..][..2 * some], s);
        let axes: Vec<_> = axes.iter().map(|(r, c)| (r.at.map(|i| i * s.width), r.weight.map(T::of), c.at, c.weight.map(T::of))).collect();
        for channel in image * s.channels..(image + 1) * s.channels {
            let x = &x[channel * pixels..][..pixels];
            // SAFETY: these positions are this piece's.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(channel * s.positions + first), some) };
            for (y, (rows, down, columns, right)) in to.iter_mut().zip(&axes) {
                *y = T::zero();
                for i in 0..K {
                    let mut line = T::zero();
                    (0..K).for_each(|j| line += right[j] * x[rows[i] + columns[j]]);
                    *y += down[i] * line;
                }
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
    let groups = if s.batch < 8 { s.channels } else { 1 };
    let channels = s.channels / groups.max(1);
    each(s.batch * groups, s.batch * s.channels * s.positions > HEAVY, |piece| {
        let image = piece / groups;
        for first in (0..s.positions).step_by(TOGETHER) {
            let some = TOGETHER.min(s.positions - first);
            let axes = rule.axes::<T, K>(&grid[2 * (image * s.positions + first)..][..2 * some], s);
            for channel in piece * channels..(piece + 1) * channels {
                // SAFETY: these channels are this piece's.
                let dx = unsafe { std::slice::from_raw_parts_mut(to.at(channel * pixels), pixels) };
                for (&g, (rows, columns)) in g[channel * s.positions + first..][..some].iter().zip(&axes) {
                    for i in 0..K {
                        let down = g * T::of(rows.weight[i]);
                        (0..K).for_each(|j| dx[rows.at[i] * s.width + columns.at[j]] += down * T::of(columns.weight[j]));
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
        let axes = rule.axes::<T, K>(&grid[2 * start..][..2 * some], s);
        let axes: Vec<_> = axes.iter().map(|(r, c)| (r.at, c.at, [r.weight, r.slope, c.weight, c.slope].map(|w| w.map(T::of)))).collect();
        // SAFETY: as above.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(2 * start), 2 * some) };
        to.fill(T::zero());
        for channel in image * s.channels..(image + 1) * s.channels {
            let (x, g) = (&x[channel * pixels..][..pixels], &g[channel * s.positions + first..][..some]);
            for ((to, &g), (rows, columns, [down, by_row, right, by_column])) in to.chunks_exact_mut(2).zip(g).zip(&axes) {
                let (mut dx, mut dy) = (T::zero(), T::zero());
                for i in 0..K {
                    let (mut line, mut slope) = (T::zero(), T::zero());
                    for j in 0..K {
                        let v = x[rows[i] * s.width + columns[j]];
                        line += right[j] * v;
                        slope += by_column[j] * v;
                    }
                    dx += down[i] * slope;
                    dy += by_row[i] * line;
                }
                to[0] += g * dx;
                to[1] += g * dy;
            }
        }
    });
    out
}
