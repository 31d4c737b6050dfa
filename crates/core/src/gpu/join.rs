//! Up to four tensors joined along an axis in one launch, and split into as many as the device binds buffers for.

use super::group::{fits, UNITS};
use super::lists::{arrays, at_once, begin, ends, Arrays, Share};
use super::{empty, operand, units, value};
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;
use std::ops::Range;

/// Tensors of a launch.
const PARTS: usize = 4;

/// Rows of the parts are joined to parts of rows of `width`, from `start` on; `ends` are where parts end, counted from
/// there.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn join_kernel(
    a: &[f32],
    b: ComptimeOption<&[f32]>,
    c: ComptimeOption<&[f32]>,
    d: ComptimeOption<&[f32]>,
    y: &mut [f32],
    end_a: u32,
    end_b: u32,
    end_c: u32,
    end: u32,
    start: u32,
    width: u32,
    count: u32,
) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let (row, at) = (i / end, i % end);
    let mut found = 0.0f32;
    if at < end_a {
        found = a[(row * end_a + at) as usize];
    }
    #[comptime]
    if let ComptimeOption::Some(b) = b {
        if at >= end_a && at < end_b {
            found = b[(row * (end_b - end_a) + at - end_a) as usize];
        }
    }
    #[comptime]
    if let ComptimeOption::Some(c) = c {
        if at >= end_b && at < end_c {
            found = c[(row * (end_c - end_b) + at - end_b) as usize];
        }
    }
    #[comptime]
    if let ComptimeOption::Some(d) = d {
        if at >= end_c {
            found = d[(row * (end - end_c) + at - end_c) as usize];
        }
    }
    y[(row * width + start + at) as usize] = found;
}

/// Tensors of `rows` rows of so many numbers each, joined to a tensor of a shape; `None` on the cpu.
pub(crate) fn join(parts: &[(Value, usize)], rows: usize, shape: &[usize]) -> Option<Value> {
    let tensors = parts.iter().map(|(t, _)| operand(t).filter(fits)).collect::<Option<Vec<_>>>()?;
    let first = tensors.first()?.clone();
    let y = empty(&first, shape);
    if !fits(&y) {
        return None;
    }
    let (width, mut start) = (parts.iter().map(|(_, n)| n).sum::<usize>(), 0);
    for (tensors, parts) in tensors.chunks(PARTS).zip(parts.chunks(PARTS)) {
        let mut ends = [0; PARTS];
        for i in 0..PARTS {
            ends[i] = i.checked_sub(1).map_or(0, |i| ends[i]) + parts.get(i).map_or(0, |p| p.1);
        }
        let [a, b, c, end] = ends.map(|n| n as u32);
        let count = rows * ends[PARTS - 1];
        let (cubes, dim) = units(&first, count);
        let mut buffers = tensors.iter().cloned().map(CubeTensor::into_buffer_arg);
        // SAFETY: positions are in rows of the parts, of which `count` is the number, and in those of the result.
        unsafe {
            join_kernel::launch_unchecked(
                &first.client,
                cubes,
                dim,
                buffers.next()?,
                buffers.next().into(),
                buffers.next().into(),
                buffers.next().into(),
                y.clone().into_buffer_arg(),
                a,
                b,
                c,
                end,
                start as u32,
                width as u32,
                count as u32,
            );
        }
        start += ends[PARTS - 1];
    }
    Some(value(y))
}

/// Columns from `starts` on, `widths` of them, of rows of `width` numbers.
#[cube(launch_unchecked)]
fn split_kernel(
    x: &[f32],
    parts: &mut Arrays,
    ends: &Sequence<u32>,
    starts: &Sequence<u32>,
    widths: &Sequence<u32>,
    width: u32,
) {
    let group = CUBE_POS as u32;
    #[unroll]
    for k in 0..parts.len() {
        let first = begin(ends, k);
        let i = (group - first) * UNITS + UNIT_POS;
        let columns = *widths.index(k);
        if group >= first && group < *ends.index(k) && (i as usize) < parts.index(k).len() {
            let from = i / columns * width + *starts.index(k) + i % columns;
            parts.index_mut(k)[i as usize] = x[from as usize];
        }
    }
}

/// Columns of rows of `width` numbers, as tensors of so many rows of the given shapes; `None` on the cpu.
pub(crate) fn split(x: &Value, width: usize, parts: &[(&[usize], Range<usize>)]) -> Option<Vec<Value>> {
    let x = operand(x).filter(fits)?;
    let items: Vec<_> = parts.iter().map(|(shape, columns)| (empty(&x, shape), columns)).collect();
    let used: Vec<_> = items.iter().filter(|(t, _)| t.meta.num_elements() > 0).collect();
    for items in used.chunks(at_once(&x, 1, 1)) {
        let (ends, groups, group) = ends(items.iter().map(|(t, _)| t), Share::Unit)?;
        let numbers = |f: fn(&Range<usize>) -> usize| items.iter().map(|(_, columns)| f(columns) as u32).collect();
        let (from, to) = (x.clone().into_buffer_arg(), arrays(items.iter().map(|(t, _)| t)));
        let (starts, widths) = (numbers(|columns| columns.start), numbers(|columns| columns.len()));
        // SAFETY: the kernel compares its index with the length of the part, whose columns lie within rows of x.
        unsafe {
            let (client, ends) = (&x.client, ends.into_iter().collect());
            split_kernel::launch_unchecked(client, groups, group, from, to, ends, starts, widths, width as u32)
        };
    }
    Some(items.into_iter().map(|(t, _)| value(t)).collect())
}
