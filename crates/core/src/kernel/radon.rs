//! Sums along parallel lines of images, and their transpose: weights are computed where they are used, nothing is
//! stored.
//!
//! Forward, a ray samples the image; backward, a pixel asks which samples it had a share in. Both compute the same
//! weights, positions in float64.

use super::parallel::{each, unwritten, Shared};
use super::simd::{entry, Simd};
use super::value::{level, Real};

/// A parallel-beam geometry: where square images lie in the square that is turned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    /// Side of the images.
    pub width: usize,
    /// Number of detectors, and of samples along each ray.
    pub detectors: usize,
    /// Row and column of the image's first pixel in the square of `detectors` pixels.
    pub offset: usize,
    /// Only pixels within the inscribed circle count.
    pub circle: bool,
}

/// Zeros around an image, so that a sample just outside needs no question.
const AROUND: usize = 3;
/// Zeros before and after a projection.
const BESIDE: usize = 4;
/// Angles, or rows of pixels, that a piece of work takes.
const PIECE: usize = 8;
/// Samples or pixels that are computed side by side.
const LANES: usize = 16;

impl Geometry {
    /// Images of `width` pixels a side are turned within the square that holds their diagonal, or within themselves.
    pub fn new(width: usize, circle: bool) -> Self {
        let detectors = if circle { width } else { (std::f64::consts::SQRT_2 * width as f64).ceil() as usize };
        Self { width, detectors, offset: detectors / 2 - width / 2, circle }
    }
    /// The centre of rotation in the coordinates of the larger square.
    pub fn middle(&self) -> f64 {
        (self.detectors as f64 - 1.0) / 2.0
    }
    /// Pixels `from..to` of a row count.
    pub fn chord(&self, row: usize) -> (usize, usize) {
        if !self.circle {
            return (0, self.width);
        }
        // In whole numbers: twice the distances from the centre.
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

/// The projections of one image at one angle.
struct Ray<'a, T> {
    image: &'a [T],
    geometry: Geometry,
    direction: [f64; 2],
}

#[inline(always)]
fn project<S: Simd, T: Real>(_: S, ray: &Ray<T>, sums: &mut [T]) {
    let Geometry { width, detectors, offset, .. } = ray.geometry;
    let [cos, sin] = ray.direction;
    let side = width + 2 * AROUND;
    let centre = ray.geometry.middle() - offset as f64;
    sums.fill(T::zero());
    for sample in 0..detectors {
        let v = sample as f64 - ray.geometry.middle();
        // Detector u sees (x0 + cos u, y0 - sin u).
        let (x0, y0) = (centre + sin * v - cos * ray.geometry.middle(), centre + cos * v + sin * ray.geometry.middle());
        let Some((first, last)) = within([(x0, cos), (y0, -sin)], width, detectors) else { continue };
        let (x0, y0) = (x0 + AROUND as f64, y0 + AROUND as f64);
        let mut u = first;
        while u <= last {
            let some = LANES.min(last + 1 - u);
            let (mut at, mut right, mut down) = ([0usize; LANES], [T::zero(); LANES], [T::zero(); LANES]);
            for k in 0..LANES {
                // Lanes beyond the last stay at it.
                let i = (u + k).min(last) as f64;
                let (x, y) = (x0 + cos * i, y0 - sin * i);
                // SAFETY: positions are between 0 and the side of the padded image.
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
            sums[u..u + some].iter_mut().zip(value).for_each(|(s, v)| *s += v);
            u += some;
        }
    }
}

/// The detectors for which start + slope u lies near 0..width for both coordinates, no more than one too many on either
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

/// Rows of pixels of one image, all angles added.
struct Rows<'a, T> {
    /// Projections [angles, detectors] with zeros beside each.
    projections: &'a [T],
    geometry: Geometry,
    directions: &'a [[f64; 2]],
    from: usize,
}

#[inline(always)]
fn back<S: Simd, T: Real>(_: S, rows: &Rows<T>, sums: &mut [T]) {
    let Geometry { width, detectors, offset, .. } = rows.geometry;
    let middle = rows.geometry.middle();
    let length = detectors + 2 * BESIDE;
    let top = detectors as f64 - 1.0;
    sums.fill(T::zero());
    for (projection, &[cos, sin]) in rows.projections.chunks_exact(length).zip(rows.directions) {
        let reach = cos.abs() + sin.abs();
        let (c, s) = (T::of(cos), T::of(sin));
        for (i, sums) in sums.chunks_mut(width).enumerate() {
            let row = rows.from + i;
            let y = (row + offset) as f64 - middle;
            let (first, last) = rows.geometry.chord(row);
            let mut column = first;
            while column < last {
                let some = LANES.min(last - column);
                let (mut at, mut a, mut b, mut samples) =
                    ([0usize; LANES], [T::zero(); LANES], [T::zero(); LANES], [T::zero(); LANES]);
                for k in 0..LANES {
                    let x = (column + k + offset) as f64 - middle;
                    let (u, v) = (middle + cos * x - sin * y, middle + sin * x + cos * y);
                    let (detector, sample) = ((u - reach).ceil(), (v - reach).ceil());
                    let (du, dv) = (detector - u, sample - v);
                    (a[k], b[k]) = (T::of(cos * du + sin * dv), T::of(cos * dv - sin * du));
                    samples[k] = T::of(sample);
                    let place = (detector + BESIDE as f64).max(0.0).min(top + BESIDE as f64 + 1.0);
                    // SAFETY: between 0 and the length of a projection, three places before its end.
                    at[k] = unsafe { place.to_int_unchecked::<i32>() } as usize;
                }
                let mut seen = [T::zero(); LANES];
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
                        seen[k] += weight[k] * projection[at[k] + d];
                    }
                }
                sums[column..column + some].iter_mut().zip(seen).for_each(|(s, v)| *s += v);
                column += some;
            }
        }
    }
}

entry! { fn project_f32(ray: &Ray<f32>, sums: &mut [f32]) = project }
entry! { fn project_f64(ray: &Ray<f64>, sums: &mut [f64]) = project }
entry! { fn back_f32(rows: &Rows<f32>, sums: &mut [f32]) = back }
entry! { fn back_f64(rows: &Rows<f64>, sums: &mut [f64]) = back }

/// An element type that the kernels are compiled for.
pub(crate) trait Projected: Real {
    #[doc(hidden)]
    fn project(image: &[Self], geometry: Geometry, direction: [f64; 2], sums: &mut [Self]);
    #[doc(hidden)]
    fn back(projections: &[Self], geometry: Geometry, directions: &[[f64; 2]], from: usize, sums: &mut [Self]);
}

macro_rules! projected {
    ($type:ty, $project:ident, $back:ident) => {
        impl Projected for $type {
            fn project(image: &[Self], geometry: Geometry, direction: [f64; 2], sums: &mut [Self]) {
                // SAFETY: `level` is what the processor has.
                unsafe { $project(level(), &Ray { image, geometry, direction }, sums) }
            }
            fn back(projections: &[Self], geometry: Geometry, directions: &[[f64; 2]], from: usize, sums: &mut [Self]) {
                // SAFETY: as above.
                unsafe { $back(level(), &Rows { projections, geometry, directions, from }, sums) }
            }
        }
    };
}
projected!(f32, project_f32, back_f32);
projected!(f64, project_f64, back_f64);

/// Projections [N, detectors, angles] of images [N, W, W].
pub(crate) fn forward<T: Projected>(x: &[T], g: Geometry, directions: &[[f64; 2]]) -> Vec<T> {
    let (side, pixels, angles) = (g.width + 2 * AROUND, g.width * g.width, directions.len());
    let count = x.len() / pixels;
    let mut padded = vec![T::zero(); count * side * side];
    for (image, x) in padded.chunks_mut(side * side).zip(x.chunks(pixels)) {
        for (row, x) in x.chunks(g.width).enumerate() {
            let (from, to) = g.chord(row);
            let at = (row + AROUND) * side + AROUND;
            image[at + from..at + to].copy_from_slice(&x[from..to]);
        }
    }
    // SAFETY: each angle of each image writes its column.
    let mut y = unsafe { unwritten(count * g.detectors * angles) };
    let to = Shared::new(&mut y);
    let pieces = angles.div_ceil(PIECE);
    each(count * pieces, true, |piece| {
        let image = piece / pieces;
        let mut sums = vec![T::zero(); g.detectors];
        for (angle, &direction) in directions.iter().enumerate().skip(piece % pieces * PIECE).take(PIECE) {
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
pub(crate) fn transpose<T: Projected>(y: &[T], g: Geometry, directions: &[[f64; 2]]) -> Vec<T> {
    let (length, pixels, angles) = (g.detectors + 2 * BESIDE, g.width * g.width, directions.len());
    let count = y.len() / (g.detectors * angles);
    let mut projections = vec![T::zero(); count * angles * length];
    for (turned, y) in projections.chunks_mut(angles * length).zip(y.chunks(g.detectors * angles)) {
        for (u, y) in y.chunks(angles).enumerate() {
            y.iter().enumerate().for_each(|(angle, &v)| turned[angle * length + BESIDE + u] = v);
        }
    }
    // SAFETY: rows cover everything.
    let mut x = unsafe { unwritten(count * pixels) };
    let to = Shared::new(&mut x);
    let pieces = g.width.div_ceil(PIECE);
    each(count * pieces, true, |piece| {
        let (image, from) = (piece / pieces, piece % pieces * PIECE);
        let rows = PIECE.min(g.width - from);
        // SAFETY: the rows of this piece.
        let sums = unsafe { std::slice::from_raw_parts_mut(to.at(image * pixels + from * g.width), rows * g.width) };
        T::back(&projections[image * angles * length..][..angles * length], g, directions, from, sums);
    });
    x
}
