//! The pixels of tiles of an image in NCHW, as vectors of `N` channels.

use super::plan::Line;
use crate::kernel::simd::Simd;

/// A rectangle of up to `N` channels of an image; it may extend outside.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Channels left from the first one on; at most `N` are used.
    pub channels: usize,
    /// Height and width of the image.
    pub size: [usize; 2],
    /// First row and column.
    pub from: [isize; 2],
    pub rows: usize,
    pub columns: usize,
}

impl Window {
    /// The window of a run of tiles, the first in a row and column of the grid of tiles.
    #[inline(always)]
    pub fn new([y, x]: [&Line; 2], [row, column]: [usize; 2], channels: usize, columns: usize) -> Self {
        let from = [y.first + (row * y.every) as isize, x.first + (column * x.every) as isize];
        Self { channels, size: [y.size, x.size], from, rows: y.span, columns }
    }
    /// The columns that are inside the image.
    fn inside(&self) -> (usize, usize) {
        let first = (-self.from[1]).max(0) as usize;
        let last = (self.size[1] as isize - self.from[1]).clamp(0, self.columns as isize) as usize;
        (first.min(last), last)
    }
    /// The offset of row `i` in the plane of the image; `None` outside.
    fn row(&self, i: usize) -> Option<isize> {
        let y = self.from[0] + i as isize;
        (y >= 0 && y < self.size[0] as isize).then(|| y * self.size[1] as isize + self.from[1])
    }
}

/// Reads a window, zero outside the image: pixel (i, j) becomes a vector of channels at `to[(i columns + j) N]`.
///
/// # Safety
/// `from` is the plane of the first channel.
#[inline(always)]
pub unsafe fn read<S: Simd>(w: Window, from: *const f32, to: *mut f32) {
    let (first, last) = w.inside();
    let plane = w.size[0] * w.size[1];
    let zero = S::splat(0.0);
    for i in 0..w.rows {
        let row = to.add(i * w.columns * S::N);
        let Some(start) = w.row(i) else {
            for j in 0..w.columns {
                S::store(row.add(j * S::N), zero);
            }
            continue;
        };
        for j in (0..first).chain(last..w.columns) {
            S::store(row.add(j * S::N), zero);
        }
        let pixel = |j: usize| from.offset(start + j as isize);
        if w.channels >= S::N && last - first >= S::N {
            let mut j = first;
            while j + S::N < last {
                S::transpose(pixel(j), plane, row.add(j * S::N), S::N);
                j += S::N;
            }
            // The last square may overlap the previous one.
            S::transpose(pixel(last - S::N), plane, row.add((last - S::N) * S::N), S::N);
            continue;
        }
        for j in first..last {
            S::store(row.add(j * S::N), zero);
            for c in 0..w.channels.min(S::N) {
                *row.add(j * S::N + c) = *pixel(j).add(c * plane);
            }
        }
    }
}

/// The inverse of `read`: writes the part of the window that is inside the image.
///
/// # Safety
/// `to` is the plane of the first channel; no other task writes to the window.
#[inline(always)]
pub unsafe fn write<S: Simd>(w: Window, from: *const f32, to: *mut f32) {
    let (first, last) = w.inside();
    let plane = w.size[0] * w.size[1];
    for i in 0..w.rows {
        let Some(start) = w.row(i) else { continue };
        let row = from.add(i * w.columns * S::N);
        let pixel = |j: usize| to.offset(start + j as isize);
        if w.channels >= S::N && last - first >= S::N {
            let mut j = first;
            while j + S::N < last {
                S::transpose(row.add(j * S::N), S::N, pixel(j), plane);
                j += S::N;
            }
            S::transpose(row.add((last - S::N) * S::N), S::N, pixel(last - S::N), plane);
            continue;
        }
        for c in 0..w.channels.min(S::N) {
            for j in first..last {
                *pixel(j).add(c * plane) = *row.add(j * S::N + c);
            }
        }
    }
}
