//! Norm of the channels of each pixel. A group of units takes neighbouring pixels, so that it reads neighbours in
//! memory, and divides the channels among its rows of units.

use super::group::{add_up, fits, groups, parts, PARTS, UNITS};
use super::norm::{lists, or_any, totals, Norm};
use super::{empty, operand, value};
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Pixels of a group, and rows of units.
const COLUMNS: u32 = 32;
const ROWS: u32 = UNITS / COLUMNS;

/// Mean of each pixel, and then variance.
#[derive(Clone)]
pub(crate) struct Used(CubeTensor);

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias.
#[cube(launch)]
fn forward_kernel(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    used: &mut [f32],
    pixels: u32,
    channels: u32,
    count: u32,
    apart: u32,
    epsilon: f32,
    #[comptime] weighted: bool,
    #[comptime] shifted: bool,
) {
    let first = CUBE_POS as u32 * COLUMNS;
    if first >= count {
        terminate!();
    }
    let (column, row) = (UNIT_POS % COLUMNS, UNIT_POS / COLUMNS);
    // Excess columns repeat the last pixel.
    let pixel = min(first + column, count - 1u32);
    let start = pixel / pixels * channels * pixels + pixel % pixels;
    let n = f32::cast_from(channels);
    let top = column as usize;
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    let mut sum = 0.0f32;
    let mut c = row;
    while c < channels {
        sum += x[(start + c * pixels) as usize];
        c += ROWS;
    }
    add_up(&mut lists, sum, 0.0f32, COLUMNS);
    // First near the mean, with the rounding errors of a sum of large values; what remains has not.
    let near = lists[top] / n;
    sync_cube();
    let mut rest = 0.0f32;
    let mut square = 0.0f32;
    c = row;
    while c < channels {
        let d = x[(start + c * pixels) as usize] - near;
        rest += d;
        square += d * d;
        c += ROWS;
    }
    add_up(&mut lists, rest, square, COLUMNS);
    let off = lists[top] / n;
    let mean = near + off;
    let variance = max(lists[top + 256usize] / n - off * off, 0.0f32);
    let root = 1.0f32 / (variance + epsilon).sqrt();
    if first + column < count {
        if row == 0u32 {
            used[pixel as usize] = mean;
            used[(apart + pixel) as usize] = variance;
        }
        c = row;
        while c < channels {
            let at = (start + c * pixels) as usize;
            let mut v = (x[at] - mean) * root;
            if comptime!(weighted) {
                v *= weight[c as usize];
            }
            if comptime!(shifted) {
                v += bias[c as usize];
            }
            y[at] = v;
            c += ROWS;
        }
    }
}

/// dx = r (h - mean h - z mean(h z)) with r = 1 / sqrt(variance + epsilon), z = (x - mean) r and h = weight g.
#[cube(launch)]
fn input_kernel(
    x: &[f32],
    g: &[f32],
    used: &[f32],
    weight: &[f32],
    dx: &mut [f32],
    pixels: u32,
    channels: u32,
    count: u32,
    apart: u32,
    epsilon: f32,
    #[comptime] weighted: bool,
) {
    let first = CUBE_POS as u32 * COLUMNS;
    if first >= count {
        terminate!();
    }
    let (column, row) = (UNIT_POS % COLUMNS, UNIT_POS / COLUMNS);
    let pixel = min(first + column, count - 1u32);
    let start = pixel / pixels * channels * pixels + pixel % pixels;
    let n = f32::cast_from(channels);
    let mean = used[pixel as usize];
    let root = 1.0f32 / (used[(apart + pixel) as usize] + epsilon).sqrt();
    let mut one = 0.0f32;
    let mut two = 0.0f32;
    let mut c = row;
    while c < channels {
        let at = (start + c * pixels) as usize;
        let mut h = g[at];
        if comptime!(weighted) {
            h *= weight[c as usize];
        }
        one += h;
        two += h * (x[at] - mean);
        c += ROWS;
    }
    let top = column as usize;
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    add_up(&mut lists, one, two * root, COLUMNS);
    let (plain, moved) = (lists[top] / n, lists[top + 256usize] / n);
    if first + column < count {
        c = row;
        while c < channels {
            let at = (start + c * pixels) as usize;
            let mut h = g[at];
            if comptime!(weighted) {
                h *= weight[c as usize];
            }
            dx[at] = root * (h - plain - (x[at] - mean) * root * moved);
            c += ROWS;
        }
    }
}

/// Sums of g, and of g z, over the parts of each channel.
#[cube(launch)]
fn sums_kernel(
    x: &[f32],
    g: &[f32],
    used: &[f32],
    partial: &mut [f32],
    pixels: u32,
    channels: u32,
    length: u32,
    parts: u32,
    part: u32,
    count: u32,
    apart: u32,
    epsilon: f32,
) {
    let group = CUBE_POS as u32;
    if group >= count {
        terminate!();
    }
    let (channel, from) = (group / parts, group % parts * part);
    let to = min(from + part, length);
    let mut one = 0.0f32;
    let mut two = 0.0f32;
    let mut i = from + UNIT_POS;
    while i < to {
        let at = ((i / pixels * channels + channel) * pixels + i % pixels) as usize;
        let root = 1.0f32 / (used[(apart + i) as usize] + epsilon).sqrt();
        one += g[at];
        two += g[at] * (x[at] - used[i as usize]) * root;
        i += UNITS;
    }
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    add_up(&mut lists, one, two, 1u32);
    if UNIT_POS == 0u32 {
        partial[group as usize] = lists[0usize];
        partial[(count + group) as usize] = lists[256usize];
    }
}

/// The normalised values; `None` on the cpu. Of `norm`, groups and slope do not count.
pub(crate) fn forward(norm: &Norm, x: &Value) -> Option<(Value, Used)> {
    let x = operand(x).filter(fits)?;
    let (weight, bias) = (or_any(norm.weight, &x)?, or_any(norm.bias, &x)?);
    let [batch, channels, pixels] = norm.planes;
    let count = batch * pixels;
    let (y, used) = (empty(&x, &norm.planes), lists(&x, 2, count));
    let (cubes, dim) = groups(count.div_ceil(COLUMNS as usize));
    forward_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        weight.into_buffer_arg(),
        bias.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        used.clone().into_buffer_arg(),
        pixels as u32,
        channels as u32,
        count as u32,
        (used.meta.num_elements() / 2) as u32,
        norm.epsilon as f32,
        norm.weight.is_some(),
        norm.bias.is_some(),
    );
    Some((value(y), Used(used)))
}

/// Gradients in x, where `needed`, and in weight and bias, where these are `asked` for.
pub(crate) fn gradient(
    norm: &Norm,
    x: &Value,
    g: &Value,
    Used(used): &Used,
    needed: bool,
    asked: bool,
) -> Option<(Option<Value>, Option<[Value; 2]>)> {
    let (x, g) = (operand(x)?, operand(g)?);
    let [batch, channels, pixels] = norm.planes;
    let (count, apart) = (batch * pixels, used.meta.num_elements() / 2);
    let dx = if needed { Some(empty(&x, &norm.planes)) } else { None };
    if let Some(dx) = &dx {
        let (cubes, dim) = groups(count.div_ceil(COLUMNS as usize));
        input_kernel::launch(
            &x.client,
            cubes,
            dim,
            x.clone().into_buffer_arg(),
            g.clone().into_buffer_arg(),
            used.clone().into_buffer_arg(),
            or_any(norm.weight, &x)?.into_buffer_arg(),
            dx.clone().into_buffer_arg(),
            pixels as u32,
            channels as u32,
            count as u32,
            apart as u32,
            norm.epsilon as f32,
            norm.weight.is_some(),
        );
    }
    if !asked {
        return Some((dx.map(value), None));
    }
    let (sums, sum) = parts(count, PARTS);
    let partial = empty(&x, &[2 * channels * sums]);
    let (cubes, dim) = groups(channels * sums);
    sums_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        g.into_buffer_arg(),
        used.clone().into_buffer_arg(),
        partial.clone().into_buffer_arg(),
        pixels as u32,
        channels as u32,
        count as u32,
        sums as u32,
        sum as u32,
        (channels * sums) as u32,
        apart as u32,
        norm.epsilon as f32,
    );
    Some((dx.map(value), Some(totals(&partial, channels, 1, sums))))
}
