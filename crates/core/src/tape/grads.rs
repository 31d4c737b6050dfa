//! Gradients by node: those that a backward pass begins with, and their sums.

use crate::error::{Error, Result};
use crate::id_map::IdMap;
use crate::storage::elementwise;
use crate::tensor::node::Vjp;
use crate::tensor::{same_kind, Tensor};
use adjoint_backend::Dispatch;

/// The gradients that a pass begins with, by node.
pub(super) fn seeds(outputs: &[Tensor], grad_outputs: &[Option<Tensor>]) -> Result<IdMap<u64, Tensor>> {
    if grad_outputs.len() > outputs.len() {
        return Err(Error::argument(
            "grad",
            format!(
                "{} gradOutputs came for {} outputs, expected at most one for each.",
                grad_outputs.len(),
                outputs.len()
            ),
        ));
    }
    let mut grads: IdMap<u64, Tensor> = IdMap::default();
    for (i, out) in outputs.iter().enumerate() {
        let seed = match grad_outputs.get(i).and_then(|g| g.as_ref()) {
            Some(g) if g.shape() != out.shape() => {
                return Err(Error::shape(
                    "grad",
                    format!(
                        "gradOutputs[{i}] has shape {:?}, expected the output's shape {:?}.",
                        g.shape(),
                        out.shape()
                    ),
                ))
            }
            Some(g) => {
                same_kind("grad", out, g)?;
                g.clone()
            }
            None if out.size() == 1 => out.full_like(1.0)?,
            None => return Err(not_scalar(i, out)),
        };
        if let Some(node) = &out.0.node {
            accumulate(&mut grads, node.id, seed)?;
        }
    }
    Ok(grads)
}

/// a + b for gradients of one shape, itself on the tape.
fn sum(a: &Tensor, b: &Tensor) -> Tensor {
    let vjp: Vjp = Box::new(|c| Ok(vec![Some(c.grad.clone()), Some(c.grad.clone())]));
    if let (Some(x), Some(y)) = (a.number(), b.number()) {
        return Tensor::number_result(x + y, a.shape().to_vec(), &[a, b], vjp);
    }
    let value = elementwise::binary(&a.value(), &b.value(), a.shape(), |a, b| a + b)
        .unwrap_or_else(|| Dispatch::float_add(a.value(), b.value()));
    Tensor::result(value, a.shape().to_vec(), &[a, b], vjp)
}

fn not_scalar(i: usize, output: &Tensor) -> Error {
    let shape = output.shape();
    Error::argument_with_code(
        "not_scalar",
        "grad",
        format!(
            "output {i} has shape {shape:?}, expected one element; reduce it, e.g. with mean(), or give gradOutputs."
        ),
    )
}

/// Adds a gradient to those of a node.
pub(super) fn accumulate(grads: &mut IdMap<u64, Tensor>, id: u64, grad: Tensor) -> Result<()> {
    let sum = match grads.remove(&id) {
        Some(old) => sum(&old, &grad),
        None => grad,
    };
    grads.insert(id, sum);
    Ok(())
}
