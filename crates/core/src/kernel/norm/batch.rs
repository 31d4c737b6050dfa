//! Batch norm and the activation after it. A channel is one task: first its moments (or the sums that its gradient
//! needs), then its values, while they are still in the cache.

use super::affine::Affine;
use super::moments::Moments;
use super::{is_parallel, root};
use crate::allocation::zeros;
use crate::kernel::parallel::{each, uninit, Shared};
use crate::kernel::simd::{entry, isa, Simd};

/// The operands: with `given` these moments are used, otherwise those of the batch.
pub(crate) struct Norm<'a> {
    /// [batch, channels, pixels]
    pub planes: [usize; 3],
    pub weight: Option<&'a [f32]>,
    pub bias: Option<&'a [f32]>,
    pub given: Option<[&'a [f32]; 2]>,
    pub epsilon: f64,
    /// Slope of the activation below zero: 1 for none, 0 for ReLU.
    pub slope: f32,
}

impl Norm<'_> {
    #[inline(always)]
    fn affine(&self, c: usize, mean: f32, variance: f32) -> Affine {
        let weight = self.weight.map_or(1.0, |w| w[c]);
        Affine {
            mean,
            scale: (f64::from(weight) * root(variance, self.epsilon)) as f32,
            shift: self.bias.map_or(0.0, |b| b[c]),
        }
    }
}

/// The normalised values, and the moments used.
pub(crate) fn forward(norm: &Norm, x: &[f32]) -> (Vec<f32>, [Vec<f32>; 2]) {
    let [batch, channels, pixels] = norm.planes;
    let mut mean = zeros(channels);
    let mut variance = zeros(channels);
    // SAFETY: channels write disjoint planes that cover the result.
    let mut y = unsafe { uninit(batch * channels * pixels) };
    let job = Forward { norm, x, used: [Shared::new(&mut mean), Shared::new(&mut variance)], y: Shared::new(&mut y) };
    let isa = isa();
    // SAFETY: channels write disjoint parts.
    each(channels, is_parallel(norm.planes), |c| unsafe { forward_channel(isa, &job, c) });
    (y, [mean, variance])
}

struct Forward<'a> {
    norm: &'a Norm<'a>,
    x: &'a [f32],
    used: [Shared; 2],
    y: Shared,
}

entry! {
    /// Normalises one channel.
    fn forward_channel(job: &Forward, channel: usize) = forward_body
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(_: S, job: &Forward, c: usize) {
    let s = job.norm;
    let [batch, channels, pixels] = s.planes;
    let [mean, variance] = match s.given {
        Some([m, v]) => [m[c], v[c]],
        None => {
            let mut moments = Moments::default();
            for image in 0..batch {
                moments.add::<S>(&job.x[(image * channels + c) * pixels..][..pixels]);
            }
            moments.finish()
        }
    };
    *job.used[0].at(c) = mean;
    *job.used[1].at(c) = variance;
    let affine = s.affine(c, mean, variance);
    for image in 0..batch {
        let at = (image * channels + c) * pixels;
        affine.apply::<S>(job.x.as_ptr().add(at), job.y.at(at), pixels, s.slope);
    }
}

/// Gradients in the input, weight and bias, and in mean and variance if those were given.
pub(crate) struct Gradients {
    pub input: Option<Vec<f32>>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub moments: [Vec<f32>; 2],
}

/// Gradients from the gradient g of the result and the moments used; that in the input only if `needs_input`.
pub(crate) fn gradient(norm: &Norm, x: &[f32], g: &[f32], moments: [&[f32]; 2], needs_input: bool) -> Gradients {
    let [batch, channels, pixels] = norm.planes;
    let mut sums = [(); 4].map(|()| zeros(channels));
    // SAFETY: channels write disjoint planes that cover the result.
    let mut dx = unsafe { uninit(if needs_input { batch * channels * pixels } else { 0 }) };
    let job = Backward {
        norm,
        x,
        g,
        moments,
        dx: needs_input.then(|| Shared::new(&mut dx)),
        sums: sums.each_mut().map(|s| Shared::new(s)),
    };
    let isa = isa();
    // SAFETY: channels write disjoint parts.
    each(channels, is_parallel(norm.planes), |c| unsafe { backward_channel(isa, &job, c) });
    let [weight, bias, mean, variance] = sums;
    Gradients { input: needs_input.then_some(dx), weight, bias, moments: [mean, variance] }
}

struct Backward<'a> {
    norm: &'a Norm<'a>,
    x: &'a [f32],
    g: &'a [f32],
    moments: [&'a [f32]; 2],
    dx: Option<Shared>,
    /// Gradients of weights, biases, means, variances.
    sums: [Shared; 4],
}

entry! {
    /// One channel of the gradient.
    fn backward_channel(job: &Backward, channel: usize) = backward_body
}

#[inline(always)]
unsafe fn backward_body<S: Simd>(_: S, job: &Backward, c: usize) {
    let s = job.norm;
    let [batch, channels, pixels] = s.planes;
    let (mean, variance) = (job.moments[0][c], job.moments[1][c]);
    let (affine, root) = (s.affine(c, mean, variance), root(variance, s.epsilon));
    let plane = |image: usize| (image * channels + c) * pixels..(image * channels + c + 1) * pixels;
    let (mut plain, mut moved) = (0.0f64, 0.0f64);
    for image in 0..batch {
        let [one, two] = affine.gradient_sums::<S>(&job.x[plane(image)], &job.g[plane(image)], s.slope);
        plain += one;
        moved += two;
    }
    let scale = f64::from(affine.scale);
    let lists = [moved * root, plain, -scale * plain, -0.5 * scale * root * root * moved];
    for (sums, v) in job.sums.iter().zip(lists) {
        *sums.at(c) = v as f32;
    }
    let Some(dx) = job.dx else { return };
    // Through the batch's own moments: d = scale (h - mean of h - (x - mean) / (variance + epsilon) mean of h (x -
    // mean)).
    let share = if s.given.is_some() { 0.0 } else { scale / (batch * pixels) as f64 };
    let parts = [(share * plain) as f32, (share * moved * root * root) as f32];
    for image in 0..batch {
        let at = plane(image);
        affine.input_gradient::<S>(&job.x[at.clone()], &job.g[at.clone()], s.slope, parts, dx.at(at.start));
    }
}
