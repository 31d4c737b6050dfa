//! Convolutions of each channel by itself, directly. Rows are first copied between zeros, with the columns of one
//! remainder modulo the stride side by side: then every tap is a shift of a line, whatever border, stride and dilation,
//! and a pixel is a sum over a list of shifts.

use super::parallel::{each, scratch, unwritten, Shared};
use super::simd::{entry, Level, Simd};
use super::window::Shape;
use super::Finish;

/// Pixels of a band of rows, about: with its surroundings it stays in the second cache.
const PIXELS: usize = 1 << 14;
/// Vectors that are summed at a time, and so values that are read behind the end of a line, at most.
const VECTORS: usize = 4;
const BEHIND: usize = VECTORS * 16;

/// A tap: how far from the first tap's line its line begins, and its weight.
type Tap = (usize, f32);

/// The convolution of `x` with `w` [channels, 1, kernel].
pub fn forward(level: Level, s: &Shape, x: &[f32], w: &[f32], finish: Finish) -> Vec<f32> {
    let (n, m, channels, [height, width]) = (s.size[0] * s.size[1], s.pixels(), s.channels[0], s.out);
    // SAFETY: each piece writes its rows, and they cover everything.
    let mut y = unsafe { unwritten(s.batch * channels * m) };
    if y.is_empty() {
        return y;
    }
    let (out, stride) = (Shared::new(&mut y), s.stride[1]);
    // Columns, counted with the border, of each remainder.
    let line = (((width - 1) * stride + (s.kernel[1] - 1) * s.dilation[1]) / stride + 1).max(width) + BEHIND;
    let band = (PIXELS / width).clamp(1, height);
    let bands = height.div_ceil(band);
    let taps: Vec<Vec<Tap>> = w.chunks_exact(s.taps()).map(|w| forward_taps(s, w, line)).collect();
    each(s.batch * channels * bands, s.heavy(), |piece| {
        let (plane, first) = (piece / bands, piece % bands * band);
        let (c, rows) = (plane % channels, band.min(height - first));
        let seen = (rows - 1) * s.stride[0] + (s.kernel[0] - 1) * s.dilation[0] + 1;
        scratch(seen * stride * line, |lines| {
            let top = (first * s.stride[0]) as isize - s.padding[0] as isize;
            copied(&x[plane * n..][..n], s.size, [top, -(s.padding[1] as isize)], stride, line, lines);
            let start = finish.bias.map_or(0.0, |b| b[c]);
            for i in 0..rows {
                // SAFETY: the lines of all taps are there, with `BEHIND` values more, and this row is this piece's.
                let row = unsafe {
                    let row = std::slice::from_raw_parts_mut(out.at(plane * m + (first + i) * width), width);
                    sums(level, lines.as_ptr().add(i * s.stride[0] * stride * line), &taps[c], start, row);
                    row
                };
                if finish.slope != 1.0 {
                    row.iter_mut().for_each(|v| *v = finish.activate(*v));
                }
            }
        });
    });
    y
}

/// y_ij = sum w_uv x_(i s + u d)(j s + v d)
fn forward_taps(s: &Shape, w: &[f32], line: usize) -> Vec<Tap> {
    let stride = s.stride[1];
    let place = |t: usize| {
        let (u, column) = (t / s.kernel[1] * s.dilation[0], t % s.kernel[1] * s.dilation[1]);
        (u * stride + column % stride) * line + column / stride
    };
    w.iter().enumerate().map(|(t, &w)| (place(t), w)).collect()
}

/// The gradient in the input: dx_rc = sum w_uv g_ij over r = i s + u d - p, c = j s + v d - p. Columns c of one
/// remainder have the same taps.
pub fn input(level: Level, s: &Shape, g: &[f32], w: &[f32]) -> Vec<f32> {
    let (n, m, channels, [height, width]) = (s.size[0] * s.size[1], s.pixels(), s.channels[0], s.size);
    // SAFETY: each piece writes its rows, and they cover everything.
    let mut dx = unsafe { unwritten(s.batch * channels * n) };
    if dx.is_empty() {
        return dx;
    }
    let (out, [down, right]) = (Shared::new(&mut dx), s.stride);
    let reach = reach(s);
    let behind = [0, 1].map(|i| (s.size[i] - 1 + s.padding[i]) / s.stride[i] + 1);
    let line = reach[1] + behind[1] + BEHIND;
    let band = (PIXELS / width).clamp(1, height);
    let bands = height.div_ceil(band);
    // For each channel, remainder of rows and remainder of columns.
    let taps: Vec<Vec<Tap>> = (0..channels * down * right)
        .map(|i| input_taps(s, &w[i / (down * right) * s.taps()..], [i / right % down, i % right], line))
        .collect();
    each(s.batch * channels * bands, s.heavy(), |piece| {
        let (plane, first) = (piece / bands, piece % bands * band);
        let (c, rows) = (plane % channels, band.min(height - first));
        let top = (first + s.padding[0]) / down;
        let seen = reach[0] + (first + rows - 1 + s.padding[0]) / down - top + 1;
        let count = width.div_ceil(right);
        scratch(seen * line + count, |memory| {
            let (lines, one) = memory.split_at_mut(seen * line);
            copied(
                &g[plane * m..][..m],
                s.out,
                [top as isize - reach[0] as isize, -(reach[1] as isize)],
                1,
                line,
                lines,
            );
            for i in 0..rows {
                let row = first + i + s.padding[0];
                // SAFETY: this row is this piece's.
                let to = unsafe { std::slice::from_raw_parts_mut(out.at(plane * n + (first + i) * width), width) };
                for phase in 0..right.min(width) {
                    let column = phase + s.padding[1];
                    let taps = &taps[(c * down + row % down) * right + column % right];
                    // SAFETY: the lines of all taps are there, with `BEHIND` values more.
                    unsafe {
                        let from = lines.as_ptr().add((row / down - top) * line + column / right);
                        if right == 1 {
                            sums(level, from, taps, 0.0, to);
                            continue;
                        }
                        sums(level, from, taps, 0.0, &mut one[..(width - phase).div_ceil(right)]);
                    }
                    to[phase..].iter_mut().step_by(right).zip(&*one).for_each(|(to, &v)| *to = v);
                }
            }
        });
    });
    dx
}

/// How far up and to the left taps reach, in output pixels.
fn reach(s: &Shape) -> [usize; 2] {
    [0, 1].map(|i| ((s.kernel[i] - 1) * s.dilation[i]).div_ceil(s.stride[i]))
}

/// The taps that reach rows and columns of these remainders, counted with the border.
fn input_taps(s: &Shape, w: &[f32], [row, column]: [usize; 2], line: usize) -> Vec<Tap> {
    let mut taps = Vec::new();
    let reach = reach(s);
    for u in 0..s.kernel[0] {
        for v in 0..s.kernel[1] {
            let (down, right) = (u * s.dilation[0], v * s.dilation[1]);
            if down % s.stride[0] != row || right % s.stride[1] != column {
                continue;
            }
            // From the line that is `reach` above and to the left of the place.
            let at = [reach[0] - (down - row) / s.stride[0], reach[1] - (right - column) / s.stride[1]];
            taps.push((at[0] * line + at[1], w[u * s.kernel[1] + v]));
        }
    }
    taps
}

/// Lines of an image from row and column `from` on, zeros outside of it: for each row as many as `stride`, each with
/// its share of the columns.
fn copied(x: &[f32], [height, width]: [usize; 2], [top, left]: [isize; 2], stride: usize, line: usize, to: &mut [f32]) {
    for (i, rows) in to.chunks_exact_mut(stride * line).enumerate() {
        let row = top + i as isize;
        if row < 0 || row >= height as isize {
            rows.fill(0.0);
            continue;
        }
        let x = &x[row as usize * width..][..width];
        for (phase, to) in rows.chunks_exact_mut(line).enumerate() {
            // Column left + phase + j stride of the image stands at j.
            let before = (-left - phase as isize).max(0) as usize;
            let first = before.div_ceil(stride).min(line);
            to[..first].fill(0.0);
            let start = (left + (phase + first * stride) as isize) as usize;
            let count = width.saturating_sub(start).div_ceil(stride).min(line - first);
            if stride == 1 && count > 0 {
                to[first..first + count].copy_from_slice(&x[start..start + count]);
            } else if count > 0 {
                to[first..first + count].iter_mut().zip(x[start..].iter().step_by(stride)).for_each(|(to, &v)| *to = v);
            }
            to[first + count..].fill(0.0);
        }
    }
}

entry! {
    /// start + sum of weight * line over taps, for each pixel of a row.
    fn sums(from: *const f32, taps: &[Tap], start: f32, to: &mut [f32]) = sums_body
}

#[inline(always)]
unsafe fn sums_body<S: Simd>(_: S, from: *const f32, taps: &[Tap], start: f32, to: &mut [f32]) {
    let step = VECTORS * S::N;
    for (k, to) in to.chunks_mut(step).enumerate() {
        let mut total = [S::splat(start); VECTORS];
        let from = from.add(k * step);
        for &(at, w) in taps {
            let (w, from) = (S::splat(w), from.add(at));
            for (j, total) in total.iter_mut().enumerate() {
                *total = S::fma(w, S::load(from.add(j * S::N)), *total);
            }
        }
        if to.len() == step {
            (0..VECTORS).for_each(|j| S::store(to.as_mut_ptr().add(j * S::N), total[j]));
        } else {
            let mut rest = [0.0; BEHIND];
            (0..VECTORS).for_each(|j| S::store(rest.as_mut_ptr().add(j * S::N), total[j]));
            to.copy_from_slice(&rest[..to.len()]);
        }
    }
}

/// The gradient in the weight; images are added in order.
pub fn weight(level: Level, s: &Shape, x: &[f32], g: &[f32]) -> Vec<f32> {
    let (n, m, channels, [rows, columns]) = (s.size[0] * s.size[1], s.pixels(), s.channels[0], s.kernel);
    let mut dw = vec![0.0; channels * s.taps()];
    let out = Shared::new(&mut dw);
    each(channels * rows, s.heavy(), |piece| {
        let (c, u) = (piece / rows, piece % rows);
        // SAFETY: each piece has a row of a filter of its own.
        let to = unsafe { std::slice::from_raw_parts_mut(out.at(piece * columns), columns) };
        for image in 0..s.batch {
            let plane = image * channels + c;
            // SAFETY: both are whole images.
            unsafe { weight_plane(level, s, &x[plane * n..][..n], &g[plane * m..][..m], u, to) }
        }
    });
    dw
}

entry! {
    fn weight_plane(s: &Shape, x: &[f32], g: &[f32], u: usize, dw: &mut [f32]) = weight_body
}

#[inline(always)]
unsafe fn weight_body<S: Simd>(_: S, s: &Shape, x: &[f32], g: &[f32], u: usize, dw: &mut [f32]) {
    let (top, bottom) = s.inside(0, u);
    for (v, dw) in dw.iter_mut().enumerate() {
        let (left, right) = s.inside(1, v);
        for i in top..if left < right { bottom } else { top } {
            let from = s.source(0, u, i) * s.size[1] + s.source(1, v, left);
            *dw += dot::<S>(x.as_ptr().add(from), s.stride[1], g.as_ptr().add(i * s.out[1] + left), right - left);
        }
    }
}

#[inline(always)]
unsafe fn dot<S: Simd>(x: *const f32, step: usize, y: *const f32, count: usize) -> f32 {
    let (mut i, mut total) = (0, 0.0);
    if step == 1 {
        let mut sum = S::splat(0.0);
        while i + S::N <= count {
            sum = S::fma(S::load(x.add(i)), S::load(y.add(i)), sum);
            i += S::N;
        }
        // At most sixteen lanes.
        let mut lanes = [0.0f32; 16];
        S::store(lanes.as_mut_ptr(), sum);
        total = lanes.iter().sum();
    }
    while i < count {
        total += *x.add(i * step) * *y.add(i);
        i += 1;
    }
    total
}
