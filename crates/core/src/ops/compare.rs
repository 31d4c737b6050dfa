//! Comparisons (0 or 1, off the tape) and selection by them.

use super::{
    broadcast, elementwise::mul, fused, on_gpu, reduce::sum_to, same_kind, shape::expand, too_large, with_rank,
};
use crate::error::{Error, Result};
use crate::kernel::formula::Formula;
use crate::storage::{elementwise, Value};
use crate::tensor::{Constant, Tensor};
use adjoint_backend::{Dispatch, Scalar};

fn compare(
    op: &str,
    a: &Tensor,
    b: &Tensor,
    formula: Formula,
    test: impl Fn(f32, f32) -> bool + Sync,
    other: fn(Value, Value) -> Option<Value>,
) -> Result<Constant> {
    same_kind(op, a, b)?;
    let shape = broadcast(op, a.shape(), b.shape(), a.dtype())?;
    let value = elementwise::binary(&a.value(), &b.value(), &shape, |a, b| f32::from(u8::from(test(a, b))))
        .or_else(|| on_gpu(formula, &[a, b], [0.0; 2], &shape))
        .or_else(|| other(with_rank(a, shape.len()), with_rank(b, shape.len())))
        .ok_or_else(|| too_large(op))?;
    Ok(Constant::new(value, &shape, a.device()))
}

fn compare_scalar(
    op: &str,
    x: &Tensor,
    s: f64,
    formula: Formula,
    test: impl Fn(f32, f32) -> bool + Sync,
    other: fn(Value, Scalar) -> Option<Value>,
) -> Result<Constant> {
    let value = elementwise::unary(&x.value(), x.shape(), |v| f32::from(u8::from(test(v, s as f32))))
        .or_else(|| on_gpu(formula, &[x], [s, 0.0], x.shape()))
        .or_else(|| other(x.value(), Scalar::Float(s)))
        .ok_or_else(|| too_large(op))?;
    Ok(Constant::new(value, x.shape(), x.device()))
}

macro_rules! comparisons {
    ($($name:ident, $scalar:ident, $formula:ident, $test:expr, $f:ident, $g:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(a: &Tensor, b: &Tensor) -> Result<Constant> {
            compare(stringify!($name), a, b, Formula::$formula, $test, Dispatch::$f)
        }
        #[doc = concat!($doc, ", with a number")]
        pub fn $scalar(x: &Tensor, s: f64) -> Result<Constant> {
            compare_scalar(stringify!($name), x, s, Formula::$formula, $test, Dispatch::$g)
        }
    )*};
}
comparisons! {
    eq, eq_scalar, Equal, |a, b| a == b, float_equal, float_equal_elem, "1 where a = b";
    ne, ne_scalar, NotEqual, |a, b| a != b, float_not_equal, float_not_equal_elem, "1 where a is not b";
    gt, gt_scalar, Greater, |a, b| a > b, float_greater, float_greater_elem, "1 where a > b";
    ge, ge_scalar, GreaterEqual, |a, b| a >= b, float_greater_equal, float_greater_equal_elem, "1 where a >= b";
    lt, lt_scalar, Lower, |a, b| a < b, float_lower, float_lower_elem, "1 where a < b";
    le, le_scalar, LowerEqual, |a, b| a <= b, float_lower_equal, float_lower_equal_elem, "1 where a <= b";
}

/// 1 where low <= x <= high, else 0.
pub(crate) fn between(x: &Tensor, low: f64, high: f64) -> Result<Tensor> {
    let (above, below) = (ge_scalar(x, low)?, le_scalar(x, high)?);
    mul(&above, &below)
}

/// a where the condition is not 0, else b.  d = m da + (1 - m) db
pub fn where_(condition: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    same_kind("where", condition, a)?;
    same_kind("where", a, b)?;
    let shape =
        broadcast("where", condition.shape(), &broadcast("where", a.shape(), b.shape(), a.dtype())?, a.dtype())?;
    let values = [condition.value(), a.value(), b.value()];
    let picked = |[m, a, b]: [f32; 3]| if m != 0.0 { a } else { b };
    let value = elementwise::map([&values[0], &values[1], &values[2]], &shape, picked)
        .or_else(|| on_gpu(Formula::Where, &[condition, a, b], [0.0; 2], &shape));
    let value = match value {
        Some(value) => value,
        None => {
            let [m, x, y] = [condition, a, b].map(|t| expand(&t.detach(), &shape));
            Dispatch::float_where(m?.value(), x?.value(), y?.value()).ok_or_else(|| too_large("where"))?
        }
    };
    Ok(Tensor::result(
        value,
        shape,
        &[condition, a, b],
        Box::new(|c| {
            let m = &c.inputs[0];
            // Selection rather than multiplication, so that an infinite gradient does not become NaN where it is not
            // selected.
            let part = |i: usize, formula: Formula| {
                if !c.needs(i) {
                    return Ok(None);
                }
                let part = fused(c, formula, &[m, c.grad], [0.0; 2], || {
                    let (m, zero) = (ne_scalar(m, 0.0)?, c.grad.detach().full_like(0.0)?);
                    if i == 1 {
                        where_(&m, c.grad, &zero)
                    } else {
                        where_(&m, &zero, c.grad)
                    }
                })?;
                Ok::<_, Error>(Some(sum_to(&part, c.inputs[i].shape())?))
            };
            let (da, db) = (part(1, Formula::Only)?, part(2, Formula::Unless)?);
            Ok(vec![None, da, db])
        }),
    ))
}

/// min(max(x, low), high).  d = dx where low <= x <= high
pub fn clamp(x: &Tensor, low: f64, high: f64) -> Result<Tensor> {
    if low.is_nan() || high.is_nan() || low > high {
        return Err(crate::Error::argument("clamp", format!("low is {low} and high is {high}, expected low <= high.")));
    }
    let (least, most) = (low as f32, high as f32);
    // NaN stays NaN.
    let single = |v: f32| {
        if v < least {
            least
        } else if v > most {
            most
        } else {
            v
        }
    };
    let bounded = || {
        let above = if low.is_finite() { Dispatch::float_clamp_min(x.value(), Scalar::Float(low))? } else { x.value() };
        if high.is_finite() {
            Dispatch::float_clamp_max(above, Scalar::Float(high))
        } else {
            Some(above)
        }
    };
    let value = elementwise::unary(&x.value(), x.shape(), single)
        .or_else(|| on_gpu(Formula::Clamp, &[x], [low, high], x.shape()))
        .or_else(bounded)
        .ok_or_else(|| too_large("clamp"))?;
    Ok(Tensor::result(
        value,
        x.shape().to_vec(),
        &[x],
        Box::new(move |c| {
            let x = &c.inputs[0];
            let other = || mul(c.grad, &between(x, low, high)?);
            Ok(vec![Some(fused(c, Formula::ClampGradient, &[c.grad, x], [low, high], other)?)])
        }),
    ))
}
