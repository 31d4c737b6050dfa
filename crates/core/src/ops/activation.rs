//! Activations that are linear on each side of zero: ReLU (slope 0) and leaky ReLU. Where they follow a convolution or
//! a norm, its kernel applies them.

use super::reduce::sum;
use super::too_large;
use crate::error::Result;
use crate::gpu;
use crate::kernel::formula::Formula;
use crate::kernel::sums;
use crate::storage::{elementwise, from_vec, Value};
use crate::tape::{self, Context};
use crate::tensor::Tensor;
use adjoint_backend::{Dispatch, Scalar};

/// max(x, 0).  d = dx where x > 0
pub fn relu(x: &Tensor) -> Result<Tensor> {
    let value = activate(x, 0.0)?;
    Ok(Tensor::result_saving_output(
        value,
        x.shape().to_vec(),
        &[x],
        Box::new(|c| Ok(vec![Some(gate(c.grad, &c.output()?, 0.0)?)])),
    ))
}

/// Leaky rectifier: x where x > 0, else slope x.  d = dx where x > 0, else slope dx
pub fn leaky_relu(x: &Tensor, slope: f64) -> Result<Tensor> {
    let value = activate(x, slope)?;
    Ok(Tensor::result(
        value,
        x.shape().to_vec(),
        &[x],
        Box::new(move |c| Ok(vec![Some(gate(c.grad, &c.inputs[0], slope)?)])),
    ))
}

/// x where x > 0, else slope x; NaN stays. Off the tape.
pub(crate) fn activate(x: &Tensor, slope: f64) -> Result<Value> {
    let narrow = slope as f32;
    let value = if slope == 1.0 {
        Some(x.value())
    } else if slope == 0.0 {
        elementwise::unary(&x.value(), x.shape(), |v| if v <= 0.0 { 0.0 } else { v })
    } else {
        elementwise::unary(&x.value(), x.shape(), |v| if v <= 0.0 { narrow * v } else { v })
    };
    match value.or_else(|| gated(&x.value(), &x.value(), x.shape(), slope)) {
        Some(value) => Ok(value),
        None if slope == 0.0 => Dispatch::relu(x.value()).ok_or_else(|| too_large("relu")),
        None => Ok(Dispatch::float_mul(x.value(), slopes(x, slope)?)),
    }
}

/// `gate` on a GPU.
fn gated(x: &Value, sign: &Value, shape: &[usize], slope: f64) -> Option<Value> {
    let formula = if slope == 0.0 { Formula::Rectify } else { Formula::Gate };
    gpu::pointwise::apply(formula, &[x, sign], [slope, 0.0], shape)
}

/// 1 where x > 0, else `slope`.
fn slopes(x: &Tensor, slope: f64) -> Result<Value> {
    let positive = super::compare::gt_scalar(x, 0.0)?;
    Ok(Dispatch::float_add_scalar(
        Dispatch::float_mul_scalar(positive.value(), Scalar::Float(1.0 - slope)),
        Scalar::Float(slope),
    ))
}

/// g where `sign` > 0, else slope g; linear in g, and constant in `sign`.
pub(crate) fn gate(g: &Tensor, sign: &Tensor, slope: f64) -> Result<Tensor> {
    let (sign, narrow) = (sign.detach(), slope as f32);
    let value = if slope == 0.0 {
        elementwise::binary(&sign.value(), &g.value(), g.shape(), |y, g| if y <= 0.0 { 0.0 } else { g })
    } else {
        elementwise::binary(&sign.value(), &g.value(), g.shape(), |y, g| if y <= 0.0 { narrow * g } else { g })
    };
    let value = match value.or_else(|| gated(&g.value(), &sign.value(), g.shape(), slope)) {
        Some(value) => value,
        None if slope == 0.0 => Dispatch::relu_backward(sign.value(), g.value()).ok_or_else(|| too_large("relu"))?,
        None => Dispatch::float_mul(g.value(), slopes(&sign, slope)?),
    };
    Ok(Tensor::result(value, g.shape().to_vec(), &[g], Box::new(move |c| Ok(vec![Some(gate(c.grad, &sign, slope)?)]))))
}

/// `gate` of the gradient in a VJP, and with `sums` the sums of its channels: in one pass where nothing is recorded.
pub(crate) fn gate_and_sums(c: &Context, sign: &Tensor, slope: f64, sums: bool) -> Result<(Tensor, Option<Tensor>)> {
    let g = c.grad;
    let s = g.shape();
    if sums && s.len() == 4 && !tape::is_enabled() {
        let planes = [s[0], s[1], s[2] * s[3]];
        if let (Some(values), Some(signs)) = (g.floats(), sign.floats()) {
            let (gated, totals) = sums::gate_and_sums(&values, &signs, planes, slope as f32);
            let (value, totals) = (from_vec(gated, s), from_vec(totals, &[s[1]]));
            return Ok((c.gradient(value, s)?, Some(c.gradient(totals, &[s[1]])?)));
        }
        if let Some([gated, totals]) = gpu::sums::gate_and_sums(&g.value(), &sign.value(), planes, slope) {
            return Ok((c.gradient(gated, s)?, Some(c.gradient(totals, &[s[1]])?)));
        }
    }
    let gated = gate(g, sign, slope)?;
    let totals = if sums { Some(sum(&gated, &[0, 2, 3], false)?) } else { None };
    Ok((gated, totals))
}
