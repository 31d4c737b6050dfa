//! Activation checkpoints: operators whose results the tape does not keep, but computes again when they are
//! differentiated. (Chen, Xu, Zhang, Guestrin, "Training deep nets with sublinear memory cost", 2016,
//! arXiv:1604.06174.)
//!
//! While a log is open the calls of operators are written down and run off the tape. At its end the last result gets
//! one node, whose vector-Jacobian product runs the calls again, on the tape. What is drawn or uploaded meanwhile is an
//! operand like any other, so that the second run computes from the same values.

use crate::error::{Error, Result};
use crate::id_map::IdMap;
use crate::ops::composed_gradients;
use crate::surface;
use crate::tape::{self, Vjp};
use crate::tensor::Tensor;

#[derive(Clone, Copy)]
enum Operand {
    Absent,
    /// A tensor that was made before, or by no operator.
    Given(usize),
    /// A result of a call of the log.
    Result(usize),
}

struct Call {
    code: usize,
    operands: Vec<Operand>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    /// Whether the program was recording: not within `noGrad`.
    recording: bool,
    /// The places of its results.
    results: std::ops::Range<usize>,
    /// Results that no later call takes.
    last: Vec<usize>,
}

/// The calls of operators since a log was opened.
#[derive(Default)]
pub(crate) struct Log {
    calls: Vec<Call>,
    given: Vec<Tensor>,
    results: usize,
    /// What the handles of the program stand for now.
    places: IdMap<u32, Operand>,
}

impl Log {
    /// The place of an operand, which is kept where no call of the log has made it.
    fn place(&mut self, handle: u32, tensor: &Option<Tensor>) -> Operand {
        let Some(tensor) = tensor else { return Operand::Absent };
        if let Some(known) = self.places.get(&handle) {
            return *known;
        }
        self.given.push(tensor.clone());
        let place = Operand::Given(self.given.len() - 1);
        self.places.insert(handle, place);
        place
    }

    /// Writes a call down, with the handles of its operands and results.
    pub(crate) fn add(
        &mut self,
        code: usize,
        (handles, tensors): (&[u32], &[Option<Tensor>]),
        ints: &[i64],
        floats: &[f64],
        made: &[u32],
    ) {
        let operands = handles.iter().zip(tensors).map(|(&handle, tensor)| self.place(handle, tensor)).collect();
        let results = self.results..self.results + made.len();
        self.results = results.end;
        for (&handle, result) in made.iter().zip(results.clone()) {
            self.places.insert(handle, Operand::Result(result));
        }
        let (ints, floats, recording) = (ints.to_vec(), floats.to_vec(), tape::is_asked());
        self.calls.push(Call { code, operands, ints, floats, recording, results, last: Vec::new() });
    }

    /// A handle stands for another tensor from now on, or for none.
    pub(crate) fn forget(&mut self, handle: u32) {
        self.places.remove(&handle);
    }

    /// Whether a call of the log has made the tensor of a handle.
    pub(crate) fn has_made(&self, handle: u32) -> bool {
        matches!(self.places.get(&handle), Some(Operand::Result(_)))
    }

    /// The tensor of a handle, which a call has made, as the result of one operator of all tensors that the calls were
    /// given and that are on the tape.
    pub(crate) fn close(mut self, handle: u32, value: &Tensor) -> Tensor {
        let Some(&Operand::Result(output)) = self.places.get(&handle) else { return value.clone() };
        self.keep_what_reaches(output);
        let parents: Vec<Tensor> = self.given.iter().filter(|t| t.requires_grad()).cloned().collect();
        if parents.is_empty() {
            return value.clone();
        }
        // A node may not hold tensors of the tape but as its operands.
        let constants = self.given.iter().map(|t| (!t.requires_grad()).then(|| t.clone())).collect();
        let replay = Replay { calls: self.calls, constants, results: self.results, output };
        let vjp: Vjp = Box::new(move |c| composed_gradients(c, |operands| replay.run(operands)));
        Tensor::result_of(value.detach(), parents, vjp)
    }

    /// Drops the calls that the output does not depend on, and notes when each result is needed last.
    fn keep_what_reaches(&mut self, output: usize) {
        let mut needed = vec![false; self.results];
        needed[output] = true;
        for call in self.calls.iter_mut().rev() {
            if !call.results.clone().any(|r| needed[r]) {
                call.results = 0..0;
                continue;
            }
            call.last.extend(call.results.clone().filter(|&r| !needed[r]));
            for operand in &call.operands {
                if let Operand::Result(r) = *operand {
                    if !std::mem::replace(&mut needed[r], true) {
                        call.last.push(r);
                    }
                }
            }
        }
        self.calls.retain(|call| !call.results.is_empty());
    }
}

/// The calls that lead to an output, and the tensors that they were given; `None` where one is an operand of the node.
struct Replay {
    calls: Vec<Call>,
    constants: Vec<Option<Tensor>>,
    results: usize,
    output: usize,
}

impl Replay {
    /// The output again, from the operands of the node.
    fn run(&self, operands: &[Tensor]) -> Result<Tensor> {
        let mut operands = operands.iter();
        let missing = || Error::internal("checkpoint: an operand is missing.");
        let given: Vec<Tensor> = self
            .constants
            .iter()
            .map(|constant| constant.as_ref().or_else(|| operands.next()).cloned().ok_or_else(missing))
            .collect::<Result<_>>()?;
        let mut results: Vec<Option<Tensor>> = vec![None; self.results];
        for call in &self.calls {
            let tensors: Vec<Option<Tensor>> = call
                .operands
                .iter()
                .map(|operand| match *operand {
                    Operand::Absent => None,
                    Operand::Given(i) => Some(given[i].clone()),
                    Operand::Result(i) => results[i].clone(),
                })
                .collect();
            let again = || surface::apply(call.code, &tensors, &call.ints, &call.floats);
            let made = tape::recording(call.recording, again)?;
            for (place, result) in call.results.clone().zip(made) {
                results[place] = Some(result);
            }
            for &place in call.last.iter().filter(|&&place| place != self.output) {
                results[place] = None;
            }
        }
        results.swap_remove(self.output).ok_or_else(missing)
    }
}
