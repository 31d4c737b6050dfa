//! A call of an operator with its expected result.

use super::{call, Arr};
use adjoint_core::{DType, Device, Result, Tensor};

/// The memory layout of an operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layout {
    /// Row-major.
    Plain,
    /// A view of the array with its axes reversed.
    Transposed,
    /// A view of the array with every axis reversed in direction.
    Flipped,
    /// A view into a larger array that is NaN around it.
    Sliced,
}

/// One call: operands in the order of the signature.
#[derive(Clone)]
pub struct Case {
    pub op: &'static str,
    pub label: String,
    pub inputs: Vec<Option<Arr>>,
    pub ints: Vec<i64>,
    pub floats: Vec<f64>,
    /// Operands in which the result is differentiable.
    pub smooth: Vec<usize>,
    pub expected: Vec<Arr>,
}

/// Starts a case.
pub fn case(op: &'static str, label: impl std::fmt::Display) -> Case {
    Case {
        op,
        label: label.to_string(),
        inputs: vec![],
        ints: vec![],
        floats: vec![],
        smooth: vec![],
        expected: vec![],
    }
}

impl Case {
    /// A differentiable operand.
    pub fn on(mut self, a: &Arr) -> Self {
        self.smooth.push(self.inputs.len());
        self.fixed(a)
    }
    /// An operand without derivative.
    pub fn fixed(mut self, a: &Arr) -> Self {
        self.inputs.push(Some(a.clone()));
        self
    }
    /// An optional, differentiable operand.
    pub fn maybe(mut self, a: Option<&Arr>) -> Self {
        match a {
            Some(a) => self.on(a),
            None => {
                self.inputs.push(None);
                self
            }
        }
    }
    pub fn int(mut self, v: i64) -> Self {
        self.ints.push(v);
        self
    }
    pub fn list(mut self, v: &[usize]) -> Self {
        self.ints.push(v.len() as i64);
        self.ints.extend(v.iter().map(|&v| v as i64));
        self
    }
    pub fn num(mut self, v: f64) -> Self {
        self.floats.push(v);
        self
    }
    pub fn expect(mut self, a: Arr) -> Self {
        self.expected.push(a);
        self
    }
    pub fn name(&self) -> String {
        let shapes: Vec<String> =
            self.inputs.iter().map(|a| a.as_ref().map_or("-".into(), |a| format!("{:?}", a.shape))).collect();
        format!("{} {} ({}) {:?} {:?}", self.op, self.label, shapes.join(" "), self.ints, self.floats)
    }
    /// The operands as tensors.
    pub fn upload(&self, dtype: DType, device: Device, layout: Layout) -> Vec<Option<Tensor>> {
        self.inputs.iter().map(|a| a.as_ref().map(|a| upload(a, dtype, device, layout))).collect()
    }
    /// The operands with the differentiable ones as leaves of the tape, and those leaves.
    pub fn leaves(&self, dtype: DType, device: Device, layout: Layout) -> (Vec<Option<Tensor>>, Vec<Tensor>) {
        let mut operands = self.upload(dtype, device, layout);
        let mut leaves = Vec::new();
        for &i in &self.smooth {
            let leaf = operands[i].as_ref().expect("present").as_leaf(true);
            operands[i] = Some(leaf.clone());
            leaves.push(leaf);
        }
        (operands, leaves)
    }
    pub fn run(&self, operands: &[Option<Tensor>]) -> Result<Vec<Tensor>> {
        call(self.op, operands, &self.ints, &self.floats)
    }
}

/// An array as a tensor of the given memory layout.
pub fn upload(a: &Arr, dtype: DType, device: Device, layout: Layout) -> Tensor {
    let rank = a.shape.len();
    let direct = |a: &Arr| Tensor::from_values(a.data.clone(), &a.shape, dtype, device).expect("valid data");
    let listed = |v: Vec<usize>| -> Vec<i64> {
        std::iter::once(v.len() as i64).chain(v.into_iter().map(|v| v as i64)).collect()
    };
    match layout {
        _ if rank == 0 => direct(a),
        Layout::Plain => direct(a),
        Layout::Transposed => {
            let order: Vec<usize> = (0..rank).rev().collect();
            super::op("permute", &[&direct(&a.permuted(&order))], &listed(order), &[])
        }
        Layout::Flipped => {
            let mut reversed = a.clone();
            reversed.data.reverse();
            super::op("flip", &[&direct(&reversed)], &listed((0..rank).collect()), &[])
        }
        Layout::Sliced => {
            let larger: Vec<usize> = a.shape.iter().map(|n| n + 3).collect();
            let around = Arr::from_fn(&larger, |i| {
                let inside = i.iter().zip(&a.shape).all(|(&i, &n)| i >= 1 && i <= n);
                if inside {
                    a.at(&i.iter().map(|i| i - 1).collect::<Vec<_>>())
                } else {
                    f64::NAN
                }
            });
            let mut ints = listed(vec![1; rank]);
            ints.extend(listed(a.shape.iter().map(|n| n + 1).collect()));
            ints.extend(listed(vec![1; rank]));
            super::op("slice", &[&direct(&around)], &ints, &[])
        }
    }
}
