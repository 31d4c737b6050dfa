//! An orthonormal transform of red, green and blue: in brightness and two differences, photographs are nearly
//! uncorrelated, and white noise stays white.

use super::sizes::Sizes;
use crate::allocation::zeros;

/// (1, 1, 1) / sqrt 3, (1, 0, -1) / sqrt 2, (1, -2, 1) / sqrt 6.
const TRANSFORM: [[f32; 3]; 3] = [
    [0.577_350_26, 0.577_350_26, 0.577_350_26],
    [0.707_106_77, 0.0, -0.707_106_77],
    [0.408_248_3, -0.816_496_6, 0.408_248_3],
];

/// Brightness and differences of a picture of three channels; other pictures as they are.
pub fn uncorrelated(x: &[f32], sizes: Sizes) -> Vec<f32> {
    transformed(x, sizes, |to, from| TRANSFORM[to][from])
}

/// The inverse of [`uncorrelated`].
pub fn mixed(x: &[f32], sizes: Sizes) -> Vec<f32> {
    transformed(x, sizes, |to, from| TRANSFORM[from][to])
}

fn transformed(x: &[f32], sizes: Sizes, weight: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let mut y = zeros::<f32>(x.len());
    if sizes.channels != 3 {
        y.copy_from_slice(x);
        return y;
    }
    for (to, y) in y.chunks_exact_mut(sizes.plane()).enumerate() {
        for (from, x) in x.chunks_exact(sizes.plane()).enumerate() {
            let weight = weight(to, from);
            y.iter_mut().zip(x).for_each(|(y, x)| *y += weight * x);
        }
    }
    y
}
