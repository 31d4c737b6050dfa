//! Chooses the kernel of a convolution.
//!
//! | kernel | when |
//! | --- | --- |
//! | `depthwise` | one input and one output channel per group |
//! | `winograd4` | 3x3, stride 1, no dilation, no groups, enough channels (see `choose`) |
//! | `winograd2` | the same with fewer than `MIN_TILES` tiles of 4x4 |
//! | `tiled` | everything else, but for strides above `MAX_PHASES` |
//! | `window` | the rest: patches of images, which `tiled` would repack for each phase of the stride |
//!
//! `ADJOINT_CONV` (or [`force`]) selects one kernel wherever it applies, or `burn` for burn's; the WebAssembly module,
//! which has no environment variables, has `forceKernel`. `ADJOINT_SIMD` lowers the instruction set.

mod depthwise;
pub mod shape;
mod tiled;
mod window;
mod winograd;

use super::simd::isa;
use shape::{ConvShape, Epilogue, Geometry};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Once;
use winograd::tiles::Plan;
use winograd::Weights;

/// A way to compute a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kernel {
    /// Chosen by shape.
    Auto,
    /// burn's.
    Burn,
    /// Matrix products over packed windows: any shape.
    Window,
    /// Matrix products over shifted planes: any shape.
    Tiled,
    /// Winograd F(2x2, 3x3).
    Winograd2,
    /// Winograd F(4x4, 3x3).
    Winograd4,
    /// Direct, one channel at a time.
    Depthwise,
}

const NAMES: [(&str, Kernel); 7] = [
    ("auto", Kernel::Auto),
    ("burn", Kernel::Burn),
    ("window", Kernel::Window),
    ("tiled", Kernel::Tiled),
    ("winograd2", Kernel::Winograd2),
    ("winograd4", Kernel::Winograd4),
    ("depthwise", Kernel::Depthwise),
];

static FORCED: AtomicU8 = AtomicU8::new(Kernel::Auto as u8);
static ENVIRONMENT: Once = Once::new();

/// The kernel with this name in `ADJOINT_CONV`.
pub fn named(name: &str) -> Option<Kernel> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, kernel)| *kernel)
}

fn read_environment() {
    ENVIRONMENT.call_once(|| {
        if let Some(kernel) = named(&std::env::var("ADJOINT_CONV").unwrap_or_default()) {
            FORCED.store(kernel as u8, Ordering::Relaxed);
        }
    });
}

/// Uses `kernel` wherever it applies, until the next call: for tests and benchmarks.
pub fn force(kernel: Kernel) {
    read_environment();
    FORCED.store(kernel as u8, Ordering::Relaxed);
}

fn forced() -> Kernel {
    read_environment();
    let wanted = FORCED.load(Ordering::Relaxed);
    NAMES.iter().map(|(_, kernel)| *kernel).find(|k| *k as u8 == wanted).unwrap_or(Kernel::Auto)
}

/// With fewer 4x4 tiles, transforming the weights dominates and F(2x2) is faster (512 channels, 16 tiles: 11 ms instead
/// of 40 ms).
const MIN_TILES: usize = 32;
/// With fewer channels on both sides, the transforms cost more than they save.
const MIN_CHANNELS: usize = 8;

fn winograd_applies(s: &ConvShape) -> bool {
    s.kernel == [3, 3] && s.stride == [1, 1] && s.dilation == [1, 1] && s.groups == 1
}

/// Largest number of values that `depthwise` takes beside its result. It stores rows as far apart as the stride, which
/// `window` does not.
const MAX_DEPTHWISE: usize = 1 << 24;

/// Largest product of both strides for `tiled`. At 9 it takes 0.6 to 0.9 of the time of `window` (5x5, 32 to 64
/// channels); at 256 (16x16, 3 to 192) 1.6 in the forward pass, and 40 in the gradient of the input.
const MAX_PHASES: usize = 9;

/// The kernel for a shape. On one of `sides` (0: input, 1: output) a single channel is too few for Winograd.
fn choose(s: &ConvShape, sides: &[usize]) -> Kernel {
    let depthwise = s.group() == [1, 1]
        && [depthwise::forward_size(s), depthwise::input_size(s)].iter().all(|n| n.is_some_and(|n| n <= MAX_DEPTHWISE));
    match forced() {
        Kernel::Burn => return Kernel::Burn,
        k @ (Kernel::Winograd2 | Kernel::Winograd4) if winograd_applies(s) => return k,
        Kernel::Depthwise if depthwise => return Kernel::Depthwise,
        kernel @ (Kernel::Window | Kernel::Tiled) => return kernel,
        _ => {}
    }
    if depthwise {
        return Kernel::Depthwise;
    }
    if s.stride[0].saturating_mul(s.stride[1]) > MAX_PHASES {
        return Kernel::Window;
    }
    let few = s.channels[0].max(s.channels[1]) < MIN_CHANNELS || sides.iter().any(|&side| s.channels[side] == 1);
    if !winograd_applies(s) || few {
        return Kernel::Tiled;
    }
    let tiles = s.batch * s.out[0].div_ceil(4) * s.out[1].div_ceil(4);
    if tiles < MIN_TILES {
        Kernel::Winograd2
    } else {
        Kernel::Winograd4
    }
}

fn plan(s: &ConvShape, kernel: Kernel) -> Plan {
    Plan {
        batch: s.batch,
        channels: s.channels,
        size: s.size,
        padding: s.padding,
        out: s.out,
        tile: if kernel == Kernel::Winograd2 { 2 } else { 4 },
    }
}

/// The convolution of x with w, then the epilogue; `None` if burn must compute it.
pub(crate) fn conv2d(s: &ConvShape, x: &[f32], w: &[f32], epilogue: Epilogue) -> Option<Vec<f32>> {
    let isa = isa();
    Some(match choose(s, &[0, 1]) {
        Kernel::Burn => return None,
        Kernel::Depthwise => depthwise::forward(isa, s, x, w, epilogue),
        kernel @ (Kernel::Winograd2 | Kernel::Winograd4) => {
            let weights = Weights { data: w, out: 9 * s.channels[0], input: 9, flip: false };
            winograd::forward(isa, &plan(s, kernel), x, weights, epilogue)
        }
        Kernel::Tiled => tiled::forward(isa, s, x, w, epilogue),
        _ => window::forward(isa, s, x, w, epilogue),
    })
}

/// The adjoint of `conv2d` in x, applied to g: the gradient in the input, or a transposed convolution.
pub(crate) fn conv2d_input(s: &ConvShape, g: &[f32], w: &[f32]) -> Option<Vec<f32>> {
    let (isa, conv) = (isa(), s.geometry);
    // With stride 1 it is a convolution with flipped filters, unless the padding is wider than the filter's reach.
    let reach = [0, 1].map(|i| conv.dilation[i] * (s.kernel[i] - 1));
    let flips = conv.stride == [1, 1] && (0..2).all(|i| reach[i] >= conv.padding[i]);
    let flipped = ConvShape {
        channels: [s.channels[1], s.channels[0]],
        size: s.out,
        out: s.size,
        geometry: Geometry { padding: [0, 1].map(|i| reach[i].saturating_sub(conv.padding[i])), ..conv },
        ..*s
    };
    Some(match choose(s, &[0, 1]) {
        Kernel::Burn => return None,
        Kernel::Depthwise => depthwise::input(isa, s, g, w),
        kernel @ (Kernel::Winograd2 | Kernel::Winograd4) if flips => {
            let weights = Weights { data: w, out: 9, input: 9 * s.channels[0], flip: true };
            winograd::forward(isa, &plan(&flipped, kernel), g, weights, Epilogue::NONE)
        }
        Kernel::Tiled => tiled::input(isa, s, g, w),
        _ if flips => window::forward(isa, &flipped, g, &window::gradient::flip(s, w), Epilogue::NONE),
        _ => window::gradient::input(isa, s, g, w),
    })
}

/// The adjoint of `conv2d` in w, applied to g: the gradient in the weight.
pub(crate) fn conv2d_weight(s: &ConvShape, x: &[f32], g: &[f32]) -> Option<Vec<f32>> {
    let isa = isa();
    Some(match choose(s, &[0]) {
        Kernel::Burn => return None,
        Kernel::Depthwise => depthwise::weight(isa, s, x, g),
        kernel @ (Kernel::Winograd2 | Kernel::Winograd4) => winograd::gradient::weight(isa, &plan(s, kernel), x, g),
        Kernel::Tiled => tiled::weight::weight(isa, s, x, g),
        _ => window::gradient::weight(isa, s, x, g),
    })
}
