//! Convolutions as products of matrices whose operands are read from the images where they are needed ("implicit GEMM":
//! Chetlur et al., "cuDNN: efficient primitives for deep learning", 2014, arXiv:1410.0759), in float32 multiply-adds.
//! Images stay as they are, [B, C, H, W]; weights are brought to [tap, channel, row] first.
//!
//! Convolutions of few channels in groups, and sizes that 32 bits do not hold, are left to burn.

#[cfg(feature = "cuda")]
pub(crate) mod tensor_cores;
mod tile;
mod weight;
mod window;

use super::sums::{add_slices, slices_of};
use super::{empty, operand, value, AXIS};
use crate::kernel::conv::shape::ConvShape;
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use adjoint_backend::Dispatch;
use cubecl::prelude::*;
use tile::{choose, Tile};
use window::{window_kernel, Activation, SizesLaunch, WindowLaunch};

/// Tiles of `window_kernel`: for many rows and columns, for few columns, for few rows.
const WINDOW_TILES: [Tile; 7] = [
    Tile::new([128, 128], [8, 8], 8),
    Tile::new([64, 128], [8, 8], 16),
    Tile::new([64, 64], [8, 4], 16),
    Tile::new([64, 32], [4, 4], 16),
    Tile::new([16, 256], [4, 8], 8),
    Tile::new([16, 64], [4, 4], 16),
    Tile::new([4, 256], [4, 4], 8),
];

/// Tiles of `weight_kernel`.
const WEIGHT_TILES: [Tile; 4] = [
    Tile::new([128, 64], [8, 8], 16),
    Tile::new([64, 64], [8, 4], 16),
    Tile::new([64, 16], [4, 4], 16),
    Tile::new([16, 64], [4, 4], 16),
];

/// Elements, and coordinates, that the kernels can count.
const COUNT: usize = 1 << 31;
const COORDINATE: usize = 1 << 28;
/// Groups of units that keep a large card busy, and pixels that are worth a slice of their own.
const BUSY: usize = 512;
const SLICE: usize = 128;

/// Whether the kernels take a convolution.
fn fits(conv: &ConvShape) -> bool {
    let [inputs, outputs] = conv.group();
    let elements = |channels: usize, size: [usize; 2]| {
        [channels, size[0], size[1]].iter().try_fold(conv.batch, |a, &b| a.checked_mul(b)).is_some_and(|n| n < COUNT)
    };
    let coordinates = (0..2).all(|i| {
        let reach = [conv.out[i].saturating_mul(conv.stride[i]), conv.span(conv.kernel[i], i)];
        reach.into_iter().chain([conv.size[i], conv.padding[i]]).all(|n| n < COORDINATE)
    });
    (conv.groups == 1 || inputs.min(outputs) >= 8)
        && elements(conv.channels[0], conv.size)
        && elements(conv.channels[1], conv.out)
        && conv.channels[1].saturating_mul(conv.depth()) < COUNT
        && conv.taps() < AXIS
        && coordinates
}

/// The weight in another order of its axes, of [output channels, input channels of a group, height, width].
fn ordered(weight: &Value, axes: [usize; 4]) -> Option<CubeTensor> {
    operand(&Dispatch::float_permute(weight.clone(), &axes))
}

/// One axis of the windows of `window_kernel`.
#[derive(Clone, Copy, Default)]
struct Axis {
    /// Pixels of the input, computed ones, and those of the output.
    input: usize,
    grid: usize,
    out: usize,
    /// Where computed pixels lie in the output.
    first: usize,
    every: usize,
    stride: usize,
    step: isize,
    offset: isize,
    /// Taps that are used: how many, the first, and from one to the next.
    taps: usize,
    tap: usize,
    tap_every: usize,
}

impl Axis {
    /// The convolution itself.
    fn forward(conv: &ConvShape, i: usize) -> Self {
        Self {
            input: conv.size[i],
            grid: conv.out[i],
            out: conv.out[i],
            first: 0,
            every: 1,
            stride: conv.stride[i],
            step: conv.dilation[i] as isize,
            offset: -(conv.padding[i] as isize),
            taps: conv.kernel[i],
            tap: 0,
            tap_every: 1,
        }
    }

    /// Its adjoint, for input pixels q = residue + stride j. Output pixel p reads q through tap u where
    /// stride p = q + padding - dilation u, so only every (stride / gcd(stride, dilation))-th tap reaches q.
    fn adjoint(conv: &ConvShape, i: usize, residue: usize) -> Self {
        let (stride, dilation) = (conv.stride[i], conv.dilation[i]);
        let every = stride / gcd(stride, dilation);
        let reach = |u: usize| (residue + conv.padding[i]) as isize - (dilation * u) as isize;
        let first = (0..every.min(conv.kernel[i])).find(|&u| reach(u).rem_euclid(stride as isize) == 0);
        Self {
            input: conv.out[i],
            grid: conv.size[i].saturating_sub(residue).div_ceil(stride),
            out: conv.size[i],
            first: residue,
            every: stride,
            stride: 1,
            step: -((dilation * every / stride) as isize),
            offset: first.map_or(0, |u| reach(u) / stride as isize),
            taps: first.map_or(0, |u| (conv.kernel[i] - u).div_ceil(every)),
            tap: first.unwrap_or(0),
            tap_every: every,
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

/// Strides of the weight in the order that a launch reads.
struct WeightStrides {
    tap: usize,
    row: usize,
    group: usize,
}

/// One launch of `window_kernel`: `[depth, rows]` are the input and output channels of a group.
#[allow(clippy::too_many_arguments)]
fn launch(
    conv: &ConvShape,
    [depth, rows]: [usize; 2],
    [y, x]: [Axis; 2],
    strides: &WeightStrides,
    [image, weight, out]: [&CubeTensor; 3],
    bias: Option<&CubeTensor>,
    slope: f64,
) {
    let pixels = conv.batch * y.grid * x.grid;
    if pixels == 0 {
        return;
    }
    let mut tile = choose(&WINDOW_TILES, [rows, pixels], conv.groups, BUSY);
    if depth <= 4 {
        tile.depth = 4;
    }
    let [row_tiles, column_tiles] = tile.counts([rows, pixels]);
    let across = column_tiles.min(AXIS / 2);
    let count =
        CubeCount::Static(across as u32, column_tiles.div_ceil(across) as u32, (row_tiles * conv.groups) as u32);
    let sizes = SizesLaunch::new(
        conv.groups as u32,
        depth as u32,
        rows as u32,
        y.input as u32,
        x.input as u32,
        y.grid as u32,
        x.grid as u32,
        y.out as u32,
        x.out as u32,
        pixels as u32,
        row_tiles as u32,
        y.first as u32,
        x.first as u32,
        y.every as u32,
        x.every as u32,
    );
    let windows = WindowLaunch::new(
        y.stride as i32,
        x.stride as i32,
        y.step as i32,
        x.step as i32,
        y.offset as i32,
        x.offset as i32,
        y.taps as u32,
        x.taps as u32,
        (y.tap * conv.kernel[1] + x.tap) as u32,
        (y.tap_every * conv.kernel[1]) as u32,
        x.tap_every as u32,
        strides.tap as u32,
        strides.row as u32,
        strides.group as u32,
    );
    let activation = match slope {
        1.0 => Activation::None,
        0.0 => Activation::Relu,
        _ => Activation::Leaky,
    };
    // SAFETY: an index of the image or the weight is replaced by 0 where it is not inside, and results are written only
    // for pixels and rows that exist; both operands have at least one element.
    unsafe {
        window_kernel::launch_unchecked(
            &image.client,
            count,
            CubeDim::new_1d(tile.units() as u32),
            image.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            bias.map(|b| b.clone().into_buffer_arg()).into(),
            out.clone().into_buffer_arg(),
            sizes,
            windows,
            slope as f32,
            tile,
            activation,
        );
    }
}

/// The convolution with its bias and activation, [batch, channels, out]; `None` where these kernels do not compute it.
pub(crate) fn forward(conv: &ConvShape, x: &Value, weight: &Value, bias: Option<&Value>, slope: f64) -> Option<Value> {
    let x = fits(conv).then(|| operand(x)).flatten()?;
    let weight = ordered(weight, [2, 3, 1, 0])?;
    let bias = bias.and_then(operand);
    let [inputs, outputs] = conv.group();
    let y = empty(&x, &[conv.batch, conv.channels[1], conv.out[0], conv.out[1]]);
    let strides = WeightStrides { tap: inputs * conv.channels[1], row: conv.channels[1], group: outputs };
    let axes = [0, 1].map(|i| Axis::forward(conv, i));
    launch(conv, [inputs, outputs], axes, &strides, [&x, &weight, &y], bias.as_ref(), slope);
    Some(value(y))
}

/// The adjoint in the input with a bias, [batch, channels, size]; `None` as of `forward`.
pub(crate) fn input(conv: &ConvShape, gradient: &Value, weight: &Value, bias: Option<&Value>) -> Option<Value> {
    let gradient = fits(conv).then(|| operand(gradient)).flatten()?;
    let weight = ordered(weight, [2, 3, 0, 1])?;
    let [inputs, outputs] = conv.group();
    let bias = bias.and_then(operand);
    let dx = empty(&gradient, &[conv.batch, conv.channels[0], conv.size[0], conv.size[1]]);
    let strides = WeightStrides { tap: conv.channels[1] * inputs, row: inputs, group: outputs * inputs };
    for y in 0..conv.stride[0].min(conv.size[0]) {
        for x in 0..conv.stride[1].min(conv.size[1]) {
            let axes = [Axis::adjoint(conv, 0, y), Axis::adjoint(conv, 1, x)];
            launch(conv, [outputs, inputs], axes, &strides, [&gradient, &weight, &dx], bias.as_ref(), 1.0);
        }
    }
    Some(value(dx))
}

/// The adjoint in the weight, [output channels, input channels of a group, kernel]; `None` as of `forward`.
pub(crate) fn weight(conv: &ConvShape, x: &Value, gradient: &Value) -> Option<Value> {
    let (x, gradient) = fits(conv).then(|| Some((operand(x)?, operand(gradient)?))).flatten()?;
    let [inputs, outputs] = conv.group();
    let (taps, pixels) = (conv.taps(), conv.batch * conv.pixels());
    // Slices keep the card busy, whatever the tiles are.
    let tile = choose(&WEIGHT_TILES, [outputs, inputs], conv.groups * taps, 1);
    let [row_tiles, column_tiles] = tile.counts([outputs, inputs]);
    let tiles = [row_tiles, column_tiles, taps, conv.groups].iter().fold(1, |a: usize, &b| a.saturating_mul(b));
    let wanted = BUSY.div_ceil(tiles).min(pixels.div_ceil(SLICE)).min(AXIS);
    let slice = pixels.div_ceil(wanted).next_multiple_of(tile.depth);
    let slices = pixels.div_ceil(slice);
    let shape = [conv.channels[1], inputs, conv.kernel[0], conv.kernel[1]];
    let count = shape.iter().product::<usize>();
    if column_tiles.saturating_mul(taps) > AXIS
        || row_tiles.saturating_mul(conv.groups) > AXIS
        || slices * count >= COUNT
    {
        return None;
    }
    let (client, dw) = (x.client.clone(), empty(&x, &shape));
    let partial = slices_of(&dw, count, slices);
    let sizes = weight::SizesLaunch::new(
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
    // SAFETY: as of `launch`; partial sums have a place for each slice and element of the weight.
    unsafe {
        weight::weight_kernel::launch_unchecked(
            &client,
            groups,
            CubeDim::new_1d(tile.units() as u32),
            x.into_buffer_arg(),
            gradient.into_buffer_arg(),
            partial.clone().into_buffer_arg(),
            sizes,
            tile,
        );
    }
    add_slices(partial, &dw, count, slices);
    Some(value(dw))
}
