//! The gradient of samples in the image.

use super::window::{both, centre, first, pixel, position, weight, Window, CHANNELS};
use crate::gpu::group::{fits, groups};
use crate::gpu::{empty, value};
use crate::kernel::sample::{Rule, SampleShape};
use crate::storage::Value;
use cubecl::prelude::*;

/// Side of the tiles of pixels, and of the blocks of positions.
const SIDE: u32 = 16;

/// Smallest and largest row, then column, of the windows of each block of positions: four numbers.
#[cube(launch)]
fn bounds_kernel(
    grid: &[f32],
    out: &mut [f32],
    rows: u32,
    columns: u32,
    height: u32,
    width: u32,
    count: u32,
    #[comptime] w: Window,
) {
    let group = CUBE_POS as u32;
    if group >= count {
        terminate!();
    }
    let across = columns.div_ceil(SIDE);
    let blocks = rows.div_ceil(SIDE) * across;
    let (block, image) = (group % blocks, group / blocks);
    let (h, n) = (f32::cast_from(height), f32::cast_from(width));
    // Excess units repeat the last position.
    let row = min(block / across * SIDE + UNIT_POS / SIDE, rows - 1u32);
    let column = min(block % across * SIDE + UNIT_POS % SIDE, columns - 1u32);
    let from = (2u32 * ((image * rows + row) * columns + column)) as usize;
    let mut lists = Shared::<[f32]>::new_slice(1024usize);
    let unit = UNIT_POS as usize;
    let top = first(centre(position(grid[from + 1usize], h, w), h, w), w);
    let left = first(centre(position(grid[from], n, w), n, w), w);
    // The smallest of the negatives is the largest.
    let mut low = h + 0.0f32;
    let mut high = 1.0f32;
    let mut near = n + 0.0f32;
    let mut far = 1.0f32;
    for k in 0..w.size {
        let (i, j) = (pixel(top + f32::cast_from(k), h, w), pixel(left + f32::cast_from(k), n, w));
        if i >= 0i32 {
            low = min(low, f32::cast_from(i));
            high = min(high, -f32::cast_from(i));
        }
        if j >= 0i32 {
            near = min(near, f32::cast_from(j));
            far = min(far, -f32::cast_from(j));
        }
    }
    lists[unit] = low;
    lists[unit + 256usize] = high;
    lists[unit + 512usize] = near;
    lists[unit + 768usize] = far;
    sync_cube();
    let mut half = 128u32;
    while half >= 1u32 {
        if UNIT_POS < half {
            for k in 0..4usize {
                let at = unit + 256usize * k;
                lists[at] = min(lists[at], lists[at + half as usize]);
            }
        }
        sync_cube();
        half /= 2u32;
    }
    if UNIT_POS < 4u32 {
        out[(4u32 * group + UNIT_POS) as usize] = lists[(256u32 * UNIT_POS) as usize];
    }
}

/// The sum of the weights of the samples of a window that are a pixel.
#[cube]
fn weight_of(p: f32, at: i32, n: f32, #[comptime] w: Window) -> f32 {
    let start = first(p, w);
    let mut sum = 0.0f32;
    for k in 0..w.size {
        let sample = start + f32::cast_from(k);
        if pixel(sample, n, w) == at {
            sum += weight(p - sample, w);
        }
    }
    sum
}

/// Whether a window has a sample among the `SIDE` pixels from one on.
#[cube]
fn touches(p: f32, from: i32, n: f32, #[comptime] w: Window) -> bool {
    let start = first(p, w);
    let mut found = false;
    for k in 0..w.size {
        let at = pixel(start + f32::cast_from(k), n, w);
        if at >= from && at < from + i32::cast_from(SIDE) {
            found = true;
        }
    }
    found
}

/// The gradient in the image [B, C, H, W]: a group for each tile of `CHANNELS` channels. Of each block of positions
/// near the tile, those that touch it are listed in their order, and each pixel adds what is its own.
#[cube(launch)]
fn image_kernel(
    g: &[f32],
    grid: &[f32],
    bounds: &[f32],
    out: &mut [f32],
    channels: u32,
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
    count: u32,
    #[comptime] w: Window,
) {
    let group = CUBE_POS as u32;
    if group >= count {
        terminate!();
    }
    let (tiles_across, across) = (width.div_ceil(SIDE), columns.div_ceil(SIDE));
    let tiles = height.div_ceil(SIDE) * tiles_across;
    let blocks = rows.div_ceil(SIDE) * across;
    let chunks = channels.div_ceil(CHANNELS);
    let (tile, chunk, image) = (group % tiles, group / tiles % chunks, group / tiles / chunks);
    let (top, left) = (tile / tiles_across * SIDE, tile % tiles_across * SIDE);
    let (h, n) = (f32::cast_from(height), f32::cast_from(width));
    let (row, column) = (top + UNIT_POS / SIDE, left + UNIT_POS % SIDE);
    let c = chunk * CHANNELS;
    let last = channels - 1u32;
    let positions = rows * columns;
    let plane = (image * channels + c) * positions;
    let second = (min(c + 1u32, last) - c) * positions;
    let third = (min(c + 2u32, last) - c) * positions;
    let fourth = (min(c + 3u32, last) - c) * positions;
    let unit = UNIT_POS as usize;
    let mut hits = Shared::<[u32]>::new_slice(256usize);
    let mut sums = Shared::<[u32]>::new_slice(16usize);
    let mut listed = Shared::<[u32]>::new_slice(256usize);
    let mut downs = Shared::<[f32]>::new_slice(256usize);
    let mut rights = Shared::<[f32]>::new_slice(256usize);
    let mut a0 = 0.0f32;
    let mut a1 = 0.0f32;
    let mut a2 = 0.0f32;
    let mut a3 = 0.0f32;
    for block in 0..blocks {
        let at = (4u32 * (image * blocks + block)) as usize;
        let (low, high) = (bounds[at], -bounds[at + 1usize]);
        let (near, far) = (bounds[at + 2usize], -bounds[at + 3usize]);
        let meets = high >= f32::cast_from(top)
            && low < f32::cast_from(top + SIDE)
            && far >= f32::cast_from(left)
            && near < f32::cast_from(left + SIDE);
        if meets {
            let (i, j) = (block / across * SIDE + UNIT_POS / SIDE, block % across * SIDE + UNIT_POS % SIDE);
            let mut hit = 0u32;
            let mut down = 0.0f32;
            let mut right = 0.0f32;
            if i < rows && j < columns {
                let from = (2u32 * ((image * rows + i) * columns + j)) as usize;
                down = centre(position(grid[from + 1usize], h, w), h, w);
                right = centre(position(grid[from], n, w), n, w);
                if touches(down, i32::cast_from(top), h, w) && touches(right, i32::cast_from(left), n, w) {
                    hit = 1u32;
                }
            }
            hits[unit] = hit;
            sync_cube();
            if UNIT_POS < 16u32 {
                let mut sum = 0u32;
                for k in 0..16usize {
                    sum += hits[unit * 16usize + k];
                }
                sums[unit] = sum;
            }
            sync_cube();
            let own = unit / 16usize;
            let mut before = 0u32;
            let mut all = 0u32;
            for k in 0..16usize {
                if k < own {
                    before += sums[k];
                }
                all += sums[k];
            }
            if hit == 1u32 {
                for k in own * 16usize..unit {
                    before += hits[k];
                }
                listed[before as usize] = i * columns + j;
                downs[before as usize] = down;
                rights[before as usize] = right;
            }
            sync_cube();
            for k in 0..all {
                let by_row = weight_of(downs[k as usize], i32::cast_from(row), h, w);
                if by_row != 0.0f32 {
                    let share = by_row * weight_of(rights[k as usize], i32::cast_from(column), n, w);
                    if share != 0.0f32 {
                        let from = plane + listed[k as usize];
                        a0 += share * g[from as usize];
                        a1 += share * g[(from + second) as usize];
                        a2 += share * g[(from + third) as usize];
                        a3 += share * g[(from + fourth) as usize];
                    }
                }
            }
            sync_cube();
        }
    }
    if row < height && column < width {
        let pixels = height * width;
        let to = (image * channels + c) * pixels + row * width + column;
        out[to as usize] = a0;
        if c + 1u32 < channels {
            out[(to + pixels) as usize] = a1;
        }
        if c + 2u32 < channels {
            out[(to + 2u32 * pixels) as usize] = a2;
        }
        if c + 3u32 < channels {
            out[(to + 3u32 * pixels) as usize] = a3;
        }
    }
}

/// The gradient in the image.
pub(crate) fn by_image(g: &Value, grid: &Value, s: &SampleShape, rule: &Rule) -> Option<Value> {
    let (g, grid) = both(g, grid)?;
    let side = |n: usize| n.div_ceil(SIDE as usize);
    let blocks = s.batch * side(s.out[0]) * side(s.out[1]);
    let (bounds, window) = (empty(&g, &[4 * blocks]), Window::of(rule));
    let (cubes, dim) = groups(blocks);
    bounds_kernel::launch(
        &g.client,
        cubes,
        dim,
        grid.clone().into_buffer_arg(),
        bounds.clone().into_buffer_arg(),
        s.out[0] as u32,
        s.out[1] as u32,
        s.height as u32,
        s.width as u32,
        blocks as u32,
        window,
    );
    let out = empty(&g, &[s.batch, s.channels, s.height, s.width]);
    if !fits(&out) {
        return None;
    }
    let tiles = s.batch * s.channels.div_ceil(CHANNELS as usize) * side(s.height) * side(s.width);
    let (cubes, dim) = groups(tiles);
    image_kernel::launch(
        &g.client.clone(),
        cubes,
        dim,
        g.into_buffer_arg(),
        grid.into_buffer_arg(),
        bounds.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        s.channels as u32,
        s.height as u32,
        s.width as u32,
        s.out[0] as u32,
        s.out[1] as u32,
        tiles as u32,
        window,
    );
    Some(value(out))
}
