//! Chooses the kernel of a convolution.
//!
//! | kernel | when |
//! | --- | --- |
//! | `depthwise` | one input and one output channel per group |
//! | `winograd2` to `winograd5` | no groups, on each axis a stride or a dilation of 1, the least [`Plan::cost`] |
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

use super::simd::{isa, InstructionSet};
use shape::{ConvShape, Epilogue, Geometry};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Once;
use winograd::plan::Plan;
use winograd::transform::Tile;
use winograd::weights::{Filters, Weights};
pub(crate) use winograd::Gate;

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
    /// Winograd F(3x3, 4x4).
    Winograd3,
    /// Winograd F(4x4, 3x3).
    Winograd4,
    /// Winograd F(5x5, 2x2).
    Winograd5,
    /// Direct, one channel at a time.
    Depthwise,
}

const NAMES: [(&str, Kernel); 9] = [
    ("auto", Kernel::Auto),
    ("burn", Kernel::Burn),
    ("window", Kernel::Window),
    ("tiled", Kernel::Tiled),
    ("winograd2", Kernel::Winograd2),
    ("winograd3", Kernel::Winograd3),
    ("winograd4", Kernel::Winograd4),
    ("winograd5", Kernel::Winograd5),
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

/// Largest number of values that `depthwise` takes beside its result. It stores rows as far apart as the stride, which
/// `window` does not.
const MAX_DEPTHWISE: usize = 1 << 24;

/// Largest product of both strides for `tiled`. At 9 it takes 0.6 to 0.9 of the time of `window` (5x5, 32 to 64
/// channels); at 256 (16x16, 3 to 192) 1.6 in the forward pass, and 40 in the gradient of the input.
const MAX_PHASES: usize = 9;

/// Winograd's tile for a kernel.
fn tile(kernel: Kernel) -> Option<Tile> {
    Some(match kernel {
        #[cfg(not(target_arch = "wasm32"))]
        Kernel::Winograd2 => Tile::F2x3,
        #[cfg(not(target_arch = "wasm32"))]
        Kernel::Winograd3 => Tile::F3x4,
        Kernel::Winograd4 => Tile::F4x3,
        #[cfg(not(target_arch = "wasm32"))]
        Kernel::Winograd5 => Tile::F5x2,
        _ => return None,
    })
}

/// Winograd's algorithm for a convolution or its adjoint in the input, where it is the kernel of the shape: where it
/// takes the least time. A convolution with a single channel on one of `sides` (0: input, 1: output) never is.
fn winograd(s: &ConvShape, sides: &[usize], adjoint: bool) -> Option<Plan> {
    let kernel = forced();
    if kernel != Kernel::Auto || s.group() == [1, 1] {
        return tile(kernel).and_then(|tile| Plan::new(s, tile, adjoint));
    }
    if sides.iter().any(|&side| s.channels[side] == 1) {
        return None;
    }
    let plans = Tile::ALL.iter().filter_map(|&tile| Plan::new(s, tile, adjoint));
    let best = plans.min_by(|a, b| a.cost().total_cmp(&b.cost()))?;
    (best.cost() < tiled_cost(s, best.channels[1])).then_some(best)
}

/// The time of `tiled` as `Plan::cost` counts it, for a result of so many channels: fewer than the rows of its product
/// take as long, pixels that a stride skips are picked out, and weights are written in another order.
fn tiled_cost(s: &ConvShape, channels: usize) -> f64 {
    let strided = if s.stride == [1, 1] { 1.0 } else { 1.15 };
    let weights = (s.depth() * s.channels[1]) as f64;
    s.work() as f64 * (12.0 / channels as f64).max(1.0) * strided + 100.0 * weights
}

/// The kernel for a shape that Winograd's algorithm does not take.
fn choose(s: &ConvShape) -> Kernel {
    let depthwise = s.group() == [1, 1]
        && [depthwise::forward_size(s), depthwise::input_size(s)].iter().all(|n| n.is_some_and(|n| n <= MAX_DEPTHWISE));
    match forced() {
        Kernel::Burn => return Kernel::Burn,
        Kernel::Depthwise if depthwise => return Kernel::Depthwise,
        kernel @ (Kernel::Window | Kernel::Tiled) => return kernel,
        _ => {}
    }
    if depthwise {
        Kernel::Depthwise
    } else if s.stride[0].saturating_mul(s.stride[1]) > MAX_PHASES {
        Kernel::Window
    } else {
        Kernel::Tiled
    }
}

/// The convolution of x with w, then the epilogue; `None` if burn must compute it.
pub(crate) fn conv2d(s: &ConvShape, x: &[f32], w: &[f32], epilogue: Epilogue) -> Option<Vec<f32>> {
    let isa = isa();
    if let Some(plan) = winograd(s, &[0, 1], false) {
        let weights = Weights { data: w, filters: Filters::of(s) };
        return Some(winograd::forward(isa, &plan, x, weights, epilogue));
    }
    Some(match choose(s) {
        Kernel::Burn => return None,
        Kernel::Depthwise => depthwise::forward(isa, s, x, w, epilogue),
        Kernel::Tiled => tiled::forward(isa, s, x, w, epilogue),
        _ => window::forward(isa, s, x, w, epilogue),
    })
}

/// The adjoint of `conv2d` in x, applied to g: the gradient in the input, or a transposed convolution.
pub(crate) fn conv2d_input(s: &ConvShape, g: &[f32], w: &[f32]) -> Option<Vec<f32>> {
    let isa = isa();
    if let Some(plan) = winograd(s, &[0, 1], true) {
        let weights = Weights { data: w, filters: Filters::of_adjoint(s) };
        return Some(winograd::forward(isa, &plan, g, weights, Epilogue::NONE));
    }
    Some(match choose(s) {
        Kernel::Burn => return None,
        Kernel::Depthwise => depthwise::input(isa, s, g, w),
        Kernel::Tiled => tiled::input(isa, s, g, w),
        _ => window_input(isa, s, g, w),
    })
}

/// `conv2d_input` by windows. With stride 1 it is a convolution with flipped filters, unless the padding is wider than
/// the filter's reach.
fn window_input(isa: InstructionSet, s: &ConvShape, g: &[f32], w: &[f32]) -> Vec<f32> {
    let conv = s.geometry;
    let reach = [0, 1].map(|i| conv.dilation[i] * (s.kernel[i] - 1));
    if conv.stride != [1, 1] || (0..2).any(|i| reach[i] < conv.padding[i]) {
        return window::gradient::input(isa, s, g, w);
    }
    let flipped = ConvShape {
        channels: [s.channels[1], s.channels[0]],
        size: s.out,
        out: s.size,
        geometry: Geometry { padding: [0, 1].map(|i| reach[i] - conv.padding[i]), ..conv },
        ..*s
    };
    window::forward(isa, &flipped, g, &window::gradient::flip(s, w), Epilogue::NONE)
}

/// The adjoint of `conv2d` in w, applied to g: the gradient in the weight.
pub(crate) fn conv2d_weight(s: &ConvShape, x: &[f32], g: &[f32]) -> Option<Vec<f32>> {
    let isa = isa();
    if let Some(plan) = winograd(s, &[0], false) {
        return Some(winograd::gradient::weight(isa, &plan, x, g, Filters::of(s)));
    }
    Some(match choose(s) {
        Kernel::Burn => return None,
        Kernel::Depthwise => depthwise::weight(isa, s, x, g),
        Kernel::Tiled => tiled::weight::weight(isa, s, x, g),
        _ => window::gradient::weight(isa, s, x, g),
    })
}

/// The plan of `conv2d_gradients`.
fn backward_plan(s: &ConvShape) -> Option<Plan> {
    winograd(s, &[0, 1], true).filter(winograd::backward::applies)
}

/// Whether `conv2d_gradients` has a kernel for the shape.
pub(crate) fn has_gradients(s: &ConvShape) -> bool {
    backward_plan(s).is_some()
}

/// The adjoints of `conv2d` in x, in w and, with `bias`, in the bias, applied to g, where `gate` is not positive times
/// its slope, in one pass; `None` where that is not the kernel of the shape.
pub(crate) fn conv2d_gradients(
    s: &ConvShape,
    [x, w, g]: [&[f32]; 3],
    gate: Option<Gate<&[f32]>>,
    bias: bool,
) -> Option<[Vec<f32>; 3]> {
    let plan = backward_plan(s)?;
    let weights = Weights { data: w, filters: Filters::of_adjoint(s) };
    Some(winograd::backward::all(isa(), &plan, [x, g], weights, gate, bias))
}
