//! The scale of a loss in mixed precision, which keeps small gradients above the smallest float16 (Micikevicius et al.,
//! "Mixed precision training", 2018, arXiv:1710.03740).

/// The scale, and the finite steps since it changed.
#[derive(Clone, Copy)]
pub(crate) struct LossScale {
    pub scale: f64,
    pub steps: f64,
}

impl LossScale {
    /// Finite steps after which the scale is doubled.
    pub const GROWTH: f64 = 2000.0;
    /// The largest scale.
    pub const LARGEST: f64 = 16_777_216.0;

    /// The factor for gradients whose scaled norm is known, and the next scale: gradients are divided by the scale and
    /// clipped to a norm of `limit`. A norm that is not finite gives -1 and half the scale, at least 1. With a scale of
    /// 1 it is not the scale's fault, and the gradients are used, so that the training fails.
    pub fn step(self, norm: f64, limit: f64) -> (f64, Self) {
        if !norm.is_finite() && self.scale > 1.0 {
            return (-1.0, Self { scale: (0.5 * self.scale).max(1.0), steps: 0.0 });
        }
        let factor = (limit / (norm / self.scale + 1e-6)).min(1.0) / self.scale;
        let steps = self.steps + 1.0;
        if steps >= Self::GROWTH {
            return (factor, Self { scale: (2.0 * self.scale).min(Self::LARGEST), steps: 0.0 });
        }
        (factor, Self { steps, ..self })
    }
}
