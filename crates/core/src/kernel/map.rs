//! One pass over float32 values of the processor: functions of one or two values, and sums of channels. On threads
//! where there is enough to do.

use super::parallel::{each, unwritten, Shared, HEAVY, PIECE};
use super::simd::{entry, total, Simd};
use super::value::{level, tensor, Floats};
use super::view;
use crate::tensor::Value;

/// f(x) for each value; `None` where x is not for the processor's kernels.
pub(crate) fn unary(x: &Value, shape: &[usize], f: impl Fn(f32) -> f32 + Sync) -> Option<Value> {
    view::map([x], shape, |[x]| f(x))
}

/// f(a, b) for each pair of values of two tensors, broadcast to `shape`; `None` as in `unary`.
pub(crate) fn binary(a: &Value, b: &Value, shape: &[usize], f: impl Fn(f32, f32) -> f32 + Sync) -> Option<Value> {
    view::map([a, b], shape, |[a, b]| f(a, b))
}

/// The sum of f over values that lie one after another in each of some slices, all as long as the first: runs in
/// float32 with sixteen partial sums, all of them in float64. Digits are kept, and the order is fixed.
#[inline(always)]
pub(super) fn run_sums<const K: usize>(x: [&[f32]; K], f: &impl Fn([f32; K]) -> f32) -> f64 {
    let n = x[0].len();
    let mut total = 0.0f64;
    for from in (0..n).step_by(1024) {
        let run = x.map(|x| &x[from..(from + 1024).min(n)]);
        let mut part = [0.0f32; 16];
        let whole = run[0].len() / 16 * 16;
        for at in (0..whole).step_by(16) {
            let line = run.map(|run| &run[at..at + 16]);
            for (i, part) in part.iter_mut().enumerate() {
                *part += f(line.map(|line| line[i]));
            }
        }
        for (i, part) in part.iter_mut().enumerate().take(run[0].len() - whole) {
            *part += f(run.map(|run| run[whole + i]));
        }
        total += f64::from(part.iter().sum::<f32>());
    }
    total
}

/// Sums of f over the rows of K tensors [rows, n], as a tensor of `shape`; `None` where one is not for the processor's
/// kernels.
pub(crate) fn row_sums_of<const K: usize>(
    x: [&Value; K],
    [rows, n]: [usize; 2],
    shape: &[usize],
    f: impl Fn([f32; K]) -> f32 + Sync,
) -> Option<Value> {
    let x: Vec<Floats> = x.into_iter().map(Floats::of).collect::<Option<_>>()?;
    let x: [&[f32]; K] = std::array::from_fn(|k| &*x[k]);
    let cuts = n.div_ceil(PIECE);
    let mut parts = vec![0.0f64; rows * cuts];
    let out = Shared::new(&mut parts);
    let together = (PIECE / n).max(1);
    each(rows.div_ceil(together) * cuts, rows * n >= HEAVY, |piece| {
        let (first, cut) = (piece / cuts * together, piece % cuts);
        for row in (first..rows).take(together) {
            let range = row * n + cut * PIECE..row * n + ((cut + 1) * PIECE).min(n);
            // SAFETY: each part of a row has a place of its own.
            unsafe { *out.at(row * cuts + cut) = run_sums(x.map(|x| &x[range.clone()]), &f) };
        }
    });
    Some(tensor(parts.chunks_exact(cuts).map(|parts| parts.iter().sum::<f64>() as f32).collect(), shape))
}

/// Sums of the rows of x [rows, n], as a tensor of `shape`; `None` where x is not for the processor's kernels.
pub(crate) fn row_sums(x: &Value, rows: [usize; 2], shape: &[usize]) -> Option<Value> {
    row_sums_of([x], rows, shape, |[v]| v)
}

/// Sums of x [batch, channels, pixels] over images and pixels, as a tensor of `shape`; `None` as in `row_sums`.
pub(crate) fn channel_sums(x: &Value, [batch, channels, pixels]: [usize; 3], shape: &[usize]) -> Option<Value> {
    let x = Floats::of(x)?;
    let mut sums = vec![0.0; channels];
    let out = Shared::new(&mut sums);
    each(channels, x.len() >= HEAVY, |c| {
        let total: f64 =
            (0..batch).map(|image| run_sums([&x[(image * channels + c) * pixels..][..pixels]], &|[v]| v)).sum();
        // SAFETY: each channel has a place of its own.
        unsafe { *out.at(c) = total as f32 };
    });
    Some(tensor(sums, shape))
}

/// g where `sign` > 0, else slope g, and the sums of its channels as in `channel_sums`; `None` where they are not for
/// the processor's kernels.
pub(crate) fn gate_and_sums(
    g: &Value,
    sign: &Value,
    [batch, channels, pixels]: [usize; 3],
    slope: f32,
    shape: &[usize],
) -> Option<(Value, Value)> {
    let (g, sign) = (Floats::of(g)?, Floats::of(sign)?);
    let mut sums = vec![0.0; channels];
    // SAFETY: each channel writes its planes, and they cover everything.
    let mut gated = unsafe { unwritten(g.len()) };
    let (out, totals) = (Shared::new(&mut gated), Shared::new(&mut sums));
    let level = level();
    each(channels, g.len() >= HEAVY, |c| {
        let mut total = 0.0f64;
        for image in 0..batch {
            let at = (image * channels + c) * pixels;
            for first in (at..at + pixels).step_by(1024) {
                let run = first..(first + 1024).min(at + pixels);
                // SAFETY: planes of this channel, as long as the run.
                total += unsafe { gate_run(level, &g[run.clone()], &sign[run], slope, out.at(first)) };
            }
        }
        // SAFETY: each channel has a place of its own.
        unsafe { *totals.at(c) = total as f32 };
    });
    Some((tensor(gated, shape), tensor(sums, &[channels])))
}

entry! {
    /// Gates a run of values; gives their sum.
    fn gate_run(g: &[f32], sign: &[f32], slope: f32, to: *mut f32) -> f64 = gate_body
}

#[inline(always)]
unsafe fn gate_body<S: Simd>(_: S, g: &[f32], sign: &[f32], slope: f32, to: *mut f32) -> f64 {
    let (zero, low) = (S::splat(0.0), S::splat(slope));
    let (mut i, mut part) = (0, zero);
    while i + S::N <= g.len() {
        let v = S::load(g.as_ptr().add(i));
        let v = S::pick(S::load(sign.as_ptr().add(i)), v, if slope == 0.0 { zero } else { S::mul(low, v) });
        S::store(to.add(i), v);
        part = S::add(part, v);
        i += S::N;
    }
    let mut sum = total::<S>(part);
    while i < g.len() {
        let v = gate(g[i], sign[i], slope);
        *to.add(i) = v;
        sum += f64::from(v);
        i += 1;
    }
    sum
}

#[inline(always)]
fn gate(g: f32, sign: f32, slope: f32) -> f32 {
    let below = if slope == 0.0 { 0.0 } else { slope * g };
    if sign <= 0.0 {
        below
    } else {
        g
    }
}
