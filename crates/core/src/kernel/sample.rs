//! Images sampled at given positions on the CPU, and the gradients of that.
//!
//! Each position has a window of K x K pixels inside the image, with a weight for each row and column. Windows are
//! computed once for all channels, and for all images that share the positions; then the values are loaded window by
//! window and weighted in vectors.

mod forward;
mod grid;
mod image;
mod part;
mod shape;
mod tile;
mod windows;

pub(crate) use forward::forward;
pub(crate) use grid::by_grid;
pub(crate) use image::by_image;
pub(crate) use shape::{Rule, SampleShape};
