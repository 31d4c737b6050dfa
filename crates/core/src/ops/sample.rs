//! Sampling an image at given positions.

use super::compare::{between, clamp};
use super::elementwise::{add, add_scalar, mul, mul_scalar, sub};
use super::index::{gather_integers, integers_unchecked, Int};
use super::shape::{reshape, slice};
use super::unary::{abs, floor, neg, round};
use super::{check_rank, composed_gradients, same_kind};
use crate::error::{Error, Result};
use crate::gpu::sample as gpu;
use crate::kernel::sample::{by_grid, by_image, forward, Rule, SampleShape};
use crate::sampling::{Interpolation, Outside, CUBIC};
use crate::storage::{from_vec, on_cpu, Value};
use crate::tape::{self, Context};
use crate::tensor::Tensor;
use adjoint_backend::{Dispatch, Scalar, Shape};

/// Image, output size and rules of one call.
struct Sampler {
    flat: Tensor,
    size: [usize; 2],
    out: [usize; 2],
    outside: Outside,
    align: bool,
}

impl Sampler {
    /// Reflects coordinates into the image: at the centres of the outer pixels, or without `align` at their outer
    /// edges.
    fn reflect(&self, x: &Tensor, n: usize) -> Result<Tensor> {
        let (low, span) = if self.align { (0.0, n as f64 - 1.0) } else { (-0.5, n as f64) };
        if span <= 0.0 {
            return mul_scalar(x, 0.0);
        }
        let shifted = abs(&add_scalar(x, -low)?)?;
        let period = floor(&mul_scalar(&shifted.detach(), 0.5 / span)?)?;
        let within = sub(&shifted, &mul_scalar(&period, 2.0 * span)?)?;
        // span - |within - span| is within on the way up, 2 span - within on the way down.
        add_scalar(&neg(&abs(&add_scalar(&within, -span)?)?)?, span + low)
    }

    fn fold(&self, x: &Tensor, axis: usize) -> Result<Tensor> {
        let n = self.size[axis];
        match self.outside {
            Outside::Zeros => Ok(x.clone()),
            Outside::Border => clamp(x, 0.0, n as f64 - 1.0),
            Outside::Reflection => clamp(&self.reflect(x, n)?, 0.0, n as f64 - 1.0),
        }
    }

    /// Values at integer positions (off the tape), zero outside.
    fn at(&self, row: &Tensor, column: &Tensor) -> Result<Tensor> {
        let (row, column) = (self.fold(&row.detach(), 0)?, self.fold(&column.detach(), 1)?);
        let top = [self.size[0] as f64 - 1.0, self.size[1] as f64 - 1.0];
        let inside = mul(&between(&row, 0.0, top[0])?, &between(&column, 0.0, top[1])?)?;
        // In integers: float32 cannot number the pixels of an image of more than 2^24.
        let whole = |t: &Tensor, axis: usize| -> Result<Int> { integers_unchecked(&clamp(t, 0.0, top[axis])?) };
        let index = Dispatch::int_add(
            Dispatch::int_mul_scalar(whole(&row, 0)?, Scalar::Int(self.size[1] as i64)),
            whole(&column, 1)?,
        );
        let (b, c, n) = (self.flat.shape()[0], self.flat.shape()[1], self.out[0] * self.out[1]);
        let index =
            Dispatch::int_expand(Dispatch::int_reshape(index, Shape::from(vec![b, 1, n])), Shape::from(vec![b, c, n]));
        let values = gather_integers(&self.flat, index, vec![b, c, n], 2)?;
        let values = reshape(&values, &[b, c, self.out[0], self.out[1]])?;
        mul(&values, &inside)
    }

    fn weighted(&self, rows: &[(Tensor, Tensor)], columns: &[(Tensor, Tensor)]) -> Result<Tensor> {
        let mut sum: Option<Tensor> = None;
        for (row, wr) in rows {
            for (column, wc) in columns {
                let term = mul(&self.at(row, column)?, &mul(wr, wc)?)?;
                sum = Some(match sum {
                    Some(s) => add(&s, &term)?,
                    None => term,
                });
            }
        }
        sum.ok_or_else(|| Error::internal("gridSample: no taps."))
    }
}

fn linear_taps(x: &Tensor) -> Result<Vec<(Tensor, Tensor)>> {
    let base = floor(&x.detach())?;
    let t = sub(x, &base)?;
    Ok(vec![(base.clone(), add_scalar(&neg(&t)?, 1.0)?), (add_scalar(&base, 1.0)?, t)])
}

fn cubic_taps(x: &Tensor) -> Result<Vec<(Tensor, Tensor)>> {
    let base = floor(&x.detach())?;
    let t = sub(x, &base)?;
    let a = CUBIC;
    // Horner form of the two polynomials of the kernel.
    let near = |d: &Tensor| -> Result<Tensor> {
        add_scalar(&mul(&mul(&add_scalar(&mul_scalar(d, a + 2.0)?, -(a + 3.0))?, d)?, d)?, 1.0)
    };
    let far = |d: &Tensor| -> Result<Tensor> {
        let inner = add_scalar(&mul(&add_scalar(&mul_scalar(d, a)?, -5.0 * a)?, d)?, 8.0 * a)?;
        add_scalar(&mul(&inner, d)?, -4.0 * a)
    };
    let rest = add_scalar(&neg(&t)?, 1.0)?;
    let weights = [far(&add_scalar(&t, 1.0)?)?, near(&t)?, near(&rest)?, far(&add_scalar(&rest, 1.0)?)?];
    weights.into_iter().enumerate().map(|(k, w)| Ok((add_scalar(&base, k as f64 - 1.0)?, w))).collect()
}

/// out[b, c, i, j] = x[b, c] at grid[b, i, j] = (x, y) in [-1, 1], with PyTorch's conventions. Differentiable in both.
pub fn grid_sample(x: &Tensor, grid: &Tensor, mode: Interpolation, outside: Outside, align: bool) -> Result<Tensor> {
    let op = "gridSample";
    check_rank(op, "input", x, 4)?;
    check_rank(op, "grid", grid, 4)?;
    same_kind(op, x, grid)?;
    let (s, g) = (x.shape().to_vec(), grid.shape().to_vec());
    if g[0] != s[0] || g[3] != 2 || s.contains(&0) {
        return Err(Error::shape(
            op,
            format!(
                "grid has shape {g:?}, expected [{}, h, w, 2] for input of shape {s:?}, which must not be empty.",
                s[0]
            ),
        ));
    }
    let rule = Rule { mode, outside, align };
    let sizes = SampleShape { batch: s[0], channels: s[1], height: s[2], width: s[3], out: [g[1], g[2]] };
    let shape = vec![s[0], s[1], g[1], g[2]];
    if g[1] * g[2] == 0 {
        return by_operators(x, grid, rule);
    }
    let value = on_cpu!(
        x,
        T => from_vec(forward(&x.values::<T>()?, &grid.rows()?, &sizes, &rule), &shape),
        else match gpu::forward(&x.value(), &grid.value(), &sizes, &rule) {
            Some(value) => value,
            None => return by_operators(x, grid, rule),
        }
    );
    let vjp = Box::new(move |c: &Context| {
        // The nearest pixel of the kernel, which operators would round otherwise, is the one of its gradient.
        let fixed = c.inputs[1].0.node.is_none() || rule.mode == Interpolation::Nearest;
        if tape::is_enabled() && fixed {
            return Ok(vec![Some(scatter(c.grad, &c.inputs[1], sizes, rule)?), None]);
        }
        if tape::is_enabled() {
            return composed_gradients(c, |x| by_operators(&x[0], &x[1], rule));
        }
        let (x, grid) = (&c.inputs[0], &c.inputs[1]);
        let dx =
            if c.needs(0) { Some(c.gradient(image_gradient(c.grad, grid, &sizes, &rule)?, x.shape())?) } else { None };
        let dgrid = if c.needs(1) && rule.mode != Interpolation::Nearest {
            Some(c.gradient(grid_gradient(x, c.grad, grid, &sizes, &rule)?, grid.shape())?)
        } else {
            None
        };
        Ok(vec![dx, dgrid])
    });
    Ok(Tensor::result(value, shape, &[x, grid], vjp))
}

fn too_large() -> Error {
    Error::argument("gridSample", "tensors on a GPU have fewer than 2^31 elements here, and more came.")
}

/// The gradient in the image, by a kernel.
fn image_gradient(g: &Tensor, grid: &Tensor, sizes: &SampleShape, rule: &Rule) -> Result<Value> {
    let shape = [sizes.batch, sizes.channels, sizes.height, sizes.width];
    Ok(on_cpu!(
        g,
        T => from_vec(by_image(&g.values::<T>()?, &grid.rows()?, sizes, rule), &shape),
        else gpu::by_image(&g.value(), &grid.value(), sizes, rule).ok_or_else(too_large)?
    ))
}

/// The gradient in the grid, by a kernel.
fn grid_gradient(x: &Tensor, g: &Tensor, grid: &Tensor, sizes: &SampleShape, rule: &Rule) -> Result<Value> {
    Ok(on_cpu!(
        x,
        T => {
            let data = by_grid(&x.values::<T>()?, &g.values::<T>()?, &grid.rows()?, sizes, rule);
            from_vec(data, grid.shape())
        },
        else gpu::by_grid(&x.value(), &g.value(), &grid.value(), sizes, rule).ok_or_else(too_large)?
    ))
}

/// The transpose of `grid_sample`, for a grid off the tape: linear in g.
fn scatter(g: &Tensor, grid: &Tensor, sizes: SampleShape, rule: Rule) -> Result<Tensor> {
    let shape = vec![sizes.batch, sizes.channels, sizes.height, sizes.width];
    let value = image_gradient(g, grid, &sizes, &rule)?;
    let (grid, Rule { mode, outside, align }) = (grid.detach(), rule);
    Ok(Tensor::result(
        value,
        shape,
        &[g],
        Box::new(move |c| Ok(vec![Some(grid_sample(c.grad, &grid, mode, outside, align)?)])),
    ))
}

/// `grid_sample` by tensor operators: any device, derivatives of any order.
fn by_operators(x: &Tensor, grid: &Tensor, Rule { mode, outside, align }: Rule) -> Result<Tensor> {
    let (s, g) = (x.shape().to_vec(), grid.shape().to_vec());
    let out = [g[1], g[2]];
    let coordinate = |k: usize, n: usize| -> Result<Tensor> {
        let part = slice(grid, &[0, 0, 0, k], &[g[0], g[1], g[2], k + 1], &[1; 4])?;
        let part = reshape(&part, &[g[0], 1, g[1], g[2]])?;
        let scale = if align { (n as f64 - 1.0) / 2.0 } else { n as f64 / 2.0 };
        add_scalar(&mul_scalar(&part, scale)?, (n as f64 - 1.0) / 2.0)
    };
    let (row, column) = (coordinate(1, s[2])?, coordinate(0, s[3])?);
    let sampler = Sampler { flat: reshape(x, &[s[0], s[1], s[2] * s[3]])?, size: [s[2], s[3]], out, outside, align };
    match mode {
        Interpolation::Nearest => {
            sampler.at(&round(&sampler.fold(&row, 0)?.detach())?, &round(&sampler.fold(&column, 1)?.detach())?)
        }
        Interpolation::Bilinear => {
            sampler.weighted(&linear_taps(&sampler.fold(&row, 0)?)?, &linear_taps(&sampler.fold(&column, 1)?)?)
        }
        Interpolation::Bicubic => sampler.weighted(&cubic_taps(&row)?, &cubic_taps(&column)?),
    }
}
