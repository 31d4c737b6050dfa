//! Samples of images at positions, and their gradients. The gradient in the image is gathered: a group of units owns a
//! tile of pixels and looks for the positions whose windows touch it, in blocks of positions, so that nothing is added
//! atomically.

mod image;
mod window;

pub(crate) use image::by_image;

use super::group::fits;
use super::{empty, operand, units, value};
use crate::kernel::sample::{Rule, SampleShape};
use crate::storage::Value;
use cubecl::prelude::*;
use window::{both, centre, first, fold_slope, pixel, position, scale, weight, weight_slope, Window, CHANNELS};

/// out [B, C, h, w]: a unit for each position and `CHANNELS` channels.
#[cube(launch)]
fn forward_kernel(
    x: &[f32],
    grid: &[f32],
    out: &mut [f32],
    channels: u32,
    height: u32,
    width: u32,
    positions: u32,
    count: u32,
    #[comptime] w: Window,
) {
    let unit = ABSOLUTE_POS as u32;
    if unit >= count {
        terminate!();
    }
    let chunks = channels.div_ceil(CHANNELS);
    let (at, chunk, image) = (unit % positions, unit / positions % chunks, unit / positions / chunks);
    let (h, n) = (f32::cast_from(height), f32::cast_from(width));
    let from = (2u32 * (image * positions + at)) as usize;
    let down = centre(position(grid[from + 1usize], h, w), h, w);
    let right = centre(position(grid[from], n, w), n, w);
    let (top, left) = (first(down, w), first(right, w));
    let pixels = height * width;
    let c = chunk * CHANNELS;
    let last = channels - 1u32;
    let plane = (image * channels + c) * pixels;
    let second = (min(c + 1u32, last) - c) * pixels;
    let third = (min(c + 2u32, last) - c) * pixels;
    let fourth = (min(c + 3u32, last) - c) * pixels;
    let mut a0 = 0.0f32;
    let mut a1 = 0.0f32;
    let mut a2 = 0.0f32;
    let mut a3 = 0.0f32;
    for i in 0..w.size {
        let y = top + f32::cast_from(i);
        let row = pixel(y, h, w);
        if row >= 0i32 {
            let by_row = weight(down - y, w);
            for j in 0..w.size {
                let z = left + f32::cast_from(j);
                let column = pixel(z, n, w);
                if column >= 0i32 {
                    let share = by_row * weight(right - z, w);
                    let p = plane + u32::cast_from(row) * width + u32::cast_from(column);
                    a0 += share * x[p as usize];
                    a1 += share * x[(p + second) as usize];
                    a2 += share * x[(p + third) as usize];
                    a3 += share * x[(p + fourth) as usize];
                }
            }
        }
    }
    let to = (image * channels + c) * positions + at;
    out[to as usize] = a0;
    if c + 1u32 < channels {
        out[(to + positions) as usize] = a1;
    }
    if c + 2u32 < channels {
        out[(to + 2u32 * positions) as usize] = a2;
    }
    if c + 3u32 < channels {
        out[(to + 3u32 * positions) as usize] = a3;
    }
}

/// The gradient in the grid: a unit for each position.
#[cube(launch)]
fn grid_kernel(
    x: &[f32],
    g: &[f32],
    grid: &[f32],
    out: &mut [f32],
    channels: u32,
    height: u32,
    width: u32,
    positions: u32,
    count: u32,
    #[comptime] w: Window,
) {
    let unit = ABSOLUTE_POS as u32;
    if unit >= count {
        terminate!();
    }
    let (at, image) = (unit % positions, unit / positions);
    let (h, n) = (f32::cast_from(height), f32::cast_from(width));
    let from = (2u32 * unit) as usize;
    let (below, beside) = (position(grid[from + 1usize], h, w), position(grid[from], n, w));
    let (down, right) = (centre(below, h, w), centre(beside, n, w));
    let (top, left) = (first(down, w), first(right, w));
    let pixels = height * width;
    let mut by_column = 0.0f32;
    let mut by_row = 0.0f32;
    for i in 0..w.size {
        let y = top + f32::cast_from(i);
        let row = pixel(y, h, w);
        if row >= 0i32 {
            for j in 0..w.size {
                let z = left + f32::cast_from(j);
                let column = pixel(z, n, w);
                if column >= 0i32 {
                    let mut sum = 0.0f32;
                    let mut p = image * channels * pixels + u32::cast_from(row) * width + u32::cast_from(column);
                    let mut q = image * channels * positions + at;
                    for _c in 0..channels {
                        sum += x[p as usize] * g[q as usize];
                        p += pixels;
                        q += positions;
                    }
                    by_column += weight(down - y, w) * weight_slope(right - z, j, w) * sum;
                    by_row += weight_slope(down - y, i, w) * weight(right - z, w) * sum;
                }
            }
        }
    }
    if comptime!(w.size == 2) {
        by_column *= fold_slope(beside, n, w);
        by_row *= fold_slope(below, h, w);
    }
    out[from] = by_column * scale(n, w);
    out[from + 1usize] = by_row * scale(h, w);
}

/// [B, C, h, w] of x [B, C, H, W] at the positions (x, y) of `grid` [B, h, w, 2]; `None` on the cpu.
pub(crate) fn forward(x: &Value, grid: &Value, s: &SampleShape, rule: &Rule) -> Option<Value> {
    let (x, grid) = both(x, grid)?;
    let out = empty(&x, &[s.batch, s.channels, s.out[0], s.out[1]]);
    if !fits(&out) {
        return None;
    }
    let count = s.batch * s.channels.div_ceil(CHANNELS as usize) * s.positions();
    let (cubes, dim) = units(&x, count);
    forward_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        grid.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        s.channels as u32,
        s.height as u32,
        s.width as u32,
        s.positions() as u32,
        count as u32,
        Window::of(rule),
    );
    Some(value(out))
}

/// The gradient in the grid, for the gradient g of the samples; not of nearest pixels, which have none.
pub(crate) fn by_grid(x: &Value, g: &Value, grid: &Value, s: &SampleShape, rule: &Rule) -> Option<Value> {
    let (x, grid) = both(x, grid)?;
    let g = operand(g).filter(fits)?;
    let out = empty(&x, &[s.batch, s.out[0], s.out[1], 2]);
    let count = s.batch * s.positions();
    let (cubes, dim) = units(&x, count);
    grid_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        g.into_buffer_arg(),
        grid.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        s.channels as u32,
        s.height as u32,
        s.width as u32,
        s.positions() as u32,
        count as u32,
        Window::of(rule),
    );
    Some(value(out))
}
