//! Memory for transformed tiles: those of the input, and those of the output or its gradient.

use super::tiles::{Plan, BLOCK};
use crate::kernel::parallel::{Aligned, Shared};
use crate::kernel::simd::{lanes, InstructionSet};

/// Padding between the points, so that they do not map to the same cache sets.
pub const GAP: usize = 16;

/// Transformed tiles: point p, tile t, channel c at `p point + t wide + c`.
#[derive(Clone, Copy)]
pub struct Side {
    start: Shared,
    pub wide: usize,
    pub point: usize,
}

impl Side {
    /// Where the channels of a tile of a point begin.
    #[inline(always)]
    pub fn at(&self, p: usize, tile: usize) -> *mut f32 {
        self.start.at((p * self.point).wrapping_add(tile.wrapping_mul(self.wide)))
    }
}

/// Channels of both sides, whole vectors, and distances of their points for so many tiles.
fn strides(plan: &Plan, isa: InstructionSet, tiles: usize) -> [[usize; 2]; 2] {
    plan.channels.map(|channels| channels.next_multiple_of(lanes(isa))).map(|wide| [wide, tiles * wide + GAP])
}

/// Both sides for the tiles from `first` on.
fn sides(plan: &Plan, strides: [[usize; 2]; 2], memory: Shared, first: usize) -> [Side; 2] {
    let side = |at: usize, [wide, point]: [usize; 2]| {
        // Addresses of tiles before the first are not used.
        Side { start: memory.offset(at.wrapping_sub(first * wide)), wide, point }
    };
    [side(0, strides[0]), side(plan.points() * strides[0][1], strides[1])]
}

/// Both sides for all tiles, and their memory.
pub fn all(plan: &Plan, isa: InstructionSet) -> (Aligned, [Side; 2]) {
    let strides = strides(plan, isa, plan.tiles());
    // SAFETY: every tile is written before it is read.
    let mut memory = unsafe { Aligned::uninit(plan.points() * (strides[0][1] + strides[1][1])) };
    let at = Shared::new(memory.all());
    (memory, sides(plan, strides, at, 0))
}

/// Values that both sides of a block take.
pub fn block_size(plan: &Plan, isa: InstructionSet) -> usize {
    let strides = strides(plan, isa, BLOCK);
    plan.points() * (strides[0][1] + strides[1][1])
}

/// Both sides for a block that begins with tile `first`.
pub fn of_block(plan: &Plan, isa: InstructionSet, memory: *mut f32, first: usize) -> [Side; 2] {
    sides(plan, strides(plan, isa, BLOCK), Shared::from_pointer(memory), first)
}
