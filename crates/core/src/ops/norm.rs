//! Batch normalisation.

use super::activation::{activate, gate};
use super::elementwise::{add, add_scalar, mul, mul_scalar, sub};
use super::reduce::{mean, sum};
use super::shape::reshape;
use super::unary::{rsqrt, square};
use crate::error::{Error, Result};
use crate::gpu::norm as gpu;
use crate::kernel::norm::batch as kernel;
use crate::storage::{from_vec, Value, Values};
use crate::tape::{self, Context};
use crate::tensor::{Constant, Tensor};

/// One value per channel, with the axes of x.
pub(super) fn channels(op: &str, name: &str, t: &Tensor, x: &Tensor) -> Result<Tensor> {
    super::same_kind(op, x, t)?;
    let c = x.shape()[1];
    if t.shape() != [c] {
        return Err(Error::shape(
            op,
            format!("{name} has shape {:?}, expected [{c}] for input of shape {:?}.", t.shape(), x.shape()),
        ));
    }
    let mut shape = vec![1; x.rank()];
    shape[1] = c;
    reshape(t, &shape)
}

/// y weight + bias, where they are given.
pub(super) fn affine(op: &str, y: Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>) -> Result<Tensor> {
    let y = match weight {
        Some(w) => mul(&y, &channels(op, "weight", w, &y)?)?,
        None => y,
    };
    match bias {
        Some(b) => add(&y, &channels(op, "bias", b, &y)?),
        None => Ok(y),
    }
}

/// All axes except that of the channels.
fn others(x: &Tensor) -> Vec<usize> {
    (0..x.rank()).filter(|&i| i != 1).collect()
}

/// (x - mean) / sqrt(variance + epsilon) weight + bias, per channel, then y where y > 0, else slope y; without mean and
/// variance those of the batch (Ioffe, Szegedy 2015, arXiv:1502.03167). Also returns the mean and the (biased) variance
/// used, off the tape.
pub fn batch_norm_activated(
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    moments: Option<[&Tensor; 2]>,
    epsilon: f64,
    slope: f64,
) -> Result<[Tensor; 3]> {
    let (y, [mean, variance]) = normalise("batchNorm", x, [weight, bias], moments, epsilon, slope)?;
    Ok([y, mean.into(), variance.into()])
}

/// Fixed moments: both or neither.
pub fn moments<'a>(mean: Option<&'a Tensor>, variance: Option<&'a Tensor>) -> Result<Option<[&'a Tensor; 2]>> {
    match (mean, variance) {
        (Some(m), Some(v)) => Ok(Some([m, v])),
        (None, None) => Ok(None),
        _ => Err(Error::argument("batchNorm", "mean and variance must both be given, or neither.")),
    }
}

/// Epsilon and slope, and the positions of the optional operands among the node's: weight, bias, mean, variance.
#[derive(Clone, Copy)]
struct Norm {
    epsilon: f64,
    slope: f64,
    positions: [Option<usize>; 4],
}

pub(super) fn normalise(
    op: &'static str,
    x: &Tensor,
    [weight, bias]: [Option<&Tensor>; 2],
    given: Option<[&Tensor; 2]>,
    epsilon: f64,
    slope: f64,
) -> Result<(Tensor, [Constant; 2])> {
    if x.rank() < 2 {
        return Err(Error::shape(op, format!("input has shape {:?}, expected [B, C, ...].", x.shape())));
    }
    let optional = [weight, bias, given.map(|m| m[0]), given.map(|m| m[1])];
    for (t, name) in optional.iter().zip(["weight", "bias", "mean", "variance"]) {
        t.map_or(Ok(()), |t| channels(op, name, &t.detach(), x).map(|_| ()))?;
    }
    let list = |value| Constant::new(value, &[x.shape()[1]], x.device());
    let operands = if x.size() == 0 { None } else { x.floats().zip(floats(optional)) };
    let computed = if x.size() == 0 { None } else { on_gpu(x, optional, epsilon, slope) };
    let of_gpu = computed.as_ref().map(|(_, used)| used.clone());
    let (value, used) = match (computed, operands) {
        (Some((y, used)), _) => (y, used.moments().map(list)),
        (None, Some((values, optional))) => {
            let (y, used) = kernel::forward(&settings(x, &optional, epsilon, slope), &values);
            (from_vec(y, x.shape()), used.map(|moment| list(from_vec(moment, &[x.shape()[1]]))))
        }
        (None, None) => {
            let x = x.detach();
            let [weight, bias, m, v] = optional.map(|t| t.map(Tensor::detach));
            let [m, v] = match [m, v] {
                [Some(m), Some(v)] => [m, v],
                _ => batch_moments(&x)?.map(|t| Tensor::from(list(t.value()))),
            };
            let centred = sub(&x, &channels(op, "mean", &m, &x)?)?;
            let root = rsqrt(&add_scalar(&channels(op, "variance", &v, &x)?, epsilon)?)?;
            let y = affine(op, mul(&centred, &root)?, weight.as_ref(), bias.as_ref())?;
            (activate(&y, slope)?, [Constant::of(&m), Constant::of(&v)])
        }
    };
    let mut parents = vec![x];
    let positions = optional.map(|t| {
        parents.extend(t);
        t.map(|_| parents.len() - 1)
    });
    let norm = Norm { epsilon, slope, positions };
    let kept = used.clone();
    Ok((
        Tensor::result(
            value,
            x.shape().to_vec(),
            &parents,
            Box::new(move |c| norm.gradients(op, c, &kept, of_gpu.as_ref())),
        ),
        used,
    ))
}

/// The values of optional tensors; `None` unless they are float32 on the CPU.
fn floats(tensors: [Option<&Tensor>; 4]) -> Option<[Option<Values<f32>>; 4]> {
    let values = tensors.map(|t| t.map(Tensor::floats));
    (!values.iter().any(|v| matches!(v, Some(None)))).then(|| values.map(Option::flatten))
}

/// The kernel's result on a GPU.
fn on_gpu(x: &Tensor, optional: [Option<&Tensor>; 4], epsilon: f64, slope: f64) -> Option<(Value, gpu::Used)> {
    let [weight, bias, mean, variance] = optional.map(|t| t.map(Tensor::value));
    let norm = gpu_norm(x, [&weight, &bias], epsilon, slope);
    gpu::forward(&norm, &x.value(), mean.as_ref().zip(variance.as_ref()).map(|(m, v)| [m, v]))
}

fn gpu_norm<'a>(x: &Tensor, [weight, bias]: [&'a Option<Value>; 2], epsilon: f64, slope: f64) -> gpu::Norm<'a> {
    let (weight, bias) = (weight.as_ref(), bias.as_ref());
    gpu::Norm { planes: planes(x), groups: None, weight, bias, epsilon, slope }
}

/// [batch, channels, pixels]
pub(super) fn planes(x: &Tensor) -> [usize; 3] {
    let s = x.shape();
    [s[0], s[1], s[2..].iter().product()]
}

fn settings<'a>(
    x: &Tensor,
    [weight, bias, m, v]: &'a [Option<Values<f32>>; 4],
    epsilon: f64,
    slope: f64,
) -> kernel::Norm<'a> {
    let given = m.as_deref().zip(v.as_deref()).map(|(m, v)| [m, v]);
    kernel::Norm {
        planes: planes(x),
        weight: weight.as_deref(),
        bias: bias.as_deref(),
        given,
        epsilon,
        slope: slope as f32,
    }
}

/// Mean and biased variance of each channel, with the axes of x.
fn batch_moments(x: &Tensor) -> Result<[Tensor; 2]> {
    let m = mean(x, &others(x), true)?;
    let v = mean(&square(&sub(x, &m)?)?, &others(x), true)?;
    Ok([m, v])
}

impl Norm {
    /// Gradients in x and in the operands that are present. With h the gradient before the activation, r = 1 / sqrt(v +
    /// epsilon) and z = (x - m) r: dw = sum h z, db = sum h, and dx = w r h where m and v were given (dm = -w r sum h,
    /// dv = -w r^2 / 2 sum h z), else dx = w r (h - mean h - z mean(h z)).
    fn gradients(
        &self,
        op: &'static str,
        c: &Context,
        used: &[Constant; 2],
        of_gpu: Option<&gpu::Used>,
    ) -> Result<Vec<Option<Tensor>>> {
        let x = &c.inputs[0];
        let [weight, bias, m, v] = self.positions.map(|p| p.map(|i| &c.inputs[i]));
        let fused = match of_gpu.filter(|_| !tape::is_enabled()) {
            Some(kept) => self.fused_on_gpu(c, used, kept)?,
            None => self.fused(c, used)?,
        };
        let parts = match fused {
            Some(parts) => parts,
            None => {
                let [m, v] = match (m, v) {
                    (Some(m), Some(v)) => [channels(op, "mean", m, x)?, channels(op, "variance", v, x)?],
                    _ if tape::is_enabled() => batch_moments(x)?,
                    _ => [channels(op, "mean", &used[0], x)?, channels(op, "variance", &used[1], x)?],
                };
                let root = rsqrt(&add_scalar(&v, self.epsilon)?)?;
                let z = mul(&sub(x, &m)?, &root)?;
                let h = match self.slope {
                    1.0 => c.grad.clone(),
                    slope => gate(
                        c.grad,
                        &affine(
                            op,
                            z.detach(),
                            weight.map(Tensor::detach).as_ref(),
                            bias.map(Tensor::detach).as_ref(),
                        )?,
                        slope,
                    )?,
                };
                let scale = match weight {
                    Some(w) => mul(&root, &channels(op, "weight", w, x)?)?,
                    None => root.clone(),
                };
                let axes = others(x);
                let (db, dw) = (sum(&h, &axes, true)?, sum(&mul(&h, &z)?, &axes, true)?);
                let share = 1.0 / (x.size() / x.shape()[1].max(1)) as f64;
                let inner = match self.positions[2] {
                    Some(_) => h,
                    None => sub(&sub(&h, &mul_scalar(&db, share)?)?, &mul(&z, &mul_scalar(&dw, share)?)?)?,
                };
                let dm = mul_scalar(&mul(&scale, &db)?, -1.0)?;
                let dv = mul_scalar(&mul(&mul(&scale, &root)?, &dw)?, -0.5)?;
                (Some(mul(&scale, &inner)?), [dw, db, dm, dv])
            }
        };
        let mut out = vec![None; c.inputs.len()];
        let (dx, lists) = parts;
        out[0] = dx;
        for (position, part) in self.positions.iter().zip(lists) {
            if let Some(i) = *position {
                out[i] = Some(reshape(&part, c.inputs[i].shape())?);
            }
        }
        Ok(out)
    }

    /// The same by the kernels for GPUs.
    fn fused_on_gpu(
        &self,
        c: &Context,
        used: &[Constant; 2],
        kept: &gpu::Used,
    ) -> Result<Option<(Option<Tensor>, [Tensor; 4])>> {
        let x = &c.inputs[0];
        let [weight, bias] = [0, 1].map(|i| self.positions[i].map(|p| c.inputs[p].value()));
        let norm = gpu_norm(x, [&weight, &bias], self.epsilon, self.slope);
        let given = self.positions[2].is_some();
        let Some((dx, lists)) = gpu::gradient(&norm, &x.value(), &c.grad.value(), kept, given, c.needs(0)) else {
            return Ok(None);
        };
        let [dw, db] = lists.map(|value| c.gradient(value, &[x.shape()[1]]));
        let (dw, db) = (dw?, db?);
        let dx = dx.map(|value| c.gradient(value, x.shape())).transpose()?;
        if !given {
            return Ok(Some((dx, [dw, db.clone(), db.clone(), db])));
        }
        let root = rsqrt(&add_scalar(&used[1], self.epsilon)?)?;
        let scale = match self.positions[0] {
            Some(i) => mul(&root, &c.inputs[i])?,
            None => root.clone(),
        };
        let dm = mul_scalar(&mul(&scale, &db)?, -1.0)?;
        let dv = mul_scalar(&mul(&mul(&scale, &root)?, &dw)?, -0.5)?;
        Ok(Some((dx, [dw, db, dm, dv])))
    }

    /// The same by the CPU kernel where nothing is recorded: the gradient in x where it is needed, and the
    /// others.
    fn fused(&self, c: &Context, used: &[Constant; 2]) -> Result<Option<(Option<Tensor>, [Tensor; 4])>> {
        if tape::is_enabled() {
            return Ok(None);
        }
        let x = &c.inputs[0];
        let operands = [Some(x), Some(c.grad), Some(&used[0]), Some(&used[1])];
        let optional = self.positions.map(|p| p.map(|i| &c.inputs[i]));
        let (Some([Some(values), Some(g), Some(mean), Some(variance)]), Some(optional)) =
            (if x.size() == 0 { None } else { floats(operands) }, floats(optional))
        else {
            return Ok(None);
        };
        let norm = settings(x, &optional, self.epsilon, self.slope);
        let g = kernel::gradient(&norm, &values, &g, [&mean, &variance], c.needs(0));
        let list = |data| c.gradient(from_vec(data, &[x.shape()[1]]), &[x.shape()[1]]);
        let dx = g.input.map(|data| c.gradient(from_vec(data, x.shape()), x.shape())).transpose()?;
        let [dm, dv] = g.moments;
        Ok(Some((dx, [list(g.weight)?, list(g.bias)?, list(dm)?, list(dv)?])))
    }
}
