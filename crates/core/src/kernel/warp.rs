//! Where projective maps take the pixels of an image, in float64 on the host, and images taken from their nearest
//! pixels.

use super::parallel::{each, unwritten, Shared};
use super::simd::{entry, Simd};
use super::value::{level, Real};

/// Positions that are worked on together.
const TOGETHER: usize = 64;
/// Positions, or values, of a piece of work, about.
const PIECE: usize = 1 << 12;
/// From so many positions, or values, on, threads pay.
const HEAVY: usize = 1 << 13;
/// The index of what lies outside.
const NOWHERE: u32 = u32::MAX;

/// A projective map of pixels (column, row, 1) of the result to those of the source, row by row, and how positions are
/// brought into the source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub map: &'a [f64],
    /// Height and width of the source.
    pub source: [usize; 2],
    /// Mirrors at the centres of the outer pixels.
    pub mirrored: bool,
    /// The nearest pixel, halves to even.
    pub nearest: bool,
}

#[inline(always)]
fn fold(v: f64, n: usize) -> f64 {
    let span = n as f64 - 1.0;
    if span == 0.0 {
        return 0.0;
    }
    let within = v.abs() - 2.0 * span * (v.abs() / (2.0 * span)).floor();
    span - (within - span).abs()
}

/// Positions that rounding errors have moved off a half are halves: sines and cosines differ between machines in the
/// last digit.
#[inline(always)]
fn snapped(v: f64) -> f64 {
    const STEPS: f64 = (1u32 << 20) as f64;
    ((v * STEPS).round_ties_even() / STEPS).round_ties_even()
}

#[inline(always)]
fn line_of<S: Simd>(_: S, line: &Line, row: f64, from: usize, to: &mut [[f64; TOGETHER]; 2]) {
    let &Line { map, source: [height, width], mirrored, nearest } = line;
    let down = [1, 4, 7].map(|k| map[k] * row + map[k + 1]);
    let right = [0, 3, 6].map(|k| map[k]);
    let [rows, columns] = to;
    for p in 0..TOGETHER {
        let column = (from + p) as f64;
        let z = right[2] * column + down[2];
        // A point at infinity has no place; it keeps its direction.
        let scale = if z.abs() > 1e-8 { 1.0 / z } else { 1.0 };
        columns[p] = scale * (right[0] * column + down[0]);
        rows[p] = scale * (right[1] * column + down[1]);
    }
    for (list, n) in [(rows, height), (columns, width)] {
        if mirrored {
            list.iter_mut().for_each(|v| *v = fold(*v, n));
        }
        if nearest {
            list.iter_mut().for_each(|v| *v = snapped(*v));
        }
    }
}
entry! {
    /// Rows and columns of the source for the pixels of a row from `from` on.
    fn line(line: &Line, row: f64, from: usize, to: &mut [[f64; TOGETHER]; 2]) = line_of
}

/// What `f` writes for the row and column of the source, `width` values for each of `size` positions of each map.
fn positions<T: Copy + Send>(
    maps: &[f64],
    size: [usize; 2],
    like: Line,
    width: usize,
    f: impl Fn([f64; 2], &mut [T]) + Sync,
) -> Vec<T> {
    let [height, across] = size;
    let rows = maps.len() / 9 * height;
    // SAFETY: each piece writes its rows, and they cover everything.
    let mut out = unsafe { unwritten(rows * across * width) };
    let to = Shared::new(&mut out);
    let some = (PIECE / across.max(1)).max(1);
    let level = level();
    each(rows.div_ceil(some), rows * across >= HEAVY, |piece| {
        let mut places = [[0.0; TOGETHER]; 2];
        for row in (piece * some..rows).take(some) {
            let line_of = Line { map: &maps[row / height * 9..][..9], ..like };
            for from in (0..across).step_by(TOGETHER) {
                // SAFETY: `level` is what the processor has.
                unsafe { line(level, &line_of, (row % height) as f64, from, &mut places) };
                let [rows, columns] = &places;
                for (p, (&row_at, &column_at)) in rows.iter().zip(columns).take(across - from).enumerate() {
                    // SAFETY: this position is this piece's.
                    f([row_at, column_at], unsafe {
                        std::slice::from_raw_parts_mut(to.at((row * across + from + p) * width), width)
                    });
                }
            }
        }
    });
    out
}

/// Positions (x, y) in [-1, 1] as `gridSample` takes them; with `corners` the ends are the centres of the outer pixels,
/// else their outer edges.
pub(crate) fn grid<T: Real>(maps: &[f64], size: [usize; 2], like: Line, corners: bool) -> Vec<T> {
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

/// The numbers of the nearest pixels: `NOWHERE` outside of the image, or with `border` those of the border.
pub(crate) fn nearest(maps: &[f64], size: [usize; 2], like: Line, border: bool) -> Vec<u32> {
    let [height, width] = like.source.map(|n| n as f64 - 1.0);
    positions(maps, size, like, 1, |[row, column], to| {
        let inside = (0.0..=height).contains(&row) && (0.0..=width).contains(&column);
        let index = row.max(0.0).min(height) * (width + 1.0) + column.max(0.0).min(width);
        to[0] = if inside || border { index as u32 } else { NOWHERE };
    })
}

/// Numbers of channels and pixels of the images, and of positions; each set of positions is for so many channels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub sets: usize,
    pub channels: usize,
    pub pixels: usize,
    pub positions: usize,
}

/// The pixels [sets, channels, positions] of x [sets, channels, pixels] with the numbers `index` [sets, positions].
pub(crate) fn gather<T: Real>(x: &[T], index: &[u32], s: Sizes) -> Vec<T> {
    let planes = s.sets * s.channels;
    // SAFETY: each piece writes its positions, and they cover everything.
    let mut out = unsafe { unwritten(planes * s.positions) };
    let to = Shared::new(&mut out);
    let cuts = s.positions.div_ceil(PIECE);
    each(planes * cuts, planes * s.positions >= HEAVY, |piece| {
        let (plane, from) = (piece / cuts, piece % cuts * PIECE);
        let count = PIECE.min(s.positions - from);
        let x = &x[plane * s.pixels..][..s.pixels];
        // SAFETY: these positions are this piece's.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(plane * s.positions + from), count) };
        for (to, &i) in to.iter_mut().zip(&index[plane / s.channels * s.positions + from..][..count]) {
            *to = x.get(i as usize).copied().unwrap_or(T::zero());
        }
    });
    out
}

/// The transpose of `gather`: each value of g [sets, channels, positions] added to its pixel.
pub(crate) fn spread<T: Real>(g: &[T], index: &[u32], s: Sizes) -> Vec<T> {
    let planes = s.sets * s.channels;
    let mut out = vec![T::zero(); planes * s.pixels];
    let to = Shared::new(&mut out);
    // Positions may meet in a pixel, so a plane is one piece of work.
    each(planes, planes * s.positions >= HEAVY, |plane| {
        // SAFETY: this plane is this piece's.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(plane * s.pixels), s.pixels) };
        for (&g, &i) in g[plane * s.positions..][..s.positions].iter().zip(&index[plane / s.channels * s.positions..]) {
            if let Some(to) = to.get_mut(i as usize) {
                *to += g;
            }
        }
    });
    out
}
