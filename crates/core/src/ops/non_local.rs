//! Denoising by similar patches.

use super::{check_rank, same_kind};
use crate::error::{Error, Result};
use crate::kernel::non_local::{denoise, Sizes};
use crate::tensor::{check_size, Constant, Data, Tensor};

/// Non-local Bayes: images with white Gaussian noise of standard deviation `sigma` in each channel, denoised by their
/// similar patches, which are looked for in `guide`, the result of another denoiser. In float32 on the CPU, for tensors
/// of other types and devices too.
pub fn non_local(x: &Tensor, guide: &Tensor, sigma: f64) -> Result<Constant> {
    let op = "nonLocal";
    same_kind(op, x, guide)?;
    check_rank(op, "x", x, 4)?;
    if x.shape() != guide.shape() {
        let shapes = format!("x has shape {:?} and guide {:?}, expected one shape for both.", x.shape(), guide.shape());
        return Err(Error::shape(op, shapes));
    }
    if !(sigma > 0.0 && (sigma as f32) > 0.0 && (sigma as f32).is_finite()) {
        return Err(Error::argument(op, format!("sigma is {sigma}, expected a positive number.")));
    }
    let &[images, channels, rows, columns] = x.shape() else {
        return Err(Error::internal("nonLocal: x does not have four axes."));
    };
    check_size(op, x.shape(), x.dtype())?;
    if x.size() == 0 {
        return Ok(Constant::of(&x.full_like(0.0)?));
    }
    let sizes = Sizes { channels, rows, columns };
    let (noisy, guide) = (single(x)?, single(guide)?);
    let image = x.size() / images;
    let mut denoised = Vec::new();
    for (noisy, guide) in noisy.chunks_exact(image).zip(guide.chunks_exact(image)) {
        denoised.extend(denoise(noisy, guide, sizes, sigma as f32));
    }
    let denoised = match x.dtype() {
        crate::DType::F32 => Tensor::from_f32(denoised, x.shape(), x.device())?,
        crate::DType::F64 => Tensor::from_f64(denoised.into_iter().map(f64::from).collect(), x.shape(), x.device())?,
    };
    Ok(Constant::of(&denoised))
}

/// The values in float32, read from the device.
fn single(x: &Tensor) -> Result<Vec<f32>> {
    Ok(match x.read()? {
        Data::F32(values) => values,
        Data::F64(values) => values.into_iter().map(|v| v as f32).collect(),
    })
}
