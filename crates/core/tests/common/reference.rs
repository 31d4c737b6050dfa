//! Reference implementations by direct loops: convolution, pooling, reductions, transforms.

use super::array::{indices, Arr};

/// Two numbers for (height, width).
pub type Pair = [usize; 2];

/// erf by its power series; good to 1e-14 for |x| < 3.
pub fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / n as f64;
        sum += term / (2 * n + 1) as f64;
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

pub fn reduce(x: &Arr, dims: &[usize], keep: bool, f: impl Fn(&[f64]) -> f64) -> Arr {
    let dims: Vec<usize> = if dims.is_empty() { (0..x.shape.len()).collect() } else { dims.to_vec() };
    let kept: Vec<usize> = x.shape.iter().enumerate().map(|(i, &n)| if dims.contains(&i) { 1 } else { n }).collect();
    let over: Vec<usize> = x.shape.iter().enumerate().map(|(i, &n)| if dims.contains(&i) { n } else { 1 }).collect();
    let mut out = Arr::from_fn(&kept, |base| {
        let group: Vec<f64> =
            indices(&over).iter().map(|o| x.at(&base.iter().zip(o).map(|(a, b)| a + b).collect::<Vec<_>>())).collect();
        f(&group)
    });
    if !keep {
        out.shape = x.shape.iter().enumerate().filter(|(i, _)| !dims.contains(i)).map(|(_, &n)| n).collect();
    }
    out
}

#[derive(Clone, Copy, Debug)]
pub struct Geo {
    pub stride: Pair,
    pub padding: Pair,
    pub dilation: Pair,
    pub groups: usize,
}

impl Geo {
    pub fn out(&self, size: usize, kernel: usize, i: usize) -> usize {
        (size + 2 * self.padding[i] - self.dilation[i] * (kernel - 1) - 1) / self.stride[i] + 1
    }
    fn source(&self, p: usize, u: usize, i: usize) -> i64 {
        (p * self.stride[i] + u * self.dilation[i]) as i64 - self.padding[i] as i64
    }
}

/// Calls `f(b, o, i, i within its group, p, q, u, v, h, w)` for every product of a convolution with input position (h,
/// w) inside.
#[allow(clippy::type_complexity)]
fn products(x: [usize; 4], outputs: usize, kernel: Pair, g: Geo, mut f: impl FnMut([usize; 10])) {
    let (ci, co) = (x[1] / g.groups, outputs / g.groups);
    for t in indices(&[x[0], outputs, ci, g.out(x[2], kernel[0], 0), g.out(x[3], kernel[1], 1), kernel[0], kernel[1]]) {
        let [b, o, i, p, q, u, v] = t[..] else { unreachable!() };
        let (h, w) = (g.source(p, u, 0), g.source(q, v, 1));
        if h >= 0 && w >= 0 && (h as usize) < x[2] && (w as usize) < x[3] {
            f([b, o, o / co * ci + i, i, p, q, u, v, h as usize, w as usize]);
        }
    }
}

fn four(s: &[usize]) -> [usize; 4] {
    s.try_into().expect("four axes")
}

pub fn conv2d(x: &Arr, w: &Arr, bias: Option<&Arr>, g: Geo) -> Arr {
    let (s, k) = (four(&x.shape), [w.shape[2], w.shape[3]]);
    let shape = [s[0], w.shape[0], g.out(s[2], k[0], 0), g.out(s[3], k[1], 1)];
    let mut y = Arr::from_fn(&shape, |i| bias.map_or(0.0, |b| b.at(&[i[1]])));
    products(s, w.shape[0], k, g, |[b, o, c, i, p, q, u, v, h, ww]| {
        *y.at_mut(&[b, o, p, q]) += x.at(&[b, c, h, ww]) * w.at(&[o, i, u, v]);
    });
    y
}

pub fn conv2d_weight(x: &Arr, grad: &Arr, k: Pair, g: Geo) -> Arr {
    let s = four(&x.shape);
    let mut dw = Arr::from_fn(&[grad.shape[1], s[1] / g.groups, k[0], k[1]], |_| 0.0);
    products(s, grad.shape[1], k, g, |[b, o, c, i, p, q, u, v, h, w]| {
        *dw.at_mut(&[o, i, u, v]) += x.at(&[b, c, h, w]) * grad.at(&[b, o, p, q]);
    });
    dw
}

pub fn conv_transpose2d(x: &Arr, w: &Arr, bias: Option<&Arr>, extra: Pair, g: Geo) -> Arr {
    let (s, k) = (four(&x.shape), [w.shape[2], w.shape[3]]);
    let size = |i: usize| (s[2 + i] - 1) * g.stride[i] + g.dilation[i] * (k[i] - 1) + extra[i] + 1 - 2 * g.padding[i];
    let channels = w.shape[1] * g.groups;
    let shape = [s[0], channels, size(0), size(1)];
    let mut y = Arr::from_fn(&shape, |i| bias.map_or(0.0, |b| b.at(&[i[1]])));
    let (ci, co) = (s[1] / g.groups, w.shape[1]);
    for t in indices(&[s[0], s[1], co, s[2], s[3], k[0], k[1]]) {
        let [b, i, o, p, q, u, v] = t[..] else { unreachable!() };
        let (h, ww) = (g.source(p, u, 0), g.source(q, v, 1));
        if h >= 0 && ww >= 0 && (h as usize) < shape[2] && (ww as usize) < shape[3] {
            *y.at_mut(&[b, i / ci * co + o, h as usize, ww as usize]) += x.at(&[b, i, p, q]) * w.at(&[i, o, u, v]);
        }
    }
    y
}

/// The values of each window that lie inside the image, reduced by `f(values, size of the window)`.
pub fn pool(x: &Arr, k: Pair, g: Geo, f: impl Fn(&[f64], usize) -> f64) -> Arr {
    let s = four(&x.shape);
    Arr::from_fn(&[s[0], s[1], g.out(s[2], k[0], 0), g.out(s[3], k[1], 1)], |i| {
        let mut inside = Vec::new();
        for t in indices(&k) {
            let (h, w) = (g.source(i[2], t[0], 0), g.source(i[3], t[1], 1));
            if h >= 0 && w >= 0 && (h as usize) < s[2] && (w as usize) < s[3] {
                inside.push(x.pixel(i[0], i[1], h, w));
            }
        }
        f(&inside, k[0] * k[1])
    })
}

pub fn adaptive_avg_pool(x: &Arr, size: Pair) -> Arr {
    let s = four(&x.shape);
    Arr::from_fn(&[s[0], s[1], size[0], size[1]], |i| {
        let range = |o: usize, n: usize, m: usize| (o * n / m)..((o + 1) * n).div_ceil(m);
        let (mut sum, mut count) = (0.0, 0.0);
        for h in range(i[2], s[2], size[0]) {
            for w in range(i[3], s[3], size[1]) {
                sum += x.at(&[i[0], i[1], h, w]);
                count += 1.0;
            }
        }
        sum / count
    })
}

pub fn unfold(x: &Arr, k: Pair, g: Geo) -> Arr {
    let s = four(&x.shape);
    let (oh, ow) = (g.out(s[2], k[0], 0), g.out(s[3], k[1], 1));
    Arr::from_fn(&[s[0], s[1] * k[0] * k[1], oh * ow], |i| {
        let (c, u, v) = (i[1] / (k[0] * k[1]), i[1] / k[1] % k[0], i[1] % k[1]);
        x.pixel(i[0], c, g.source(i[2] / ow, u, 0), g.source(i[2] % ow, v, 1))
    })
}

/// Normalises over the elements that `group` maps to the same number.
pub fn normalise(
    x: &Arr,
    weight: Option<&Arr>,
    bias: Option<&Arr>,
    epsilon: f64,
    group: impl Fn(&[usize]) -> usize,
) -> Arr {
    let all = indices(&x.shape);
    Arr::from_fn(&x.shape, |i| {
        let members: Vec<f64> = all.iter().filter(|j| group(j) == group(i)).map(|j| x.at(j)).collect();
        let mean = members.iter().sum::<f64>() / members.len() as f64;
        let variance = members.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / members.len() as f64;
        let y = (x.at(i) - mean) / (variance + epsilon).sqrt();
        y * weight.map_or(1.0, |w| w.at(&[i[1]])) + bias.map_or(0.0, |b| b.at(&[i[1]]))
    })
}

/// The Fourier sums by definition.
pub fn dft(x: &Arr, dims: &[usize], complex: usize, inverse: bool, scale: f64) -> Arr {
    let over: Vec<usize> = (0..x.shape.len()).map(|i| if dims.contains(&i) { x.shape[i] } else { 1 }).collect();
    Arr::from_fn(&x.shape, |i| {
        let mut sum = 0.0;
        for o in indices(&over) {
            let mut cycles = 0.0;
            let mut source = i.to_vec();
            for &d in dims {
                cycles += ((i[d] * o[d]) % x.shape[d]) as f64 / x.shape[d] as f64;
                source[d] = o[d];
            }
            let angle = if inverse { 1.0 } else { -1.0 } * std::f64::consts::TAU * cycles;
            source[complex] = 0;
            let re = x.at(&source);
            source[complex] = 1;
            let im = x.at(&source);
            sum +=
                if i[complex] == 0 { re * angle.cos() - im * angle.sin() } else { re * angle.sin() + im * angle.cos() };
        }
        scale * sum
    })
}

pub fn matmul(a: &Arr, b: &Arr) -> Arr {
    let (ra, rb) = (a.shape.len(), b.shape.len());
    let mut shape = super::array::broadcast(&a.shape[..ra - 2], &b.shape[..rb - 2]);
    shape.extend([a.shape[ra - 2], b.shape[rb - 1]]);
    Arr::from_fn(&shape, |i| {
        let r = i.len();
        let (mut p, mut q) = (i.to_vec(), i.to_vec());
        (0..a.shape[ra - 1])
            .map(|k| {
                p[r - 1] = k;
                q[r - 2] = k;
                a.broadcast_at(&p) * b.broadcast_at(&q)
            })
            .sum()
    })
}
