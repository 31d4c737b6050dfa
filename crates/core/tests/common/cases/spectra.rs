//! Spectra of real images, products of complex numbers, centred transforms.

use crate::common::array::{broadcast, indices};
use crate::common::case::{case, Case};
use crate::common::reference::dft;
use crate::common::{Arr, Rng};

/// Whether column `l` of a half spectrum stands for its mirror image too.
fn weight(l: usize, width: usize, inner: f64) -> f64 {
    if l == 0 || 2 * l == width {
        1.0
    } else {
        inner
    }
}

fn angle(k: usize, m: usize, height: usize, l: usize, n: usize, width: usize) -> f64 {
    std::f64::consts::TAU * ((k * m % height) as f64 / height as f64 + (l * n % width) as f64 / width as f64)
}

fn rfft2(x: &Arr, scale: f64, inner: f64) -> Arr {
    let (lead, size) = x.shape.split_at(x.shape.len() - 2);
    Arr::from_fn(&[lead, &[size[0], size[1] / 2 + 1, 2]].concat(), |i| {
        let (lead, at) = i.split_at(lead.len());
        let sum: f64 = indices(size)
            .iter()
            .map(|p| {
                let a = angle(at[0], p[0], size[0], at[1], p[1], size[1]);
                x.at(&[lead, p].concat()) * if at[2] == 0 { a.cos() } else { -a.sin() }
            })
            .sum();
        scale * weight(at[1], size[1], inner) * sum
    })
}

fn irfft2(s: &Arr, width: usize, scale: f64, inner: f64) -> Arr {
    let (lead, size) = s.shape.split_at(s.shape.len() - 3);
    Arr::from_fn(&[lead, &[size[0], width]].concat(), |i| {
        let (lead, at) = i.split_at(lead.len());
        let sum: f64 = indices(&size[..2])
            .iter()
            .map(|p| {
                let a = angle(p[0], at[0], size[0], p[1], at[1], width);
                let part = |k: usize| s.at(&[lead, p, &[k]].concat());
                weight(p[1], width, inner) * (part(0) * a.cos() - part(1) * a.sin())
            })
            .sum();
        scale * sum
    })
}

fn complex_mul(a: &Arr, b: &Arr, conjugate: bool) -> Arr {
    let sign = if conjugate { -1.0 } else { 1.0 };
    Arr::from_fn(&broadcast(&a.shape, &b.shape), |i| {
        let part = |x: &Arr, k: usize| {
            let mut at = i.to_vec();
            at[i.len() - 1] = k;
            x.broadcast_at(&at)
        };
        let (ar, ai, br, bi) = (part(a, 0), part(a, 1), part(b, 0), sign * part(b, 1));
        if i[i.len() - 1] == 0 {
            ar * br - ai * bi
        } else {
            ar * bi + ai * br
        }
    })
}

/// y[i] = x[i + shift], circularly, over `dims`.
fn rolled(x: &Arr, dims: &[usize], back: bool) -> Arr {
    Arr::from_fn(&x.shape, |i| {
        let mut at = i.to_vec();
        for &d in dims {
            let (n, half) = (x.shape[d], x.shape[d] / 2);
            at[d] = (at[d] + if back { n - half } else { half }) % n;
        }
        x.at(&at)
    })
}

pub fn add(out: &mut Vec<Case>) {
    let mut r = Rng(31);
    // The last ones: several groups of columns, with and without one in the middle, and more images than share threads.
    let sizes: [&[usize]; 14] = [
        &[1, 1],
        &[1, 4],
        &[5, 1],
        &[2, 2],
        &[1, 7],
        &[2, 3, 4],
        &[3, 2, 5],
        &[2, 1, 5, 6],
        &[1, 2, 7, 3],
        &[17, 20],
        &[1, 3, 6, 8],
        &[9, 38],
        &[12, 36],
        &[17, 2, 4],
    ];
    for shape in sizes {
        let x = r.array(shape, -1.0, 1.0);
        for (scale, inner) in [(1.0, 1.0), (0.5, 2.0), (-0.7, 0.3)] {
            let s = r.array(&rfft2(&x, 1.0, 1.0).shape, -1.0, 1.0);
            let width = shape[shape.len() - 1];
            out.push(case("rfft2", "").on(&x).num(scale).num(inner).expect(rfft2(&x, scale, inner)));
            out.push(
                case("irfft2", "")
                    .on(&s)
                    .int(width as i64)
                    .num(scale)
                    .num(inner)
                    .expect(irfft2(&s, width, scale, inner)),
            );
        }
    }
    let factors: [(&[usize], &[usize]); 8] = [
        (&[2], &[2]),
        (&[3, 2], &[2]),
        (&[1, 2], &[3, 2]),
        (&[4, 1, 3, 2], &[2, 3, 2]),
        (&[2, 3, 2], &[2, 1, 2]),
        (&[1, 5, 1, 2], &[3, 1, 4, 2]),
        (&[2, 2, 3, 2], &[1, 2, 3, 2]),
        (&[3, 1, 2], &[3, 1, 2]),
    ];
    for (a, b) in factors {
        let (a, b) = (r.array(a, -1.0, 1.0), r.array(b, -1.0, 1.0));
        for conjugate in [false, true] {
            out.push(
                case("complexMul", "").on(&a).on(&b).int(i64::from(conjugate)).expect(complex_mul(&a, &b, conjugate)),
            );
        }
    }
    let filters: [(&[usize], &[usize]); 10] = [
        (&[9, 38], &[]),
        (&[12, 36], &[]),
        (&[17, 4, 2], &[17]),
        (&[1, 1], &[]),
        (&[2, 3, 4], &[]),
        (&[2, 2, 3, 5], &[1, 2]),
        (&[1, 2, 4, 4], &[3, 1]),
        (&[5, 6], &[2]),
        (&[2, 1, 1, 5], &[2, 1]),
        (&[3, 7, 1], &[1]),
    ];
    for (shape, lead) in filters {
        let size = &shape[shape.len() - 2..];
        let (x, h) = (r.array(shape, -1.0, 1.0), r.array(&[lead, &[size[0], size[1] / 2 + 1, 2]].concat(), -1.0, 1.0));
        for conjugate in [false, true] {
            let seen = complex_mul(&rfft2(&x, 1.0, 1.0), &h, conjugate);
            let want = irfft2(&seen, size[1], 1.0 / (size[0] * size[1]) as f64, 2.0);
            out.push(case("fourierFilter", "").on(&x).on(&h).int(i64::from(conjugate)).expect(want));
        }
    }
    let axes: [(&[usize], &[usize], usize); 6] = [
        (&[1, 2], &[0], 1),
        (&[2, 5], &[1], 0),
        (&[3, 4, 2], &[0, 1], 2),
        (&[2, 2, 5, 6], &[2, 3], 1),
        (&[1, 2, 3, 4, 3], &[3, 4], 1),
        (&[2, 8], &[], 0),
    ];
    for (shape, dims, complex) in axes {
        let x = r.array(shape, -1.0, 1.0);
        for (inverse, scale) in [(false, 1.0), (true, 0.25)] {
            let want = rolled(&dft(&rolled(&x, dims, false), dims, complex, inverse, scale), dims, true);
            out.push(
                case("centredFft", "")
                    .on(&x)
                    .list(dims)
                    .int(complex as i64)
                    .int(i64::from(inverse))
                    .num(scale)
                    .expect(want),
            );
        }
    }
}
