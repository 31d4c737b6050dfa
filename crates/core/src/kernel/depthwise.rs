//! Convolutions of each channel by itself, directly: a row of the output is a sum of shifted rows of the input.

use super::parallel::{each, Shared};
use super::simd::{entry, Level, Simd};
use super::window::Shape;
use super::Finish;

/// The convolution of `x` with `w` [channels, 1, kernel].
pub fn forward(level: Level, s: &Shape, x: &[f32], w: &[f32], finish: Finish) -> Vec<f32> {
    let (n, m, channels) = (s.size[0] * s.size[1], s.pixels(), s.channels[0]);
    let mut y = vec![0.0; s.batch * channels * m];
    let out = Shared::new(&mut y);
    each(s.batch * channels, s.heavy(), |plane| {
        let c = plane % channels;
        // SAFETY: each piece has a plane of its own.
        unsafe { forward_plane(level, s, &x[plane * n..][..n], &w[c * s.taps()..][..s.taps()], finish, c, out.at(plane * m)) }
    });
    y
}

/// The gradient in the input.
pub fn input(level: Level, s: &Shape, g: &[f32], w: &[f32]) -> Vec<f32> {
    let (n, m, channels) = (s.size[0] * s.size[1], s.pixels(), s.channels[0]);
    let mut dx = vec![0.0; s.batch * channels * n];
    let out = Shared::new(&mut dx);
    each(s.batch * channels, s.heavy(), |plane| {
        let c = plane % channels;
        // SAFETY: each piece has a plane of its own.
        unsafe { input_plane(level, s, &g[plane * m..][..m], &w[c * s.taps()..][..s.taps()], out.at(plane * n)) }
    });
    dx
}

/// The gradient in the weight; images are added in order.
pub fn weight(level: Level, s: &Shape, x: &[f32], g: &[f32]) -> Vec<f32> {
    let (n, m, channels) = (s.size[0] * s.size[1], s.pixels(), s.channels[0]);
    let mut dw = vec![0.0; channels * s.taps()];
    let out = Shared::new(&mut dw);
    each(channels, s.heavy(), |c| {
        for image in 0..s.batch {
            let plane = image * channels + c;
            // SAFETY: each piece has a filter of its own.
            unsafe { weight_plane(level, s, &x[plane * n..][..n], &g[plane * m..][..m], out.at(c * s.taps())) }
        }
    });
    dw
}

entry! {
    fn forward_plane(s: &Shape, x: &[f32], w: &[f32], finish: Finish, channel: usize, y: *mut f32) = forward_body
}
entry! {
    fn input_plane(s: &Shape, g: &[f32], w: &[f32], dx: *mut f32) = input_body
}
entry! {
    fn weight_plane(s: &Shape, x: &[f32], g: &[f32], dw: *mut f32) = weight_body
}

/// Runs the body for each tap and each row of the output that the tap reaches: tap, output row's first pixel, input row's first pixel, pixels.
macro_rules! rows {
    ($s:ident, |$tap:ident, $out:ident, $from:ident, $count:ident| $body:block) => {
        for u in 0..$s.kernel[0] {
            let (top, bottom) = $s.inside(0, u);
            for v in 0..$s.kernel[1] {
                let (left, right) = $s.inside(1, v);
                let ($tap, $count) = (u * $s.kernel[1] + v, right - left);
                if $count == 0 {
                    continue;
                }
                for i in top..bottom {
                    let $out = i * $s.out[1] + left;
                    let $from = $s.source(0, u, i) * $s.size[1] + $s.source(1, v, left);
                    $body
                }
            }
        }
    };
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(_: S, s: &Shape, x: &[f32], w: &[f32], finish: Finish, channel: usize, y: *mut f32) {
    let start = finish.bias.map_or(0.0, |b| b[channel]);
    for i in 0..s.pixels() {
        *y.add(i) = start;
    }
    rows!(s, |tap, out, from, count| {
        add_scaled::<S>(w[tap], x.as_ptr().add(from), s.stride[1], y.add(out), 1, count);
    });
    if finish.slope != 1.0 {
        for i in 0..s.pixels() {
            *y.add(i) = finish.activate(*y.add(i));
        }
    }
}

#[inline(always)]
unsafe fn input_body<S: Simd>(_: S, s: &Shape, g: &[f32], w: &[f32], dx: *mut f32) {
    rows!(s, |tap, out, from, count| {
        add_scaled::<S>(w[tap], g.as_ptr().add(out), 1, dx.add(from), s.stride[1], count);
    });
}

#[inline(always)]
unsafe fn weight_body<S: Simd>(_: S, s: &Shape, x: &[f32], g: &[f32], dw: *mut f32) {
    rows!(s, |tap, out, from, count| {
        *dw.add(tap) += dot::<S>(x.as_ptr().add(from), s.stride[1], g.as_ptr().add(out), count);
    });
}

/// y += a x, of `count` values with steps.
#[inline(always)]
unsafe fn add_scaled<S: Simd>(a: f32, x: *const f32, step: usize, y: *mut f32, to: usize, count: usize) {
    let mut i = 0;
    if step == 1 && to == 1 {
        let scale = S::splat(a);
        while i + S::N <= count {
            S::store(y.add(i), S::fma(scale, S::load(x.add(i)), S::load(y.add(i))));
            i += S::N;
        }
    }
    while i < count {
        *y.add(i * to) += a * *x.add(i * step);
        i += 1;
    }
}

#[inline(always)]
unsafe fn dot<S: Simd>(x: *const f32, step: usize, y: *const f32, count: usize) -> f32 {
    let (mut i, mut total) = (0, 0.0);
    if step == 1 {
        let mut sum = S::splat(0.0);
        while i + S::N <= count {
            sum = S::fma(S::load(x.add(i)), S::load(y.add(i)), sum);
            i += S::N;
        }
        // At most sixteen lanes.
        let mut lanes = [0.0f32; 16];
        S::store(lanes.as_mut_ptr(), sum);
        total = lanes.iter().sum();
    }
    while i < count {
        total += *x.add(i * step) * *y.add(i);
        i += 1;
    }
    total
}
