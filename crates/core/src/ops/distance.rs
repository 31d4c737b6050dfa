//! Distances between arrays, and between neighbours within one, in one pass and with gradients in one pass.

use super::elementwise::{mul, mul_scalar, pow_scalar, sub};
use super::reduce::sum;
use super::shape::{expand, reshape, slice};
use super::unary::{abs, neg, square};
use super::{check_axis, composed_gradients, same_kind};
use crate::error::{Error, Result};
use crate::gpu::rows::{self as gpu, Term};
use crate::kernel::sums::row_sums;
use crate::kernel::variation::{self, VariationShape};
use crate::storage::{elementwise, from_vec, physical, Value};
use crate::tape::{self, Context};
use crate::tensor::Tensor;
use adjoint_backend::Dispatch;
use std::sync::Arc;

/// The sizes of the first `keep` axes, and the number of elements for each of their positions.
fn rows(op: &str, x: &Tensor, keep: usize) -> Result<(Vec<usize>, usize)> {
    if keep > x.rank() {
        return Err(Error::argument(
            op,
            format!("keep is {keep}, expected at most the number of axes of shape {:?}.", x.shape()),
        ));
    }
    let (kept, rest) = x.shape().split_at(keep);
    Ok((kept.to_vec(), rest.iter().product()))
}

fn same_shape(op: &str, a: &Tensor, b: &Tensor) -> Result<()> {
    same_kind(op, a, b)?;
    if a.shape() != b.shape() {
        return Err(Error::shape(
            op,
            format!("a has shape {:?} and b {:?}, expected one shape for both.", a.shape(), b.shape()),
        ));
    }
    Ok(())
}

/// A tensor with the first axes of `like`, repeated along the others.
fn along_rows(g: &Tensor, like: &Tensor) -> Result<Tensor> {
    let mut shape = g.shape().to_vec();
    shape.resize(like.rank(), 1);
    expand(&reshape(g, &shape)?, like.shape())
}

/// The sum over all axes but the first `keep`.
fn sum_rows(x: &Tensor, keep: usize) -> Result<Tensor> {
    if keep == x.rank() {
        return Ok(x.clone());
    }
    sum(x, &(keep..x.rank()).collect::<Vec<_>>(), false)
}

/// Sums of a term, f on the CPU, over the rows of two tensors; `None` for float64.
fn sums(
    term: Term,
    [a, b]: [&Tensor; 2],
    rows: [usize; 2],
    shape: &[usize],
    f: impl Fn([f32; 2]) -> f32 + Sync,
) -> Option<Value> {
    match a.floats().zip(b.floats()) {
        Some((a, b)) => Some(from_vec(row_sums([&*a, &*b], rows, f), shape)),
        None => of_shape(gpu::sums(term, [&a.value(), &b.value()], in_rows(rows)), shape),
    }
}

/// Rows without an axis of neighbours.
fn in_rows([rows, n]: [usize; 2]) -> VariationShape {
    VariationShape { rows, outer: 1, n, inner: 1 }
}

fn of_shape(value: Option<Value>, shape: &[usize]) -> Option<Value> {
    value.map(|value| Dispatch::float_reshape(value, physical(shape)))
}

/// sum a b over all axes but the first `keep`, for arrays of one shape.  d = sum (b da + a db)
pub fn dot(a: &Tensor, b: &Tensor, keep: usize) -> Result<Tensor> {
    let op = "dot";
    same_shape(op, a, b)?;
    let (kept, n) = rows(op, a, keep)?;
    let value = if a.size() == 0 {
        None
    } else {
        sums(Term::Product, [a, b], [kept.iter().product(), n], &kept, |[a, b]| a * b)
    };
    let Some(value) = value else { return sum_rows(&mul(a, b)?, keep) };
    if Arc::ptr_eq(&a.0, &b.0) {
        // A squared norm: one gradient in place of a sum of two.
        let gradient =
            |c: &Context| Ok(vec![Some(mul(&c.inputs[0], &along_rows(&mul_scalar(c.grad, 2.0)?, &c.inputs[0])?)?)]);
        return Ok(Tensor::result(value, kept, &[a], Box::new(gradient)));
    }
    let gradients = |c: &Context| {
        let (a, b) = (&c.inputs[0], &c.inputs[1]);
        let g = along_rows(c.grad, a)?;
        let da = if c.needs(0) { Some(mul(b, &g)?) } else { None };
        let db = if c.needs(1) { Some(mul(a, &g)?) } else { None };
        Ok(vec![da, db])
    };
    Ok(Tensor::result(value, kept, &[a, b], Box::new(gradients)))
}

/// sum |a - b|^p over all axes but the first `keep`, for arrays of one shape.  d = p sum |a - b|^(p-1) sign(a - b) (da
/// - db)
pub fn distance(a: &Tensor, b: &Tensor, keep: usize, p: f64) -> Result<Tensor> {
    let op = "distance";
    same_shape(op, a, b)?;
    let (kept, n) = rows(op, a, keep)?;
    let sizes = [kept.iter().product(), n];
    let value = match p {
        _ if a.size() == 0 => None,
        2.0 => sums(Term::Square, [a, b], sizes, &kept, |[a, b]| (a - b) * (a - b)),
        1.0 => sums(Term::Distance, [a, b], sizes, &kept, |[a, b]| (a - b).abs()),
        _ => None,
    };
    let Some(value) = value else { return by_operators(a, b, keep, p) };
    let gradients = move |c: &Context| {
        let (a, b) = (&c.inputs[0], &c.inputs[1]);
        if tape::is_enabled() {
            return composed_gradients(c, |x| by_operators(&x[0], &x[1], keep, p));
        }
        let term = if p == 2.0 { Term::Square } else { Term::Distance };
        let values = [&a.value(), &b.value()];
        let on_gpu = gpu::slopes(term, values, &c.grad.value(), in_rows(sizes), a.shape());
        let g = along_rows(c.grad, a)?;
        let da = match on_gpu.or_else(|| slope(&a.value(), &b.value(), &g.value(), a.shape(), p)) {
            Some(value) => c.gradient(value, a.shape())?,
            None => return Err(Error::internal("distance: a gradient of another type.")),
        };
        let db = if c.needs(1) { Some(neg(&da)?) } else { None };
        Ok(vec![Some(da), db])
    };
    Ok(Tensor::result(value, kept, &[a, b], Box::new(gradients)))
}

/// g times the derivative of |a - b|^p with respect to a, for p = 1 and p = 2.
fn slope(a: &Value, b: &Value, g: &Value, shape: &[usize], p: f64) -> Option<Value> {
    if p == 2.0 {
        return elementwise::map([a, b, g], shape, |[a, b, g]| (2.0 * g) * (a - b));
    }
    elementwise::map([a, b, g], shape, |[a, b, g]| g * (f32::from(i8::from(a > b)) - f32::from(i8::from(a < b))))
}

/// `distance` by tensor operators: any device, type and exponent, derivatives of any order.
fn by_operators(a: &Tensor, b: &Tensor, keep: usize, p: f64) -> Result<Tensor> {
    let d = sub(a, b)?;
    let powers = match p {
        1.0 => abs(&d)?,
        2.0 => square(&d)?,
        _ => pow_scalar(&abs(&d)?, p)?,
    };
    sum_rows(&powers, keep)
}

/// sum (x_(i+1) - x_i)^2 of neighbours along an axis, over all axes but the first `keep`; that axis is not among them.
pub fn variation(x: &Tensor, axis: usize, keep: usize) -> Result<Tensor> {
    let op = "variation";
    check_axis(op, x, axis)?;
    let (kept, _) = rows(op, x, keep)?;
    if axis < keep {
        return Err(Error::argument(
            op,
            format!("axis is {axis} and keep is {keep}, expected keep <= axis: differences are summed along the axis."),
        ));
    }
    let s = x.shape();
    let sizes = VariationShape {
        rows: kept.iter().product(),
        outer: s[keep..axis].iter().product(),
        n: s[axis],
        inner: s[axis + 1..].iter().product(),
    };
    let value = match x.floats() {
        _ if x.size() == 0 => None,
        Some(x) => Some(from_vec(variation::sums(&x, sizes), &kept)),
        None => of_shape(gpu::sums(Term::Variation, [&x.value(), &x.value()], sizes), &kept),
    };
    let Some(value) = value else { return variation_by_operators(x, axis, keep) };
    let gradient = move |c: &Context| {
        let x = &c.inputs[0];
        if tape::is_enabled() {
            return composed_gradients(c, |x| variation_by_operators(&x[0], axis, keep));
        }
        let values = [&x.value(), &x.value()];
        let value = match gpu::slopes(Term::Variation, values, &c.grad.value(), sizes, x.shape()) {
            Some(value) => value,
            None => from_vec(variation::gradient(&x.values()?, &c.grad.values()?, sizes), x.shape()),
        };
        Ok(vec![Some(c.gradient(value, x.shape())?)])
    };
    Ok(Tensor::result(value, kept, &[x], Box::new(gradient)))
}

/// `variation` by tensor operators: any device and type, derivatives of any order.
fn variation_by_operators(x: &Tensor, axis: usize, keep: usize) -> Result<Tensor> {
    let n = x.shape()[axis];
    let part = |from: usize, to: usize| {
        let (mut starts, mut ends) = (vec![0; x.rank()], x.shape().to_vec());
        (starts[axis], ends[axis]) = (from, to);
        slice(x, &starts, &ends, &vec![1; x.rank()])
    };
    sum_rows(&square(&sub(&part(1.min(n), n)?, &part(0, n.max(1) - 1)?)?)?, keep)
}
