//! Batch norm and the activation after it, forward and gradient. A channel is one task: first its moments (or the sums
//! that its gradient needs), then its values, while they are still in the cache.

use super::parallel::{each, uninit, Shared, MIN_PARALLEL_STRIDED};
use super::simd::{entry, isa, total, Simd};
use crate::allocation::zeros;

/// Values that are summed in float32, with one partial sum per lane; the sums of runs are added in float64.
const RUN: usize = 1024;

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

/// A channel before the activation: (x - mean) scale + shift.
#[derive(Clone, Copy)]
struct Affine {
    mean: f32,
    scale: f32,
    shift: f32,
}

impl Affine {
    #[inline(always)]
    fn at(self, x: f32) -> f32 {
        (x - self.mean) * self.scale + self.shift
    }
}

impl Norm<'_> {
    #[inline(always)]
    fn affine(&self, c: usize, mean: f32, variance: f32) -> Affine {
        let weight = self.weight.map_or(1.0, |w| w[c]);
        Affine { mean, scale: (f64::from(weight) * self.root(variance)) as f32, shift: self.bias.map_or(0.0, |b| b[c]) }
    }
    /// 1 / sqrt(variance + epsilon)
    #[inline(always)]
    fn root(&self, variance: f32) -> f64 {
        1.0 / (f64::from(variance) + self.epsilon).sqrt()
    }
    fn is_parallel(&self) -> bool {
        self.planes.iter().product::<usize>() >= MIN_PARALLEL_STRIDED
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
    each(channels, norm.is_parallel(), |c| unsafe { forward_channel(isa, &job, c) });
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
        None => moments::<S>(job.x, s.planes, c),
    };
    *job.used[0].at(c) = mean;
    *job.used[1].at(c) = variance;
    let affine = s.affine(c, mean, variance);
    for image in 0..batch {
        let at = (image * channels + c) * pixels;
        let (from, to) = (job.x.as_ptr().add(at), job.y.at(at));
        let (wide, zero, low) = (AffineVector::<S>::of(affine), S::splat(0.0), S::splat(s.slope));
        let mut i = 0;
        while i + S::N <= pixels {
            let v = wide.at(S::load(from.add(i)));
            S::store(to.add(i), S::pick(v, v, if s.slope == 0.0 { zero } else { S::mul(low, v) }));
            i += S::N;
        }
        while i < pixels {
            let v = affine.at(*from.add(i));
            *to.add(i) = gate(v, s.slope, v);
            i += 1;
        }
    }
}

/// An affine map of vectors.
#[derive(Clone, Copy)]
struct AffineVector<S: Simd> {
    mean: S::V,
    scale: S::V,
    shift: S::V,
}

impl<S: Simd> AffineVector<S> {
    #[inline(always)]
    unsafe fn of(affine: Affine) -> Self {
        Self { mean: S::splat(affine.mean), scale: S::splat(affine.scale), shift: S::splat(affine.shift) }
    }
    // Rounded as in `Affine::at`: the gradient must see the same sign.
    #[inline(always)]
    unsafe fn at(self, x: S::V) -> S::V {
        S::add(S::mul(S::sub(x, self.mean), self.scale), self.shift)
    }
}

/// Mean and (biased) variance of a channel: each run about its own mean, then combined (Chan, Golub, LeVeque 1983,
/// doi:10.1080/00031305.1983.10483115).
#[inline(always)]
unsafe fn moments<S: Simd>(x: &[f32], [batch, channels, pixels]: [usize; 3], c: usize) -> [f32; 2] {
    let (mut count, mut mean, mut squares) = (0.0f64, 0.0f64, 0.0f64);
    for image in 0..batch {
        let plane = &x[(image * channels + c) * pixels..][..pixels];
        for first in (0..pixels).step_by(RUN) {
            let run = &plane[first..(first + RUN).min(pixels)];
            let n = run.len() as f64;
            let near = (centred_sums::<S>(run, 0.0)[0] / n) as f32;
            let [rest, square] = centred_sums::<S>(run, near);
            // `near` has the rounding errors of a sum of large values; the remainder has not.
            let step = f64::from(near) + rest / n - mean;
            let all = count + n;
            squares += square - rest * rest / n + step * step * count * n / all;
            mean += step * n / all;
            count = all;
        }
    }
    [mean as f32, (squares.max(0.0) / count) as f32]
}

/// Sums of x - centre and of (x - centre)^2.
#[inline(always)]
unsafe fn centred_sums<S: Simd>(run: &[f32], centre: f32) -> [f64; 2] {
    let wide = S::splat(centre);
    let (mut one, mut two) = (S::splat(0.0), S::splat(0.0));
    let mut i = 0;
    while i + S::N <= run.len() {
        let d = S::sub(S::load(run.as_ptr().add(i)), wide);
        one = S::add(one, d);
        two = S::fma(d, d, two);
        i += S::N;
    }
    let (mut plain, mut square) = (total::<S>(one), total::<S>(two));
    while i < run.len() {
        let d = f64::from(run[i] - centre);
        plain += d;
        square += d * d;
        i += 1;
    }
    [plain, square]
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
    each(channels, norm.is_parallel(), |c| unsafe { backward_channel(isa, &job, c) });
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
    let (affine, root) = (s.affine(c, mean, variance), s.root(variance));
    let (wide, zero, low) = (AffineVector::<S>::of(affine), S::splat(0.0), S::splat(s.slope));
    // Sums of the gradient h before the activation, and of h (x - mean).
    let (mut plain, mut moved) = (0.0f64, 0.0f64);
    for image in 0..batch {
        let at = (image * channels + c) * pixels;
        for first in (at..at + pixels).step_by(RUN) {
            let last = (first + RUN).min(at + pixels);
            let (x, g) = (&job.x[first..last], &job.g[first..last]);
            let (mut one, mut two) = (zero, zero);
            let mut i = 0;
            while i + S::N <= x.len() {
                let (x, g) = (S::load(x.as_ptr().add(i)), S::load(g.as_ptr().add(i)));
                let h = S::pick(wide.at(x), g, if s.slope == 0.0 { zero } else { S::mul(low, g) });
                one = S::add(one, h);
                two = S::fma(h, S::sub(x, wide.mean), two);
                i += S::N;
            }
            plain += total::<S>(one);
            moved += total::<S>(two);
            while i < x.len() {
                let h = gate(affine.at(x[i]), s.slope, g[i]);
                plain += f64::from(h);
                moved += f64::from(h) * f64::from(x[i] - mean);
                i += 1;
            }
        }
    }
    let scale = f64::from(affine.scale);
    let lists = [moved * root, plain, -scale * plain, -0.5 * scale * root * root * moved];
    for (sums, v) in job.sums.iter().zip(lists) {
        *sums.at(c) = v as f32;
    }
    let Some(dx) = job.dx else { return };
    // Through the batch's own moments: d = scale (h - mean of h - (x - mean) / (variance + epsilon) mean of h (x -
    // mean)).
    let n = (batch * pixels) as f64;
    let (one, two) =
        if s.given.is_some() { (0.0, 0.0) } else { ((plain / n) as f32, (moved / n * root * root) as f32) };
    for image in 0..batch {
        let at = (image * channels + c) * pixels;
        let (x, g, to) = (job.x.as_ptr().add(at), job.g.as_ptr().add(at), dx.at(at));
        let (wide_one, wide_two) = (S::splat(one), S::splat(two));
        let mut i = 0;
        while i + S::N <= pixels {
            let (x, g) = (S::load(x.add(i)), S::load(g.add(i)));
            let h = S::pick(wide.at(x), g, if s.slope == 0.0 { zero } else { S::mul(low, g) });
            let inner = S::sub(S::sub(h, wide_one), S::mul(S::sub(x, wide.mean), wide_two));
            S::store(to.add(i), S::mul(wide.scale, inner));
            i += S::N;
        }
        while i < pixels {
            let h = gate(affine.at(*x.add(i)), s.slope, *g.add(i));
            *to.add(i) = affine.scale * (h - one - (*x.add(i) - mean) * two);
            i += 1;
        }
    }
}

/// g where v is positive or NaN, else slope g.
#[inline(always)]
fn gate(v: f32, slope: f32, g: f32) -> f32 {
    if v > 0.0 || v.is_nan() {
        g
    } else if slope == 0.0 {
        0.0
    } else {
        slope * g
    }
}
