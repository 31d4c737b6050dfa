//! Reverse-mode differentiation of any order: every vector-Jacobian product is made of taped operators.

mod grads;
mod pass;
mod recording;

use crate::error::Result;
pub(crate) use crate::tensor::node::{is_asked, set_logging};
pub use crate::tensor::node::{is_enabled, set_enabled};
pub(crate) use crate::tensor::node::{Context, Vjp};
use crate::tensor::Tensor;
pub use pass::Pass;
pub(crate) use recording::recording;

/// Gradients of `sum_i <gradOutputs_i, outputs_i>` with respect to `inputs`; `None` where an input was not used.
///
/// With `create_graph` the result is itself on the tape.
pub fn grad(
    outputs: &[Tensor],
    inputs: &[Tensor],
    grad_outputs: &[Option<Tensor>],
    create_graph: bool,
) -> Result<Vec<Option<Tensor>>> {
    let mut pass = Pass::begin(outputs, inputs, grad_outputs, create_graph)?;
    pass.next(&(0..inputs.len()).collect::<Vec<_>>())
}
