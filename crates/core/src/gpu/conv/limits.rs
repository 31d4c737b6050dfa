//! Which convolutions the kernels take, and what their launches reckon with.

use crate::gpu::AXIS;
use crate::kernel::conv::shape::ConvShape;

/// Elements, and coordinates, that the kernels can count.
pub(super) const COUNT: usize = 1 << 31;
const COORDINATE: usize = 1 << 28;

/// Whether the kernels take a convolution.
pub(super) fn fits(conv: &ConvShape) -> bool {
    let elements = |channels: usize, size: [usize; 2]| {
        [channels, size[0], size[1]].iter().try_fold(conv.batch, |a, &b| a.checked_mul(b)).is_some_and(|n| n < COUNT)
    };
    let coordinates = (0..2).all(|i| {
        let reach = [conv.out[i].saturating_mul(conv.stride[i]), conv.span(conv.kernel[i], i)];
        reach.into_iter().chain([conv.size[i], conv.padding[i]]).all(|n| n < COORDINATE)
    });
    elements(conv.channels[0], conv.size)
        && elements(conv.channels[1], conv.out)
        && conv.channels[1].saturating_mul(conv.depth()) < COUNT
        && conv.taps() < AXIS
        // The tiles of all groups are on one axis of a launch; the smallest have 4 channels.
        && conv.group().iter().all(|n| n.div_ceil(4).saturating_mul(conv.groups) <= AXIS)
        && coordinates
}
