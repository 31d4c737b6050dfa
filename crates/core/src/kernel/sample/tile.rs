//! The positions of an output in tiles, so that the part of the image around a tile is small and read together.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::shape::{Rule, SampleShape};
use super::windows::{SampleWindows, BLOCK};
use crate::kernel::element::Element;
use crate::kernel::parallel::uninit;
use std::ops::Range;

/// Blocks of positions in a tile.
pub(super) const BLOCKS_PER_TILE: usize = 8;
/// Largest number of positions in a tile.
pub(super) const TILE: usize = BLOCKS_PER_TILE * BLOCK;
/// Columns of a tile.
const COLUMNS: usize = 32;
/// Largest part of the image, in pixels, that is copied.
const MAX_COPY: usize = 8 * TILE;

/// The division of an output into tiles.
#[derive(Clone, Copy)]
pub(super) struct Tiling {
    out: [usize; 2],
    /// Rows and columns of a tile.
    size: [usize; 2],
}

impl Tiling {
    pub(super) fn of(s: &SampleShape) -> Self {
        match s.out {
            // Narrow outputs are divided as if they were one row.
            [rows, columns] if columns < 2 * COLUMNS => Self { out: [1, rows * columns], size: [1, TILE] },
            out => Self { out, size: [TILE / COLUMNS, COLUMNS] },
        }
    }
    /// Tiles of an output.
    pub(super) fn count(&self) -> usize {
        self.out[0].div_ceil(self.size[0]) * self.out[1].div_ceil(self.size[1])
    }
    pub(super) fn tile(&self, i: usize) -> Tile {
        let across = self.out[1].div_ceil(self.size[1]);
        let (row, column) = (i / across * self.size[0], i % across * self.size[1]);
        let rows = self.size[0].min(self.out[0] - row);
        Tile {
            first: row * self.out[1] + column,
            rows,
            columns: self.size[1].min(self.out[1] - column),
            stride: self.out[1],
        }
    }
}

/// A rectangle of an output.
pub(super) struct Tile {
    first: usize,
    rows: usize,
    columns: usize,
    /// Positions between rows.
    stride: usize,
}

/// Copies `count` values, mostly few: a call of the system's function would take longer.
#[inline(always)]
unsafe fn copy<T: Copy>(from: *const T, to: *mut T, count: usize) {
    const STEP: usize = 8;
    let mut i = 0;
    while i + STEP <= count {
        to.add(i).cast::<[T; STEP]>().write_unaligned(from.add(i).cast::<[T; STEP]>().read_unaligned());
        i += STEP;
    }
    while i < count {
        *to.add(i) = *from.add(i);
        i += 1;
    }
}

impl Tile {
    pub(super) fn len(&self) -> usize {
        self.rows * self.columns
    }
    pub(super) fn blocks(&self) -> usize {
        self.len().div_ceil(BLOCK)
    }
    /// Reads `N` values for each position, row by row.
    pub(super) fn take<T: Copy, const N: usize>(&self, from: &[T], to: &mut [T]) {
        let run = N * self.columns;
        for row in 0..self.rows {
            let (from, to) = (&from[N * (self.first + row * self.stride)..][..run], &mut to[row * run..][..run]);
            // SAFETY: both have as many values.
            unsafe { copy(from.as_ptr(), to.as_mut_ptr(), run) };
        }
    }
    /// Writes the values that `take` reads.
    ///
    /// # Safety
    /// `to` has `N` values for each position of the output, and no other task writes to those of this tile.
    pub(super) unsafe fn put<T: Copy, const N: usize>(&self, from: &[T], to: *mut T) {
        let run = N * self.columns;
        for row in 0..self.rows {
            copy(from[row * run..][..run].as_ptr(), to.add(N * (self.first + row * self.stride)), run);
        }
    }
}

/// The windows of a tile: the part of the image that they cover, and the offset of each window in it.
pub(super) struct TileWindows<T, const K: usize> {
    pub windows: Vec<SampleWindows<T, K>>,
    pub at: Vec<[u32; BLOCK]>,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// Pixels between rows of the part.
    pub stride: usize,
    /// Whether the part is copied, or the offsets are those in the whole image.
    pub copied: bool,
}

impl<T: Element, const K: usize> TileWindows<T, K> {
    /// The windows of a tile of the positions (x, y) of `grid`, with the derivatives of the weights if `derivatives`.
    pub(super) fn of(tile: &Tile, grid: &[T], s: &SampleShape, rule: &Rule, derivatives: bool) -> Self {
        let mut positions = [T::zero(); 2 * TILE];
        tile.take::<T, 2>(grid, &mut positions);
        // The last block is filled by repeating the last position.
        let last = 2 * tile.len();
        for p in (last..2 * BLOCK * tile.blocks()).step_by(2) {
            (positions[p], positions[p + 1]) = (positions[last - 2], positions[last - 1]);
        }
        // SAFETY: windows are plain numbers, and `fill` writes those that are read.
        let (mut windows, mut at) =
            unsafe { (uninit::<SampleWindows<T, K>>(tile.blocks()), uninit::<[u32; BLOCK]>(tile.blocks())) };
        let mut span = [[i32::MAX, 0]; 2];
        for (windows, grid) in windows.iter_mut().zip(positions.as_chunks::<{ 2 * BLOCK }>().0) {
            windows.fill(rule, grid, s, derivatives);
            for (all, here) in span.iter_mut().zip(windows.span) {
                *all = [all[0].min(here[0]), all[1].max(here[1])];
            }
        }
        let [rows, columns] = span.map(|[first, last]| first as usize..last as usize + K);
        // An image smaller than a window is always copied: the copy is as large as the window.
        let copied = rows.len() * columns.len() <= MAX_COPY || s.height < K || s.width < K;
        let (first, stride) =
            if copied { (rows.start * columns.len() + columns.start, columns.len()) } else { (0, s.width) };
        for (at, windows) in at.iter_mut().zip(&windows) {
            for p in 0..BLOCK {
                at[p] = (windows.row[p] as u32 * stride as u32)
                    .wrapping_add(windows.column[p] as u32)
                    .wrapping_sub(first as u32);
            }
        }
        Self { windows, at, rows, columns, stride, copied }
    }
    /// The pixels to which the offsets refer: `x` itself, or its part copied to `to`.
    pub(super) fn part<'a>(&self, x: &'a [T], s: &SampleShape, to: &'a mut Vec<T>) -> &'a [T] {
        if !self.copied {
            return x;
        }
        to.resize(self.rows.len() * self.columns.len(), T::zero());
        for (row, to) in self.rows.clone().zip(to.chunks_exact_mut(self.stride)).take(s.height) {
            let count = self.stride.min(s.width);
            let from = &x[row * s.width + self.columns.start..][..count];
            // SAFETY: both have as many values.
            unsafe { copy(from.as_ptr(), to.as_mut_ptr(), count) };
        }
        to
    }
}
