//! Every operator on `webgpu` in float32, forward and backward, against the CPU.

mod common;

use adjoint_core::{surface, DType, Device, Tensor};
use common::{assert_close, cases, check_all, gradients, values, Case, Layout, Rng};

/// A few cases of each operator: kernels are compiled for each, which takes long on a software device.
const EACH: usize = 6;

fn chosen() -> Vec<Case> {
    let all = cases::all();
    let mut out = Vec::new();
    for row in surface::ROWS {
        let of: Vec<&Case> = all.iter().filter(|c| c.op == row.name && c.expected[0].data.len() > 1).collect();
        // From the middle: the first ones are the smallest.
        let step = of.len().div_ceil(EACH).max(1);
        out.extend(of.into_iter().skip(step / 2).step_by(step).cloned());
    }
    out
}

fn both(case: &Case, device: Device, layout: Layout) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let (operands, leaves) = case.leaves(DType::F32, device, layout);
    let out = case.run(&operands).unwrap_or_else(|e| panic!("{}: {e}", case.name()));
    let read = out.iter().map(values).collect();
    if leaves.is_empty() {
        return (read, vec![]);
    }
    let w = Rng(7).array(&case.expected[0].shape, -1.0, 1.0);
    let seed = Tensor::from_values(w.data, &w.shape, DType::F32, device).expect("seed");
    let grads = gradients(&out[..1], &leaves, &[Some(seed)], false);
    (read, grads.iter().map(values).collect())
}

#[test]
fn operators_agree_with_the_cpu() {
    if let Err(e) = Device::WEBGPU.start() {
        println!("skipped operators_agree_with_the_cpu: {e}");
        return;
    }
    let cases: Vec<Case> = chosen().into_iter().filter(|c| !(c.op == "cast" && c.ints == [1])).collect();
    println!("{} calls on webgpu", cases.len());
    check_all(&cases, Case::name, |case| {
        let layout = if case.inputs.len() % 2 == 0 { Layout::Transposed } else { Layout::Plain };
        let (want, want_grads) = both(case, Device::Cpu, Layout::Plain);
        let (got, got_grads) = both(case, Device::WEBGPU, layout);
        for (g, w) in got.iter().zip(&want).chain(got_grads.iter().zip(&want_grads)) {
            assert_close(&format!("{} on webgpu, {layout:?}", case.name()), g, w, 2e-5);
        }
    });
}

#[test]
fn float64_is_refused() {
    if let Err(e) = Device::WEBGPU.start() {
        println!("skipped float64_is_refused: {e}");
        return;
    }
    let error = Tensor::full(&[2], 1.0, DType::F64, Device::WEBGPU).expect_err("float64");
    assert_eq!(error.class(), "DTypeError");
    let x = Tensor::full(&[2], 1.0, DType::F32, Device::WEBGPU).expect("float32");
    let code = surface::code("cast").expect("cast");
    assert_eq!(surface::apply(code, &[Some(x.clone())], &[1], &[]).expect_err("float64").class(), "DTypeError");
    let y = Tensor::full(&[2], 1.0, DType::F32, Device::Cpu).expect("float32");
    let code = surface::code("add").expect("add");
    assert_eq!(
        surface::apply(code, &[Some(x), Some(y)], &[], &[]).expect_err("devices").detail().code,
        "device_mismatch"
    );
}
