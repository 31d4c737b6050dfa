//! Comparisons (0 or 1, off the tape) and selection by them.

use super::{broadcast, elementwise::mul, reduce::sum_to, same_kind, shape::expand, with_rank};
use crate::error::Result;
use crate::storage::{elementwise, Value};
use crate::tensor::{Constant, Tensor};
use adjoint_backend::{BoolDType, Dispatch, Scalar};

/// The type of booleans on the device of `x`.
pub(crate) fn bool_dtype(x: &Tensor) -> Result<BoolDType> {
    Ok(Dispatch::settings(&x.device().dispatch()?).bool_dtype)
}

type Bool = adjoint_backend::DispatchTensor;

fn compare(
    op: &str,
    a: &Tensor,
    b: &Tensor,
    test: impl Fn(f32, f32) -> bool + Sync,
    f: fn(Value, Value, BoolDType) -> Bool,
) -> Result<Constant> {
    same_kind(op, a, b)?;
    let shape = broadcast(op, a.shape(), b.shape(), a.dtype())?;
    let value = match elementwise::binary(&a.value(), &b.value(), &shape, |a, b| f32::from(u8::from(test(a, b)))) {
        Some(value) => value,
        None => Dispatch::bool_into_float(
            f(with_rank(a, shape.len()), with_rank(b, shape.len()), bool_dtype(a)?),
            a.dtype().float(),
        ),
    };
    Ok(Constant::new(value, &shape, a.device()))
}

fn compare_scalar(
    x: &Tensor,
    s: f64,
    test: impl Fn(f32, f32) -> bool + Sync,
    f: fn(Value, Scalar, BoolDType) -> Bool,
) -> Result<Constant> {
    let value = match elementwise::unary(&x.value(), x.shape(), |v| f32::from(u8::from(test(v, s as f32)))) {
        Some(value) => value,
        None => Dispatch::bool_into_float(f(x.value(), Scalar::Float(s), bool_dtype(x)?), x.dtype().float()),
    };
    Ok(Constant::new(value, x.shape(), x.device()))
}

macro_rules! comparisons {
    ($($name:ident, $scalar:ident, $test:expr, $f:ident, $g:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(a: &Tensor, b: &Tensor) -> Result<Constant> {
            compare(stringify!($name), a, b, $test, Dispatch::$f)
        }
        #[doc = concat!($doc, ", with a number")]
        pub fn $scalar(x: &Tensor, s: f64) -> Result<Constant> {
            compare_scalar(x, s, $test, Dispatch::$g)
        }
    )*};
}
comparisons! {
    eq, eq_scalar, |a, b| a == b, float_equal, float_equal_elem, "1 where a = b";
    ne, ne_scalar, |a, b| a != b, float_not_equal, float_not_equal_elem, "1 where a is not b";
    gt, gt_scalar, |a, b| a > b, float_greater, float_greater_elem, "1 where a > b";
    ge, ge_scalar, |a, b| a >= b, float_greater_equal, float_greater_equal_elem, "1 where a >= b";
    lt, lt_scalar, |a, b| a < b, float_lower, float_lower_elem, "1 where a < b";
    le, le_scalar, |a, b| a <= b, float_lower_equal, float_lower_equal_elem, "1 where a <= b";
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
    let value =
        match elementwise::map(
            [&condition.value(), &a.value(), &b.value()],
            &shape,
            |[m, a, b]| if m != 0.0 { a } else { b },
        ) {
            Some(value) => value,
            None => {
                let m = expand(&condition.detach(), &shape)?;
                let mask = Dispatch::float_not_equal_elem(m.value(), Scalar::Float(0.0), bool_dtype(&m)?);
                let (x, y) = (expand(&a.detach(), &shape)?, expand(&b.detach(), &shape)?);
                Dispatch::float_mask_where(y.value(), mask, x.value())
            }
        };
    Ok(Tensor::result(
        value,
        shape,
        &[condition, a, b],
        Box::new(|c| {
            let m = ne_scalar(&c.inputs[0], 0.0)?;
            let zero = c.grad.detach().full_like(0.0)?;
            // Selection rather than multiplication, so that an infinite gradient does not become NaN where it is not
            // selected.
            let da = if c.needs(1) { Some(sum_to(&where_(&m, c.grad, &zero)?, c.inputs[1].shape())?) } else { None };
            let db = if c.needs(2) { Some(sum_to(&where_(&m, &zero, c.grad)?, c.inputs[2].shape())?) } else { None };
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
    let value = elementwise::unary(&x.value(), x.shape(), single).unwrap_or_else(|| {
        let mut value = x.value();
        if low.is_finite() {
            value = Dispatch::float_clamp_min(value, Scalar::Float(low));
        }
        if high.is_finite() {
            value = Dispatch::float_clamp_max(value, Scalar::Float(high));
        }
        value
    });
    Ok(Tensor::result(
        value,
        x.shape().to_vec(),
        &[x],
        Box::new(move |c| Ok(vec![Some(mul(c.grad, &between(&c.inputs[0], low, high)?)?)])),
    ))
}
