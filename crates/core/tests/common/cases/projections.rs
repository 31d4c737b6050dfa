//! Sums along lines and their transpose, from the definition: rotated images, sampled and summed.

use crate::common::case::{case, Case};
use crate::common::{Arr, Rng};

/// The share of pixel (row, column) in detector u at an angle.
fn share(width: usize, circle: bool, degrees: f64, [u, row, column]: [usize; 3]) -> f64 {
    let n = width as i64;
    let twice = |i: usize| (2 * i as i64 - n + 1).pow(2);
    if circle && twice(row) + twice(column) > (n - 1).pow(2) {
        return 0.0;
    }
    let detectors = if circle { width } else { (width as f64 * 2f64.sqrt()).ceil() as usize };
    let offset = detectors / 2 - width / 2;
    let middle = (detectors as f64 - 1.0) / 2.0;
    let (cos, sin) = (degrees.to_radians().cos(), degrees.to_radians().sin());
    let u = u as f64 - middle;
    let samples = (0..detectors).map(|v| {
        let v = v as f64 - middle;
        let (x, y) = (cos * u + sin * v + middle, cos * v - sin * u + middle);
        let hat = |t: f64| (1.0 - t.abs()).max(0.0);
        hat(x - (column + offset) as f64) * hat(y - (row + offset) as f64)
    });
    samples.sum()
}

fn matrix(width: usize, circle: bool, degrees: &[f64]) -> Arr {
    let detectors = if circle { width } else { (width as f64 * 2f64.sqrt()).ceil() as usize };
    Arr::from_fn(&[detectors, degrees.len(), width, width], |i| share(width, circle, degrees[i[1]], [i[0], i[2], i[3]]))
}

pub fn add(out: &mut Vec<Case>) {
    let mut r = Rng(77);
    let angles: [&[f64]; 3] =
        [&[0.0, 90.0, 45.0, 180.0, -30.0, 12.5, 301.0, 60.3, 135.0, 89.999], &[20.0, 77.0], &[33.3]];
    for (n, width, degrees) in [
        (1, 1, angles[1]),
        (2, 2, angles[0]),
        (1, 3, angles[1]),
        (2, 5, angles[0]),
        (3, 8, angles[1]),
        (1, 19, angles[1]),
        (1, 36, angles[2]),
    ] {
        for circle in [false, true] {
            let m = matrix(width, circle, degrees);
            let (d, a) = (m.shape[0], degrees.len());
            let (x, y) = (r.array(&[n, width, width], -1.0, 1.0), r.array(&[n, d, a], -1.0, 1.0));
            let pixels: Vec<Vec<usize>> = crate::common::array::indices(&[width, width]);
            let seen = Arr::from_fn(&[n, d, a], |i| {
                pixels.iter().map(|p| m.at(&[i[1], i[2], p[0], p[1]]) * x.at(&[i[0], p[0], p[1]])).sum()
            });
            let back = Arr::from_fn(&[n, width, width], |i| {
                (0..d)
                    .flat_map(|u| (0..a).map(move |t| (u, t)))
                    .map(|(u, t)| m.at(&[u, t, i[1], i[2]]) * y.at(&[i[0], u, t]))
                    .sum()
            });
            let angles = |c: Case| degrees.iter().fold(c, |c, &d| c.num(d));
            out.push(angles(case("radon", "").on(&x).int(i64::from(circle))).expect(seen));
            out.push(angles(case("radonTranspose", "").on(&y).int(width as i64).int(i64::from(circle))).expect(back));
        }
    }
}
