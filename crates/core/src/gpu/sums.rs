//! Sums over the images and pixels of each channel, and the gate of an activation with them: every group of units adds
//! a part of a channel, and a second launch adds the parts in a fixed order.

use super::group::{self, total, UNITS};
use super::lists::{arrays, begin, ends, Arrays, Share};
use super::{empty, operand, value};
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Groups that keep a large card busy.
const BUSY: usize = 1024;

/// Where element `i` of a channel lies in [images, channels, plane].
#[cube]
fn place(i: u32, channel: u32, channels: u32, plane: u32) -> usize {
    (((i / plane) * channels + channel) * plane + i % plane) as usize
}

/// partial[part, channel] = sum of x over a part of the channel's elements.
#[cube(launch_unchecked)]
fn channel_sums_kernel(x: &[f32], partial: &mut [f32], channels: u32, plane: u32, count: u32, part: u32) {
    let (channel, begin) = (CUBE_POS_X, CUBE_POS_Y * part);
    let end = min(begin + part, count);
    let mut sum = 0.0f32;
    for i in range_stepped(begin + UNIT_POS, end, UNITS) {
        sum += x[place(i, channel, channels, plane)];
    }
    let sum = total(sum);
    if UNIT_POS == 0 {
        partial[(CUBE_POS_Y * channels + channel) as usize] = sum;
    }
}

/// gated = g where sign > 0, else slope g; and its sums as of `channel_sums_kernel`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn gate_kernel(
    g: &[f32],
    sign: &[f32],
    gated: &mut [f32],
    partial: &mut [f32],
    channels: u32,
    plane: u32,
    count: u32,
    part: u32,
    slope: f32,
    #[comptime] relu: bool,
) {
    let (channel, begin) = (CUBE_POS_X, CUBE_POS_Y * part);
    let end = min(begin + part, count);
    let mut sum = 0.0f32;
    for i in range_stepped(begin + UNIT_POS, end, UNITS) {
        let at = place(i, channel, channels, plane);
        let mut below = 0.0f32;
        if comptime!(!relu) {
            below = slope * g[at];
        }
        let v = select(sign[at] <= 0.0, below, g[at]);
        gated[at] = v;
        sum += v;
    }
    let sum = total(sum);
    if UNIT_POS == 0 {
        partial[(CUBE_POS_Y * channels + channel) as usize] = sum;
    }
}

/// out[i] = sum_s partial[s, i], of each of some tensors.
#[cube(launch_unchecked)]
fn add_slices_kernel(partial: &Arrays, out: &mut Arrays, ends: &Sequence<u32>, slices: u32) {
    let group = CUBE_POS as u32;
    #[unroll]
    for k in 0..out.len() {
        let first = begin(ends, k);
        let i = ((group - first) * UNITS + UNIT_POS) as usize;
        let count = out.index(k).len();
        if group >= first && group < *ends.index(k) && i < count {
            let partial = partial.index(k);
            let mut sum = 0.0f32;
            for s in 0..slices {
                sum += partial[s as usize * count + i];
            }
            out.index_mut(k)[i] = sum;
        }
    }
}

/// Memory for `slices` partial results of a tensor: the tensor itself where there is one.
pub(super) fn slices_of(out: &CubeTensor, count: usize, slices: usize) -> CubeTensor {
    if slices == 1 {
        out.clone()
    } else {
        empty(out, &[slices, count])
    }
}

/// Adds partial results of `slices_of`, of a few tensors in one launch; `None` where 32 bits do not count them.
pub(super) fn add_slices(results: &[[&CubeTensor; 2]], slices: usize) -> Option<()> {
    if slices == 1 {
        return Some(());
    }
    let (ends, groups, group) = ends(results.iter().map(|&[_, out]| out), Share::Unit)?;
    let client = &results.first()?[1].client;
    let [partial, out] = [0, 1].map(|i| arrays(results.iter().map(|tensors| tensors[i])));
    let ends = ends.into_iter().collect();
    // SAFETY: the kernel compares its index with the length of the result, of which there are `slices` parts.
    unsafe { add_slices_kernel::launch_unchecked(client, groups, group, partial, out, ends, slices as u32) };
    Some(())
}

/// How the elements of each channel of [images, channels, plane] are shared out: elements of a part, and parts. `None`
/// where 32 bits do not count them, or there are none.
fn parts([images, channels, plane]: [usize; 3]) -> Option<[usize; 2]> {
    let count = images.checked_mul(plane)?;
    let all = count.checked_mul(channels)?;
    if all == 0 || all >= 1 << 31 || channels > super::AXIS {
        return None;
    }
    let (parts, part) = group::parts(count, BUSY.div_ceil(channels));
    Some([part, parts])
}

/// The sums of each channel of [images, channels, plane], as `[channels]`; `None` on the cpu, and as of `parts`.
pub(crate) fn channel_sums(x: &Value, planes: [usize; 3]) -> Option<Value> {
    let ([part, slices], x) = (parts(planes)?, operand(x)?);
    let [images, channels, plane] = planes;
    let out = empty(&x, &[channels]);
    let partial = slices_of(&out, channels, slices);
    // SAFETY: elements are below the count of those of a channel, and there is a partial sum for each part and channel.
    unsafe {
        channel_sums_kernel::launch_unchecked(
            &x.client.clone(),
            CubeCount::Static(channels as u32, slices as u32, 1),
            CubeDim::new_1d(UNITS),
            x.into_buffer_arg(),
            partial.clone().into_buffer_arg(),
            channels as u32,
            plane as u32,
            (images * plane) as u32,
            part as u32,
        );
    }
    add_slices(&[[&partial, &out]], slices)?;
    Some(value(out))
}

/// g where `sign` > 0, else slope g, of [images, channels, plane], and its sums of each channel; `None` as of
/// `channel_sums`.
pub(crate) fn gate_and_sums(g: &Value, sign: &Value, planes: [usize; 3], slope: f64) -> Option<[Value; 2]> {
    let ([part, slices], g, sign) = (parts(planes)?, operand(g)?, operand(sign)?);
    let [images, channels, plane] = planes;
    let (gated, out) = (empty(&g, &g.meta.shape()[..]), empty(&g, &[channels]));
    let partial = slices_of(&out, channels, slices);
    // SAFETY: as of `channel_sums`; the three tensors have the same shape.
    unsafe {
        gate_kernel::launch_unchecked(
            &g.client.clone(),
            CubeCount::Static(channels as u32, slices as u32, 1),
            CubeDim::new_1d(UNITS),
            g.into_buffer_arg(),
            sign.into_buffer_arg(),
            gated.clone().into_buffer_arg(),
            partial.clone().into_buffer_arg(),
            channels as u32,
            plane as u32,
            (images * plane) as u32,
            part as u32,
            slope as f32,
            slope == 0.0,
        );
    }
    add_slices(&[[&partial, &out]], slices)?;
    Some([value(gated), value(out)])
}
