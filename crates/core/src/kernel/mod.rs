//! CPU kernels that are faster than burn's: convolutions (`conv`), batch norm, pooling, Adam, single passes over large
//! arrays (`strided`, `pointwise`, `sums`, `layout`, `select`), Fourier transforms (`fourier`), the Radon transform
//! (`radon`), resampling to another size (`resample`) or at given positions (`sample`), denoising by similar patches
//! (`non_local`). They take slices and shapes;
//! `storage` knows which tensors have slices, and `ops` what to do for the others.
//!
//! The shape alone decides how work is divided and in which order sums are taken, so results are bit-identical on any
//! number of threads.

pub(crate) mod adam;
mod axes;
pub mod conv;
pub(crate) mod element;
pub(crate) mod formula;
pub(crate) mod fourier;
pub(crate) mod layout;
pub(crate) mod lerp;
pub(crate) mod loss_scale;
pub(crate) mod moves;
pub(crate) mod non_local;
pub(crate) mod norm;
pub(crate) mod parallel;
pub(crate) mod pointwise;
pub(crate) mod pool;
pub(crate) mod product;
pub(crate) mod radon;
pub(crate) mod resample;
pub(crate) mod sample;
pub(crate) mod select;
pub(crate) mod simd;
pub(crate) mod softmax;
pub(crate) mod strided;
pub(crate) mod sums;
pub(crate) mod variation;
pub(crate) mod warp;
#[cfg(any(feature = "threads", feature = "workers"))]
pub mod workers;

pub use conv::{force, named, Kernel};
#[cfg(feature = "workers")]
pub use parallel::free_scratch;
