//! burn's operators of tensors on the CPU alone, `None` for tensors on a GPU. GPUs compute those of the core, and where
//! a function dispatches, burn's kernels for GPUs are compiled too, of which the WebAssembly module with WebGPU would
//! mostly consist.

use crate::operators::Dispatch;
use burn_backend::ops::{ActivationOps, BoolTensorOps, ConvOptions, ConvTransposeOptions, FloatTensorOps, ModuleOps};
use burn_backend::{BoolDType, IntDType, Scalar};
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

macro_rules! comparisons {
    ($($name:ident, $with_number:ident;)*) => {
        impl Dispatch {$(
            #[doc = concat!("1 where burn's `", stringify!($name), "` holds, else 0; `None` for tensors on a GPU.")]
            #[inline(never)]
            pub fn $name(lhs: Tensor, rhs: Tensor) -> Option<Tensor> {
                let (lhs, rhs) = (on_cpu(lhs)?, on_cpu(rhs)?);
                let dtype = lhs.dtype().into();
                Some(tensor(Flex::bool_into_float(Flex::$name(lhs, rhs, BoolDType::Native), dtype)))
            }
            #[doc = concat!("As `", stringify!($name), "`, with a number.")]
            #[inline(never)]
            pub fn $with_number(lhs: Tensor, rhs: Scalar) -> Option<Tensor> {
                let lhs = on_cpu(lhs)?;
                let dtype = lhs.dtype().into();
                Some(tensor(Flex::bool_into_float(Flex::$with_number(lhs, rhs, BoolDType::Native), dtype)))
            }
        )*}
    };
}
comparisons! {
    float_equal, float_equal_elem;
    float_not_equal, float_not_equal_elem;
    float_greater, float_greater_elem;
    float_greater_equal, float_greater_equal_elem;
    float_lower, float_lower_elem;
    float_lower_equal, float_lower_equal_elem;
}

impl Dispatch {
    /// burn's operator `float_matmul`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn float_matmul(lhs: Tensor, rhs: Tensor) -> Option<Tensor> {
        Some(tensor(Flex::float_matmul(on_cpu(lhs)?, on_cpu(rhs)?)))
    }

    /// `yes` where the condition is not 0, else `no`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn float_where(condition: Tensor, yes: Tensor, no: Tensor) -> Option<Tensor> {
        let mask = Flex::float_not_equal_elem(on_cpu(condition)?, Scalar::Float(0.0), BoolDType::Native);
        Some(tensor(Flex::float_mask_where(on_cpu(no)?, mask, on_cpu(yes)?)))
    }

    /// burn's operator `float_clamp_min`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn float_clamp_min(x: Tensor, least: Scalar) -> Option<Tensor> {
        Some(tensor(Flex::float_clamp_min(on_cpu(x)?, least)))
    }

    /// burn's operator `float_clamp_max`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn float_clamp_max(x: Tensor, most: Scalar) -> Option<Tensor> {
        Some(tensor(Flex::float_clamp_max(on_cpu(x)?, most)))
    }

    /// burn's operator `relu`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn relu(x: Tensor) -> Option<Tensor> {
        Some(tensor(Flex::relu(on_cpu(x)?)))
    }

    /// burn's operator `relu_backward`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn relu_backward(output: Tensor, grad: Tensor) -> Option<Tensor> {
        Some(tensor(Flex::relu_backward(on_cpu(output)?, on_cpu(grad)?)))
    }

    /// burn's operator `sigmoid`; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn sigmoid(x: Tensor) -> Option<Tensor> {
        Some(tensor(Flex::sigmoid(on_cpu(x)?)))
    }

    /// burn's operator `max_pool2d_with_indices`, values and places; `None` for tensors on a GPU.
    #[inline(never)]
    pub fn max_pool2d(
        x: Tensor,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
        dilation: [usize; 2],
        places: IntDType,
    ) -> Option<[Tensor; 2]> {
        let found = Flex::max_pool2d_with_indices(on_cpu(x)?, kernel, stride, padding, dilation, false, places);
        let places = DispatchTensorKind::Flex(BackendTensor::Int(found.indices));
        Some([tensor(found.output), Tensor { kind: places, autodiff: Default::default() }])
    }

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
