//! Reverse-mode differentiation of any order: every vector-Jacobian product is made of taped operators.
//!
//! A node holds its operands; a tensor holds the node that made it. So a graph lives exactly as long as a
//! tensor that refers to it, and a graph may be differentiated any number of times.

use crate::error::{Error, Result};
use crate::ops;
use crate::table::Table;
use crate::tensor::Tensor;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// What a vector-Jacobian product sees.
pub(crate) struct Context<'a> {
    /// The operator's operands, on the tape.
    pub inputs: &'a [Tensor],
    /// The gradient of the result.
    pub grad: &'a Tensor,
    needs: &'a [bool],
    node: &'a Arc<Node>,
}

impl Context<'_> {
    /// Whether the gradient with respect to operand `i` is wanted.
    pub fn needs(&self, i: usize) -> bool {
        self.needs[i]
    }
    /// The operator's result, on the tape.
    pub fn output(&self) -> Result<Tensor> {
        let saved = self.node.output.as_ref().ok_or_else(|| Error::internal("tape: the output was not saved"))?;
        Ok(saved.with_node(self.node.clone()))
    }
}

/// Gradients with respect to each operand. It must not capture tensors that are on the tape: operands come through the
/// context.
pub(crate) type Vjp = Box<dyn Fn(&Context) -> Result<Vec<Option<Tensor>>> + Send + Sync>;

/// One recorded operator, or a leaf.
pub(crate) struct Node {
    id: u64,
    parents: Vec<Tensor>,
    output: Option<Tensor>,
    vjp: Option<Vjp>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Node {
    fn new(parents: Vec<Tensor>, vjp: Option<Vjp>, output: Option<Tensor>) -> Arc<Self> {
        Arc::new(Self { id: NEXT.fetch_add(1, Ordering::Relaxed), parents, output, vjp })
    }
    pub fn leaf() -> Arc<Self> {
        Self::new(Vec::new(), None, None)
    }
    pub fn operator(parents: Vec<Tensor>, vjp: Vjp) -> Arc<Self> {
        Self::new(parents, Some(vjp), None)
    }
    /// `output` is off the tape, so that the node does not hold itself.
    pub fn operator_saving_output(parents: Vec<Tensor>, vjp: Vjp, output: Tensor) -> Arc<Self> {
        Self::new(parents, Some(vjp), Some(output))
    }
    pub fn is_leaf(&self) -> bool {
        self.vjp.is_none()
    }
}

impl Drop for Node {
    // A chain of 100,000 operators must not be freed by recursion.
    fn drop(&mut self) {
        let mut stack = std::mem::take(&mut self.parents);
        while let Some(tensor) = stack.pop() {
            if let Some(mut inner) = Arc::into_inner(tensor.0) {
                if let Some(mut node) = inner.node.take().and_then(Arc::into_inner) {
                    stack.append(&mut node.parents);
                }
            }
        }
    }
}

thread_local! {
    static ENABLED: Cell<bool> = const { Cell::new(true) };
}

/// Whether operators are recorded.
pub fn is_enabled() -> bool {
    ENABLED.with(Cell::get)
}

/// Switches recording; returns what it was.
pub fn set_enabled(on: bool) -> bool {
    ENABLED.with(|e| e.replace(on))
}

struct Restore(bool);
impl Drop for Restore {
    fn drop(&mut self) {
        set_enabled(self.0);
    }
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
    let mut nodes: Table<u64, Arc<Node>> = Table::default();
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
    let wanted: Table<u64, ()> = inputs.iter().filter_map(|t| t.0.node.as_ref().map(|n| (n.id, ()))).collect();
    let mut needed: Table<u64, bool> = Table::with_capacity_and_hasher(order.len(), Default::default());
    let lookup = |needed: &Table<u64, bool>, t: &Tensor| {
        t.0.node.as_ref().is_some_and(|n| needed.get(&n.id).copied().unwrap_or(false))
    };
    for id in &order {
        let value = wanted.contains_key(id) || nodes[id].parents.iter().any(|p| lookup(&needed, p));
        needed.insert(*id, value);
    }

    if grad_outputs.len() > outputs.len() {
        return Err(Error::argument(
            "grad",
            format!("{} gradOutputs for {} outputs", grad_outputs.len(), outputs.len()),
        ));
    }
    let _restore = Restore(set_enabled(create_graph));
    let mut grads: Table<u64, Tensor> = Table::default();
    for (i, out) in outputs.iter().enumerate() {
        let seed = match grad_outputs.get(i).and_then(|g| g.as_ref()) {
            Some(g) if g.shape() != out.shape() => {
                return Err(Error::shape(
                    "grad",
                    format!("gradOutputs[{i}] has shape {:?}, the output has shape {:?}", g.shape(), out.shape()),
                ))
            }
            Some(g) => {
                ops::same_kind("grad", out, g)?;
                g.clone()
            }
            None => out.full_like(1.0)?,
        };
        if let Some(node) = &out.0.node {
            accumulate(&mut grads, node.id, seed)?;
        }
    }
    let mut found: Table<u64, Tensor> = Table::default();
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
                        "tape: gradient of shape {:?} for an operand of shape {:?}",
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

fn accumulate(grads: &mut Table<u64, Tensor>, id: u64, grad: Tensor) -> Result<()> {
    let sum = match grads.remove(&id) {
        Some(old) => ops::elementwise::add(&old, &grad)?,
        None => grad,
    };
    grads.insert(id, sum);
    Ok(())
}
