//! Convolutions as products of matrices whose operands are read from the images where they are needed ("implicit GEMM":
//! Chetlur et al., "cuDNN: efficient primitives for deep learning", 2014, arXiv:1410.0759), in float32 multiply-adds.
//! Images stay as they are, [B, C, H, W].
//!
//! Sizes that 32 bits do not hold are refused.

mod axis;
mod filter;
mod limits;
#[cfg(feature = "cuda")]
pub(crate) mod tensor_cores;
pub(super) mod tile;
mod weight;
mod window;

pub(crate) use weight::{weight, weight_and_bias};

use super::precision::stored;
use super::{empty, operand, value, AXIS};
use crate::kernel::conv::shape::ConvShape;
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use axis::Axis;
use cubecl::prelude::*;
use filter::Filter;
use limits::fits;
use window::{window_kernel, Activation, SizesLaunch};

/// One launch of `window_kernel`: `[depth, rows]` are the input and output channels of a group.
#[allow(clippy::too_many_arguments)]
fn launch(
    conv: &ConvShape,
    [depth, rows]: [usize; 2],
    [y, x]: [Axis; 2],
    weight: &Filter,
    [image, out]: [&CubeTensor; 2],
    bias: Option<&CubeTensor>,
    slope: f64,
) {
    let (pixels, residues) = (conv.batch * y.grid * x.grid, y.residues * x.residues);
    if pixels == 0 {
        return;
    }
    let mut tile = window::tile([rows, pixels], conv.groups * residues);
    if depth <= 4 {
        tile.depth = 4;
    }
    let [row_tiles, column_tiles] = tile.counts([rows, pixels]);
    let tiles = column_tiles * residues;
    let across = tiles.min(AXIS / 2);
    let count = CubeCount::Static(across as u32, tiles.div_ceil(across) as u32, (row_tiles * conv.groups) as u32);
    let sizes = SizesLaunch::new(
        conv.batch as u32,
        conv.groups as u32,
        depth as u32,
        rows as u32,
        row_tiles as u32,
        column_tiles as u32,
        conv.kernel[1] as u32,
        weight.tap as u32,
        weight.depth as u32,
        weight.row as u32,
        weight.group as u32,
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
            weight.values.clone().into_buffer_arg(),
            bias.map(|b| b.clone().into_buffer_arg()).into(),
            out.clone().into_buffer_arg(),
            sizes,
            y.launch(),
            x.launch(),
            slope as f32,
            tile,
            activation,
            y.every * x.every > 1,
            stored(conv.mixed, image),
        );
    }
}

/// The convolution with its bias and activation, [batch, channels, out]; `None` where these kernels do not compute it.
pub(crate) fn forward(conv: &ConvShape, x: &Value, weight: &Value, bias: Option<&Value>, slope: f64) -> Option<Value> {
    let x = fits(conv).then(|| operand(x)).flatten()?;
    let weight = Filter::new(conv, weight, false)?;
    let bias = bias.and_then(operand);
    let [inputs, outputs] = conv.group();
    let y = empty(&x, &[conv.batch, conv.channels[1], conv.out[0], conv.out[1]]);
    let axes = [0, 1].map(|i| Axis::forward(conv, i));
    launch(conv, [inputs, outputs], axes, &weight, [&x, &y], bias.as_ref(), slope);
    Some(value(y))
}

/// The adjoint in the input with a bias, [batch, channels, size]; `None` as of `forward`.
pub(crate) fn input(conv: &ConvShape, gradient: &Value, weight: &Value, bias: Option<&Value>) -> Option<Value> {
    let gradient = fits(conv).then(|| operand(gradient)).flatten()?;
    let weight = Filter::new(conv, weight, true)?;
    let [inputs, outputs] = conv.group();
    let bias = bias.and_then(operand);
    let dx = empty(&gradient, &[conv.batch, conv.channels[0], conv.size[0], conv.size[1]]);
    let axes = [0, 1].map(|i| Axis::adjoint(conv, i));
    launch(conv, [outputs, inputs], axes, &weight, [&gradient, &dx], bias.as_ref(), 1.0);
    Some(value(dx))
}
