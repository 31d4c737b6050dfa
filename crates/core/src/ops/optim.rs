//! What steps of a training do to lists of tensors, off the tape: each operator takes all of them at once, since a GPU
//! computes many in one launch.

use super::compare::clamp;
use super::elementwise::{add, add_scalar, mul_scalar};
use super::reduce::sum;
use super::same_kind;
use super::unary::{reciprocal, sqrt, square};
use crate::error::{Error, Result};
use crate::gpu;
use crate::kernel::loss_scale::LossScale;
use crate::kernel::{adam, lerp as kernel};
use crate::storage::{from_vec, on_cpu, CpuElement, Value};
use crate::tensor::{Constant, Tensor};

/// Settings of `adam_step`.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// Number of this step, from 1.
    pub step: i64,
    /// Whether weight decay is applied to the parameter rather than the gradient (AdamW; Loshchilov, Hutter 2019,
    /// arXiv:1711.05101).
    pub decoupled: bool,
    /// Learning rate.
    pub rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Weight decay.
    pub decay: f64,
}

/// One step of Adam (Kingma, Ba 2015, arXiv:1412.6980) for parameters, each followed by its gradient, first and second
/// moment; gradients are multiplied by `factor`, which has one element, and where it is negative nothing changes.
/// Returns parameter, first and second moment of each.
pub fn adam_step(factor: Option<&Tensor>, tensors: &[Tensor], a: Adam) -> Result<Vec<Constant>> {
    let op = "adamStep";
    let items = groups::<4>(op, tensors)?;
    if let Some(factor) = factor {
        same_kind(op, factor, &items[0][0])?;
        if factor.size() != 1 {
            return Err(Error::shape(op, format!("factor has shape {:?}, expected one element.", factor.shape())));
        }
    }
    if a.step < 1 {
        return Err(Error::argument(op, "steps count from 1, expected at least 1."));
    }
    let results = on_cpu!(items[0][0], T => {
        let factor = factor.map_or(Ok(1.0), |t| t.values::<T>().map(|list| adam::Parameter::to_f64(list[0])))?;
        if factor < 0.0 {
            return Ok(items.iter().flat_map(|[p, _, m, v]| [p, m, v].map(Constant::of)).collect());
        }
        let step = numbers(a, factor);
        items.iter().map(|item| on_list::<T, 4, 3>(item, |from| adam::step(&step, from))).collect::<Result<Vec<_>>>()?
    }, else {
        let values: Vec<_> = items.iter().map(|item| item.each_ref().map(Tensor::value)).collect();
        gpu::adam::step(&numbers(a, 1.0), factor.map(Tensor::value).as_ref(), &values).ok_or_else(|| absent(op))?
    });
    Ok(of_shapes(&items, results))
}

/// a + weight (factor b - a) for each pair of tensors, a followed by b; no factors stand for ones.
pub fn lerp(weight: f64, factors: &[f64], tensors: &[Tensor]) -> Result<Vec<Constant>> {
    let op = "lerp";
    let items = groups::<2>(op, tensors)?;
    if !factors.is_empty() && factors.len() != items.len() {
        let message = format!("got {} factors, expected none or one for each of {} pairs.", factors.len(), items.len());
        return Err(Error::argument(op, message));
    }
    let mut factors = factors.to_vec();
    factors.resize(items.len(), 1.0);
    let results = on_cpu!(items[0][0], T => {
        let one = |(item, &factor): (&[Tensor; 2], &f64)| {
            on_list::<T, 2, 1>(item, |from| [kernel::lerp(weight, factor, from)])
        };
        items.iter().zip(&factors).map(one).collect::<Result<Vec<_>>>()?
    }, else {
        let values: Vec<_> = items.iter().map(|item| item.each_ref().map(Tensor::value)).collect();
        let out = gpu::lerp::lerp(weight, &factors, &values).ok_or_else(|| absent(op))?;
        out.into_iter().map(|value| [value]).collect()
    });
    Ok(of_shapes(&items, results))
}

/// The factor of gradients of a scaled loss, -1 where one is not finite and the scale above 1, and the next state of
/// the scale: its value, and the finite steps since it changed (see `LossScale`). Gradients are divided by the scale
/// and clipped to a norm of `limit`, which may be infinite.
pub fn unscale(limit: f64, state: &Tensor, tensors: &[Tensor]) -> Result<[Constant; 2]> {
    let op = "unscale";
    let first = one_kind(op, tensors)?;
    same_kind(op, first, state)?;
    if state.shape() != [2] {
        return Err(Error::shape(op, format!("the state has shape {:?}, expected [2].", state.shape())));
    }
    let values: Vec<_> = tensors.iter().map(Tensor::value).collect();
    if let Some([factor, next]) = gpu::clip::unscale(limit, &state.value(), &values) {
        return Ok([Constant::new(factor, &[], first.device()), Constant::new(next, &[2], first.device())]);
    }
    let (norm, state) = (norm_of(tensors)?.to_vec()?[0], state.to_vec()?);
    let (factor, next) = LossScale { scale: state[0], steps: state[1] }.step(norm, limit);
    let like = |values: Vec<f64>, shape: &[usize]| {
        Tensor::from_values(values, shape, first.dtype(), first.device()).map(|t| Constant::of(&t))
    };
    Ok([like(vec![factor], &[])?, like(vec![next.scale, next.steps], &[2])?])
}

/// min(1, limit / (norm + 1e-6)), where norm is the Euclidean norm of all tensors together (Pascanu, Mikolov, Bengio
/// 2013, arXiv:1211.5063).
pub fn clip_factor(limit: f64, tensors: &[Tensor]) -> Result<Constant> {
    let op = "clipFactor";
    let first = one_kind(op, tensors)?;
    let values: Vec<_> = tensors.iter().map(Tensor::value).collect();
    if let Some(factor) = gpu::clip::factor(limit, &values) {
        return Ok(Constant::new(factor, &[], first.device()));
    }
    let factor = mul_scalar(&reciprocal(&add_scalar(&norm_of(tensors)?, 1e-6)?)?, limit)?;
    Ok(Constant::of(&clamp(&factor, 0.0, 1.0)?))
}

/// The Euclidean norm of all tensors together, off the tape.
fn norm_of(tensors: &[Tensor]) -> Result<Tensor> {
    let mut squares = None;
    for t in tensors {
        let of_one = sum(&square(&t.detach())?, &[], false)?;
        squares = Some(squares.map_or(Ok(of_one.clone()), |before| add(&before, &of_one))?);
    }
    sqrt(&squares.ok_or_else(|| Error::internal("a norm of no tensors."))?)
}

/// The first of some tensors of one kind.
fn one_kind<'a>(op: &str, tensors: &'a [Tensor]) -> Result<&'a Tensor> {
    let first = tensors.first().ok_or_else(|| Error::argument(op, "got no tensors, expected at least one."))?;
    tensors.iter().try_for_each(|t| same_kind(op, first, t)).map(|()| first)
}

/// Tensors in groups of N, each of one shape, all of one kind.
fn groups<const N: usize>(op: &str, tensors: &[Tensor]) -> Result<Vec<[Tensor; N]>> {
    let Some((first, true)) = tensors.first().map(|first| (first, tensors.len().is_multiple_of(N))) else {
        let message = format!("got {} tensors, expected a positive multiple of {N}.", tensors.len());
        return Err(Error::argument(op, message));
    };
    let mut items = Vec::with_capacity(tensors.len() / N);
    for item in tensors.chunks_exact(N) {
        for t in item {
            same_kind(op, first, t)?;
            if t.shape() != item[0].shape() {
                let shapes: Vec<_> = item.iter().map(Tensor::shape).collect();
                let message = format!("tensors of the shapes {shapes:?} belong together, expected one shape for all.");
                return Err(Error::shape(op, message));
            }
        }
        items.push(std::array::from_fn(|i| item[i].detach()));
    }
    Ok(items)
}

/// The results of a kernel for a group of tensors on the CPU.
fn on_list<T: CpuElement, const N: usize, const M: usize>(
    item: &[Tensor; N],
    kernel: impl FnOnce([&[T]; N]) -> [Vec<T>; M],
) -> Result<[Value; M]> {
    let mut values = Vec::with_capacity(N);
    for t in item {
        values.push(t.values::<T>()?);
    }
    let lists: [&[T]; N] = std::array::from_fn(|i| &*values[i]);
    Ok(kernel(lists).map(|data| from_vec(data, item[0].shape())))
}

/// The results of each group, of its shape.
fn of_shapes<const N: usize, const M: usize>(items: &[[Tensor; N]], results: Vec<[Value; M]>) -> Vec<Constant> {
    let one = |(item, list): (&[Tensor; N], [Value; M])| {
        list.map(|value| Constant::new(value, item[0].shape(), item[0].device()))
    };
    items.iter().zip(results).flat_map(one).collect()
}

fn absent(op: &str) -> Error {
    Error::internal(format!("{op}: a tensor on a GPU has no values there."))
}

/// The numbers of a step for the kernels.
fn numbers(a: Adam, factor: f64) -> adam::Step {
    let (c1, c2) = (1.0 - a.beta1.powf(a.step as f64), 1.0 - a.beta2.powf(a.step as f64));
    adam::Step {
        factor,
        decay: if a.decoupled { 0.0 } else { a.decay },
        shrink: if a.decoupled { 1.0 - a.rate * a.decay } else { 1.0 },
        beta1: a.beta1,
        beta2: a.beta2,
        rate: a.rate / c1,
        root: 1.0 / c2.sqrt(),
        epsilon: a.epsilon,
    }
}
