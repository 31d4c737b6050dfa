//! One step of Adam in one launch for a parameter.

use super::{empty, operand, units, value};
use crate::kernel::adam::Step;
use crate::storage::Value;
use cubecl::prelude::*;

/// The formula of `Step`, in float32.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn adam_kernel(
    p: &[f32],
    g: &[f32],
    m: &[f32],
    v: &[f32],
    new_p: &mut [f32],
    new_m: &mut [f32],
    new_v: &mut [f32],
    decay: f32,
    shrink: f32,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    rate: f32,
    root: f32,
    epsilon: f32,
) {
    let i = ABSOLUTE_POS;
    if i < new_p.len() {
        let d = g[i] + decay * p[i];
        let first = beta1 * m[i] + rest1 * d;
        let second = beta2 * v[i] + rest2 * d * d;
        new_m[i] = first;
        new_v[i] = second;
        new_p[i] = shrink * p[i] - rate * first / (second.sqrt() * root + epsilon);
    }
}

/// Parameter, first and second moment after a step, from parameter, gradient and moments of one shape; `None` on the
/// cpu.
pub(crate) fn step(s: &Step, [p, g, m, v]: [&Value; 4], shape: &[usize]) -> Option<[Value; 3]> {
    let [p, g, m, v] = [operand(p)?, operand(g)?, operand(m)?, operand(v)?];
    let out = [(); 3].map(|()| empty(&p, shape));
    let (client, count) = (p.client.clone(), shape.iter().product());
    if count > 0 {
        let (groups, group) = units(&p, count);
        let [to_p, to_m, to_v] = out.each_ref().map(|t| t.clone().into_buffer_arg());
        adam_kernel::launch(
            &client,
            groups,
            group,
            p.into_buffer_arg(),
            g.into_buffer_arg(),
            m.into_buffer_arg(),
            v.into_buffer_arg(),
            to_p,
            to_m,
            to_v,
            s.decay as f32,
            s.shrink as f32,
            s.beta1 as f32,
            (1.0 - s.beta1) as f32,
            s.beta2 as f32,
            (1.0 - s.beta2) as f32,
            s.rate as f32,
            s.root as f32,
            s.epsilon as f32,
        );
    }
    Some(out.map(value))
}
