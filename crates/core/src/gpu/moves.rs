//! Elements that change their places along one or two axes, and the transpose of that, a unit for each result.

use super::group::fits;
use super::{empty, operand, units, value};
use crate::kernel::moves::{Border, Move};
use crate::storage::Value;
use cubecl::prelude::*;

/// Positions, and products of positions and steps, are below this.
const LARGEST: usize = 1 << 29;

/// `Move` in a kernel.
#[derive(CubeType, CubeLaunch)]
struct Axis {
    source: i32,
    result: i32,
    step: i32,
    offset: i32,
    divide: i32,
}

/// Sizes of the axes before, between and after those of the moves, and of the result.
#[derive(CubeType, CubeLaunch)]
struct Sizes {
    middle: u32,
    inner: u32,
}

/// The position in the source; outside of it where there is none.
#[cube]
fn position(k: i32, axis: &Axis, #[comptime] border: Border) -> i32 {
    let at = (axis.step * k + axis.offset) / axis.divide;
    match comptime!(border) {
        Border::Constant => at,
        Border::Reflect => {
            let last = axis.source - 1i32;
            last - (last - at.abs()).abs()
        }
        Border::Replicate => max(min(at, axis.source - 1i32), 0i32),
        Border::Circular => select(at < 0i32, at + axis.source, select(at >= axis.source, at - axis.source, at)),
    }
}

/// Positions of the result.
#[derive(CubeType)]
struct Range {
    first: i32,
    last: i32,
}

/// How many ranges of the result come from a position.
const fn images(border: Border) -> u32 {
    match border {
        Border::Constant | Border::Replicate => 1,
        Border::Reflect | Border::Circular => 3,
    }
}

/// The `image`-th range of the result that comes from position j; empty where there is none.
#[cube]
fn range(j: i32, image: i32, axis: &Axis, #[comptime] border: Border) -> Range {
    let last = axis.source - 1i32;
    let mut low = j;
    let mut high = j;
    match comptime!(border) {
        Border::Constant => {}
        Border::Replicate => {
            low = select(j == 0i32, -axis.result, j);
            high = select(j == last, last + axis.result, j);
        }
        Border::Reflect => {
            if image == 1i32 {
                low = -j;
            }
            if image == 2i32 {
                low = 2i32 * last - j;
            }
            // The outer ones are not repeated.
            if image > 0i32 && low == j {
                low = 4i32 * axis.result + 4i32 * axis.source;
            }
            high = low;
        }
        Border::Circular => {
            low = j + (image - 1i32) * axis.source;
            high = low;
        }
    }
    let mut first = axis.offset - high;
    let mut end = axis.offset - low;
    if axis.step > 0i32 {
        let to = high * axis.divide + axis.divide - 1i32 - axis.offset;
        first = (low * axis.divide - axis.offset + axis.step - 1i32) / axis.step;
        end = select(to < 0i32, -1i32, to / axis.step);
    }
    Range { first: max(first, 0i32), last: min(end, axis.result - 1i32) }
}

/// Coordinates of an element: along both axes of the moves, between, inside and outside of them.
#[derive(CubeType)]
struct Place {
    down: u32,
    across: u32,
    middle: u32,
    inner: u32,
    outer: u32,
}

/// The place of element `at` of a tensor with so many along the axes of the moves.
#[cube]
fn place(at: u32, down: u32, across: u32, sizes: &Sizes) -> Place {
    let (inner, rest) = (at % sizes.inner, at / sizes.inner);
    let (column, rest) = (rest % across, rest / across);
    let (middle, rest) = (rest % sizes.middle, rest / sizes.middle);
    Place { down: rest % down, across: column, middle, inner, outer: rest / down }
}

/// y[o, k, m, l, i] = x[o, p(k), m, q(l), i], or `fill` where there is no such element.
#[cube(launch_unchecked)]
fn move_kernel(
    x: &[f32],
    y: &mut [f32],
    down: Axis,
    across: Axis,
    sizes: Sizes,
    fill: f32,
    #[comptime] borders: [Border; 2],
) {
    let i = ABSOLUTE_POS;
    if i >= y.len() {
        terminate!();
    }
    let at = place(i as u32, down.result as u32, across.result as u32, &sizes);
    let p = position(at.down as i32, &down, comptime!(borders[0]));
    let q = position(at.across as i32, &across, comptime!(borders[1]));
    let inside = p >= 0i32 && p < down.source && q >= 0i32 && q < across.source;
    let row = (at.outer * down.source as u32 + p as u32) * sizes.middle + at.middle;
    let from = (row * across.source as u32 + q as u32) * sizes.inner + at.inner;
    y[i] = select(inside, x[select(inside, from, 0u32) as usize], fill);
}

/// The transpose: sums of the results that come from an element.
#[cube(launch_unchecked)]
fn gather_kernel(g: &[f32], x: &mut [f32], down: Axis, across: Axis, sizes: Sizes, #[comptime] borders: [Border; 2]) {
    let i = ABSOLUTE_POS;
    if i >= x.len() {
        terminate!();
    }
    let at = place(i as u32, down.source as u32, across.source as u32, &sizes);
    let mut sum = 0.0f32;
    for u in 0..comptime!(images(borders[0])) {
        let rows = range(at.down as i32, u as i32, &down, comptime!(borders[0]));
        for v in 0..comptime!(images(borders[1])) {
            let columns = range(at.across as i32, v as i32, &across, comptime!(borders[1]));
            let mut k = rows.first;
            while k <= rows.last {
                let row = (at.outer * down.result as u32 + k as u32) * sizes.middle + at.middle;
                let mut l = columns.first;
                while l <= columns.last {
                    sum += g[((row * across.result as u32 + l as u32) * sizes.inner + at.inner) as usize];
                    l += 1i32;
                }
                k += 1i32;
            }
        }
    }
    x[i] = sum;
}

/// Whether the kernels count the positions of a move.
fn counts(m: &Move) -> bool {
    let reach = m.step.unsigned_abs().saturating_mul(m.result).saturating_add(m.offset.unsigned_abs());
    reach < LARGEST && (m.source + m.result).saturating_mul(m.divide) < LARGEST
}

/// The elements of x moved along two axes, as a tensor of a shape, or with `back` the transpose of that; `sizes` are
/// those between the two axes and after them. `None` on the cpu.
pub(crate) fn moved(
    x: &Value,
    moves: [Move; 2],
    [middle, inner]: [usize; 2],
    fill: f64,
    back: bool,
    shape: &[usize],
) -> Option<Value> {
    let x = operand(x).filter(fits)?;
    let y = empty(&x, shape);
    if !fits(&y) || !moves.iter().all(counts) {
        return None;
    }
    let [down, across] = moves
        .map(|m| AxisLaunch::new(m.source as i32, m.result as i32, m.step as i32, m.offset as i32, m.divide as i32));
    let borders = moves.map(|m| m.border);
    let sizes = SizesLaunch::new(middle as u32, inner as u32);
    let (client, (cubes, dim)) = (x.client.clone(), units(&x, y.meta.num_elements()));
    let (from, to) = (x.into_buffer_arg(), y.clone().into_buffer_arg());
    // SAFETY: kernels compare their index with the length of the result, and positions with those of the operand.
    unsafe {
        if back {
            gather_kernel::launch_unchecked(&client, cubes, dim, from, to, down, across, sizes, borders);
        } else {
            move_kernel::launch_unchecked(&client, cubes, dim, from, to, down, across, sizes, fill as f32, borders);
        }
    }
    Some(value(y))
}
