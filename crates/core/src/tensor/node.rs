//! The tape: recorded operators, and whether operators are recorded.
//!
//! A node holds its operands; a tensor holds the node that made it. So a graph lives exactly as long as a
//! tensor that refers to it, and a graph may be differentiated any number of times.

use super::{Constant, Tensor};
use crate::error::{Error, Result};
use crate::storage::Value;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// The arguments of a vector-Jacobian product.
pub(crate) struct Context<'a> {
    /// The operator's operands, on the tape.
    pub inputs: &'a [Tensor],
    /// The gradient of the result.
    pub grad: &'a Tensor,
    pub needs: &'a [bool],
    pub node: &'a Arc<Node>,
}

impl Context<'_> {
    /// Whether the gradient with respect to operand `i` is needed.
    pub fn needs(&self, i: usize) -> bool {
        self.needs[i]
    }
    /// A gradient computed by a kernel, which has no derivative itself: nothing may be recorded.
    pub fn gradient(&self, value: Value, shape: &[usize]) -> Result<Tensor> {
        if is_enabled() {
            return Err(Error::internal("tape: a gradient without derivative while operators are recorded."));
        }
        Ok(Constant::new(value, shape, self.grad.device()).into())
    }
    /// The operator's result, on the tape.
    pub fn output(&self) -> Result<Tensor> {
        let saved = self.node.output.as_ref().ok_or_else(|| Error::internal("tape: the output was not saved."))?;
        Ok(saved.with_node(self.node.clone()))
    }
}

/// Gradients with respect to each operand. It must not capture tensors that are on the tape: operands come through the
/// context.
pub(crate) type Vjp = Box<dyn Fn(&Context) -> Result<Vec<Option<Tensor>>> + Send + Sync>;

/// One recorded operator, or a leaf.
pub(crate) struct Node {
    pub id: u64,
    pub parents: Vec<Tensor>,
    output: Option<Tensor>,
    pub vjp: Option<Vjp>,
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
    // Without recursion: a chain may have 100,000 operators.
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
    static LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// Whether operators are recorded.
pub fn is_enabled() -> bool {
    is_asked() && !LOGGING.with(Cell::get)
}

/// Whether the program asks to record; operators are not while a log of them is open (`recompute`).
pub(crate) fn is_asked() -> bool {
    ENABLED.with(Cell::get)
}

/// Says whether a log is open.
pub(crate) fn set_logging(on: bool) {
    LOGGING.with(|l| l.set(on));
}

/// Switches recording on or off; returns the previous setting.
pub fn set_enabled(on: bool) -> bool {
    ENABLED.with(|e| e.replace(on))
}
