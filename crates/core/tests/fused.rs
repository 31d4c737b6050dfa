//! The fused kernels, in float32, against direct loops in float64: batch norm and convolutions with their activations,
//! pooling, and the kernels that make values contiguous, join and add them. Sizes are large enough for several chunks
//! of work and cover every remainder of a vector.

mod common;

use adjoint_core::{Device, Tensor};
use common::{gradients, op, single as put, Arr, Rng};
use std::slice::from_ref;

const SHAPES: [[usize; 4]; 6] =
    [[4, 40, 29, 31], [2, 3, 64, 70], [1, 7, 1, 1], [3, 1, 5, 3], [70, 19, 7, 6], [2, 2, 1, 2050]];

fn single(a: Arr) -> Arr {
    a.map(|v| f64::from(v as f32))
}

/// The largest error relative to the largest value.
fn error(got: &Tensor, want: &[f64]) -> f64 {
    let got = common::values(got);
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(1e-3f64, |m, v| m.max(v.abs()));
    got.iter().zip(want).fold(0.0, |m, (a, b)| if a.is_finite() { f64::max(m, (a - b).abs()) } else { f64::INFINITY })
        / scale
}

/// Batch norm by definition: result, and gradients in input, weight and bias.
fn batch_norm([x, w, b, g]: [&Arr; 4], epsilon: f64, slope: f64) -> [Vec<f64>; 4] {
    let [batch, channels, h, w_] = [0, 1, 2, 3].map(|i| x.shape[i]);
    let pixels = h * w_;
    let n = (batch * pixels) as f64;
    let mut out = [vec![0.0; x.data.len()], vec![0.0; x.data.len()], vec![0.0; channels], vec![0.0; channels]];
    for c in 0..channels {
        let indices: Vec<usize> =
            (0..batch).flat_map(|i| (0..pixels).map(move |p| (i * channels + c) * pixels + p)).collect();
        let mean = indices.iter().map(|&i| x.data[i]).sum::<f64>() / n;
        let variance = indices.iter().map(|&i| (x.data[i] - mean).powi(2)).sum::<f64>() / n;
        let root = 1.0 / (variance + epsilon).sqrt();
        let (mut plain, mut along) = (0.0, 0.0);
        let inner = |i: usize| {
            let z = (x.data[i] - mean) * root;
            let v = z * w.data[c] + b.data[c];
            (z, v, if v > 0.0 { g.data[i] } else { slope * g.data[i] })
        };
        for &i in &indices {
            let (z, v, h) = inner(i);
            out[0][i] = if v > 0.0 { v } else { slope * v };
            plain += h;
            along += h * z;
        }
        for &i in &indices {
            let (z, _, h) = inner(i);
            out[1][i] = w.data[c] * root * (h - plain / n - z * along / n);
        }
        (out[2][c], out[3][c]) = (along, plain);
    }
    out
}

#[test]
fn batch_norm_and_its_gradient() {
    let mut r = Rng(3);
    let mut worst = [0.0f64; 4];
    for (k, s) in SHAPES.iter().enumerate() {
        let offset = [0.0, 30.0, 0.0, -2.0, 5.0, 1.0][k];
        let x = single(r.array(s, -1.0, 2.0).map(|v| v + offset));
        let (w, b, g) =
            (single(r.array(&[s[1]], 0.5, 1.5)), single(r.array(&[s[1]], -0.5, 0.5)), single(r.array(s, -1.0, 1.0)));
        for slope in [0.0, 0.2, 1.0] {
            let want = batch_norm([&x, &w, &b, &g], 1e-3, slope);
            let leaves = [&x, &w, &b].map(|a| put(a).as_leaf(true));
            let operands = [Some(leaves[0].clone()), Some(leaves[1].clone()), Some(leaves[2].clone()), None, None];
            let y = common::call("batchNorm", &operands, &[], &[1e-3, slope]).expect("valid").remove(0);
            let found = gradients(from_ref(&y), &leaves, &[Some(put(&g))], false);
            let e = [
                error(&y, &want[0]),
                error(&found[0], &want[1]),
                error(&found[1], &want[2]),
                error(&found[2], &want[3]),
            ];
            // With an offset of 30 a value of x itself has an error of 1e-6 of the standard deviation.
            let bound = if s[0] * s[2] * s[3] == 1 { 1e-3 } else { 2e-6 * (1.0 + offset.abs()) };
            assert!(
                e.iter().all(|&e| e < bound),
                "{s:?} slope {slope}: errors {e:?} of result and gradients, the bound is {bound}"
            );
            worst = std::array::from_fn(|i| worst[i].max(e[i]));
        }
    }
    println!(
        "batch norm: largest relative errors of result, gradients in input, weight, bias: {:?}",
        worst.map(|e| format!("{e:.1e}"))
    );
}

/// Norms of each image by definition: `set` numbers the set of values that share their moments. Result, and gradients
/// in input, weight and bias.
fn image_norm([x, w, b, g]: [&Arr; 4], epsilon: f64, sets: usize, set: impl Fn([usize; 3]) -> usize) -> [Vec<f64>; 4] {
    let [batch, channels, height, width] = [0, 1, 2, 3].map(|i| x.shape[i]);
    let pixels = height * width;
    let places: Vec<(usize, usize)> = (0..batch * channels * pixels)
        .map(|i| (i / pixels % channels, set([i / pixels / channels, i / pixels % channels, i % pixels])))
        .collect();
    let n = (x.data.len() / sets) as f64;
    let mut means = [vec![0.0; sets], vec![0.0; sets], vec![0.0; sets], vec![0.0; sets]];
    type Term<'a> = dyn Fn(usize, usize, usize, &[Vec<f64>; 4]) -> f64 + 'a;
    let mut add = |which: usize, f: &Term| {
        let old = means.clone();
        for (i, &(c, s)) in places.iter().enumerate() {
            means[which][s] += f(i, c, s, &old) / n;
        }
    };
    let z = |i: usize, s: usize, m: &[Vec<f64>; 4]| (x.data[i] - m[0][s]) / (m[1][s] + epsilon).sqrt();
    add(0, &|i, _, _, _| x.data[i]);
    add(1, &|i, _, s, m| (x.data[i] - m[0][s]).powi(2));
    add(2, &|i, c, _, _| w.data[c] * g.data[i]);
    add(3, &|i, c, s, m| w.data[c] * g.data[i] * z(i, s, m));
    let mut out = [vec![], vec![], vec![0.0; channels], vec![0.0; channels]];
    for (i, &(c, s)) in places.iter().enumerate() {
        let v = z(i, s, &means);
        out[0].push(v * w.data[c] + b.data[c]);
        let inner = w.data[c] * g.data[i] - means[2][s] - v * means[3][s];
        out[1].push(inner / (means[1][s] + epsilon).sqrt());
        out[2][c] += g.data[i] * v;
        out[3][c] += g.data[i];
    }
    out
}

#[test]
fn norms_of_images_and_their_gradients() {
    let mut r = Rng(4);
    for (k, s) in SHAPES.iter().enumerate() {
        let offset = [0.0, 30.0, 0.0, -2.0, 5.0, 1.0][k];
        let x = single(r.array(s, -1.0, 2.0).map(|v| v + offset));
        let list = |r: &mut Rng, low, high| single(r.array(&[s[1]], low, high));
        let (w, b) = (list(&mut r, 0.5, 1.5), list(&mut r, -0.5, 0.5));
        let g = single(r.array(s, -1.0, 1.0));
        let pixels = s[2] * s[3];
        let divisors = (1..=s[1]).filter(|d| s[1].is_multiple_of(*d));
        for groups in divisors.map(Some).chain([None]) {
            let (name, ints, want, shared) = match groups {
                Some(groups) => {
                    let set = |[b, c, _]: [usize; 3]| b * groups + c / (s[1] / groups);
                    let want = image_norm([&x, &w, &b, &g], 1e-3, s[0] * groups, set);
                    ("groupNorm", vec![groups as i64], want, s[1] / groups * pixels)
                }
                None => {
                    let set = |[b, _, p]: [usize; 3]| b * pixels + p;
                    ("layerNorm", vec![], image_norm([&x, &w, &b, &g], 1e-3, s[0] * pixels, set), s[1])
                }
            };
            let leaves = [&x, &w, &b].map(|a| put(a).as_leaf(true));
            let y = common::call(name, &leaves.each_ref().map(|t| Some(t.clone())), &ints, &[1e-3])
                .expect("valid")
                .remove(0);
            let found = gradients(from_ref(&y), &leaves, &[Some(put(&g))], false);
            let results = [&y, &found[0], &found[1], &found[2]];
            let e: Vec<f64> = results.into_iter().zip(&want).map(|(got, want)| error(got, want)).collect();
            // With an offset of 30 a value of x itself has an error of 1e-6 of the standard deviation; sets of a few
            // values may have hardly any deviation, by whose inverse errors grow.
            let bound = if shared < 8 { 1e-3 } else { 4e-6 * (1.0 + offset.abs()) };
            assert!(
                e.iter().all(|&e| e < bound),
                "{name} {groups:?} of {s:?}: errors {e:?} of result and gradients, the bound is {bound}"
            );
        }
    }
}

#[test]
fn moments_keep_their_digits() {
    // A mean a thousand times the standard deviation: float32 cannot hold the square of the mean.
    let mut r = Rng(8);
    let x = single(r.array(&[3, 2, 50, 60], 999.0, 1001.0));
    let out = common::call("batchNorm", &[Some(put(&x)), None, None, None, None], &[], &[1e-5, 1.0]).expect("valid");
    let (means, variances) = (common::values(&out[1]), common::values(&out[2]));
    for c in 0..2 {
        let all: Vec<f64> = (0..3).flat_map(|i| x.data[(i * 2 + c) * 3000..][..3000].to_vec()).collect();
        let mean = all.iter().sum::<f64>() / 9000.0;
        let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 9000.0;
        assert!((means[c] - mean).abs() < 5e-5, "mean {} of channel {c}, expected {mean}", means[c]);
        assert!(
            (variances[c] / variance - 1.0).abs() < 1e-6,
            "variance {} of channel {c}, expected {variance}",
            variances[c]
        );
    }
}

/// An operator's value and gradient (an all-float32 call against the same in float64, whose derivatives operators.rs
/// proves).
fn agrees(name: &str, x: &Arr, ints: &[i64], floats: &[f64], bound: f64) {
    let run = |x: Tensor, seed: &dyn Fn(&[usize]) -> Tensor| {
        let leaf = x.as_leaf(true);
        let y = op(name, &[&leaf], ints, floats);
        let g = gradients(from_ref(&y), from_ref(&leaf), &[Some(seed(y.shape()))], false).remove(0);
        (y, g)
    };
    let seed = |shape: &[usize]| single(Rng(4).array(shape, -1.0, 1.0));
    let (y, g) = run(put(x), &|s| put(&seed(s)));
    let (want, want_g) = run(common::tensor(x), &|s| common::tensor(&seed(s)));
    let e = [error(&y, &common::values(&want)), error(&g, &common::values(&want_g))];
    assert!(
        e.iter().all(|&e| e < bound),
        "{name} {:?} {ints:?}: errors {e:?} of result and gradient, the bound is {bound}",
        x.shape
    );
}

#[test]
fn pooling() {
    let mut r = Rng(6);
    for s in [[2, 33, 40, 38], [1, 2, 5, 7], [3, 70, 9, 8]] {
        let x = single(r.array(&s, -1.0, 1.0));
        for [k, step, border, gap] in [[2, 2, 0, 1], [3, 2, 1, 1], [2, 1, 0, 1], [3, 1, 1, 2], [2, 3, 0, 1]] {
            let ints: Vec<i64> = [k, step, border, gap].iter().flat_map(|&v| [2, v, v]).collect();
            agrees("maxPool2d", &x, &ints, &[], 1e-6);
        }
    }
}

#[test]
fn nan_wins_a_window() {
    for at in 0..4 {
        let mut data = vec![1.0f32, 5.0, -2.0, 3.0];
        data[at] = f32::NAN;
        let x = Tensor::from_f32(data, &[1, 1, 2, 2], Device::Cpu).expect("valid").as_leaf(true);
        let y = op("maxPool2d", &[&x], &[2, 2, 2, 2, 2, 2, 2, 0, 0, 2, 1, 1], &[]);
        assert!(common::values(&y)[0].is_nan());
        let g = common::values(&gradients(&[y], &[x], &[], false)[0]);
        assert_eq!(g.iter().position(|&v| v == 1.0), Some(at));
        assert_eq!(g.iter().sum::<f64>(), 1.0);
    }
}

#[test]
fn activations() {
    let mut r = Rng(12);
    for s in SHAPES {
        let x = single(r.array(&s, -1.0, 1.0));
        agrees("relu", &x, &[], &[], 1e-6);
        agrees("leakyRelu", &x, &[], &[0.3], 1e-6);
        agrees("leakyRelu", &x, &[], &[-0.3], 1e-6);
    }
}

#[test]
fn order_joins_and_sums() {
    let mut r = Rng(15);
    for s in [[3, 5, 40, 61], [1, 2, 3, 4], [6, 1, 64, 66]] {
        let x = single(r.array(&s, -1.0, 1.0));
        let n = s.map(|v| v as i64);
        // Each pixel repeated: the view of nearest-neighbour upsampling, and its sums.
        agrees("interpolate", &x, &[2, 2 * n[2], 3 * n[3], 0, 0], &[], 1e-6);
        for dims in [&[1i64][..], &[3], &[0, 2], &[2, 3]] {
            let ints: Vec<i64> = std::iter::once(dims.len() as i64).chain(dims.iter().copied()).chain([1]).collect();
            agrees("sum", &x, &ints, &[], 3e-6);
        }
        // A transposed view, copied where it is flattened.
        let (wide, narrow) = (common::tensor(&x), put(&x));
        let flat =
            |t: &Tensor| op("reshape", &[&op("permute", &[t], &[4, 2, 0, 3, 1], &[])], &[1, n.iter().product()], &[]);
        assert_eq!(common::values(&flat(&narrow)), common::values(&flat(&wide)));
        for dim in 0..4 {
            let parts = [put(&x), put(&x.map(|v| v * 0.5))].map(|t| t.as_leaf(true));
            let joined = op("cat", &[&parts[0], &parts[1], &parts[0]], &[dim], &[]);
            let g = single(r.array(joined.shape(), -1.0, 1.0));
            let found = common::values(&gradients(from_ref(&joined), &parts, &[Some(put(&g))], false)[1]);
            let values = common::values(&joined);
            for index in common::array::indices(joined.shape()) {
                let size = s[dim as usize];
                let (part, mut inside) = (index[dim as usize] / size, index.clone());
                inside[dim as usize] %= size;
                let flat = inside.iter().zip(&s).fold(0, |a, (i, n)| a * n + i);
                let at = index.iter().zip(joined.shape()).fold(0, |a, (i, n)| a * n + i);
                assert_eq!(values[at], x.data[flat] * if part == 1 { 0.5 } else { 1.0 });
                assert!(part != 1 || found[flat] == g.data[at]);
            }
        }
    }
}

/// Convolutions with an activation: gradients in input, weight and bias against float64, whose derivatives operators.rs
/// checks; all of them, and that of the input only.
#[test]
fn gradients_through_an_activation() {
    let mut r = Rng(31);
    let mut worst = 0.0f64;
    // Batch, input, output channels, height, width, kernel, padding: what Winograd's kernels take, in both sizes of
    // tiles, and what they do not.
    for [b, i, o, h, w, k, p] in [
        [2, 8, 8, 12, 11, 3, 1],
        [2, 20, 33, 34, 35, 3, 1],
        [1, 16, 17, 9, 40, 3, 0],
        [3, 9, 24, 6, 5, 3, 2],
        [1, 24, 8, 5, 7, 3, 3],
        [1, 1, 16, 20, 20, 3, 1],
        [2, 6, 7, 9, 8, 5, 2],
    ] {
        let (x, weight, bias) = (
            single(r.array(&[b, i, h, w], -1.0, 1.0)),
            single(r.array(&[o, i, k, k], -0.5, 0.5)),
            single(r.array(&[o], -0.5, 0.5)),
        );
        for slope in [0.0, 0.3, 1.0] {
            let ints: Vec<i64> = [1, p as i64, 1].iter().flat_map(|&v| [2, v, v]).chain([1, 0]).collect();
            let run = |make: &dyn Fn(&Arr) -> Tensor| {
                let leaves = [&x, &weight, &bias].map(|a| make(a).as_leaf(true));
                let operands = leaves.iter().map(|t| Some(t.clone())).collect::<Vec<_>>();
                (common::call("conv2d", &operands, &ints, &[slope]).expect("valid").remove(0), leaves)
            };
            let ((y, leaves), (exact, exact_leaves)) = (run(&put), run(&common::tensor));
            // Where the sum is zero to rounding, float32 may find another sign: no gradient comes from there.
            let mut g = single(r.array(exact.shape(), -1.0, 1.0));
            common::values(&exact).iter().zip(&mut g.data).filter(|(y, _)| y.abs() < 1e-4).for_each(|(_, g)| *g = 0.0);
            let found = gradients(from_ref(&y), &leaves, &[Some(put(&g))], false);
            let want = gradients(from_ref(&exact), &exact_leaves, &[Some(common::tensor(&g))], false);
            for (found, want) in found.iter().zip(&want) {
                worst = worst.max(error(found, &common::values(want)));
            }
            let alone = gradients(from_ref(&y), &leaves[..1], &[Some(put(&g))], false);
            assert_eq!(common::values(&alone[0]), common::values(&found[0]));
            assert!(worst < 3e-6, "[{b}, {i}, {h}, {w}] to {o} channels, kernel {k}, slope {slope}: error {worst}");
        }
    }
    println!("gradients through an activation: largest relative error {worst:.1e}");
}

/// The same bits on any number of threads.
#[test]
#[cfg(feature = "threads")]
fn bits_do_not_depend_on_threads() {
    let mut r = Rng(21);
    let x = put(&r.array(&[5, 24, 40, 42], -1.0, 2.0));
    let (w, b) = (put(&r.array(&[24], 0.5, 1.5)), put(&r.array(&[24], -0.5, 0.5)));
    let kernel = put(&r.array(&[8, 24, 3, 3], -0.2, 0.2));
    let all = || {
        let leaves = [&x, &w, &b, &kernel].map(|t| t.as_leaf(true));
        let operands = [Some(leaves[0].clone()), Some(leaves[1].clone()), Some(leaves[2].clone()), None, None];
        let y = common::call("batchNorm", &operands, &[], &[1e-5, 0.0]).expect("valid").remove(0);
        let y = op("cat", &[&y, &leaves[0]], &[2], &[]);
        let y = op("maxPool2d", &[&y], &[2, 2, 2, 2, 2, 2, 2, 0, 0, 2, 1, 1], &[]);
        let conv = [Some(y), Some(leaves[3].clone()), None];
        let y = common::call("conv2d", &conv, &[2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 0], &[0.2]).expect("valid").remove(0);
        let y = op("interpolate", &[&y], &[2, 80, 42, 0, 0], &[]);
        let mut out: Vec<Vec<f64>> =
            gradients(from_ref(&y), &leaves, &[Some(y.detach())], false).iter().map(common::values).collect();
        out.push(common::values(&y));
        out
    };
    common::same_on_all_threads("fused", all);
}

#[test]
fn other_instruction_sets() {
    common::on_other_instruction_sets(&[
        "batch_norm_and_its_gradient",
        "norms_of_images_and_their_gradients",
        "moments_keep_their_digits",
        "activations",
        "gradients_through_an_activation",
    ]);
}
