//! Backward passes that JavaScript makes in steps, by numbers as the session gives them.

use crate::allocation;
use crate::session::{get, put, refuse_in_checkpoint, session};
use crate::tape::Pass;
use crate::{Error, Result, Tensor};

/// Begins a backward pass from one output (see `tape::Pass`), which `grad_end` ends.
pub fn grad_begin(output: u32, inputs: &[u32]) -> Result<u32> {
    let output = get(output)?;
    let inputs: Vec<Tensor> = inputs.iter().map(|&h| get(h)).collect::<Result<_>>()?;
    refuse_in_checkpoint()?;
    let pass = allocation::guarded("grad", || Pass::begin(&[output], &inputs, &[], false))?;
    Ok(session(|s| {
        let h = s.handle();
        s.passes.insert(h, pass);
        h
    }))
}

/// The positions of the inputs in the order in which their gradients become complete.
pub fn grad_order(pass: u32) -> Result<Vec<u32>> {
    let order = session(|s| s.passes.get(&pass).map(Pass::order)).ok_or_else(ended)?;
    Ok(order.into_iter().map(|i| i as u32).collect())
}

/// Goes on until the gradients of the inputs at some positions are complete; 0 where an input was not used. An error
/// ends the pass.
pub fn grad_next(pass: u32, inputs: &[u32]) -> Result<Vec<u32>> {
    refuse_in_checkpoint()?;
    // No operator may run within the session.
    let mut open = session(|s| s.passes.remove(&pass)).ok_or_else(ended)?;
    let positions: Vec<usize> = inputs.iter().map(|&i| i as usize).collect();
    let found = allocation::guarded("grad", || open.next(&positions))?;
    session(|s| s.passes.insert(pass, open));
    Ok(found.into_iter().map(|g| g.map_or(0, put)).collect())
}

/// Ends a pass and frees what it holds; ending it twice does nothing.
pub fn grad_end(pass: u32) {
    let _dropped = session(|s| s.passes.remove(&pass));
}

fn ended() -> Error {
    Error::argument_with_code("disposed", "grad", "the backward pass has ended.")
}
