//! What the core uses of burn: operators that are dispatched to a device, their tensors, and the CPU's storage.
#![warn(missing_docs)]

mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
mod operators;

pub use burn_backend::*;
pub use burn_dispatch::device::*;
pub use burn_dispatch::devices::*;
pub use burn_dispatch::tensor::*;
pub use burn_flex::{FlexTensor, Layout};
pub use burn_std::IndexingUpdateOp;
pub use operators::Dispatch;
