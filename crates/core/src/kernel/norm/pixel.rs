//! Layer norm of the channels of each pixel. A run of pixels is one task: its values are copied channel by channel,
//! since the channels of a pixel are far apart in memory, and the copy is then read several times from the cache.

use super::{is_parallel, root, ImageGradients, ImageNorm};
use crate::allocation::zeros;
use crate::kernel::parallel::{each, scratch, uninit, Shared};
use crate::kernel::simd::{entry, isa, total, Simd};

/// Values of a task, as far as its width is within these bounds.
const VALUES: usize = 1 << 13;
const MIN_WIDTH: usize = 16;
const MAX_WIDTH: usize = 256;

/// Channels that are summed one after the other; their sums are then added.
const RUN: usize = 64;

/// Pixels of a task: a multiple of the values of any vector.
fn width(channels: usize) -> usize {
    (VALUES / channels.max(1) / MIN_WIDTH * MIN_WIDTH).clamp(MIN_WIDTH, MAX_WIDTH)
}

struct Job<'a> {
    norm: &'a ImageNorm<'a>,
    x: &'a [f32],
    width: usize,
    /// Tasks of an image.
    tasks: usize,
    /// Mean and variance of each pixel.
    moments: [Shared; 2],
}

impl<'a> Job<'a> {
    fn new(norm: &'a ImageNorm<'a>, x: &'a [f32], moments: [Shared; 2]) -> Self {
        let width = width(norm.planes[1]);
        Self { norm, x, width, tasks: norm.planes[2].div_ceil(width), moments }
    }
    /// Where the task's pixels begin in the first channel of their image and among all pixels, and their number.
    #[inline(always)]
    fn place(&self, task: usize) -> (usize, usize, usize) {
        let [_, channels, pixels] = self.norm.planes;
        let (image, first) = (task / self.tasks, task % self.tasks * self.width);
        (image * channels * pixels + first, image * pixels + first, self.width.min(pixels - first))
    }
    fn count(&self) -> usize {
        self.norm.planes[0] * self.tasks
    }
}

/// The normalised values, and mean and variance of each pixel.
pub(crate) fn forward(norm: &ImageNorm, x: &[f32]) -> (Vec<f32>, [Vec<f32>; 2]) {
    let [batch, channels, pixels] = norm.planes;
    let (mut mean, mut variance) = (zeros(batch * pixels), zeros(batch * pixels));
    // SAFETY: tasks cover the result.
    let mut y = unsafe { uninit(x.len()) };
    let (to, job) = (Shared::new(&mut y), Job::new(norm, x, [Shared::new(&mut mean), Shared::new(&mut variance)]));
    let isa = isa();
    each(job.count(), is_parallel(norm.planes), |task| {
        // SAFETY: tasks have disjoint pixels.
        scratch((channels + 4) * job.width, |memory| unsafe { forward_task(isa, &job, task, memory, to) });
    });
    (y, [mean, variance])
}

entry! {
    /// Normalises the pixels of a task.
    fn forward_task(job: &Job, task: usize, memory: &mut [f32], y: Shared) = forward_body
}

/// Copies a row, and zeros after it up to the length of `to`.
#[inline(always)]
unsafe fn copy(from: *const f32, count: usize, to: &mut [f32]) {
    std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), count);
    to[count..].fill(0.0);
}

/// sum += part; part = 0
#[inline(always)]
fn flush(sum: &mut [f32], part: &mut [f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += *part;
        *part = 0.0;
    }
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(_: S, job: &Job, task: usize, memory: &mut [f32], y: Shared) {
    let [_, channels, pixels] = job.norm.planes;
    let (at, pixel, count) = job.place(task);
    let (values, lists) = memory.split_at_mut(channels * job.width);
    lists.fill(0.0);
    let mut lists = lists.chunks_exact_mut(job.width);
    let mut list = || lists.next().unwrap_or_default();
    let (mean, one, two, part) = (list(), list(), list(), list());
    // First near the mean, with the rounding errors of a sum of large values; what remains has not.
    for (c, row) in values.chunks_exact_mut(job.width).enumerate() {
        copy(job.x.as_ptr().add(at + c * pixels), count, row);
        part.iter_mut().zip(&*row).for_each(|(part, v)| *part += v);
        if c % RUN == RUN - 1 || c + 1 == channels {
            flush(mean, part);
        }
    }
    let share = 1.0 / channels as f32;
    mean.iter_mut().for_each(|v| *v *= share);
    for rows in values.chunks(RUN * job.width) {
        for i in (0..job.width).step_by(S::N) {
            let (near, mut plain, mut square) = (S::load(&mean[i]), S::splat(0.0), S::splat(0.0));
            for row in rows.chunks_exact(job.width) {
                let d = S::sub(S::load(&row[i]), near);
                plain = S::add(plain, d);
                square = S::fma(d, d, square);
            }
            S::store(&mut one[i], S::add(S::load(&one[i]), plain));
            S::store(&mut two[i], S::add(S::load(&two[i]), square));
        }
    }
    // `two` becomes the variance, `one` 1 / sqrt(variance + epsilon).
    for ((mean, one), two) in mean.iter_mut().zip(&mut *one).zip(&mut *two) {
        let rest = *one * share;
        *two = (*two * share - rest * rest).max(0.0);
        *mean += rest;
        *one = root(*two, job.norm.epsilon) as f32;
    }
    std::ptr::copy_nonoverlapping(mean.as_ptr(), job.moments[0].at(pixel), count);
    std::ptr::copy_nonoverlapping(two.as_ptr(), job.moments[1].at(pixel), count);
    for (c, row) in values.chunks_exact_mut(job.width).enumerate() {
        let (weight, bias) = (S::splat(job.norm.weight(c)), S::splat(job.norm.bias(c)));
        for i in (0..job.width).step_by(S::N) {
            let z = S::mul(S::sub(S::load(&row[i]), S::load(&mean[i])), S::load(&one[i]));
            S::store(&mut row[i], S::fma(z, weight, bias));
        }
        std::ptr::copy_nonoverlapping(row.as_ptr(), y.at(at + c * pixels), count);
    }
}

/// Gradients from the gradient g of the result and the moments.
pub(crate) fn gradient(
    norm: &ImageNorm,
    x: &[f32],
    g: &[f32],
    moments: [&[f32]; 2],
    needs_input: bool,
) -> ImageGradients {
    let channels = norm.planes[1];
    let job = Job::new(norm, x, moments.map(Shared::reading));
    // SAFETY: tasks cover the result.
    let mut dx = unsafe { uninit(if needs_input { x.len() } else { 0 }) };
    let mut sums = zeros::<f64>(2 * channels * job.count());
    let to = Backward { g, dx: needs_input.then(|| Shared::new(&mut dx)), sums: Shared::new(&mut sums) };
    let isa = isa();
    each(job.count(), is_parallel(norm.planes), |task| {
        // SAFETY: tasks have disjoint pixels and sums.
        scratch((2 * channels + 4) * job.width, |memory| unsafe { backward_task(isa, &job, task, memory, &to) });
    });
    let mut totals = zeros::<f64>(2 * channels);
    for part in sums.chunks_exact((2 * channels).max(1)) {
        totals.iter_mut().zip(part).for_each(|(total, v)| *total += v);
    }
    let [weight, bias] = [0, channels].map(|from| {
        let mut list = zeros(channels);
        list.iter_mut().zip(&totals[from..]).for_each(|(v, total)| *v = *total as f32);
        list
    });
    ImageGradients { input: needs_input.then_some(dx), weight, bias }
}

struct Backward<'a> {
    g: &'a [f32],
    dx: Option<Shared>,
    /// Sums of g z, then of g, over the pixels of each task, for each channel.
    sums: Shared<f64>,
}

entry! {
    /// The gradient of the pixels of a task.
    fn backward_task(job: &Job, task: usize, memory: &mut [f32], to: &Backward) = backward_body
}

/// With z = (x - mean) r and h = weight g: dx = r (h - mean h - z mean(h z)).
#[inline(always)]
unsafe fn backward_body<S: Simd>(_: S, job: &Job, task: usize, memory: &mut [f32], to: &Backward) {
    let [_, channels, pixels] = job.norm.planes;
    let (at, pixel, count) = job.place(task);
    let (values, lists) = memory.split_at_mut(2 * channels * job.width);
    lists.fill(0.0);
    let mut lists = lists.chunks_exact_mut(job.width);
    let mut list = || lists.next().unwrap_or_default();
    let (mean, root_of, one, two) = (list(), list(), list(), list());
    copy(job.moments[0].at(pixel), count, mean);
    copy(job.moments[1].at(pixel), count, root_of);
    root_of[..count].iter_mut().for_each(|v| *v = root(*v, job.norm.epsilon) as f32);
    for (c, rows) in values.chunks_exact_mut(2 * job.width).enumerate() {
        let (z, h) = rows.split_at_mut(job.width);
        copy(job.x.as_ptr().add(at + c * pixels), count, z);
        copy(to.g.as_ptr().add(at + c * pixels), count, h);
        let weight = S::splat(job.norm.weight(c));
        let (mut dw, mut db) = (S::splat(0.0), S::splat(0.0));
        for i in (0..job.width).step_by(S::N) {
            let (g, normal) = (S::load(&h[i]), S::mul(S::sub(S::load(&z[i]), S::load(&mean[i])), S::load(&root_of[i])));
            (dw, db) = (S::fma(g, normal, dw), S::add(g, db));
            let weighted = S::mul(g, weight);
            S::store(&mut z[i], normal);
            S::store(&mut h[i], weighted);
            S::store(&mut one[i], S::add(S::load(&one[i]), weighted));
            S::store(&mut two[i], S::fma(weighted, normal, S::load(&two[i])));
        }
        *to.sums.at(task * 2 * channels + c) = total::<S>(dw);
        *to.sums.at(task * 2 * channels + channels + c) = total::<S>(db);
    }
    let Some(dx) = to.dx else { return };
    let share = S::splat(1.0 / channels as f32);
    for (c, rows) in values.chunks_exact_mut(2 * job.width).enumerate() {
        let (z, h) = rows.split_at_mut(job.width);
        for i in (0..job.width).step_by(S::N) {
            let (one, two) = (S::mul(S::load(&one[i]), share), S::mul(S::load(&two[i]), share));
            let inner = S::sub(S::sub(S::load(&h[i]), one), S::mul(S::load(&z[i]), two));
            S::store(&mut h[i], S::mul(S::load(&root_of[i]), inner));
        }
        std::ptr::copy_nonoverlapping(h.as_ptr(), dx.at(at + c * pixels), count);
    }
}
