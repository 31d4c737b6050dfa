//! Functions of each element of up to three tensors of any strides, broadcast to a shape, in one launch.

use super::{empty, operand, tensor, units, value};
use crate::kernel::formula::Formula;
use crate::storage::{physical, Value};
use adjoint_backend::gpu::CubeTensor;
use adjoint_backend::Dispatch;
use cubecl::prelude::*;
use std::f32::consts::FRAC_2_SQRT_PI;

/// Axes that the kernel knows; neighbouring ones that all operands step through alike are one.
const AXES: usize = 4;

/// The size of an axis, and how far apart its elements are in each operand.
#[derive(CubeType, CubeLaunch)]
struct Axis {
    size: u32,
    a: u32,
    b: u32,
    c: u32,
}

/// Positions in the operands.
#[derive(CubeType)]
struct Position {
    rest: u32,
    a: u32,
    b: u32,
    c: u32,
}

#[cube]
fn step(at: &mut Position, axis: &Axis) {
    let coordinate = at.rest % axis.size;
    at.rest /= axis.size;
    at.a += coordinate * axis.a;
    at.b += coordinate * axis.b;
    at.c += coordinate * axis.c;
}

#[cube]
fn truth(is: bool) -> f32 {
    select(is, 1.0f32, 0.0f32)
}

/// No overflow, and small results keep their digits; NaN stays.
#[cube]
fn sigmoid(x: f32) -> f32 {
    let size = x.abs();
    ((x - size) * 0.5f32).exp() / (1.0f32 + (-size).exp())
}

/// The distribution function of the standard normal.
#[cube]
fn normal(x: f32) -> f32 {
    0.5f32 + 0.5f32 * Erf::erf(x * 0.707_106_77f32)
}

/// x, but -`bound` below that, so that no infinite number is multiplied by zero.
#[cube]
fn from(x: f32, #[comptime] bound: f32) -> f32 {
    let least = f32::new(-bound);
    select(x < least, least, x)
}

/// x^e; products for small e, since devices may have no powers of negative numbers.
#[cube]
fn power(x: f32, e: f32) -> f32 {
    let product = select(e == 1.0f32, x, select(e == 2.0f32, x * x, x * x * x));
    select(e == 1.0f32 || e == 2.0f32 || e == 3.0f32, product, x.powf(e))
}

#[cube]
fn formula(a: f32, b: f32, c: f32, p: f32, q: f32, #[comptime] f: Formula) -> f32 {
    match comptime!(f) {
        Formula::Equal => truth(a == b),
        Formula::NotEqual => truth(a != b),
        Formula::Greater => truth(a > b),
        Formula::GreaterEqual => truth(a >= b),
        Formula::Lower => truth(a < b),
        Formula::LowerEqual => truth(a <= b),
        Formula::Where => select(a != 0.0f32, b, c),
        Formula::Only => select(a != 0.0f32, b, 0.0f32),
        Formula::Unless => select(a != 0.0f32, 0.0f32, b),
        Formula::Maximum => select(a >= b || a.is_nan(), a, b),
        Formula::Minimum => select(a <= b || a.is_nan(), a, b),
        Formula::MaximumGradient => a * select(b == c, 0.5f32, truth(b > c)),
        Formula::MinimumGradient => a * select(b == c, 0.5f32, truth(b < c)),
        Formula::Clamp => select(a < p, p, select(a > q, q, a)),
        Formula::ClampGradient => a * truth(b >= p && b <= q),
        Formula::Rectify => select(b <= 0.0f32, 0.0f32, a),
        Formula::Gate => select(b <= 0.0f32, p * a, a),
        Formula::Sigmoid => sigmoid(a),
        Formula::SigmoidGradient => a * b * (1.0f32 - b),
        Formula::TanhGradient => a * (1.0f32 - b * b),
        Formula::Softplus => select(a < 0.0f32, 0.0f32, a) + (-a.abs()).exp().log1p(),
        Formula::SoftplusGradient => a * sigmoid(b),
        Formula::Silu => {
            let x = from(a, 200.0f32);
            x * sigmoid(x)
        }
        Formula::SiluGradient => {
            let x = from(b, 200.0f32);
            let s = sigmoid(x);
            let rest = sigmoid(-x);
            a * s * (1.0f32 + select(rest > 0.0f32, x, 0.0f32) * rest)
        }
        Formula::Gelu => {
            let x = from(a, 15.0f32);
            x * normal(x)
        }
        Formula::GeluGradient => {
            let x = from(b, 15.0f32);
            let x = select(x > 15.0f32, 15.0f32, x);
            a * (normal(x) + x * 0.398_942_3f32 * (x * x * -0.5f32).exp())
        }
        Formula::Elu => select(a > 0.0f32, a, p * (select(a > 0.0f32, 0.0f32, a).exp() - 1.0f32)),
        Formula::EluGradient => select(b > 0.0f32, a, a * p * select(b > 0.0f32, 0.0f32, b).exp()),
        Formula::ErfGradient => a * FRAC_2_SQRT_PI * (-(b * b)).exp(),
        Formula::AbsGradient => a * (truth(b > 0.0f32) - truth(b < 0.0f32)),
        Formula::SinGradient => a * b.cos(),
        Formula::CosGradient => -(a * b.sin()),
        Formula::Log1pGradient => a / (1.0f32 + b),
        Formula::SqrtGradient => 0.5f32 * a / b,
        Formula::ReciprocalGradient => -(a * (b * b)),
        Formula::SquareGradient => 2.0f32 * a * b,
        Formula::QuotientGradient => -((a / c) * (b / c)),
        Formula::PowerGradient => select(c == 0.0f32, 0.0f32, a * (c * power(b, c - 1.0f32))),
        Formula::ExponentGradient => {
            let base = select(b == 0.0f32, 1.0f32, b);
            a * (base.powf(c) * base.ln())
        }
        Formula::ExtremeGradient => a * truth(b == c),
    }
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn pointwise_kernel(
    a: &[f32],
    b: ComptimeOption<&[f32]>,
    c: ComptimeOption<&[f32]>,
    y: &mut [f32],
    axis0: Axis,
    axis1: Axis,
    axis2: Axis,
    axis3: Axis,
    p: f32,
    q: f32,
    #[comptime] axes: u32,
    #[comptime] f: Formula,
) {
    let i = ABSOLUTE_POS;
    if i >= y.len() {
        terminate!();
    }
    let mut at = Position { rest: i as u32, a: 0u32, b: 0u32, c: 0u32 };
    if comptime!(axes > 3) {
        step(&mut at, &axis3);
    }
    if comptime!(axes > 2) {
        step(&mut at, &axis2);
    }
    if comptime!(axes > 1) {
        step(&mut at, &axis1);
    }
    // What is left is below the size of the first axis.
    let at_a = at.a + at.rest * axis0.a;
    #[comptime]
    let second = match b {
        ComptimeOption::Some(b) => b[(at.b + at.rest * axis0.b) as usize],
        ComptimeOption::None => p,
    };
    #[comptime]
    let third = match c {
        ComptimeOption::Some(c) => c[(at.c + at.rest * axis0.c) as usize],
        ComptimeOption::None => q,
    };
    y[i] = formula(a[at_a as usize], second, third, p, q, f);
}

/// One axis of the result, with the strides of the operands.
type Steps = (usize, [usize; 3]);

/// The axes of a shape, as few as possible.
fn axes(operands: &[CubeTensor], shape: &[usize]) -> Vec<Steps> {
    let mut merged: Vec<Steps> = Vec::new();
    for (i, &size) in shape.iter().enumerate() {
        let mut strides = [0; 3];
        for (stride, t) in strides.iter_mut().zip(operands) {
            let missing = shape.len().saturating_sub(t.meta.shape().len());
            if i >= missing && t.meta.shape()[i - missing] != 1 {
                *stride = t.meta.strides()[i - missing];
            }
        }
        if size == 1 {
            continue;
        }
        match merged.last_mut() {
            Some((count, outer)) if (0..3).all(|k| outer[k] == strides[k] * size) => {
                (*count, *outer) = (*count * size, strides);
            }
            _ => merged.push((size, strides)),
        }
    }
    merged
}

/// The formula of tensors, broadcast to a shape; `None` on the cpu, and where positions need more than 32 bits.
pub(crate) fn apply(f: Formula, operands: &[&Value], [p, q]: [f64; 2], shape: &[usize]) -> Option<Value> {
    let count: usize = shape.iter().product();
    let mut tensors = operands.iter().map(|t| tensor(t)).collect::<Option<Vec<_>>>()?;
    if count >= 1 << 31 {
        return None;
    }
    let first = tensors.first()?.clone();
    let y = empty(&first, shape);
    if count == 0 {
        return Some(value(y));
    }
    let mut steps = axes(&tensors, shape);
    if steps.len() > AXES {
        let copied =
            operands.iter().map(|&t| operand(&Dispatch::float_expand(with_axes(t, shape.len()), physical(shape))));
        tensors = copied.collect::<Option<Vec<_>>>()?;
        steps = axes(&tensors, shape);
    }
    let rank = steps.len().max(1);
    steps.resize(AXES, (1, [0; 3]));
    let axis = |(size, [a, b, c]): Steps| AxisLaunch::new(size as u32, a as u32, b as u32, c as u32);
    let [axis0, axis1, axis2, axis3] = [0, 1, 2, 3].map(|i| axis(steps[i]));
    let (cubes, dim) = units(&first, count);
    let mut buffers = tensors.into_iter().map(CubeTensor::into_buffer_arg);
    // SAFETY: the kernel compares its index with the length of the result, to whose shape the operands are broadcast.
    unsafe {
        pointwise_kernel::launch_unchecked(
            &first.client,
            cubes,
            dim,
            buffers.next()?,
            buffers.next().into(),
            buffers.next().into(),
            y.clone().into_buffer_arg(),
            axis0,
            axis1,
            axis2,
            axis3,
            p as f32,
            q as f32,
            rank as u32,
            f,
        );
    }
    Some(value(y))
}

/// With leading axes of size one.
fn with_axes(t: &Value, rank: usize) -> Value {
    let mut shape: Vec<usize> = tensor(t).map_or_else(Vec::new, |t| t.meta.shape().to_vec());
    if shape.len() >= rank {
        return t.clone();
    }
    shape.splice(0..0, vec![1; rank - shape.len()]);
    Dispatch::float_reshape(t.clone(), physical(&shape))
}
