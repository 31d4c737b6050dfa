//! Reference implementations of resampling, with PyTorch's conventions.

use super::array::Arr;
use super::reference::Pair;

/// The cubic convolution kernel, a = -0.75.
fn keys(d: f64) -> f64 {
    let (a, d) = (-0.75, d.abs());
    if d <= 1.0 {
        (a + 2.0) * d.powi(3) - (a + 3.0) * d.powi(2) + 1.0
    } else if d < 2.0 {
        a * d.powi(3) - 5.0 * a * d.powi(2) + 8.0 * a * d - 4.0 * a
    } else {
        0.0
    }
}

/// Whole positions around a coordinate and their weights.
fn taps(position: f64, cubic: bool) -> Vec<(i64, f64)> {
    let base = position.floor() as i64;
    if cubic {
        (-1..=2).map(|k| (base + k, keys(position - (base + k) as f64))).collect()
    } else {
        (0..=1).map(|k| (base + k, 1.0 - (position - (base + k) as f64).abs())).collect()
    }
}

/// mode 0 nearest, 1 bilinear, 2 bicubic.
pub fn interpolate(x: &Arr, size: Pair, mode: i64, align: bool) -> Arr {
    let (h, w) = (x.shape[2], x.shape[3]);
    let position = |i: usize, n: usize, m: usize| {
        if align {
            return if m > 1 { i as f64 * (n as f64 - 1.0) / (m as f64 - 1.0) } else { 0.0 };
        }
        let p = (i as f64 + 0.5) * n as f64 / m as f64 - 0.5;
        if mode == 1 && p < 0.0 {
            0.0
        } else {
            p
        }
    };
    Arr::from_fn(&[x.shape[0], x.shape[1], size[0], size[1]], |i| {
        if mode == 0 {
            return x.at(&[i[0], i[1], i[2] * h / size[0], i[3] * w / size[1]]);
        }
        let mut sum = 0.0;
        for (r, wr) in taps(position(i[2], h, size[0]), mode == 2) {
            for (c, wc) in taps(position(i[3], w, size[1]), mode == 2) {
                let (r, c) = (r.clamp(0, h as i64 - 1) as usize, c.clamp(0, w as i64 - 1) as usize);
                sum += wr * wc * x.at(&[i[0], i[1], r, c]);
            }
        }
        sum
    })
}

pub fn mirror(mut p: f64, n: usize, align: bool) -> f64 {
    let (low, high) = if align { (0.0, n as f64 - 1.0) } else { (-0.5, n as f64 - 0.5) };
    if high <= low {
        return 0.0;
    }
    while p < low || p > high {
        p = if p < low { 2.0 * low - p } else { 2.0 * high - p };
    }
    p
}

/// mode 0 nearest, 1 bilinear, 2 bicubic; outside 0 zeros, 1 border, 2 reflection.
pub fn grid_sample(x: &Arr, grid: &Arr, mode: i64, outside: i64, align: bool) -> Arr {
    let fold = |p: f64, n: usize| match outside {
        1 => p.clamp(0.0, n as f64 - 1.0),
        2 => mirror(p, n, align).clamp(0.0, n as f64 - 1.0),
        _ => p,
    };
    let size = [x.shape[2], x.shape[3]];
    Arr::from_fn(&[x.shape[0], x.shape[1], grid.shape[1], grid.shape[2]], |i| {
        let position = |axis: usize| {
            let v = grid.at(&[i[0], i[2], i[3], 1 - axis]);
            let n = size[axis] as f64;
            if align {
                (v + 1.0) / 2.0 * (n - 1.0)
            } else {
                ((v + 1.0) * n - 1.0) / 2.0
            }
        };
        let (row, column) = (position(0), position(1));
        let read = |r: f64, c: f64| x.pixel(i[0], i[1], r as i64, c as i64);
        match mode {
            0 => read(fold(row, size[0]).round_ties_even(), fold(column, size[1]).round_ties_even()),
            1 => {
                let mut sum = 0.0;
                for (r, wr) in taps(fold(row, size[0]), false) {
                    for (c, wc) in taps(fold(column, size[1]), false) {
                        sum += wr * wc * read(r as f64, c as f64);
                    }
                }
                sum
            }
            _ => {
                let mut sum = 0.0;
                for (r, wr) in taps(row, true) {
                    for (c, wc) in taps(column, true) {
                        sum += wr * wc * read(fold(r as f64, size[0]), fold(c as f64, size[1]));
                    }
                }
                sum
            }
        }
    })
}

/// Where an index of a padded axis comes from: mode 1 reflect, 2 replicate, 3 circular.
pub fn padded_source(i: i64, n: i64, mode: i64) -> i64 {
    match mode {
        1 if i < 0 => -i,
        1 if i >= n => 2 * n - 2 - i,
        3 if i < 0 => i + n,
        3 if i >= n => i - n,
        _ => i.clamp(0, n - 1),
    }
}

pub fn pad(x: &Arr, widths: &[usize], mode: i64, fill: f64) -> Arr {
    let shape: Vec<usize> = x.shape.iter().enumerate().map(|(k, n)| n + widths[2 * k] + widths[2 * k + 1]).collect();
    Arr::from_fn(&shape, |i| {
        let mut source = Vec::new();
        for (k, &j) in i.iter().enumerate() {
            let (p, n) = (j as i64 - widths[2 * k] as i64, x.shape[k] as i64);
            if mode == 0 && !(0..n).contains(&p) {
                return fill;
            }
            source.push(padded_source(p, n, mode) as usize);
        }
        x.at(&source)
    })
}

pub fn pixel_shuffle(x: &Arr, r: usize) -> Arr {
    let s = &x.shape;
    Arr::from_fn(&[s[0], s[1] / (r * r), s[2] * r, s[3] * r], |i| {
        x.at(&[i[0], i[1] * r * r + (i[2] % r) * r + i[3] % r, i[2] / r, i[3] / r])
    })
}

pub fn pixel_unshuffle(x: &Arr, r: usize) -> Arr {
    let s = &x.shape;
    Arr::from_fn(&[s[0], s[1] * r * r, s[2] / r, s[3] / r], |i| {
        x.at(&[i[0], i[1] / (r * r), i[2] * r + i[1] / r % r, i[3] * r + i[1] % r])
    })
}
