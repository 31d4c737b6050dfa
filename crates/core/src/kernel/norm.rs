//! Normalisation of float32 images, forward and gradient: of channels (batch norm), of groups of channels of an image
//! (group norm), of the channels of a pixel (layer norm).

mod affine;
pub(crate) mod batch;
pub(crate) mod group;
mod moments;
pub(crate) mod pixel;

use super::parallel::MIN_PARALLEL_STRIDED;

/// Values that are summed in float32, with one partial sum per lane; the sums of runs are added in float64.
const RUN: usize = 1024;

/// 1 / sqrt(variance + epsilon)
#[inline(always)]
fn root(variance: f32, epsilon: f64) -> f64 {
    1.0 / (f64::from(variance) + epsilon).sqrt()
}

fn is_parallel(planes: [usize; 3]) -> bool {
    planes.iter().product::<usize>() >= MIN_PARALLEL_STRIDED
}

/// A norm whose moments are those of each image by itself.
pub(crate) struct ImageNorm<'a> {
    /// [batch, channels, pixels]
    pub planes: [usize; 3],
    /// One number per channel.
    pub weight: Option<&'a [f32]>,
    /// One number per channel.
    pub bias: Option<&'a [f32]>,
    pub epsilon: f64,
}

impl ImageNorm<'_> {
    #[inline(always)]
    fn weight(&self, c: usize) -> f32 {
        self.weight.map_or(1.0, |w| w[c])
    }
    #[inline(always)]
    fn bias(&self, c: usize) -> f32 {
        self.bias.map_or(0.0, |b| b[c])
    }
}

/// Gradients of an [`ImageNorm`] in its input, where that is needed, weight and bias.
pub(crate) struct ImageGradients {
    pub input: Option<Vec<f32>>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}
