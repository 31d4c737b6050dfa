//! The windows of pixels around positions, and their weights.

use crate::gpu::group::fits;
use crate::gpu::operand;
use crate::kernel::sample::Rule;
use crate::sampling::{Interpolation, Outside};
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Channels that a unit takes together.
pub(super) const CHANNELS: u32 = 4;

/// Images and positions on a GPU, if they are there and small enough.
pub(super) fn both(x: &Value, grid: &Value) -> Option<(CubeTensor, CubeTensor)> {
    Some((operand(x).filter(fits)?, operand(grid).filter(fits)?))
}

/// What is compiled of a rule: pixels of a window along an axis; 0 for zeros outside, 1 for the border, 2 for
/// reflection; whether the corners of the grid are pixel centres.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Window {
    pub size: u32,
    pub outside: u32,
    pub align: bool,
}

impl Window {
    pub fn of(rule: &Rule) -> Self {
        let size = match rule.mode {
            Interpolation::Nearest => 1,
            Interpolation::Bilinear => 2,
            Interpolation::Bicubic => 4,
        };
        let outside = match rule.outside {
            Outside::Zeros => 0,
            Outside::Border => 1,
            Outside::Reflection => 2,
        };
        Self { size, outside, align: rule.align }
    }
}

/// Pixels for one unit of a coordinate of the grid.
#[cube]
pub(super) fn scale(n: f32, #[comptime] w: Window) -> f32 {
    let mut s = n / 2.0f32;
    if comptime!(w.align) {
        s = (n - 1.0f32) / 2.0f32;
    }
    s
}

/// The position in pixels of a coordinate of the grid.
#[cube]
pub(super) fn position(coordinate: f32, n: f32, #[comptime] w: Window) -> f32 {
    coordinate * scale(n, w) + (n - 1.0f32) / 2.0f32
}

/// A position mapped into the image.
#[cube]
pub(super) fn fold(x: f32, n: f32, #[comptime] w: Window) -> f32 {
    let mut y = x;
    if comptime!(w.outside == 2) {
        let mut low = f32::new(-0.5f32);
        let mut span = n;
        if comptime!(w.align) {
            low = 0.0f32;
            span = n - 1.0f32;
        }
        let shifted = (x - low).abs();
        let within = shifted - 2.0f32 * span * (shifted * (0.5f32 / max(span, 0.5f32))).floor();
        y = span - (within - span).abs() + low;
    }
    if comptime!(w.outside > 0) {
        y = min(max(y, 0.0f32), n - 1.0f32);
    }
    y
}

/// The derivative of `fold`.
#[cube]
pub(super) fn fold_slope(x: f32, n: f32, #[comptime] w: Window) -> f32 {
    let mut slope = 1.0f32;
    let mut y = x;
    if comptime!(w.outside == 2) {
        let mut low = f32::new(-0.5f32);
        let mut span = n;
        if comptime!(w.align) {
            low = 0.0f32;
            span = n - 1.0f32;
        }
        let shifted = (x - low).abs();
        let within = shifted - 2.0f32 * span * (shifted * (0.5f32 / max(span, 0.5f32))).floor();
        y = span - (within - span).abs() + low;
        if x < low {
            slope = f32::new(-1.0f32);
        }
        if within > span {
            slope = -slope;
        }
        if within == span || x == low || span <= 0.0f32 {
            slope = 0.0f32;
        }
    }
    let folded = comptime!(w.outside > 0);
    if folded && (y < 0.0f32 || y > n - 1.0f32) {
        slope = 0.0f32;
    }
    slope
}

/// The position that windows are around: folded, but for the cubic kernel, whose samples are folded.
#[cube]
pub(super) fn centre(position: f32, n: f32, #[comptime] w: Window) -> f32 {
    let mut p = position;
    if comptime!(w.size < 4) {
        p = fold(position, n, w);
    }
    p
}

/// The first sample of a window.
#[cube]
pub(super) fn first(p: f32, #[comptime] w: Window) -> f32 {
    let mut at = p.floor();
    if comptime!(w.size == 1) {
        at = p.round();
    }
    if comptime!(w.size == 4) {
        at -= 1.0f32;
    }
    at
}

/// The pixel of a sample; -1 outside.
#[cube]
pub(super) fn pixel(at: f32, n: f32, #[comptime] w: Window) -> i32 {
    let folded = fold(at, n, w);
    let mut found = i32::new(-1i64);
    if folded >= 0.0f32 && folded <= n - 1.0f32 {
        found = i32::cast_from(folded);
    }
    found
}

/// The weight of a sample at a signed distance.
#[cube]
pub(super) fn weight(distance: f32, #[comptime] w: Window) -> f32 {
    let d = distance.abs();
    let mut v = 1.0f32;
    if comptime!(w.size == 2) {
        v = max(1.0f32 - d, 0.0f32);
    }
    if comptime!(w.size == 4) {
        // a = -0.75
        v = ((-0.75f32 * d + 3.75f32) * d - 6.0f32) * d + 3.0f32;
        if d < 1.0f32 {
            v = (1.25f32 * d - 2.25f32) * d * d + 1.0f32;
        }
    }
    v
}

/// The derivative of the weight of sample `k` with respect to the position.
#[cube]
pub(super) fn weight_slope(distance: f32, k: u32, #[comptime] w: Window) -> f32 {
    let mut v = 1.0f32;
    if comptime!(w.size == 2) {
        if k == 0u32 {
            v = f32::new(-1.0f32);
        }
    } else {
        let d = distance.abs();
        v = (-2.25f32 * d + 7.5f32) * d - 6.0f32;
        if d < 1.0f32 {
            v = (3.75f32 * d - 4.5f32) * d;
        }
        if distance < 0.0f32 {
            v = -v;
        }
    }
    v
}
