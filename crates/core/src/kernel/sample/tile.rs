//! The positions of an output in tiles, so that the part of the image around a tile is small and read together.

use super::shape::SampleShape;
use super::windows::BLOCK;
use crate::kernel::parallel::each;

/// Blocks of positions in a tile.
pub(super) const BLOCKS_PER_TILE: usize = 8;
/// Largest number of positions in a tile.
pub(super) const TILE: usize = BLOCKS_PER_TILE * BLOCK;
/// Columns of a tile.
const COLUMNS: usize = 32;

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

/// Values that are copied together.
pub(super) const STEP: usize = 8;

/// Copies `count` values, mostly few: a call of the system's function would take longer.
///
/// # Safety
/// Both have as many, apart from each other.
#[inline(always)]
pub(super) unsafe fn copy<T: Copy>(from: *const T, to: *mut T, count: usize) {
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

/// Largest number of tasks that share the tiles: each keeps its memory from tile to tile.
const MAX_TASKS: usize = 64;

/// Calls `f` for each of `count` tiles, with memory that `make` gives once for several tiles.
pub(super) fn each_tile<M>(
    count: usize,
    parallel: bool,
    make: impl Fn() -> M + Sync,
    f: impl Fn(&mut M, usize) + Sync,
) {
    let tasks = count.min(MAX_TASKS);
    each(tasks, parallel, |task| {
        let mut memory = make();
        (task * count / tasks..(task + 1) * count / tasks).for_each(|i| f(&mut memory, i));
    });
}
