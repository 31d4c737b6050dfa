//! Convolutions and pooling.

use crate::common::case::{case, Case};
use crate::common::reference::{adaptive_avg_pool, conv2d, conv_transpose2d, pool, unfold, Geo};
use crate::common::{Arr, Rng};

const fn geo(stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], groups: usize) -> Geo {
    Geo { stride, padding, dilation, groups }
}

impl Case {
    fn geo(self, g: Geo) -> Self {
        self.list(&g.stride).list(&g.padding).list(&g.dilation).int(g.groups as i64).int(0)
    }
    fn window(self, k: [usize; 2], g: Geo) -> Self {
        self.list(&k).list(&g.stride).list(&g.padding).list(&g.dilation)
    }
}

/// Input, output channels, kernel, geometry.
#[rustfmt::skip]
const CONVOLUTIONS: &[([usize; 4], usize, [usize; 2], Geo)] = &[
    ([1, 1, 1, 1], 1, [1, 1], geo([1, 1], [0, 0], [1, 1], 1)),
    ([2, 1, 1, 1], 3, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 3, 5, 7], 2, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([2, 3, 6, 5], 5, [1, 1], geo([1, 1], [0, 0], [1, 1], 1)),
    ([2, 2, 7, 6], 3, [3, 2], geo([2, 1], [1, 0], [1, 1], 1)),
    ([1, 2, 8, 9], 2, [3, 3], geo([2, 3], [2, 1], [1, 2], 1)),
    ([2, 4, 6, 7], 6, [3, 3], geo([1, 1], [1, 1], [1, 1], 2)),
    ([1, 3, 6, 5], 3, [3, 3], geo([1, 1], [1, 1], [1, 1], 3)),
    ([2, 3, 5, 5], 6, [2, 3], geo([2, 2], [1, 1], [1, 1], 3)),
    ([1, 6, 7, 7], 4, [3, 2], geo([1, 2], [0, 2], [2, 1], 2)),
    ([1, 1, 9, 4], 7, [5, 1], geo([1, 1], [2, 0], [1, 1], 1)),
    ([1, 2, 4, 4], 3, [4, 4], geo([1, 1], [0, 0], [1, 1], 1)),
    ([1, 2, 4, 5], 3, [3, 3], geo([1, 1], [3, 4], [1, 1], 1)),
    ([2, 2, 5, 4], 2, [1, 1], geo([2, 2], [1, 0], [1, 1], 1)),
    ([1, 9, 6, 5], 11, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 17, 5, 4], 3, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 2, 11, 3], 2, [3, 1], geo([3, 1], [0, 0], [3, 1], 1)),
];

fn convolutions(out: &mut Vec<Case>, r: &mut Rng) {
    for (n, &(s, outputs, k, g)) in CONVOLUTIONS.iter().enumerate() {
        let x = r.array(&s, -1.0, 1.0);
        let w = r.array(&[outputs, s[1] / g.groups, k[0], k[1]], -1.0, 1.0);
        let bias = (n % 2 == 0).then(|| r.array(&[outputs], -1.0, 1.0));
        let y = conv2d(&x, &w, bias.as_ref(), g);
        let slope = [0.0, 0.1, 1.0, -0.3, 1.5][n % 5];
        let activated = y.map(|v| if v > 0.0 { v } else { slope * v });
        out.push(case("conv2d", "activated").on(&x).on(&w).maybe(bias.as_ref()).geo(g).num(slope).expect(activated));
        out.push(case("conv2d", "").on(&x).on(&w).maybe(bias.as_ref()).geo(g).num(1.0).expect(y));
        // The same numbers as a transposed convolution, where that leaves something.
        let w = r.array(&[s[1], outputs.div_ceil(g.groups), k[0], k[1]], -1.0, 1.0);
        let rest = |i: usize| (s[2 + i] - 1) * g.stride[i] + g.dilation[i] * (k[i] - 1) + 1;
        for extra in [[0, 0], [g.stride[0] - 1, g.stride[1] - 1], [0, g.stride[1].min(2) - 1]] {
            if (0..2).all(|i| rest(i) + extra[i] > 2 * g.padding[i]) && (extra != [0, 0] || n % 3 != 1) {
                let bias = (n % 2 == 1).then(|| r.array(&[w.shape[1] * g.groups], -1.0, 1.0));
                let y = conv_transpose2d(&x, &w, bias.as_ref(), extra, g);
                let c = case("convTranspose2d", "").on(&x).on(&w).maybe(bias.as_ref());
                out.push(
                    c.list(&g.stride)
                        .list(&g.padding)
                        .list(&extra)
                        .list(&g.dilation)
                        .int(g.groups as i64)
                        .int(0)
                        .expect(y),
                );
            }
        }
    }
    // Large enough for the tiled and threaded kernels.
    let g = geo([1, 1], [1, 1], [1, 1], 1);
    let (x, w) = (r.array(&[2, 16, 19, 21], -1.0, 1.0), r.array(&[24, 16, 3, 3], -0.3, 0.3));
    let y = conv2d(&x, &w, None, g);
    out.push(case("conv2d", "large").on(&x).on(&w).maybe(None).geo(g).num(1.0).expect(y));
}

/// Images that are large for their channels, where the weight gradient takes another way.
#[rustfmt::skip]
const WIDE: &[([usize; 4], usize, [usize; 2], Geo)] = &[
    ([2, 2, 9, 11], 3, [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 1, 8, 7], 1, [1, 1], geo([1, 1], [0, 0], [1, 1], 1)),
    ([1, 3, 10, 13], 2, [3, 2], geo([1, 1], [0, 0], [1, 1], 1)),
    ([2, 1, 12, 9], 2, [3, 3], geo([1, 1], [2, 3], [2, 3], 1)),
    ([1, 2, 9, 9], 2, [2, 5], geo([1, 1], [4, 0], [3, 1], 1)),
];

fn wide(out: &mut Vec<Case>, r: &mut Rng) {
    for &(s, outputs, k, g) in WIDE {
        let (x, w) = (r.array(&s, -1.0, 1.0), r.array(&[outputs, s[1], k[0], k[1]], -1.0, 1.0));
        let y = conv2d(&x, &w, None, g);
        out.push(case("conv2d", "wide").on(&x).on(&w).maybe(None).geo(g).num(1.0).expect(y));
    }
}

#[rustfmt::skip]
const WINDOWS: &[([usize; 4], [usize; 2], Geo)] = &[
    ([1, 1, 1, 1], [1, 1], geo([1, 1], [0, 0], [1, 1], 1)),
    ([1, 2, 4, 6], [2, 2], geo([2, 2], [0, 0], [1, 1], 1)),
    ([2, 3, 5, 7], [2, 2], geo([2, 2], [0, 0], [1, 1], 1)),
    ([2, 1, 5, 7], [3, 3], geo([2, 2], [1, 1], [1, 1], 1)),
    ([1, 2, 6, 5], [3, 2], geo([1, 3], [1, 0], [1, 1], 1)),
    ([1, 1, 1, 3], [3, 3], geo([1, 1], [1, 1], [1, 1], 1)),
    ([1, 3, 7, 4], [2, 4], geo([1, 1], [0, 2], [1, 1], 1)),
];

fn pooling(out: &mut Vec<Case>, r: &mut Rng) {
    let largest = |v: &[f64], _: usize| v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for &(s, k, g) in WINDOWS {
        let x = r.distinct(&s);
        out.push(case("maxPool2d", "").on(&x).window(k, g).expect(pool(&x, k, g, largest)));
        for count in [true, false] {
            let want = pool(&x, k, g, |v, n| v.iter().sum::<f64>() / if count { n } else { v.len() } as f64);
            out.push(
                case("avgPool2d", "")
                    .on(&x)
                    .list(&k)
                    .list(&g.stride)
                    .list(&g.padding)
                    .int(i64::from(count))
                    .expect(want),
            );
        }
        out.push(case("unfold2d", "").on(&x).window(k, g).expect(unfold(&x, k, g)));
    }
    let x = r.distinct(&[2, 2, 7, 9]);
    for g in [geo([1, 2], [1, 0], [2, 1], 1), geo([2, 1], [0, 1], [1, 3], 1), geo([3, 3], [1, 1], [2, 2], 1)] {
        out.push(case("maxPool2d", "dilated").on(&x).window([3, 3], g).expect(pool(&x, [3, 3], g, largest)));
        out.push(case("unfold2d", "dilated").on(&x).window([3, 2], g).expect(unfold(&x, [3, 2], g)));
    }
    let wide = geo([1, 1], [3, 2], [1, 1], 1);
    out.push(case("unfold2d", "wide border").on(&x).window([2, 2], wide).expect(unfold(&x, [2, 2], wide)));
    // All negative: the border must not win.
    let low = r.distinct(&[1, 1, 4, 4]).map(|v| v - 5.0);
    let g = geo([1, 1], [1, 1], [1, 1], 1);
    out.push(case("maxPool2d", "below zero").on(&low).window([3, 3], g).expect(pool(&low, [3, 3], g, largest)));
    for (s, size) in [
        ([1, 1, 1, 1], [1, 1]),
        ([2, 3, 5, 7], [1, 1]),
        ([1, 2, 5, 7], [3, 4]),
        ([1, 1, 4, 6], [2, 3]),
        ([1, 1, 2, 3], [5, 4]),
    ] {
        let x = r.array(&s, -1.0, 1.0);
        out.push(case("adaptiveAvgPool2d", "").on(&x).list(&size).expect(adaptive_avg_pool(&x, size)));
    }
}

pub fn add(out: &mut Vec<Case>) {
    let mut r = Rng(4);
    convolutions(out, &mut r);
    wide(out, &mut r);
    pooling(out, &mut r);
    let constant = Arr::new(&[1, 1, 2, 2], vec![1.0; 4]);
    out.push(
        case("maxPool2d", "ties")
            .fixed(&constant)
            .window([2, 2], geo([2, 2], [0, 0], [1, 1], 1))
            .expect(Arr::new(&[1, 1, 1, 1], vec![1.0])),
    );
}
