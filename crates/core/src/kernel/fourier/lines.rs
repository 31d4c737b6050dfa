//! Signals in memory, gathered into blocks and scattered from them.

use super::block::Block;
use super::lanes::{on_lanes, FftElement, Lanes};
use super::radix::{load, store};
use crate::kernel::parallel::Shared;

/// Real and imaginary parts.
const PARTS: [usize; 2] = [0, 1];

/// Neighbouring signals of complex numbers.
#[derive(Clone, Copy)]
pub(super) struct Lines<T> {
    /// The first number of the first signal.
    pub at: Shared<T>,
    /// Values between the numbers of a signal.
    pub stride: usize,
    /// Values between real and imaginary parts.
    pub part: usize,
    /// Values between signals.
    pub step: usize,
    /// Signals that have a real part, and that have an imaginary part.
    pub counts: [usize; 2],
    /// Numbers of a signal.
    pub n: usize,
    /// The number that comes first in a block; those before it come last.
    pub origin: usize,
}

impl<T> Lines<T> {
    /// `count` signals of `n` complex numbers, one after the other in memory, `step` values apart.
    pub fn rows(at: Shared<T>, n: usize, step: usize, count: usize) -> Self {
        Self { at, stride: 2, part: 1, step, counts: [count; 2], n, origin: 0 }
    }

    /// `count` neighbouring columns of `n` complex numbers, whose rows are `stride` values apart.
    pub fn columns(at: Shared<T>, n: usize, stride: usize, count: usize) -> Self {
        Self { at, stride, part: 1, step: 2, counts: [count; 2], n, origin: 0 }
    }

    /// Part `k` of number `i` of signal `line`.
    fn address(&self, i: usize, k: usize, line: usize) -> *mut T {
        self.at.at(i * self.stride + k * self.part + line * self.step)
    }

    /// (first number in the block, the one after the last, first number in memory) of each contiguous range.
    fn ranges(&self) -> [(usize, usize, usize); 2] {
        let cut = self.n - self.origin;
        [(0, cut, self.origin), (cut, self.n, 0)]
    }
}

impl<T: FftElement> Lines<T> {
    /// Gathers the signals to number `to` of a block and the following ones; lanes without one, and missing imaginary
    /// parts, are zero.
    ///
    /// # Safety
    /// The signals exist, no other task writes them, and the block is large enough.
    pub unsafe fn gather(&self, block: &mut Block<T>, to: usize) {
        gather(block.isa(), block.lanes(), self, block.first(to)[0]);
    }

    /// Scatters the signals from number `from` of a block on.
    ///
    /// # Safety
    /// The signals exist, no other task reads or writes them, and the block has them.
    pub unsafe fn scatter(&self, block: &Block<T>, from: usize) {
        scatter(block.isa(), block.lanes(), self, block.first(from)[0]);
    }
}

on_lanes!(fn gather(lines: &Lines<T>, block: *mut T) = gather_body);
on_lanes!(fn scatter(lines: &Lines<T>, block: *mut T) = scatter_body);

#[inline(always)]
unsafe fn gather_body<T: FftElement, L: Lanes<T>>(lines: &Lines<T>, block: *mut T) {
    walk::<T, L, false>(lines, block);
}

#[inline(always)]
unsafe fn scatter_body<T: FftElement, L: Lanes<T>>(lines: &Lines<T>, block: *mut T) {
    walk::<T, L, true>(lines, block);
}

/// Copies all signals from or to (`OUT`) a block.
#[inline(always)]
unsafe fn walk<T: FftElement, L: Lanes<T>, const OUT: bool>(lines: &Lines<T>, block: *mut T) {
    let whole = lines.counts == [L::N; 2] && L::N > 1;
    for (first, end, from) in lines.ranges() {
        let length = end - first;
        let block = block.add(2 * L::N * first);
        // Numbers that are copied by vectors.
        let done = if !whole {
            0
        } else if lines.step == 1 || (lines.step == 2 && lines.part == 1) {
            across::<T, L, OUT>(lines, block, from, length)
        } else if lines.stride == 1 || (lines.stride == 2 && lines.part == 1) {
            along::<T, L, OUT>(lines, block, from, length)
        } else {
            0
        };
        for line in 0..L::N {
            for i in done..length {
                for k in PARTS {
                    let at = block.add(2 * L::N * i + k * L::N + line);
                    if line >= lines.counts[k] {
                        if !OUT {
                            *at = T::zero();
                        }
                    } else if OUT {
                        *lines.address(from + i, k, line) = *at;
                    } else {
                        *at = *lines.address(from + i, k, line);
                    }
                }
            }
        }
    }
}

/// Neighbouring signals lie beside each other.
#[inline(always)]
unsafe fn across<T: FftElement, L: Lanes<T>, const OUT: bool>(
    lines: &Lines<T>,
    block: *mut T,
    from: usize,
    length: usize,
) -> usize {
    let parts = PARTS.map(|k| k * L::N);
    for i in 0..length {
        let [re, im] = PARTS.map(|k| lines.address(from + i, k, 0));
        match (lines.step == 1, OUT) {
            (true, false) => store::<T, L>(block, i, [L::load(re), L::load(im)], parts),
            (true, true) => {
                let v = load::<T, L>(block, i, parts);
                L::store(re, v[0]);
                L::store(im, v[1]);
            }
            (false, false) => store::<T, L>(block, i, L::load_pairs(re), parts),
            (false, true) => L::store_pairs(re, load::<T, L>(block, i, parts)),
        }
    }
    length
}

/// The numbers of a signal lie beside each other: tiles are transposed. Returns how many numbers are in whole tiles.
#[inline(always)]
unsafe fn along<T: FftElement, L: Lanes<T>, const OUT: bool>(
    lines: &Lines<T>,
    block: *mut T,
    from: usize,
    length: usize,
) -> usize {
    // Interleaved parts are transposed together.
    let (tile, parts, row) = if lines.stride == 1 { (L::N, 2, 2 * L::N) } else { (L::N / 2, 1, L::N) };
    for i in 0..length / tile {
        for k in 0..parts {
            let (at, block) = (lines.address(from + i * tile, k, 0), block.add(2 * L::N * i * tile + k * L::N));
            if OUT {
                L::transpose(block, row, at, lines.step);
            } else {
                L::transpose(at, lines.step, block, row);
            }
        }
    }
    length - length % tile
}
