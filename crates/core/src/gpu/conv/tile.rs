//! The part of a matrix product that one group of units computes: both operands come into shared memory `depth` rows at
//! a time, and each unit keeps a block of sums in registers (Volkov, Demmel, "Benchmarking GPUs to tune dense linear
//! algebra", 2008, doi:10.1109/SC.2008.5214359).

use crate::gpu::AXIS;
use cubecl::prelude::*;

/// Groups of units that keep a large card busy.
pub(in crate::gpu) const BUSY: usize = 512;

/// Four values that a unit computes with at once.
pub(in crate::gpu) type Four = Vector<f32, Const<4>>;
/// Four values in shared memory, of the type to which operands are rounded.
pub(in crate::gpu) type Stored<N> = Vector<N, Const<4>>;

/// Sizes of a tile and of a unit's part of it. The four values of a vector lie a quarter of the tile apart, so that
/// units beside each other load and store pixels beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct Tile {
    pub rows: usize,
    pub columns: usize,
    pub unit_rows: usize,
    pub unit_columns: usize,
    pub depth: usize,
}

impl Tile {
    pub const fn new([rows, columns]: [usize; 2], [unit_rows, unit_columns]: [usize; 2], depth: usize) -> Self {
        Self { rows, columns, unit_rows, unit_columns, depth }
    }
    pub fn row_vectors(self) -> usize {
        self.rows / 4
    }
    pub fn column_vectors(self) -> usize {
        self.columns / 4
    }
    /// Units beside each other on the columns, and on the rows.
    pub fn across(self) -> usize {
        self.columns / self.unit_columns
    }
    pub fn down(self) -> usize {
        self.rows / self.unit_rows
    }
    pub fn units(self) -> usize {
        self.across() * self.down()
    }
    /// Vectors of sums of a unit.
    pub fn sums(self) -> usize {
        self.unit_rows * self.unit_columns / 4
    }
    /// Vectors of the rows, and of the columns, that a unit reads at each step.
    pub fn unit_vectors(self) -> [usize; 2] {
        [self.unit_rows / 4, self.unit_columns / 4]
    }
    /// Tiles that cover a matrix: on the rows and on the columns.
    pub fn counts(self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        [rows.div_ceil(self.rows), columns.div_ceil(self.columns)]
    }
    /// How long sums of a result of `tiles` tiles are shared out to slices: terms of a slice, and slices. So many terms
    /// at `least` are worth a slice of their own.
    pub fn slices(self, terms: usize, tiles: usize, least: usize) -> [usize; 2] {
        let wanted = BUSY.div_ceil(tiles).min(terms.div_ceil(least)).min(AXIS);
        let slice = terms.div_ceil(wanted).next_multiple_of(self.depth);
        [slice, terms.div_ceil(slice)]
    }
}

/// The tile that covers `matrices` matrices of a size in the least time: the area of all tiles, in rounds of as many as
/// work at once, times what a multiply-add costs in a small block of sums, which reads shared memory more often.
pub(in crate::gpu) fn choose(tiles: &[Tile], matrix: [usize; 2], matrices: usize, at_once: usize) -> Tile {
    let cost = |tile: &&Tile| {
        let [down, across] = tile.counts(matrix);
        let rounds = down.saturating_mul(across).saturating_mul(matrices).div_ceil(at_once);
        let reads = 16 + 128 * (tile.unit_rows + tile.unit_columns) / (tile.unit_rows * tile.unit_columns);
        rounds.saturating_mul(tile.rows * tile.columns).saturating_mul(reads)
    };
    *tiles.iter().min_by_key(cost).unwrap_or(&tiles[0])
}

/// sums += a^T b over the `depth` rows in shared memory, whose vectors lie `a_row` and `b_row` apart, for the unit that
/// begins at vector `row` of a and `column` of b.
#[cube]
pub(in crate::gpu) fn multiply<N: Numeric>(
    a: &Shared<[Stored<N>]>,
    b: &Shared<[Stored<N>]>,
    sums: &mut Array<Four>,
    row: u32,
    column: u32,
    #[comptime] a_row: usize,
    #[comptime] b_row: usize,
    #[comptime] tile: Tile,
) {
    let unit = comptime!(tile.unit_vectors());
    let (rows, columns) = comptime!((unit[0], unit[1]));
    let (down, across) = comptime!((tile.down(), tile.across()));
    for k in 0..comptime!(tile.depth as u32) {
        let a_at = (k * comptime!(a_row as u32) + row) as usize;
        let b_at = (k * comptime!(b_row as u32) + column) as usize;
        let mut left = Array::<Four>::new(rows);
        #[unroll]
        for i in 0..rows {
            left[i] = Four::cast_from(a[a_at + comptime!(i * down)]);
        }
        #[unroll]
        for j in 0..columns {
            let right = Four::cast_from(b[b_at + comptime!(j * across)]);
            #[unroll]
            for i in 0..rows {
                #[unroll]
                for e in 0..4usize {
                    let at = comptime!((i * 4 + e) * columns + j);
                    sums[at] = fma(Four::new(left[i].extract(e)), right, sums[at]);
                }
            }
        }
    }
}

/// The sums of a unit, zero.
#[cube]
pub(in crate::gpu) fn no_sums(#[comptime] tile: Tile) -> Array<Four> {
    let mut sums = Array::<Four>::new(comptime!(tile.sums()));
    #[unroll]
    for i in 0..comptime!(tile.sums()) {
        sums[i] = Four::new(0.0f32);
    }
    sums
}

/// Where the sums of a unit go: that of row m and column n to `start + m row + n column`, if both are below their
/// counts.
#[derive(CubeType)]
pub(in crate::gpu) struct Target {
    pub start: u32,
    pub row: u32,
    pub column: u32,
    pub rows: u32,
    pub columns: u32,
}

/// Stores the sums of the unit whose first row and column these are.
#[cube]
pub(in crate::gpu) fn store(
    sums: &Array<Four>,
    to: &mut [f32],
    target: &Target,
    row: u32,
    column: u32,
    #[comptime] tile: Tile,
) {
    let unit = comptime!(tile.unit_vectors());
    #[unroll]
    for i in 0..comptime!(unit[0]) {
        #[unroll]
        for e in 0..4usize {
            let m = row + comptime!((i * tile.down() + e * tile.row_vectors()) as u32);
            #[unroll]
            for j in 0..comptime!(unit[1]) {
                #[unroll]
                for lane in 0..4usize {
                    let n = column + comptime!((j * tile.across() + lane * tile.column_vectors()) as u32);
                    if m < target.rows && n < target.columns {
                        let at = target.start + m * target.row + n * target.column;
                        to[at as usize] = sums[comptime!((i * 4 + e) * unit[1] + j)].extract(lane);
                    }
                }
            }
        }
    }
}
