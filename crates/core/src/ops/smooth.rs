//! Smooth activations. In float32 a value and its gradient take one pass each; a gradient that is itself recorded is
//! composed of operators, as is everything of other types.

use super::compare::{clamp, gt_scalar, where_};
use super::elementwise::{add, add_scalar, mul, mul_scalar};
use super::unary::{abs, erf, exp, fast, log1p, map, map_saving, neg, square};
use super::{fused, on_gpu, too_large};
use crate::error::Result;
use crate::kernel::formula::Formula;
use crate::kernel::pointwise::{self, Function};
use crate::storage::elementwise;
use crate::tape::{self, Context, Vjp};
use crate::tensor::Tensor;
use adjoint_backend::Dispatch;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The product of g with a derivative at x: `single` or a formula with a constant in one pass where nothing is
/// recorded, else `other`.
fn product(
    c: &Context,
    x: &Tensor,
    single: impl Function<2>,
    (formula, constant): (Formula, f64),
    other: impl FnOnce() -> Result<Tensor>,
) -> Result<Vec<Option<Tensor>>> {
    if !tape::is_enabled() {
        if let Some(value) = elementwise::apply(single, [&c.grad.value(), &x.value()], x.shape()) {
            return Ok(vec![Some(c.gradient(value, x.shape())?)]);
        }
    }
    Ok(vec![Some(fused(c, formula, &[c.grad, x], [constant, 0.0], other)?)])
}

/// `single` or the formula in one pass with this gradient, or else `other`, an operator or several.
fn whole(
    x: &Tensor,
    single: impl Function<1>,
    (formula, constant): (Formula, f64),
    vjp: Vjp,
    other: impl FnOnce() -> Result<Tensor>,
) -> Result<Tensor> {
    let value = elementwise::apply(single, [&x.value()], x.shape());
    match value.or_else(|| on_gpu(formula, &[x], [constant, 0.0], x.shape())) {
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
            product(c, &y, pointwise::TanhGradient {}, (Formula::TanhGradient, 0.0), || {
                mul(c.grad, &add_scalar(&neg(&mul(&y, &y)?)?, 1.0)?)
            })
        }),
    )
}

/// 1 / (1 + e^-x).  d = s (1 - s) dx
pub fn sigmoid(x: &Tensor) -> Result<Tensor> {
    let value = elementwise::apply(pointwise::Sigmoid {}, [&x.value()], x.shape())
        .or_else(|| on_gpu(Formula::Sigmoid, &[x], [0.0; 2], x.shape()))
        .or_else(|| Dispatch::sigmoid(x.value()))
        .ok_or_else(|| too_large("sigmoid"))?;
    map_saving(
        x,
        value,
        Box::new(|c| {
            let y = c.output()?;
            product(c, &y, pointwise::SigmoidGradient {}, (Formula::SigmoidGradient, 0.0), || {
                mul(c.grad, &mul(&y, &add_scalar(&neg(&y)?, 1.0)?)?)
            })
        }),
    )
}

/// log(1 + e^x).  d = sigmoid(x) dx
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    let vjp: Vjp = Box::new(|c| {
        let x = &c.inputs[0];
        let formula = (Formula::SoftplusGradient, 0.0);
        product(c, x, pointwise::SoftplusGradient {}, formula, || mul(c.grad, &sigmoid(x)?))
    });
    let value = elementwise::apply(pointwise::Softplus {}, [&x.value()], x.shape())
        .or_else(|| on_gpu(Formula::Softplus, &[x], [0.0; 2], x.shape()));
    let value = match value {
        Some(value) => value,
        None => {
            // max(x, 0) + log(1 + e^-|x|) does not overflow.
            let x = x.detach();
            add(&clamp(&x, 0.0, f64::INFINITY)?, &log1p(&exp(&neg(&abs(&x)?)?)?)?)?.value()
        }
    };
    map(x, value, vjp)
}

/// x s with s = sigmoid(x).  d = s (1 + x (1 - s)) dx
pub fn silu(x: &Tensor) -> Result<Tensor> {
    let vjp: Vjp = Box::new(|c| {
        let x = &c.inputs[0];
        product(c, x, pointwise::SiluGradient {}, (Formula::SiluGradient, 0.0), || {
            let s = sigmoid(x)?;
            let rest = add_scalar(&mul(x, &sigmoid(&neg(x)?)?)?, 1.0)?;
            mul(c.grad, &mul(&s, &rest)?)
        })
    });
    whole(x, pointwise::Silu {}, (Formula::Silu, 0.0), vjp, || mul(x, &sigmoid(x)?))
}

/// Phi(x), the distribution function of the standard normal.
fn normal(x: &Tensor) -> Result<Tensor> {
    mul_scalar(&add_scalar(&erf(&mul_scalar(x, FRAC_1_SQRT_2)?)?, 1.0)?, 0.5)
}

/// x Phi(x) (Hendrycks, Gimpel 2016, arXiv:1606.08415).  d = (Phi(x) + x phi(x)) dx
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    let vjp: Vjp = Box::new(|c| {
        let x = &c.inputs[0];
        product(c, x, pointwise::GeluGradient {}, (Formula::GeluGradient, 0.0), || {
            let density = mul_scalar(&exp(&mul_scalar(&square(x)?, -0.5)?)?, 1.0 / (2.0 * PI).sqrt())?;
            mul(c.grad, &add(&normal(x)?, &mul(x, &density)?)?)
        })
    });
    whole(x, pointwise::Gelu {}, (Formula::Gelu, 0.0), vjp, || mul(x, &normal(x)?))
}

/// Exponential linear unit: x where x > 0, else alpha (e^x - 1).  d = dx where x > 0, else alpha e^x dx
pub fn elu(x: &Tensor, alpha: f64) -> Result<Tensor> {
    // e^min(x, 0), so that the branch that is not selected never overflows.
    let power = |x: &Tensor| exp(&clamp(x, f64::NEG_INFINITY, 0.0)?);
    let single = alpha as f32;
    let vjp: Vjp = Box::new(move |c| {
        let x = &c.inputs[0];
        product(c, x, pointwise::EluGradient { alpha: single }, (Formula::EluGradient, alpha), || {
            let positive = gt_scalar(x, 0.0)?;
            where_(&positive, c.grad, &mul(c.grad, &mul_scalar(&power(x)?, alpha)?)?)
        })
    });
    whole(x, pointwise::Elu { alpha: single }, (Formula::Elu, alpha), vjp, || {
        let positive = gt_scalar(x, 0.0)?;
        where_(&positive, x, &mul_scalar(&add_scalar(&power(x)?, -1.0)?, alpha)?)
    })
}
