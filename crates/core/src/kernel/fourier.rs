//! Fourier transforms on the CPU for every size, in float32 and float64: complex tensors in any layout, real images by
//! half of their spectrum.

mod columns;
mod complex;
mod half;
mod layout;
mod packed;
mod plan;
mod product;
mod real;
mod rows;

pub(crate) use complex::{complex, ComplexFft};
pub(crate) use half::ImageSize;
pub(crate) use product::product;
pub(crate) use real::{filter, from_half, to_half};
