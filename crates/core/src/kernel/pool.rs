//! The largest element of each window of an image, the element at its position in another image, and the adjoint of
//! that. The first of equal elements wins; NaN is the largest.

use super::conv::shape::ConvShape;
use super::parallel::{each, uninit, Shared, MIN_PARALLEL_STRIDED};
use crate::allocation::zeros;

/// Runs the body for each window of a plane: output position, position of the largest element.
macro_rules! windows {
    ($s:ident, $x:ident, |$out:ident, $from:ident| $body:expr) => {
        if $s.kernel == [2, 2] && $s.stride == [2, 2] && $s.padding == [0, 0] && $s.dilation == [1, 1] {
            for i in 0..$s.out[0] {
                let rows = &$x[2 * i * $s.size[1]..][..2 * $s.size[1]];
                for j in 0..$s.out[1] {
                    let (up, down) = (2 * j, $s.size[1] + 2 * j);
                    let a = later(rows, up, up + 1);
                    let b = later(rows, down, down + 1);
                    let ($out, $from) = (i * $s.out[1] + j, 2 * i * $s.size[1] + later(rows, a, b));
                    $body;
                }
            }
        } else {
            for i in 0..$s.out[0] {
                for j in 0..$s.out[1] {
                    if let Some($from) = largest($s, $x, i, j) {
                        let $out = i * $s.out[1] + j;
                        $body;
                    }
                }
            }
        }
    };
}

/// b where x is larger there, else a.
#[inline(always)]
fn later(x: &[f32], a: usize, b: usize) -> usize {
    if x[b] > x[a] || (x[b].is_nan() && !x[a].is_nan()) {
        b
    } else {
        a
    }
}

/// The position of the largest element of window (i, j); `None` if the window is inside the padding.
fn largest(s: &ConvShape, x: &[f32], i: usize, j: usize) -> Option<usize> {
    let mut best = None;
    let position = |axis: usize, at: usize, tap: usize| {
        (at * s.stride[axis] + tap * s.dilation[axis]).checked_sub(s.padding[axis]).filter(|&p| p < s.size[axis])
    };
    for u in 0..s.kernel[0] {
        let Some(row) = position(0, i, u) else { continue };
        for v in 0..s.kernel[1] {
            let Some(column) = position(1, j, v) else { continue };
            let at = row * s.size[1] + column;
            best = Some(best.map_or(at, |b| later(x, b, at)));
        }
    }
    best
}

/// The elements of `other`, by default x, at the position of the largest element of each window of x.
pub(crate) fn pick(s: &ConvShape, x: &[f32], other: Option<&[f32]>) -> Vec<f32> {
    let (n, m, planes) = (s.size[0] * s.size[1], s.pixels(), s.batch * s.channels[0]);
    // SAFETY: every window has an element (checked by the operator), so every output is written.
    let mut y = unsafe { uninit(planes * m) };
    let out = Shared::new(&mut y);
    each(planes, is_parallel(s), |plane| {
        let x = &x[plane * n..][..n];
        let of = other.map_or(x, |v| &v[plane * n..][..n]);
        // SAFETY: tasks have disjoint planes.
        windows!(s, x, |to, from| unsafe { *out.at(plane * m + to) = of[from] });
    });
    y
}

/// The adjoint of `pick` in `other`: g added at the position of the largest element of each window of x.
pub(crate) fn scatter(s: &ConvShape, x: &[f32], g: &[f32]) -> Vec<f32> {
    let (n, m, planes) = (s.size[0] * s.size[1], s.pixels(), s.batch * s.channels[0]);
    let mut dx = zeros(planes * n);
    let out = Shared::new(&mut dx);
    each(planes, is_parallel(s), |plane| {
        let (x, g) = (&x[plane * n..][..n], &g[plane * m..][..m]);
        // SAFETY: tasks have disjoint planes.
        windows!(s, x, |to, from| unsafe { *out.at(plane * n + from) += g[to] });
    });
    dx
}

fn is_parallel(s: &ConvShape) -> bool {
    s.batch * s.channels[0] * s.pixels() * s.taps() >= MIN_PARALLEL_STRIDED
}
