//! Convolutions as implicit products of matrices on the tensor cores of NVIDIA GPUs: operands in float32, which the
//! kernel rounds to TF32, or in a type of 16 bits; sums and results in float32.

use super::{CubeTensor, Shape};
use burn_backend::cubecl::dtype_to_storage_type;
use burn_backend::ops::conv::calculate_conv_output_sizes;
use burn_backend::ops::ConvOptions;
use burn_backend::DType;
use burn_cubecl::kernel;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::ops::{permute_nchw_to_nhwc, permute_nchw_to_nhwc_shape, permute_nhwc_to_nchw};
use cubek::convolution::{
    launch_ref, AcceleratedTileKind, ConvAlgorithm, ConvolutionArgs, ConvolutionInputs, Strategy,
};
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::std::InputBinding;

/// Types of operands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operands {
    /// As they are.
    Float32,
    /// Rounded before the product.
    Bf16,
    /// Rounded before the product.
    F16,
}

/// The convolution; `None` where there is no such kernel.
#[inline(never)]
pub fn forward(x: CubeTensor, weight: CubeTensor, options: ConvOptions<2>, types: Operands) -> Option<CubeTensor> {
    let [x, weight] = [x, weight].map(|t| permute_nchw_to_nhwc(rounded(t, types)));
    let (size, kernel) = (x.meta.shape(), weight.meta.shape());
    let mut shape =
        calculate_conv_output_sizes(&kernel[1..3], &options.stride, &options.padding, &options.dilation, &size[1..3]);
    shape.insert(0, size[0]);
    shape.push(kernel[0]);
    let out = product(x, weight, shape.into(), options, |input, weight, out| ConvolutionInputs::Forward {
        input,
        weight,
        bias: None,
        out: out.binding(),
    });
    out.map(permute_nhwc_to_nchw)
}

/// Its gradient in the weight, of a shape; `None` as of `forward`.
#[inline(never)]
pub fn weight(
    x: CubeTensor,
    gradient: CubeTensor,
    shape: Shape,
    options: ConvOptions<2>,
    types: Operands,
) -> Option<CubeTensor> {
    let [x, gradient] = [x, gradient].map(|t| permute_nchw_to_nhwc(rounded(t, types)));
    let out = product(x, gradient, permute_nchw_to_nhwc_shape(shape), options, |input, out_grad, out| {
        ConvolutionInputs::BackwardWeight { input, out_grad, weight_grad: out.binding() }
    });
    out.map(permute_nhwc_to_nchw)
}

fn rounded(t: CubeTensor, types: Operands) -> CubeTensor {
    match types {
        Operands::Float32 => t,
        Operands::Bf16 => kernel::cast(t, DType::BF16),
        Operands::F16 => kernel::cast(t, DType::F16),
    }
}

fn product(
    a: CubeTensor,
    b: CubeTensor,
    shape: Shape,
    options: ConvOptions<2>,
    inputs: impl FnOnce(InputBinding, InputBinding, CubeTensor) -> ConvolutionInputs,
) -> Option<CubeTensor> {
    if options.groups != 1 {
        return None;
    }
    let out = empty_device_dtype(a.client.clone(), a.device.clone(), shape, DType::F32);
    let [left, right, float] = [a.dtype, b.dtype, DType::F32].map(dtype_to_storage_type);
    let types = MatmulElems::from_globals(&MatmulGlobalElems { lhs: left, rhs: right, out: float });
    let client = a.client.clone();
    let strategy =
        Strategy::Inferred { algorithm: ConvAlgorithm::SimpleSyncCyclic, tile_kind: AcceleratedTileKind::Cmma };
    let inputs = inputs(InputBinding::new(a.binding(), left), InputBinding::new(b.binding(), right), out.clone());
    let padding = options.padding_begin();
    let args = ConvolutionArgs { stride: options.stride, padding, dilation: options.dilation };
    launch_ref::<2>(&strategy, &client, inputs, args, types).ok()?;
    Some(out)
}
