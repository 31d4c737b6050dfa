//! Elementwise operators and sums of float32 tensors of every memory layout: broadcast, permuted, sliced, flipped,
//! repeated. The reference is the same call in float64, which takes another code path. Sizes are such that work is
//! divided along rows and across them.

mod common;

use adjoint_core::Tensor;
use common::{op, single as put, Arr, Rng};

/// What makes a view of a tensor.
type Make = Box<dyn Fn(&Tensor) -> Tensor>;

fn permuted(order: &'static [i64]) -> Make {
    Box::new(move |t| {
        let ints: Vec<i64> = std::iter::once(order.len() as i64).chain(order.iter().copied()).collect();
        op("permute", &[t], &ints, &[])
    })
}

fn expanded(shape: &'static [i64]) -> Make {
    Box::new(move |t| {
        let ints: Vec<i64> = std::iter::once(shape.len() as i64).chain(shape.iter().copied()).collect();
        op("expand", &[t], &ints, &[])
    })
}

fn sliced(starts: &'static [i64], ends: &'static [i64], steps: &'static [i64]) -> Make {
    Box::new(move |t| {
        let ints: Vec<i64> = [starts, ends, steps]
            .iter()
            .flat_map(|l| std::iter::once(l.len() as i64).chain(l.iter().copied()))
            .collect();
        op("slice", &[t], &ints, &[])
    })
}

/// Shapes and views that broadcast with one another to [5, 6, 40, 70] at most.
fn views() -> Vec<(&'static str, Vec<usize>, Make)> {
    vec![
        ("in order", vec![5, 6, 40, 70], Box::new(Tensor::clone)),
        ("permuted", vec![70, 5, 40, 6], permuted(&[1, 3, 2, 0])),
        ("neighbours exchanged", vec![5, 6, 70, 40], permuted(&[0, 1, 3, 2])),
        ("sliced", vec![7, 6, 41, 75], sliced(&[1, 0, 1, 3], &[6, 6, 41, 73], &[1, 1, 1, 1])),
        ("every second", vec![5, 6, 40, 140], sliced(&[0, 0, 0, 0], &[5, 6, 40, 140], &[1, 1, 1, 2])),
        ("flipped", vec![5, 6, 40, 70], Box::new(|t| op("flip", &[t], &[2, 1, 3], &[]))),
        ("of one image", vec![6, 40, 70], Box::new(Tensor::clone)),
        ("of channels", vec![1, 6, 1, 1], Box::new(Tensor::clone)),
        ("of images", vec![5, 1, 1, 1], Box::new(Tensor::clone)),
        ("of rows", vec![40, 1], Box::new(Tensor::clone)),
        ("of columns", vec![70], Box::new(Tensor::clone)),
        ("repeated images", vec![1, 6, 40, 1], expanded(&[5, 6, 40, 70])),
        ("one number everywhere", vec![1, 1, 1, 1], expanded(&[5, 6, 40, 70])),
        ("one number", vec![1], Box::new(Tensor::clone)),
    ]
}

/// Equal to the float64 result rounded: exact where the operator is one rounded operation.
fn equal(what: &str, narrow: &Tensor, wide: &Tensor) {
    assert_eq!(narrow.shape(), wide.shape(), "{what}");
    let (got, want) = (common::values(narrow), common::values(wide));
    let wrong = got.iter().zip(&want).position(|(g, w)| *g != f64::from(*w as f32) && !(g.is_nan() && w.is_nan()));
    assert!(
        wrong.is_none(),
        "{what}: value {wrong:?} of shape {:?} is {:?}, not {:?}",
        narrow.shape(),
        wrong.map(|i| got[i]),
        wrong.map(|i| want[i])
    );
}

/// The same view in float32 and in float64, of values that float32 has.
fn both(r: &mut Rng, shape: &[usize], make: &Make) -> (Tensor, Tensor) {
    // With zeros and equal values, so that comparisons give both results.
    let a =
        r.array(shape, -2.0, 2.0).map(|v| if v.abs() < 0.2 { 0.0 } else { f64::from((v * 8.0).round() as f32 / 7.0) });
    (make(&put(&a)), make(&common::tensor(&a)))
}

#[test]
fn pairs_of_views() {
    let mut r = Rng(3);
    let views = views();
    for (first, shape, make) in &views {
        let (a, wide_a) = both(&mut r, shape, make);
        for (second, shape, make) in &views {
            let (b, wide_b) = both(&mut r, shape, make);
            for name in ["add", "sub", "mul", "div", "eq", "ne", "gt", "ge", "lt", "le"] {
                equal(
                    &format!("{name} of {first}, {second}"),
                    &op(name, &[&a, &b], &[], &[]),
                    &op(name, &[&wide_a, &wide_b], &[], &[]),
                );
            }
            let chosen = |a: &Tensor, b: &Tensor| op("where", &[&op("gtScalar", &[a], &[], &[0.0]), b, a], &[], &[]);
            equal(&format!("where of {first}, {second}"), &chosen(&a, &b), &chosen(&wide_a, &wide_b));
        }
    }
}

#[test]
fn single_views() {
    let mut r = Rng(4);
    for (name, shape, make) in &views() {
        let (x, wide) = both(&mut r, shape, make);
        for f in ["neg", "abs", "sign", "floor", "round", "square"] {
            equal(&format!("{f} of {name}"), &op(f, &[&x], &[], &[]), &op(f, &[&wide], &[], &[]));
        }
        for (f, floats) in [
            ("addScalar", &[0.75][..]),
            ("mulScalar", &[-1.5]),
            ("divScalar", &[-1.5]),
            ("clamp", &[-0.5, 1.25]),
            ("gtScalar", &[0.0]),
            ("leScalar", &[0.5]),
        ] {
            equal(&format!("{f} of {name}"), &op(f, &[&x], &[], floats), &op(f, &[&wide], &[], floats));
        }
        let size = x.shape().len() as i64;
        for first in 0..size {
            let dims: Vec<i64> = std::iter::once(size - first).chain(first..size).chain([1]).collect();
            let (got, want) = (op("sum", &[&x], &dims, &[]), op("sum", &[&wide], &dims, &[]));
            let count = (wide.shape().iter().product::<usize>() / want.shape().iter().product::<usize>()) as f64;
            for (g, w) in common::values(&got).iter().zip(common::values(&want)) {
                assert!((g - w).abs() <= 4e-7 * count.max(w.abs()), "sum of {name} from axis {first}: {g}, not {w}");
            }
        }
    }
}

/// Sums over leading and middle axes, few and many values long, and circular shifts.
#[test]
fn other_axes() {
    let mut r = Rng(6);
    let mut all = views();
    all.push(("long", vec![300, 3, 1500], Box::new(Tensor::clone)));
    all.push(("long and narrow", vec![4000, 20], Box::new(Tensor::clone)));
    all.push(("long rows exchanged", vec![20_000, 9], permuted(&[1, 0])));
    for (name, shape, make) in &all {
        let (x, wide) = both(&mut r, shape, make);
        let size = x.shape().len() as i64;
        equal(&format!("neg of {name}"), &op("neg", &[&x], &[], &[]), &op("neg", &[&wide], &[], &[]));
        for axis in 0..size {
            let (got, want) = (op("sum", &[&x], &[1, axis, 1], &[]), op("sum", &[&wide], &[1, axis, 1], &[]));
            let count = x.shape()[axis as usize] as f64;
            for (g, w) in common::values(&got).iter().zip(common::values(&want)) {
                assert!((g - w).abs() <= 4e-7 * count.max(w.abs()), "sum of {name} over axis {axis}: {g}, not {w}");
            }
            for ints in [vec![1, 7, 1, axis], vec![2, -3, 2, 2, axis, size - 1], vec![3, 1, 4, -6, 3, axis, 0, axis]] {
                equal(
                    &format!("roll of {name}, {ints:?}"),
                    &op("roll", &[&x], &ints, &[]),
                    &op("roll", &[&wide], &ints, &[]),
                );
            }
        }
    }
}

#[test]
fn nan_is_kept() {
    let x = put(&Arr::new(&[4], vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.5]));
    let clamped = common::values(&op("clamp", &[&x], &[], &[-1.0, 1.0]));
    assert!(clamped[0].is_nan() && clamped[1..] == [1.0, -1.0, 0.5], "{clamped:?}");
    assert_eq!(common::values(&op("eq", &[&x, &x], &[], &[])), [0.0, 1.0, 1.0, 1.0]);
    assert!(common::values(&op("square", &[&x], &[], &[]))[0].is_nan());
}
