//! Softmax along an axis, in one kernel each way for float32.

use super::elementwise::{div, sub};
use super::reduce::{max, sum};
use super::unary::exp;
use super::{check_axis, composed_gradients};
use crate::error::Result;
use crate::gpu::softmax as gpu;
use crate::kernel::softmax::{forward, gradient, Lines};
use crate::storage::from_vec;
use crate::tape::{self, Context};
use crate::tensor::{Constant, Tensor};

/// y = e^x / sum e^x along an axis.  dx = y (g - sum g y)
pub fn softmax(x: &Tensor, axis: usize) -> Result<Tensor> {
    check_axis("softmax", x, axis)?;
    let shape = x.shape().to_vec();
    if x.size() == 0 {
        return composed(x, axis);
    }
    let lines =
        Lines { outer: shape[..axis].iter().product(), length: shape[axis], inner: shape[axis + 1..].iter().product() };
    let value = match x.floats() {
        Some(values) => Some(from_vec(forward(&values, lines), &shape)),
        None => gpu::softmax(&x.value(), None, lines, &shape),
    };
    let Some(value) = value else { return composed(x, axis) };
    let kept = Constant::new(value.clone(), &shape, x.device());
    let gradients = move |c: &Context| {
        let shape = kept.shape();
        let on_cpu = kept.floats().zip(c.grad.floats());
        let value = match on_cpu {
            _ if tape::is_enabled() => None,
            Some((y, g)) => Some(from_vec(gradient(&y, &g, lines), shape)),
            None => gpu::softmax(&kept.value(), Some(&c.grad.value()), lines, shape),
        };
        match value {
            Some(value) => Ok(vec![Some(c.gradient(value, shape)?)]),
            None => composed_gradients(c, |x| composed(&x[0], axis)),
        }
    };
    Ok(Tensor::result(value, shape.clone(), &[x], Box::new(gradients)))
}

/// The same by operators: any device and type, derivatives of any order.
fn composed(x: &Tensor, axis: usize) -> Result<Tensor> {
    // The maximum only shifts the exponent, so no gradient flows through it.
    let shifted = exp(&sub(x, &max(&x.detach(), &[axis], true)?)?)?;
    div(&shifted, &sum(&shifted, &[axis], true)?)
}
