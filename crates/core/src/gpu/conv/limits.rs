//! Which convolutions the kernels take, and what their launches reckon with.

use crate::gpu::AXIS;
use crate::kernel::conv::shape::ConvShape;

/// Elements, and coordinates, that the kernels can count.
pub(super) const COUNT: usize = 1 << 31;
const COORDINATE: usize = 1 << 28;
/// Groups of units that keep a large card busy.
pub(super) const BUSY: usize = 512;

/// Whether the kernels take a convolution.
pub(super) fn fits(conv: &ConvShape) -> bool {
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
