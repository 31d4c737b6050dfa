//! Normalisation, resampling, sampling at positions, Fourier transforms.

use crate::common::array::indices;
use crate::common::case::{case, Case};
use crate::common::images::{grid_sample, interpolate, mirror, pixel_shuffle, pixel_unshuffle};
use crate::common::reference::{dft, normalise};
use crate::common::{Arr, Rng};

fn norms(out: &mut Vec<Case>, r: &mut Rng) {
    for (n, shape) in [&[4, 3, 2, 3][..], &[1, 2, 3, 4], &[5, 4], &[2, 3, 4], &[2, 1, 1, 2]].into_iter().enumerate() {
        let c = shape[1];
        let x = r.array(shape, -1.0, 2.0);
        let w = (n % 2 == 0).then(|| r.array(&[c], 0.5, 1.5));
        let b = (n % 3 != 1).then(|| r.array(&[c], -0.5, 0.5));
        let (m, v) = (r.array(&[c], -0.5, 0.5), r.array(&[c], 0.3, 1.3));
        let want = Arr::from_fn(shape, |i| {
            let y = (x.at(i) - m.at(&[i[1]])) / (v.at(&[i[1]]) + 1e-5).sqrt();
            y * w.as_ref().map_or(1.0, |w| w.at(&[i[1]])) + b.as_ref().map_or(0.0, |b| b.at(&[i[1]]))
        });
        // Mean and variance of the batch, and a slope below zero each time another.
        let slope = [0.0, 0.2, 1.0, 0.01, -0.5][n];
        let act = |y: Arr| y.map(|v| if v > 0.0 { v } else { slope * v });
        let count = (x.data.len() / c) as f64;
        let average = |f: &dyn Fn(&[usize]) -> f64| {
            let mut sums = Arr::new(&[c], vec![0.0; c]);
            indices(shape).iter().for_each(|i| *sums.at_mut(&[i[1]]) += f(i) / count);
            sums
        };
        let mean = average(&|i| x.at(i));
        let variance = average(&|i| (x.at(i) - mean.at(&[i[1]])).powi(2));
        let base = case("batchNorm", "of the batch")
            .on(&x)
            .maybe(w.as_ref())
            .maybe(b.as_ref())
            .maybe(None)
            .maybe(None)
            .num(1e-3)
            .num(slope);
        out.push(base.expect(act(normalise(&x, w.as_ref(), b.as_ref(), 1e-3, |i| i[1]))).expect(mean).expect(variance));
        let base = case("batchNorm", "of running moments")
            .on(&x)
            .maybe(w.as_ref())
            .maybe(b.as_ref())
            .on(&m)
            .on(&v)
            .num(1e-5)
            .num(slope);
        out.push(base.expect(act(want.clone())).expect(m.clone()).expect(v.clone()));
    }
    for (shape, groups) in
        [(&[2, 6, 3, 2][..], 3), (&[2, 3, 2, 2], 3), (&[1, 4, 5, 3], 1), (&[3, 6], 2), (&[2, 4, 3], 2)]
    {
        let (x, w, b) = (r.array(shape, -1.0, 2.0), r.array(&[shape[1]], 0.5, 1.5), r.array(&[shape[1]], -0.5, 0.5));
        let within = shape[1] / groups;
        let group = |i: &[usize]| i[0] * groups + i[1] / within;
        out.push(case("groupNorm", "").on(&x).on(&w).on(&b).int(groups as i64).num(1e-3).expect(normalise(
            &x,
            Some(&w),
            Some(&b),
            1e-3,
            group,
        )));
        out.push(
            case("groupNorm", "plain")
                .on(&x)
                .maybe(None)
                .maybe(None)
                .int(groups as i64)
                .num(1e-3)
                .expect(normalise(&x, None, None, 1e-3, group)),
        );
        let pixels: usize = shape[2..].iter().product();
        let pixel = |i: &[usize]| i[2..].iter().zip(&shape[2..]).fold(0, |p, (i, n)| p * n + i) + i[0] * pixels;
        out.push(case("layerNorm", "").on(&x).on(&w).on(&b).num(1e-3).expect(normalise(
            &x,
            Some(&w),
            Some(&b),
            1e-3,
            pixel,
        )));
        out.push(
            case("layerNorm", "plain")
                .on(&x)
                .maybe(None)
                .maybe(None)
                .num(1e-3)
                .expect(normalise(&x, None, None, 1e-3, pixel)),
        );
    }
}

fn softmax(out: &mut Vec<Case>, r: &mut Rng) {
    for (shape, axis) in [(&[3, 37][..], 1), (&[2, 5, 3, 7], 1), (&[6, 2], 0), (&[4, 1], 1), (&[2, 3, 4], 2)] {
        let x = r.array(shape, -3.0, 3.0);
        let sum = |i: &[usize]| {
            let mut at = i.to_vec();
            (0..shape[axis]).fold(0.0, |sum, k| {
                at[axis] = k;
                sum + x.at(&at).exp()
            })
        };
        out.push(case("softmax", "").on(&x).int(axis as i64).expect(Arr::from_fn(shape, |i| x.at(i).exp() / sum(i))));
    }
}

fn resampling(out: &mut Vec<Case>, r: &mut Rng) {
    for (shape, size) in [
        ([1, 1, 1, 1], [1, 1]),
        ([1, 2, 1, 1], [3, 4]),
        ([2, 2, 3, 5], [6, 10]),
        ([1, 1, 6, 8], [3, 2]),
        ([1, 3, 5, 4], [7, 3]),
        ([1, 1, 4, 4], [1, 1]),
        ([1, 1, 5, 3], [5, 3]),
    ] {
        let x = r.array(&shape, -1.0, 1.0);
        for mode in 0..3 {
            for align in [false, true] {
                let c = case("interpolate", "").on(&x).list(&size).int(mode).int(i64::from(align));
                out.push(c.expect(interpolate(&x, size, mode, align)));
            }
        }
    }
    for (shape, factor) in [([1, 4, 1, 1], 2), ([2, 8, 2, 3], 2), ([1, 9, 2, 1], 3), ([1, 3, 2, 2], 1)] {
        let x = r.array(&shape, -1.0, 1.0);
        let y = pixel_shuffle(&x, factor);
        out.push(case("pixelUnshuffle", "").on(&y).int(factor as i64).expect(pixel_unshuffle(&y, factor)));
        out.push(case("pixelShuffle", "").on(&x).int(factor as i64).expect(y));
    }
    for (shape, size) in
        [([1, 1, 1, 1], [1, 2]), ([2, 3, 4, 5], [3, 2]), ([1, 2, 5, 3], [4, 4]), ([1, 1, 2, 7], [2, 3])]
    {
        let x = r.array(&shape, -1.0, 1.0);
        let grid = r.array(&[shape[0], size[0], size[1], 2], -1.7, 1.7);
        for mode in 0..3 {
            for outside in 0..3 {
                for align in [false, true] {
                    let c = case("gridSample", "").on(&x).on(&grid).int(mode).int(outside).int(i64::from(align));
                    out.push(c.expect(grid_sample(&x, &grid, mode, outside, align)));
                }
            }
        }
    }
}

/// Images seen through projective maps, from the definition.
fn warped(x: &Arr, size: [usize; 2], mode: i64, outside: i64, maps: &[[f64; 9]]) -> Arr {
    let source = [x.shape[2], x.shape[3]];
    let position = |b: usize, i: usize, j: usize| {
        let m = maps[if maps.len() == 1 { 0 } else { b }];
        let [x, y, z] = [0, 3, 6].map(|k| m[k] * j as f64 + m[k + 1] * i as f64 + m[k + 2]);
        [y / z, x / z]
            .into_iter()
            .zip(source)
            .map(|(v, n)| if outside == 2 { mirror(v, n, true) } else { v })
            .collect::<Vec<f64>>()
    };
    if mode == 0 {
        return Arr::from_fn(&[x.shape[0], x.shape[1], size[0], size[1]], |i| {
            let at: Vec<f64> = position(i[0], i[2], i[3])
                .into_iter()
                .map(|v| ((v * 1048576.0).round() / 1048576.0).round_ties_even())
                .collect();
            let at: Vec<f64> = at
                .into_iter()
                .zip(source)
                .map(|(v, n)| if outside == 1 { v.clamp(0.0, n as f64 - 1.0) } else { v })
                .collect();
            x.pixel(i[0], i[1], at[0] as i64, at[1] as i64)
        });
    }
    let grid = Arr::from_fn(&[x.shape[0], size[0], size[1], 2], |i| {
        let (v, n) = (position(i[0], i[1], i[2])[1 - i[3]], source[1 - i[3]] as f64);
        match outside {
            2 if n == 1.0 => 0.0,
            2 => 2.0 * v / (n - 1.0) - 1.0,
            _ => (2.0 * v + 1.0) / n - 1.0,
        }
    });
    grid_sample(x, &grid, mode, outside, outside == 2)
}

fn warps(out: &mut Vec<Case>, r: &mut Rng) {
    let projective = [0.8, -0.31, 0.7, 0.23, 1.1, -0.4, 0.02, -0.013, 1.07];
    let rotated = [0.6, -0.8, 2.9, 0.8, 0.6, -1.3, 0.0, 0.0, 1.0];
    let halves = [0.5, 0.0, 0.5, 0.0, 1.0, -1.5, 0.0, 0.0, 1.0];
    let far = [9.7, 0.4, -13.1, 1.3, -8.9, 5.3, 0.0, 0.0, 1.0];
    for (shape, size, maps) in [
        ([1, 1, 1, 1], [2, 3], vec![projective]),
        ([2, 3, 4, 5], [3, 2], vec![rotated, far]),
        ([2, 2, 5, 4], [4, 6], vec![projective]),
        ([3, 1, 6, 7], [7, 6], vec![halves]),
        ([1, 2, 3, 8], [2, 9], vec![far]),
        ([2, 1, 9, 70], [8, 67], vec![projective, rotated]),
    ] {
        let x = r.array(&shape, -1.0, 1.0);
        for mode in 0..3 {
            for outside in 0..3 {
                let c = case("warp", "").on(&x).list(&size).int(mode).int(outside);
                let c = maps.iter().flatten().fold(c, |c, &v| c.num(v));
                out.push(c.expect(warped(&x, size, mode, outside, &maps)));
            }
        }
    }
    // Enough for threads, with a remainder.
    let x = r.array(&[2, 2, 83, 131], -1.0, 1.0);
    let c = case("warp", "large").fixed(&x).list(&[101, 97]).int(0).int(2);
    out.push(rotated.iter().fold(c, |c, &v| c.num(v)).expect(warped(&x, [101, 97], 0, 2, &[rotated])));
    let empty = Arr::new(&[0, 2, 3, 3], vec![]);
    let c = case("warp", "empty").fixed(&empty).list(&[2, 2]).int(0).int(0);
    out.push(rotated.iter().fold(c, |c, &v| c.num(v)).expect(Arr::new(&[0, 2, 2, 2], vec![])));
}

fn transforms(out: &mut Vec<Case>, r: &mut Rng) {
    let axes: [(&[usize], &[usize], usize); 10] = [
        (&[2], &[], 0),
        (&[1, 2], &[0], 1),
        (&[8, 2], &[0], 1),
        (&[2, 7], &[1], 0),
        (&[3, 5, 2], &[0, 1], 2),
        (&[2, 4, 6], &[2, 1], 0),
        (&[2, 2, 5, 3], &[2, 3], 1),
        (&[1, 3, 1, 4, 2], &[2, 3], 4),
        (&[11, 2, 2], &[0], 1),
        (&[2, 2, 2], &[0, 2], 1),
    ];
    for (shape, dims, complex) in axes {
        let x = r.array(shape, -1.0, 1.0);
        for (inverse, scale) in [(false, 1.0), (true, 0.125), (false, -0.7)] {
            let c = case("fft", "").on(&x).list(dims).int(complex as i64).int(i64::from(inverse)).num(scale);
            out.push(c.expect(dft(&x, dims, complex, inverse, scale)));
        }
    }
}

/// Flat images stay as they are, whatever the guide says about where to look: tests/non_local.rs has the others.
fn similar_patches(out: &mut Vec<Case>) {
    for shape in [[1, 1, 9, 8], [2, 3, 4, 7], [1, 2, 1, 1]] {
        let x = Arr::from_fn(&shape, |i| if shape[1] == 3 { 0.0 } else { 0.25 + i[0] as f64 + 0.5 * i[1] as f64 });
        out.push(case("nonLocal", "flat").fixed(&x).fixed(&x).num(0.1).expect(x.clone()));
    }
}

pub fn add(out: &mut Vec<Case>) {
    let mut r = Rng(5);
    norms(out, &mut r);
    softmax(out, &mut r);
    resampling(out, &mut r);
    warps(out, &mut r);
    similar_patches(out);
    transforms(out, &mut r);
}
