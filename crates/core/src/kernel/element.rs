//! The element types of kernels.

use crate::allocation::Zero;
use num_traits::Signed;
use std::fmt::Debug;
use std::ops::AddAssign;

/// Element type of kernels that are generic over float32 and float64.
pub(crate) trait Element:
    Copy + Signed + PartialOrd + Zero + AddAssign + Into<f64> + Debug + Send + Sync + 'static
{
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
