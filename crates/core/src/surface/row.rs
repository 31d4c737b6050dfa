//! What a row of the table holds.

use super::operand::Call;
use crate::error::Result;
use crate::tensor::Tensor;

/// One operator; its code is its position in [`ROWS`].
pub struct Row {
    /// Name, as the facade has it.
    pub name: &'static str,
    /// Operands in order.
    pub parameters: &'static [Parameter],
    /// Names of the results; `name[]` stands for any number of them.
    pub results: &'static [&'static str],
    pub(super) run: fn(&mut Call) -> Result<Results>,
}

/// An operand of an operator.
pub struct Parameter {
    /// Name, as the facade has it.
    pub name: &'static str,
    /// Its type (see `operand.rs`).
    pub kind: &'static str,
    /// The words that stand for the values of an enum, in the order of their codes; otherwise none.
    pub words: &'static [&'static str],
}

/// What an operator gives: a single result needs no list.
pub(super) enum Results {
    One(Tensor),
    Several(Vec<Tensor>),
}

/// Documentation of a row. Apart from the rows, so that a module that never shows it does not contain it.
pub(super) struct Docs {
    pub operator: &'static str,
    pub parameters: &'static [&'static str],
}
