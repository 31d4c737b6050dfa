//! Reverse-mode differentiation of any order: every vector-Jacobian product is made of taped operators.

use crate::error::{Error, Result};
use crate::id_map::IdMap;
use crate::storage::elementwise;
pub(crate) use crate::tensor::node::{is_asked, set_logging};
pub use crate::tensor::node::{is_enabled, set_enabled};
pub(crate) use crate::tensor::node::{Context, Node, Vjp};
use crate::tensor::{same_kind, Tensor};
use adjoint_backend::Dispatch;
use std::sync::Arc;

struct Restore(bool);
impl Drop for Restore {
    fn drop(&mut self) {
        set_enabled(self.0);
    }
}

/// Runs `f` with recording on or off.
pub(crate) fn recording<T>(on: bool, f: impl FnOnce() -> T) -> T {
    let _restore = Restore(set_enabled(on));
    f()
}

/// Gradients of `sum_i <gradOutputs_i, outputs_i>` with respect to `inputs`; `None` where an input was not used.
///
/// With `create_graph` the result is itself on the tape.
pub fn grad(
    outputs: &[Tensor],
    inputs: &[Tensor],
    grad_outputs: &[Option<Tensor>],
    create_graph: bool,
) -> Result<Vec<Option<Tensor>>> {
    let mut nodes: IdMap<u64, Arc<Node>> = IdMap::default();
    let mut stack: Vec<Arc<Node>> = outputs.iter().filter_map(|t| t.0.node.clone()).collect();
    while let Some(node) = stack.pop() {
        if nodes.contains_key(&node.id) {
            continue;
        }
        stack.extend(node.parents.iter().filter_map(|p| p.0.node.clone()));
        nodes.insert(node.id, node);
    }
    // Operands are always older than results, so ascending ids are a topological order.
    let mut order: Vec<u64> = nodes.keys().copied().collect();
    order.sort_unstable();
    let wanted: IdMap<u64, ()> = inputs.iter().filter_map(|t| t.0.node.as_ref().map(|n| (n.id, ()))).collect();
    let mut needed: IdMap<u64, bool> = IdMap::with_capacity_and_hasher(order.len(), Default::default());
    let lookup = |needed: &IdMap<u64, bool>, t: &Tensor| {
        t.0.node.as_ref().is_some_and(|n| needed.get(&n.id).copied().unwrap_or(false))
    };
    for id in &order {
        let value = wanted.contains_key(id) || nodes[id].parents.iter().any(|p| lookup(&needed, p));
        needed.insert(*id, value);
    }

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
    let _restore = Restore(set_enabled(create_graph));
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
    let mut found: IdMap<u64, Tensor> = IdMap::default();
    for id in order.iter().rev() {
        if !needed[id] {
            continue;
        }
        let Some(grad) = grads.remove(id) else { continue };
        if wanted.contains_key(id) {
            found.insert(*id, grad.clone());
        }
        let node = &nodes[id];
        let Some(vjp) = &node.vjp else { continue };
        let needs: Vec<bool> = node.parents.iter().map(|p| lookup(&needed, p)).collect();
        if !needs.iter().any(|&n| n) {
            continue;
        }
        let results = vjp(&Context { inputs: &node.parents, grad: &grad, needs: &needs, node })?;
        for ((parent, result), need) in node.parents.iter().zip(results).zip(&needs) {
            if let (true, Some(result), Some(parent_node)) = (*need, result, &parent.0.node) {
                if result.shape() != parent.shape() {
                    return Err(Error::internal(format!(
                        "tape: gradient of shape {:?} for an operand of shape {:?}.",
                        result.shape(),
                        parent.shape()
                    )));
                }
                accumulate(&mut grads, parent_node.id, result)?;
            }
        }
    }
    Ok(inputs.iter().map(|t| t.0.node.as_ref().and_then(|n| found.get(&n.id).cloned())).collect())
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

fn accumulate(grads: &mut IdMap<u64, Tensor>, id: u64, grad: Tensor) -> Result<()> {
    let sum = match grads.remove(&id) {
        Some(old) => sum(&old, &grad),
        None => grad,
    };
    grads.insert(id, sum);
    Ok(())
}
