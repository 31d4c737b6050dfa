//! Convolutions. Three operators are closed under differentiation: the convolution, its transpose (the adjoint in the
//! input) and the weight gradient (the adjoint in the weight); each one's derivatives are the other two.

use super::activation::{activate, gate_and_sums, leaky_relu};
use super::shape::{cat, pad, permute, reshape, slice, PadMode};
use super::{check_rank, linalg::matmul, reduce::sum, same_kind};
use crate::allocation::{check, product};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::kernel::conv;
use crate::kernel::conv::shape::{ConvShape, Epilogue};
use crate::storage::{from_vec, Value};
use crate::tape::{Context, Vjp};
use crate::tensor::{check_size, Constant, Tensor};
use adjoint_backend::ops::{ConvOptions, ConvTransposeOptions};
use adjoint_backend::{Dispatch, Shape};

pub use crate::kernel::conv::shape::Geometry;

fn check_geometry(op: &str, g: &Geometry) -> Result<()> {
    if g.stride.contains(&0) || g.dilation.contains(&0) || g.groups == 0 {
        return Err(Error::argument(op, "stride, dilation and groups must be at least 1."));
    }
    if [g.stride, g.padding, g.dilation].iter().flatten().any(|&v| v > super::LARGEST) {
        return Err(Error::argument(op, format!("stride, padding and dilation must be at most {}.", super::LARGEST)));
    }
    Ok(())
}

/// Pixels, at most, whose windows burn stores at a time on all threads.
const BURN_TILE: usize = 1 << 15;

/// The same settings for burn.
fn options(g: &Geometry) -> ConvOptions<2> {
    ConvOptions::new(g.stride, g.padding, g.dilation, g.groups)
}

/// burn's convolution.
fn burn_conv2d(x: Value, weight: Value, g: &Geometry) -> Value {
    #[cfg(feature = "cuda")]
    if let Some(y) = crate::gpu::conv::conv2d(&x, &weight, options(g)) {
        return y;
    }
    Dispatch::conv2d(x, weight, None, options(g))
}

/// Its gradient in the weight, of a shape.
fn burn_conv2d_weight(x: &Tensor, gradient: &Tensor, shape: &[usize], g: &Geometry) -> Result<Value> {
    #[cfg(feature = "cuda")]
    if let Some(dw) = crate::gpu::conv::conv2d_weight(&x.value(), &gradient.value(), shape, options(g)) {
        return Ok(dw);
    }
    let like = Tensor::full(shape, 0.0, x.dtype(), x.device())?;
    Ok(Dispatch::conv2d_weight_backward(x.value(), like.value(), gradient.value(), options(g)))
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

/// A bias has one value for each of `channels`.
fn check_bias(op: &str, x: &Tensor, bias: Option<&Tensor>, channels: usize) -> Result<()> {
    let Some(bias) = bias else { return Ok(()) };
    same_kind(op, x, bias)?;
    if bias.shape() != [channels] {
        return Err(Error::shape(op, format!("bias has shape {:?}, expected [{channels}].", bias.shape())));
    }
    Ok(())
}

/// Records y = convolution(x, weight) + bias, whose derivative in the bias is a sum over images and pixels.
fn with_bias(value: Value, shape: Vec<usize>, [x, weight]: [&Tensor; 2], bias: Option<&Tensor>, vjp: Vjp) -> Tensor {
    let Some(bias) = bias else { return Tensor::result(value, shape, &[x, weight], vjp) };
    Tensor::result(
        value,
        shape,
        &[x, weight, bias],
        Box::new(move |c| {
            let mut gradients = vjp(c)?;
            gradients.push(if c.needs(2) { Some(sum(c.grad, &[0, 2, 3], false)?) } else { None });
            Ok(gradients)
        }),
    )
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

/// Cross-correlation: y[b,o] = sum_i w[o,i] * x[b,i] + bias[o].
/// Shapes: x [B, I, H, W], w [O, I / groups, kh, kw].
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, g: Geometry) -> Result<Tensor> {
    let (shape, value) = convolve("conv2d", x, weight, bias, g, 1.0)?;
    Ok(with_bias(value, shape, [x, weight], bias, Box::new(move |c| convolution_gradients(c, c.grad, g))))
}

/// `conv2d`, then x where x > 0, else slope x.
pub fn conv2d_activated(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, g: Geometry, slope: f64) -> Result<Tensor> {
    if slope == 1.0 {
        return conv2d(x, weight, bias, g);
    }
    // With such a slope the sign of the result does not give that of the sum.
    if slope.is_nan() || slope < 0.0 {
        return leaky_relu(&conv2d(x, weight, bias, g)?, slope);
    }
    let (shape, value) = convolve("conv2d", x, weight, bias, g, slope)?;
    let mut parents = vec![x, weight];
    parents.extend(bias);
    let vjp: Vjp = Box::new(move |c| {
        let sums = c.inputs.len() > 2 && c.needs(2);
        let (inner, sums) = gate_and_sums(c, &c.output()?, slope, sums)?;
        let mut gradients = convolution_gradients(c, &inner, g)?;
        gradients.extend((c.inputs.len() > 2).then_some(sums));
        Ok(gradients)
    });
    Ok(Tensor::result_saving_output(value, shape, &parents, vjp))
}

/// Gradients in input and weight from that of the sums.
fn convolution_gradients(c: &Context, gradient: &Tensor, g: Geometry) -> Result<Vec<Option<Tensor>>> {
    let (x, w) = (&c.inputs[0], &c.inputs[1]);
    let kernel = [w.shape()[2], w.shape()[3]];
    let dx = if c.needs(0) { Some(transpose_to(gradient, w, [x.shape()[2], x.shape()[3]], g)?) } else { None };
    let dw = if c.needs(1) { Some(conv2d_weight(x, gradient, kernel, g)?) } else { None };
    Ok(vec![dx, dw])
}

/// Shape and value of a convolution with its bias and activation.
fn convolve(
    op: &str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    g: Geometry,
    slope: f64,
) -> Result<(Vec<usize>, Value)> {
    check_rank(op, "input", x, 4)?;
    check_rank(op, "weight", weight, 4)?;
    same_kind(op, x, weight)?;
    check_geometry(op, &g)?;
    let (s, w) = (x.shape(), weight.shape());
    if s[1] != w[1] * g.groups || w[0] % g.groups != 0 {
        return Err(Error::shape(
            op,
            format!(
                "input has {} channels, expected {} (weight shape {w:?}, groups {}).",
                s[1],
                w[1] * g.groups,
                g.groups
            ),
        ));
    }
    let size = |i: usize| {
        g.output(s[2 + i], w[2 + i], i).ok_or_else(|| {
            Error::shape(
                op,
                format!(
                    "a filter of shape {w:?} does not fit input of shape {s:?} with padding {:?}; pad the input.",
                    g.padding
                ),
            )
        })
    };
    if w.contains(&0) || s.contains(&0) {
        return Err(Error::shape(op, format!("input has shape {s:?} and weight {w:?}, expected neither to be empty.")));
    }
    let shape = vec![s[0], w[0], size(0)?, size(1)?];
    check_size(op, &shape, x.dtype())?;
    check_bias(op, x, bias, shape[1])?;
    let conv = ConvShape::new(s, &shape, [w[2], w[3]], g);
    let fused = by_kernel([x, weight], &shape, |x, w| {
        let bias = match bias {
            Some(b) => Some(b.floats()?),
            None => None,
        };
        conv::conv2d(&conv, x, w, Epilogue { bias: bias.as_deref(), slope: slope as f32 })
    });
    let value = match fused {
        Some(value) => value,
        None => {
            check_windows(op, [x, weight], conv.depth(), conv.pixels().min(BURN_TILE))?;
            let sums = plus_bias(burn_conv2d(x.value(), weight.value(), &g), bias);
            activate(&Constant::new(sums, &shape, x.device()), slope)?
        }
    };
    Ok((shape, value))
}

fn transpose_to(x: &Tensor, weight: &Tensor, size: [usize; 2], g: Geometry) -> Result<Tensor> {
    let pad = |i: usize| g.output_padding(size[i], x.shape()[2 + i], weight.shape()[2 + i], i);
    conv_transpose2d(x, weight, None, [pad(0), pad(1)], g)
}

/// Transposed convolution, the adjoint of `conv2d` in its input.
/// Shapes: x [B, I, H, W], w [I, O / groups, kh, kw]; output size (H - 1) stride - 2 padding + dilation (kh - 1) +
/// outputPadding + 1.
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    output_padding: [usize; 2],
    g: Geometry,
) -> Result<Tensor> {
    let op = "convTranspose2d";
    check_rank(op, "input", x, 4)?;
    check_rank(op, "weight", weight, 4)?;
    same_kind(op, x, weight)?;
    check_geometry(op, &g)?;
    let (s, w) = (x.shape(), weight.shape());
    if s[1] != w[0] || w[0] % g.groups != 0 {
        return Err(Error::shape(
            op,
            format!("input has {} channels, expected {} (weight shape {w:?}, groups {}).", s[1], w[0], g.groups),
        ));
    }
    if w.contains(&0) || s.contains(&0) {
        return Err(Error::shape(op, format!("input has shape {s:?} and weight {w:?}, expected neither to be empty.")));
    }
    if (0..2).any(|i| output_padding[i] >= g.stride[i]) {
        return Err(Error::argument(
            op,
            format!("outputPadding is {output_padding:?}, expected less than the stride {:?}.", g.stride),
        ));
    }
    let size = |i: usize| {
        let steps = (s[2 + i] - 1).saturating_mul(g.stride[i]);
        let full = steps.saturating_add(g.span(w[2 + i], i)).saturating_add(output_padding[i]);
        if full > 2 * g.padding[i] {
            Ok(full - 2 * g.padding[i])
        } else {
            Err(Error::shape(
                op,
                format!("padding {:?} removes all of an output of size {full}; use less padding.", g.padding),
            ))
        }
    };
    let shape = vec![s[0], w[1] * g.groups, size(0)?, size(1)?];
    check_size(op, &shape, x.dtype())?;
    let reach = |i: usize| g.span(w[2 + i], i) - 1;
    check_bias(op, x, bias, shape[1])?;
    let conv = ConvShape::new(&shape, s, [w[2], w[3]], g);
    let adjoint = by_kernel([x, weight], &shape, |x, w| conv::conv2d_input(&conv, x, w));
    let value = if let Some(value) = adjoint {
        value
    } else if g.stride == [1, 1] && (0..2).all(|i| reach(i) >= g.padding[i]) {
        // With stride 1 the transpose is a convolution with the flipped filter, for which the kernels are faster.
        let same = Geometry { padding: [reach(0) - g.padding[0], reach(1) - g.padding[1]], ..g };
        check_windows(op, [x, weight], conv.channels[1] * conv.taps(), (shape[2] * shape[3]).min(BURN_TILE))?;
        burn_conv2d(x.value(), flipped(&weight.detach(), g.groups)?.value(), &same)
    } else {
        check_windows(op, [x, weight], w[1..].iter().product(), s[2] * s[3])?;
        Dispatch::conv_transpose2d(
            x.value(),
            weight.value(),
            None,
            ConvTransposeOptions::new(g.stride, g.padding, output_padding, g.dilation, g.groups),
        )
    };
    Ok(with_bias(
        plus_bias(value, bias),
        shape,
        [x, weight],
        bias,
        Box::new(move |c| {
            let (x, w) = (&c.inputs[0], &c.inputs[1]);
            let kernel = [w.shape()[2], w.shape()[3]];
            let dx = if c.needs(0) { Some(conv2d(c.grad, w, None, g)?) } else { None };
            let dw = if c.needs(1) { Some(conv2d_weight(c.grad, x, kernel, g)?) } else { None };
            Ok(vec![dx, dw])
        }),
    ))
}

/// [I, O / groups, kh, kw] to [O, I / groups, kh, kw], the filter rotated by 180 degrees.
fn flipped(weight: &Tensor, groups: usize) -> Result<Tensor> {
    let w = weight.shape().to_vec();
    let split = reshape(weight, &[groups, w[0] / groups, w[1], w[2], w[3]])?;
    let swapped = permute(&split, &[0, 2, 1, 3, 4])?;
    super::shape::flip(&reshape(&swapped, &[groups * w[1], w[0] / groups, w[2], w[3]])?, &[2, 3])
}

/// Gradient of `conv2d` with respect to its weight: dw[o,i,u,v] = sum_b sum_p g[b,o,p] x[b,i,stride p + dilation (u,v)
/// - padding].
pub fn conv2d_weight(x: &Tensor, gradient: &Tensor, kernel: [usize; 2], g: Geometry) -> Result<Tensor> {
    let op = "conv2dWeight";
    check_rank(op, "input", x, 4)?;
    check_rank(op, "gradOutput", gradient, 4)?;
    same_kind(op, x, gradient)?;
    check_geometry(op, &g)?;
    let (s, y) = (x.shape(), gradient.shape());
    let fits = s[0] == y[0]
        && s[1] % g.groups == 0
        && y[1] % g.groups == 0
        && kernel[0] > 0
        && kernel[1] > 0
        && !s.contains(&0)
        && !y.contains(&0)
        && (0..2).all(|i| g.output(s[2 + i], kernel[i], i) == Some(y[2 + i]));
    if !fits {
        return Err(Error::shape(
            op,
            format!(
                "input {s:?} and output gradient {y:?} do not belong to one convolution with kernel {kernel:?} \
                 and {g:?}"
            ),
        ));
    }
    let shape = vec![y[1], s[1] / g.groups, kernel[0], kernel[1]];
    check_size(op, &shape, x.dtype())?;
    let conv = ConvShape::new(s, y, kernel, g);
    let fused = by_kernel([x, gradient], &shape, |x, g| conv::conv2d_weight(&conv, x, g));
    let value = if let Some(value) = fused {
        value
    } else if prefers_shifts(x, gradient, kernel, g) {
        weight_by_shifts(&x.detach(), &gradient.detach(), kernel, g)?.value()
    } else {
        check_windows(op, [x, gradient], y[1] * y[2] * y[3], kernel[0] * kernel[1])?;
        burn_conv2d_weight(x, gradient, &shape, &g)?
    };
    Ok(Tensor::result(
        value,
        shape,
        &[x, gradient],
        Box::new(move |c| {
            let (x, y) = (&c.inputs[0], &c.inputs[1]);
            let dx = if c.needs(0) { Some(transpose_to(y, c.grad, [x.shape()[2], x.shape()[3]], g)?) } else { None };
            let dy = if c.needs(1) { Some(conv2d(x, c.grad, None, g)?) } else { None };
            Ok(vec![dx, dy])
        }),
    ))
}

/// Whether `weight_by_shifts` applies and is faster: burn treats the output gradient as one large filter, which
/// on the CPU takes two to three times as long unless images are small for their number of channels.
fn prefers_shifts(x: &Tensor, gradient: &Tensor, kernel: [usize; 2], g: Geometry) -> bool {
    let (s, y) = (x.shape(), gradient.shape());
    let length = y[2] * (s[3] + 2 * g.padding[1]);
    x.device() == Device::Cpu
        && g.stride == [1, 1]
        && g.groups == 1
        && kernel[0] * kernel[1] <= 64
        && length >= 8 * s[1].max(y[1])
}

/// The weight gradient with stride 1: for each tap a product of the output gradient with a shifted view of the input.
///
/// Rows of the padded input and of the widened gradient have the same length, so a shift by (u, v) is an offset in the
/// flat image.
fn weight_by_shifts(x: &Tensor, gradient: &Tensor, kernel: [usize; 2], g: Geometry) -> Result<Tensor> {
    let ([b, c, h, w], y) = ([x.shape()[0], x.shape()[1], x.shape()[2], x.shape()[3]], gradient.shape());
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
