//! Sums of float32 values, and of functions of them, in one pass.

use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};
use super::simd::{entry, isa, total, Simd};
use crate::allocation::zeros;

/// Values that are summed in float32; the sums of runs are added in float64.
const RUN: usize = 1024;

/// The sum of f over slices of one length: runs of `RUN` values in float32 with sixteen partial sums, the sums of runs
/// in float64. This keeps the digits, and the order is fixed.
#[inline(always)]
pub(super) fn run_sums<const K: usize>(x: [&[f32]; K], f: &impl Fn([f32; K]) -> f32) -> f64 {
    let n = x[0].len();
    let mut total = 0.0f64;
    for from in (0..n).step_by(RUN) {
        let run = x.map(|x| &x[from..(from + RUN).min(n)]);
        let mut part = [0.0f32; 16];
        let whole = run[0].len() / 16 * 16;
        for at in (0..whole).step_by(16) {
            let values = run.map(|run| &run[at..at + 16]);
            for (i, part) in part.iter_mut().enumerate() {
                *part += f(values.map(|values| values[i]));
            }
        }
        for (i, part) in part.iter_mut().enumerate().take(run[0].len() - whole) {
            *part += f(run.map(|run| run[whole + i]));
        }
        total += f64::from(part.iter().sum::<f32>());
    }
    total
}

/// Sums of f over the rows of K arrays [rows, n].
pub(crate) fn row_sums<const K: usize>(
    x: [&[f32]; K],
    [rows, n]: [usize; 2],
    f: impl Fn([f32; K]) -> f32 + Sync,
) -> Vec<f32> {
    let chunks = n.div_ceil(CHUNK);
    let mut parts = zeros::<f64>(rows * chunks);
    let out = Shared::new(&mut parts);
    let rows_per_task = (CHUNK / n).max(1);
    each(rows.div_ceil(rows_per_task) * chunks, rows * n >= MIN_PARALLEL_SIZE, |task| {
        let (first, chunk) = (task / chunks * rows_per_task, task % chunks);
        for row in (first..rows).take(rows_per_task) {
            let range = row * n + chunk * CHUNK..row * n + ((chunk + 1) * CHUNK).min(n);
            // SAFETY: tasks write disjoint partial sums.
            unsafe { *out.at(row * chunks + chunk) = run_sums(x.map(|x| &x[range.clone()]), &f) };
        }
    });
    parts.chunks_exact(chunks).map(|parts| parts.iter().sum::<f64>() as f32).collect()
}

/// Sums of x [batch, channels, pixels] over images and pixels.
pub(crate) fn channel_sums(x: &[f32], [batch, channels, pixels]: [usize; 3]) -> Vec<f32> {
    let mut sums = zeros(channels);
    let out = Shared::new(&mut sums);
    each(channels, x.len() >= MIN_PARALLEL_SIZE, |c| {
        let total: f64 =
            (0..batch).map(|image| run_sums([&x[(image * channels + c) * pixels..][..pixels]], &|[v]| v)).sum();
        // SAFETY: channels write disjoint elements.
        unsafe { *out.at(c) = total as f32 };
    });
    sums
}

/// g where `sign` > 0, else slope g, and the sums of its channels as in `channel_sums`.
pub(crate) fn gate_and_sums(
    g: &[f32],
    sign: &[f32],
    [batch, channels, pixels]: [usize; 3],
    slope: f32,
) -> (Vec<f32>, Vec<f32>) {
    let mut sums = zeros(channels);
    // SAFETY: channels write disjoint planes that cover the result.
    let mut gated = unsafe { uninit(g.len()) };
    let (out, totals) = (Shared::new(&mut gated), Shared::new(&mut sums));
    let isa = isa();
    each(channels, g.len() >= MIN_PARALLEL_SIZE, |c| {
        let mut total = 0.0f64;
        for image in 0..batch {
            let at = (image * channels + c) * pixels;
            for first in (at..at + pixels).step_by(RUN) {
                let run = first..(first + RUN).min(at + pixels);
                // SAFETY: a run of a plane of this channel.
                total += unsafe { gate_run(isa, &g[run.clone()], &sign[run], slope, out.at(first)) };
            }
        }
        // SAFETY: channels write disjoint elements.
        unsafe { *totals.at(c) = total as f32 };
    });
    (gated, sums)
}

entry! {
    /// Gates a run of values and returns their sum.
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

/// g where `sign` > 0 or NaN, else slope g.
#[inline(always)]
pub(crate) fn gate(g: f32, sign: f32, slope: f32) -> f32 {
    let below = if slope == 0.0 { 0.0 } else { slope * g };
    if sign <= 0.0 {
        below
    } else {
        g
    }
}
