//! The backward pass, which may stop where some gradients are complete and go on later.

use crate::error::{Error, Result};
use crate::id_map::IdMap;
use crate::tape::grads::{accumulate, seeds};
use crate::tape::recording::recording;
use crate::tensor::node::{Context, Node};
use crate::tensor::Tensor;
use std::sync::Arc;

/// More than the number of any node.
const UNUSED: u64 = u64::MAX;

/// A backward pass: what `tape::grad` computes at once, in steps of any size, each with the same bits.
///
/// It holds the graph that it has not differentiated yet, also where nothing else does. After an error it is of no use.
pub struct Pass {
    /// The node of each input; `None` for one that is not on the tape.
    inputs: Vec<Option<u64>>,
    create_graph: bool,
    /// Nodes that an input leads to and that are not differentiated yet.
    nodes: IdMap<u64, Arc<Node>>,
    /// Their numbers in ascending order, so that the next one is the last.
    order: Vec<u64>,
    /// For each node of an input the oldest node that uses it, after which its gradient is complete; `UNUSED` without.
    last_use: IdMap<u64, u64>,
    /// Sums of what the nodes so far have given.
    grads: IdMap<u64, Tensor>,
    /// Gradients of inputs that are results of operators, which are differentiated themselves.
    found: IdMap<u64, Tensor>,
}

impl Pass {
    /// The pass from `sum_i <gradOutputs_i, outputs_i>` to the inputs, of which nothing is computed yet.
    pub fn begin(
        outputs: &[Tensor],
        inputs: &[Tensor],
        grad_outputs: &[Option<Tensor>],
        create_graph: bool,
    ) -> Result<Self> {
        let inputs: Vec<Option<u64>> = inputs.iter().map(|t| t.0.node.as_ref().map(|n| n.id)).collect();
        let mut nodes = reached(outputs);
        // Operands are always older than results, so ascending ids are a topological order.
        let mut order: Vec<u64> = nodes.keys().copied().collect();
        order.sort_unstable();
        let mut last_use: IdMap<u64, u64> = inputs.iter().flatten().map(|&id| (id, UNUSED)).collect();
        let mut needed: IdMap<u64, ()> = IdMap::with_capacity_and_hasher(order.len(), Default::default());
        for id in &order {
            let mut leads = last_use.contains_key(id);
            for parent in nodes[id].parents.iter().filter_map(|p| p.0.node.as_ref()) {
                leads |= needed.contains_key(&parent.id);
                if let Some(oldest) = last_use.get_mut(&parent.id) {
                    *oldest = (*oldest).min(*id);
                }
            }
            if leads {
                needed.insert(*id, ());
            }
        }
        order.retain(|id| needed.contains_key(id));
        nodes.retain(|id, _| needed.contains_key(id));
        let grads = recording(create_graph, || seeds(outputs, grad_outputs))?;
        Ok(Self { inputs, create_graph, nodes, order, last_use, grads, found: IdMap::default() })
    }

    /// The positions of the inputs in the order in which their gradients become complete.
    pub fn order(&self) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..self.inputs.len()).collect();
        positions.sort_by_key(|&i| std::cmp::Reverse(self.last_use_of(i).unwrap_or(UNUSED)));
        positions
    }

    fn last_use_of(&self, input: usize) -> Option<u64> {
        self.last_use.get(self.inputs.get(input)?.as_ref()?).copied()
    }

    /// The gradients of the inputs at some positions; `None` where an input was not used. Goes on until they are
    /// complete, and no further.
    pub fn next(&mut self, inputs: &[usize]) -> Result<Vec<Option<Tensor>>> {
        if let Some(until) = inputs.iter().filter_map(|&i| self.last_use_of(i)).min() {
            recording(self.create_graph, || self.run(until))?;
        }
        let gradient = |&i: &usize| {
            let id = self.inputs.get(i).copied().flatten()?;
            self.found.get(&id).or_else(|| self.grads.get(&id)).cloned()
        };
        Ok(inputs.iter().map(gradient).collect())
    }

    /// Differentiates the nodes from the next one to that of a number.
    fn run(&mut self, until: u64) -> Result<()> {
        while let Some(id) = self.order.pop_if(|id| *id >= until) {
            self.differentiate(id)?;
        }
        Ok(())
    }

    /// Passes the gradient of a node on to its operands.
    fn differentiate(&mut self, id: u64) -> Result<()> {
        let Some(node) = self.nodes.get(&id).cloned() else { return Ok(()) };
        // An operand's node is still in the list, since it is older.
        let needs: Vec<bool> =
            node.parents.iter().map(|p| p.0.node.as_ref().is_some_and(|n| self.nodes.contains_key(&n.id))).collect();
        self.nodes.remove(&id);
        let Some(vjp) = &node.vjp else { return Ok(()) };
        let Some(grad) = self.grads.remove(&id) else { return Ok(()) };
        if self.last_use.contains_key(&id) {
            self.found.insert(id, grad.clone());
        }
        if !needs.iter().any(|&n| n) {
            return Ok(());
        }
        let results = vjp(&Context { inputs: &node.parents, grad: &grad, needs: &needs, node: &node })?;
        for ((parent, result), need) in node.parents.iter().zip(results).zip(&needs) {
            if let (true, Some(result), Some(parent_node)) = (*need, result, &parent.0.node) {
                if result.shape() != parent.shape() {
                    return Err(Error::internal(format!(
                        "tape: gradient of shape {:?} for an operand of shape {:?}.",
                        result.shape(),
                        parent.shape()
                    )));
                }
                accumulate(&mut self.grads, parent_node.id, result)?;
            }
        }
        Ok(())
    }
}

/// The nodes that the outputs were computed from.
fn reached(outputs: &[Tensor]) -> IdMap<u64, Arc<Node>> {
    let mut nodes: IdMap<u64, Arc<Node>> = IdMap::default();
    let mut stack: Vec<Arc<Node>> = outputs.iter().filter_map(|t| t.0.node.clone()).collect();
    while let Some(node) = stack.pop() {
        if nodes.contains_key(&node.id) {
            continue;
        }
        stack.extend(node.parents.iter().filter_map(|p| p.0.node.clone()));
        nodes.insert(node.id, node);
    }
    nodes
}
