//! Largest element and mean of windows, and what transposes them: a unit for each result, so that nothing is added
//! atomically.

use super::group::fits;
use super::{empty, operand, units, value};
use crate::kernel::conv::shape::ConvShape;
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Where the largest element of each window is in its plane: whole numbers.
#[derive(Clone)]
pub(crate) struct Places(CubeTensor);

/// The windows of all results, down and across; compiled into the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Windows {
    kernel: [u32; 2],
    stride: [u32; 2],
    padding: [u32; 2],
    dilation: [u32; 2],
}

impl Windows {
    fn of(s: &ConvShape) -> Self {
        let small = |sizes: [usize; 2]| sizes.map(|n| n as u32);
        Self {
            kernel: small(s.kernel),
            stride: small(s.stride),
            padding: small(s.padding),
            dilation: small(s.dilation),
        }
    }
}

/// Sizes of the planes of the images and of the results.
#[derive(CubeType, CubeLaunch)]
struct Sizes {
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
}

impl Sizes {
    fn of(s: &ConvShape) -> SizesLaunch {
        SizesLaunch::new(s.size[0] as u32, s.size[1] as u32, s.out[0] as u32, s.out[1] as u32)
    }
}

/// The position on an axis of a tap of a window; at least `size` where it is in the padding.
#[cube]
fn tap(at: u32, k: u32, #[comptime] stride: u32, #[comptime] dilation: u32, #[comptime] padding: u32) -> u32 {
    // Below zero it is a very large number.
    at * stride + k * dilation - padding
}

/// The window on an axis of which a position is tap `k`; at least `out` where there is none.
#[cube]
fn window(
    at: u32,
    k: u32,
    out: u32,
    #[comptime] stride: u32,
    #[comptime] dilation: u32,
    #[comptime] padding: u32,
) -> u32 {
    let moved = at + padding;
    let mut found = out;
    // Below zero it is a very large number.
    let steps = (moved - k * dilation) / stride;
    if steps * stride + k * dilation == moved {
        found = steps;
    }
    found
}

/// The first of equal elements wins; NaN is the largest.
#[cube(launch)]
fn largest_kernel(x: &[f32], y: &mut [f32], places: &mut [u32], s: Sizes, count: u32, #[comptime] w: Windows) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let (column, row, plane) = (i % s.columns, i / s.columns % s.rows, i / s.columns / s.rows * s.height * s.width);
    let mut place = 0u32;
    let mut best = 0.0f32;
    let mut found = false;
    for u in 0..w.kernel[0] {
        let p = tap(row, u, w.stride[0], w.dilation[0], w.padding[0]);
        if p < s.height {
            for v in 0..w.kernel[1] {
                let q = tap(column, v, w.stride[1], w.dilation[1], w.padding[1]);
                if q < s.width {
                    let at = p * s.width + q;
                    let value = x[(plane + at) as usize];
                    if !found || value > best || (value.is_nan() && !best.is_nan()) {
                        best = value;
                        place = at;
                        found = true;
                    }
                }
            }
        }
    }
    y[i as usize] = best;
    places[i as usize] = place;
}

/// The elements of v at the places.
#[cube(launch)]
fn pick_kernel(v: &[f32], places: &[u32], y: &mut [f32], pixels: u32, results: u32, count: u32) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    y[i as usize] = v[(i / results * pixels + places[i as usize]) as usize];
}

/// The transpose: g added at the places.
#[cube(launch)]
fn put_kernel(g: &[f32], places: &[u32], x: &mut [f32], s: Sizes, count: u32, #[comptime] w: Windows) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let (column, row, plane) = (i % s.width, i / s.width % s.height, i / s.width / s.height * s.rows * s.columns);
    let mut sum = 0.0f32;
    for u in 0..w.kernel[0] {
        let p = window(row, u, s.rows, w.stride[0], w.dilation[0], w.padding[0]);
        if p < s.rows {
            for v in 0..w.kernel[1] {
                let q = window(column, v, s.columns, w.stride[1], w.dilation[1], w.padding[1]);
                if q < s.columns {
                    let at = (plane + p * s.columns + q) as usize;
                    if places[at] == row * s.width + column {
                        sum += g[at];
                    }
                }
            }
        }
    }
    x[i as usize] = sum;
}

/// The number of taps of a window that are inside along an axis, or all of them.
#[cube]
fn taps(
    at: u32,
    size: u32,
    #[comptime] kernel: u32,
    #[comptime] stride: u32,
    #[comptime] dilation: u32,
    #[comptime] padding: u32,
    #[comptime] all: bool,
) -> f32 {
    let mut count = 0u32;
    for k in 0..kernel {
        if all || tap(at, k, stride, dilation, padding) < size {
            count += 1u32;
        }
    }
    f32::cast_from(count)
}

/// Means of the windows; of `all` taps, or of those inside.
#[cube(launch)]
fn mean_kernel(x: &[f32], y: &mut [f32], s: Sizes, count: u32, #[comptime] w: Windows, #[comptime] all: bool) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let (column, row, plane) = (i % s.columns, i / s.columns % s.rows, i / s.columns / s.rows * s.height * s.width);
    let mut sum = 0.0f32;
    for u in 0..w.kernel[0] {
        let p = tap(row, u, w.stride[0], w.dilation[0], w.padding[0]);
        if p < s.height {
            for v in 0..w.kernel[1] {
                let q = tap(column, v, w.stride[1], w.dilation[1], w.padding[1]);
                if q < s.width {
                    sum += x[(plane + p * s.width + q) as usize];
                }
            }
        }
    }
    let n = taps(row, s.height, w.kernel[0], w.stride[0], w.dilation[0], w.padding[0], all)
        * taps(column, s.width, w.kernel[1], w.stride[1], w.dilation[1], w.padding[1], all);
    y[i as usize] = sum / n;
}

/// The transpose of `mean_kernel`.
#[cube(launch)]
fn spread_kernel(g: &[f32], x: &mut [f32], s: Sizes, count: u32, #[comptime] w: Windows, #[comptime] all: bool) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let (column, row, plane) = (i % s.width, i / s.width % s.height, i / s.width / s.height * s.rows * s.columns);
    let mut sum = 0.0f32;
    for u in 0..w.kernel[0] {
        let p = window(row, u, s.rows, w.stride[0], w.dilation[0], w.padding[0]);
        if p < s.rows {
            let down = taps(p, s.height, w.kernel[0], w.stride[0], w.dilation[0], w.padding[0], all);
            for v in 0..w.kernel[1] {
                let q = window(column, v, s.columns, w.stride[1], w.dilation[1], w.padding[1]);
                if q < s.columns {
                    let across = taps(q, s.width, w.kernel[1], w.stride[1], w.dilation[1], w.padding[1], all);
                    sum += g[(plane + p * s.columns + q) as usize] / (down * across);
                }
            }
        }
    }
    x[i as usize] = sum;
}

/// The elements under each tap of the windows, zero in the padding.
#[cube(launch)]
fn unfold_kernel(x: &[f32], y: &mut [f32], s: Sizes, #[comptime] w: Windows) {
    let i = ABSOLUTE_POS;
    if i >= y.len() {
        terminate!();
    }
    let (column, rest) = (i as u32 % s.columns, i as u32 / s.columns);
    let (row, rest) = (rest % s.rows, rest / s.rows);
    let (v, rest) = (rest % w.kernel[1], rest / w.kernel[1]);
    let (u, plane) = (rest % w.kernel[0], rest / w.kernel[0]);
    let p = tap(row, u, w.stride[0], w.dilation[0], w.padding[0]);
    let q = tap(column, v, w.stride[1], w.dilation[1], w.padding[1]);
    let mut found = 0.0f32;
    if p < s.height && q < s.width {
        found = x[((plane * s.height + p) * s.width + q) as usize];
    }
    y[i] = found;
}

/// The transpose of `unfold_kernel`.
#[cube(launch)]
fn fold_kernel(g: &[f32], x: &mut [f32], s: Sizes, #[comptime] w: Windows) {
    let i = ABSOLUTE_POS;
    if i >= x.len() {
        terminate!();
    }
    let (column, rest) = (i as u32 % s.width, i as u32 / s.width);
    let (row, plane) = (rest % s.height, rest / s.height);
    let mut sum = 0.0f32;
    for u in 0..w.kernel[0] {
        let p = window(row, u, s.rows, w.stride[0], w.dilation[0], w.padding[0]);
        if p < s.rows {
            for v in 0..w.kernel[1] {
                let q = window(column, v, s.columns, w.stride[1], w.dilation[1], w.padding[1]);
                if q < s.columns {
                    let line = (plane * w.kernel[0] + u) * w.kernel[1] + v;
                    sum += g[((line * s.rows + p) * s.columns + q) as usize];
                }
            }
        }
    }
    x[i] = sum;
}

/// Numbers of results and of pixels, and the shapes of both.
fn results(s: &ConvShape) -> ([usize; 4], usize) {
    let shape = [s.batch, s.channels[0], s.out[0], s.out[1]];
    (shape, shape.iter().product())
}

fn pixels(s: &ConvShape) -> ([usize; 4], usize) {
    let shape = [s.batch, s.channels[0], s.size[0], s.size[1]];
    (shape, shape.iter().product())
}

/// The largest element of each window, and where it is; `None` on the cpu.
pub(crate) fn largest(s: &ConvShape, x: &Value) -> Option<(Value, Places)> {
    let x = operand(x).filter(fits)?;
    let (shape, count) = results(s);
    let (y, places) = (empty(&x, &shape), empty(&x, &shape));
    let (cubes, dim) = units(&x, count);
    largest_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        places.clone().into_buffer_arg(),
        Sizes::of(s),
        count as u32,
        Windows::of(s),
    );
    Some((value(y), Places(places)))
}

/// The elements of v, of the shape of the images, at the places.
pub(crate) fn pick(s: &ConvShape, v: &Value, Places(places): &Places) -> Option<Value> {
    let v = operand(v)?;
    let (shape, count) = results(s);
    let y = empty(&v, &shape);
    let (cubes, dim) = units(&v, count);
    pick_kernel::launch(
        &v.client.clone(),
        cubes,
        dim,
        v.into_buffer_arg(),
        places.clone().into_buffer_arg(),
        y.clone().into_buffer_arg(),
        (s.size[0] * s.size[1]) as u32,
        s.pixels() as u32,
        count as u32,
    );
    Some(value(y))
}

/// The transpose of `pick`.
pub(crate) fn put(s: &ConvShape, g: &Value, Places(places): &Places) -> Option<Value> {
    let g = operand(g)?;
    let (shape, count) = pixels(s);
    let x = empty(&g, &shape);
    let (cubes, dim) = units(&g, count);
    put_kernel::launch(
        &g.client.clone(),
        cubes,
        dim,
        g.into_buffer_arg(),
        places.clone().into_buffer_arg(),
        x.clone().into_buffer_arg(),
        Sizes::of(s),
        count as u32,
        Windows::of(s),
    );
    Some(value(x))
}

/// The mean of each window, of `all` taps with zeros in the padding or of those inside; its transpose with `back`.
pub(crate) fn mean(s: &ConvShape, t: &Value, all: bool, back: bool) -> Option<Value> {
    let t = operand(t).filter(fits)?;
    let (shape, count) = if back { pixels(s) } else { results(s) };
    let out = empty(&t, &shape);
    let (cubes, dim) = units(&t, count);
    let client = t.client.clone();
    let (from, to, count, w) = (t.into_buffer_arg(), out.clone().into_buffer_arg(), count as u32, Windows::of(s));
    if back {
        spread_kernel::launch(&client, cubes, dim, from, to, Sizes::of(s), count, w, all);
    } else {
        mean_kernel::launch(&client, cubes, dim, from, to, Sizes::of(s), count, w, all);
    }
    Some(value(out))
}

/// All windows as columns, [batch, channels, taps, windows]; with `back` the transpose of that. `None` on the cpu.
pub(crate) fn columns(s: &ConvShape, t: &Value, back: bool) -> Option<Value> {
    let t = operand(t).filter(fits)?;
    let shape = if back { pixels(s).0 } else { [s.batch, s.channels[0], s.taps(), s.pixels()] };
    let out = empty(&t, &shape);
    if !fits(&out) {
        return None;
    }
    let (client, (cubes, dim)) = (t.client.clone(), units(&t, shape.iter().product()));
    let (from, to, w) = (t.into_buffer_arg(), out.clone().into_buffer_arg(), Windows::of(s));
    if back {
        fold_kernel::launch(&client, cubes, dim, from, to, Sizes::of(s), w);
    } else {
        unfold_kernel::launch(&client, cubes, dim, from, to, Sizes::of(s), w);
    }
    Some(value(out))
}
