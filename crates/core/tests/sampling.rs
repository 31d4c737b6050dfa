//! Sampling at positions: the kernel against the definition in float64, on outputs of several tiles, positions that are
//! close together and all over the image, images smaller than a window, channels in groups, and one set of positions
//! for all images.

mod common;

use adjoint_core::{DType, Device, Tensor};
use common::images::grid_sample;
use common::{dot, gradients, op, single, tensor, values, Arr, Rng};

/// Image [B, C, H, W] and output [h, w].
const SIZES: [([usize; 4], [usize; 2]); 8] = [
    ([1, 3, 70, 90], [65, 130]),
    ([2, 1, 40, 37], [33, 71]),
    ([4, 2, 30, 31], [48, 48]),
    ([1, 5, 3, 200], [2, 900]),
    ([2, 9, 17, 2], [64, 65]),
    ([1, 4, 260, 70], [1300, 1]),
    ([3, 1, 1, 300], [20, 64]),
    // Too large to be read in place.
    ([1, 2, 290, 310], [150, 300]),
];

/// Positions of a rotated and scaled image, close together within a tile, or anywhere.
fn positions(r: &mut Rng, batch: usize, [h, w]: [usize; 2], close: bool) -> Arr {
    let (cos, sin, size) = (0.94, 0.34, r.uniform(0.5, 1.3));
    let at = |i: usize, n: usize| (2 * i + 1) as f64 / n as f64 - 1.0;
    Arr::from_fn(&[batch, h, w, 2], |i| {
        let (y, x) = (at(i[1], h), at(i[2], w));
        match (close, i[3]) {
            (false, _) => r.uniform(-1.3, 1.3),
            (_, 0) => size * (cos * x - sin * y),
            _ => size * (sin * x + cos * y) + 0.01 * i[0] as f64,
        }
    })
}

fn each(f: impl Fn(&Arr, &Arr, [i64; 3])) {
    let mut r = Rng(31);
    for (s, out) in SIZES {
        for close in [true, false] {
            let (x, grid) = (r.array(&s, -1.0, 1.0), positions(&mut r, s[0], out, close));
            for mode in 0..3 {
                for outside in 0..3 {
                    f(&x, &grid, [mode, outside, (mode + outside) % 2]);
                }
            }
        }
    }
}

#[test]
fn samples_match_the_definition() {
    each(|x, grid, ints| {
        let want = grid_sample(x, grid, ints[0], ints[1], ints[2] == 1);
        let got = op("gridSample", &[&tensor(x), &tensor(grid)], &ints, &[]);
        common::assert_close(&format!("{:?} {ints:?}", x.shape), &values(&got), &want.data, 1e-12);
        // As float32 holds the operands, so that only the kernel's own error counts.
        let [x, grid] = [x, grid].map(|a| a.map(|v| f64::from(v as f32)));
        let want = grid_sample(&x, &grid, ints[0], ints[1], ints[2] == 1);
        let got = op("gridSample", &[&single(&x), &single(&grid)], &ints, &[]);
        common::assert_close(&format!("float32 {:?} {ints:?}", x.shape), &values(&got), &want.data, 5e-7);
    });
}

#[test]
fn gradients_match_the_composed_form() {
    each(|x, grid, ints| {
        let leaves = [x, grid].map(|a| tensor(a).as_leaf(true));
        let y = op("gridSample", &[&leaves[0], &leaves[1]], &ints, &[]);
        let seed = tensor(&Rng(5).array(y.shape(), -1.0, 1.0));
        // A gradient that is to be differentiated again is one of tensor operators.
        let [found, want] =
            [false, true].map(|again| gradients(std::slice::from_ref(&y), &leaves, &[Some(seed.clone())], again));
        for (found, want) in found.iter().zip(&want) {
            common::assert_close(&format!("{:?} {ints:?}", x.shape), &values(found), &values(want), 1e-11);
        }
        // The gradient by the image is the transpose.
        let (left, right) = (dot(&values(&y), &values(&seed)), dot(&x.data, &values(&found[0])));
        assert!((left - right).abs() < 1e-10 * left.abs().max(1.0), "{left} {right}");
    });
}

#[test]
fn one_set_of_positions_for_all_images() {
    let mut r = Rng(8);
    for dtype in [DType::F32, DType::F64] {
        let make = |a: &Arr| Tensor::from_values(a.data.clone(), &a.shape, dtype, Device::Cpu).expect("valid");
        let (x, one) = (make(&r.array(&[3, 2, 40, 50], -1.0, 1.0)), make(&positions(&mut r, 1, [70, 66], true)));
        let repeated = op("expand", &[&one], &[4, 3, 70, 66, 2], &[]);
        let copy = op("cat", &[&one, &one, &one], &[0], &[]);
        let both = [repeated, copy].map(|grid| {
            let leaves = [x.as_leaf(true), grid.as_leaf(true)];
            let y = op("gridSample", &[&leaves[0], &leaves[1]], &[1, 0, 0], &[]);
            let mut out = gradients(std::slice::from_ref(&y), &leaves, &[Some(y.detach())], false);
            out.push(y);
            out.iter().map(values).collect::<Vec<_>>()
        });
        assert!(both[0] == both[1], "a repeated grid gives other values than its copy");
    }
}

#[test]
fn other_instruction_sets() {
    common::on_other_instruction_sets(&["samples_match_the_definition", "gradients_match_the_composed_form"]);
}

#[test]
fn a_pixel_without_a_number_stays_where_it_is() {
    // One row of pixels: less than a window. Every second tile of 32 columns samples the first third alone, and takes
    // memory that the tile before it has used.
    let x = Arr::from_fn(&[1, 1, 1, 300], |i| if i[3] == 200 { f64::NAN } else { 1.0 });
    let grid = Arr::from_fn(&[1, 1600, 64, 2], |i| match (i[3], i[2]) {
        (1, _) => 0.0,
        (_, j @ 0..32) => j as f64 / 16.0 - 1.0,
        (_, j) => (j - 32) as f64 / 48.0 - 1.0,
    });
    for mode in 1..3 {
        let got = values(&op("gridSample", &[&tensor(&x), &tensor(&grid)], &[mode, 1, 0], &[]));
        assert!(got.chunks_exact(64).all(|row| row[32..].iter().all(|v| v.is_finite())), "mode {mode}");
    }
}
