//! What is sampled, and how.

use crate::sampling::{Interpolation, Outside};

/// How images are sampled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub mode: Interpolation,
    pub outside: Outside,
    pub align: bool,
}

/// The shapes of image and output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SampleShape {
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Rows and columns of the output: one position each.
    pub out: [usize; 2],
}

impl SampleShape {
    /// Positions of an image.
    pub fn positions(&self) -> usize {
        self.out[0] * self.out[1]
    }
    /// Sets of positions: one for all images, or one per image.
    pub fn sets<T>(&self, grid: &[T]) -> usize {
        grid.len() / (2 * self.positions())
    }
}

/// Calls a generic function with the number of samples per axis that the interpolation takes.
macro_rules! by_mode {
    ($rule:expr, $name:ident($($arg:expr),*)) => {
        match $rule.mode {
            Interpolation::Nearest => $name::<T, 1>($($arg),*),
            Interpolation::Bilinear => $name::<T, 2>($($arg),*),
            Interpolation::Bicubic => $name::<T, 4>($($arg),*),
        }
    };
}
pub(super) use by_mode;

/// Reflects x at `low` and `low + span`, as often as needed; and the derivative of that.
#[inline(always)]
pub(crate) fn reflect(x: f64, low: f64, span: f64) -> (f64, f64) {
    let sign = |t: f64| f64::from(i8::from(t > 0.0) - i8::from(t < 0.0));
    let shifted = (x - low).abs();
    let within = shifted - 2.0 * span * (shifted * (0.5 / span)).floor();
    (span - (within - span).abs() + low, -sign(x - low) * sign(within - span))
}
