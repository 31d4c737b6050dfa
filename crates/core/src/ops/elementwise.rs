//! Binary arithmetic with NumPy broadcasting, and arithmetic with a number.

use super::{broadcast, compare, fused, on_gpu, reduce::sum_to, same_kind, unary, with_rank};
use crate::error::{Error, Result};
use crate::kernel::formula::Formula;
use crate::storage::{elementwise, Value};
use crate::tape::Vjp;
use crate::tensor::{Constant, Tensor};
use adjoint_backend::{Dispatch, Scalar};

fn binary(
    op: &str,
    a: &Tensor,
    b: &Tensor,
    f: fn(Value, Value) -> Value,
    single: impl Fn(f32, f32) -> f32 + Sync,
    vjp: Vjp,
) -> Result<Tensor> {
    if let (Some(x), Some(y)) = (a.number(), b.number()) {
        let shape = if a.rank() >= b.rank() { a.shape() } else { b.shape() };
        return Ok(Tensor::number_result(single(x, y), shape.to_vec(), &[a, b], vjp));
    }
    same_kind(op, a, b)?;
    let shape = broadcast(op, a.shape(), b.shape(), a.dtype())?;
    let value = elementwise::binary(&a.value(), &b.value(), &shape, single)
        .unwrap_or_else(|| f(with_rank(a, shape.len()), with_rank(b, shape.len())));
    Ok(Tensor::result(value, shape, &[a, b], vjp))
}

/// a + b.  d = da + db
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(
        "add",
        a,
        b,
        Dispatch::float_add,
        |a, b| a + b,
        Box::new(|c| Ok(vec![Some(sum_to(c.grad, c.inputs[0].shape())?), Some(sum_to(c.grad, c.inputs[1].shape())?)])),
    )
}

/// a - b.  d = da - db
pub fn sub(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(
        "sub",
        a,
        b,
        Dispatch::float_sub,
        |a, b| a - b,
        Box::new(|c| {
            let db = if c.needs(1) { Some(sum_to(&unary::neg(c.grad)?, c.inputs[1].shape())?) } else { None };
            Ok(vec![Some(sum_to(c.grad, c.inputs[0].shape())?), db])
        }),
    )
}

/// a b.  d = b da + a db
pub fn mul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(
        "mul",
        a,
        b,
        Dispatch::float_mul,
        |a, b| a * b,
        Box::new(|c| {
            let (a, b) = (&c.inputs[0], &c.inputs[1]);
            let da = if c.needs(0) { Some(sum_to(&mul(c.grad, b)?, a.shape())?) } else { None };
            let db = if c.needs(1) { Some(sum_to(&mul(c.grad, a)?, b.shape())?) } else { None };
            Ok(vec![da, db])
        }),
    )
}

/// a / b.  d = da / b - a db / b^2
pub fn div(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(
        "div",
        a,
        b,
        Dispatch::float_div,
        |a, b| a / b,
        Box::new(|c| {
            let (a, b) = (&c.inputs[0], &c.inputs[1]);
            let da = if c.needs(0) { Some(sum_to(&div(c.grad, b)?, a.shape())?) } else { None };
            let db = if c.needs(1) {
                let part = fused(c, Formula::QuotientGradient, &[c.grad, a, b], [0.0; 2], || {
                    unary::neg(&mul(&div(c.grad, b)?, &div(a, b)?)?)
                })?;
                Some(sum_to(&part, b.shape())?)
            } else {
                None
            };
            Ok(vec![da, db])
        }),
    )
}

/// a^b.  d = b a^(b-1) da + a^b log(a) db; the first term is 0 for 0^0, the second where a = 0.
pub fn pow(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(
        "pow",
        a,
        b,
        Dispatch::float_powf,
        f32::powf,
        Box::new(|c| {
            let (a, b) = (&c.inputs[0], &c.inputs[1]);
            let da = if c.needs(0) {
                let part = fused(c, Formula::PowerGradient, &[c.grad, a, b], [0.0; 2], || {
                    // 0^-1 is infinite, and times 0 NaN.
                    let (zero, none) = (compare::eq_scalar(a, 0.0)?, compare::eq_scalar(b, 0.0)?);
                    let both = mul(&zero, &none)?;
                    mul(c.grad, &mul(b, &pow(&add(a, &both)?, &add_scalar(b, -1.0)?)?)?)
                })?;
                Some(sum_to(&part, a.shape())?)
            } else {
                None
            };
            let db = if c.needs(1) {
                let part = fused(c, Formula::ExponentGradient, &[c.grad, a, b], [0.0; 2], || {
                    let zero = compare::eq_scalar(a, 0.0)?;
                    let safe = add(a, &zero)?;
                    mul(c.grad, &mul(&pow(&safe, b)?, &unary::log(&safe)?)?)
                })?;
                Some(sum_to(&part, b.shape())?)
            } else {
                None
            };
            Ok(vec![da, db])
        }),
    )
}

fn extremum(
    op: &str,
    [a, b]: [&Tensor; 2],
    [formula, of_gradient]: [Formula; 2],
    pick_a: fn(&Tensor, &Tensor) -> Result<Constant>,
) -> Result<Tensor> {
    same_kind(op, a, b)?;
    let shape = broadcast(op, a.shape(), b.shape(), a.dtype())?;
    let value = match on_gpu(formula, &[a, b], [0.0; 2], &shape) {
        Some(value) => value,
        None => {
            let (x, y) = (super::shape::expand(&a.detach(), &shape)?, super::shape::expand(&b.detach(), &shape)?);
            // Where y is NaN the comparison fails, which selects y; NaN in x needs a test.
            let (picked, nan) = (pick_a(&x, &y)?, compare::ne(&x, &x)?);
            compare::where_(&add(&picked, &nan)?, &x, &y)?.value()
        }
    };
    Ok(Tensor::result(
        value,
        shape,
        &[a, b],
        Box::new(move |c| {
            let share = |i: usize| {
                if !c.needs(i) {
                    return Ok(None);
                }
                let (x, y) = (&c.inputs[i], &c.inputs[1 - i]);
                let part = fused(c, of_gradient, &[c.grad, x, y], [0.0; 2], || {
                    let (picked, equal) = (pick_a(x, y)?, compare::eq(x, y)?);
                    mul(c.grad, &add(&sub(&picked, &equal)?, &mul_scalar(&equal, 0.5)?)?)
                })?;
                Ok::<_, Error>(Some(sum_to(&part, x.shape())?))
            };
            Ok(vec![share(0)?, share(1)?])
        }),
    ))
}

/// max(a, b); equal operands share the gradient.
pub fn maximum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    extremum("maximum", [a, b], [Formula::Maximum, Formula::MaximumGradient], compare::ge)
}

/// min(a, b); equal operands share the gradient.
pub fn minimum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    extremum("minimum", [a, b], [Formula::Minimum, Formula::MinimumGradient], compare::le)
}

/// A function of each element with a number.
fn unary(x: &Tensor, single: impl Fn(f32) -> f32 + Sync, other: impl FnOnce(Value) -> Value, vjp: Vjp) -> Tensor {
    let shape = x.shape().to_vec();
    if let Some(v) = x.number() {
        return Tensor::number_result(single(v), shape, &[x], vjp);
    }
    let value = elementwise::unary(&x.value(), x.shape(), single).unwrap_or_else(|| other(x.value()));
    Tensor::result(value, shape, &[x], vjp)
}

/// x + s
pub fn add_scalar(x: &Tensor, s: f64) -> Result<Tensor> {
    Ok(unary(
        x,
        |v| v + s as f32,
        |v| Dispatch::float_add_scalar(v, Scalar::Float(s)),
        Box::new(|c| Ok(vec![Some(c.grad.clone())])),
    ))
}

/// s x
pub fn mul_scalar(x: &Tensor, s: f64) -> Result<Tensor> {
    let vjp: Vjp = Box::new(move |c| Ok(vec![Some(mul_scalar(c.grad, s)?)]));
    Ok(unary(x, |v| v * s as f32, |v| Dispatch::float_mul_scalar(v, Scalar::Float(s)), vjp))
}

/// x / s
pub fn div_scalar(x: &Tensor, s: f64) -> Result<Tensor> {
    let vjp: Vjp = Box::new(move |c| Ok(vec![Some(div_scalar(c.grad, s)?)]));
    Ok(unary(x, |v| v / s as f32, |v| Dispatch::float_div_scalar(v, Scalar::Float(s)), vjp))
}

/// x^p.  d = p x^(p-1) dx
pub fn pow_scalar(x: &Tensor, p: f64) -> Result<Tensor> {
    // Repeated products are exact for negative bases on every device. Each exponent has a loop of its own, which
    // the compiler vectorises.
    let (value, shape) = (x.value(), x.shape());
    let single = || match p {
        2.0 => elementwise::unary(&value, shape, |v| v * v),
        3.0 => elementwise::unary(&value, shape, |v| v * v * v),
        4.0 => elementwise::unary(&value, shape, |v| (v * v) * (v * v)),
        _ => elementwise::unary(&value, shape, |v| v.powf(p as f32)),
    };
    let other = |x: Value| match p {
        2.0 => Dispatch::float_mul(x.clone(), x),
        3.0 => Dispatch::float_mul(Dispatch::float_mul(x.clone(), x.clone()), x),
        4.0 => {
            let square = Dispatch::float_mul(x.clone(), x);
            Dispatch::float_mul(square.clone(), square)
        }
        _ => Dispatch::float_powf_scalar_impl(x, Scalar::Float(p)),
    };
    let value = match p {
        0.0 => x.full_like(1.0)?.value(),
        1.0 => x.value(),
        _ => single().unwrap_or_else(|| other(x.value())),
    };
    Ok(Tensor::result(
        value,
        x.shape().to_vec(),
        &[x],
        Box::new(move |c| {
            if p == 0.0 {
                return Ok(vec![Some(c.grad.full_like(0.0)?)]);
            }
            let x = &c.inputs[0];
            // p dy first: often one number for all.
            let other = || mul(&mul_scalar(c.grad, p)?, &pow_scalar(x, p - 1.0)?);
            let gradient = match p {
                1.0 => other()?,
                2.0 => fused(c, Formula::SquareGradient, &[c.grad, x], [0.0; 2], other)?,
                _ => fused(c, Formula::PowerGradient, &[c.grad, x], [0.0, p], other)?,
            };
            Ok(vec![Some(gradient)])
        }),
    ))
}
