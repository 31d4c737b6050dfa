//! Kernels for the processor that burn does not have fast enough: convolutions of float32, batch norm, pooling, Adam,
//! single passes over large tensors (`map`, `layout`, `pointwise`), Fourier transforms (`fourier`), sums along lines
//! (`radon`), images at another size (`resample`) or at given positions (`sample`). Other devices and types are burn's.
//!
//! | kernel | when |
//! | --- | --- |
//! | `depthwise` | each channel by itself |
//! | `winograd4` | 3x3, stride 1, no dilation, no groups; at least `WIDE` channels on one side, and more than one on the side that is read |
//! | `winograd2` | the same, where the images have fewer than `FEW` tiles of 4x4 |
//! | `window` | everything else |
//!
//! `ADJOINT_CONV` (or [`force`]) names one to use wherever it applies, or `burn` for burn's; the WebAssembly
//! module, which has no environment, has `forceKernel` for it. `ADJOINT_SIMD` lowers the instruction set.
//! A shape alone decides how work is cut and in which order sums are added: results have the same bits on any number of
//! threads.

pub(crate) mod adam;
mod depthwise;
pub(crate) mod fourier;
mod gemm;
pub(crate) mod layout;
pub(crate) mod map;
pub(crate) mod norm;
pub(crate) mod parallel;
pub(crate) mod pointwise;
pub(crate) mod pool;
pub(crate) mod radon;
pub(crate) mod resample;
pub(crate) mod sample;
pub(crate) mod select;
mod simd;
pub(crate) mod value;
pub(crate) mod variation;
pub(crate) mod view;
pub(crate) mod warp;
pub(crate) mod window;
mod winograd;

use crate::tensor::Value;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Once;
use value::{level, tensor, Floats};
use window::Shape;
use winograd::tiles::Plan;
use winograd::Weights;

/// A way to compute a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kernel {
    /// The rule decides.
    Auto,
    /// burn's own.
    Burn,
    /// Products over packed windows: any shape.
    Window,
    /// Winograd F(2x2, 3x3).
    Winograd2,
    /// Winograd F(4x4, 3x3).
    Winograd4,
    /// Direct, each channel by itself.
    Depthwise,
}

const NAMES: [(&str, Kernel); 6] = [
    ("auto", Kernel::Auto),
    ("burn", Kernel::Burn),
    ("window", Kernel::Window),
    ("winograd2", Kernel::Winograd2),
    ("winograd4", Kernel::Winograd4),
    ("depthwise", Kernel::Depthwise),
];

static FORCED: AtomicU8 = AtomicU8::new(Kernel::Auto as u8);
static READ: Once = Once::new();

/// The kernel of a name, as `ADJOINT_CONV` has it.
pub fn named(name: &str) -> Option<Kernel> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, kernel)| *kernel)
}

fn read_environment() {
    READ.call_once(|| {
        if let Some(kernel) = named(&std::env::var("ADJOINT_CONV").unwrap_or_default()) {
            FORCED.store(kernel as u8, Ordering::Relaxed);
        }
    });
}

/// Uses `kernel` wherever it applies, until told otherwise: for tests and benchmarks.
pub fn force(kernel: Kernel) {
    read_environment();
    FORCED.store(kernel as u8, Ordering::Relaxed);
}

fn forced() -> Kernel {
    read_environment();
    let wanted = FORCED.load(Ordering::Relaxed);
    NAMES.iter().map(|(_, kernel)| *kernel).find(|k| *k as u8 == wanted).unwrap_or(Kernel::Auto)
}

/// With fewer 4x4 tiles, weights weigh more than pixels: the smaller transform of weights pays (512 channels, 16 tiles:
/// 11 ms, not 40).
const FEW: usize = 32;
/// With fewer channels on both sides, transforms cost more than they save.
const WIDE: usize = 8;

fn winograd_applies(s: &Shape) -> bool {
    s.kernel == [3, 3] && s.stride == [1, 1] && s.dilation == [1, 1] && s.groups == 1
}

/// The kernel for a shape, of which channels of the side `reads` (0: input, 1: output) are summed over.
fn choose(s: &Shape, reads: usize) -> Kernel {
    let depthwise = s.group() == [1, 1];
    match forced() {
        Kernel::Burn => return Kernel::Burn,
        k @ (Kernel::Winograd2 | Kernel::Winograd4) if winograd_applies(s) => return k,
        Kernel::Depthwise if depthwise => return Kernel::Depthwise,
        Kernel::Window => return Kernel::Window,
        _ => {}
    }
    if depthwise {
        return Kernel::Depthwise;
    }
    if !winograd_applies(s) || s.channels[0].max(s.channels[1]) < WIDE || s.channels[reads] == 1 {
        return Kernel::Window;
    }
    let tiles = s.batch * s.out[0].div_ceil(4) * s.out[1].div_ceil(4);
    if tiles < FEW {
        Kernel::Winograd2
    } else {
        Kernel::Winograd4
    }
}

fn plan(s: &Shape, kernel: Kernel) -> Plan {
    Plan {
        batch: s.batch,
        channels: s.channels,
        size: s.size,
        padding: s.padding,
        out: s.out,
        tile: if kernel == Kernel::Winograd2 { 2 } else { 4 },
    }
}

/// What is done to a convolution's sums: a bias added, and what is then below zero multiplied by a slope (1: nothing,
/// 0: ReLU).
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    pub bias: Option<&'a [f32]>,
    pub slope: f32,
}

impl Finish<'_> {
    const NOTHING: Finish<'static> = Finish { bias: None, slope: 1.0 };

    /// The activation of one value; NaN stays.
    #[inline(always)]
    fn activate(self, v: f32) -> f32 {
        if v > 0.0 || self.slope == 1.0 || v.is_nan() {
            v
        } else if self.slope == 0.0 {
            0.0
        } else {
            self.slope * v
        }
    }
}

/// The convolution of x with w and a bias, then the activation with a slope below zero; `None` where that is burn's.
pub(crate) fn conv2d(s: &Shape, x: &Value, w: &Value, bias: Option<&Value>, slope: f64) -> Option<Value> {
    let kernel = choose(s, 0);
    if kernel == Kernel::Burn {
        return None;
    }
    let (x, w) = (Floats::of(x)?, Floats::of(w)?);
    let bias = match bias {
        Some(b) => Some(Floats::of(b)?),
        None => None,
    };
    let (level, finish) = (level(), Finish { bias: bias.as_deref(), slope: slope as f32 });
    let y = match kernel {
        Kernel::Depthwise => depthwise::forward(level, s, &x, &w, finish),
        Kernel::Winograd2 | Kernel::Winograd4 => {
            let weights = Weights { data: &w, out: 9 * s.channels[0], input: 9, flip: false };
            winograd::forward(level, &plan(s, kernel), &x, weights, finish)
        }
        _ => window::forward(level, s, &x, &w, finish),
    };
    Some(tensor(y, &[s.batch, s.channels[1], s.out[0], s.out[1]]))
}

/// The adjoint of `conv2d` in x, applied to g: the input's gradient, or a transposed convolution.
pub(crate) fn conv2d_input(s: &Shape, g: &Value, w: &Value) -> Option<Value> {
    let kernel = choose(s, 1);
    if kernel == Kernel::Burn {
        return None;
    }
    let (g, w) = (Floats::of(g)?, Floats::of(w)?);
    let level = level();
    // With stride 1 it is the convolution with flipped filters, if the border is not wider than they reach.
    let reach = [0, 1].map(|i| s.dilation[i] * (s.kernel[i] - 1));
    let flips = s.stride == [1, 1] && (0..2).all(|i| reach[i] >= s.padding[i]);
    let flipped = Shape {
        channels: [s.channels[1], s.channels[0]],
        size: s.out,
        padding: [reach[0].saturating_sub(s.padding[0]), reach[1].saturating_sub(s.padding[1])],
        out: s.size,
        ..*s
    };
    let dx = match kernel {
        Kernel::Depthwise => depthwise::input(level, s, &g, &w),
        Kernel::Winograd2 | Kernel::Winograd4 if flips => {
            let weights = Weights { data: &w, out: 9, input: 9 * s.channels[0], flip: true };
            winograd::forward(level, &plan(&flipped, kernel), &g, weights, Finish::NOTHING)
        }
        _ if flips => window::forward(level, &flipped, &g, &window::gradient::flip(s, &w), Finish::NOTHING),
        _ => window::gradient::input(level, s, &g, &w),
    };
    Some(tensor(dx, &[s.batch, s.channels[0], s.size[0], s.size[1]]))
}

/// The adjoint of `conv2d` in w, applied to g: the weight's gradient.
pub(crate) fn conv2d_weight(s: &Shape, x: &Value, g: &Value) -> Option<Value> {
    let kernel = choose(s, 0);
    if kernel == Kernel::Burn {
        return None;
    }
    let (x, g) = (Floats::of(x)?, Floats::of(g)?);
    let level = level();
    let dw = match kernel {
        Kernel::Depthwise => depthwise::weight(level, s, &x, &g),
        Kernel::Winograd2 | Kernel::Winograd4 => winograd::weight::gradient(level, &plan(s, kernel), &x, &g),
        _ => window::gradient::weight(level, s, &x, &g),
    };
    Some(tensor(dw, &[s.channels[1], s.group()[0], s.kernel[0], s.kernel[1]]))
}
