//! Images at another resolution.

use super::check_rank;
use super::index::select_list;
use super::linalg::{matmul, transpose};
use super::moves::moved;
use super::shape::{permute, reshape};
use crate::allocation::check;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::gpu::taps as gpu;
use crate::kernel::moves::Move;
use crate::kernel::resample::{separate, Taps};
use crate::sampling::{cubic_weights, Interpolation};
use crate::storage::{from_vec, on_cpu, DType, Value};
use crate::tape::Context;
use crate::tensor::table::table;
use crate::tensor::{check_size, Tensor};
use std::sync::Arc;

/// The result and the matrices that map to it must not be too large.
pub(crate) fn check_target(op: &str, x: &Tensor, size: [usize; 2]) -> Result<()> {
    let s = x.shape();
    check_size(op, &[s[0], s[1], size[0], size[1]], x.dtype())?;
    check_size(op, &[size[0].saturating_mul(s[2]).max(size[1].saturating_mul(s[3]))], DType::F64)?;
    // A bicubic row has four taps, each a position and a weight in two copies; its lists have 32 bytes more.
    check(op, size[0].checked_add(size[1]).and_then(|rows| rows.checked_mul(4 * 2 * 16 + 32)))
}

/// The matrix of an axis, and what it follows from: a name, and numbers of which the last is 1 for the transpose.
#[derive(Clone)]
struct Matrix {
    taps: Arc<Taps>,
    name: &'static str,
    key: [u64; 4],
}

impl Matrix {
    fn transposed(&self) -> Self {
        let [n, m, rule, back] = self.key;
        Self { taps: Arc::new(self.taps.transposed()), name: self.name, key: [n, m, rule, 1 - back] }
    }
    /// Positions and weights of each row on the device of a tensor, [rows, taps, 2], and the number of taps.
    fn sparse(&self, like: &Tensor) -> Result<(Tensor, usize)> {
        let (taps, width) = (&self.taps, self.taps.widest());
        let name = match self.name {
            "resampling" => "resampling taps",
            _ => "pooling taps",
        };
        Ok((table(like, name, &self.key, &[taps.len(), width, 2], || taps.padded())?, width))
    }
    /// With all its zeros, on the device of a tensor.
    fn dense(&self, like: &Tensor) -> Result<Tensor> {
        table(like, self.name, &self.key, &[self.taps.len(), self.taps.inputs()], || self.taps.dense())
    }
}

/// R_h x R_w^T for the matrices of a name by rows, which follow from the numbers of positions of an axis and of its
/// result: every separable linear map of an image.
pub(crate) fn separable(
    x: &Tensor,
    size: [usize; 2],
    name: &'static str,
    matrix: impl Fn(usize, usize) -> Vec<f64>,
) -> Result<Tensor> {
    let of_axis = |n: usize, m: usize| {
        let dense = matrix(n, m);
        let row = |i: usize| {
            dense[i * n..(i + 1) * n].iter().copied().enumerate().filter(|(_, w)| *w != 0.0).collect::<Vec<_>>()
        };
        Matrix { taps: Arc::new(Taps::new(n, (0..m).map(row))), name, key: [n as u64, m as u64, 0, 0] }
    };
    apply(x, &of_axis(x.shape()[2], size[0]), &of_axis(x.shape()[3], size[1]))
}

/// R_h x R_w^T. Linear: its adjoint is the same with the transposed matrices.
fn apply(x: &Tensor, rows: &Matrix, columns: &Matrix) -> Result<Tensor> {
    let s = x.shape();
    let shape = vec![s[0], s[1], rows.taps.len(), columns.taps.len()];
    let value = on_cpu!(
        x,
        T => from_vec(separate(&x.values::<T>()?, &rows.taps, &columns.taps), &shape),
        else match on_gpu(x, rows, columns)? {
            Some(value) => value,
            None => matmul(&matmul(&rows.dense(x)?, &x.detach())?, &transpose(&columns.dense(x)?)?)?.value(),
        }
    );
    let (rows, columns) = (rows.clone(), columns.clone());
    let vjp = Box::new(move |c: &Context| Ok(vec![Some(apply(c.grad, &rows.transposed(), &columns.transposed())?)]));
    Ok(Tensor::result(value, shape, &[x], vjp))
}

/// `apply` in one launch for each axis, those of the rows first.
fn on_gpu(x: &Tensor, rows: &Matrix, columns: &Matrix) -> Result<Option<Value>> {
    let s = x.shape();
    if x.size() == 0 {
        return Ok(None);
    }
    let (h, w) = (rows.taps.len(), columns.taps.len());
    let (of_rows, down) = rows.sparse(x)?;
    let (of_columns, across) = columns.sparse(x)?;
    let lines = gpu::sums(&x.value(), &of_rows.value(), [s[2], h, s[3], down], &[s[0], s[1], h, s[3]]);
    let Some(lines) = lines else { return Ok(None) };
    Ok(gpu::sums(&lines, &of_columns.value(), [s[3], w, 1, across], &[s[0], s[1], h, w]))
}

/// Positions and weights of the pixels, of n, that each of m results is made of.
fn taps(n: usize, m: usize, mode: Interpolation, align: bool) -> Matrix {
    let row = |i: usize| {
        if mode == Interpolation::Nearest {
            return vec![((i * n / m).min(n - 1), 1.0)];
        }
        let position = if align {
            if m > 1 {
                i as f64 * (n - 1) as f64 / (m - 1) as f64
            } else {
                0.0
            }
        } else {
            let p = (i as f64 + 0.5) * n as f64 / m as f64 - 0.5;
            if mode == Interpolation::Bilinear {
                p.max(0.0)
            } else {
                p
            }
        };
        let base = position.floor();
        let t = position - base;
        let clamped = |offset: i64| (base as i64 + offset).clamp(0, n as i64 - 1) as usize;
        if mode == Interpolation::Bilinear {
            vec![(clamped(0), 1.0 - t), (clamped(1), t)]
        } else {
            cubic_weights(t)[0].into_iter().enumerate().map(|(k, weight)| (clamped(k as i64 - 1), weight)).collect()
        }
    };
    let rule = 2 * mode as u64 + u64::from(align);
    Matrix { taps: Arc::new(Taps::new(n, (0..m).map(row))), name: "resampling", key: [n as u64, m as u64, rule, 0] }
}

/// Resamples [B, C, H, W] to `size`, with PyTorch's conventions.
pub fn interpolate(x: &Tensor, size: [usize; 2], mode: Interpolation, align: bool) -> Result<Tensor> {
    check_rank("interpolate", "input", x, 4)?;
    if size.contains(&0) || x.shape().contains(&0) {
        return Err(Error::argument(
            "interpolate",
            format!("input of shape {:?} and size {size:?} came, expected both without zeros.", x.shape()),
        ));
    }
    check_target("interpolate", x, size)?;
    let (h, w) = (x.shape()[2], x.shape()[3]);
    if x.device() == Device::Cpu {
        return apply(x, &taps(h, size[0], mode, align), &taps(w, size[1], mode, align));
    }
    if mode == Interpolation::Nearest {
        // Pixel i of m is pixel floor(i n / m) of n.
        let moves = [(2, h, size[0]), (3, w, size[1])].map(|(axis, source, result)| {
            (axis, Move { source, result, step: source as isize, divide: result, ..Move::NONE })
        });
        if let Some(y) = moved("interpolate", x, &moves, 0.0)? {
            return Ok(y);
        }
        let pick = |n: usize, m: usize| (0..m).map(|i| (i * n / m).min(n - 1)).collect::<Vec<_>>();
        return select_list(&select_list(x, 2, pick(h, size[0]))?, 3, pick(w, size[1]));
    }
    apply(x, &taps(h, size[0], mode, align), &taps(w, size[1], mode, align))
}

/// [B, C r^2, H, W] to [B, C, r H, r W] (Shi et al. 2016, arXiv:1609.05158).
pub fn pixel_shuffle(x: &Tensor, factor: usize) -> Result<Tensor> {
    check_rank("pixelShuffle", "input", x, 4)?;
    let s = x.shape();
    if factor == 0 || factor > super::LARGEST || !s[1].is_multiple_of(factor * factor) {
        return Err(Error::shape(
            "pixelShuffle",
            format!("{} channels came, expected a multiple of factor^2 with factor {factor}.", s[1]),
        ));
    }
    let c = s[1] / (factor * factor);
    let split = reshape(x, &[s[0], c, factor, factor, s[2], s[3]])?;
    reshape(&permute(&split, &[0, 1, 4, 2, 5, 3])?, &[s[0], c, s[2] * factor, s[3] * factor])
}

/// The inverse of `pixelShuffle`.
pub fn pixel_unshuffle(x: &Tensor, factor: usize) -> Result<Tensor> {
    check_rank("pixelUnshuffle", "input", x, 4)?;
    let s = x.shape();
    if factor == 0 || factor > super::LARGEST || !s[2].is_multiple_of(factor) || !s[3].is_multiple_of(factor) {
        return Err(Error::shape(
            "pixelUnshuffle",
            format!("x has shape {s:?}, expected a height and width that are multiples of factor {factor}."),
        ));
    }
    let split = reshape(x, &[s[0], s[1], s[2] / factor, factor, s[3] / factor, factor])?;
    reshape(&permute(&split, &[0, 1, 3, 5, 2, 4])?, &[s[0], s[1] * factor * factor, s[2] / factor, s[3] / factor])
}
