//! The one table of operators. The bindings call [`apply`]; the typed wrappers of the facade are generated from
//! [`describe`].
//!
//! An operator is one row of `table.rs`: documentation, parameters with their types, results, and the call. An operator
//! whose row promises a derivative must give a [`Tensor`], which operators only make together with a vector-Jacobian
//! product; one without must give a [`Constant`](crate::tensor::Constant). Anything else does not compile.

#[macro_use]
mod macros;
mod operand;
mod row;
mod table;

use crate::allocation;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use operand::Call;
use row::Results;
pub use row::{Parameter, Row};
pub use table::ROWS;

fn run(code: usize, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]) -> Result<Results> {
    let row = ROWS.get(code).ok_or_else(|| Error::argument("apply", format!("operator {code} does not exist.")))?;
    let operands = tensors.iter().flatten().map(Tensor::working_bytes).max().unwrap_or(0);
    allocation::check(row.name, Some(operands))?;
    let mut call = Call { op: row.name, tensors: tensors.iter(), ints: ints.iter(), floats: floats.iter() };
    allocation::guarded(row.name, || (row.run)(&mut call))
}

/// Calls operator `code`.
pub fn apply(code: usize, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]) -> Result<Vec<Tensor>> {
    Ok(match run(code, tensors, ints, floats)? {
        Results::One(t) => vec![t],
        Results::Several(list) => list,
    })
}

/// The first result of operator `code`.
pub(crate) fn apply_first(code: usize, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]) -> Result<Tensor> {
    match run(code, tensors, ints, floats)? {
        Results::One(t) => Ok(t),
        Results::Several(list) => {
            list.into_iter().next().ok_or_else(|| Error::internal("apply: an operator without a result."))
        }
    }
}

/// The code of an operator.
pub fn code(name: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.name == name)
}

/// FNV-1a over names, parameters and results: add-on and facade must be of one build, or codes would name other
/// operators.
pub fn digest() -> String {
    let mut hash = 0x811c_9dc5_u32;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    };
    for row in ROWS {
        add(row.name);
        for parameter in row.parameters {
            add(parameter.name);
            add(parameter.kind);
            parameter.words.iter().for_each(|word| add(word));
        }
        row.results.iter().for_each(|result| add(result));
    }
    format!("{hash:08x}")
}

fn json_list<T>(items: impl IntoIterator<Item = T>, one: impl Fn(T) -> String) -> String {
    format!("[{}]", items.into_iter().map(one).collect::<Vec<_>>().join(","))
}

/// The table as JSON: `[{ name, code, doc, parameters: [{ name, kind, words, doc }], results }]`.
pub fn describe() -> String {
    let quote = |text: &str| format!("{:?}", text.trim());
    json_list(ROWS.iter().zip(table::DOCS).enumerate(), |(code, (row, docs))| {
        let parameters = json_list(row.parameters.iter().zip(docs.parameters), |(p, doc)| {
            let words = json_list(p.words, |word| quote(word));
            format!("{{\"name\":\"{}\",\"kind\":\"{}\",\"words\":{words},\"doc\":{}}}", p.name, p.kind, quote(doc))
        });
        let results = json_list(row.results, |name| quote(name));
        format!(
            "{{\"name\":\"{}\",\"code\":{code},\"doc\":{},\"parameters\":{parameters},\"results\":{results}}}",
            row.name,
            quote(docs.operator),
        )
    })
}
