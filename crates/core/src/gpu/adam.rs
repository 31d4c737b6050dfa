//! Steps of Adam, many parameters a launch.

use super::group::UNITS;
use super::lists::{arrays, at_once, begin, ends, Arrays, Share};
use super::{empty, operand, value};
use crate::kernel::adam::Step;
use crate::storage::Value;
use cubecl::prelude::*;

/// The formula of `Step`, in float32; `factor` has one number or is an empty list.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn adam_kernel(
    p: &Arrays,
    g: &Arrays,
    m: &Arrays,
    v: &Arrays,
    new_p: &mut Arrays,
    new_m: &mut Arrays,
    new_v: &mut Arrays,
    factor: &Arrays,
    ends: &Sequence<u32>,
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
    let group = CUBE_POS as u32;
    #[unroll]
    for k in 0..p.len() {
        let first = begin(ends, k);
        let i = ((group - first) * UNITS + UNIT_POS) as usize;
        let (p, g, m, v) = (p.index(k), g.index(k), m.index(k), v.index(k));
        if group >= first && group < *ends.index(k) && i < p.len() {
            let mut d = g[i];
            let mut left_out = false;
            #[unroll]
            for one in 0..factor.len() {
                let factor = factor.index(one)[0];
                d *= factor;
                left_out = factor < 0.0;
            }
            d += decay * p[i];
            let first = beta1 * m[i] + rest1 * d;
            let second = beta2 * v[i] + rest2 * d * d;
            let next = shrink * p[i] - rate * first / (second.sqrt() * root + epsilon);
            new_m.index_mut(k)[i] = select(left_out, m[i], first);
            new_v.index_mut(k)[i] = select(left_out, v[i], second);
            new_p.index_mut(k)[i] = select(left_out, p[i], next);
        }
    }
}

/// Parameter, first and second moment of each parameter after a step, from parameter, gradient and moments of one
/// shape; gradients are multiplied by `factor`, which has one element; if it is negative nothing changes. `None` on the
/// cpu.
pub(crate) fn step(s: &Step, factor: Option<&Value>, from: &[[Value; 4]]) -> Option<Vec<[Value; 3]>> {
    let factor = match factor {
        Some(factor) => Some(operand(factor)?),
        None => None,
    };
    let mut items = Vec::with_capacity(from.len());
    for [p, g, m, v] in from {
        let [p, g, m, v] = [operand(p)?, operand(g)?, operand(m)?, operand(v)?];
        let out = [(); 3].map(|()| empty(&p, &p.meta.shape()[..]));
        items.push(([p, g, m, v], out));
    }
    let used: Vec<_> = items.iter().filter(|(from, _)| from[0].meta.num_elements() > 0).collect();
    if let Some(([p, ..], _)) = used.first() {
        for items in used.chunks(at_once(p, 7, 1)) {
            let (ends, groups, group) = ends(items.iter().map(|(from, _)| &from[0]), Share::Unit)?;
            let [old_p, g, old_m, old_v] = [0, 1, 2, 3].map(|i| arrays(items.iter().map(|(from, _)| &from[i])));
            let [new_p, new_m, new_v] = [0, 1, 2].map(|i| arrays(items.iter().map(|(_, to)| &to[i])));
            // SAFETY: the kernel compares its index with the length of the parameter, whose shape the others have.
            unsafe {
                adam_kernel::launch_unchecked(
                    &p.client,
                    groups,
                    group,
                    old_p,
                    g,
                    old_m,
                    old_v,
                    new_p,
                    new_m,
                    new_v,
                    arrays(factor.iter()),
                    ends.into_iter().collect(),
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
        }
    }
    Some(items.into_iter().map(|(_, to)| to.map(value)).collect())
}
