//! Reductions and matrix products.

use crate::common::case::{case, Case};
use crate::common::reference::{matmul, reduce};
use crate::common::{Arr, Rng};

/// Sums over all axes but the first `keep`.
fn sums(x: &Arr, keep: usize) -> Arr {
    let kept = x.shape[..keep].to_vec();
    let n: usize = x.shape[keep..].iter().product();
    let rows = kept.iter().product();
    Arr::new(&kept, (0..rows).map(|row| x.data[row * n..][..n].iter().sum()).collect())
}

fn distances(out: &mut Vec<Case>, r: &mut Rng) {
    // The last ones are enough for blocks and threads, with a remainder.
    let shapes: [&[usize]; 9] =
        [&[], &[1], &[5], &[2, 3], &[2, 1, 3], &[2, 3, 4, 5], &[3, 2, 1, 2], &[2, 1037], &[1, 2, 150, 221]];
    for (n, shape) in shapes.into_iter().enumerate() {
        for keep in [0, 1, 2].into_iter().filter(|&keep| keep <= shape.len()) {
            let a = r.distinct(shape);
            let b = r.array(shape, -0.001, 0.001);
            // Derivatives of large arrays are compared where they are small.
            let large = shape.iter().product::<usize>() > 100;
            let with = |c: Case, x: &Arr| if large { c.fixed(x) } else { c.on(x) };
            for p in [1.0, 2.0, 1.5, 3.0].into_iter().take(if large { 2 } else { 4 }) {
                let c = with(with(case("distance", ""), &a), &b).int(keep as i64).num(p);
                out.push(c.expect(sums(&a.zip(&b, |a, b| (a - b).abs().powf(p)), keep)));
            }
            out.push(with(with(case("dot", ""), &a), &b).int(keep as i64).expect(sums(&a.zip(&b, |a, b| a * b), keep)));
            for axis in keep..shape.len() {
                let next =
                    |i: &[usize]| i.iter().enumerate().map(|(d, &i)| i + usize::from(d == axis)).collect::<Vec<_>>();
                let squares = Arr::from_fn(shape, |i| {
                    if i[axis] + 1 < shape[axis] {
                        (a.at(&next(i)) - a.at(i)).powi(2)
                    } else {
                        0.0
                    }
                });
                out.push(
                    with(case("variation", format!("{n}")), &a)
                        .int(axis as i64)
                        .int(keep as i64)
                        .expect(sums(&squares, keep)),
                );
            }
        }
    }
    let empty = Arr::new(&[2, 0], vec![]);
    out.push(
        case("distance", "empty").fixed(&empty).fixed(&empty).int(1).num(2.0).expect(Arr::new(&[2], vec![0.0; 2])),
    );
    out.push(case("dot", "empty").fixed(&empty).fixed(&empty).int(1).expect(Arr::new(&[2], vec![0.0; 2])));
    out.push(case("variation", "empty").fixed(&empty).int(1).int(1).expect(Arr::new(&[2], vec![0.0; 2])));
}

pub fn add(out: &mut Vec<Case>) {
    let mut r = Rng(2);
    distances(out, &mut r);
    let axes: [(&[usize], &[usize]); 12] = [
        (&[], &[]),
        (&[1], &[]),
        (&[5], &[0]),
        (&[2, 3], &[]),
        (&[2, 3], &[0]),
        (&[2, 3], &[1]),
        (&[2, 3, 5], &[0, 2]),
        (&[2, 3, 5], &[2, 1]),
        (&[2, 1, 3], &[1]),
        (&[2, 3, 2, 3], &[1, 2]),
        (&[2, 3, 1, 5], &[0, 2, 3]),
        (&[1, 1, 7, 9], &[2, 3]),
    ];
    type Row = (&'static str, fn(&[f64]) -> f64);
    let rows: Vec<Row> = vec![
        ("sum", |v| v.iter().sum()),
        ("mean", |v| v.iter().sum::<f64>() / v.len() as f64),
        ("max", |v| v.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ("min", |v| v.iter().copied().fold(f64::INFINITY, f64::min)),
    ];
    for (shape, dims) in axes {
        for keep in [false, true] {
            let x = r.distinct(shape);
            for &(name, f) in &rows {
                out.push(case(name, "").on(&x).list(dims).int(i64::from(keep)).expect(reduce(&x, dims, keep, f)));
            }
            let x = r.array(shape, 0.6, 1.4);
            out.push(
                case("prod", "")
                    .on(&x)
                    .list(dims)
                    .int(i64::from(keep))
                    .expect(reduce(&x, dims, keep, |v| v.iter().product())),
            );
            if let [dim] = dims {
                let x = r.distinct(shape);
                let position = |v: &[f64], best: f64| v.iter().position(|&a| a == best).unwrap_or(0) as f64;
                let largest =
                    reduce(&x, dims, keep, |v| position(v, v.iter().copied().fold(f64::NEG_INFINITY, f64::max)));
                let smallest = reduce(&x, dims, keep, |v| position(v, v.iter().copied().fold(f64::INFINITY, f64::min)));
                out.push(case("argmax", "").fixed(&x).int(*dim as i64).int(i64::from(keep)).expect(largest));
                out.push(case("argmin", "").fixed(&x).int(*dim as i64).int(i64::from(keep)).expect(smallest));
            }
        }
    }
    for zeros in [1, 2] {
        let x = Arr::from_fn(&[2, 5], |i| if i[1] < zeros { 0.0 } else { 0.5 + i[0] as f64 + i[1] as f64 });
        out.push(
            case("prod", "with zeros").on(&x).list(&[1]).int(0).expect(reduce(&x, &[1], false, |v| v.iter().product())),
        );
    }
    // Enough elements for the kernels' blocks and threads, with a remainder.
    let x = r.array(&[3, 1037], -1.0, 1.0);
    out.push(case("sum", "long").on(&x).list(&[1]).int(0).expect(reduce(&x, &[1], false, |v| v.iter().sum())));
    out.push(case("sum", "tall").on(&x).list(&[0]).int(0).expect(reduce(&x, &[0], false, |v| v.iter().sum())));
    let empty = Arr::new(&[0, 3], vec![]);
    out.push(case("sum", "empty").fixed(&empty).list(&[0]).int(0).expect(Arr::new(&[3], vec![0.0; 3])));
    out.push(case("prod", "empty").fixed(&empty).list(&[0]).int(0).expect(Arr::new(&[3], vec![1.0; 3])));
    let ties = Arr::new(&[2, 3], vec![1.0, 2.0, 2.0, 3.0, 3.0, 1.0]);
    out.push(case("argmax", "ties: the first").fixed(&ties).int(1).int(0).expect(Arr::new(&[2], vec![1.0, 0.0])));

    let products: [(&[usize], &[usize]); 9] = [
        (&[1, 1], &[1, 1]),
        (&[2, 3], &[3, 5]),
        (&[7, 1], &[1, 9]),
        (&[1, 6], &[6, 1]),
        (&[2, 3, 4], &[4, 5]),
        (&[3, 4], &[2, 4, 2]),
        (&[2, 1, 3, 2], &[3, 2, 4]),
        (&[2, 3, 2, 2], &[1, 1, 2, 3]),
        (&[17, 19], &[19, 13]),
    ];
    for (a, b) in products {
        let (a, b) = (r.array(a, -1.0, 1.0), r.array(b, -1.0, 1.0));
        out.push(case("matmul", "").on(&a).on(&b).int(0).expect(matmul(&a, &b)));
    }
    let (a, b) = (Arr::new(&[2, 0], vec![]), Arr::new(&[0, 3], vec![]));
    out.push(case("matmul", "empty").fixed(&a).fixed(&b).int(0).expect(Arr::new(&[2, 3], vec![0.0; 6])));
}
