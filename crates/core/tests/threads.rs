//! The kernels of spectra, projections, sampling and resizing give the same bits on any number of threads, with their
//! gradients and in both element types. Sizes are large enough for several chunks of work.
#![cfg(feature = "threads")]

mod common;

use adjoint_core::{DType, Device, Tensor};
use common::{gradients, op, values, Rng};

/// An operator's result and the gradients of all its operands, in both element types.
fn check(name: &str, shapes: &[&[usize]], ints: &[i64], floats: &[f64]) {
    for dtype in [DType::F32, DType::F64] {
        let mut r = Rng(17);
        let operands: Vec<Tensor> = shapes
            .iter()
            .map(|s| Tensor::from_values(r.array(s, -1.0, 1.0).data, s, dtype, Device::Cpu).expect("valid"))
            .collect();
        common::same_on_all_threads(&format!("{name} {shapes:?} {ints:?} {dtype:?}"), || {
            let leaves: Vec<Tensor> = operands.iter().map(|t| t.as_leaf(true)).collect();
            let y = op(name, &leaves.iter().collect::<Vec<_>>(), ints, floats);
            let mut out: Vec<Vec<f64>> =
                gradients(std::slice::from_ref(&y), &leaves, &[Some(y.detach())], false).iter().map(values).collect();
            out.push(values(&y));
            out
        });
    }
}

#[test]
fn fourier_sums() {
    check("fft", &[&[3, 72, 100, 2]], &[2, 1, 2, 3, 0], &[0.5]);
    check("fft", &[&[3, 72, 100, 2]], &[1, 1, 3, 1], &[1.0]);
    check("fft", &[&[2, 2, 131, 97]], &[2, 2, 3, 1, 0], &[1.0]);
}

#[test]
fn half_spectra() {
    for shape in [[3, 96, 90], [2, 101, 97], [1, 180, 250]] {
        check("rfft2", &[&shape], &[], &[0.25, 2.0]);
        check("irfft2", &[&[shape[0], shape[1], shape[2] / 2 + 1, 2]], &[shape[2] as i64], &[1.0, 2.0]);
    }
}

#[test]
fn spectra_multiplied() {
    check("complexMul", &[&[4, 3, 80, 41, 2], &[3, 80, 41, 2]], &[1], &[]);
    check("complexMul", &[&[4, 1, 80, 41, 2], &[1, 3, 80, 41, 2]], &[0], &[]);
}

#[test]
fn filters() {
    check("fourierFilter", &[&[4, 3, 80, 84], &[3, 80, 43, 2]], &[0], &[]);
    check("fourierFilter", &[&[1, 1, 190, 161], &[1, 1, 190, 81, 2]], &[1], &[]);
}

#[test]
fn norms_of_images() {
    for shape in [[3, 24, 70, 66], [1, 40, 3, 400], [70, 8, 9, 9]] {
        check("groupNorm", &[&shape, &[shape[1]], &[shape[1]]], &[4], &[1e-5]);
        check("layerNorm", &[&shape, &[shape[1]], &[shape[1]]], &[], &[1e-6]);
        check("softmax", &[&shape], &[1], &[]);
        check("softmax", &[&shape], &[3], &[]);
    }
}

#[test]
fn projections() {
    let degrees: Vec<f64> = (0..37).map(|i| 4.9 * f64::from(i)).collect();
    for circle in [0, 1] {
        check("radon", &[&[3, 75, 75]], &[circle], &degrees);
        let detectors = op(
            "radon",
            &[&Tensor::full(&[1, 75, 75], 1.0, DType::F32, Device::Cpu).expect("valid")],
            &[circle],
            &degrees,
        )
        .shape()[1];
        check("radonTranspose", &[&[3, detectors, degrees.len()]], &[75, circle], &degrees);
    }
}

#[test]
fn sampling() {
    for mode in 0..3 {
        // Few images are divided into bands of rows, many are not; positions all over the image, and around one point.
        check("gridSample", &[&[1, 3, 260, 190], &[1, 120, 130, 2]], &[mode, 0, 0], &[]);
        check("gridSample", &[&[5, 2, 61, 70], &[5, 90, 100, 2]], &[mode, 1, 0], &[]);
        check("gridSample", &[&[2, 1, 150, 33], &[2, 8000, 1, 2]], &[mode, 2, 1], &[]);
        check("gridSample", &[&[1, 9, 20, 20], &[1, 50, 50, 2]], &[mode, 0, 1], &[]);
    }
}

#[test]
fn resizing() {
    for mode in 0..3 {
        check("interpolate", &[&[3, 2, 70, 65]], &[2, 141, 99, mode, 0], &[]);
        check("interpolate", &[&[1, 1, 150, 260]], &[2, 75, 80, mode, 1], &[]);
    }
}

#[test]
fn lists() {
    let mut r = Rng(23);
    let tensors: Vec<Option<Tensor>> = [70_000, 70_000, 300, 300, 30_000, 30_000, 9000, 9000]
        .map(|n| Tensor::from_values(r.array(&[n], 0.1, 1.0).data, &[n], DType::F32, Device::Cpu).ok())
        .into();
    let of = |name: &str, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]| {
        common::call(name, tensors, ints, floats).expect(name).iter().map(values).collect::<Vec<_>>()
    };
    common::same_on_all_threads("lerp", || of("lerp", &tensors, &[], &[0.3]));
    common::same_on_all_threads("clipFactor", || of("clipFactor", &tensors, &[], &[0.3]));
    let mut first = vec![None];
    first.extend(vec![tensors[0].clone(); 4]);
    first.extend(vec![tensors[2].clone(); 4]);
    common::same_on_all_threads("adamStep", || of("adamStep", &first, &[3, 0], &[0.1, 0.9, 0.99, 1e-8, 0.0]));
}
