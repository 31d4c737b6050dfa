//! Where the windows of a convolution lie on one axis.

use crate::kernel::conv::shape::ConvShape;

/// One axis of the windows of `window_kernel`.
#[derive(Clone, Copy, Default)]
pub(super) struct Axis {
    /// Pixels of the input, computed ones, and those of the output.
    pub input: usize,
    pub grid: usize,
    pub out: usize,
    /// Where computed pixels lie in the output.
    pub first: usize,
    pub every: usize,
    pub stride: usize,
    pub step: isize,
    pub offset: isize,
    /// Taps that are used: how many, the first, and from one to the next.
    pub taps: usize,
    pub tap: usize,
    pub tap_every: usize,
}

impl Axis {
    /// The convolution itself.
    pub fn forward(conv: &ConvShape, i: usize) -> Self {
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
    pub fn adjoint(conv: &ConvShape, i: usize, residue: usize) -> Self {
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
