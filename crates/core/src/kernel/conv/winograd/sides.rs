//! Memory for transformed tiles: those of the input, and those of the result or of the gradient in it.

use super::plan::Plan;
use crate::kernel::parallel::{Aligned, Shared};
use crate::kernel::simd::{lanes, InstructionSet};
use std::ops::Range;

/// Padding between the points, so that they do not map to the same cache sets.
pub const GAP: usize = 16;

/// Transformed tiles: point p, row r, channel c of part k at `p point + r wide + k part + c - first`. A tile has a row
/// for each of its residues.
#[derive(Clone, Copy)]
pub struct Side {
    start: Shared,
    /// Its first channel.
    first: usize,
    pub wide: usize,
    pub point: usize,
    pub part: usize,
}

impl Side {
    /// Where the channels of a row of a point begin.
    #[inline(always)]
    pub fn at(&self, p: usize, row: usize) -> *mut f32 {
        self.start.at((p * self.point).wrapping_add(row.wrapping_mul(self.wide)))
    }
    /// Where a row of the first point has a channel of a part.
    #[inline(always)]
    pub fn channel(&self, row: usize, part: usize, c: usize) -> *mut f32 {
        self.at(0, row).wrapping_add(part * self.part + c - self.first)
    }
}

/// Values of a point of so many rows.
fn point_size(rows: usize, wide: usize) -> usize {
    rows * wide + GAP
}

/// Both sides of so many rows, the first of which is `first`.
fn sides(plan: &Plan, isa: InstructionSet, memory: Shared, [first, rows]: [usize; 2]) -> [Side; 2] {
    let n = lanes(isa);
    let side = |at: usize, i: usize| {
        let wide = plan.wide(i, n);
        Side {
            // Addresses of rows before the first are not used.
            start: memory.offset(at.wrapping_sub(first * wide)),
            first: 0,
            wide,
            point: point_size(rows, wide),
            part: plan.channels[i].next_multiple_of(n),
        }
    };
    let input = side(0, 0);
    [input, side(plan.points() * input.point, 1)]
}

/// Values that both sides of so many rows take.
fn size(plan: &Plan, isa: InstructionSet, rows: usize) -> usize {
    (0..2).map(|i| plan.points() * point_size(rows, plan.wide(i, lanes(isa)))).sum()
}

/// Both sides for all tiles, and their memory.
pub fn all(plan: &Plan, isa: InstructionSet) -> (Aligned, [Side; 2]) {
    let rows = plan.rows();
    // SAFETY: every row is written before it is read.
    let mut memory = unsafe { Aligned::uninit(size(plan, isa, rows)) };
    let at = Shared::new(memory.all());
    (memory, sides(plan, isa, at, [0, rows]))
}

/// Values that both sides of a block take.
pub fn block_size(plan: &Plan, isa: InstructionSet) -> usize {
    size(plan, isa, plan.block_rows())
}

/// Both sides for a block that begins with tile `first`.
pub fn of_block(plan: &Plan, isa: InstructionSet, memory: *mut f32, first: usize) -> [Side; 2] {
    sides(plan, isa, Shared::from_pointer(memory), [first * plan.residues(), plan.block_rows()])
}

/// The side of the input for all tiles, of one part, and its memory.
pub fn all_of_input(plan: &Plan, isa: InstructionSet) -> (Aligned, Side) {
    let channels = 0..plan.channels[0];
    // SAFETY: every row is written before it is read.
    let mut memory = unsafe { Aligned::uninit(panel_size(plan, plan.wide(0, lanes(isa)))) };
    let side = of_channels(plan, isa, Shared::new(memory.all()), &channels);
    (memory, side)
}

/// Values that a side of all tiles takes for so many channels, of one part.
pub fn panel_size(plan: &Plan, wide: usize) -> usize {
    plan.points() * point_size(plan.rows(), wide)
}

/// The side of all tiles for some channels, of one part.
pub fn of_channels(plan: &Plan, isa: InstructionSet, memory: Shared, channels: &Range<usize>) -> Side {
    let wide = channels.len().next_multiple_of(lanes(isa));
    Side { start: memory, first: channels.start, wide, point: point_size(plan.rows(), wide), part: wide }
}
