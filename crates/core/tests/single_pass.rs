//! Operators whose float32 gradients have kernels of their own, against the composed forms in float64, which
//! `operators.rs` checks; on each memory layout, and large enough for threads.

mod common;

#[cfg(feature = "threads")]
use adjoint_core::kernel::workers::with_threads;
use adjoint_core::{DType, Device, Tensor};
use common::{assert_close, cases, check_all, gradients, op, values, Arr, Case, Layout, Rng};
use std::slice::from_ref;

const OPERATORS: [&str; 5] = ["distance", "dot", "variation", "roll", "warp"];

/// Their cases, with operands that float32 can hold.
fn cases_with_kernels() -> Vec<Case> {
    let mut all: Vec<Case> = cases::all().into_iter().filter(|c| OPERATORS.contains(&c.op)).collect();
    for input in all.iter_mut().flat_map(|c| c.inputs.iter_mut().flatten()) {
        *input = input.map(|v| f64::from(v as f32));
    }
    all
}

/// Gradients in all operands.
fn found(case: &Case, dtype: DType, layout: Layout, seed: &Arr, create_graph: bool) -> Vec<Tensor> {
    let leaves: Vec<Tensor> =
        case.upload(dtype, Device::Cpu, layout).into_iter().flatten().map(|t| t.as_leaf(true)).collect();
    let out = case.run(&leaves.iter().cloned().map(Some).collect::<Vec<_>>()).expect("runs").remove(0);
    gradients(from_ref(&out), &leaves, &[Some(common::case::upload(seed, dtype, Device::Cpu, layout))], create_graph)
}

#[test]
fn gradients_match_the_composed_form() {
    check_all(&cases_with_kernels(), Case::name, |case| {
        let seed = Rng(5).array(&case.expected[0].shape, -1.0, 1.0).map(|v| f64::from(v as f32));
        let want: Vec<Vec<f64>> = found(case, DType::F64, Layout::Plain, &seed, true).iter().map(values).collect();
        for layout in [Layout::Plain, Layout::Transposed, Layout::Sliced] {
            for create_graph in [false, true] {
                for (got, want) in found(case, DType::F32, layout, &seed, create_graph).iter().zip(&want) {
                    assert_close(&format!("{} {layout:?} {create_graph}", case.name()), &values(got), want, 3e-6);
                }
            }
        }
    });
}

#[test]
fn a_product_with_itself_is_a_squared_norm() {
    let x = Rng(9).array(&[3, 7], -1.0, 1.0);
    for dtype in [DType::F32, DType::F64] {
        let leaf = common::case::upload(&x, dtype, Device::Cpu, Layout::Plain).as_leaf(true);
        let y = op("dot", &[&leaf, &leaf], &[1], &[]);
        let rows: Vec<f64> = x.data.chunks(7).map(|row| row.iter().map(|v| v * v).sum()).collect();
        assert_close("norm", &values(&y), &rows, 1e-6);
        let first = gradients(from_ref(&y), from_ref(&leaf), &[], true).remove(0);
        assert_close("gradient", &values(&first), &x.map(|v| 2.0 * v).data, 1e-6);
        let second = gradients(from_ref(&first), from_ref(&leaf), &[], false).remove(0);
        assert_close("second derivative", &values(&second), &x.map(|_| 2.0).data, 1e-6);
    }
}

#[test]
#[cfg(feature = "threads")]
fn bits_do_not_depend_on_threads() {
    let all = || -> Vec<Vec<f64>> {
        let those = cases_with_kernels().into_iter().filter(|c| c.inputs.iter().flatten().any(|a| a.data.len() > 1000));
        let gradients = those.flat_map(|case| {
            let seed = Rng(6).array(&case.expected[0].shape, -1.0, 1.0);
            let out = case.run(&case.upload(DType::F32, Device::Cpu, Layout::Plain)).expect("runs");
            [out, found(&case, DType::F32, Layout::Plain, &seed, false)].concat()
        });
        gradients.map(|t| values(&t)).collect()
    };
    let first = all();
    for threads in [1, 2, 3] {
        assert!(with_threads(threads, all) == first, "other bits on {threads} threads");
    }
}
