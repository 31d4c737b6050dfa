//! The element types of kernels.

use crate::allocation::Zero;
use rustfft::FftNum;

/// Element type of kernels that are generic over float32 and float64.
pub(crate) trait Element: FftNum + Zero + PartialOrd + std::ops::AddAssign + Into<f64> {
    /// The nearest value.
    fn of(v: f64) -> Self;
}

impl Element for f32 {
    fn of(v: f64) -> f32 {
        v as f32
    }
}

impl Element for f64 {
    fn of(v: f64) -> f64 {
        v
    }
}
