//! The patches of a window that are most like a reference patch.

use super::sizes::Sizes;
use crate::allocation::zeros;

/// A box of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub top: usize,
    pub left: usize,
    pub rows: usize,
    pub columns: usize,
}

/// A search and its memory.
pub struct Search {
    radius: usize,
    side: usize,
    count: usize,
    /// Squared distances of the patches of one row.
    distances: Vec<f32>,
    /// Squared distance and number of each patch: as integers, of which the order is that of the distances.
    keys: Vec<u64>,
    /// Row and column of the patches that were found, the nearest first.
    pub found: Vec<(usize, usize)>,
}

impl Search {
    /// For `count` patches of side `side`, whose corners are at most `radius` away.
    pub fn new(radius: usize, side: usize, count: usize) -> Self {
        let (distances, keys, found) = (zeros(2 * radius + 1), Vec::new(), Vec::with_capacity(count));
        Self { radius, side, count, distances, keys, found }
    }

    /// Looks for the patch at `row`, `column` and those that have the smallest distance from it, over all channels. Of
    /// equally distant ones the first in the order of rows is taken.
    #[inline(always)]
    pub fn run(&mut self, x: &[f32], sizes: Sizes, row: usize, column: usize) {
        let Self { radius, side, count, .. } = *self;
        let Sizes { channels, rows, columns } = sizes;
        let (top, bottom) = (row.saturating_sub(radius), (row + radius).min(rows - side));
        let (left, right) = (column.saturating_sub(radius), (column + radius).min(columns - side));
        let width = right - left + 1;
        self.keys.clear();
        for to in top..=bottom {
            let distances = &mut self.distances[..width];
            distances.fill(0.0);
            for channel in 0..channels {
                let plane = &x[channel * rows * columns..][..rows * columns];
                for i in 0..side {
                    let reference = &plane[(row + i) * columns + column..][..side];
                    let line = &plane[(to + i) * columns + left..][..width + side - 1];
                    for (j, value) in reference.iter().enumerate() {
                        for (distance, other) in distances.iter_mut().zip(&line[j..]) {
                            *distance += (other - value) * (other - value);
                        }
                    }
                }
            }
            let first = (to - top) * width;
            let key = |(j, distance): (usize, &f32)| {
                // The reference patch is always found, so that each pixel has an estimate.
                let is_reference = to == row && left + j == column;
                // The bits of numbers that are not negative have their order.
                let order = if is_reference { 0 } else { distance.to_bits().max(1) };
                u64::from(order) << 32 | (first + j) as u64
            };
            self.keys.extend(distances.iter().enumerate().map(key));
        }
        if count < self.keys.len() {
            self.keys.select_nth_unstable(count - 1);
            self.keys.truncate(count);
        }
        self.keys.sort_unstable();
        self.found.clear();
        let place = |key: &u64| {
            let number = (*key & 0xffff_ffff) as usize;
            (top + number / width, left + number % width)
        };
        self.found.extend(self.keys.iter().map(place));
    }
}
