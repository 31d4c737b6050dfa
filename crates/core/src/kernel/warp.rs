//! Projective maps of pixel positions, in float64, and images gathered from the nearest pixels.

use super::element::Element;
use super::parallel::{each, uninit, Shared, MIN_PARALLEL_SAMPLES};
use super::simd::{entry, isa, Simd};
use crate::allocation::zeros;
use crate::sampling::reflect;

/// Positions that are computed together.
const BLOCK: usize = 64;
/// Positions, or values, per task.
const CHUNK: usize = 1 << 12;
/// The index of a position outside the image.
const OUTSIDE: u32 = u32::MAX;

/// A projective map from pixels (column, row, 1) of the result to those of the source, a 3 x 3 matrix by rows, and how
/// positions are mapped into the source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PixelMap<'a> {
    pub map: &'a [f64],
    /// Height and width of the source.
    pub source: [usize; 2],
    /// Whether positions are reflected at the centres of the outer pixels.
    pub mirrored: bool,
    /// Whether positions are rounded to the nearest pixel, halves to even.
    pub nearest: bool,
}

/// The nearest integer, where rounding errors do not move a position off a half: sines and cosines differ between
/// machines in the last digit.
#[inline(always)]
fn nearest_integer(v: f64) -> f64 {
    const STEPS: f64 = (1u32 << 20) as f64;
    ((v * STEPS).round_ties_even() / STEPS).round_ties_even()
}

#[inline(always)]
fn source_positions_of<S: Simd>(_: S, map: &PixelMap, row: f64, from: usize, to: &mut [[f64; BLOCK]; 2]) {
    let &PixelMap { map, source: [height, width], mirrored, nearest } = map;
    let down = [1, 4, 7].map(|k| map[k] * row + map[k + 1]);
    let right = [0, 3, 6].map(|k| map[k]);
    let [rows, columns] = to;
    for p in 0..BLOCK {
        let column = (from + p) as f64;
        let z = right[2] * column + down[2];
        // A point at infinity has no position; it keeps its direction.
        let scale = if z.abs() > 1e-8 { 1.0 / z } else { 1.0 };
        columns[p] = scale * (right[0] * column + down[0]);
        rows[p] = scale * (right[1] * column + down[1]);
    }
    for (list, n) in [(rows, height), (columns, width)] {
        if mirrored {
            let span = n as f64 - 1.0;
            list.iter_mut().for_each(|v| *v = if span == 0.0 { 0.0 } else { reflect(*v, 0.0, span).0 });
        }
        if nearest {
            list.iter_mut().for_each(|v| *v = nearest_integer(*v));
        }
    }
}
entry! {
    /// Rows and columns of the source for a block of pixels of a row, from column `from`.
    fn source_positions(map: &PixelMap, row: f64, from: usize, to: &mut [[f64; BLOCK]; 2]) = source_positions_of
}

/// Calls `f` with the row and column of the source and the `width` values to write, for each of `size` pixels of each
/// map.
fn positions<T: Copy + Send>(
    maps: &[f64],
    size: [usize; 2],
    like: PixelMap,
    width: usize,
    f: impl Fn([f64; 2], &mut [T]) + Sync,
) -> Vec<T> {
    let [height, across] = size;
    let rows = maps.len() / 9 * height;
    // SAFETY: tasks write disjoint rows that cover the result.
    let mut out = unsafe { uninit(rows * across * width) };
    let to = Shared::new(&mut out);
    let rows_per_task = (CHUNK / across.max(1)).max(1);
    let isa = isa();
    each(rows.div_ceil(rows_per_task), rows * across >= MIN_PARALLEL_SAMPLES, |task| {
        let mut block = [[0.0; BLOCK]; 2];
        for row in (task * rows_per_task..rows).take(rows_per_task) {
            let map = PixelMap { map: &maps[row / height * 9..][..9], ..like };
            for from in (0..across).step_by(BLOCK) {
                // SAFETY: the CPU has the instructions.
                unsafe { source_positions(isa, &map, (row % height) as f64, from, &mut block) };
                let [rows, columns] = &block;
                for (p, (&row_at, &column_at)) in rows.iter().zip(columns).take(across - from).enumerate() {
                    // SAFETY: tasks have disjoint rows.
                    f([row_at, column_at], unsafe {
                        std::slice::from_raw_parts_mut(to.at((row * across + from + p) * width), width)
                    });
                }
            }
        }
    });
    out
}

/// Positions (x, y) in [-1, 1] as `gridSample` takes them: -1 and 1 are the centres of the outer pixels with `corners`,
/// otherwise their outer edges.
pub(crate) fn grid<T: Element>(maps: &[f64], size: [usize; 2], like: PixelMap, corners: bool) -> Vec<T> {
    let unit = |n: usize| {
        let n = n as f64;
        match corners {
            true if n > 1.0 => [2.0 / (n - 1.0), -1.0],
            true => [0.0, 0.0],
            false => [2.0 / n, 1.0 / n - 1.0],
        }
    };
    let [down, right] = like.source.map(unit);
    positions(maps, size, like, 2, |[row, column], to| {
        to[0] = T::of(right[0] * column + right[1]);
        to[1] = T::of(down[0] * row + down[1]);
    })
}

/// The indices of the nearest pixels: outside the image `OUTSIDE`, or with `border` those of the border.
pub(crate) fn nearest(maps: &[f64], size: [usize; 2], like: PixelMap, border: bool) -> Vec<u32> {
    let [height, width] = like.source.map(|n| n as f64 - 1.0);
    positions(maps, size, like, 1, |[row, column], to| {
        let inside = (0.0..=height).contains(&row) && (0.0..=width).contains(&column);
        let index = row.max(0.0).min(height) * (width + 1.0) + column.max(0.0).min(width);
        to[0] = if inside || border { index as u32 } else { OUTSIDE };
    })
}

/// Sets of positions, the channels that share a set, pixels of a channel, and positions of a set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GatherShape {
    pub sets: usize,
    pub channels: usize,
    pub pixels: usize,
    pub positions: usize,
}

/// The pixels [sets, channels, positions] of x [sets, channels, pixels] with the indices `index` [sets, positions].
pub(crate) fn gather<T: Element>(x: &[T], index: &[u32], s: GatherShape) -> Vec<T> {
    let planes = s.sets * s.channels;
    // SAFETY: tasks write disjoint positions that cover the result.
    let mut out = unsafe { uninit(planes * s.positions) };
    let to = Shared::new(&mut out);
    let chunks = s.positions.div_ceil(CHUNK);
    each(planes * chunks, planes * s.positions >= MIN_PARALLEL_SAMPLES, |task| {
        let (plane, from) = (task / chunks, task % chunks * CHUNK);
        let count = CHUNK.min(s.positions - from);
        let x = &x[plane * s.pixels..][..s.pixels];
        // SAFETY: tasks have disjoint positions.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(plane * s.positions + from), count) };
        for (to, &i) in to.iter_mut().zip(&index[plane / s.channels * s.positions + from..][..count]) {
            *to = x.get(i as usize).copied().unwrap_or(T::zero());
        }
    });
    out
}

/// The transpose of `gather`: each value of g [sets, channels, positions] added to its pixel.
pub(crate) fn scatter<T: Element>(g: &[T], index: &[u32], s: GatherShape) -> Vec<T> {
    let planes = s.sets * s.channels;
    let mut out = zeros::<T>(planes * s.pixels);
    let to = Shared::new(&mut out);
    // Several positions may share a pixel, so a plane is one task.
    each(planes, planes * s.positions >= MIN_PARALLEL_SAMPLES, |plane| {
        // SAFETY: tasks have disjoint planes.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(plane * s.pixels), s.pixels) };
        for (&g, &i) in g[plane * s.positions..][..s.positions].iter().zip(&index[plane / s.channels * s.positions..]) {
            if let Some(to) = to.get_mut(i as usize) {
                *to += g;
            }
        }
    });
    out
}
