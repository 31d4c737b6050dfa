//! The weight of a convolution as the windows' kernel reads it.

use super::window::tile;
use crate::gpu::operand;
use crate::kernel::conv::shape::ConvShape;
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use adjoint_backend::Dispatch;

/// Tiles of columns from which on it pays to bring the weight to the order in which tiles read it: a launch more, and
/// reads beside each other.
const ORDERED: usize = 256;

/// The weight [output channels, input channels of a group, height, width] of `window_kernel`, and its strides.
pub(super) struct Filter {
    pub values: CubeTensor,
    pub tap: usize,
    pub depth: usize,
    pub row: usize,
    pub group: usize,
}

impl Filter {
    /// For sums over input channels, or with `adjoint` over output channels.
    pub fn new(conv: &ConvShape, values: &Value, adjoint: bool) -> Option<Self> {
        let ([inputs, outputs], all, taps) = (conv.group(), conv.channels[1], conv.taps());
        let pixels = conv.batch * if adjoint { conv.size[0] * conv.size[1] } else { conv.pixels() };
        let tile = tile([if adjoint { inputs } else { outputs }, pixels], conv.groups);
        if pixels.div_ceil(tile.columns) < ORDERED || (adjoint && taps == 1) {
            let (values, group) = (operand(values)?, outputs * inputs * taps);
            let [depth, row] = if adjoint { [inputs * taps, taps] } else { [taps, inputs * taps] };
            return Some(Self { values, tap: 1, depth, row, group });
        }
        let axes = if adjoint { [2, 3, 0, 1] } else { [2, 3, 1, 0] };
        let values = operand(&Dispatch::float_permute(values.clone(), &axes))?;
        let [depth, group] = if adjoint { [inputs, outputs * inputs] } else { [all, outputs] };
        Some(Self { values, tap: all * inputs, depth, row: 1, group })
    }
}
