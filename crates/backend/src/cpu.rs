//! burn's convolutions, of tensors on the CPU alone. GPUs compute those of the core, and where a function dispatches,
//! burn's kernels for GPUs are compiled too: a twentieth of the WebAssembly module with WebGPU.

use crate::operators::Dispatch;
use burn_backend::ops::{ConvOptions, ConvTransposeOptions, ModuleOps};
use burn_dispatch::tensor::{BackendTensor, DispatchTensor as Tensor, DispatchTensorKind};
use burn_flex::{Flex, FlexTensor};

fn on_cpu(tensor: Tensor) -> Option<FlexTensor> {
    match tensor.kind {
        DispatchTensorKind::Flex(BackendTensor::Float(t)) => Some(t),
        _ => None,
    }
}

fn tensor(t: FlexTensor) -> Tensor {
    Tensor { kind: DispatchTensorKind::Flex(BackendTensor::Float(t)), autodiff: Default::default() }
}

impl Dispatch {
    /// burn's operator `conv2d`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn conv2d(x: Tensor, weight: Tensor, options: ConvOptions<2>) -> Option<Tensor> {
        Some(tensor(Flex::conv2d(on_cpu(x)?, on_cpu(weight)?, None, options)))
    }

    /// burn's operator `conv2d_weight_backward`, for a weight of the shape of `weight`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn conv2d_weight_backward(
        x: Tensor,
        weight: Tensor,
        output_grad: Tensor,
        options: ConvOptions<2>,
    ) -> Option<Tensor> {
        Some(tensor(Flex::conv2d_weight_backward(on_cpu(x)?, on_cpu(weight)?, on_cpu(output_grad)?, options)))
    }

    /// burn's operator `conv_transpose2d`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn conv_transpose2d(x: Tensor, weight: Tensor, options: ConvTransposeOptions<2>) -> Option<Tensor> {
        Some(tensor(Flex::conv_transpose2d(on_cpu(x)?, on_cpu(weight)?, None, options)))
    }
}
