//! Convolutions. Three operators are closed under differentiation: the convolution, its transpose (the adjoint in the
//! input) and the weight gradient (the adjoint in the weight); each one's derivatives are the other two.

mod compute;

use super::activation::{gate_and_sums, leaky_relu};
use super::{check_rank, reduce::sum, same_kind};
use crate::error::{Error, Result};
use crate::kernel::conv::shape::ConvShape;
use crate::storage::Value;
use crate::tape::{self, Context, Vjp};
use crate::tensor::{check_size, Tensor};

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

/// A bias has one value for each of `channels`.
fn check_bias(op: &str, x: &Tensor, bias: Option<&Tensor>, channels: usize) -> Result<()> {
    let Some(bias) = bias else { return Ok(()) };
    same_kind(op, x, bias)?;
    if bias.shape() != [channels] {
        return Err(Error::shape(op, format!("bias has shape {:?}, expected [{channels}].", bias.shape())));
    }
    Ok(())
}

/// Records y = convolution(x, weight) + bias, whose derivative in the bias, unless `vjp` gives it, is a sum over images
/// and pixels.
fn with_bias(value: Value, shape: Vec<usize>, [x, weight]: [&Tensor; 2], bias: Option<&Tensor>, vjp: Vjp) -> Tensor {
    let Some(bias) = bias else { return Tensor::result(value, shape, &[x, weight], vjp) };
    Tensor::result(
        value,
        shape,
        &[x, weight, bias],
        Box::new(move |c| {
            let mut gradients = vjp(c)?;
            if gradients.len() < 3 {
                gradients.push(if c.needs(2) { Some(sum(c.grad, &[0, 2, 3], false)?) } else { None });
            }
            Ok(gradients)
        }),
    )
}

/// Cross-correlation: y[b,o] = sum_i w[o,i] * x[b,i] + bias[o].
/// Shapes: x [B, I, H, W], w [O, I / groups, kh, kw].
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, g: Geometry) -> Result<Tensor> {
    let (shape, value) = convolve("conv2d", x, weight, bias, g, 1.0)?;
    let vjp: Vjp = Box::new(move |c| {
        if let Some(gradients) = all_gradients(c, None, g)? {
            return Ok(gradients);
        }
        let both = c.inputs.len() > 2 && c.needs(1) && c.needs(2) && !tape::is_enabled();
        let (x, w) = (&c.inputs[0], &c.inputs[1]);
        let conv = ConvShape::new(x.shape(), c.grad.shape(), [w.shape()[2], w.shape()[3]], g);
        let Some([dw, db]) = both.then(|| compute::weight_and_bias(&conv, [x, c.grad])).flatten() else {
            return convolution_gradients(c, c.grad, g);
        };
        let dx = if c.needs(0) { Some(transpose_to(c.grad, w, [x.shape()[2], x.shape()[3]], g)?) } else { None };
        Ok(vec![dx, Some(c.gradient(dw, w.shape())?), Some(c.gradient(db, c.inputs[2].shape())?)])
    });
    Ok(with_bias(value, shape, [x, weight], bias, vjp))
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
        if let Some(gradients) = all_gradients(c, Some((&c.output()?, slope)), g)? {
            return Ok(gradients);
        }
        let sums = c.inputs.len() > 2 && c.needs(2);
        let (inner, sums) = gate_and_sums(c, &c.output()?, slope, sums)?;
        let mut gradients = convolution_gradients(c, &inner, g)?;
        gradients.extend((c.inputs.len() > 2).then_some(sums));
        Ok(gradients)
    });
    Ok(Tensor::result_saving_output(value, shape, &parents, vjp))
}

/// Gradients in input, weight and bias, off the tape, where one kernel computes them all.
fn all_gradients(c: &Context, gate: Option<(&Tensor, f64)>, g: Geometry) -> Result<Option<Vec<Option<Tensor>>>> {
    if tape::is_enabled() || !c.needs(0) || !c.needs(1) {
        return Ok(None);
    }
    let (x, w) = (&c.inputs[0], &c.inputs[1]);
    let conv = ConvShape::new(x.shape(), c.grad.shape(), [w.shape()[2], w.shape()[3]], g);
    let bias = c.inputs.len() > 2 && c.needs(2);
    let Some([dx, dw, db]) = compute::gradients(&conv, [x, w, c.grad], gate, bias) else { return Ok(None) };
    let mut gradients = vec![Some(c.gradient(dx, x.shape())?), Some(c.gradient(dw, w.shape())?)];
    if c.inputs.len() > 2 {
        gradients.push(if bias { Some(c.gradient(db, c.inputs[2].shape())?) } else { None });
    }
    Ok(Some(gradients))
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
    let value = compute::forward(op, &conv, [x, weight], bias, slope)?;
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
    check_bias(op, x, bias, shape[1])?;
    let conv = ConvShape::new(&shape, s, [w[2], w[3]], g);
    let value = compute::input(op, &conv, [x, weight], bias, output_padding)?;
    Ok(with_bias(
        value,
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
    let value = compute::weight(op, &conv, [x, gradient])?;
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
