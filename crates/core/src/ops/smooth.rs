//! Smooth activations. On the CPU, in float32, a value and its gradient take one pass each; a gradient that is
//! itself recorded is composed of operators, as is everything on other devices and types.

use super::compare::{clamp, gt_scalar, where_};
use super::elementwise::{add_scalar, mul, mul_scalar};
use super::unary::{erf, exp, fast, map, map_saving, neg, square};
use crate::error::Result;
use crate::kernel::pointwise::{self, Function};
use crate::storage::{elementwise, Value};
use crate::tape::{self, Context, Vjp};
use crate::tensor::Tensor;
use adjoint_backend::Dispatch;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The product of g with a derivative at x: `single` in one pass where nothing is recorded, else `other`.
fn product(
    c: &Context,
    x: &Tensor,
    single: impl Function<2>,
    other: impl FnOnce() -> Result<Tensor>,
) -> Result<Vec<Option<Tensor>>> {
    if !tape::is_enabled() {
        if let Some(value) = elementwise::apply(single, [&c.grad.value(), &x.value()], x.shape()) {
            return Ok(vec![Some(c.gradient(value, x.shape())?)]);
        }
    }
    Ok(vec![Some(other()?)])
}

/// `single` in one pass with this gradient, or else `other`, an operator or several.
fn whole(x: &Tensor, single: impl Function<1>, vjp: Vjp, other: impl FnOnce() -> Result<Tensor>) -> Result<Tensor> {
    match elementwise::apply(single, [&x.value()], x.shape()) {
        Some(value) => map(x, value, vjp),
        None => other(),
    }
}

/// Hyperbolic tangent.  d = (1 - tanh(x)^2) dx
pub fn tanh(x: &Tensor) -> Result<Tensor> {
    map_saving(
        x,
        fast(x, pointwise::Tanh {}, Dispatch::float_tanh),
        Box::new(|c| {
            let y = c.output()?;
            product(c, &y, pointwise::TanhGradient {}, || mul(c.grad, &add_scalar(&neg(&mul(&y, &y)?)?, 1.0)?))
        }),
    )
}

/// 1 / (1 + e^-x).  d = s (1 - s) dx
pub fn sigmoid(x: &Tensor) -> Result<Tensor> {
    let other = |value| {
        if x.device() == crate::Device::Cpu {
            return Dispatch::sigmoid(value);
        }
        // e^min(x, 0) / (1 + e^-|x|): no overflow, small results keep their digits, NaN stays NaN.
        let size = Dispatch::float_abs(x.value());
        let below = Dispatch::float_mul_scalar(Dispatch::float_sub(value, size.clone()), 0.5.into());
        let rest = Dispatch::float_add_scalar(Dispatch::float_exp(Dispatch::float_neg(size)), 1.0.into());
        Dispatch::float_div(Dispatch::float_exp(below), rest)
    };
    map_saving(
        x,
        fast(x, pointwise::Sigmoid {}, other),
        Box::new(|c| {
            let y = c.output()?;
            product(c, &y, pointwise::SigmoidGradient {}, || mul(c.grad, &mul(&y, &add_scalar(&neg(&y)?, 1.0)?)?))
        }),
    )
}

/// log(1 + e^x).  d = sigmoid(x) dx
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    let other = |value: Value| {
        // max(x, 0) + log(1 + e^-|x|) does not overflow.
        let tail = Dispatch::float_log1p(Dispatch::float_exp(Dispatch::float_neg(Dispatch::float_abs(value.clone()))));
        Dispatch::float_add(Dispatch::relu(value), tail)
    };
    map(
        x,
        fast(x, pointwise::Softplus {}, other),
        Box::new(|c| {
            let x = &c.inputs[0];
            product(c, x, pointwise::SoftplusGradient {}, || mul(c.grad, &sigmoid(x)?))
        }),
    )
}

/// x s with s = sigmoid(x).  d = s (1 + x (1 - s)) dx
pub fn silu(x: &Tensor) -> Result<Tensor> {
    let vjp: Vjp = Box::new(|c| {
        let x = &c.inputs[0];
        product(c, x, pointwise::SiluGradient {}, || {
            let s = sigmoid(x)?;
            let rest = add_scalar(&mul(x, &sigmoid(&neg(x)?)?)?, 1.0)?;
            mul(c.grad, &mul(&s, &rest)?)
        })
    });
    whole(x, pointwise::Silu {}, vjp, || mul(x, &sigmoid(x)?))
}

/// Phi(x), the distribution function of the standard normal.
fn normal(x: &Tensor) -> Result<Tensor> {
    mul_scalar(&add_scalar(&erf(&mul_scalar(x, FRAC_1_SQRT_2)?)?, 1.0)?, 0.5)
}

/// x Phi(x) (Hendrycks, Gimpel 2016, arXiv:1606.08415).  d = (Phi(x) + x phi(x)) dx
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    let vjp: Vjp = Box::new(|c| {
        let x = &c.inputs[0];
        product(c, x, pointwise::GeluGradient {}, || {
            let density = mul_scalar(&exp(&mul_scalar(&square(x)?, -0.5)?)?, 1.0 / (2.0 * PI).sqrt())?;
            mul(c.grad, &super::elementwise::add(&normal(x)?, &mul(x, &density)?)?)
        })
    });
    whole(x, pointwise::Gelu {}, vjp, || mul(x, &normal(x)?))
}

/// Exponential linear unit: x where x > 0, else alpha (e^x - 1).  d = dx where x > 0, else alpha e^x dx
pub fn elu(x: &Tensor, alpha: f64) -> Result<Tensor> {
    // e^min(x, 0), so that the branch that is not selected never overflows.
    let power = |x: &Tensor| exp(&clamp(x, f64::NEG_INFINITY, 0.0)?);
    let single = alpha as f32;
    let vjp: Vjp = Box::new(move |c| {
        let x = &c.inputs[0];
        product(c, x, pointwise::EluGradient { alpha: single }, || {
            let positive = gt_scalar(x, 0.0)?;
            where_(&positive, c.grad, &mul(c.grad, &mul_scalar(&power(x)?, alpha)?)?)
        })
    });
    whole(x, pointwise::Elu { alpha: single }, vjp, || {
        let positive = gt_scalar(x, 0.0)?;
        where_(&positive, x, &mul_scalar(&add_scalar(&power(x)?, -1.0)?, alpha)?)
    })
}
