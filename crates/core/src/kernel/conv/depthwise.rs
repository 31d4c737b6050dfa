//! Direct convolutions of single channels. Rows are first copied between zeros and split by column modulo the stride
//! into contiguous phases: every tap is then a shift of a phase, whatever the padding, stride and dilation, and a pixel
//! is a sum over a list of shifts.

use super::shape::{ConvShape, Epilogue};
use crate::allocation::zeros;
use crate::kernel::parallel::{each, scratch, uninit, Shared};
use crate::kernel::simd::{entry, InstructionSet, Simd};

/// Approximate pixels of a band of rows: with the rows around it, it fits the second-level cache.
const PIXELS: usize = 1 << 14;
/// Vectors that are summed at a time.
const VECTORS: usize = 4;
/// Values that may be read past the end of a phase.
const OVERREAD: usize = VECTORS * 16;

/// A tap: the offset of its values from those of the first tap, and its weight.
type Tap = (usize, f32);

/// The product of numbers; `None` where it does not fit a number.
fn product(numbers: &[usize]) -> Option<usize> {
    numbers.iter().try_fold(1usize, |a, &b| a.checked_mul(b))
}

/// Columns of a phase, padding included.
fn phase_length(s: &ConvShape) -> Option<usize> {
    let (stride, width) = (s.stride[1], s.out[1]);
    let span = (width.max(1) - 1).checked_mul(stride)?.checked_add((s.kernel[1] - 1).checked_mul(s.dilation[1])?)?;
    Some((span / stride + 1).max(width) + OVERREAD)
}

/// Rows of a band of an image of this size.
fn band([height, width]: [usize; 2]) -> usize {
    (PIXELS / width.max(1)).clamp(1, height.max(1))
}

/// Values that `forward` takes beside its result: the phases of a band, and the taps.
pub fn forward_size(s: &ConvShape) -> Option<usize> {
    let rows =
        (band(s.out) - 1).checked_mul(s.stride[0])?.checked_add((s.kernel[0] - 1).checked_mul(s.dilation[0])?)?;
    let phases = product(&[rows.checked_add(1)?, s.stride[1], phase_length(s)?])?;
    phases.checked_add(product(&[4, s.channels[0], s.taps()])?)
}

/// Values that `input` takes beside its result: the rows of a band, and the lists of taps.
pub fn input_size(s: &ConvShape) -> Option<usize> {
    let reach = [0, 1].map(|i| (s.kernel[i] - 1).checked_mul(s.dilation[i]).map(|n| n.div_ceil(s.stride[i])));
    let [down, right] = [reach[0]?, reach[1]?];
    let read = down.checked_add(band(s.size) / s.stride[0])?.checked_add(2)?;
    let length =
        right.checked_add((s.size[1].saturating_add(s.padding[1])) / s.stride[1])?.checked_add(1 + OVERREAD)?;
    let lists = product(&[s.channels[0], s.stride[0], s.stride[1], 6])?;
    product(&[read, length])?.checked_add(lists)?.checked_add(product(&[4, s.channels[0], s.taps()])?)
}

/// The convolution of `x` with `w` [channels, 1, kernel].
pub fn forward(isa: InstructionSet, s: &ConvShape, x: &[f32], w: &[f32], epilogue: Epilogue) -> Vec<f32> {
    let (n, m, channels, [height, width]) = (s.size[0] * s.size[1], s.pixels(), s.channels[0], s.out);
    // SAFETY: tasks write disjoint rows that cover the result.
    let mut y = unsafe { uninit(s.batch * channels * m) };
    if y.is_empty() {
        return y;
    }
    let (out, stride) = (Shared::new(&mut y), s.stride[1]);
    let Some(length) = phase_length(s) else { return y };
    let band = band(s.out);
    let bands = height.div_ceil(band);
    let taps: Vec<Vec<Tap>> = w.chunks_exact(s.taps()).map(|w| forward_taps(s, w, length)).collect();
    each(s.batch * channels * bands, s.is_parallel(), |task| {
        let (plane, first) = (task / bands, task % bands * band);
        let (c, rows) = (plane % channels, band.min(height - first));
        let read = (rows - 1) * s.stride[0] + (s.kernel[0] - 1) * s.dilation[0] + 1;
        scratch(read * stride * length, |phases| {
            let top = (first * s.stride[0]) as isize - s.padding[0] as isize;
            copy_phases(&x[plane * n..][..n], s.size, [top, -(s.padding[1] as isize)], stride, length, phases);
            let start = epilogue.bias.map_or(0.0, |b| b[c]);
            for i in 0..rows {
                // SAFETY: the phases of all taps are there, with `OVERREAD` more values, and this row is this task's.
                let row = unsafe {
                    let row = std::slice::from_raw_parts_mut(out.at(plane * m + (first + i) * width), width);
                    sums(isa, phases.as_ptr().add(i * s.stride[0] * stride * length), &taps[c], start, row);
                    row
                };
                if epilogue.slope != 1.0 {
                    row.iter_mut().for_each(|v| *v = epilogue.activate(*v));
                }
            }
        });
    });
    y
}

/// y_ij = sum w_uv x_(i s + u d)(j s + v d)
fn forward_taps(s: &ConvShape, w: &[f32], length: usize) -> Vec<Tap> {
    let stride = s.stride[1];
    let offset = |t: usize| {
        let (u, column) = (t / s.kernel[1] * s.dilation[0], t % s.kernel[1] * s.dilation[1]);
        (u * stride + column % stride) * length + column / stride
    };
    w.iter().enumerate().map(|(t, &w)| (offset(t), w)).collect()
}

/// The gradient in the input: dx_rc = sum w_uv g_ij over r = i s + u d - p, c = j s + v d - p. Columns c that
/// are equal modulo the stride have the same taps.
pub fn input(isa: InstructionSet, s: &ConvShape, g: &[f32], w: &[f32]) -> Vec<f32> {
    let (n, m, channels, [height, width]) = (s.size[0] * s.size[1], s.pixels(), s.channels[0], s.size);
    // SAFETY: tasks write disjoint rows that cover the result.
    let mut dx = unsafe { uninit(s.batch * channels * n) };
    if dx.is_empty() {
        return dx;
    }
    let (out, [down, right]) = (Shared::new(&mut dx), s.stride);
    let reach = reach(s);
    let last = [0, 1].map(|i| (s.size[i] - 1 + s.padding[i]) / s.stride[i] + 1);
    let length = reach[1] + last[1] + OVERREAD;
    let band = band(s.size);
    let bands = height.div_ceil(band);
    // For each channel, row modulo the stride, and column modulo the stride.
    let taps: Vec<Vec<Tap>> = (0..channels * down * right)
        .map(|i| input_taps(s, &w[i / (down * right) * s.taps()..], [i / right % down, i % right], length))
        .collect();
    each(s.batch * channels * bands, s.is_parallel(), |task| {
        let (plane, first) = (task / bands, task % bands * band);
        let (c, rows) = (plane % channels, band.min(height - first));
        let top = (first + s.padding[0]) / down;
        let read = reach[0] + (first + rows - 1 + s.padding[0]) / down - top + 1;
        let count = width.div_ceil(right);
        scratch(read * length + count, |memory| {
            let (rows_of_g, phase_sums) = memory.split_at_mut(read * length);
            copy_phases(
                &g[plane * m..][..m],
                s.out,
                [top as isize - reach[0] as isize, -(reach[1] as isize)],
                1,
                length,
                rows_of_g,
            );
            for i in 0..rows {
                let row = first + i + s.padding[0];
                // SAFETY: this row is this task's.
                let to = unsafe { std::slice::from_raw_parts_mut(out.at(plane * n + (first + i) * width), width) };
                for phase in 0..right.min(width) {
                    let column = phase + s.padding[1];
                    let taps = &taps[(c * down + row % down) * right + column % right];
                    // SAFETY: the rows of all taps are there, with `OVERREAD` more values.
                    unsafe {
                        let from = rows_of_g.as_ptr().add((row / down - top) * length + column / right);
                        if right == 1 {
                            sums(isa, from, taps, 0.0, to);
                            continue;
                        }
                        sums(isa, from, taps, 0.0, &mut phase_sums[..(width - phase).div_ceil(right)]);
                    }
                    to[phase..].iter_mut().step_by(right).zip(&*phase_sums).for_each(|(to, &v)| *to = v);
                }
            }
        });
    });
    dx
}

/// The reach of the taps up and to the left, in output pixels.
fn reach(s: &ConvShape) -> [usize; 2] {
    [0, 1].map(|i| ((s.kernel[i] - 1) * s.dilation[i]).div_ceil(s.stride[i]))
}

/// The taps that reach the rows and columns, padding included, with these remainders modulo the stride.
fn input_taps(s: &ConvShape, w: &[f32], [row, column]: [usize; 2], length: usize) -> Vec<Tap> {
    let mut taps = Vec::new();
    let reach = reach(s);
    for u in 0..s.kernel[0] {
        for v in 0..s.kernel[1] {
            let (down, right) = (u * s.dilation[0], v * s.dilation[1]);
            if down % s.stride[0] != row || right % s.stride[1] != column {
                continue;
            }
            // Relative to the pixel that is `reach` above and to the left.
            let at = [reach[0] - (down - row) / s.stride[0], reach[1] - (right - column) / s.stride[1]];
            taps.push((at[0] * length + at[1], w[u * s.kernel[1] + v]));
        }
    }
    taps
}

/// Copies an image from row `top` and column `left`, zeros outside of it: for each row, `stride` phases of `length`
/// values, the phase p with columns p, p + stride, p + 2 stride, ...
fn copy_phases(
    x: &[f32],
    [height, width]: [usize; 2],
    [top, left]: [isize; 2],
    stride: usize,
    length: usize,
    to: &mut [f32],
) {
    for (i, rows) in to.chunks_exact_mut(stride * length).enumerate() {
        let row = top + i as isize;
        if row < 0 || row >= height as isize {
            rows.fill(0.0);
            continue;
        }
        let x = &x[row as usize * width..][..width];
        for (phase, to) in rows.chunks_exact_mut(length).enumerate() {
            // Element j is column left + phase + j stride of the image.
            let before = (-left - phase as isize).max(0) as usize;
            let first = before.div_ceil(stride).min(length);
            to[..first].fill(0.0);
            let start = (left + (phase + first * stride) as isize) as usize;
            let count = width.saturating_sub(start).div_ceil(stride).min(length - first);
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
    /// start + the sum over taps of weight times value, for each pixel of a row.
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
            let mut rest = [0.0; OVERREAD];
            (0..VECTORS).for_each(|j| S::store(rest.as_mut_ptr().add(j * S::N), total[j]));
            to.copy_from_slice(&rest[..to.len()]);
        }
    }
}

/// The gradient in the weight; images are summed in order.
pub fn weight(isa: InstructionSet, s: &ConvShape, x: &[f32], g: &[f32]) -> Vec<f32> {
    let (n, m, channels, [rows, columns]) = (s.size[0] * s.size[1], s.pixels(), s.channels[0], s.kernel);
    let mut dw = zeros(channels * s.taps());
    let out = Shared::new(&mut dw);
    each(channels * rows, s.is_parallel(), |task| {
        let (c, u) = (task / rows, task % rows);
        // SAFETY: each task writes its own row of a filter.
        let to = unsafe { std::slice::from_raw_parts_mut(out.at(task * columns), columns) };
        for image in 0..s.batch {
            let plane = image * channels + c;
            // SAFETY: both slices are whole planes.
            unsafe { weight_plane(isa, s, &x[plane * n..][..n], &g[plane * m..][..m], u, to) }
        }
    });
    dw
}

entry! {
    fn weight_plane(s: &ConvShape, x: &[f32], g: &[f32], u: usize, dw: &mut [f32]) = weight_body
}

#[inline(always)]
unsafe fn weight_body<S: Simd>(_: S, s: &ConvShape, x: &[f32], g: &[f32], u: usize, dw: &mut [f32]) {
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
