//! Tensors without elements: every operator gives a result or refuses them with an error of its own, and what it gives
//! can be read and differentiated twice.

mod common;

use adjoint_core::{tape, DType, Device, Error, Tensor};
use common::{call, cases, ones, op, Case};
use std::panic::{catch_unwind, AssertUnwindSafe};

const DTYPES: [DType; 2] = [DType::F32, DType::F64];

/// The views of a tensor of `shape` that kernels see: in row-major order, permuted, reversed, cut out, repeated.
fn views(shape: &[usize], dtype: DType) -> Vec<Tensor> {
    let full = |shape: &[usize]| Tensor::full(shape, 0.5, dtype, Device::Cpu).expect("small");
    let listed = |v: Vec<usize>| -> Vec<i64> { [v.len()].iter().chain(&v).map(|&v| v as i64).collect() };
    let rank = shape.len();
    let reversed: Vec<usize> = shape.iter().rev().copied().collect();
    let larger: Vec<usize> = shape.iter().map(|n| n + 2).collect();
    let single: Vec<usize> = shape.iter().map(|&n| n.min(1)).collect();
    let window = [vec![1; rank], shape.iter().map(|n| n + 1).collect(), vec![1; rank]];
    vec![
        full(shape),
        op("permute", &[&full(&reversed)], &listed((0..rank).rev().collect()), &[]),
        op("flip", &[&full(shape)], &listed((0..rank).collect()), &[]),
        op("slice", &[&full(&larger)], &window.map(listed).concat(), &[]),
        op("expand", &[&full(&single)], &listed(shape.to_vec()), &[]),
    ]
}

/// Fails where an operator panics or calls its own fault.
fn allowed<T>(what: &str, f: impl FnOnce() -> adjoint_core::Result<T>) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(v)) => Some(v),
        Ok(Err(Error::Internal(detail))) => panic!("{what}: internal: {}", detail.message),
        Ok(Err(_)) => None,
        Err(panic) => panic!("{what}: {}", panic.downcast_ref::<String>().cloned().unwrap_or_default()),
    }
}

/// Reads the results and their derivatives of both orders.
fn check(what: &str, case: &Case, operands: &[Option<Tensor>], ints: &[i64]) {
    let leaves: Vec<Tensor> = case.smooth.iter().filter_map(|&i| operands[i].clone()).collect();
    let Some(out) = allowed(what, || call(case.op, operands, ints, &case.floats)) else { return };
    for y in &out {
        let Some(values) = allowed(&format!("{what}, read"), || y.to_vec()) else { panic!("{what}: not readable") };
        assert_eq!(values.len(), y.shape().iter().product::<usize>(), "{what}: number of values");
    }
    let seeds = [Some(ones(&out[0]).as_leaf(true))];
    for create_graph in [false, true] {
        let what = format!("{what}, gradient ({create_graph})");
        let Some(found) = allowed(&what, || tape::grad(&out[..1], &leaves, &seeds, create_graph)) else {
            panic!("{what}: refused, although the operator was not")
        };
        for (g, x) in found.iter().zip(&leaves) {
            let Some(g) = g else { continue };
            assert_eq!(g.shape(), x.shape(), "{what}: shape");
            allowed(&what, || g.to_vec());
            if create_graph && g.requires_grad() {
                let what = format!("{what}, again");
                allowed(&what, || tape::grad(std::slice::from_ref(g), &leaves, &[Some(ones(g))], false));
            }
        }
    }
}

/// The case with the sizes for which `zero` holds replaced by 0, in all views.
fn try_without(case: &Case, zero: impl Fn(usize, usize, usize) -> bool, ints: &[i64]) {
    let shape_of = |i: usize, shape: &[usize]| -> Vec<usize> {
        shape.iter().enumerate().map(|(axis, &n)| if zero(i, axis, n) { 0 } else { n }).collect()
    };
    for dtype in DTYPES {
        for view in 0..5 {
            let operands: Vec<Option<Tensor>> = case
                .inputs
                .iter()
                .enumerate()
                .map(|(i, a)| {
                    let t = a.as_ref().map(|a| views(&shape_of(i, &a.shape), dtype).swap_remove(view))?;
                    Some(if case.smooth.contains(&i) { t.as_leaf(true) } else { t })
                })
                .collect();
            let shapes: Vec<Option<&[usize]>> = operands.iter().map(|t| t.as_ref().map(Tensor::shape)).collect();
            let what = format!("{} {shapes:?} {ints:?} {:?} view {view} {dtype:?}", case.op, case.floats);
            check(&what, case, &operands, ints);
        }
    }
}

#[test]
fn every_operator_takes_or_refuses_empty_tensors() {
    let all = cases::all();
    // Of each operator the first cases: the others have the same shapes.
    let earlier = |k: usize| all[..k].iter().filter(|c| c.op == all[k].op).count();
    let small: Vec<&Case> = (0..all.len()).filter(|&k| earlier(k) < 5).map(|k| &all[k]).collect();
    common::check_all(
        &small,
        |case| case.name(),
        |case| {
            // A single axis of one operand.
            for (i, a) in case.inputs.iter().enumerate() {
                for axis in 0..a.as_ref().map_or(0, |a| a.shape.len()) {
                    try_without(case, |j, k, _| (j, k) == (i, axis), &case.ints);
                }
            }
            // All axes of one size, which is likely the same axis in all operands; and the integers of that size.
            let mut sizes: Vec<usize> = case.inputs.iter().flatten().flat_map(|a| a.shape.clone()).collect();
            sizes.sort_unstable();
            sizes.dedup();
            for size in sizes {
                try_without(case, |_, _, n| n == size, &case.ints);
                let ints: Vec<i64> = case.ints.iter().map(|&v| if v == size as i64 { 0 } else { v }).collect();
                try_without(case, |_, _, n| n == size, &ints);
            }
            // The same axis of all operands.
            for axis in 0..5 {
                try_without(case, |_, k, _| k == axis, &case.ints);
            }
        },
    );
}

#[test]
fn views_of_empty_tensors_are_empty_tensors() {
    for dtype in DTYPES {
        let shape = [4, 0, 3];
        for (view, x) in views(&shape, dtype).iter().enumerate() {
            assert_eq!(x.shape(), shape, "view {view}");
            let sum = op("sum", &[x], &[1, 1, 0], &[]);
            assert_eq!((sum.shape(), common::values(&sum)), (&[4, 3][..], vec![0.0; 12]), "view {view}: sum");
            let product = op("prod", &[x], &[1, 1, 0], &[]);
            assert_eq!(common::values(&product), vec![1.0; 12], "view {view}: product");
            let joined = op("cat", &[x, &Tensor::full(&[4, 2, 3], 2.0, dtype, Device::Cpu).expect("full")], &[1], &[]);
            assert_eq!(common::values(&joined), vec![2.0; 24], "view {view}: cat");
            let largest = op("max", &[x], &[1, 0, 0], &[]);
            assert_eq!(largest.shape(), [0, 3], "view {view}: max over an axis that is there");
        }
    }
}
