//! Tensors of random numbers.

use crate::allocation;
use crate::gpu::random;
use crate::random::{Kind, Stream};
use crate::tensor::check_size;
use crate::{DType, Device, Error, Result, Tensor};

/// Draws a tensor of a shape; `of` has the rates or counts of `poisson` and `binomial`, and then the shape too. A call
/// that fails does not advance the stream.
pub(crate) fn draw(
    stream: &mut Stream,
    kind: &str,
    shape: &[usize],
    params: &[f64],
    of: Option<&Tensor>,
    dtype: DType,
    device: Device,
) -> Result<Tensor> {
    let fault = |e: String| Error::argument("Rng", format!("{e}."));
    let (values, shape) = match of {
        None => {
            let count = check_size("Rng", shape, DType::F64)?;
            // In float64 first, and then in the type of the tensor.
            allocation::check("Rng", count.checked_mul(2 * size_of::<f64>()))?;
            if let Some(drawn) = on_device(stream, kind, shape, params, dtype, device)? {
                return Ok(drawn);
            }
            // Noise is drawn at each step of training: directly in float32.
            if (kind, params, dtype, device) == ("normal", &[], DType::F32, Device::Cpu) {
                return Tensor::from_f32(stream.normal_as(count, |v| v as f32), shape, Device::Cpu);
            }
            (stream.draw(kind, count, params, None).map_err(fault)?, shape.to_vec())
        }
        Some(of) => {
            allocation::check("Rng", of.size().checked_mul(3 * size_of::<f64>()))?;
            (stream.draw(kind, of.size(), params, Some(&of.to_vec()?)).map_err(fault)?, of.shape().to_vec())
        }
    };
    Tensor::from_values(values, &shape, dtype, device)
}

/// Draws on the GPU of the tensor where the program allows it; `None` where the numbers are drawn on the CPU.
fn on_device(
    stream: &mut Stream,
    kind: &str,
    shape: &[usize],
    params: &[f64],
    dtype: DType,
    device: Device,
) -> Result<Option<Tensor>> {
    let (Ok(law), DType::F32) = (Kind::parse(kind), dtype) else { return Ok(None) };
    if device == Device::Cpu || law.takes_values() || !random::is_allowed() {
        return Ok(None);
    }
    // What is wrong with the parameters is found as on the CPU.
    if stream.clone().draw(kind, 0, params, None).is_err() {
        return Ok(None);
    }
    let to = Tensor::unset(shape, device)?;
    let drawn = random::draw(stream, law, to.size(), params, &to.value());
    Ok(drawn.map(|value| crate::Constant::new(value, shape, device).into()))
}
