//! Every operator of the table: values against reference implementations, derivatives against finite differences.

mod common;

use adjoint_core::{surface, DType, Device, Tensor};
use common::{assert_close, cases, check_all, dot, gradients, values, Arr, Case, Layout, Rng};

const STEP: f64 = 1e-5;
const LAYOUTS: [Layout; 4] = [Layout::Plain, Layout::Transposed, Layout::Flipped, Layout::Sliced];

#[test]
fn every_operator_has_a_case() {
    let all = cases::all();
    let without: Vec<&str> =
        surface::ROWS.iter().map(|r| r.name).filter(|name| !all.iter().any(|c| c.op == *name)).collect();
    assert!(without.is_empty(), "operators without a test case: {without:?}");
}

#[test]
fn names_are_unique_and_described() {
    let table = surface::describe();
    for (code, row) in surface::ROWS.iter().enumerate() {
        assert_eq!(surface::code(row.name), Some(code), "{} stands twice", row.name);
        let (_, rest) =
            table.split_once(&format!("\"name\":\"{}\",\"code\":{code},\"doc\":\"", row.name)).expect(row.name);
        let (doc, _) = rest.split_once("\",\"parameters\"").expect(row.name);
        assert!(doc.ends_with('.'), "{}: the description must be a sentence, got {doc}", row.name);
    }
}

fn compare(case: &Case, dtype: DType, layout: Layout, tolerance: f64) {
    let out = case.run(&case.upload(dtype, Device::Cpu, layout)).unwrap_or_else(|e| panic!("{}: {e}", case.name()));
    assert_eq!(out.len(), case.expected.len(), "{}: number of results", case.name());
    for (got, want) in out.iter().zip(&case.expected) {
        let what = format!("{} {dtype:?} {layout:?}", case.name());
        assert_eq!(got.shape(), want.shape, "{what}: shape");
        assert_close(&what, &values(got), &want.data, tolerance);
        if case.op != "cast" {
            assert_eq!(got.dtype(), dtype, "{what}: element type");
        }
    }
}

#[test]
fn values_float64() {
    check_all(&cases::all(), Case::name, |case| LAYOUTS.iter().for_each(|&l| compare(case, DType::F64, l, 1e-12)));
}

#[test]
fn values_float32() {
    check_all(&cases::all(), Case::name, |case| LAYOUTS.iter().for_each(|&l| compare(case, DType::F32, l, 2e-6)));
}

#[test]
fn small_results_keep_their_digits() {
    for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 3e-6)] {
        let x: Vec<f64> = vec![-80.0, -40.0, -20.0, -10.0, -1.0, 0.0, 1.0];
        let t = Tensor::from_values(x.clone(), &[x.len()], dtype, Device::Cpu).expect("valid");
        for (name, f) in [
            ("sigmoid", (|x| 1.0 / (1.0 + f64::exp(-x))) as fn(f64) -> f64),
            ("softplus", |x| x.exp().ln_1p()),
            ("exp", f64::exp),
        ] {
            for (got, x) in values(&common::op(name, &[&t], &[], &[])).iter().zip(&x) {
                assert!((got / f(*x) - 1.0).abs() < tolerance, "{name}({x}) {dtype:?} is {got}, expected {}", f(*x));
            }
        }
    }
}

#[test]
fn long_sums_keep_their_digits() {
    let n = 3_000_001;
    let x = Tensor::full(&[n], 0.1, DType::F32, Device::Cpu).expect("valid");
    let rows = common::op("reshape", &[&x], &[2, 1, n as i64], &[]);
    let exact = n as f64 * f64::from(0.1f32);
    for (t, ints) in [(&x, vec![0, 0]), (&rows, vec![1, 1, 0])] {
        let got = values(&common::op("sum", &[t], &ints, &[]))[0];
        assert!((got / exact - 1.0).abs() < 1e-4, "sum of {n} numbers is {got}, expected {exact}");
    }
}

#[test]
fn positions_in_large_images_are_exact() {
    // More than 2^24 pixels, which float32 cannot number: the last pixel is an odd one.
    let (h, w) = (4099, 4097);
    let mut data = vec![0.0f32; h * w];
    data[h * w - 1] = 5.0;
    let x = Tensor::from_f32(data, &[1, 1, h, w], Device::Cpu).expect("valid");
    for (row, column, want) in [(1.0, 1.0, 5.0), (1.0, 1.0 - 2.0 / (w as f64 - 1.0), 0.0), (1.0, -1.0, 0.0)] {
        let grid = Tensor::from_values(vec![column, row], &[1, 1, 1, 2], DType::F32, Device::Cpu).expect("valid");
        assert_eq!(values(&common::op("gridSample", &[&x, &grid], &[0, 0, 1], &[])), [want]);
    }
}

#[test]
fn positions_that_are_not_numbers_give_nan() {
    let x = Tensor::full(&[1, 2, 3, 4], 1.0, DType::F64, Device::Cpu).expect("valid");
    for outside in 0..3 {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            for mode in 0..3 {
                let grid = Tensor::full(&[1, 1, 1, 2], bad, DType::F64, Device::Cpu).expect("valid");
                let out = values(&common::op("gridSample", &[&x, &grid], &[mode, outside, 0], &[]));
                assert!(
                    mode == 0 || bad.is_finite() || outside == 1 || out[0].is_nan() || out[0] == 0.0,
                    "{mode} {outside} {bad}: {out:?}"
                );
            }
        }
    }
}

#[test]
fn nan_is_not_hidden() {
    let nan = Tensor::full(&[2, 3], f64::NAN, DType::F64, Device::Cpu).expect("valid");
    for row in surface::ROWS.iter().filter(|r| r.parameters.len() == 1 && r.name != "sign") {
        assert!(values(&common::op(row.name, &[&nan], &[], &[])).iter().all(|v| v.is_nan()), "{}", row.name);
    }
    let one = Tensor::full(&[2, 3], 1.0, DType::F64, Device::Cpu).expect("valid");
    for name in ["add", "mul", "div", "pow", "maximum", "minimum"] {
        for operands in [[&one, &nan], [&nan, &one]] {
            let out = values(&common::op(name, &operands, &[], &[]));
            assert!(out.iter().all(|v| v.is_nan()) || name == "pow", "{name}");
        }
    }
    for name in ["sum", "mean", "max", "min", "prod"] {
        assert!(values(&common::op(name, &[&nan], &[1, 1, 0], &[])).iter().all(|v| v.is_nan()), "{name}");
    }
    assert!(values(&common::op("clamp", &[&nan], &[], &[0.0, 1.0])).iter().all(|v| v.is_nan()), "clamp");
}

/// Directions in which to differentiate: all axes of a small array, else a few, and a few dense ones.
fn directions(shape: &[usize], rng: &mut Rng) -> Vec<Arr> {
    let n: usize = shape.iter().product();
    let axis = |k: usize| Arr::new(shape, (0..n).map(|i| f64::from(i == k)).collect());
    let mut out: Vec<Arr> =
        if n <= 8 { (0..n).map(axis).collect() } else { (0..3).map(|_| axis(rng.below(n))).collect() };
    if n > 1 {
        out.extend((0..3).map(|_| rng.array(shape, -1.0, 1.0)));
    }
    out
}

fn moved(a: &Arr, d: &Arr, t: f64) -> Arr {
    Arr::new(&a.shape, a.data.iter().zip(&d.data).map(|(a, d)| a + t * d).collect())
}

/// The case with operand `i` moved.
fn moved_case(case: &Case, i: usize, d: &Arr, t: f64) -> Case {
    let mut c = case.clone();
    c.inputs[i] = c.inputs[i].as_ref().map(|a| moved(a, d, t));
    c
}

fn tensor(a: &Arr, layout: Layout) -> Tensor {
    common::case::upload(a, DType::F64, Device::Cpu, layout)
}

/// <w, op(inputs)>
fn weighted(case: &Case, w: &Arr) -> f64 {
    let out = case.run(&case.upload(DType::F64, Device::Cpu, Layout::Plain)).expect("runs");
    dot(&values(&out[0]), &w.data)
}

/// sum_j <v_j, d <w, op(inputs)> / d input_j>
fn weighted_gradient(case: &Case, w: &Arr, v: &[Arr]) -> f64 {
    let (operands, leaves) = case.leaves(DType::F64, Device::Cpu, Layout::Plain);
    let out = case.run(&operands).expect("runs");
    let grads = gradients(&out[..1], &leaves, &[Some(tensor(w, Layout::Plain))], false);
    grads.iter().zip(v).map(|(g, v)| dot(&values(g), &v.data)).sum()
}

fn agree(what: &str, got: f64, want: f64, scale: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance * (scale + want.abs()),
        "{what}: derivative {got}, finite difference {want} (scale {scale})"
    );
}

fn smooth() -> Vec<Case> {
    cases::all().into_iter().filter(|c| !c.smooth.is_empty() && c.expected[0].data.iter().len() > 0).collect()
}

fn shapes(case: &Case) -> Vec<Vec<usize>> {
    case.smooth.iter().map(|&i| case.inputs[i].as_ref().expect("present").shape.clone()).collect()
}

#[test]
fn first_derivatives() {
    check_all(&smooth(), Case::name, |case| {
        let mut rng = Rng(case.inputs.len() as u64 + 11);
        let w = rng.array(&case.expected[0].shape, -1.0, 1.0);
        let mut plain: Vec<Vec<f64>> = Vec::new();
        for layout in LAYOUTS {
            for create_graph in [false, true] {
                let (operands, leaves) = case.leaves(DType::F64, Device::Cpu, layout);
                let out = case.run(&operands).expect("runs");
                let grads = gradients(&out[..1], &leaves, &[Some(tensor(&w, layout))], create_graph);
                let read: Vec<Vec<f64>> = grads.iter().map(values).collect();
                if plain.is_empty() {
                    plain = read;
                    continue;
                }
                for (g, p) in read.iter().zip(&plain) {
                    assert_close(&format!("{} gradient, {layout:?}", case.name()), g, p, 1e-12);
                }
            }
        }
        for ((&i, shape), g) in case.smooth.iter().zip(shapes(case)).zip(&plain) {
            for d in directions(&shape, &mut rng) {
                let slope = |t: f64| weighted(&moved_case(case, i, &d, t), &w);
                let want = (slope(STEP) - slope(-STEP)) / (2.0 * STEP);
                agree(&format!("{} operand {i}", case.name()), dot(g, &d.data), want, 1.0, 1e-7);
            }
        }
    });
}

#[test]
fn second_derivatives() {
    check_all(&smooth(), Case::name, |case| {
        let mut rng = Rng(case.inputs.len() as u64 + 29);
        let w = rng.array(&case.expected[0].shape, -1.0, 1.0);
        let v: Vec<Arr> = shapes(case).iter().map(|s| rng.array(s, -1.0, 1.0)).collect();
        let (operands, leaves) = case.leaves(DType::F64, Device::Cpu, Layout::Plain);
        let out = case.run(&operands).expect("runs");
        let weight = tensor(&w, Layout::Plain).as_leaf(true);
        let first = gradients(&out[..1], &leaves, &[Some(weight.clone())], true);
        let seeds: Vec<Option<Tensor>> = v.iter().map(|v| Some(tensor(v, Layout::Plain))).collect();
        let mut wanted = leaves.clone();
        wanted.push(weight);
        let second = gradients(&first, &wanted, &seeds, false);
        let value = weighted_gradient(case, &w, &v).abs();
        for ((&i, shape), g) in case.smooth.iter().zip(shapes(case)).zip(&second) {
            for d in directions(&shape, &mut rng) {
                let slope = |t: f64| weighted_gradient(&moved_case(case, i, &d, t), &w, &v);
                let want = (slope(STEP) - slope(-STEP)) / (2.0 * STEP);
                agree(
                    &format!("{} second, operand {i}", case.name()),
                    dot(&values(g), &d.data),
                    want,
                    1.0 + value,
                    1e-7,
                );
            }
        }
        for d in directions(&w.shape, &mut rng) {
            let slope = |t: f64| weighted_gradient(case, &moved(&w, &d, t), &v);
            let want = (slope(STEP) - slope(-STEP)) / (2.0 * STEP);
            let got = dot(&values(second.last().expect("weight")), &d.data);
            agree(&format!("{} second, weight", case.name()), got, want, 1.0 + value, 1e-7);
        }
    });
}
