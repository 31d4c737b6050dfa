//! Convolutions of any shape as products of tiles that registers hold, over blocks of pixels that the cache holds: a
//! row of the matrix of windows is a plane of the input from some place on ([`Axis`]), so that windows are never
//! stored. The planes of a block, with their padding and one for each phase of the stride, are packed once for all taps
//! and output channels.

pub mod axis;
mod pass;
mod planes;
pub mod weight;

use super::shape::{ConvShape, Epilogue};
use crate::allocation::zeros;
use crate::kernel::parallel::{uninit, Shared};
use crate::kernel::simd::InstructionSet;
use axis::Axis;
use pass::Pass;

/// The convolution of `x` with `w` [outputs, inputs / groups, kernel], then the epilogue: [batch, outputs, out].
pub fn forward(isa: InstructionSet, s: &ConvShape, x: &[f32], w: &[f32], epilogue: Epilogue) -> Vec<f32> {
    // SAFETY: every result of the only pass is written.
    let mut y = unsafe { uninit(s.batch * s.channels[1] * s.pixels()) };
    let [inputs, outputs] = s.group();
    let pass = Pass {
        shape: s,
        axes: [0, 1].map(|i| vec![Axis::forward(s, i)]),
        channels: [inputs, outputs],
        source: x,
        weights: w,
        strides: [s.depth(), s.taps()],
        epilogue,
        to: Shared::new(&mut y),
        size: s.out,
    };
    pass.run(isa);
    y
}

/// The gradient in the input [batch, inputs, size] from the output's gradient `g` [batch, outputs, out].
pub fn input(isa: InstructionSet, s: &ConvShape, g: &[f32], w: &[f32]) -> Vec<f32> {
    // Pixels that no tap reads stay zero.
    let mut dx = zeros(s.batch * s.channels[0] * s.size[0] * s.size[1]);
    let to = Shared::new(&mut dx);
    let [inputs, outputs] = s.group();
    let run = |axes: [Vec<Axis>; 2]| {
        let pass = Pass {
            shape: s,
            axes,
            channels: [outputs, inputs],
            source: g,
            weights: w,
            strides: [s.taps(), s.depth()],
            epilogue: Epilogue::NONE,
            to,
            size: s.size,
        };
        pass.run(isa);
    };
    let phases = [0, 1].map(|i| (0..s.stride[i]).map(|r| Axis::backward(s, i, r)).collect::<Vec<_>>());
    if phases.iter().all(|axes| axes.iter().enumerate().all(|(r, axis)| axis.follows(&axes[0], r))) {
        run(phases);
        return dx;
    }
    let [down, right] = &phases;
    for down in down {
        for right in right {
            if [down, right].iter().all(|a| a.count > 0 && !a.taps.is_empty()) {
                run([down, right].map(|axis| vec![axis.clone()]));
            }
        }
    }
    dx
}
