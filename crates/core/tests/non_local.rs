//! Denoising by similar patches: what it gains where content repeats, and that no size or value stops it.

mod common;

use adjoint_core::{DType, Device, Tensor};
use common::{op, values, Arr, Rng};

const SIGMA: f64 = 0.2;

/// Nearly Gaussian noise: twelve uniform numbers have the variance 1.
fn noise(r: &mut Rng, shape: &[usize]) -> Vec<f64> {
    let parts = r.array(&[shape.iter().product(), 12], -0.5, 0.5);
    parts.data.chunks_exact(12).map(|c| SIGMA * c.iter().sum::<f64>()).collect()
}

fn single(shape: &[usize], data: Vec<f64>) -> Tensor {
    Tensor::from_values(data, shape, DType::F32, Device::Cpu).expect("valid")
}

fn mean_square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / a.len() as f64
}

/// An image of one random square again and again, that image with noise, and means of 3 x 3 of its pixels.
fn repeated(channels: usize, side: usize) -> [Arr; 3] {
    let mut r = Rng(5);
    let shape = [1, channels, side, side];
    let square = r.array(&[channels, 8, 8], 0.0, 1.0);
    let clean = Arr::from_fn(&shape, |i| square.at(&[i[1], i[2] % 8, i[3] % 8]));
    let added = noise(&mut r, &shape);
    let noisy = Arr::new(&shape, clean.data.iter().zip(&added).map(|(x, n)| x + n).collect());
    let means = Arr::from_fn(&shape, |i| {
        let near = |k: usize| k.saturating_sub(1)..(k + 2).min(side);
        let all: Vec<f64> =
            near(i[2]).flat_map(|a| near(i[3]).map(move |b| [i[0], i[1], a, b])).map(|j| noisy.at(&j)).collect();
        all.iter().sum::<f64>() / all.len() as f64
    });
    [clean, noisy, means]
}

#[test]
fn repeated_content_is_averaged() {
    for channels in [1, 2, 3] {
        let [clean, noisy, means] = repeated(channels, 48);
        let out = op("nonLocal", &[&common::single(&noisy), &common::single(&means)], &[], &[SIGMA]);
        let (ours, local) = (mean_square(&values(&out), &clean.data), mean_square(&means.data, &clean.data));
        // Means of 3 x 3 pixels are a poor guide here: they are farther from the image than the noisy values.
        assert!(ours < 0.4 * SIGMA * SIGMA, "{channels} channels: {ours}");
        assert!(ours < 0.2 * local, "{channels} channels: {ours}, local means {local}");
    }
}

#[test]
fn a_flat_image_becomes_flat() {
    let shape = [1, 1, 70, 90];
    let noisy = noise(&mut Rng(3), &shape);
    let guide = single(&shape, vec![0.0; noisy.len()]);
    let out = values(&op("nonLocal", &[&single(&shape, noisy.clone()), &guide], &[], &[SIGMA]));
    let left = mean_square(&out, &vec![0.0; out.len()]);
    assert!(left < 0.02 * SIGMA * SIGMA, "{left}");
}

#[test]
fn images_of_a_batch_are_apart() {
    let [_, noisy, means] = repeated(1, 32);
    let twice =
        |a: &Arr| single(&[2, 1, 32, 32], [&a.data[..], &a.data.iter().map(|v| 1.0 - v).collect::<Vec<_>>()].concat());
    let alone = values(&op("nonLocal", &[&common::single(&noisy), &common::single(&means)], &[], &[SIGMA]));
    let both = values(&op("nonLocal", &[&twice(&noisy), &twice(&means)], &[], &[SIGMA]));
    assert_eq!(both[..alone.len()], alone[..]);
    assert_ne!(both[alone.len()..], alone[..]);
}

#[test]
fn every_size_and_value_gives_a_result() {
    let mut r = Rng(11);
    for shape in [[1, 1, 1, 1], [2, 3, 1, 9], [1, 2, 5, 5], [1, 1, 6, 150], [1, 4, 70, 3], [1, 1, 65, 66]] {
        let x = r.array(&shape, 0.0, 1.0);
        let plain = values(&op("nonLocal", &[&common::single(&x), &common::single(&x)], &[], &[0.1]));
        assert!(plain.iter().all(|v| v.is_finite()), "{shape:?}");
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e30] {
            let mut data = x.data.clone();
            let middle = data.len() / 2;
            data[middle] = bad;
            let x = single(&shape, data);
            assert_eq!(op("nonLocal", &[&x, &x], &[], &[0.1]).shape(), shape);
        }
        for sigma in [1e-30, 1e30] {
            assert_eq!(op("nonLocal", &[&common::single(&x), &common::single(&x)], &[], &[sigma]).shape(), shape);
        }
    }
}

#[cfg(feature = "threads")]
#[test]
fn the_same_bits_on_any_number_of_threads() {
    let [_, noisy, means] = repeated(3, 150);
    let (noisy, means) = (common::single(&noisy), common::single(&means));
    common::same_on_all_threads("nonLocal", || values(&op("nonLocal", &[&noisy, &means], &[], &[SIGMA])));
}
