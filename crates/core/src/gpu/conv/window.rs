//! A convolution as a product of its weight with the windows of an image, which are read from the image where the
//! product needs them: forward, and the gradient in the input.
//!
//! y[b, m, j] = activation(bias[m] + sum_t sum_c w[t, c, m] x[b, c, stride j + step t + offset])
//!
//! For the gradient in the input with a stride, each residue of the pixels is such a sum over the taps that reach it;
//! one launch computes all residues.

use super::axis::{place, Windows};
use super::tile::{choose, multiply, no_sums, Four, Stored, Tile, BUSY};
use cubecl::ir::ElemType;
use cubecl::prelude::*;

/// Tiles of `window_kernel`: for many rows and columns, for few columns, for few rows.
const TILES: [Tile; 7] = [
    Tile::new([128, 128], [8, 8], 8),
    Tile::new([64, 128], [8, 8], 16),
    Tile::new([64, 64], [8, 4], 16),
    Tile::new([64, 32], [4, 4], 16),
    Tile::new([16, 256], [4, 8], 8),
    Tile::new([16, 64], [4, 4], 16),
    Tile::new([4, 256], [4, 4], 8),
];

/// The tile for a matrix of output channels and pixels, one for each group.
pub(super) fn tile(matrix: [usize; 2], groups: usize) -> Tile {
    choose(&TILES, matrix, groups, BUSY)
}

/// The sizes of a launch. `rows` and `depth` are the output and input channels of a group.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Sizes {
    pub batch: u32,
    pub groups: u32,
    pub depth: u32,
    pub rows: u32,
    pub row_tiles: u32,
    /// Tiles of the pixels of each residue.
    pub column_tiles: u32,
    /// From one row of taps of the weight to the next.
    pub kernel_width: u32,
    /// From one tap, input channel, output channel and group of the weight to the next.
    pub weight_tap: u32,
    pub weight_depth: u32,
    pub weight_row: u32,
    pub weight_group: u32,
}

/// What follows the sums: a bias is added, and values below zero are multiplied by a slope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Activation {
    None,
    Relu,
    Leaky,
}

/// A coordinate that lies outside of every image.
const OUTSIDE: i32 = -(1 << 30);

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn window_kernel<N: Numeric>(
    input: &[f32],
    weight: &[f32],
    bias: ComptimeOption<&[f32]>,
    output: &mut [f32],
    s: Sizes,
    y: Windows,
    x: Windows,
    slope: f32,
    #[comptime] tile: Tile,
    #[comptime] activation: Activation,
    #[comptime] parted: bool,
    #[define(N)] _stored: ElemType,
) {
    let row_vectors = comptime!(tile.row_vectors() as u32);
    let column_vectors = comptime!(tile.column_vectors() as u32);
    let units = comptime!(tile.units() as u32);
    let mut column_tile = CUBE_POS_X + CUBE_POS_Y * CUBE_COUNT_X;
    let mut first_y = 0u32;
    let mut first_x = 0u32;
    if comptime!(parted) {
        let residue = column_tile / s.column_tiles;
        column_tile %= s.column_tiles;
        first_y = residue / x.residues;
        first_x = residue % x.residues;
        if first_y >= y.residues {
            terminate!();
        }
    }
    let (down, across) = (place(&y, first_y, parted), place(&x, first_x, parted));
    let grid = down.grid * across.grid;
    let pixels = s.batch * grid;
    let first = column_tile * comptime!(tile.columns as u32);
    if first >= pixels {
        terminate!();
    }
    let group = CUBE_POS_Z / s.row_tiles;
    let first_row = (CUBE_POS_Z % s.row_tiles) * comptime!(tile.rows as u32);
    let (height, width) = (y.input, x.input);
    let plane = height * width;

    // The four pixels whose windows this unit loads.
    let load_column = UNIT_POS % column_vectors;
    let load_depth = UNIT_POS / column_vectors;
    let mut base = Array::<u32>::new(4usize);
    let mut top = Array::<i32>::new(4usize);
    let mut left = Array::<i32>::new(4usize);
    #[unroll]
    for e in 0..4usize {
        let n = first + load_column + comptime!(e as u32) * column_vectors;
        let inside = n < pixels;
        let n = select(inside, n, 0u32);
        let rest = n % grid;
        base[e] = ((n / grid) * s.groups + group) * s.depth * plane;
        top[e] = select(inside, (rest / across.grid) as i32 * y.stride + down.offset, OUTSIDE);
        left[e] = (rest % across.grid) as i32 * x.stride + across.offset;
    }

    let mut a = Shared::<[Stored<N>]>::new_slice(comptime!(tile.depth * tile.row_vectors()));
    let mut b = Shared::<[Stored<N>]>::new_slice(comptime!(tile.depth * tile.column_vectors()));
    let mut sums = no_sums(tile);
    let row = UNIT_POS / comptime!(tile.across() as u32);
    let column = UNIT_POS % comptime!(tile.across() as u32);

    let a_loads = comptime!((tile.depth * tile.row_vectors()).div_ceil(tile.units()));
    let b_loads = comptime!((tile.depth * tile.column_vectors()).div_ceil(tile.units()));
    let mut at = Array::<u32>::new(4usize);
    let mut valid = Array::<bool>::new(4usize);
    for t in 0..down.taps * across.taps {
        let (u, v) = (t / across.taps, t % across.taps);
        let tap = (down.tap + u * y.tap_every) * s.kernel_width + across.tap + v * x.tap_every;
        let tap = tap * s.weight_tap + group * s.weight_group;
        #[unroll]
        for e in 0..4usize {
            let row = top[e] + u as i32 * y.step;
            let column = left[e] + v as i32 * x.step;
            let inside = row >= 0 && row < height as i32 && column >= 0 && column < width as i32;
            valid[e] = inside;
            at[e] = select(inside, base[e] + (row * width as i32 + column) as u32, 0u32);
        }
        for c0 in range_stepped(0u32, s.depth, comptime!(tile.depth as u32)) {
            sync_cube();
            #[unroll]
            for l in 0..a_loads {
                let i = UNIT_POS + comptime!(l as u32) * units;
                if i < comptime!((tile.depth * tile.row_vectors()) as u32) {
                    let c = c0 + i / row_vectors;
                    let mut four = Four::new(0.0f32);
                    #[unroll]
                    for e in 0..4usize {
                        let m = first_row + i % row_vectors + comptime!(e as u32) * row_vectors;
                        let inside = c < s.depth && m < s.rows;
                        let from = select(inside, tap + c * s.weight_depth + m * s.weight_row, 0u32);
                        four.insert(e, select(inside, weight[from as usize], 0.0f32));
                    }
                    a[i as usize] = Stored::<N>::cast_from(four);
                }
            }
            #[unroll]
            for l in 0..b_loads {
                let k = load_depth + comptime!((l * tile.units() / tile.column_vectors()) as u32);
                if k < comptime!(tile.depth as u32) {
                    let c = c0 + k;
                    let mut four = Four::new(0.0f32);
                    #[unroll]
                    for e in 0..4usize {
                        let inside = valid[e] && c < s.depth;
                        let from = select(inside, at[e] + c * plane, 0u32);
                        four.insert(e, select(inside, input[from as usize], 0.0f32));
                    }
                    b[(k * column_vectors + load_column) as usize] = Stored::<N>::cast_from(four);
                }
            }
            sync_cube();
            multiply::<N>(
                &a,
                &b,
                &mut sums,
                row,
                column,
                comptime!(tile.row_vectors()),
                comptime!(tile.column_vectors()),
                tile,
            );
        }
    }

    let unit = comptime!(tile.unit_vectors());
    #[unroll]
    for j in 0..comptime!(unit[1]) {
        #[unroll]
        for lane in 0..4usize {
            let n = first + column + comptime!((j * tile.across() + lane * tile.column_vectors()) as u32);
            if n < pixels {
                let rest = n % grid;
                let to_row = first_y + (rest / across.grid) * y.every;
                let to_column = first_x + (rest % across.grid) * x.every;
                let out_plane = y.out * x.out;
                let to = ((n / grid) * s.groups + group) * s.rows * out_plane + to_row * x.out + to_column;
                #[unroll]
                for i in 0..comptime!(unit[0]) {
                    #[unroll]
                    for e in 0..4usize {
                        let m = first_row + row + comptime!((i * tile.down() + e * tile.row_vectors()) as u32);
                        if m < s.rows {
                            let sum = sums[comptime!((i * 4 + e) * unit[1] + j)].extract(lane);
                            #[comptime]
                            let sum = match bias {
                                ComptimeOption::Some(bias) => sum + bias[(group * s.rows + m) as usize],
                                ComptimeOption::None => sum,
                            };
                            let sum = match comptime!(activation) {
                                Activation::None => sum,
                                Activation::Relu => select(sum <= 0.0, 0.0f32, sum),
                                Activation::Leaky => select(sum <= 0.0, slope * sum, sum),
                            };
                            output[(to + m * out_plane) as usize] = sum;
                        }
                    }
                }
            }
        }
    }
}
