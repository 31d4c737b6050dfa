//! The core of adjoint: tensors on a device, the gradient tape, kernels and random streams.
//! It knows no loss, no physics and no image.
#![warn(missing_docs)]
// The compiler allows it because its standard library is built from sources.
#![cfg_attr(feature = "workers", feature(stdarch_wasm_atomic_wait))]

pub mod allocation;
pub mod device;
mod draw;
pub mod error;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "gpu/absent.rs"]
mod gpu;
mod id_map;
pub mod kernel;
pub mod ops;
pub mod passes;
pub mod random;
mod recompute;
pub mod sampling;
pub mod session;
mod storage;
pub mod surface;
pub mod tape;
pub mod tensor;

pub use device::Device;
pub use error::{Error, Result};
pub use tensor::{memory, Constant, DType, Data, Tensor};
