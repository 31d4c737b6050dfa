//! Fourier transforms on the CPU for every size, in float32 and float64: complex tensors in any layout, real images by
//! half of their spectrum.

mod block;
mod chirp;
mod complex;
mod half;
mod lanes;
mod layout;
mod lines;
mod packed;
mod plan;
mod product;
mod radix;
mod real;
mod rows;
mod smooth;

pub(crate) use complex::{complex, ComplexFft};
pub(crate) use half::ImageSize;
pub(crate) use plan::memory;
pub(crate) use product::product;
pub(crate) use real::{filter, from_half, to_half};
