//! Where the windows of a convolution lie on one axis.

use crate::kernel::conv::shape::ConvShape;
use cubecl::prelude::*;

/// One axis of the windows of `window_kernel`. Where pixels are computed by their residues, `grid` is of the
/// first residue, which has most pixels, and `place` finds the rest.
#[derive(Clone, Copy, Default)]
pub(super) struct Axis {
    /// Pixels of the input, computed ones, and those of the output.
    pub input: usize,
    pub grid: usize,
    pub out: usize,
    /// From a computed pixel to the next in the output, and residues that the output has.
    pub every: usize,
    pub residues: usize,
    pub stride: usize,
    pub step: isize,
    pub offset: isize,
    /// Taps that are used: how many, and from one to the next.
    pub taps: usize,
    pub tap_every: usize,
    /// What `place` takes to find these for a residue.
    pub kernel: usize,
    pub padding: usize,
    pub dilation: usize,
}

impl Axis {
    /// The convolution itself.
    pub fn forward(conv: &ConvShape, i: usize) -> Self {
        Self {
            input: conv.size[i],
            grid: conv.out[i],
            out: conv.out[i],
            every: 1,
            residues: 1,
            stride: conv.stride[i],
            step: conv.dilation[i] as isize,
            offset: -(conv.padding[i] as isize),
            taps: conv.kernel[i],
            tap_every: 1,
            ..Self::default()
        }
    }

    /// Its adjoint, for input pixels q = residue + stride j. Output pixel p reads q through tap u where
    /// stride p = q + padding - dilation u, so only every (stride / gcd(stride, dilation))-th tap reaches q.
    pub fn adjoint(conv: &ConvShape, i: usize) -> Self {
        let (stride, dilation, padding, kernel) = (conv.stride[i], conv.dilation[i], conv.padding[i], conv.kernel[i]);
        let common = gcd(stride, dilation);
        Self {
            input: conv.out[i],
            grid: conv.size[i].div_ceil(stride),
            out: conv.size[i],
            every: stride,
            residues: stride.min(conv.size[i]),
            stride: 1,
            step: -((dilation / common) as isize),
            // Of stride 1, which has one residue.
            offset: padding as isize,
            taps: kernel,
            tap_every: stride / common,
            kernel,
            padding,
            dilation,
        }
    }

    /// The axis as the kernel takes it.
    pub fn launch(&self) -> WindowsLaunch {
        WindowsLaunch::new(
            self.input as u32,
            self.grid as u32,
            self.out as u32,
            self.every as u32,
            self.residues as u32,
            self.stride as i32,
            self.step as i32,
            self.offset as i32,
            self.taps as u32,
            self.tap_every as u32,
            self.kernel as u32,
            self.padding as u32,
            self.dilation as u32,
        )
    }
}

/// `Axis` in a kernel.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Windows {
    pub input: u32,
    pub grid: u32,
    pub out: u32,
    pub every: u32,
    pub residues: u32,
    pub stride: i32,
    pub step: i32,
    pub offset: i32,
    pub taps: u32,
    pub tap_every: u32,
    pub kernel: u32,
    pub padding: u32,
    pub dilation: u32,
}

/// What differs between the residues of an axis.
#[derive(CubeType)]
pub(super) struct Place {
    pub grid: u32,
    pub offset: i32,
    pub taps: u32,
    pub tap: u32,
}

/// The pixels of a residue, which tap u reaches where dilation u = residue + padding modulo the stride.
#[cube]
#[allow(clippy::manual_div_ceil)] // which kernels cannot call
pub(super) fn place(w: &Windows, residue: u32, #[comptime] parted: bool) -> Place {
    let mut place = Place { grid: w.grid, offset: w.offset, taps: w.taps, tap: 0u32 };
    if comptime!(parted) {
        place.grid = (w.out + w.every - 1u32 - residue) / w.every;
        place.taps = 0u32;
        for tap in 0..min(w.tap_every, w.kernel) {
            let reach = (residue + w.padding) as i32 - (w.dilation * tap) as i32;
            if reach % w.every as i32 == 0i32 {
                place.tap = tap;
                place.taps = (w.kernel - tap + w.tap_every - 1u32) / w.tap_every;
                place.offset = reach / w.every as i32;
            }
        }
    }
    place
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}
