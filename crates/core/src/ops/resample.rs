//! Images at another resolution.

use super::check_rank;
use super::index::select_list;
use super::linalg::{matmul, transpose};
use super::shape::{expand, permute, reshape};
use crate::error::{Error, Result};
use crate::tensor::{check_size, DType, Tensor};

/// Interpolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The nearest sample.
    Nearest,
    /// Linear in each axis.
    Bilinear,
    /// Cubic convolution with a = -0.75 (Keys 1981, doi:10.1109/TASSP.1981.1163711).
    Bicubic,
}

/// The result, and the matrices that make it, must be of possible size.
pub(crate) fn check_target(op: &str, x: &Tensor, size: [usize; 2]) -> Result<()> {
    let s = x.shape();
    check_size(op, &[s[0], s[1], size[0], size[1]], x.dtype())?;
    check_size(op, &[size[0].saturating_mul(s[2]).max(size[1].saturating_mul(s[3]))], DType::F64)?;
    Ok(())
}

/// R_h x R_w^T for matrices given by rows: every separable linear map of an image.
pub(crate) fn separable(x: &Tensor, size: [usize; 2], rows: Vec<f64>, columns: Vec<f64>) -> Result<Tensor> {
    let (h, w) = (x.shape()[2], x.shape()[3]);
    let rows = Tensor::from_values(rows, &[size[0], h], x.dtype(), x.device())?;
    let columns = Tensor::from_values(columns, &[size[1], w], x.dtype(), x.device())?;
    matmul(&matmul(&rows, x)?, &transpose(&columns)?)
}

/// Weights of the cubic convolution at distances 1 + t, t, 1 - t, 2 - t.
pub(crate) fn cubic(t: f64) -> [f64; 4] {
    let a = -0.75;
    let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
    let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
    [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
}

fn matrix(n: usize, m: usize, mode: Mode, align: bool) -> Vec<f64> {
    let mut rows = vec![0.0; m * n];
    for i in 0..m {
        let position = if align {
            if m > 1 {
                i as f64 * (n - 1) as f64 / (m - 1) as f64
            } else {
                0.0
            }
        } else {
            let p = (i as f64 + 0.5) * n as f64 / m as f64 - 0.5;
            if mode == Mode::Bilinear {
                p.max(0.0)
            } else {
                p
            }
        };
        let base = position.floor();
        let t = position - base;
        let mut put = |offset: i64, weight: f64| {
            let j = (base as i64 + offset).clamp(0, n as i64 - 1) as usize;
            rows[i * n + j] += weight;
        };
        if mode == Mode::Bilinear {
            put(0, 1.0 - t);
            put(1, t);
        } else {
            for (k, weight) in cubic(t).into_iter().enumerate() {
                put(k as i64 - 1, weight);
            }
        }
    }
    rows
}

/// Resamples [B, C, H, W] to `size`, with PyTorch's conventions.
pub fn interpolate(x: &Tensor, size: [usize; 2], mode: Mode, align: bool) -> Result<Tensor> {
    check_rank("interpolate", "input", x, 4)?;
    if size.contains(&0) || x.shape().contains(&0) {
        return Err(Error::argument("interpolate", format!("cannot resample shape {:?} to {size:?}", x.shape())));
    }
    check_target("interpolate", x, size)?;
    let (h, w) = (x.shape()[2], x.shape()[3]);
    if mode == Mode::Nearest && size[0].is_multiple_of(h) && size[1].is_multiple_of(w) {
        // Whole factors: every pixel repeated, without a list of positions.
        let s = x.shape();
        let [rows, columns] = [size[0] / h, size[1] / w];
        let pixels = reshape(x, &[s[0], s[1], h, 1, w, 1])?;
        return reshape(&expand(&pixels, &[s[0], s[1], h, rows, w, columns])?, &[s[0], s[1], size[0], size[1]]);
    }
    if mode == Mode::Nearest {
        let pick = |n: usize, m: usize| (0..m).map(|i| (i * n / m).min(n - 1)).collect::<Vec<_>>();
        return select_list(&select_list(x, 2, pick(h, size[0]))?, 3, pick(w, size[1]));
    }
    separable(x, size, matrix(h, size[0], mode, align), matrix(w, size[1], mode, align))
}

/// [B, C r^2, H, W] to [B, C, r H, r W] (Shi et al. 2016, arXiv:1609.05158).
pub fn pixel_shuffle(x: &Tensor, factor: usize) -> Result<Tensor> {
    check_rank("pixelShuffle", "input", x, 4)?;
    let s = x.shape();
    if factor == 0 || factor > super::LARGEST || !s[1].is_multiple_of(factor * factor) {
        return Err(Error::shape("pixelShuffle", format!("{} channels are no multiple of {factor} squared", s[1])));
    }
    let c = s[1] / (factor * factor);
    let split = reshape(x, &[s[0], c, factor, factor, s[2], s[3]])?;
    reshape(&permute(&split, &[0, 1, 4, 2, 5, 3])?, &[s[0], c, s[2] * factor, s[3] * factor])
}

/// The inverse of `pixelShuffle`.
pub fn pixel_unshuffle(x: &Tensor, factor: usize) -> Result<Tensor> {
    check_rank("pixelUnshuffle", "input", x, 4)?;
    let s = x.shape();
    if factor == 0 || !s[2].is_multiple_of(factor) || !s[3].is_multiple_of(factor) {
        return Err(Error::shape("pixelUnshuffle", format!("the image of shape {s:?} is no multiple of {factor}")));
    }
    let split = reshape(x, &[s[0], s[1], s[2] / factor, factor, s[3] / factor, factor])?;
    reshape(&permute(&split, &[0, 1, 3, 5, 2, 4])?, &[s[0], s[1] * factor * factor, s[2] / factor, s[3] / factor])
}
