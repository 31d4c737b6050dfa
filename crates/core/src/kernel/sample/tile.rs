//! The positions of an output in tiles, so that what lies around a tile is little and read at once.

#![allow(clippy::needless_range_loop)] // as in gemm.rs

use super::places::{Places, TOGETHER};
use super::{Rule, Sizes};
use crate::kernel::parallel::unwritten;
use crate::kernel::value::Real;
use std::ops::Range;

/// `TOGETHER` positions, so many times, are a tile.
pub(super) const BLOCKS: usize = 8;
/// Positions of a tile, at most.
pub(super) const TILE: usize = BLOCKS * TOGETHER;
/// Columns of a tile.
const WIDE: usize = 32;
/// A part of the image is copied where it has at most so many pixels.
const LITTLE: usize = 8 * TILE;

/// How the positions of an output are cut into tiles.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    out: [usize; 2],
    /// Rows and columns of a tile.
    size: [usize; 2],
}

impl Cut {
    pub(super) fn of(s: &Sizes) -> Self {
        match s.out {
            // What is narrow is cut as if it were one row.
            [rows, columns] if columns < 2 * WIDE => Self { out: [1, rows * columns], size: [1, TILE] },
            out => Self { out, size: [TILE / WIDE, WIDE] },
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
            line: self.out[1],
        }
    }
}

/// Some rows and columns of an output.
pub(super) struct Tile {
    first: usize,
    rows: usize,
    columns: usize,
    /// Positions from one row to the next.
    line: usize,
}

impl Tile {
    pub(super) fn len(&self) -> usize {
        self.rows * self.columns
    }
    pub(super) fn blocks(&self) -> usize {
        self.len().div_ceil(TOGETHER)
    }
    /// Reads what belongs to its positions, `N` values each, one row after the other.
    pub(super) fn take<T: Copy, const N: usize>(&self, from: &[T], to: &mut [T]) {
        let run = N * self.columns;
        for row in 0..self.rows {
            to[row * run..][..run].copy_from_slice(&from[N * (self.first + row * self.line)..][..run]);
        }
    }
    /// Writes what `take` reads.
    ///
    /// # Safety
    /// `to` has `N` values for each position of the output, and nobody else writes to those of this tile.
    pub(super) unsafe fn put<T: Copy, const N: usize>(&self, from: &[T], to: *mut T) {
        let run = N * self.columns;
        for row in 0..self.rows {
            std::ptr::copy_nonoverlapping(
                from[row * run..][..run].as_ptr(),
                to.add(N * (self.first + row * self.line)),
                run,
            );
        }
    }
}

/// What lies around a tile: the part of the image, and where in it each window begins.
pub(super) struct Around<T, const K: usize> {
    pub places: Vec<Places<T, K>>,
    pub at: Vec<[u32; TOGETHER]>,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// Pixels from one row of windows to the next.
    pub line: usize,
    /// Whether windows are those of a copy of the part.
    pub copied: bool,
}

impl<T: Real + Into<f64>, const K: usize> Around<T, K> {
    /// What lies around a tile of the positions (x, y) of `grid`; with derivatives of weights, if asked for.
    pub(super) fn of(tile: &Tile, grid: &[T], s: &Sizes, rule: &Rule, derivatives: bool) -> Self {
        let mut positions = [T::zero(); 2 * TILE];
        tile.take::<T, 2>(grid, &mut positions);
        // A block is always full: it repeats the last position.
        let last = 2 * tile.len();
        for p in (last..2 * TOGETHER * tile.blocks()).step_by(2) {
            (positions[p], positions[p + 1]) = (positions[last - 2], positions[last - 1]);
        }
        // SAFETY: places are numbers, and `fill` writes what is read.
        let (mut places, mut at) =
            unsafe { (unwritten::<Places<T, K>>(tile.blocks()), unwritten::<[u32; TOGETHER]>(tile.blocks())) };
        let mut span = [[i32::MAX, 0]; 2];
        for (places, grid) in places.iter_mut().zip(positions.as_chunks::<{ 2 * TOGETHER }>().0) {
            places.fill(rule, grid, s, derivatives);
            for (all, here) in span.iter_mut().zip(places.span) {
                *all = [all[0].min(here[0]), all[1].max(here[1])];
            }
        }
        let [rows, columns] = span.map(|[first, last]| first as usize..last as usize + K);
        // Windows of K x K pixels of a smaller image are always those of a copy, which is as large.
        let copied = rows.len() * columns.len() <= LITTLE || s.height < K || s.width < K;
        let (first, line) =
            if copied { (rows.start * columns.len() + columns.start, columns.len()) } else { (0, s.width) };
        for (at, places) in at.iter_mut().zip(&places) {
            for p in 0..TOGETHER {
                at[p] = (places.row[p] as u32 * line as u32)
                    .wrapping_add(places.column[p] as u32)
                    .wrapping_sub(first as u32);
            }
        }
        Self { places, at, rows, columns, line, copied }
    }
    /// The pixels that windows are in: of `x` itself, or of its part copied to `to`.
    pub(super) fn part<'a>(&self, x: &'a [T], s: &Sizes, to: &'a mut Vec<T>) -> &'a [T] {
        if !self.copied {
            return x;
        }
        to.clear();
        to.resize(self.rows.len() * self.columns.len(), T::zero());
        for (row, to) in self.rows.clone().zip(to.chunks_exact_mut(self.line)).take(s.height) {
            let some = self.line.min(s.width);
            to[..some].copy_from_slice(&x[row * s.width + self.columns.start..][..some]);
        }
        to
    }
}
