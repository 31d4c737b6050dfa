//! Lifetimes: nothing outlives its last handle, and long graphs are neither walked nor freed by recursion.

mod common;

use adjoint_core::{memory, session, surface, tape, DType, Data, Device, Tensor};
use common::{gradients, op, values};
use std::slice::from_ref;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The counters are of the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leaf(v: f64, shape: &[usize]) -> Tensor {
    Tensor::full(shape, v, DType::F64, Device::Cpu).expect("cpu").as_leaf(true)
}

const LONG: usize = 100_000;

/// Runs on a small stack, as a worker of a host program may have.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(f).expect("thread").join().expect("no overflow");
}

#[test]
fn a_chain_of_100000_operators() {
    let _alone = alone();
    let before = memory();
    on_a_small_stack(|| {
        let x = leaf(1.0, &[2]);
        let mut y = x.clone();
        for i in 0..LONG {
            y = if i % 2 == 0 {
                op("mulScalar", &[&y], &[], &[1.5])
            } else {
                op("mulScalar", &[&y], &[], &[1.0 / 1.5])
            };
        }
        let g = gradients(from_ref(&y), from_ref(&x), &[], false);
        assert!((values(&g[0])[0] - 1.0).abs() < 1e-9);
        drop(y);
    });
    assert_eq!(memory(), before);
}

#[test]
fn a_chain_of_100000_operators_twice_differentiated() {
    let _alone = alone();
    let before = memory();
    on_a_small_stack(|| {
        let (x, w) = (leaf(1.0, &[1]), leaf(1.0, &[1]));
        let mut y = x.clone();
        for _ in 0..LONG {
            y = op("mul", &[&y, &w], &[], &[]);
        }
        let first = gradients(from_ref(&y), from_ref(&w), &[], true);
        assert_eq!(values(&first[0])[0], LONG as f64);
        let second = gradients(&first, &[w.clone(), x.clone()], &[], false);
        // y = x w^n: n (n - 1) and n.
        assert!((values(&second[0])[0] / (LONG as f64 * (LONG as f64 - 1.0)) - 1.0).abs() < 1e-9);
        assert_eq!(values(&second[1])[0], LONG as f64);
    });
    assert_eq!(memory(), before);
}

#[test]
fn a_saved_output_does_not_keep_its_graph() {
    let _alone = alone();
    let before = memory();
    on_a_small_stack(|| {
        let x = leaf(0.1, &[1]);
        let mut y = x.clone();
        for _ in 0..LONG {
            y = op("tanh", &[&y], &[], &[]);
        }
        let g = gradients(&[y], &[x], &[], true);
        drop(g);
    });
    assert_eq!(memory(), before);
}

fn code(name: &str) -> usize {
    surface::code(name).expect("in the table")
}

/// One step of training through handles: convolution, rectifier, loss with a gradient inside, Adam.
fn step(weights: &mut [u32; 3], input: u32, count: i64) {
    let geometry = [2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 0];
    let mut temporary = Vec::new();
    let mut run = |name: &str, handles: &[u32], ints: &[i64], floats: &[f64]| {
        let out = session::apply(code(name), handles, ints, floats).expect(name);
        temporary.extend(&out);
        out
    };
    session::set_requires_grad(weights[0], true).expect("leaf");
    let y = run("conv2d", &[input, weights[0], 0], &geometry, &[1.0])[0];
    let y = run("relu", &[y], &[], &[])[0];
    let y = run("tanh", &[y], &[], &[])[0];
    let y = run("square", &[y], &[], &[])[0];
    let loss = run("mean", &[y], &[0, 0], &[])[0];
    let first = session::grad(&[loss], &[weights[0]], &[], true).expect("grad")[0];
    let squared = run("square", &[first], &[], &[])[0];
    let penalty = run("sum", &[squared], &[0, 0], &[])[0];
    let total = run("add", &[loss, penalty], &[], &[])[0];
    let g = session::grad(&[total], &[weights[0]], &[], false).expect("grad")[0];
    let next = session::apply(
        code("adamStep"),
        &[0, weights[0], g, weights[1], weights[2]],
        &[count, 0],
        &[1e-3, 0.9, 0.999, 1e-8, 0.0],
    )
    .expect("adam");
    for h in weights.iter().chain(&temporary).chain(&[first, g]) {
        session::dispose(*h);
    }
    weights.copy_from_slice(&next);
}

#[test]
fn training_does_not_grow() {
    let _alone = alone();
    let before = memory();
    let input =
        session::from_data(Data::F32((0..64).map(|v| v as f32 / 64.0).collect()), &[1, 1, 8, 8], "cpu").expect("data");
    let mut weights = [0.1, 0.0, 0.0].map(|v| session::full(&[2, 1, 3, 3], v, "float32", "cpu").expect("full"));
    let mut after = Vec::new();
    for count in 1..=1000 {
        step(&mut weights, input, count);
        if count == 10 || count == 1000 {
            after.push(memory());
        }
    }
    assert_eq!(after[0], after[1]);
    assert_eq!(after[1].0 - before.0, 4);
    for h in weights.into_iter().chain([input]) {
        session::dispose(h);
        session::dispose(h);
    }
    assert_eq!(memory(), before);
}

#[test]
fn random_streams_and_failed_calls_leave_nothing() {
    let _alone = alone();
    let before = memory();
    let rng = session::rng_new(3.0).expect("seed");
    let a = session::rng_draw(rng, "normal", &[3, 2], &[], 0, "float32", "cpu").expect("draw");
    for name in ["matmul", "conv2d", "cat", "gather"] {
        assert!(session::apply(code(name), &[a, a], &[], &[]).is_err());
    }
    session::dispose(a);
    session::rng_dispose(rng);
    assert_eq!(memory(), before);
}

#[test]
fn without_recording_nothing_is_kept() {
    let _alone = alone();
    let before = memory();
    let x = leaf(1.0, &[4]);
    let previous = tape::set_enabled(false);
    let y = op("exp", &[&op("sin", &[&x], &[], &[])], &[], &[]);
    tape::set_enabled(previous);
    assert!(!y.requires_grad());
    assert_eq!(memory().0 - before.0, 2);
    let z = op("exp", &[&op("sin", &[&x], &[], &[])], &[], &[]);
    assert!(z.requires_grad() && !z.is_leaf());
    let cut = op("detach", &[&z], &[], &[]);
    assert!(!cut.requires_grad());
    drop((x, y, z, cut));
    assert_eq!(memory(), before);
}

#[test]
fn gradients_of_interior_and_shared_values() {
    let _alone = alone();
    let x = leaf(3.0, &[]);
    let y = op("square", &[&x], &[], &[]);
    let z = op("mul", &[&y, &x], &[], &[]);
    // dz/dy = x; dz/dx along both ways = 3 x^2; twice on the same graph.
    for _ in 0..2 {
        let g = gradients(from_ref(&z), &[y.clone(), x.clone()], &[], false);
        assert_eq!((values(&g[0])[0], values(&g[1])[0]), (3.0, 27.0));
        assert!(!g[0].requires_grad());
    }
    let g = gradients(&[z.clone(), y.clone()], from_ref(&x), &[None, None], false);
    assert_eq!(values(&g[0])[0], 33.0);
    let itself = gradients(from_ref(&x), from_ref(&x), &[], false);
    assert_eq!(values(&itself[0])[0], 1.0);
    let unused = tape::grad(from_ref(&z), &[leaf(1.0, &[2])], &[Some(common::ones(&z))], false).expect("grad");
    assert!(unused[0].is_none());
}
