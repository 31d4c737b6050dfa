//! The Radon transform of parallel beams, and its transpose. Weights are recomputed instead of stored.
//!
//! Forward, a ray samples the image; backward, a pixel finds the samples to which it contributed. Both compute the same
//! weights, positions in float64.

use super::element::Element;
use super::parallel::{each, uninit, Shared};
use super::simd::{entry, isa, Simd};
use crate::allocation::zeros;

/// A parallel-beam geometry: square images within the square that is rotated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParallelBeam {
    /// Side of the images.
    pub width: usize,
    /// Number of detectors, and of samples along each ray.
    pub detectors: usize,
    /// Row and column of the first pixel of the image in the square of `detectors` pixels.
    pub offset: usize,
    /// Whether only pixels within the inscribed circle count.
    pub circle: bool,
}

/// Zeros around an image, so that samples just outside need no branch.
const IMAGE_PADDING: usize = 3;
/// Zeros before and after a projection.
const PROJECTION_PADDING: usize = 4;
/// Angles, or rows of pixels, per task.
const CHUNK: usize = 8;
/// Samples or pixels that are computed together.
const LANES: usize = 16;

impl ParallelBeam {
    /// Images of `width` pixels a side are rotated within the square that holds their diagonal, or with `circle` within
    /// themselves.
    pub fn new(width: usize, circle: bool) -> Self {
        let detectors = if circle { width } else { (std::f64::consts::SQRT_2 * width as f64).ceil() as usize };
        Self { width, detectors, offset: detectors / 2 - width / 2, circle }
    }
    /// The centre of rotation in the coordinates of the square of `detectors` pixels.
    pub fn middle(&self) -> f64 {
        (self.detectors as f64 - 1.0) / 2.0
    }
    /// The range of pixels of a row that count.
    pub fn chord(&self, row: usize) -> (usize, usize) {
        if !self.circle {
            return (0, self.width);
        }
        // In integers: twice the distances from the centre.
        let n = self.width as i64;
        let square = (n - 1).pow(2) - (2 * row as i64 - n + 1).pow(2);
        let from = (0..n).find(|c| (2 * c - n + 1).pow(2) <= square).unwrap_or(n);
        (from as usize, ((n - from).max(from)) as usize)
    }
}

/// Cosine and sine of angles in degrees.
pub(crate) fn directions(degrees: &[f64]) -> Vec<[f64; 2]> {
    degrees.iter().map(|d| d.to_radians()).map(|a| [a.cos(), a.sin()]).collect()
}

/// One image and one angle.
struct Ray<'a, T> {
    image: &'a [T],
    beam: ParallelBeam,
    direction: [f64; 2],
}

#[inline(always)]
fn project<S: Simd, T: Element>(_: S, ray: &Ray<T>, sums: &mut [T]) {
    let ParallelBeam { width, detectors, offset, .. } = ray.beam;
    let [cos, sin] = ray.direction;
    let side = width + 2 * IMAGE_PADDING;
    let centre = ray.beam.middle() - offset as f64;
    sums.fill(T::zero());
    for sample in 0..detectors {
        let v = sample as f64 - ray.beam.middle();
        // Detector u samples (x0 + cos u, y0 - sin u).
        let (x0, y0) = (centre + sin * v - cos * ray.beam.middle(), centre + cos * v + sin * ray.beam.middle());
        let Some((first, last)) = within([(x0, cos), (y0, -sin)], width, detectors) else { continue };
        let (x0, y0) = (x0 + IMAGE_PADDING as f64, y0 + IMAGE_PADDING as f64);
        let mut u = first;
        while u <= last {
            let count = LANES.min(last + 1 - u);
            let (mut at, mut right, mut down) = ([0usize; LANES], [T::zero(); LANES], [T::zero(); LANES]);
            for k in 0..LANES {
                // Excess lanes repeat the last position.
                let i = (u + k).min(last) as f64;
                let (x, y) = (x0 + cos * i, y0 - sin * i);
                // SAFETY: positions are inside the padded image.
                let (column, row) = unsafe { (x.to_int_unchecked::<i32>(), y.to_int_unchecked::<i32>()) };
                at[k] = row as usize * side + column as usize;
                right[k] = T::of(x - f64::from(column));
                down[k] = T::of(y - f64::from(row));
            }
            let mut taps = [[T::zero(); LANES]; 4];
            for k in 0..LANES {
                let p = &ray.image[at[k]..];
                let (upper, lower) = (&p[..2], &p[side..side + 2]);
                [taps[0][k], taps[1][k], taps[2][k], taps[3][k]] = [upper[0], upper[1], lower[0], lower[1]];
            }
            let mut value = [T::zero(); LANES];
            for k in 0..LANES {
                let upper = taps[0][k] + right[k] * (taps[1][k] - taps[0][k]);
                let lower = taps[2][k] + right[k] * (taps[3][k] - taps[2][k]);
                value[k] = upper + down[k] * (lower - upper);
            }
            sums[u..u + count].iter_mut().zip(value).for_each(|(s, v)| *s += v);
            u += count;
        }
    }
}

/// The detectors u for which start + slope u is inside 0..width for both coordinates, with at most one more on either
/// side.
#[inline(always)]
fn within(coordinates: [(f64, f64); 2], width: usize, detectors: usize) -> Option<(usize, usize)> {
    let (mut low, mut high) = (0.0f64, detectors as f64 - 1.0);
    for (start, slope) in coordinates {
        let (near, far) = (-1.0 - start, width as f64 - start);
        if slope.abs() < 1e-9 {
            if near > 0.0 || far < 0.0 {
                return None;
            }
            continue;
        }
        let (a, b) = (near / slope, far / slope);
        (low, high) = (low.max(a.min(b)), high.min(a.max(b)));
    }
    let (low, high) = (low.ceil(), high.floor());
    (low <= high).then_some((low as usize, high as usize))
}

/// Rows of pixels of one image, summed over all angles.
struct Rows<'a, T> {
    /// Projections [angles, detectors], padded.
    projections: &'a [T],
    beam: ParallelBeam,
    directions: &'a [[f64; 2]],
    from: usize,
}

#[inline(always)]
fn back<S: Simd, T: Element>(_: S, rows: &Rows<T>, sums: &mut [T]) {
    let ParallelBeam { width, detectors, offset, .. } = rows.beam;
    let middle = rows.beam.middle();
    let length = detectors + 2 * PROJECTION_PADDING;
    let top = detectors as f64 - 1.0;
    sums.fill(T::zero());
    for (projection, &[cos, sin]) in rows.projections.chunks_exact(length).zip(rows.directions) {
        let reach = cos.abs() + sin.abs();
        let (c, s) = (T::of(cos), T::of(sin));
        for (i, sums) in sums.chunks_mut(width).enumerate() {
            let row = rows.from + i;
            let y = (row + offset) as f64 - middle;
            let (first, last) = rows.beam.chord(row);
            let mut column = first;
            while column < last {
                let count = LANES.min(last - column);
                let (mut at, mut a, mut b, mut samples) =
                    ([0usize; LANES], [T::zero(); LANES], [T::zero(); LANES], [T::zero(); LANES]);
                for k in 0..LANES {
                    let x = (column + k + offset) as f64 - middle;
                    let (u, v) = (middle + cos * x - sin * y, middle + sin * x + cos * y);
                    let (detector, sample) = ((u - reach).ceil(), (v - reach).ceil());
                    let (du, dv) = (detector - u, sample - v);
                    (a[k], b[k]) = (T::of(cos * du + sin * dv), T::of(cos * dv - sin * du));
                    samples[k] = T::of(sample);
                    let index =
                        (detector + PROJECTION_PADDING as f64).max(0.0).min(top + PROJECTION_PADDING as f64 + 1.0);
                    // SAFETY: between 0 and the length of a projection minus three.
                    at[k] = unsafe { index.to_int_unchecked::<i32>() } as usize;
                }
                let mut totals = [T::zero(); LANES];
                for d in 0..3 {
                    let mut weight = [T::zero(); LANES];
                    for m in 0..3 {
                        let (along, across) =
                            (T::of(d as f64) * c + T::of(m as f64) * s, T::of(m as f64) * c - T::of(d as f64) * s);
                        for k in 0..LANES {
                            let hat = |t: T| {
                                let h = T::one() - t.abs();
                                if h > T::zero() {
                                    h
                                } else {
                                    T::zero()
                                }
                            };
                            let sample = samples[k] + T::of(m as f64);
                            let w = hat(a[k] + along) * hat(b[k] + across);
                            weight[k] += if sample >= T::zero() && sample <= T::of(top) { w } else { T::zero() };
                        }
                    }
                    for k in 0..LANES {
                        totals[k] += weight[k] * projection[at[k] + d];
                    }
                }
                sums[column..column + count].iter_mut().zip(totals).for_each(|(s, v)| *s += v);
                column += count;
            }
        }
    }
}

entry! { fn project_f32(ray: &Ray<f32>, sums: &mut [f32]) = project }
entry! { fn project_f64(ray: &Ray<f64>, sums: &mut [f64]) = project }
entry! { fn back_f32(rows: &Rows<f32>, sums: &mut [f32]) = back }
entry! { fn back_f64(rows: &Rows<f64>, sums: &mut [f64]) = back }

/// An element type of the Radon transform.
pub(crate) trait RadonElement: Element {
    #[doc(hidden)]
    fn project(image: &[Self], beam: ParallelBeam, direction: [f64; 2], sums: &mut [Self]);
    #[doc(hidden)]
    fn back(projections: &[Self], beam: ParallelBeam, directions: &[[f64; 2]], from: usize, sums: &mut [Self]);
}

macro_rules! radon_element {
    ($type:ty, $project:ident, $back:ident) => {
        impl RadonElement for $type {
            fn project(image: &[Self], beam: ParallelBeam, direction: [f64; 2], sums: &mut [Self]) {
                // SAFETY: the CPU has the instructions.
                unsafe { $project(isa(), &Ray { image, beam, direction }, sums) }
            }
            fn back(projections: &[Self], beam: ParallelBeam, directions: &[[f64; 2]], from: usize, sums: &mut [Self]) {
                // SAFETY: as above.
                unsafe { $back(isa(), &Rows { projections, beam, directions, from }, sums) }
            }
        }
    };
}
radon_element!(f32, project_f32, back_f32);
radon_element!(f64, project_f64, back_f64);

/// Projections [N, detectors, angles] of images [N, W, W].
pub(crate) fn forward<T: RadonElement>(x: &[T], g: ParallelBeam, directions: &[[f64; 2]]) -> Vec<T> {
    let (side, pixels, angles) = (g.width + 2 * IMAGE_PADDING, g.width * g.width, directions.len());
    let count = x.len() / pixels;
    let mut padded = zeros::<T>(count * side * side);
    for (image, x) in padded.chunks_mut(side * side).zip(x.chunks(pixels)) {
        for (row, x) in x.chunks(g.width).enumerate() {
            let (from, to) = g.chord(row);
            let at = (row + IMAGE_PADDING) * side + IMAGE_PADDING;
            image[at + from..at + to].copy_from_slice(&x[from..to]);
        }
    }
    // SAFETY: each angle of each image writes its own column.
    let mut y = unsafe { uninit(count * g.detectors * angles) };
    let to = Shared::new(&mut y);
    let chunks = angles.div_ceil(CHUNK);
    each(count * chunks, true, |task| {
        let image = task / chunks;
        let mut sums = vec![T::zero(); g.detectors];
        for (angle, &direction) in directions.iter().enumerate().skip(task % chunks * CHUNK).take(CHUNK) {
            T::project(&padded[image * side * side..][..side * side], g, direction, &mut sums);
            // SAFETY: the column of this angle.
            sums.iter()
                .enumerate()
                .for_each(|(u, &v)| unsafe { *to.at((image * g.detectors + u) * angles + angle) = v });
        }
    });
    y
}

/// The transpose: projections [N, detectors, angles] to images [N, W, W].
pub(crate) fn transpose<T: RadonElement>(y: &[T], g: ParallelBeam, directions: &[[f64; 2]]) -> Vec<T> {
    let (length, pixels, angles) = (g.detectors + 2 * PROJECTION_PADDING, g.width * g.width, directions.len());
    let count = y.len() / (g.detectors * angles);
    let mut projections = zeros::<T>(count * angles * length);
    for (padded, y) in projections.chunks_mut(angles * length).zip(y.chunks(g.detectors * angles)) {
        for (u, y) in y.chunks(angles).enumerate() {
            y.iter().enumerate().for_each(|(angle, &v)| padded[angle * length + PROJECTION_PADDING + u] = v);
        }
    }
    // SAFETY: rows cover the result.
    let mut x = unsafe { uninit(count * pixels) };
    let to = Shared::new(&mut x);
    let chunks = g.width.div_ceil(CHUNK);
    each(count * chunks, true, |task| {
        let (image, from) = (task / chunks, task % chunks * CHUNK);
        let rows = CHUNK.min(g.width - from);
        // SAFETY: tasks have disjoint rows.
        let sums = unsafe { std::slice::from_raw_parts_mut(to.at(image * pixels + from * g.width), rows * g.width) };
        T::back(&projections[image * angles * length..][..angles * length], g, directions, from, sums);
    });
    x
}
