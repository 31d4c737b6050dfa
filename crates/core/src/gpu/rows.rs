//! Sums over the rows of arrays, of products and distances of two, and of squared differences of neighbours in one.

use super::group::{fits, groups, parts, total, PARTS, UNITS};
use super::{empty, operand, units, value};
use crate::kernel::variation::VariationShape;
use crate::storage::{physical, Value};
use adjoint_backend::Dispatch;
use cubecl::prelude::*;

/// What is summed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Term {
    /// a b
    Product,
    /// |a - b|
    Distance,
    /// (a - b)^2
    Square,
    /// (x_(i+1) - x_i)^2 along an axis of x = a
    Variation,
}

/// Rows of [outer, n, inner] elements; neighbours are `inner` apart.
fn sizes(s: VariationShape) -> (usize, usize) {
    (s.rows, s.outer * s.n * s.inner)
}

#[cube(launch)]
fn sums_kernel(
    a: &[f32],
    b: &[f32],
    y: &mut [f32],
    row: u32,
    parts: u32,
    part: u32,
    count: u32,
    n: u32,
    inner: u32,
    #[comptime] term: Term,
) {
    let group = CUBE_POS as u32;
    if group >= count {
        terminate!();
    }
    let (start, from) = (group / parts * row, group % parts * part);
    let to = min(from + part, row);
    let mut sum = 0.0f32;
    let mut i = from + UNIT_POS;
    while i < to {
        let at = (start + i) as usize;
        if comptime!(term == Term::Product) {
            sum += a[at] * b[at];
        }
        if comptime!(term == Term::Distance) {
            sum += (a[at] - b[at]).abs();
        }
        if comptime!(term == Term::Square) {
            let d = a[at] - b[at];
            sum += d * d;
        }
        if comptime!(term == Term::Variation) {
            let mut next = at;
            if i / inner % n + 1u32 < n {
                next = at + inner as usize;
            }
            let d = a[next] - a[at];
            sum += d * d;
        }
        i += UNITS;
    }
    let sum = total(sum);
    if UNIT_POS == 0u32 {
        y[group as usize] = sum;
    }
}

/// The gradient in a, for the gradient g of each row.
#[cube(launch)]
fn slopes_kernel(
    a: &[f32],
    b: &[f32],
    g: &[f32],
    y: &mut [f32],
    row: u32,
    count: u32,
    n: u32,
    inner: u32,
    #[comptime] term: Term,
) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let at = i as usize;
    let seed = g[(i / row) as usize];
    let mut slope = 0.0f32;
    if comptime!(term == Term::Variation) {
        let place = i / inner % n;
        let apart = inner as usize;
        if place > 0u32 {
            slope += a[at] - a[at - apart];
        }
        if place + 1u32 < n {
            slope -= a[at + apart] - a[at];
        }
        slope *= 2.0f32;
    } else {
        let d = a[at] - b[at];
        if comptime!(term == Term::Square) {
            slope = 2.0f32 * d;
        } else {
            if d > 0.0f32 {
                slope = 1.0f32;
            }
            if d < 0.0f32 {
                slope = f32::new(-1.0f32);
            }
        }
    }
    y[at] = seed * slope;
}

/// The sum of a term over each row, as a list; `None` on the cpu.
pub(crate) fn sums(term: Term, [a, b]: [&Value; 2], s: VariationShape) -> Option<Value> {
    let (a, b) = (operand(a).filter(fits)?, operand(b)?);
    let (rows, row) = sizes(s);
    let (parts, part) = parts(row, PARTS);
    let y = empty(&a, &[rows, parts]);
    let (cubes, dim) = groups(rows * parts);
    sums_kernel::launch(
        &a.client.clone(),
        cubes,
        dim,
        a.into_buffer_arg(),
        b.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        row as u32,
        parts as u32,
        part as u32,
        (rows * parts) as u32,
        s.n as u32,
        s.inner as u32,
        term,
    );
    let sums = if parts == 1 { value(y) } else { Dispatch::float_sum_dim(value(y), 1) };
    Some(Dispatch::float_reshape(sums, physical(&[rows])))
}

/// The gradient of `sums` in a, of a shape, for the gradient g of each row; not of products.
pub(crate) fn slopes(term: Term, [a, b]: [&Value; 2], g: &Value, s: VariationShape, shape: &[usize]) -> Option<Value> {
    let (a, b, g) = (operand(a).filter(fits)?, operand(b)?, operand(g)?);
    let (rows, row) = sizes(s);
    let y = empty(&a, shape);
    let (cubes, dim) = units(&a, rows * row);
    slopes_kernel::launch(
        &a.client.clone(),
        cubes,
        dim,
        a.into_buffer_arg(),
        b.into_buffer_arg(),
        g.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        row as u32,
        (rows * row) as u32,
        s.n as u32,
        s.inner as u32,
        term,
    );
    Some(value(y))
}
