//! CPU kernels that are faster than burn's: convolutions (`conv`), batch norm, pooling, Adam, single passes over large
//! tensors (`map`, `layout`, `pointwise`), Fourier transforms (`fourier`), the Radon transform (`radon`), resampling to
//! another size (`resample`) or at given positions (`sample`). Other devices and element types use burn.
//!
//! The shape alone decides how work is divided and in which order sums are taken, so results are bit-identical on any
//! number of threads.

pub(crate) mod adam;
mod axes;
pub mod conv;
pub(crate) mod fourier;
pub(crate) mod layout;
pub(crate) mod map;
pub(crate) mod norm;
pub(crate) mod parallel;
pub(crate) mod pointwise;
pub(crate) mod pool;
pub(crate) mod radon;
pub(crate) mod resample;
pub(crate) mod sample;
pub(crate) mod select;
mod simd;
pub(crate) mod value;
pub(crate) mod variation;
pub(crate) mod view;
pub(crate) mod warp;

pub use conv::{force, named, Kernel};
