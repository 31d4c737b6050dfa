//! Softmax along an axis, in one kernel each way for float32 on the CPU.

use super::elementwise::{div, sub};
use super::reduce::{max, sum};
use super::unary::exp;
use super::{check_axis, composed_gradients};
use crate::error::Result;
use crate::kernel::softmax::{forward, gradient, Lines};
use crate::storage::from_vec;
use crate::tape::{self, Context};
use crate::tensor::{Constant, Tensor};

/// y = e^x / sum e^x along an axis.  dx = y (g - sum g y)
pub fn softmax(x: &Tensor, axis: usize) -> Result<Tensor> {
    check_axis("softmax", x, axis)?;
    let shape = x.shape().to_vec();
    let Some(values) = (if x.size() == 0 { None } else { x.floats() }) else { return composed(x, axis) };
    let lines =
        Lines { outer: shape[..axis].iter().product(), length: shape[axis], inner: shape[axis + 1..].iter().product() };
    let value = from_vec(forward(&values, lines), &shape);
    let kept = Constant::new(value.clone(), &shape, x.device());
    let gradients = move |c: &Context| {
        let operands = if tape::is_enabled() { None } else { kept.floats().zip(c.grad.floats()) };
        let Some((y, g)) = operands else { return composed_gradients(c, |x| composed(&x[0], axis)) };
        Ok(vec![Some(c.gradient(from_vec(gradient(&y, &g, lines), kept.shape()), kept.shape())?)])
    };
    Ok(Tensor::result(value, shape.clone(), &[x], Box::new(gradients)))
}

/// The same by operators: any device and type, derivatives of any order.
fn composed(x: &Tensor, axis: usize) -> Result<Tensor> {
    // The maximum only shifts the exponent, so no gradient flows through it.
    let shifted = exp(&sub(x, &max(&x.detach(), &[axis], true)?)?)?;
    div(&shifted, &sum(&shifted, &[axis], true)?)
}
