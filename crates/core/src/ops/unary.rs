//! Functions of one tensor, elementwise.

use super::elementwise::{add_scalar, mul, mul_scalar};
use super::fused;
use crate::error::Result;
use crate::kernel::formula::Formula;
use crate::kernel::pointwise::{self, Function};
use crate::storage::{elementwise, Value};
use crate::tape::Vjp;
use crate::tensor::Tensor;
use adjoint_backend::Dispatch;
use std::f64::consts::PI;

/// The function `single` of each value on the CPU, `other` elsewhere.
fn each(x: &Tensor, single: impl Fn(f32) -> f32 + Sync, other: fn(Value) -> Value) -> Value {
    elementwise::unary(&x.value(), x.shape(), single).unwrap_or_else(|| other(x.value()))
}

/// The same for a function with SIMD arithmetic.
pub(super) fn fast(x: &Tensor, single: impl Function<1>, other: impl FnOnce(Value) -> Value) -> Value {
    elementwise::apply(single, [&x.value()], x.shape()).unwrap_or_else(|| other(x.value()))
}

pub(super) fn map(x: &Tensor, value: Value, vjp: Vjp) -> Result<Tensor> {
    Ok(Tensor::result(value, x.shape().to_vec(), &[x], vjp))
}

pub(super) fn map_saving(x: &Tensor, value: Value, vjp: Vjp) -> Result<Tensor> {
    Ok(Tensor::result_saving_output(value, x.shape().to_vec(), &[x], vjp))
}

/// The VJP of a function of one tensor from the gradient and the operand: a formula, or else by operators.
fn vjp(formula: Formula, other: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Vjp {
    Box::new(move |c| {
        let x = &c.inputs[0];
        Ok(vec![Some(fused(c, formula, &[c.grad, x], [0.0; 2], || other(c.grad, x))?)])
    })
}

/// -x
pub fn neg(x: &Tensor) -> Result<Tensor> {
    map(x, each(x, |v| -v, Dispatch::float_neg), Box::new(|c| Ok(vec![Some(neg(c.grad)?)])))
}

/// |x|.  d = sign(x) dx
pub fn abs(x: &Tensor) -> Result<Tensor> {
    map(x, each(x, f32::abs, Dispatch::float_abs), vjp(Formula::AbsGradient, |g, x| mul(g, &sign(x)?)))
}

/// -1, 0 or 1.  d = 0
pub fn sign(x: &Tensor) -> Result<Tensor> {
    map(
        x,
        each(
            x,
            |v| {
                if v > 0.0 {
                    1.0
                } else if v < 0.0 {
                    -1.0
                } else {
                    0.0
                }
            },
            Dispatch::float_sign,
        ),
        Box::new(|c| Ok(vec![Some(c.grad.full_like(0.0)?)])),
    )
}

/// The largest integer not above x.  d = 0
pub fn floor(x: &Tensor) -> Result<Tensor> {
    map(x, each(x, f32::floor, Dispatch::float_floor), Box::new(|c| Ok(vec![Some(c.grad.full_like(0.0)?)])))
}

/// The nearest integer, halves to even.  d = 0
pub fn round(x: &Tensor) -> Result<Tensor> {
    map(x, each(x, f32::round_ties_even, Dispatch::float_round), Box::new(|c| Ok(vec![Some(c.grad.full_like(0.0)?)])))
}

/// e^x.  d = e^x dx
pub fn exp(x: &Tensor) -> Result<Tensor> {
    map_saving(
        x,
        fast(x, pointwise::Exp {}, Dispatch::float_exp),
        Box::new(|c| Ok(vec![Some(mul(c.grad, &c.output()?)?)])),
    )
}

/// Natural logarithm.  d = dx / x
pub fn log(x: &Tensor) -> Result<Tensor> {
    map(
        x,
        fast(x, pointwise::Log {}, Dispatch::float_log),
        Box::new(|c| Ok(vec![Some(super::elementwise::div(c.grad, &c.inputs[0])?)])),
    )
}

/// log(1 + x).  d = dx / (1 + x)
pub fn log1p(x: &Tensor) -> Result<Tensor> {
    map(
        x,
        each(x, f32::ln_1p, Dispatch::float_log1p),
        vjp(Formula::Log1pGradient, |g, x| super::elementwise::div(g, &add_scalar(x, 1.0)?)),
    )
}

/// Square root.  d = dx / (2 sqrt(x))
pub fn sqrt(x: &Tensor) -> Result<Tensor> {
    map_saving(
        x,
        each(x, f32::sqrt, Dispatch::float_sqrt),
        Box::new(|c| {
            let y = c.output()?;
            let other = || super::elementwise::div(&mul_scalar(c.grad, 0.5)?, &y);
            Ok(vec![Some(fused(c, Formula::SqrtGradient, &[c.grad, &y], [0.0; 2], other)?)])
        }),
    )
}

/// 1 / sqrt(x)
pub fn rsqrt(x: &Tensor) -> Result<Tensor> {
    reciprocal(&sqrt(x)?)
}

/// 1 / x.  d = -dx / x^2
pub fn reciprocal(x: &Tensor) -> Result<Tensor> {
    map_saving(
        x,
        each(x, f32::recip, Dispatch::float_recip),
        Box::new(|c| {
            let y = c.output()?;
            let other = || neg(&mul(c.grad, &mul(&y, &y)?)?);
            Ok(vec![Some(fused(c, Formula::ReciprocalGradient, &[c.grad, &y], [0.0; 2], other)?)])
        }),
    )
}

/// x^2.  d = 2 x dx
pub fn square(x: &Tensor) -> Result<Tensor> {
    super::elementwise::pow_scalar(x, 2.0)
}

/// Sine.  d = cos(x) dx
pub fn sin(x: &Tensor) -> Result<Tensor> {
    map(x, each(x, f32::sin, Dispatch::float_sin), vjp(Formula::SinGradient, |g, x| mul(g, &cos(x)?)))
}

/// Cosine.  d = -sin(x) dx
pub fn cos(x: &Tensor) -> Result<Tensor> {
    map(x, each(x, f32::cos, Dispatch::float_cos), vjp(Formula::CosGradient, |g, x| neg(&mul(g, &sin(x)?)?)))
}

/// Error function.  d = 2 / sqrt(pi) e^(-x^2) dx
pub fn erf(x: &Tensor) -> Result<Tensor> {
    map(
        x,
        Dispatch::float_erf(x.value()),
        vjp(Formula::ErfGradient, |g, x| mul(g, &mul_scalar(&exp(&neg(&square(x)?)?)?, 2.0 / PI.sqrt())?)),
    )
}

/// The same value, on the tape.
pub fn clone(x: &Tensor) -> Result<Tensor> {
    map(x, x.value(), Box::new(|c| Ok(vec![Some(c.grad.clone())])))
}

/// The value in another element type.
pub fn cast(x: &Tensor, dtype: crate::DType) -> Result<Tensor> {
    if dtype == crate::DType::F64 && x.device() != crate::Device::Cpu {
        return Err(crate::Error::dtype(
            "cast",
            "float64 came for another device than the cpu; use float32, or move the tensor first.",
        ));
    }
    let from = x.dtype();
    map(x, Dispatch::float_cast(x.value(), dtype.float()), Box::new(move |c| Ok(vec![Some(cast(c.grad, from)?)])))
}

/// The value on another device.
pub fn to_device(x: &Tensor, device: crate::Device) -> Result<Tensor> {
    if x.device() == device {
        return clone(x);
    }
    let from = x.device();
    let data = x.to_vec()?;
    let moved = Tensor::from_values(data, x.shape(), x.dtype(), device)?;
    Ok(Tensor::result_on(moved, x, Box::new(move |c| Ok(vec![Some(to_device(c.grad, from)?)]))))
}
