//! Each convolution kernel, in float32, against direct loops in float64: forward and both gradients, on odd shapes and
//! each memory layout.
//!
//! The bounds are relative to the largest value of the result. Winograd's kernels with six points are the least exact:
//! 2e-6 where a product of matrices has 3e-7, and up to 4e-6 where results are sums of few products.

mod common;

use adjoint_core::kernel::{force, Kernel};
use adjoint_core::ops::conv;
use adjoint_core::{DType, Device, Tensor};
use common::case::upload;
use common::reference::{conv2d, conv2d_weight, conv_transpose2d, reduce, Geo};
use common::{call, gradients, op, values, Arr, Layout, Rng};
use std::sync::Mutex;

/// The kernel is chosen for the whole process: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

type Row = ([usize; 4], usize, [usize; 2], Geo);

const fn geo(stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], groups: usize) -> Geo {
    Geo { stride, padding, dilation, groups }
}

/// Input, output channels, kernel, geometry.
#[rustfmt::skip]
const GRID: &[Row] = &[
    // 3x3, stride 1: what Winograd takes.
    ([1, 1, 3, 3], 1, [3, 3], geo([1, 1], [0, 0], [1, 1], 1)),
    ([1, 1, 1, 1], 2, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([2, 3, 5, 7], 4, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 8, 4, 4], 8, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 16, 12, 11], 17, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([2, 17, 9, 10], 16, [3, 3], geo([1, 1], [0, 1], [1, 1], 1)),
    ([1, 9, 6, 70], 9, [3, 3], geo([1, 1], [1, 0], [1, 1], 1)),
    ([2, 10, 18, 5], 33, [3, 3], geo([1, 1], [2, 2], [1, 1], 1)),
    ([1, 8, 5, 6], 8, [3, 3], geo([1, 1], [3, 4], [1, 1], 1)),
    ([2, 24, 16, 16], 20, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([2, 17, 36, 48], 9, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 9, 64, 56], 18, [3, 3], geo([1, 1], [0, 2], [1, 1], 1)),
    // Other sizes, strides, dilations: what Winograd takes in parts and residues.
    ([2, 20, 15, 18], 24, [4, 4], geo([1, 1], [0, 1], [1, 1], 1)),
    ([1, 17, 20, 21], 18, [7, 7], geo([1, 1], [3, 3], [1, 1], 1)),
    ([2, 16, 19, 33], 9, [4, 4], geo([2, 2], [1, 1], [1, 1], 1)),
    ([1, 18, 20, 22], 32, [3, 3], geo([2, 2], [1, 1], [1, 1], 1)),
    ([2, 16, 17, 18], 16, [3, 3], geo([1, 1], [2, 2], [2, 2], 1)),
    ([1, 12, 30, 29], 14, [5, 3], geo([1, 2], [4, 0], [3, 1], 1)),
    ([1, 33, 21, 26], 17, [2, 2], geo([1, 1], [1, 0], [1, 1], 1)),
    ([2, 10, 23, 17], 12, [6, 5], geo([3, 1], [2, 2], [1, 2], 1)),
    ([1, 9, 16, 19], 11, [8, 8], geo([4, 4], [2, 5], [1, 1], 1)),
    ([1, 16, 5, 70], 16, [1, 5], geo([1, 1], [0, 2], [1, 1], 1)),
    ([1, 8, 40, 7], 8, [5, 1], geo([2, 3], [2, 0], [1, 1], 1)),
    ([2, 8, 9, 11], 8, [2, 3], geo([1, 1], [6, 5], [4, 3], 1)),
    ([2, 9, 40, 46], 10, [5, 5], geo([1, 1], [2, 1], [1, 1], 1)),
    ([2, 9, 48, 40], 10, [3, 3], geo([1, 1], [3, 2], [3, 2], 1)),
    // Other sizes, strides, dilations, groups.
    ([2, 5, 7, 9], 6, [1, 1], geo([1, 1], [0, 0], [1, 1], 1)),
    ([2, 5, 7, 9], 6, [1, 1], geo([2, 3], [1, 0], [1, 1], 1)),
    ([1, 3, 15, 17], 8, [5, 5], geo([1, 1], [2, 2], [1, 1], 1)),
    ([2, 4, 15, 14], 30, [4, 4], geo([2, 2], [1, 1], [1, 1], 1)),
    ([1, 6, 12, 23], 5, [3, 2], geo([1, 2], [0, 2], [2, 1], 1)),
    ([1, 7, 13, 19], 3, [3, 3], geo([3, 2], [2, 1], [2, 3], 1)),
    ([2, 40, 3, 4], 50, [2, 2], geo([2, 2], [0, 0], [1, 1], 1)),
    ([1, 6, 21, 18], 5, [3, 3], geo([3, 3], [0, 0], [1, 1], 1)),
    ([2, 8, 24, 74], 30, [4, 2], geo([2, 2], [2, 0], [1, 1], 2)),
    ([1, 10, 9, 40], 33, [1, 4], geo([1, 2], [0, 2], [1, 1], 1)),
    ([2, 40, 8, 6], 9, [7, 3], geo([1, 1], [3, 1], [1, 1], 1)),
    ([1, 6, 9, 8], 9, [3, 3], geo([1, 1], [1, 1], [1, 1], 3)),
    ([2, 8, 7, 21], 4, [3, 3], geo([2, 1], [1, 2], [1, 2], 2)),
    ([1, 2, 5, 5], 2, [3, 3], geo([1, 1], [4, 4], [1, 1], 1)),
    ([1, 1, 15, 20], 1, [9, 9], geo([1, 1], [4, 4], [1, 1], 1)),
    ([1, 3, 10, 300], 13, [2, 3], geo([1, 1], [0, 1], [1, 1], 1)),
    ([2, 9, 23, 40], 7, [5, 4], geo([3, 3], [4, 0], [2, 1], 1)),
    ([1, 4, 2, 3], 6, [1, 2], geo([3, 3], [1, 4], [1, 3], 2)),
    ([1, 70, 9, 9], 130, [3, 3], geo([2, 2], [1, 1], [1, 1], 1)),
    ([1, 2, 20, 33], 3, [8, 8], geo([8, 8], [3, 4], [1, 1], 1)),
    // Each channel by itself.
    ([2, 5, 9, 20], 5, [3, 3], geo([1, 1], [1, 1], [1, 1], 5)),
    ([1, 4, 11, 18], 4, [5, 3], geo([2, 3], [2, 0], [1, 2], 4)),
    ([3, 3, 2, 3], 3, [2, 5], geo([1, 1], [1, 3], [2, 1], 3)),
    ([1, 1, 150, 131], 1, [4, 7], geo([1, 1], [2, 5], [1, 1], 1)),
    ([1, 2, 140, 268], 2, [5, 4], geo([4, 2], [3, 1], [2, 3], 2)),
    ([1, 1, 9, 10], 1, [2, 2], geo([3, 4], [0, 0], [1, 1], 1)),
    ([2, 1, 3, 4], 1, [3, 3], geo([2, 5], [5, 6], [3, 2], 1)),
];

/// Small images of many channels, whose weights are transformed in panels.
#[rustfmt::skip]
const PANELS: &[Row] = &[
    ([1, 42, 7, 5], 376, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([2, 390, 4, 3], 40, [2, 3], geo([1, 1], [1, 0], [1, 1], 1)),
];

const LAYOUTS: [Layout; 4] = [Layout::Plain, Layout::Transposed, Layout::Flipped, Layout::Sliced];

fn ints(g: Geo, between: &[usize]) -> Vec<i64> {
    let pair = |p: [usize; 2]| [2, p[0] as i64, p[1] as i64];
    let mut out = Vec::new();
    out.extend(pair(g.stride));
    out.extend(pair(g.padding));
    out.extend(between.iter().map(|&v| v as i64));
    out.extend(pair(g.dilation));
    out.extend([g.groups as i64, 0]);
    out
}

/// The largest error, relative to the largest value.
fn error(got: &Tensor, want: &Arr) -> f64 {
    assert_eq!(got.shape(), want.shape);
    let scale = want.data.iter().fold(1e-3f64, |m, v| m.max(v.abs()));
    values(got)
        .iter()
        .zip(&want.data)
        .fold(0.0f64, |m, (a, b)| if a.is_finite() { m.max((a - b).abs()) } else { f64::INFINITY })
        / scale
}

/// The values as float32 holds them, so that only the kernel's own error counts.
fn single(a: Arr) -> Arr {
    a.map(|v| f64::from(v as f32))
}

fn weight_gradient(x: &Tensor, gradient: &Tensor, kernel: [usize; 2], g: Geo) -> Tensor {
    let Geo { stride, padding, dilation, groups } = g;
    conv::conv2d_weight(x, gradient, kernel, conv::Geometry { stride, padding, dilation, groups, mixed: false })
        .expect("valid")
}

/// The largest error of the gradients in image, weight and bias of a convolution with an activation, off the tape:
/// where one kernel may compute them all.
fn gradient_error([x, w, bias, sums, gradient]: [&Arr; 5], rest: [usize; 2], g: Geo, slope: f64) -> f64 {
    let leaf = |a: &Arr| upload(a, DType::F32, Device::Cpu, Layout::Plain).as_leaf(true);
    let leaves = [leaf(x), leaf(w), leaf(bias)];
    let y = op("conv2d", &[&leaves[0], &leaves[1], &leaves[2]], &ints(g, &[]), &[slope]);
    let seed = upload(gradient, DType::F32, Device::Cpu, Layout::Plain);
    let got = gradients(&[y], &leaves, &[Some(seed)], false);
    let gate = |(g, sum): (&f64, &f64)| if *sum > 0.0 { *g } else { slope * g };
    let gated = Arr::new(&gradient.shape, gradient.data.iter().zip(&sums.data).map(gate).collect());
    let dx = error(&got[0], &conv_transpose2d(&gated, w, None, rest, g));
    let dw = error(&got[1], &conv2d_weight(x, &gated, [w.shape[2], w.shape[3]], g));
    // The terms of the bias' gradient may cancel: its error is relative to the sum of their magnitudes.
    let db = values(&got[2]);
    let sums = reduce(&gated, &[0, 2, 3], false, |values| values.iter().sum());
    let magnitudes = reduce(&gated, &[0, 2, 3], false, |values| values.iter().map(|v| v.abs()).sum());
    (0..db.len()).fold(dx.max(dw), |m, c| {
        let e = (db[c] - sums.data[c]).abs() / magnitudes.data[c].max(1e-3);
        if e.is_finite() {
            m.max(e)
        } else {
            f64::INFINITY
        }
    })
}

/// Errors of the convolution, its transpose, its weight gradient and all its gradients, the largest over all layouts.
fn errors(row: &Row, rng: &mut Rng) -> [f64; 4] {
    let &(s, outputs, k, g) = row;
    let x = single(rng.array(&s, -1.0, 1.0));
    let w = single(rng.array(&[outputs, s[1] / g.groups, k[0], k[1]], -1.0, 1.0));
    let bias = single(rng.array(&[outputs], -1.0, 1.0));
    let want = conv2d(&x, &w, Some(&bias), g);
    let gradient = single(rng.array(&want.shape, -1.0, 1.0));
    let rest = [0, 1].map(|i| {
        (s[2 + i] + 2 * g.padding[i]) - ((want.shape[2 + i] - 1) * g.stride[i] + g.dilation[i] * (k[i] - 1) + 1)
    });
    let back = conv_transpose2d(&gradient, &w, None, rest, g);
    let dw = conv2d_weight(&x, &gradient, k, g);
    // One slope a row: the references take most of the time.
    let slope = [1.0, 0.0, 0.25][rng.uniform(0.0, 3.0) as usize];
    let all = gradient_error([&x, &w, &bias, &want, &gradient], rest, g, slope);
    LAYOUTS.iter().fold([0.0, 0.0, 0.0, all], |worst, &layout| {
        let put = |a: &Arr| upload(a, DType::F32, Device::Cpu, layout);
        let y = op("conv2d", &[&put(&x), &put(&w), &put(&bias)], &ints(g, &[]), &[1.0]);
        let transposed = call(
            "convTranspose2d",
            &[Some(put(&gradient)), Some(put(&w)), None],
            &ints(g, &[2, rest[0], rest[1]]),
            &[],
        );
        let transposed = transposed.expect("valid").remove(0);
        let weight = weight_gradient(&put(&x), &put(&gradient), k, g);
        // With an activation, each of its forms.
        let activated = [0.0, 0.25, 1.75].map(|slope| {
            let y = op("conv2d", &[&put(&x), &put(&w), &put(&bias)], &ints(g, &[]), &[slope]);
            error(&y, &want.map(|v| if v > 0.0 { v } else { slope * v }))
        });
        let forward = activated.iter().fold(error(&y, &want), |m, e| m.max(*e));
        let here = [forward, error(&transposed, &back), error(&weight, &dw), all];
        std::array::from_fn(|i| here[i].max(worst[i]))
    })
}

fn check(kernel: Kernel, rows: impl Fn(&Row) -> bool, bound: f64) {
    check_rows(kernel, GRID.iter().filter(|r| rows(r)), bound);
}

fn check_rows<'a>(kernel: Kernel, rows: impl Iterator<Item = &'a Row>, bound: f64) {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    force(kernel);
    let mut rng = Rng(5);
    let mut worst = ([0.0f64; 4], 0);
    for row in rows {
        let e = errors(row, &mut rng);
        assert!(
            e.iter().all(|&e| e < bound),
            "{kernel:?} {row:?}: errors {e:?} of forward, transpose, weight's and all gradients, the bound is {bound}"
        );
        worst = (std::array::from_fn(|i| worst.0[i].max(e[i])), worst.1 + 1);
    }
    force(Kernel::Auto);
    assert!(worst.1 > 0);
    println!(
        "{kernel:?}: largest relative error of forward, transpose, weight's, all gradients: {:.1e} {:.1e} {:.1e} \
         {:.1e} in {} cases",
        worst.0[0], worst.0[1], worst.0[2], worst.0[3], worst.1
    );
}

/// The axes have a stride or a dilation, not both: what Winograd takes, with up to 4 parts.
fn in_parts(r: &Row) -> bool {
    r.3.groups == 1 && (0..2).all(|i| r.3.stride[i].min(r.3.dilation[i]) == 1)
}

/// 3x3 with stride 1.
fn small(r: &Row) -> bool {
    r.2 == [3, 3] && r.3.stride == [1, 1] && r.3.dilation == [1, 1] && r.3.groups == 1
}

#[test]
fn winograd2() {
    check(Kernel::Winograd2, small, 1e-6);
    check(Kernel::Winograd2, in_parts, 1.5e-6);
}

#[test]
fn winograd3() {
    check(Kernel::Winograd3, in_parts, 5e-6);
}

#[test]
fn winograd4() {
    check(Kernel::Winograd4, small, 2.5e-6);
    check(Kernel::Winograd4, in_parts, 5e-6);
}

#[test]
fn winograd5() {
    check(Kernel::Winograd5, in_parts, 5e-6);
}

#[test]
fn panels() {
    for kernel in [Kernel::Winograd4, Kernel::Auto] {
        check_rows(kernel, PANELS.iter(), 2.5e-6);
    }
}

#[test]
fn window() {
    check(Kernel::Window, |_| true, 1e-6);
}

#[test]
fn tiled() {
    check(Kernel::Tiled, |_| true, 1e-6);
}

#[test]
fn depthwise() {
    check(Kernel::Depthwise, |r| r.3.groups == r.0[1] && r.3.groups == r.1, 1e-6);
}

#[test]
fn the_rule() {
    check(Kernel::Auto, |_| true, 2.5e-6);
}

/// The same bits again, and on one thread.
#[test]
#[cfg(feature = "threads")]
fn bits_do_not_depend_on_threads() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let mut rng = Rng(9);
    let cases: [Row; 11] = [
        ([2, 150, 7, 6], 140, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
        ([3, 24, 33, 40], 60, [5, 5], geo([1, 1], [2, 2], [1, 1], 1)),
        ([1, 32, 40, 40], 200, [4, 4], geo([2, 2], [1, 1], [1, 1], 2)),
        ([3, 8, 50, 30], 9, [3, 3], geo([1, 1], [2, 2], [2, 2], 1)),
        ([3, 24, 40, 40], 20, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
        ([2, 9, 61, 33], 70, [5, 5], geo([2, 2], [2, 2], [1, 1], 1)),
        ([4, 64, 40, 32], 64, [4, 4], geo([2, 2], [1, 1], [1, 1], 1)),
        ([4, 32, 40, 32], 32, [3, 3], geo([1, 1], [2, 2], [2, 2], 1)),
        ([1, 32, 10, 32], 64, [7, 7], geo([1, 1], [3, 3], [1, 1], 1)),
        ([5, 12, 30, 31], 12, [3, 3], geo([1, 1], [1, 1], [1, 1], 12)),
        ([2, 16, 64, 64], 4, [1, 1], geo([1, 1], [0, 0], [1, 1], 1)),
    ];
    for (s, outputs, k, g) in cases {
        let random = |rng: &mut Rng, shape: &[usize]| {
            let n = shape.iter().product();
            Tensor::from_f32((0..n).map(|_| rng.uniform(-1.0, 1.0) as f32).collect(), shape, Device::Cpu)
                .expect("valid")
        };
        let (x, w) = (random(&mut rng, &s), random(&mut rng, &[outputs, s[1] / g.groups, k[0], k[1]]));
        let all = || {
            let y = call("conv2d", &[Some(x.clone()), Some(w.clone()), None], &ints(g, &[]), &[1.0])
                .expect("valid")
                .remove(0);
            let dw = weight_gradient(&x, &y, k, g);
            let back = call("convTranspose2d", &[Some(y.clone()), Some(w.clone()), None], &ints(g, &[2, 0, 0]), &[])
                .expect("valid")
                .remove(0);
            [y, dw, back].map(|t| values(&t))
        };
        common::same_on_all_threads(&format!("{s:?}"), all);
    }
}

#[test]
fn other_instruction_sets() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    common::on_other_instruction_sets(&["the_rule", "depthwise"]);
}
