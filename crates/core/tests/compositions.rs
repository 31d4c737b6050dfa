//! Random compositions of operators: first and second derivatives against finite differences.

mod common;

use adjoint_core::{DType, Device, Tensor};
use common::case::upload;
use common::{dot, gradients, op, values, Arr, Layout, Rng};

const COUNT: u64 = 250;
const DEPTH: usize = 6;
const STEP: f64 = 1e-4;

fn list(v: &[usize]) -> Vec<i64> {
    std::iter::once(v.len() as i64).chain(v.iter().map(|&v| v as i64)).collect()
}

fn lists(parts: &[&[usize]]) -> Vec<i64> {
    parts.iter().flat_map(|p| list(p)).collect()
}

fn constant(r: &mut Rng, shape: &[usize]) -> Tensor {
    upload(&r.array(shape, -0.7, 0.7), DType::F64, Device::Cpu, Layout::Plain)
}

/// A smooth function of one tensor, elementwise and bounded on bounded arguments.
fn curve(x: &Tensor, r: &mut Rng) -> Tensor {
    let bounded = op("sin", &[x], &[], &[]);
    match r.below(14) {
        0 => bounded,
        1 => op("tanh", &[x], &[], &[]),
        2 => op("sigmoid", &[x], &[], &[]),
        3 => op("exp", &[&bounded], &[], &[]),
        4 => op("softplus", &[x], &[], &[]),
        5 => op("gelu", &[x], &[], &[]),
        6 => op("erf", &[x], &[], &[]),
        7 => op("square", &[&bounded], &[], &[]),
        8 => op("log1p", &[&op("square", &[x], &[], &[])], &[], &[]),
        9 => op("sqrt", &[&op("addScalar", &[&op("square", &[x], &[], &[])], &[], &[0.5])], &[], &[]),
        10 => op("rsqrt", &[&op("addScalar", &[&op("square", &[x], &[], &[])], &[], &[1.0])], &[], &[]),
        11 => op("reciprocal", &[&op("addScalar", &[&bounded], &[], &[2.0])], &[], &[]),
        12 => op("powScalar", &[&op("addScalar", &[&bounded], &[], &[1.7])], &[], &[r.uniform(-2.0, 2.0)]),
        _ => op("silu", &[x], &[], &[]),
    }
}

/// Two tensors joined by arithmetic; `y` is first brought to a shape that broadcasts with `x`.
fn joined(x: &Tensor, y: &Tensor, r: &mut Rng) -> Tensor {
    let keep: Vec<usize> = (0..4).filter(|&k| x.shape()[k] != y.shape()[k] || r.below(5) == 0).collect();
    let y = if keep.is_empty() {
        y.clone()
    } else {
        let mut ints = list(&keep);
        ints.push(1);
        op("mean", &[y], &ints, &[])
    };
    let other = op("sin", &[&y], &[], &[]);
    match r.below(6) {
        0 => op("add", &[x, &y], &[], &[]),
        1 => op("sub", &[&y, x], &[], &[]),
        2 => op("mul", &[x, &other], &[], &[]),
        3 => op("div", &[x, &op("addScalar", &[&other], &[], &[2.5])], &[], &[]),
        4 => op("pow", &[&op("addScalar", &[&op("sin", &[x], &[], &[])], &[], &[1.6]), &other], &[], &[]),
        _ => {
            let mask = upload(
                &r.array(x.shape(), -1.0, 1.0).map(|v| f64::from(v > 0.0)),
                DType::F64,
                Device::Cpu,
                Layout::Plain,
            );
            op("where", &[&mask, x, &y], &[], &[])
        }
    }
}

/// An operator that mixes or moves the elements of an image [B, C, H, W]; sizes stay small.
fn mixed(x: &Tensor, y: &Tensor, r: &mut Rng) -> Tensor {
    let s = x.shape().to_vec();
    let large = s[2] * s[3] > 60 || s[1] > 6;
    match r.below(20) {
        0 => op("permute", &[x], &list(&[[0, 1, 3, 2], [1, 0, 2, 3], [0, 2, 1, 3]][r.below(3)]), &[]),
        1 => op("flip", &[x], &list(&[[1, 2], [3, 0], [2, 3]][r.below(3)]), &[]),
        2 => op("roll", &[x], &[2, 1, -1, 2, 2, 3], &[]),
        3 => {
            let mode = [0, 2, 3][r.below(3)];
            let mut ints = list(&[0, 0, 0, 0, r.below(2), 1, r.below(2), r.below(2)]);
            ints.push(mode);
            if large {
                x.clone()
            } else {
                op("pad", &[x], &ints, &[0.3])
            }
        }
        4 => {
            let cut = [s[2].div_ceil(2), s[3].div_ceil(2)];
            op(
                "slice",
                &[x],
                &lists(&[&[0, 0, s[2] - cut[0], 0], &[s[0], s[1], s[2], cut[1]], &[1, 1, 1, 1 + r.below(2)]]),
                &[],
            )
        }
        5 | 6 => {
            let groups = if s[1].is_multiple_of(2) { 1 + r.below(2) } else { 1 };
            let outputs = groups * (1 + r.below(2));
            let w = constant(r, &[outputs, s[1] / groups, 3, 2]);
            let b = constant(r, &[w.shape()[0]]);
            let mut ints = lists(&[&[1 + r.below(2), 1], &[1, 1], &[1, 1]]);
            ints.extend([groups as i64, 0]);
            op("conv2d", &[x, &w, &b], &ints, &[1.0])
        }
        7 if !large => {
            let w = constant(r, &[s[1], 2, 2, 2]);
            let b = constant(r, &[2]);
            let mut ints = lists(&[&[1, 2], &[0, 1], &[0, 1], &[1, 1]]);
            ints.extend([1, 0]);
            op("convTranspose2d", &[x, &w, &b], &ints, &[])
        }
        // The filter made from the other operand: the derivative reaches the weight.
        8 => {
            let mut ints = list(&[2, 3]);
            ints.push(1);
            let w = op("mean", &[y], &ints, &[]);
            let mut ints = list(&[0]);
            ints.push(1);
            let w = op("mean", &[&w], &ints, &[]);
            let w = op("expand", &[&w], &list(&[1, y.shape()[1], 1, 1]), &[]);
            let w = op("slice", &[&w], &lists(&[&[0; 4], &[1, 1, 1, 1], &[1; 4]]), &[]);
            let w = op("expand", &[&w], &list(&[2, s[1], 1, 1]), &[]);
            let w = op("pad", &[&w], &[8, 0, 0, 0, 0, 1, 0, 0, 1, 2], &[0.0]);
            let mut ints = lists(&[&[1, 1], &[1, 1], &[1, 1]]);
            ints.extend([1, 0]);
            let code = adjoint_core::surface::code("conv2d").expect("conv2d");
            adjoint_core::surface::apply(code, &[Some(x.clone()), Some(w), None], &ints, &[1.0])
                .expect("conv2d")
                .remove(0)
        }
        9 => op("matmul", &[x, &op("permute", &[x], &list(&[0, 1, 3, 2]), &[])], &[0], &[]),
        10 if !large => op("cat", &[x, &op("sin", &[x], &[], &[])], &[r.below(3) as i64 + 1], &[]),
        11 => {
            let z = op(
                "cat",
                &[
                    &op("reshape", &[x], &[5, s[0] as i64, s[1] as i64, s[2] as i64, s[3] as i64, 1], &[]),
                    &constant(r, &[s[0], s[1], s[2], s[3], 1]),
                ],
                &[4],
                &[],
            );
            let mut ints = list(&[2, 3]);
            ints.extend([4, r.below(2) as i64]);
            let z = op("fft", &[&z], &ints, &[0.5]);
            let mut ints = list(&[4]);
            ints.push(0);
            op("sum", &[&op("square", &[&z], &[], &[])], &ints, &[])
        }
        12 => {
            let mut ints = list(&[2 + r.below(3), 3]);
            ints.extend([r.below(3) as i64, r.below(2) as i64]);
            op("interpolate", &[x], &ints, &[])
        }
        13 => {
            let mut ints = lists(&[&[2, 2], &[1, 1], &[1, 1]]);
            ints.push(r.below(2) as i64);
            op("avgPool2d", &[x], &ints, &[])
        }
        14 => {
            let (w, b) = (constant(r, &[s[1]]), constant(r, &[s[1]]));
            op("groupNorm", &[x, &w, &b], &[1], &[0.1])
        }
        15 => {
            let grid = op("mulScalar", &[&op("tanh", &[&constant(r, &[s[0], 3, 2, 2])], &[], &[])], &[], &[0.9]);
            op("gridSample", &[x, &grid], &[1 + r.below(2) as i64, r.below(2) as i64, 0], &[])
        }
        16 => {
            let mut ints = list(&[r.below(4)]);
            ints.push(1);
            op("expand", &[&op("sum", &[x], &ints, &[])], &list(&s), &[])
        }
        17 => {
            let index =
                upload(&Arr::new(&[3], vec![0.0, (s[3] - 1) as f64, 0.0]), DType::F64, Device::Cpu, Layout::Plain);
            op("indexSelect", &[x, &index], &[3], &[])
        }
        18 => {
            let u = op("unfold2d", &[x], &lists(&[&[2, 2], &[1, 1], &[1, 1], &[1, 1]]), &[]);
            let t = u.shape().to_vec();
            let back = op("reshape", &[&u], &[4, t[0] as i64, s[1] as i64, 4, t[2] as i64], &[]);
            let mut ints = list(&[2]);
            ints.push(1);
            op("mean", &[&back], &ints, &[])
        }
        19 => op("adaptiveAvgPool2d", &[x], &list(&[2, 1 + r.below(3)]), &[]),
        _ => curve(x, r),
    }
}

/// The composition of a seed, as one number.
fn composition(seed: u64, inputs: &[Tensor]) -> Tensor {
    let mut r = Rng(seed);
    let mut stack: Vec<Tensor> = inputs.to_vec();
    for _ in 0..DEPTH {
        let x = stack[stack.len() - 1 - r.below(stack.len().min(2))].clone();
        let y = stack[r.below(stack.len())].clone();
        let next = match r.below(3) {
            0 => curve(&x, &mut r),
            1 => joined(&x, &y, &mut r),
            _ => mixed(&x, &y, &mut r),
        };
        stack.push(next);
    }
    let mut total: Option<Tensor> = None;
    for t in &stack {
        let part = op("mean", &[&op("square", &[&op("sin", &[t], &[], &[])], &[], &[])], &[0, 0], &[]);
        total = Some(match total {
            Some(sum) => op("add", &[&sum, &part], &[], &[]),
            None => part,
        });
    }
    total.expect("not empty")
}

fn leaves(at: &[Arr]) -> Vec<Tensor> {
    at.iter().map(|a| upload(a, DType::F64, Device::Cpu, Layout::Plain).as_leaf(true)).collect()
}

fn moved(at: &[Arr], d: &[Arr], t: f64) -> Vec<Arr> {
    at.iter().zip(d).map(|(a, d)| a.zip(d, |a, d| a + t * d)).collect()
}

fn along(grads: &[Tensor], d: &[Arr]) -> f64 {
    grads.iter().zip(d).map(|(g, d)| dot(&values(g), &d.data)).sum()
}

/// Central differences of fourth order.
fn slope(f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(STEP) - f(-STEP)) - (f(2.0 * STEP) - f(-2.0 * STEP))) / (12.0 * STEP)
}

fn check(seed: u64) {
    let mut r = Rng(seed ^ 0xABCD);
    let (b, c) = (1 + r.below(2), 1 + r.below(3));
    let shapes = [[b, c, 2 + r.below(3), 2 + r.below(4)], [b, c, 3, 2]];
    let at = shapes.map(|s| r.array(&s, -1.0, 1.0));
    let (d1, d2) = (shapes.map(|s| r.array(&s, -1.0, 1.0)), shapes.map(|s| r.array(&s, -1.0, 1.0)));
    let value = |t: f64| values(&composition(seed, &leaves(&moved(&at, &d1, t))))[0];
    let gradient = |t: f64| {
        let x = leaves(&moved(&at, &d1, t));
        along(&gradients(&[composition(seed, &x)], &x, &[], false), &d2)
    };
    let x = leaves(&at);
    let y = composition(seed, &x);
    let first = gradients(&[y], &x, &[], true);
    let (got, want) = (along(&first, &d1), slope(value));
    assert!(
        (got - want).abs() <= 1e-7 * (1.0 + want.abs()),
        "composition {seed}: first derivative {got}, finite difference {want}"
    );
    let seeds: Vec<Option<Tensor>> =
        d2.iter().map(|d| Some(upload(d, DType::F64, Device::Cpu, Layout::Plain))).collect();
    let (got, want) = (along(&gradients(&first, &x, &seeds, false), &d1), slope(gradient));
    assert!(
        (got - want).abs() <= 1e-6 * (1.0 + want.abs()),
        "composition {seed}: second derivative {got}, finite difference {want}"
    );
}

#[test]
fn derivatives_of_random_compositions() {
    let seeds: Vec<u64> = (0..COUNT).collect();
    common::check_all(&seeds, |s| format!("composition {s}"), |&s| check(s));
}

#[test]
fn derivatives_of_higher_order() {
    // The n-th derivative of e^x sin(x) is sqrt(2)^n e^x sin(x + n pi / 4).
    let at = 0.7f64;
    let x = upload(&Arr::scalar(at), DType::F64, Device::Cpu, Layout::Plain).as_leaf(true);
    let mut y = op("mul", &[&op("exp", &[&x], &[], &[]), &op("sin", &[&x], &[], &[])], &[], &[]);
    for n in 1..=6 {
        y = gradients(std::slice::from_ref(&y), std::slice::from_ref(&x), &[], true).remove(0);
        let want = 2f64.sqrt().powi(n) * at.exp() * (at + f64::from(n) * std::f64::consts::FRAC_PI_4).sin();
        assert!((values(&y)[0] - want).abs() < 1e-11, "derivative {n} is {}, expected {want}", values(&y)[0]);
    }
}
