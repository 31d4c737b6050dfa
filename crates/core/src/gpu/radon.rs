//! Sums along parallel lines, and their transpose: a unit for each result.

use super::group::fits;
use super::{empty, operand, units, value};
use crate::kernel::radon::ParallelBeam;
use crate::storage::Value;
use cubecl::prelude::*;

/// Whether a pixel belongs to the image: with `circle` to the disk within it. In whole numbers: twice the distances
/// from the centre.
#[cube]
fn counts(row: i32, column: i32, width: i32, #[comptime] circle: bool) -> bool {
    let mut inside = row >= 0i32 && row < width && column >= 0i32 && column < width;
    if comptime!(circle) {
        let last = width - 1i32;
        let (down, right) = (2i32 * row - last, 2i32 * column - last);
        inside = inside && down * down + right * right <= last * last;
    }
    inside
}

/// The pixel of an image, or zero outside.
#[cube]
fn pixel(x: &[f32], image: u32, row: i32, column: i32, width: i32, #[comptime] circle: bool) -> f32 {
    let mut v = 0.0f32;
    if counts(row, column, width, circle) {
        v = x[(image * u32::cast_from(width * width) + u32::cast_from(row * width + column)) as usize];
    }
    v
}

/// Sizes of images and projections, and the middle of a line of detectors and of an image.
#[derive(CubeType, CubeLaunch)]
struct Beam {
    width: u32,
    detectors: u32,
    angles: u32,
    middle: f32,
    centre: f32,
}

impl Beam {
    fn of(beam: &ParallelBeam, angles: usize) -> BeamLaunch {
        let middle = beam.middle();
        let centre = (middle - beam.offset as f64) as f32;
        BeamLaunch::new(beam.width as u32, beam.detectors as u32, angles as u32, middle as f32, centre)
    }
}

/// Neighbouring units take neighbouring detectors, which read neighbouring pixels.
#[cube(launch)]
fn forward_kernel(x: &[f32], directions: &[f32], y: &mut [f32], beam: Beam, count: u32, #[comptime] circle: bool) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let (detector, angle, image) =
        (i % beam.detectors, i / beam.detectors % beam.angles, i / beam.detectors / beam.angles);
    let (cos, sin) = (directions[(2u32 * angle) as usize], directions[(2u32 * angle + 1u32) as usize]);
    let u = f32::cast_from(detector) - beam.middle;
    let side = i32::cast_from(beam.width);
    let mut sum = 0.0f32;
    for sample in 0..beam.detectors {
        let v = f32::cast_from(sample) - beam.middle;
        let (right, down) = (cos * u + sin * v + beam.centre, cos * v - sin * u + beam.centre);
        let (left, up) = (right.floor(), down.floor());
        let (column, row) = (i32::cast_from(left), i32::cast_from(up));
        let (a, b) = (right - left, down - up);
        let upper = (1.0f32 - a) * pixel(x, image, row, column, side, circle)
            + a * pixel(x, image, row, column + 1i32, side, circle);
        let lower = (1.0f32 - a) * pixel(x, image, row + 1i32, column, side, circle)
            + a * pixel(x, image, row + 1i32, column + 1i32, side, circle);
        sum += (1.0f32 - b) * upper + b * lower;
    }
    y[((image * beam.detectors + detector) * beam.angles + angle) as usize] = sum;
}

/// max(1 - |t|, 0)
#[cube]
fn hat(t: f32) -> f32 {
    max(1.0f32 - t.abs(), 0.0f32)
}

/// The projections are [N, angles, detectors]: of the samples of an angle, at most 3 x 3 include a pixel.
#[cube(launch)]
fn transpose_kernel(y: &[f32], directions: &[f32], x: &mut [f32], beam: Beam, count: u32, #[comptime] circle: bool) {
    let i = ABSOLUTE_POS as u32;
    if i >= count {
        terminate!();
    }
    let (column, row, image) = (i % beam.width, i / beam.width % beam.width, i / beam.width / beam.width);
    let mut sum = 0.0f32;
    if counts(i32::cast_from(row), i32::cast_from(column), i32::cast_from(beam.width), circle) {
        let (right, down) = (f32::cast_from(column) - beam.centre, f32::cast_from(row) - beam.centre);
        let last = i32::cast_from(beam.detectors) - 1i32;
        for angle in 0..beam.angles {
            let (cos, sin) = (directions[(2u32 * angle) as usize], directions[(2u32 * angle + 1u32) as usize]);
            let reach = cos.abs() + sin.abs();
            let (u, v) = (cos * right - sin * down + beam.middle, sin * right + cos * down + beam.middle);
            let (detector, sample) = ((u - reach).ceil(), (v - reach).ceil());
            let (du, dv) = (detector - u, sample - v);
            let (across, along) = (cos * du + sin * dv, cos * dv - sin * du);
            let (first, top) = (i32::cast_from(detector), i32::cast_from(sample));
            let line = (image * beam.angles + angle) * beam.detectors;
            for d in 0..3i32 {
                let at = first + d;
                if at >= 0i32 && at <= last {
                    let mut weight = 0.0f32;
                    for m in 0..3i32 {
                        let (p, q) = (f32::cast_from(d), f32::cast_from(m));
                        if top + m >= 0i32 && top + m <= last {
                            weight += hat(across + cos * p + sin * q) * hat(along + cos * q - sin * p);
                        }
                    }
                    sum += weight * y[(line + u32::cast_from(at)) as usize];
                }
            }
        }
    }
    x[i as usize] = sum;
}

/// Projections [N, detectors, angles] of images [N, W, W], for cosines and sines [angles, 2]; `None` on the cpu.
pub(crate) fn forward(x: &Value, directions: &Value, beam: ParallelBeam, sizes: [usize; 2]) -> Option<Value> {
    let (x, directions) = (operand(x).filter(fits)?, operand(directions)?);
    let [images, angles] = sizes;
    let y = empty(&x, &[images, beam.detectors, angles]);
    if !fits(&y) {
        return None;
    }
    let count = images * angles * beam.detectors;
    let (cubes, dim) = units(&x, count);
    forward_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        directions.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        Beam::of(&beam, angles),
        count as u32,
        beam.circle,
    );
    Some(value(y))
}

/// The transpose of `forward`, for projections [N, angles, detectors].
pub(crate) fn transpose(y: &Value, directions: &Value, beam: ParallelBeam, sizes: [usize; 2]) -> Option<Value> {
    let (y, directions) = (operand(y).filter(fits)?, operand(directions)?);
    let [images, angles] = sizes;
    let x = empty(&y, &[images, beam.width, beam.width]);
    let count = images * beam.width * beam.width;
    let (cubes, dim) = units(&y, count);
    transpose_kernel::launch(
        &y.client.clone(),
        cubes,
        dim,
        y.into_buffer_arg(),
        directions.into_buffer_arg(),
        x.clone().into_buffer_arg(),
        Beam::of(&beam, angles),
        count as u32,
        beam.circle,
    );
    Some(value(x))
}
