//! Helpers that the integration tests share.
#![allow(dead_code, unused_imports)] // every test file uses a part

pub mod array;
pub mod case;
pub mod cases;
pub mod images;
pub mod reference;

#[cfg(feature = "threads")]
use adjoint_core::kernel::workers::with_threads;
use adjoint_core::{surface, tape, Device, Result, Tensor};
pub use array::{Arr, Rng};
pub use case::{Case, Layout};

/// Calls an operator of the table by its name.
pub fn call(name: &str, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]) -> Result<Vec<Tensor>> {
    let code = surface::code(name).unwrap_or_else(|| panic!("no operator {name}"));
    surface::apply(code, tensors, ints, floats)
}

/// As `call`, for operators with one result and operands that are all present.
pub fn op(name: &str, tensors: &[&Tensor], ints: &[i64], floats: &[f64]) -> Tensor {
    let operands: Vec<Option<Tensor>> = tensors.iter().map(|t| Some((*t).clone())).collect();
    let mut out = call(name, &operands, ints, floats).unwrap_or_else(|e| panic!("{name} {tensors:?}: {e}"));
    out.remove(0)
}

/// The values of a tensor.
pub fn values(t: &Tensor) -> Vec<f64> {
    t.to_vec().expect("readable")
}

/// A float64 tensor on the CPU.
pub fn tensor(a: &Arr) -> Tensor {
    Tensor::from_f64(a.data.clone(), &a.shape, Device::Cpu).expect("valid data")
}

/// The same in float32.
pub fn single(a: &Arr) -> Tensor {
    Tensor::from_f32(a.data.iter().map(|&v| v as f32).collect(), &a.shape, Device::Cpu).expect("valid")
}

/// The sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Ones in the shape of a tensor.
pub fn ones(like: &Tensor) -> Tensor {
    like.full_like(1.0).expect("ones")
}

/// Gradients; zeros where an input was not used. Without seeds those of the sum of all entries.
pub fn gradients(outputs: &[Tensor], inputs: &[Tensor], seeds: &[Option<Tensor>], create_graph: bool) -> Vec<Tensor> {
    let given = |i: usize| seeds.get(i).cloned().flatten();
    let seeds: Vec<_> = (0..outputs.len()).map(|i| given(i).or_else(|| Some(ones(&outputs[i])))).collect();
    let found = tape::grad(outputs, inputs, &seeds, create_graph).expect("differentiable");
    found.into_iter().zip(inputs).map(|(g, x)| g.unwrap_or_else(|| x.full_like(0.0).expect("zeros"))).collect()
}

/// Fails unless `got` equals `want` to `tolerance`, relative to the largest value.
pub fn assert_close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}: number of elements");
    let scale = want.iter().filter(|v| v.is_finite()).fold(1.0f64, |m, v| m.max(v.abs()));
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let same = g == w || (g.is_nan() && w.is_nan()) || (g - w).abs() <= tolerance * scale;
        assert!(same, "{what}: element {i} is {g}, expected {w}\n got {got:?}\nwant {want:?}");
    }
}

/// Runs `check` on each item and reports all failures, not only the first.
pub fn check_all<T>(items: &[T], name: impl Fn(&T) -> String, check: impl Fn(&T)) {
    let mut failed = Vec::new();
    for item in items {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(item))).is_err() {
            failed.push(name(item));
        }
    }
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), items.len(), failed.join("\n"));
}

/// Runs tests of this file with lesser instruction sets, each in a process of its own, since the choice is made once.
pub fn on_other_instruction_sets(tests: &[&str]) {
    for simd in ["avx2", "portable"] {
        let own = std::env::current_exe().expect("a test has a file");
        let mut run = std::process::Command::new(own);
        let run = run.args(tests).args(["--exact", "--nocapture"]).env("ADJOINT_SIMD", simd).output().expect("runs");
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(
            run.status.success() && text.contains(&format!("{} passed", tests.len())),
            "{simd}: {text}{}",
            String::from_utf8_lossy(&run.stderr)
        );
        println!("{simd}: {text}");
    }
}

/// The same values on any number of threads, bit for bit.
#[cfg(feature = "threads")]
pub fn same_on_all_threads<R: PartialEq + Send>(what: &str, all: impl Fn() -> R + Sync) {
    let first = all();
    for threads in [1, 2, 3, 5] {
        assert!(with_threads(threads, &all) == first, "{what}: other bits on {threads} threads");
    }
}
