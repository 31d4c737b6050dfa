//! Results of operators that have no derivative.

use super::Tensor;
use crate::device::Device;
use crate::storage::Value;

/// A tensor that is never on the tape: the result of an operator without derivative.
///
/// An operator with a derivative returns a [`Tensor`], which operators make only together with its vector-Jacobian
/// product. A value without one has this type, so forgetting the derivative does not compile:
///
/// ```compile_fail,E0308
/// use adjoint_core::{ops::compare, Result, Tensor};
///
/// fn positive(x: &Tensor) -> Result<Tensor> {
///     compare::gt_scalar(x, 0.0)
/// }
/// ```
///
/// As an operand it is a tensor like any other:
///
/// ```
/// use adjoint_core::{ops::{compare, elementwise}, Result, Tensor};
///
/// fn positive_part(x: &Tensor) -> Result<Tensor> {
///     let positive = compare::gt_scalar(x, 0.0)?;
///     elementwise::mul(x, &positive)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Constant(Tensor);

impl Constant {
    pub(crate) fn new(value: Value, shape: &[usize], device: Device) -> Self {
        Self(Tensor::off_tape(value, shape.to_vec(), device))
    }
    /// The value of a tensor, off the tape.
    pub fn of(t: &Tensor) -> Self {
        Self(t.detach())
    }
}

impl std::ops::Deref for Constant {
    type Target = Tensor;
    fn deref(&self) -> &Tensor {
        &self.0
    }
}

impl From<Constant> for Tensor {
    fn from(constant: Constant) -> Tensor {
        constant.0
    }
}
