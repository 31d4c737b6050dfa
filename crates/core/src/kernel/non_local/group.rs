//! One channel of a group of similar patches, and its filters.

use super::symmetric::{add_multiple, eigen, inverse, Scratch};
use crate::allocation::zeros;

/// Rows are padded to a multiple of this with zeros.
const LANES: usize = 16;

/// Variance of a flat group, at most, in units of the one that is assumed: 1.1 of that of the noise.
const FLAT: f32 = 1.375;

/// A matrix of patches, one in each column, and the memory of its filters.
pub struct Group {
    /// Side of a patch.
    pub side: usize,
    /// Values of a patch.
    size: usize,
    /// Columns with padding.
    stride: usize,
    noisy: Vec<f32>,
    pilot: Vec<f32>,
    estimates: Vec<f32>,
    means: Vec<f32>,
    covariance: Vec<f32>,
    /// What is taken away from centred patches.
    filter: Vec<f32>,
    vectors: Vec<f32>,
    values: Vec<f32>,
    scratch: Scratch,
}

impl Group {
    /// For at most `count` patches.
    pub fn new(side: usize, count: usize) -> Self {
        let size = side * side;
        let stride = count.next_multiple_of(LANES);
        Self {
            side,
            size,
            stride,
            noisy: zeros(size * stride),
            pilot: zeros(size * stride),
            estimates: zeros(size * stride),
            means: zeros(size),
            covariance: zeros(size * size),
            filter: zeros(size * size),
            vectors: zeros(size * size),
            values: zeros(size),
            scratch: Scratch::new(size),
        }
    }

    /// The estimate of a value of a patch.
    #[inline(always)]
    pub fn estimate(&self, value: usize, patch: usize) -> f32 {
        self.estimates[value * self.stride + patch]
    }

    /// Shrinks the singular values of the centred patches. With the ratio b of the numbers of values and of patches, an
    /// eigenvalue q of the covariance, in units of the noise's variance, keeps the share
    /// `sqrt((q - b - 1)^2 - 4 b) / q`, and nothing up to `(1 + sqrt b)^2`, the largest that noise alone has.
    #[inline(always)]
    pub fn shrink(&mut self, x: &[f32], columns: usize, patches: &[(usize, usize)], variance: f32) {
        let Self { side, size, stride, .. } = *self;
        load(&mut self.noisy, stride, side, x, columns, patches);
        centre(&mut self.noisy, &mut self.means, stride, patches.len());
        if self.is_flat(patches.len(), variance) {
            return;
        }
        let others = (patches.len() - 1).max(1) as f32;
        covariance(&self.noisy, stride, 1.0 / (others * variance), &mut self.covariance, size);
        eigen(&mut self.covariance, &mut self.vectors, &mut self.values, &mut self.scratch);
        let ratio = size as f32 / others;
        let edge = (1.0 + ratio.sqrt()) * (1.0 + ratio.sqrt());
        self.filter.fill(0.0);
        for (i, row) in self.filter.chunks_exact_mut(size).enumerate() {
            row[i] = 1.0;
        }
        for (vector, &value) in self.vectors.chunks_exact(size).zip(&self.values) {
            if value > edge {
                let rest = value - ratio - 1.0;
                let kept = (rest * rest - 4.0 * ratio).max(0.0).sqrt() / value;
                for (row, v) in self.filter.chunks_exact_mut(size).zip(vector) {
                    add_multiple(row, -kept * v, vector);
                }
            }
        }
        self.apply();
    }

    /// Whether the values of all patches vary by no more than noise; their one mean is then the estimate.
    #[inline(always)]
    fn is_flat(&mut self, count: usize, variance: f32) -> bool {
        let square = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>();
        let mean = self.means.iter().sum::<f32>() / self.size as f32;
        let between: f32 = self.means.iter().map(|v| (v - mean) * (v - mean)).sum();
        let within: f32 = self.noisy.chunks_exact(self.stride).map(square).sum();
        let is_flat = between + within / (count as f32) < FLAT * variance * self.size as f32;
        if is_flat {
            self.estimates.fill(mean);
        }
        is_flat
    }

    /// Wiener's filter: with the mean m and covariance C of the patches in the pilot, `x - v (C + v)^-1 (x - m)`.
    #[inline(always)]
    pub fn wiener(&mut self, x: &[f32], pilot: &[f32], columns: usize, patches: &[(usize, usize)], variance: f32) {
        let Self { side, size, stride, .. } = *self;
        load(&mut self.noisy, stride, side, x, columns, patches);
        load(&mut self.pilot, stride, side, pilot, columns, patches);
        centre(&mut self.pilot, &mut self.means, stride, patches.len());
        for (row, mean) in self.noisy.chunks_exact_mut(stride).zip(&self.means) {
            row[..patches.len()].iter_mut().for_each(|v| *v -= mean);
        }
        let others = (patches.len() - 1).max(1) as f32;
        covariance(&self.pilot, stride, 1.0 / (others * variance), &mut self.covariance, size);
        for i in 0..size {
            self.covariance[i * size + i] += 1.0;
        }
        inverse(&mut self.covariance, &mut self.filter, &mut self.vectors, size);
        self.apply();
    }

    /// The estimates: means and centred patches, without what the filter takes away.
    #[inline(always)]
    fn apply(&mut self) {
        let Self { size, stride, .. } = *self;
        for (i, row) in self.estimates.chunks_exact_mut(stride).enumerate() {
            let own = &self.noisy[i * stride..][..stride];
            row.iter_mut().zip(own).for_each(|(to, v)| *to = v + self.means[i]);
            for (weight, other) in self.filter[i * size..][..size].iter().zip(self.noisy.chunks_exact(stride)) {
                add_multiple(row, -weight, other);
            }
        }
    }
}

/// Copies patches of a channel into columns; columns without a patch become 0.
#[inline(always)]
fn load(to: &mut [f32], stride: usize, side: usize, x: &[f32], columns: usize, patches: &[(usize, usize)]) {
    for (i, &(row, column)) in patches.iter().enumerate() {
        for a in 0..side {
            for (b, v) in x[(row + a) * columns + column..][..side].iter().enumerate() {
                to[(a * side + b) * stride + i] = *v;
            }
        }
    }
    for row in to.chunks_exact_mut(stride) {
        row[patches.len()..].fill(0.0);
    }
}

/// Takes the mean of each row away from its first `count` values.
#[inline(always)]
fn centre(x: &mut [f32], means: &mut [f32], stride: usize, count: usize) {
    for (row, mean) in x.chunks_exact_mut(stride).zip(means) {
        *mean = row[..count].iter().sum::<f32>() / count as f32;
        row[..count].iter_mut().for_each(|v| *v -= *mean);
    }
}

/// Products of all rows with each other, times a factor.
#[inline(always)]
fn covariance(x: &[f32], stride: usize, factor: f32, to: &mut [f32], size: usize) {
    for i in 0..size {
        for j in 0..=i {
            let (a, b) = (&x[i * stride..][..stride], &x[j * stride..][..stride]);
            let mut lanes = [0.0f32; LANES];
            for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
                for l in 0..LANES {
                    lanes[l] += a[l] * b[l];
                }
            }
            let product = factor * lanes.iter().sum::<f32>();
            to[i * size + j] = product;
            to[j * size + i] = product;
        }
    }
}
