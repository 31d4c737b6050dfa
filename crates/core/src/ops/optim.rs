//! Steps of optimisers in one pass over a parameter, off the tape.

use crate::error::{Error, Result};
use crate::kernel::adam::{self, Step};
use crate::storage::{from_vec, on_cpu};
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

/// One step of Adam (Kingma, Ba 2015, arXiv:1412.6980); returns the parameter, first and second moment.
pub fn adam_step(p: &Tensor, g: &Tensor, m: &Tensor, v: &Tensor, a: Adam) -> Result<[Constant; 3]> {
    for t in [g, m, v] {
        super::same_kind("adamStep", p, t)?;
        if t.shape() != p.shape() {
            return Err(Error::shape(
                "adamStep",
                format!(
                    "parameter {:?}, gradient {:?} and moments {:?} and {:?} came, expected one shape for all.",
                    p.shape(),
                    g.shape(),
                    m.shape(),
                    v.shape()
                ),
            ));
        }
    }
    if a.step < 1 {
        return Err(Error::argument("adamStep", "steps count from 1, expected at least 1."));
    }
    let [p, g, m, v] = [p.detach(), g.detach(), m.detach(), v.detach()];
    on_cpu!(p, T => {
        let [values, g, m, v] = [p.values::<T>()?, g.values()?, m.values()?, v.values()?];
        let out = adam::step(&numbers(a), [&*values, &*g, &*m, &*v]);
        Ok(out.map(|data| Constant::new(from_vec(data, p.shape()), p.shape(), p.device())))
    }, else gpu_step(&p, &g, &m, &v, a))
}

#[cfg(feature = "gpu")]
fn gpu_step(p: &Tensor, g: &Tensor, m: &Tensor, v: &Tensor, a: Adam) -> Result<[Constant; 3]> {
    let values = [p.value(), g.value(), m.value(), v.value()];
    let out = crate::gpu::adam::step(&numbers(a), values.each_ref(), p.shape());
    let out = out.ok_or_else(|| Error::internal("adamStep: a tensor on a GPU has no values there."))?;
    Ok(out.map(|value| Constant::new(value, p.shape(), p.device())))
}

#[cfg(not(feature = "gpu"))]
fn gpu_step(p: &Tensor, _: &Tensor, _: &Tensor, _: &Tensor, _: Adam) -> Result<[Constant; 3]> {
    Err(Error::device("device_unavailable", format!("{}: this build supports the cpu only.", p.device())))
}

/// The numbers of a step for the kernels.
fn numbers(a: Adam) -> Step {
    let (c1, c2) = (1.0 - a.beta1.powf(a.step as f64), 1.0 - a.beta2.powf(a.step as f64));
    Step {
        decay: if a.decoupled { 0.0 } else { a.decay },
        shrink: if a.decoupled { 1.0 - a.rate * a.decay } else { 1.0 },
        beta1: a.beta1,
        beta2: a.beta2,
        rate: a.rate / c1,
        root: 1.0 / c2.sqrt(),
        epsilon: a.epsilon,
    }
}
