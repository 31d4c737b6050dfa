//! The windows of a tile, and the part of the image around them.

#![allow(clippy::needless_range_loop)] // as in product.rs

use super::shape::{Rule, SampleShape};
use super::tile::{copy, Tile, BLOCKS_PER_TILE, STEP, TILE};
use super::windows::{SampleWindows, Span, BLOCK};
use crate::kernel::element::Element;
use crate::kernel::parallel::uninit;
use crate::kernel::simd::{entry, isa, Simd};
use std::ops::Range;

/// Largest part of the image, in pixels, that is copied.
const MAX_COPY: usize = 8 * TILE;
/// Largest image, in bytes of a channel, that is read in place: it stays in the cache of a core.
const MAX_IN_PLACE: usize = 1 << 18;

/// The windows of a tile: the part of the image that they cover, and the offset of each window in it.
pub(super) struct TileWindows<T, const K: usize> {
    positions: Vec<T>,
    windows: Vec<SampleWindows<T, K>>,
    at: Vec<[u32; BLOCK]>,
    blocks: usize,
    /// Whether the image is only read.
    reading: bool,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// Pixels between rows of the part.
    pub stride: usize,
    /// Whether the part is copied, or the offsets are those in the whole image.
    pub copied: bool,
}

impl<T: Element, const K: usize> TileWindows<T, K> {
    /// Memory for the windows of any tile, of images that are read or, if not `reading`, written.
    pub(super) fn new(reading: bool) -> Self {
        // SAFETY: plain numbers, and `fill` writes those that are read.
        let (positions, windows, at) = unsafe { (uninit(2 * TILE), uninit(BLOCKS_PER_TILE), uninit(BLOCKS_PER_TILE)) };
        Self { positions, windows, at, blocks: 0, reading, rows: 0..0, columns: 0..0, stride: 0, copied: false }
    }
    /// The windows of a tile of the positions (x, y) of `grid`, with the derivatives of the weights if `derivatives`.
    pub(super) fn fill(&mut self, tile: &Tile, grid: &[T], s: &SampleShape, rule: &Rule, derivatives: bool) {
        self.blocks = tile.blocks();
        let positions = &mut self.positions[..2 * BLOCK * self.blocks];
        tile.take::<T, 2>(grid, positions);
        // The last block is filled by repeating the last position.
        let last = 2 * tile.len();
        for p in (last..positions.len()).step_by(2) {
            (positions[p], positions[p + 1]) = (positions[last - 2], positions[last - 1]);
        }
        let mut spans = [Span::EMPTY; 2];
        for (windows, grid) in self.windows.iter_mut().zip(positions.as_chunks::<{ 2 * BLOCK }>().0) {
            windows.fill(rule, grid, s, derivatives, &mut spans);
        }
        let [rows, columns] = spans.map(|span| {
            let [first, last] = span.ends();
            first..last + K
        });
        // Whole vectors are copied where the image is wide enough.
        let count = columns.len().next_multiple_of(STEP);
        let columns = if count <= s.width {
            let start = columns.start.min(s.width - count);
            start..start + count
        } else {
            columns
        };
        // An image smaller than a window is always copied: the copy is as large as the window.
        // Windows of four columns cross cache lines too often to be read in place.
        let in_place = self.reading && K <= 2 && s.height * s.width * size_of::<T>() <= MAX_IN_PLACE;
        self.copied = !in_place && rows.len() * columns.len() <= MAX_COPY || s.height < K || s.width < K;
        let first;
        (first, self.stride) =
            if self.copied { (rows.start * columns.len() + columns.start, columns.len()) } else { (0, s.width) };
        (self.rows, self.columns) = (rows, columns);
        for (at, windows) in self.at.iter_mut().zip(&self.windows).take(self.blocks) {
            for p in 0..BLOCK {
                at[p] = (windows.row[p] as u32 * self.stride as u32)
                    .wrapping_add(windows.column[p] as u32)
                    .wrapping_sub(first as u32);
            }
        }
    }
    /// The windows of each block, and their offsets.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (&SampleWindows<T, K>, &[u32; BLOCK])> {
        self.windows[..self.blocks].iter().zip(&self.at)
    }
    /// The pixels to which the offsets refer: `x` itself, or its part copied to `to`.
    pub(super) fn part<'a>(&self, x: &'a [T], s: &SampleShape, to: &'a mut Vec<T>) -> &'a [T] {
        if !self.copied {
            return x;
        }
        // In an image smaller than a window, there are fewer pixels. The others have weight zero, and must be finite.
        if s.height < K || s.width < K {
            to.clear();
        }
        to.resize(self.rows.len() * self.stride, T::zero());
        let (rows, columns) = (self.rows.len().min(s.height), self.stride.min(s.width));
        let from = &x[self.rows.start * s.width + self.columns.start..];
        assert!((rows - 1) * s.width + columns <= from.len());
        // SAFETY: the CPU has the instructions; both have these rows.
        unsafe { copy_rows(isa(), from.as_ptr(), s.width, to.as_mut_ptr(), self.stride, [rows, columns]) };
        to
    }
}

entry! {
    /// Copies rows of values; `stride` and `to_stride` are the values between rows.
    fn copy_rows[T: Copy](from: *const T, stride: usize, to: *mut T, to_stride: usize, size: [usize; 2]) = copy_rows_of
}

#[inline(always)]
unsafe fn copy_rows_of<S: Simd, T: Copy>(
    _: S,
    from: *const T,
    stride: usize,
    to: *mut T,
    to_stride: usize,
    [rows, columns]: [usize; 2],
) {
    for row in 0..rows {
        copy(from.add(row * stride), to.add(row * to_stride), columns);
    }
}
