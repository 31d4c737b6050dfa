//! Softmax along an axis and its gradient in one launch each: a group of units for a line of neighbours, or a unit for
//! a line where lines lie beside each other in memory.

use super::group::{fits, groups, total, UNITS};
use super::{empty, operand, units, value};
use crate::kernel::softmax::Lines;
use crate::storage::Value;
use cubecl::prelude::*;

/// Lines are taken by one unit each from this number of them beside each other on, or below this length.
const BESIDE: usize = 16;
const SHORT: usize = 64;

/// The largest number of the units of a group. All units must call it.
#[cube]
fn largest(one: f32) -> f32 {
    let mut list = Shared::<[f32]>::new_slice(UNITS as usize);
    let unit = UNIT_POS as usize;
    list[unit] = one;
    #[unroll]
    for i in 1..=comptime!(UNITS.ilog2()) {
        sync_cube();
        let half = comptime!((UNITS >> i) as usize);
        if unit < half {
            let other = list[unit + half];
            if other > list[unit] || other.is_nan() {
                list[unit] = other;
            }
        }
    }
    sync_cube();
    list[0usize]
}

/// The sum of the units of a group, for all of them.
#[cube]
fn sum_for_all(one: f32) -> f32 {
    let mut sum = Shared::<[f32]>::new_slice(1usize);
    let found = total(one);
    if UNIT_POS == 0u32 {
        sum[0usize] = found;
    }
    sync_cube();
    sum[0usize]
}

/// y = e^(x - max x) / sum e^(x - max x); with `back`, of x and the gradient g of it, x (g - sum g x).
#[cube(launch_unchecked)]
fn softmax_kernel(
    x: &[f32],
    g: &[f32],
    y: &mut [f32],
    lines: u32,
    length: u32,
    inner: u32,
    #[comptime] alone: bool,
    #[comptime] back: bool,
) {
    let mut line = CUBE_POS as u32;
    let mut unit = UNIT_POS;
    let mut apart = UNITS.runtime();
    if comptime!(alone) {
        line = ABSOLUTE_POS as u32;
        unit = 0u32;
        apart = 1u32;
    }
    if line >= lines {
        terminate!();
    }
    let start = line / inner * inner * length + line % inner;
    let end = start + length * inner;
    let (first, step) = (start + unit * inner, apart * inner);
    let mut sum = 0.0f32;
    if comptime!(back) {
        for i in range_stepped(first, end, step) {
            sum += g[i as usize] * x[i as usize];
        }
        if comptime!(!alone) {
            sum = sum_for_all(sum);
        }
        for i in range_stepped(first, end, step) {
            y[i as usize] = x[i as usize] * (g[i as usize] - sum);
        }
    } else {
        let mut most = x[min(first, end - inner) as usize];
        for i in range_stepped(first, end, step) {
            let v = x[i as usize];
            if v > most || v.is_nan() {
                most = v;
            }
        }
        if comptime!(!alone) {
            most = largest(most);
        }
        for i in range_stepped(first, end, step) {
            sum += (x[i as usize] - most).exp();
        }
        if comptime!(!alone) {
            sum = sum_for_all(sum);
        }
        for i in range_stepped(first, end, step) {
            y[i as usize] = (x[i as usize] - most).exp() / sum;
        }
    }
}

/// Whether a unit takes a line alone.
pub(super) fn is_alone(lines: &Lines) -> bool {
    lines.inner >= BESIDE || lines.length < SHORT
}

/// The softmax of the lines of x, or, for a gradient g of the result x, the gradient; `None` on the cpu.
pub(crate) fn softmax(x: &Value, g: Option<&Value>, s: Lines, shape: &[usize]) -> Option<Value> {
    let x = operand(x).filter(fits)?;
    let other = g.map_or_else(|| Some(x.clone()), operand)?;
    let (y, lines) = (empty(&x, shape), s.outer * s.inner);
    let alone = is_alone(&s);
    let (cubes, dim) = if alone { units(&x, lines) } else { groups(lines) };
    // SAFETY: there are so many lines of so many elements in all three tensors.
    unsafe {
        softmax_kernel::launch_unchecked(
            &x.client.clone(),
            cubes,
            dim,
            x.into_buffer_arg(),
            other.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            lines as u32,
            s.length as u32,
            s.inner as u32,
            alone,
            g.is_some(),
        );
    }
    Some(value(y))
}
