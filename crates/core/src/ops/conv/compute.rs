//! Values of convolutions, off the tape: by our kernels for the CPU or for GPUs, on the tensor cores of a GPU where the
//! program lets operands be rounded, or by burn.

use crate::allocation::{check, product};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::gpu;
use crate::kernel::conv::shape::{ConvShape, Epilogue, Geometry};
use crate::kernel::conv::{conv2d, conv2d_gradients, conv2d_input, conv2d_weight, has_gradients, Gate};
use crate::ops::activation::activate;
use crate::ops::join::cat;
use crate::ops::linalg::matmul;
use crate::ops::reduce::sum;
use crate::ops::shape::{flip, pad, permute, reshape, slice, PadMode};
use crate::storage::{from_vec, Value};
use crate::tensor::{Constant, Tensor};
use adjoint_backend::ops::{ConvOptions, ConvTransposeOptions};
use adjoint_backend::{Dispatch, Shape};

/// The convolution of an image with a weight, plus a bias, then x where x > 0, else slope x.
pub(super) fn forward(
    op: &str,
    conv: &ConvShape,
    [x, weight]: [&Tensor; 2],
    bias: Option<&Tensor>,
    slope: f64,
) -> Result<Value> {
    let shape = [conv.batch, conv.channels[1], conv.out[0], conv.out[1]];
    let by_cpu = by_kernel([x, weight], &shape, |x, w| {
        let bias = match bias {
            Some(b) => Some(b.floats()?),
            None => None,
        };
        conv2d(conv, x, w, Epilogue { bias: bias.as_deref(), slope: slope as f32 })
    });
    if let Some(value) = by_cpu {
        return Ok(value);
    }
    let sums = match on_tensor_cores(&x.value(), &weight.value(), conv) {
        Some(sums) => sums,
        None => {
            if let Some(value) =
                gpu::conv::forward(conv, &x.value(), &weight.value(), bias.map(Tensor::value).as_ref(), slope)
            {
                return Ok(value);
            }
            check_windows(op, [x, weight], conv.depth(), conv.pixels().min(BURN_TILE))?;
            Dispatch::conv2d(x.value(), weight.value(), options(conv)).ok_or_else(|| too_large(op))?
        }
    };
    activate(&Constant::new(plus_bias(sums, bias), &shape, x.device()), slope)
}

/// The adjoint in the input, an image from a gradient and a weight, with an output padding; plus a bias.
pub(super) fn input(
    op: &str,
    conv: &ConvShape,
    [gradient, weight]: [&Tensor; 2],
    bias: Option<&Tensor>,
    output_padding: [usize; 2],
) -> Result<Value> {
    let shape = [conv.batch, conv.channels[0], conv.size[0], conv.size[1]];
    if let Some(value) = by_kernel([gradient, weight], &shape, |g, w| conv2d_input(conv, g, w)) {
        return Ok(plus_bias(value, bias));
    }
    // With stride 1 the transpose is a convolution with the flipped filter.
    let reach = [0, 1].map(|i| conv.span(conv.kernel[i], i) - 1);
    let direct = conv.stride == [1, 1] && (0..2).all(|i| reach[i] >= conv.padding[i]);
    let same = Geometry { padding: [0, 1].map(|i| reach[i].saturating_sub(conv.padding[i])), ..conv.geometry };
    let flip = || Ok(flipped(&weight.detach(), conv.groups)?.value());
    if direct && tensor_cores_may(conv, &gradient.value()) {
        let transposed = ConvShape {
            channels: [conv.channels[1], conv.channels[0]],
            size: conv.out,
            out: conv.size,
            geometry: same,
            ..*conv
        };
        if let Some(value) = on_tensor_cores(&gradient.value(), &flip()?, &transposed) {
            return Ok(plus_bias(value, bias));
        }
    }
    if let Some(value) = gpu::conv::input(conv, &gradient.value(), &weight.value(), bias.map(Tensor::value).as_ref()) {
        return Ok(value);
    }
    if direct {
        check_windows(op, [gradient, weight], conv.channels[1] * conv.taps(), (shape[2] * shape[3]).min(BURN_TILE))?;
        let value = Dispatch::conv2d(gradient.value(), flip()?, options(&same)).ok_or_else(|| too_large(op))?;
        return Ok(plus_bias(value, bias));
    }
    check_windows(op, [gradient, weight], conv.depth(), conv.pixels())?;
    let g = conv.geometry;
    let options = ConvTransposeOptions::new(g.stride, g.padding, output_padding, g.dilation, g.groups);
    let value = Dispatch::conv_transpose2d(gradient.value(), weight.value(), options).ok_or_else(|| too_large(op))?;
    Ok(plus_bias(value, bias))
}

/// The adjoint in the weight, from an image and a gradient.
pub(super) fn weight(op: &str, conv: &ConvShape, [x, gradient]: [&Tensor; 2]) -> Result<Value> {
    let shape = [conv.channels[1], conv.group()[0], conv.kernel[0], conv.kernel[1]];
    if let Some(value) = by_kernel([x, gradient], &shape, |x, g| conv2d_weight(conv, x, g)) {
        return Ok(value);
    }
    #[cfg(feature = "cuda")]
    if let Some(dw) =
        crate::gpu::conv::tensor_cores::conv2d_weight(conv, &x.value(), &gradient.value(), &shape, options(conv))
    {
        return Ok(dw);
    }
    if let Some(value) = gpu::conv::weight(conv, &x.value(), &gradient.value()) {
        return Ok(value);
    }
    if prefers_shifts(x, conv) {
        return Ok(weight_by_shifts(&x.detach(), &gradient.detach(), conv)?.value());
    }
    check_windows(op, [x, gradient], conv.channels[1] * conv.pixels(), conv.taps())?;
    let like = Tensor::full(&shape, 0.0, x.dtype(), x.device())?;
    Dispatch::conv2d_weight_backward(x.value(), like.value(), gradient.value(), options(conv))
        .ok_or_else(|| too_large(op))
}

/// The adjoints in image, weight and, with `bias`, in the bias, of a gradient that is gated by the sign of a tensor, in
/// one kernel of the CPU, where there is one.
pub(super) fn gradients(
    conv: &ConvShape,
    [x, weight, gradient]: [&Tensor; 3],
    gate: Option<(&Tensor, f64)>,
    bias: bool,
) -> Option<[Value; 3]> {
    if !has_gradients(conv) {
        return None;
    }
    let [x, weight, gradient] = [x.floats()?, weight.floats()?, gradient.floats()?];
    let sign = match gate {
        Some((sign, _)) => Some(sign.floats()?),
        None => None,
    };
    let gate = sign.as_deref().zip(gate).map(|(sign, (_, slope))| Gate { sign, slope: slope as f32 });
    let [dx, dw, db] = conv2d_gradients(conv, [&x, &weight, &gradient], gate, bias)?;
    let [group, _] = conv.group();
    Some([
        from_vec(dx, &[conv.batch, conv.channels[0], conv.size[0], conv.size[1]]),
        from_vec(dw, &[conv.channels[1], group, conv.kernel[0], conv.kernel[1]]),
        from_vec(db, &[if bias { conv.channels[1] } else { 0 }]),
    ])
}

/// The adjoints in weight and bias in one kernel, where there is one that is the fastest for the weight's.
pub(super) fn weight_and_bias(conv: &ConvShape, [x, gradient]: [&Tensor; 2]) -> Option<[Value; 2]> {
    let (x, gradient) = (x.value(), gradient.value());
    if tensor_cores_may(conv, &x) {
        return None;
    }
    gpu::conv::weight_and_bias(conv, &x, &gradient)
}

/// Our kernels refused tensors on a GPU, where there are no others.
fn too_large(op: &str) -> Error {
    Error::argument(
        op,
        "on a GPU images and weights have fewer than 2^31 elements, 2^28 pixels a side, 65,535 taps and 65,535 groups \
         of channels, and more came; cut the image, or compute on the cpu.",
    )
}

/// Pixels, at most, whose windows burn stores at a time on all threads.
const BURN_TILE: usize = 1 << 15;

/// The same settings for burn.
fn options(g: &Geometry) -> ConvOptions<2> {
    ConvOptions::new(g.stride, g.padding, g.dilation, g.groups)
}

/// Whether the program allows tensor cores, and the value lies where there are some.
fn tensor_cores_may(conv: &ConvShape, value: &Value) -> bool {
    #[cfg(feature = "cuda")]
    return crate::gpu::conv::tensor_cores::may(conv, value);
    #[cfg(not(feature = "cuda"))]
    {
        let _ = (conv, value);
        false
    }
}

/// The convolution with rounded operands; `None` where the program does not allow it, or there is no such kernel.
fn on_tensor_cores(x: &Value, weight: &Value, conv: &ConvShape) -> Option<Value> {
    #[cfg(feature = "cuda")]
    return crate::gpu::conv::tensor_cores::conv2d(conv, x, weight, options(conv));
    #[cfg(not(feature = "cuda"))]
    {
        let _ = (x, weight, conv);
        None
    }
}

/// A result of the convolution kernels from the values of two tensors; `None` if burn must compute it.
fn by_kernel(
    [a, b]: [&Tensor; 2],
    shape: &[usize],
    kernel: impl FnOnce(&[f32], &[f32]) -> Option<Vec<f32>>,
) -> Option<Value> {
    kernel(&a.floats()?, &b.floats()?).map(|y| from_vec(y, shape))
}

/// Checks what burn's convolutions take beside the result: both operands in another order, and the matrix of windows
/// (`depth` rows for each of `pixels`).
fn check_windows(op: &str, [a, b]: [&Tensor; 2], depth: usize, pixels: usize) -> Result<()> {
    if a.device() != Device::Cpu {
        return Ok(());
    }
    let windows = product(&[depth, pixels, a.dtype().size()]);
    let copies = a.size().saturating_add(b.size()).checked_mul(a.dtype().size());
    check(op, windows.zip(copies).and_then(|(a, b)| a.checked_add(b)))
}

/// y + bias, off the tape.
fn plus_bias(y: Value, bias: Option<&Tensor>) -> Value {
    match bias {
        Some(bias) => {
            Dispatch::float_add(y, Dispatch::float_reshape(bias.value(), Shape::from(vec![1, bias.size(), 1, 1])))
        }
        None => y,
    }
}

/// [I, O / groups, kh, kw] to [O, I / groups, kh, kw], the filter rotated by 180 degrees.
fn flipped(weight: &Tensor, groups: usize) -> Result<Tensor> {
    let w = weight.shape().to_vec();
    let split = reshape(weight, &[groups, w[0] / groups, w[1], w[2], w[3]])?;
    let swapped = permute(&split, &[0, 2, 1, 3, 4])?;
    flip(&reshape(&swapped, &[groups * w[1], w[0] / groups, w[2], w[3]])?, &[2, 3])
}

/// Whether `weight_by_shifts` applies and is faster: burn treats the output gradient as one large filter, which
/// on the CPU takes two to three times as long unless images are small for their number of channels.
fn prefers_shifts(x: &Tensor, conv: &ConvShape) -> bool {
    let length = conv.out[0] * (conv.size[1] + 2 * conv.padding[1]);
    x.device() == Device::Cpu
        && conv.stride == [1, 1]
        && conv.groups == 1
        && conv.taps() <= 64
        && length >= 8 * conv.channels[0].max(conv.channels[1])
}

/// The weight gradient with stride 1: for each tap a product of the output gradient with a shifted view of the input.
///
/// Rows of the padded input and of the widened gradient have the same length, so a shift by (u, v) is an offset in the
/// flat image.
fn weight_by_shifts(x: &Tensor, gradient: &Tensor, conv: &ConvShape) -> Result<Tensor> {
    let ([b, c, h, w], y) = ([x.shape()[0], x.shape()[1], x.shape()[2], x.shape()[3]], gradient.shape());
    let (kernel, g) = (conv.kernel, conv.geometry);
    let [ph, pw] = g.padding;
    let row = w + 2 * pw;
    let length = y[2] * row;
    // The last tap reaches past the image by less than a row, where the widened gradient is zero.
    let padded = pad(x, &[0, 0, 0, 0, ph, ph + 1, pw, pw], PadMode::Constant, 0.0)?;
    let padded = reshape(&padded, &[b, c, (h + 2 * ph + 1) * row])?;
    let wide = pad(gradient, &[0, 0, 0, 0, 0, 0, 0, row - y[3]], PadMode::Constant, 0.0)?;
    let wide = reshape(&wide, &[b, y[1], length])?;
    let mut taps = Vec::with_capacity(kernel[0] * kernel[1]);
    for u in 0..kernel[0] {
        for v in 0..kernel[1] {
            let from = u * g.dilation[0] * row + v * g.dilation[1];
            let shifted = slice(&padded, &[0, 0, from], &[b, c, from + length], &[1, 1, 1])?;
            let product = matmul(&wide, &permute(&shifted, &[0, 2, 1])?)?;
            taps.push(reshape(&sum(&product, &[0], false)?, &[y[1], c, 1])?);
        }
    }
    reshape(&cat(&taps, 2)?, &[y[1], c, kernel[0], kernel[1]])
}
