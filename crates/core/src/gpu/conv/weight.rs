//! The gradient of a convolution in its weight, as a product over all pixels of all images:
//!
//! dw[m, c, t] = sum_b sum_p g[b, m, p] x[b, c, stride p + dilation t - padding]
//!
//! and of its bias, db[m] = sum_b sum_p g[b, m, p], whose terms are read for it in any case.
//!
//! Its matrices are small and the sum is long, so the pixels are shared out: each slice of them gives partial sums,
//! which a second launch adds in a fixed order.

use super::limits::{fits, COUNT};
use super::tile::{choose, multiply, no_sums, store, Four, Stored, Target, Tile};
use crate::gpu::precision::stored;
use crate::gpu::sums::{add_slices, slices_of};
use crate::gpu::{empty, operand, value, AXIS};
use crate::kernel::conv::shape::ConvShape;
use crate::storage::Value;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

/// Tiles of `weight_kernel`.
const TILES: [Tile; 4] = [
    Tile::new([128, 64], [8, 8], 16),
    Tile::new([64, 64], [8, 4], 16),
    Tile::new([64, 16], [4, 4], 16),
    Tile::new([16, 64], [4, 4], 16),
];

/// Pixels that are worth a slice of their own.
const SLICE: usize = 128;

/// The sizes of a launch. `rows` and `columns` are the output and input channels of a group.
#[derive(CubeType, CubeLaunch)]
struct Sizes {
    pub groups: u32,
    pub rows: u32,
    pub columns: u32,
    pub height: u32,
    pub width: u32,
    pub out_height: u32,
    pub out_width: u32,
    pub stride_y: i32,
    pub stride_x: i32,
    pub dilation_y: i32,
    pub dilation_x: i32,
    pub padding_y: i32,
    pub padding_x: i32,
    pub taps: u32,
    pub taps_x: u32,
    /// Pixels of all images, and of a slice.
    pub pixels: u32,
    pub slice: u32,
    pub row_tiles: u32,
    pub column_tiles: u32,
}

#[cube(launch_unchecked)]
fn weight_kernel<N: Numeric>(
    input: &[f32],
    gradient: &[f32],
    partial: &mut [f32],
    bias: &mut [f32],
    s: Sizes,
    #[comptime] tile: Tile,
    #[comptime] has_bias: bool,
    #[define(N)] _stored: ElemType,
) {
    let row_vectors = comptime!(tile.row_vectors() as u32);
    let column_vectors = comptime!(tile.column_vectors() as u32);
    // One more than the vectors of a row: units beside each other store to different banks.
    let (a_row, b_row) = comptime!((tile.row_vectors() + 1, tile.column_vectors() + 1));
    let tap = CUBE_POS_X / s.column_tiles;
    let first_column = (CUBE_POS_X % s.column_tiles) * comptime!(tile.columns as u32);
    let group = CUBE_POS_Z / s.row_tiles;
    let first_row = (CUBE_POS_Z % s.row_tiles) * comptime!(tile.rows as u32);
    let plane = s.height * s.width;
    let out_plane = s.out_height * s.out_width;
    let shift_y = (tap / s.taps_x) as i32 * s.dilation_y - s.padding_y;
    let shift_x = (tap % s.taps_x) as i32 * s.dilation_x - s.padding_x;

    let mut a = Shared::<[Stored<N>]>::new_slice(comptime!(tile.depth * a_row));
    let mut b = Shared::<[Stored<N>]>::new_slice(comptime!(tile.depth * b_row));
    let mut sums = no_sums(tile);
    let row = UNIT_POS / comptime!(tile.across() as u32);
    let column = UNIT_POS % comptime!(tile.across() as u32);

    // Units beside each other load pixels beside each other.
    let load_pixel = UNIT_POS % comptime!(tile.depth as u32);
    let load_vector = UNIT_POS / comptime!(tile.depth as u32);
    let together = comptime!(tile.units() / tile.depth);
    let loads = comptime!(tile.row_vectors().div_ceil(together));
    let mut gradients = Array::<Four>::new(loads);
    #[unroll]
    for l in 0..loads {
        gradients[l] = Four::new(0.0f32);
    }
    let begin = CUBE_POS_Y * s.slice;
    let end = min(begin + s.slice, s.pixels);
    for n0 in range_stepped(begin, end, comptime!(tile.depth as u32)) {
        let n = n0 + load_pixel;
        let counted = n < end;
        let n = select(counted, n, 0u32);
        let image = (n / out_plane) * s.groups + group;
        let rest = n % out_plane;
        let y = (rest / s.out_width) as i32 * s.stride_y + shift_y;
        let x = (rest % s.out_width) as i32 * s.stride_x + shift_x;
        let inside = counted && y >= 0 && y < s.height as i32 && x >= 0 && x < s.width as i32;
        let gradient_at = image * s.rows * out_plane + rest;
        let input_at = select(inside, image * s.columns * plane + (y * s.width as i32 + x) as u32, 0u32);
        sync_cube();
        #[unroll]
        for l in 0..loads {
            let i = load_vector + comptime!((l * together) as u32);
            if i < row_vectors {
                let mut four = Four::new(0.0f32);
                #[unroll]
                for e in 0..4usize {
                    let m = first_row + i + comptime!(e as u32) * row_vectors;
                    let read = counted && m < s.rows;
                    let from = select(read, gradient_at + m * out_plane, 0u32);
                    four.insert(e, select(read, gradient[from as usize], 0.0f32));
                }
                a[(load_pixel * comptime!(a_row as u32) + i) as usize] = Stored::<N>::cast_from(four);
                if comptime!(has_bias) {
                    gradients[l] += four;
                }
            }
        }
        #[unroll]
        for l in 0..comptime!(tile.column_vectors().div_ceil(together)) {
            let i = load_vector + comptime!((l * together) as u32);
            if i < column_vectors {
                let mut four = Four::new(0.0f32);
                #[unroll]
                for e in 0..4usize {
                    let c = first_column + i + comptime!(e as u32) * column_vectors;
                    let read = inside && c < s.columns;
                    let from = select(read, input_at + c * plane, 0u32);
                    four.insert(e, select(read, input[from as usize], 0.0f32));
                }
                b[(load_pixel * comptime!(b_row as u32) + i) as usize] = Stored::<N>::cast_from(four);
            }
        }
        sync_cube();
        multiply::<N>(&a, &b, &mut sums, row, column, a_row, b_row, tile);
    }

    let channels = s.rows * s.columns;
    let target = Target {
        start: (CUBE_POS_Y * s.groups + group) * channels * s.taps + tap,
        row: s.columns * s.taps,
        column: s.taps,
        rows: s.rows,
        columns: s.columns,
    };
    store(&sums, partial, &target, first_row + row, first_column + column, tile);
    if comptime!(has_bias) {
        let mut list = Shared::<[Four]>::new_slice(comptime!(tile.units()));
        #[unroll]
        for l in 0..loads {
            sync_cube();
            list[UNIT_POS as usize] = gradients[l];
            sync_cube();
            let i = load_vector + comptime!((l * together) as u32);
            // Every tap and tile of columns has the same sums.
            if CUBE_POS_X == 0 && load_pixel == 0 && i < row_vectors {
                let mut sum = Four::new(0.0f32);
                for k in 0..comptime!(tile.depth as u32) {
                    sum += list[(UNIT_POS + k) as usize];
                }
                #[unroll]
                for e in 0..4usize {
                    let m = first_row + i + comptime!(e as u32) * row_vectors;
                    if m < s.rows {
                        bias[((CUBE_POS_Y * s.groups + group) * s.rows + m) as usize] = sum.extract(e);
                    }
                }
            }
        }
    }
}

/// The adjoint in the weight, [output channels, input channels of a group, kernel]; `None` as of `forward`.
pub(crate) fn weight(conv: &ConvShape, x: &Value, gradient: &Value) -> Option<Value> {
    adjoints(conv, x, gradient, false).map(|[dw, _]| dw)
}

/// The adjoints in the weight and in the bias, [output channels]; `None` as of `forward`.
pub(crate) fn weight_and_bias(conv: &ConvShape, x: &Value, gradient: &Value) -> Option<[Value; 2]> {
    adjoints(conv, x, gradient, true)
}

fn adjoints(conv: &ConvShape, x: &Value, gradient: &Value, has_bias: bool) -> Option<[Value; 2]> {
    let (x, gradient) = fits(conv).then(|| Some((operand(x)?, operand(gradient)?))).flatten()?;
    let [inputs, outputs] = conv.group();
    let (taps, pixels) = (conv.taps(), conv.batch * conv.pixels());
    // Slices keep the card busy, whatever the tiles are.
    let tile = choose(&TILES, [outputs, inputs], conv.groups * taps, 1);
    let [row_tiles, column_tiles] = tile.counts([outputs, inputs]);
    let tiles = [row_tiles, column_tiles, taps, conv.groups].iter().fold(1, |a: usize, &b| a.saturating_mul(b));
    let [slice, slices] = tile.slices(pixels, tiles, SLICE);
    let shape = [conv.channels[1], inputs, conv.kernel[0], conv.kernel[1]];
    let count = shape.iter().product::<usize>();
    if column_tiles.saturating_mul(taps) > AXIS
        || row_tiles.saturating_mul(conv.groups) > AXIS
        || slices * count >= COUNT
    {
        return None;
    }
    let (client, dw) = (x.client.clone(), empty(&x, &shape));
    let stored = stored(conv.mixed, &x);
    let partial = slices_of(&dw, count, slices);
    let channels = if has_bias { conv.channels[1] } else { 1 };
    let db = empty(&x, &[channels]);
    let partial_bias = slices_of(&db, channels, if has_bias { slices } else { 1 });
    let sizes = SizesLaunch::new(
        conv.groups as u32,
        outputs as u32,
        inputs as u32,
        conv.size[0] as u32,
        conv.size[1] as u32,
        conv.out[0] as u32,
        conv.out[1] as u32,
        conv.stride[0] as i32,
        conv.stride[1] as i32,
        conv.dilation[0] as i32,
        conv.dilation[1] as i32,
        conv.padding[0] as i32,
        conv.padding[1] as i32,
        taps as u32,
        conv.kernel[1] as u32,
        pixels as u32,
        slice as u32,
        row_tiles as u32,
        column_tiles as u32,
    );
    let groups = CubeCount::Static((taps * column_tiles) as u32, slices as u32, (row_tiles * conv.groups) as u32);
    // SAFETY: an index of the image or the gradient is replaced by 0 where it is not inside; partial sums have a place
    // for each slice and element of the weight, and of the bias where it is written.
    unsafe {
        weight_kernel::launch_unchecked(
            &client,
            groups,
            CubeDim::new_1d(tile.units() as u32),
            x.into_buffer_arg(),
            gradient.into_buffer_arg(),
            partial.clone().into_buffer_arg(),
            partial_bias.clone().into_buffer_arg(),
            sizes,
            tile,
            has_bias,
            stored,
        );
    }
    let results = [[&partial, &dw], [&partial_bias, &db]];
    add_slices(if has_bias { &results } else { &results[..1] }, slices)?;
    Some([dw, db].map(value))
}
