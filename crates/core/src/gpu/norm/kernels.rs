//! The kernels of batch and group norm.

use crate::gpu::group::{add_up, UNITS};
use cubecl::prelude::*;

/// Where the values of segments are, `inner` neighbours each, again after `stride`, and how they are divided.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Segments {
    pub inner: u32,
    pub stride: u32,
    /// Values of a segment.
    pub length: u32,
    /// Parts of a segment, values of a part, and parts of all segments.
    pub parts: u32,
    pub part: u32,
    pub count: u32,
}

/// The place of value `i` of a segment.
#[cube]
fn place(i: u32, segment: u32, inner: u32, stride: u32) -> usize {
    (i / inner * stride + segment * inner + i % inner) as usize
}

/// v after the activation.
#[cube]
fn activated(v: f32, slope: f32) -> f32 {
    let mut y = v;
    if v <= 0.0f32 {
        y = 0.0f32;
        if slope != 0.0f32 {
            y = slope * v;
        }
    }
    y
}

/// The gradient g before the activation of v.
#[cube]
fn gated(v: f32, g: f32, slope: f32) -> f32 {
    let mut h = g;
    if v <= 0.0f32 {
        h = 0.0f32;
        if slope != 0.0f32 {
            h = slope * g;
        }
    }
    h
}

/// Mean, and then variance, of each part of each segment: about a first mean, which has the rounding errors of a sum of
/// large values.
#[cube(launch)]
pub(super) fn moments_kernel(x: &[f32], partial: &mut [f32], s: Segments) {
    let group = CUBE_POS as u32;
    if group >= s.count {
        terminate!();
    }
    let (segment, from) = (group / s.parts, group % s.parts * s.part);
    let to = min(from + s.part, s.length);
    let n = f32::cast_from(to - from);
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    let mut sum = 0.0f32;
    let mut i = from + UNIT_POS;
    while i < to {
        sum += x[place(i, segment, s.inner, s.stride)];
        i += UNITS;
    }
    add_up(&mut lists, sum, 0.0f32, 1u32);
    let near = lists[0usize] / n;
    sync_cube();
    let mut rest = 0.0f32;
    let mut square = 0.0f32;
    i = from + UNIT_POS;
    while i < to {
        let d = x[place(i, segment, s.inner, s.stride)] - near;
        rest += d;
        square += d * d;
        i += UNITS;
    }
    add_up(&mut lists, rest, square, 1u32);
    if UNIT_POS == 0u32 {
        let off = lists[0usize] / n;
        partial[group as usize] = near + off;
        partial[(s.count + group) as usize] = max(lists[256usize] / n - off * off, 0.0f32);
    }
}

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias after the activation, from the moments of the parts, which
/// are combined first (Chan, Golub, LeVeque 1983, doi:10.1080/00031305.1983.10483115). `means` and `variances` are of
/// `given` parts of each segment.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn normalise_kernel(
    x: &[f32],
    means: &[f32],
    variances: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    used: &mut [f32],
    s: Segments,
    given: u32,
    given_part: u32,
    first_variance: u32,
    images: u32,
    channels: u32,
    run: u32,
    apart: u32,
    epsilon: f32,
    slope: f32,
    #[comptime] weighted: bool,
    #[comptime] shifted: bool,
) {
    let group = CUBE_POS as u32;
    if group >= s.count {
        terminate!();
    }
    let (segment, from) = (group / s.parts, group % s.parts * s.part);
    let to = min(from + s.part, s.length);
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    let mut n = 0.0f32;
    let mut own_mean = 0.0f32;
    let mut own_variance = 0.0f32;
    if UNIT_POS < given {
        let at = segment * given + UNIT_POS;
        n = f32::cast_from(min(given_part, s.length - UNIT_POS * given_part));
        own_mean = means[at as usize];
        own_variance = variances[(first_variance + at) as usize];
    }
    let all = f32::cast_from(s.length);
    add_up(&mut lists, n * own_mean, 0.0f32, 1u32);
    let near = lists[0usize] / all;
    sync_cube();
    let off = own_mean - near;
    add_up(&mut lists, n * off, n * (own_variance + off * off), 1u32);
    let rest = lists[0usize] / all;
    let mean = near + rest;
    let variance = max(lists[256usize] / all - rest * rest, 0.0f32);
    let root = 1.0f32 / (variance + epsilon).sqrt();
    let first = segment % images * channels;
    if UNIT_POS == 0u32 && from == 0u32 {
        used[segment as usize] = mean;
        used[(apart + segment) as usize] = variance;
        let mut shift = 0.0f32;
        if comptime!(shifted) {
            shift = bias[first as usize];
        }
        used[(2u32 * apart + segment) as usize] = shift;
    }
    let mut i = from + UNIT_POS;
    while i < to {
        let at = place(i, segment, s.inner, s.stride);
        let channel = (first + i / run) as usize;
        let mut scale = root;
        if comptime!(weighted) {
            scale = weight[channel] * root;
        }
        let mut v = (x[at] - mean) * scale;
        if comptime!(shifted) {
            v += bias[channel];
        }
        y[at] = activated(v, slope);
        i += UNITS;
    }
}

/// Sums of the gradient h before the activation, and then of h z with z = (x - mean) / sqrt(variance + epsilon), over
/// the parts of segments, of which `shared` have the same moments.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn sums_kernel(
    x: &[f32],
    g: &[f32],
    used: &[f32],
    weight: &[f32],
    partial: &mut [f32],
    s: Segments,
    shared: u32,
    channels: u32,
    apart: u32,
    epsilon: f32,
    slope: f32,
    #[comptime] weighted: bool,
) {
    let group = CUBE_POS as u32;
    if group >= s.count {
        terminate!();
    }
    let (segment, from) = (group / s.parts, group % s.parts * s.part);
    let to = min(from + s.part, s.length);
    let moments = segment / shared;
    let mean = used[moments as usize];
    let root = 1.0f32 / (used[(apart + moments) as usize] + epsilon).sqrt();
    let shift = used[(2u32 * apart + moments) as usize];
    let mut scale = root;
    if comptime!(weighted) {
        scale = weight[(segment % channels) as usize] * root;
    }
    let mut one = 0.0f32;
    let mut two = 0.0f32;
    let mut i = from + UNIT_POS;
    while i < to {
        let at = place(i, segment, s.inner, s.stride);
        let d = x[at] - mean;
        // Without an activation the shift does not count.
        let h = gated(d * scale + shift, g[at], slope);
        one += h;
        two += h * d;
        i += UNITS;
    }
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    add_up(&mut lists, one, two * root, 1u32);
    if UNIT_POS == 0u32 {
        partial[group as usize] = lists[0usize];
        partial[(s.count + group) as usize] = lists[256usize];
    }
}

/// dx = r (w h - share (sum w h + z sum w h z)) from the partial sums, `sums` for each channel, with r = 1 /
/// sqrt(variance + epsilon). With `listed`, for segments of one channel, also the gradients of weight and bias.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn input_kernel(
    x: &[f32],
    g: &[f32],
    used: &[f32],
    weight: &[f32],
    partial: &[f32],
    dx: &mut [f32],
    totals: &mut [f32],
    s: Segments,
    sums: u32,
    first_moved: u32,
    images: u32,
    channels: u32,
    run: u32,
    apart: u32,
    epsilon: f32,
    slope: f32,
    share: f32,
    #[comptime] weighted: bool,
    #[comptime] listed: bool,
) {
    let group = CUBE_POS as u32;
    if group >= s.count {
        terminate!();
    }
    let (segment, from) = (group / s.parts, group % s.parts * s.part);
    let to = min(from + s.part, s.length);
    let first = segment % images * channels;
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    let mut one = 0.0f32;
    let mut two = 0.0f32;
    let mut i = UNIT_POS;
    while i < channels * sums {
        let at = segment * channels * sums + i;
        let mut w = 1.0f32;
        if comptime!(weighted && !listed) {
            w = weight[(first + i / sums) as usize];
        }
        one += w * partial[at as usize];
        two += w * partial[(first_moved + at) as usize];
        i += UNITS;
    }
    add_up(&mut lists, one, two, 1u32);
    let mut plain = lists[0usize];
    let mut moved = lists[256usize];
    if comptime!(listed) {
        if UNIT_POS == 0u32 && from == 0u32 {
            totals[segment as usize] = moved;
            totals[(apart + segment) as usize] = plain;
        }
        if comptime!(weighted) {
            plain *= weight[first as usize];
            moved *= weight[first as usize];
        }
    }
    let mean = used[segment as usize];
    let root = 1.0f32 / (used[(apart + segment) as usize] + epsilon).sqrt();
    let shift = used[(2u32 * apart + segment) as usize];
    i = from + UNIT_POS;
    while i < to {
        let at = place(i, segment, s.inner, s.stride);
        let mut scale = root;
        if comptime!(weighted) {
            scale = weight[(first + i / run) as usize] * root;
        }
        let d = x[at] - mean;
        let h = gated(d * scale + shift, g[at], slope);
        dx[at] = scale * h - root * share * (plain + d * root * moved);
        i += UNITS;
    }
}

/// Gradients of weight and bias of each channel: the partial sums of h z and of h, `sums` for each of `images`.
#[cube(launch)]
pub(super) fn totals_kernel(partial: &[f32], totals: &mut [f32], channels: u32, images: u32, sums: u32, apart: u32) {
    let channel = CUBE_POS as u32;
    if channel >= channels {
        terminate!();
    }
    let mut one = 0.0f32;
    let mut two = 0.0f32;
    let mut i = UNIT_POS;
    while i < images * sums {
        let at = (i / sums * channels + channel) * sums + i % sums;
        one += partial[at as usize];
        two += partial[(images * channels * sums + at) as usize];
        i += UNITS;
    }
    let mut lists = Shared::<[f32]>::new_slice(512usize);
    add_up(&mut lists, one, two, 1u32);
    if UNIT_POS == 0u32 {
        totals[channel as usize] = lists[256usize];
        totals[(apart + channel) as usize] = lists[0usize];
    }
}
