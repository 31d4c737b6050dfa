//! Operators that move elements.

use crate::common::case::{case, Case};
use crate::common::images::pad;
use crate::common::{Arr, Rng};

fn shape_changes(out: &mut Vec<Case>, r: &mut Rng) {
    let x = r.array(&[2, 3, 5], -1.0, 1.0);
    let to: [&[i64]; 6] = [&[30], &[-1], &[5, 6], &[5, -1, 2], &[2, 3, 5], &[1, 2, 1, 15]];
    for shape in to {
        let known: i64 = shape.iter().filter(|&&v| v != -1).product();
        let full: Vec<usize> =
            shape.iter().map(|&v| if v == -1 { (30 / known) as usize } else { v as usize }).collect();
        let mut c = case("reshape", "").on(&x).int(shape.len() as i64);
        c.ints.extend(shape);
        out.push(c.expect(Arr::new(&full, x.data.clone())));
    }
    let one = r.array(&[1, 1], -1.0, 1.0);
    out.push(case("reshape", "to a scalar").on(&one).list(&[]).expect(Arr::new(&[], one.data.clone())));
    out.push(case("reshape", "from a scalar").on(&Arr::scalar(3.0)).list(&[1, 1]).expect(Arr::new(&[1, 1], vec![3.0])));
    let orders: [&[usize]; 5] = [&[0, 1, 2], &[2, 1, 0], &[1, 2, 0], &[2, 0, 1], &[0, 2, 1]];
    for order in orders {
        out.push(case("permute", "").on(&x).list(order).expect(x.permuted(order)));
    }
    out.push(case("permute", "scalar").on(&Arr::scalar(1.5)).list(&[]).expect(Arr::scalar(1.5)));
    let expansions: [(&[usize], &[usize]); 6] = [
        (&[], &[3]),
        (&[], &[2, 2]),
        (&[1], &[4]),
        (&[3], &[2, 3]),
        (&[2, 1, 3], &[2, 4, 3]),
        (&[1, 3, 1], &[2, 1, 3, 2]),
    ];
    for (from, to) in expansions {
        let x = r.array(from, -1.0, 1.0);
        out.push(case("expand", "").on(&x).list(to).expect(Arr::from_fn(to, |i| x.broadcast_at(i))));
    }
    for dims in [&[][..], &[0], &[2], &[0, 1, 2], &[2, 0]] {
        let want = Arr::from_fn(&x.shape, |i| {
            x.at(&(0..3).map(|k| if dims.contains(&k) { x.shape[k] - 1 - i[k] } else { i[k] }).collect::<Vec<_>>())
        });
        out.push(case("flip", "").on(&x).list(dims).expect(want));
    }
    let rolls: [(&[i64], &[usize]); 6] =
        [(&[1], &[0]), (&[-2], &[2]), (&[7, -4], &[2, 1]), (&[0], &[1]), (&[3], &[1]), (&[1, 1], &[2, 2])];
    for (shifts, dims) in rolls {
        let want = Arr::from_fn(&x.shape, |i| {
            let mut source: Vec<i64> = i.iter().map(|&v| v as i64).collect();
            for (&s, &d) in shifts.iter().zip(dims) {
                source[d] = (source[d] - s).rem_euclid(x.shape[d] as i64);
            }
            x.at(&source.iter().map(|&v| v as usize).collect::<Vec<_>>())
        });
        let mut c = case("roll", "").on(&x).int(shifts.len() as i64);
        c.ints.extend(shifts);
        out.push(c.list(dims).expect(want));
    }
}

fn slices(out: &mut Vec<Case>, r: &mut Rng) {
    let x = r.array(&[4, 5, 7], -1.0, 1.0);
    let cuts: [[[usize; 3]; 3]; 6] = [
        [[0, 0, 0], [4, 5, 7], [1, 1, 1]],
        [[1, 0, 2], [3, 5, 7], [1, 1, 1]],
        [[0, 1, 0], [4, 5, 7], [2, 3, 1]],
        [[3, 4, 6], [4, 5, 7], [1, 1, 5]],
        [[1, 0, 1], [4, 5, 6], [2, 2, 3]],
        [[0, 0, 2], [1, 5, 5], [9, 1, 1]],
    ];
    for [starts, ends, steps] in cuts {
        let shape: Vec<usize> = (0..3).map(|k| (ends[k] - starts[k]).div_ceil(steps[k])).collect();
        let want = Arr::from_fn(&shape, |i| x.at(&(0..3).map(|k| starts[k] + i[k] * steps[k]).collect::<Vec<_>>()));
        out.push(case("slice", "").on(&x).list(&starts).list(&ends).list(&steps).expect(want));
    }
    out.push(
        case("slice", "empty")
            .fixed(&x)
            .list(&[0, 2, 0])
            .list(&[4, 2, 7])
            .list(&[1, 1, 1])
            .expect(Arr::new(&[4, 0, 7], vec![])),
    );
    out.push(
        case("slice", "empty, with a step")
            .fixed(&x)
            .list(&[0, 2, 0])
            .list(&[4, 2, 7])
            .list(&[1, 2, 1])
            .expect(Arr::new(&[4, 0, 7], vec![])),
    );

    let pads: [(&[usize], &[usize]); 5] = [
        (&[4], &[1, 2]),
        (&[3, 5], &[0, 0, 2, 4]),
        (&[3, 5], &[2, 1, 0, 3]),
        (&[1, 2, 3, 4], &[0, 0, 0, 0, 2, 1, 3, 3]),
        (&[2, 3], &[0, 0, 0, 0]),
    ];
    for (shape, widths) in pads {
        let x = r.array(shape, -1.0, 1.0);
        for mode in 0..4 {
            out.push(case("pad", "").on(&x).list(widths).int(mode).num(0.25).expect(pad(&x, widths, mode, 0.25)));
        }
    }
    let pixel = r.array(&[1, 1, 1, 1], -1.0, 1.0);
    out.push(
        case("pad", "one pixel")
            .on(&pixel)
            .list(&[0, 0, 0, 0, 3, 2, 4, 1])
            .int(2)
            .num(0.0)
            .expect(Arr::new(&[1, 1, 6, 6], vec![pixel.data[0]; 36])),
    );

    let joins: [(usize, &[&[usize]]); 6] = [
        (0, &[&[2, 3], &[4, 3]]),
        (1, &[&[2, 3], &[2, 1], &[2, 5]]),
        (0, &[&[3]]),
        (2, &[&[2, 1, 3], &[2, 1, 1]]),
        (1, &[&[2, 0, 3], &[2, 2, 3]]),
        (0, &[&[1], &[1], &[1], &[1], &[1]]),
    ];
    for (dim, shapes) in joins {
        let parts: Vec<Arr> = shapes.iter().map(|s| r.array(s, -1.0, 1.0)).collect();
        let mut shape = shapes[0].to_vec();
        shape[dim] = shapes.iter().map(|s| s[dim]).sum();
        let want = Arr::from_fn(&shape, |i| {
            let mut i = i.to_vec();
            for p in &parts {
                if i[dim] < p.shape[dim] {
                    return p.at(&i);
                }
                i[dim] -= p.shape[dim];
            }
            unreachable!()
        });
        let c = parts.iter().fold(case("cat", ""), |c, p| c.on(p));
        out.push(c.int(dim as i64).expect(want));
    }
}

fn by_index(out: &mut Vec<Case>, r: &mut Rng) {
    let x = r.array(&[3, 4, 5], -1.0, 1.0);
    for (dim, picks) in [(0, vec![2.0, 0.0, 2.0]), (1, vec![3.0]), (2, vec![4.0, 4.0, 0.0, 1.0, 4.0, 2.0])] {
        let mut shape = x.shape.clone();
        shape[dim] = picks.len();
        let want = Arr::from_fn(&shape, |i| {
            let mut i = i.to_vec();
            i[dim] = picks[i[dim]] as usize;
            x.at(&i)
        });
        let index = Arr::new(&[picks.len()], picks.clone());
        out.push(case("indexSelect", "").on(&x).fixed(&index).int(dim as i64).expect(want));
    }
    for (dim, count) in [(0, 2), (1, 6), (2, 1), (2, 5)] {
        let mut shape = x.shape.clone();
        shape[dim] = count;
        let index = r.array(&shape, 0.0, x.shape[dim] as f64 - 1e-9).map(f64::floor);
        let source = |i: &[usize]| {
            let mut s = i.to_vec();
            s[dim] = index.at(i) as usize;
            s
        };
        let want = Arr::from_fn(&shape, |i| x.at(&source(i)));
        out.push(case("gather", "").on(&x).fixed(&index).int(dim as i64).expect(want));
        let added = r.array(&shape, -1.0, 1.0);
        let mut want = x.clone();
        for i in crate::common::array::indices(&shape) {
            *want.at_mut(&source(&i)) += added.at(&i);
        }
        out.push(case("scatterAdd", "").on(&x).fixed(&index).on(&added).int(dim as i64).expect(want));
    }
}

pub fn add(out: &mut Vec<Case>) {
    let mut r = Rng(3);
    shape_changes(out, &mut r);
    slices(out, &mut r);
    by_index(out, &mut r);
}
