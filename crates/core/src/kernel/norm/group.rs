//! Group norm. A group of channels of an image, which is contiguous, is one task: first its moments (or the sums that
//! its gradient needs), then its values, while they are still in the cache.

use super::affine::Affine;
use super::moments::Moments;
use super::{is_parallel, root, ImageGradients, ImageNorm};
use crate::allocation::zeros;
use crate::kernel::parallel::{each, uninit, Shared};
use crate::kernel::simd::{entry, isa, Simd};

/// The normalised values, and mean and variance of each group of each image.
pub(crate) fn forward(norm: &ImageNorm, groups: usize, x: &[f32]) -> (Vec<f32>, [Vec<f32>; 2]) {
    let tasks = norm.planes[0] * groups;
    let (mut mean, mut variance) = (zeros(tasks), zeros(tasks));
    // SAFETY: groups cover the result.
    let mut y = unsafe { uninit(x.len()) };
    let used = [Shared::new(&mut mean), Shared::new(&mut variance)];
    let job = Forward { norm, groups, x, used, y: Shared::new(&mut y) };
    let isa = isa();
    // SAFETY: groups are disjoint.
    each(tasks, is_parallel(norm.planes), |task| unsafe { forward_group(isa, &job, task) });
    (y, [mean, variance])
}

struct Forward<'a> {
    norm: &'a ImageNorm<'a>,
    groups: usize,
    x: &'a [f32],
    used: [Shared; 2],
    y: Shared,
}

/// Channels of a group and pixels of a channel, the group's first channel, and where its values begin.
struct Place {
    channels: usize,
    pixels: usize,
    first: usize,
    at: usize,
}

impl Place {
    #[inline(always)]
    fn of(norm: &ImageNorm, groups: usize, task: usize) -> Self {
        let [_, all, pixels] = norm.planes;
        let channels = all / groups;
        Self { channels, pixels, first: task % groups * channels, at: task * channels * pixels }
    }
}

entry! {
    /// Normalises one group.
    fn forward_group(job: &Forward, task: usize) = forward_body
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(_: S, job: &Forward, task: usize) {
    let Place { channels, pixels, first, at } = Place::of(job.norm, job.groups, task);
    let mut moments = Moments::default();
    moments.add::<S>(&job.x[at..][..channels * pixels]);
    let [mean, variance] = moments.finish();
    *job.used[0].at(task) = mean;
    *job.used[1].at(task) = variance;
    let root = root(variance, job.norm.epsilon);
    for k in 0..channels {
        let c = first + k;
        let scale = (f64::from(job.norm.weight(c)) * root) as f32;
        let affine = Affine { mean, scale, shift: job.norm.bias(c) };
        affine.apply::<S>(job.x.as_ptr().add(at + k * pixels), job.y.at(at + k * pixels), pixels, 1.0);
    }
}

/// Gradients from the gradient g of the result and the moments.
pub(crate) fn gradient(
    norm: &ImageNorm,
    groups: usize,
    x: &[f32],
    g: &[f32],
    moments: [&[f32]; 2],
    needs_input: bool,
) -> ImageGradients {
    let [batch, channels, _] = norm.planes;
    let (mut plain, mut moved) = (zeros::<f64>(batch * channels), zeros::<f64>(batch * channels));
    // SAFETY: groups cover the result.
    let mut dx = unsafe { uninit(if needs_input { x.len() } else { 0 }) };
    let job = Backward {
        norm,
        groups,
        x,
        g,
        moments,
        dx: needs_input.then(|| Shared::new(&mut dx)),
        sums: [Shared::new(&mut plain), Shared::new(&mut moved)],
    };
    let isa = isa();
    // SAFETY: groups are disjoint.
    each(batch * groups, is_parallel(norm.planes), |task| unsafe { backward_group(isa, &job, task) });
    let mut weight = zeros(channels);
    let mut bias = zeros(channels);
    for c in 0..channels {
        let of = |sums: &[f64]| (0..batch).map(|image| sums[image * channels + c]).sum::<f64>() as f32;
        (weight[c], bias[c]) = (of(&moved), of(&plain));
    }
    ImageGradients { input: needs_input.then_some(dx), weight, bias }
}

struct Backward<'a> {
    norm: &'a ImageNorm<'a>,
    groups: usize,
    x: &'a [f32],
    g: &'a [f32],
    moments: [&'a [f32]; 2],
    dx: Option<Shared>,
    /// Sums of g and of g z over each channel of each image.
    sums: [Shared<f64>; 2],
}

entry! {
    /// The gradient of one group.
    fn backward_group(job: &Backward, task: usize) = backward_body
}

/// With z = (x - mean) r and h = weight g: dx = r (h - mean h - z mean(h z)).
#[inline(always)]
unsafe fn backward_body<S: Simd>(_: S, job: &Backward, task: usize) {
    let Place { channels, pixels, first, at } = Place::of(job.norm, job.groups, task);
    let (mean, root) = (job.moments[0][task], root(job.moments[1][task], job.norm.epsilon));
    let plane = |k: usize| at + k * pixels..at + (k + 1) * pixels;
    let affine = |k: usize| Affine {
        mean,
        scale: (f64::from(job.norm.weight(first + k)) * root) as f32,
        // Without an activation the gradient does not depend on it.
        shift: 0.0,
    };
    let (mut plain, mut moved) = (0.0f64, 0.0f64);
    for k in 0..channels {
        let [one, two] = affine(k).gradient_sums::<S>(&job.x[plane(k)], &job.g[plane(k)], 1.0);
        *job.sums[0].at(task * channels + k) = one;
        *job.sums[1].at(task * channels + k) = two * root;
        let weight = f64::from(job.norm.weight(first + k));
        plain += weight * one;
        moved += weight * two * root;
    }
    let Some(dx) = job.dx else { return };
    let share = root / (channels * pixels) as f64;
    let parts = [(share * plain) as f32, (share * moved * root) as f32];
    for k in 0..channels {
        affine(k).input_gradient::<S>(&job.x[plane(k)], &job.g[plane(k)], 1.0, parts, dx.at(at + k * pixels));
    }
}
