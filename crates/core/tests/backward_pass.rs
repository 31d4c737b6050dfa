//! A backward pass in steps: wherever it stops, the bits of one pass at once, and nothing left when it ends.

mod common;

use adjoint_core::tape::Pass;
use adjoint_core::{memory, passes, session, Data, Tensor};
use common::{op, values, Rng};
use std::slice::from_ref;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The counters are of the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leaf(seed: u64, shape: &[usize]) -> Tensor {
    common::single(&Rng(seed).array(shape, -1.0, 1.0)).as_leaf(true)
}

const LAYERS: usize = 6;

/// A chain of products with shortcuts. The third weight is used twice, the fifth is the result of an operator, the last
/// is not used.
fn network() -> (Tensor, Vec<Tensor>) {
    let mut weights: Vec<Tensor> = (0..LAYERS as u64).map(|i| leaf(i + 1, &[4, 4])).collect();
    weights[4] = op("tanh", &[&weights[4]], &[], &[]);
    let x = leaf(50, &[4, 4]);
    let mut y = op("matmul", &[&x, &weights[0]], &[0], &[]);
    for i in [1, 2, 3, 2, 4] {
        let inner = op("matmul", &[&y, &weights[i]], &[0], &[]);
        y = op("add", &[&y, &op("tanh", &[&inner], &[], &[])], &[], &[]);
    }
    (op("mean", &[&op("square", &[&y], &[], &[])], &[0, 0], &[]), weights)
}

/// The gradients by position, from a pass that stops after each of some groups of positions.
fn in_steps(output: &Tensor, inputs: &[Tensor], groups: &[&[usize]], create_graph: bool) -> Vec<Option<Vec<f64>>> {
    let mut pass = Pass::begin(from_ref(output), inputs, &[], create_graph).expect("begins");
    let mut found = vec![None; inputs.len()];
    for group in groups {
        for (&i, gradient) in group.iter().zip(pass.next(group).expect("goes on")) {
            found[i] = gradient.as_ref().map(values);
        }
    }
    found
}

#[test]
fn each_cut_gives_the_bits_of_one_pass() {
    let _alone = alone();
    let (loss, weights) = network();
    let cuts: [&[&[usize]]; 5] = [
        &[&[5], &[4], &[3], &[2], &[1], &[0]],
        &[&[4, 3], &[5, 2, 1, 0]],
        &[&[0], &[1], &[2], &[3], &[4], &[5]],
        &[&[2, 4], &[1, 3], &[0, 5]],
        // Asked for again, they are the same.
        &[&[4], &[4, 1], &[1, 2, 3], &[], &[0, 4, 5]],
    ];
    for create_graph in [false, true] {
        let whole = in_steps(&loss, &weights, &[&[0, 1, 2, 3, 4, 5]], create_graph);
        assert!(whole[..5].iter().all(Option::is_some));
        assert!(whole[5].is_none());
        for groups in cuts {
            assert_eq!(in_steps(&loss, &weights, groups, create_graph), whole, "{groups:?}");
        }
    }
}

#[test]
fn the_order_is_that_in_which_gradients_become_complete() {
    let _alone = alone();
    let (loss, weights) = network();
    let pass = Pass::begin(from_ref(&loss), &weights, &[], false).expect("begins");
    // The unused one at once; the third with its first use, which the pass meets last.
    assert_eq!(pass.order(), [5, 4, 3, 2, 1, 0]);
    // It follows from the graph, not from the positions.
    let turned: Vec<Tensor> = weights.iter().rev().cloned().collect();
    assert_eq!(Pass::begin(from_ref(&loss), &turned, &[], false).expect("begins").order(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn it_goes_no_further_than_asked() {
    let _alone = alone();
    let start = memory().0;
    let x = leaf(1, &[64]);
    let mut chain = vec![x.clone()];
    for _ in 0..10 {
        chain.push(op("tanh", &[chain.last().expect("one")], &[], &[]));
    }
    let loss = op("mean", &[&chain[10]], &[0, 0], &[]);
    let mut pass = Pass::begin(from_ref(&loss), &[x, chain[8].clone()], &[], false).expect("begins");
    drop(chain);
    drop(loss);
    let before = memory().0;
    drop(pass.next(&[1]).expect("goes on"));
    let between = memory().0;
    // The two results behind the eighth are freed; the eight before it are not.
    assert!(between < before, "{between} of {before}");
    assert!(between >= start + 8, "{between} after {start}");
    drop(pass.next(&[0]).expect("goes on"));
    assert!(memory().0 <= between - 7, "{} of {between}", memory().0);
    drop(pass);
    assert_eq!(memory().0, start);
}

#[test]
fn a_number_ends_once_and_frees_what_it_holds() {
    let _alone = alone();
    session::clear();
    let before = memory();
    let upload = || session::from_data(Data::F32(vec![0.5; 8]), &[8], "cpu").expect("data");
    let apply = |name: &str, handles: &[u32], ints: &[i64]| {
        session::apply(adjoint_core::surface::code(name).expect("in the table"), handles, ints, &[]).expect(name)[0]
    };
    let [a, b] = [upload(), upload()];
    for h in [a, b] {
        session::set_requires_grad(h, true).expect("leaf");
    }
    let product = apply("mul", &[a, b], &[]);
    let tanh = apply("tanh", &[product], &[]);
    let loss = apply("mean", &[tanh], &[0, 0]);
    let held = memory();
    let first = passes::grad_begin(loss, &[a, b]).expect("begins");
    let second = passes::grad_begin(loss, &[b, a]).expect("begins");
    assert_ne!(first, second);
    assert_eq!(passes::grad_order(first).expect("open"), [0, 1]);
    let one = passes::grad_next(first, &[1]).expect("goes on");
    let other = passes::grad_next(second, &[0]).expect("goes on");
    let whole = session::grad(&[loss], &[b], &[], false).expect("grad");
    for h in [one[0], other[0]] {
        assert_eq!(values(&session::get(h).expect("live")), values(&session::get(whole[0]).expect("live")));
    }
    for h in [one[0], other[0], whole[0]] {
        session::dispose(h);
    }
    assert!(memory() > held);
    for pass in [first, first, second] {
        passes::grad_end(pass);
    }
    assert_eq!(memory(), held);
    for error in [passes::grad_next(first, &[0]).expect_err("ended"), passes::grad_order(first).expect_err("ended")] {
        assert!(error.wire().starts_with("ArgumentError|disposed|"), "{}", error.wire());
    }
    // A thread that ends takes its passes along.
    passes::grad_begin(loss, &[a]).expect("begins");
    session::clear();
    assert_eq!(memory(), before);
}

#[test]
fn it_refuses_what_grad_refuses() {
    let _alone = alone();
    session::clear();
    let h = session::full(&[2], 1.0, "float32", "cpu").expect("full");
    session::set_requires_grad(h, true).expect("leaf");
    assert!(passes::grad_begin(h, &[h]).expect_err("not a scalar").wire().contains("|not_scalar|"));
    let loss = session::full(&[], 1.0, "float32", "cpu").expect("full");
    let pass = passes::grad_begin(loss, &[h]).expect("begins");
    assert!(session::begin_checkpoint());
    assert!(passes::grad_begin(loss, &[h]).expect_err("in a checkpoint").wire().contains("|in_checkpoint|"));
    assert!(passes::grad_next(pass, &[0]).expect_err("in a checkpoint").wire().contains("|in_checkpoint|"));
    session::end_checkpoint(None).expect("closes");
    // The refusal did not end it; an input without a use has no gradient, and neither has a position without an input.
    assert_eq!(passes::grad_next(pass, &[0, 7]).expect("goes on"), [0, 0]);
    session::clear();
}
