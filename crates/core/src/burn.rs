//! What the core uses of burn: operators that are dispatched to a device, their tensors, and the CPU's storage.

pub(crate) use burn_backend::*;
pub(crate) use burn_dispatch::backend::*;
pub(crate) use burn_dispatch::device::*;
pub(crate) use burn_dispatch::devices::*;
pub(crate) use burn_dispatch::tensor::*;
pub(crate) use burn_flex::{FlexTensor, Layout};
pub(crate) use burn_std::IndexingUpdateOp;
