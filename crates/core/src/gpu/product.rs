//! Products of matrices of any strides in float32 multiply-adds, in tiles as of convolutions; networks may round their
//! operands to 16 bits. Transposed and repeated matrices are read where they are. Where the result is small and the
//! sums are long, these are shared out to slices, which a second launch adds in a fixed order.

use super::conv::tile::{choose, multiply, no_sums, store, Four, Stored, Target, Tile, BUSY};
use super::group::fits;
use super::precision::stored;
use super::sums::{add_slices, slices_of};
use super::{empty, operand, tensor, value, AXIS};
use crate::storage::{physical, Value};
use adjoint_backend::gpu::CubeTensor;
use adjoint_backend::Dispatch;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

const TILES: [Tile; 6] = [
    Tile::new([128, 128], [8, 8], 8),
    Tile::new([128, 64], [8, 8], 16),
    Tile::new([64, 64], [8, 4], 16),
    Tile::new([64, 16], [4, 4], 16),
    Tile::new([16, 64], [4, 4], 16),
    Tile::new([4, 256], [4, 4], 8),
];

/// Terms of a sum that are worth a slice of their own.
const SLICE: usize = 256;

/// A matrix of each batch: how far apart batches, and numbers along the result's axis and along the sum, are.
#[derive(CubeType, CubeLaunch)]
struct Matrix {
    batch: u32,
    side: u32,
    depth: u32,
}

#[derive(CubeType, CubeLaunch)]
struct Sizes {
    rows: u32,
    columns: u32,
    depth: u32,
    /// Terms of a slice, tiles of a matrix, and of its rows.
    slice: u32,
    tiles: u32,
    down: u32,
    /// Matrices.
    count: u32,
    /// Numbers of the result.
    total: u32,
}

/// Loads a part of a matrix into shared memory, four numbers a vector, zero where it has none. Neighbouring units take
/// neighbours along the sum (`deep`) or along the result's axis, whichever are neighbours in memory.
#[cube]
fn load<N: Numeric>(
    from: &[f32],
    to: &mut Shared<[Stored<N>]>,
    m: &Matrix,
    start: u32,
    first: u32,
    count: u32,
    begin: u32,
    end: u32,
    #[comptime] vectors: usize,
    #[comptime] apart: usize,
    #[comptime] tile: Tile,
    #[comptime] deep: bool,
) {
    let all = comptime!((tile.depth * vectors) as u32);
    #[unroll]
    for l in 0..comptime!((tile.depth * vectors).div_ceil(tile.units())) {
        let i = UNIT_POS + comptime!((l * tile.units()) as u32);
        if i < all {
            let mut k = i / comptime!(vectors as u32);
            let mut v = i % comptime!(vectors as u32);
            if comptime!(deep) {
                k = i % comptime!(tile.depth as u32);
                v = i / comptime!(tile.depth as u32);
            }
            let depth = begin + k;
            let mut four = Four::new(0.0f32);
            #[unroll]
            for e in 0..4usize {
                let side = first + v + comptime!((e * vectors) as u32);
                let inside = depth < end && side < count;
                let at = select(inside, start + depth * m.depth + side * m.side, 0u32);
                four.insert(e, select(inside, from[at as usize], 0.0f32));
            }
            to[(k * comptime!(apart as u32) + v) as usize] = Stored::<N>::cast_from(four);
        }
    }
}

/// partial[slice, b, i, j] = sum over a slice of a[b, i, k] b[b, k, j].
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn product_kernel<N: Numeric>(
    a: &[f32],
    b: &[f32],
    partial: &mut [f32],
    s: Sizes,
    left: Matrix,
    right: Matrix,
    #[comptime] tile: Tile,
    #[comptime] deep: [bool; 2],
    #[define(N)] _stored: ElemType,
) {
    let group = CUBE_POS_X + CUBE_POS_Y * CUBE_COUNT_X;
    let (at, batch) = (group % s.tiles, group / s.tiles);
    if batch >= s.count {
        terminate!();
    }
    let (tile_row, tile_column) = (at % s.down, at / s.down);
    let first_row = tile_row * comptime!(tile.rows as u32);
    let first_column = tile_column * comptime!(tile.columns as u32);
    let begin = CUBE_POS_Z * s.slice;
    let end = min(begin + s.slice, s.depth);
    // A vector more a row spreads what units store over the banks of shared memory.
    let a_row = comptime!(tile.row_vectors() + 1);
    let b_row = comptime!(tile.column_vectors() + 1);
    let mut rows = Shared::<[Stored<N>]>::new_slice(comptime!(tile.depth * a_row));
    let mut columns = Shared::<[Stored<N>]>::new_slice(comptime!(tile.depth * b_row));
    let mut sums = no_sums(tile);
    let row = UNIT_POS / comptime!(tile.across() as u32);
    let column = UNIT_POS % comptime!(tile.across() as u32);
    for k in range_stepped(begin, end, comptime!(tile.depth as u32)) {
        sync_cube();
        let start = batch * left.batch;
        load::<N>(
            a,
            &mut rows,
            &left,
            start,
            first_row,
            s.rows,
            k,
            end,
            comptime!(tile.row_vectors()),
            a_row,
            tile,
            deep[0],
        );
        let start = batch * right.batch;
        let vectors = comptime!(tile.column_vectors());
        load::<N>(b, &mut columns, &right, start, first_column, s.columns, k, end, vectors, b_row, tile, deep[1]);
        sync_cube();
        multiply::<N>(&rows, &columns, &mut sums, row, column, a_row, b_row, tile);
    }
    let target = Target {
        start: CUBE_POS_Z * s.total + batch * s.rows * s.columns,
        row: s.columns,
        column: 1u32,
        rows: s.rows,
        columns: s.columns,
    };
    store(&sums, partial, &target, first_row + row, first_column + column, tile);
}

/// A tensor whose batches lie equally far apart, with the strides of batches, rows and columns: copied if they do not.
fn matrices(t: &Value, batch: &[usize]) -> Option<(CubeTensor, [usize; 3])> {
    let own = tensor(t)?;
    let (shape, strides) = (own.meta.shape().to_vec(), own.meta.strides().to_vec());
    let lead = shape.len().checked_sub(2)?;
    let missing = batch.len().checked_sub(lead)?;
    // From the last axis of the batch on, each must continue the ones after it.
    let (mut step, mut count) = (0, 1);
    let mut even = true;
    for (i, &size) in batch.iter().enumerate().rev().filter(|(_, &size)| size > 1) {
        let stride = if i < missing || shape[i - missing] == 1 { 0 } else { strides[i - missing] };
        if count == 1 {
            step = stride;
        }
        even &= stride == step * count;
        count *= size;
    }
    if even {
        return Some((own, [step, strides[lead], strides[lead + 1]]));
    }
    let wide = [&vec![1; missing][..], &shape].concat();
    let all = [batch, &shape[lead..]].concat();
    let copied = operand(&Dispatch::float_expand(Dispatch::float_reshape(t.clone(), physical(&wide)), physical(&all)))?;
    Some((copied, [shape[lead] * shape[lead + 1], shape[lead + 1], 1]))
}

/// a b for each of `batch`, to which both are broadcast, of sizes [m, k, n]; `None` on the cpu, and where positions
/// need more than 32 bits. Operands are rounded as the program chose where `mixed`.
pub(crate) fn matmul(a: &Value, b: &Value, batch: &[usize], [m, k, n]: [usize; 3], mixed: bool) -> Option<Value> {
    let ((a, [a_batch, a_side, a_depth]), (b, [b_batch, b_depth, b_side])) = (matrices(a, batch)?, matrices(b, batch)?);
    let count: usize = batch.iter().product();
    let y = empty(&a, &[batch, &[m, n]].concat());
    let total = y.meta.num_elements();
    let tile = choose(&TILES, [m, n], count, BUSY);
    let [down, across] = tile.counts([m, n]);
    let tiles = down.saturating_mul(across);
    let [slice, slices] = tile.slices(k, tiles.saturating_mul(count), SLICE);
    if ![&a, &b, &y].into_iter().all(fits) || slices.saturating_mul(total) >= 1 << 31 {
        return None;
    }
    let partial = slices_of(&y, total, slices);
    let stored = stored(mixed, &a);
    let [rows, columns, depth, slice] = [m, n, k, slice].map(|n| n as u32);
    let sizes = SizesLaunch::new(rows, columns, depth, slice, tiles as u32, down as u32, count as u32, total as u32);
    let wide = (tiles * count).min(AXIS / 2);
    let cubes = CubeCount::Static(wide as u32, (tiles * count).div_ceil(wide) as u32, slices as u32);
    let deep = [a_depth == 1 && a_side != 1, b_depth == 1 && b_side != 1];
    // SAFETY: positions of numbers that a matrix does not have are replaced by 0, and partial sums have a place for
    // each slice and number of the result; there is at least one number in each tensor.
    unsafe {
        product_kernel::launch_unchecked(
            &a.client.clone(),
            cubes,
            CubeDim::new_1d(tile.units() as u32),
            a.into_buffer_arg(),
            b.into_buffer_arg(),
            partial.clone().into_buffer_arg(),
            sizes,
            MatrixLaunch::new(a_batch as u32, a_side as u32, a_depth as u32),
            MatrixLaunch::new(b_batch as u32, b_side as u32, b_depth as u32),
            tile,
            deep,
            stored,
        );
    }
    add_slices(&[[&partial, &y]], slices)?;
    Some(value(y))
}
