//! How images are sampled between their pixels and beyond their border.

/// How a value between pixels is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// Linear along each axis.
    Bilinear,
    /// Cubic convolution along each axis, a = -0.75 (Keys 1981, doi:10.1109/TASSP.1981.1163711).
    Bicubic,
}

/// What an image is taken to be outside its border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Zero.
    Zeros,
    /// The border pixels repeated.
    Border,
    /// The image mirrored.
    Reflection,
}

/// The parameter a of the cubic convolution kernel.
pub(crate) const CUBIC: f64 = -0.75;

/// Weights of the cubic convolution at the distances 1 + t, t, 1 - t and 2 - t, and their derivatives with respect
/// to t.
#[inline(always)]
pub(crate) fn cubic_weights(t: f64) -> [[f64; 4]; 2] {
    let a = CUBIC;
    let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
    let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
    let near_slope = |d: f64| (3.0 * (a + 2.0) * d - 2.0 * (a + 3.0)) * d;
    let far_slope = |d: f64| (3.0 * a * d - 10.0 * a) * d + 8.0 * a;
    let weights = [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)];
    [weights, [far_slope(1.0 + t), near_slope(t), -near_slope(1.0 - t), -far_slope(2.0 - t)]]
}
