//! Pooling over windows.

use super::elementwise::{add, div, div_scalar};
use super::index::scatter_integers;
use super::shape::{pad, reshape, slice, PadMode};
use super::{check_rank, reduce, too_large};
use crate::allocation::{check, product};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::gpu::pool as gpu;
use crate::kernel::conv::shape::{ConvShape, Geometry};
use crate::kernel::pool;
use crate::storage::from_vec;
use crate::tape::Context;
use crate::tensor::{check_size, Tensor};
use adjoint_backend::Dispatch;

/// Window, stride, padding and dilation of a pooling operator.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Size of the window.
    pub kernel: [usize; 2],
    /// Distance between windows.
    pub stride: [usize; 2],
    /// Width of the padding on both sides.
    pub padding: [usize; 2],
    /// Distance of the window's taps.
    pub dilation: [usize; 2],
}

impl Window {
    /// Numbers of windows of at least half a kernel inside.
    fn output(&self, op: &str, x: &Tensor) -> Result<[usize; 2]> {
        check_rank(op, "input", x, 4)?;
        if (0..2).any(|i| 2 * self.padding[i].min(super::LARGEST) > self.kernel[i]) {
            return Err(Error::argument(
                op,
                format!("padding is {:?}, expected at most half of the kernel {:?}.", self.padding, self.kernel),
            ));
        }
        self.count(op, x)
    }

    /// Numbers of windows.
    fn count(&self, op: &str, x: &Tensor) -> Result<[usize; 2]> {
        check_rank(op, "input", x, 4)?;
        if self.kernel.contains(&0) || self.stride.contains(&0) || self.dilation.contains(&0) {
            return Err(Error::argument(op, "kernel, stride and dilation must be at least 1."));
        }
        if [self.kernel, self.stride, self.padding, self.dilation].iter().flatten().any(|&v| v > super::LARGEST) {
            return Err(Error::argument(
                op,
                format!("kernel, stride, padding and dilation must be at most {}.", super::LARGEST),
            ));
        }
        if x.shape()[2..].contains(&0) {
            return Err(Error::shape(op, format!("input has shape {:?}, expected at least one pixel.", x.shape())));
        }
        let mut out = [0; 2];
        for (i, size) in out.iter_mut().enumerate() {
            let span = self.dilation[i] * (self.kernel[i] - 1) + 1;
            let padded = x.shape()[2 + i] + 2 * self.padding[i];
            if padded < span {
                return Err(Error::shape(
                    op,
                    format!(
                        "a window of {:?} does not fit input of shape {:?}; pad the input or use a smaller kernel.",
                        self.kernel,
                        x.shape()
                    ),
                ));
            }
            *size = (padded - span) / self.stride[i] + 1;
        }
        Ok(out)
    }

    /// The same as the shape of a convolution of each channel.
    fn shape(&self, s: &[usize], out: [usize; 2]) -> ConvShape {
        let Self { kernel, stride, padding, dilation } = *self;
        ConvShape::new(
            s,
            &[s[0], s[1], out[0], out[1]],
            kernel,
            Geometry { stride, padding, dilation, groups: s[1], mixed: false },
        )
    }

    /// With dilation a window may lie entirely in the padding: then it has no largest element.
    fn check_not_empty(&self, op: &str, x: &Tensor, out: [usize; 2]) -> Result<()> {
        for (i, &count) in out.iter().enumerate() {
            let inside = |p: usize, u: usize| {
                (self.padding[i]..self.padding[i] + x.shape()[2 + i])
                    .contains(&(p * self.stride[i] + u * self.dilation[i]))
            };
            if self.dilation[i] > 1 && !(0..count).all(|p| (0..self.kernel[i]).any(|u| inside(p, u))) {
                return Err(Error::argument(
                    op,
                    format!(
                        "a window lies entirely in the padding (dilation {:?}, padding {:?}); use less padding.",
                        self.dilation, self.padding
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The elements under each tap of the window: a strided slice of the padded input.
    pub(crate) fn taps(&self, op: &str, x: &Tensor) -> Result<Vec<Tensor>> {
        let out = self.output(op, x)?;
        let s = x.shape();
        let [rows, columns] = self.kernel;
        check(op, product(&[rows, columns, s[0].max(1), s[1].max(1), out[0], out[1], x.dtype().size()]))?;
        let [ph, pw] = self.padding;
        let padded = pad(x, &[0, 0, 0, 0, ph, ph, pw, pw], PadMode::Constant, 0.0)?;
        let mut taps = Vec::with_capacity(self.kernel[0] * self.kernel[1]);
        for u in 0..self.kernel[0] {
            for v in 0..self.kernel[1] {
                let (a, b) = (u * self.dilation[0], v * self.dilation[1]);
                let ends = [s[0], s[1], a + (out[0] - 1) * self.stride[0] + 1, b + (out[1] - 1) * self.stride[1] + 1];
                taps.push(slice(&padded, &[0, 0, a, b], &ends, &[1, 1, self.stride[0], self.stride[1]])?);
            }
        }
        Ok(taps)
    }
}

/// Largest element of each window.
pub fn max_pool2d(x: &Tensor, w: Window) -> Result<Tensor> {
    let [oh, ow] = w.output("maxPool2d", x)?;
    w.check_not_empty("maxPool2d", x, [oh, ow])?;
    let s = x.shape().to_vec();
    let windows = w.shape(&s, [oh, ow]);
    if let Some(values) = x.floats() {
        let value = from_vec(pool::pick(&windows, &values, None), &[s[0], s[1], oh, ow]);
        return Ok(Tensor::result(
            value,
            vec![s[0], s[1], oh, ow],
            &[x],
            Box::new(move |c| Ok(vec![Some(scatter(&c.inputs[0].detach(), c.grad, windows)?)])),
        ));
    }
    if x.size() == 0 {
        // No images.
        return reshape(x, &[s[0], s[1], oh, ow]);
    }
    if let Some((value, places)) = gpu::largest(&windows, &x.value()) {
        return Ok(Tensor::result(
            value,
            vec![s[0], s[1], oh, ow],
            &[x],
            Box::new(move |c| Ok(vec![Some(at_places(c.grad, &places, windows, true)?)])),
        ));
    }
    let dtype = Dispatch::settings(&x.device().dispatch()?).int_dtype;
    let [value, places] = Dispatch::max_pool2d(x.value(), w.kernel, w.stride, w.padding, w.dilation, dtype)
        .ok_or_else(|| too_large("maxPool2d"))?;
    let flat = [s[0], s[1], oh * ow];
    let indices = Dispatch::int_reshape(places, adjoint_backend::Shape::from(flat.to_vec()));
    Ok(Tensor::result(
        value,
        vec![s[0], s[1], oh, ow],
        &[x],
        Box::new(move |c| {
            let zeros = Tensor::full(&[s[0], s[1], s[2] * s[3]], 0.0, c.grad.dtype(), c.grad.device())?;
            let added = scatter_integers(&zeros, indices.clone(), &reshape(c.grad, &flat)?, 2)?;
            Ok(vec![Some(reshape(&added, &s)?)])
        }),
    ))
}

/// On a GPU: the elements at the places of the largest elements, or with `back` the transpose of that.
fn at_places(t: &Tensor, places: &gpu::Places, windows: ConvShape, back: bool) -> Result<Tensor> {
    let found = if back { gpu::put(&windows, &t.value(), places) } else { gpu::pick(&windows, &t.value(), places) };
    let value = found.ok_or_else(|| Error::internal("maxPool2d: a gradient on another device."))?;
    let size = if back { windows.size } else { windows.out };
    let places = places.clone();
    Ok(Tensor::result(
        value,
        vec![windows.batch, windows.channels[0], size[0], size[1]],
        &[t],
        Box::new(move |c| Ok(vec![Some(at_places(c.grad, &places, windows, !back)?)])),
    ))
}

/// g added to zeros where x is largest in each window; linear in g.
fn scatter(x: &Tensor, g: &Tensor, windows: ConvShape) -> Result<Tensor> {
    let (shape, x) = (x.shape().to_vec(), x.clone());
    let value = from_vec(pool::scatter(&windows, &x.values()?, &g.values()?), &shape);
    Ok(Tensor::result(value, shape, &[g], Box::new(move |c| Ok(vec![Some(pick(&x, c.grad, windows)?)]))))
}

/// The adjoint of `scatter`: the elements of v where x is largest in each window.
fn pick(x: &Tensor, v: &Tensor, windows: ConvShape) -> Result<Tensor> {
    let (shape, x) = (vec![windows.batch, windows.channels[0], windows.out[0], windows.out[1]], x.clone());
    let value = from_vec(pool::pick(&windows, &x.values()?, Some(&*v.values()?)), &shape);
    Ok(Tensor::result(value, shape, &[v], Box::new(move |c| Ok(vec![Some(scatter(&x, c.grad, windows)?)]))))
}

fn total(parts: &[Tensor]) -> Result<Tensor> {
    let mut sum = parts[0].clone();
    for part in &parts[1..] {
        sum = add(&sum, part)?;
    }
    Ok(sum)
}

/// On a GPU: the mean of each window, or with `back` the transpose of that; `None` on the cpu.
fn means(t: &Tensor, windows: ConvShape, count_padding: bool, back: bool) -> Result<Option<Tensor>> {
    let Some(value) = gpu::mean(&windows, &t.value(), count_padding, back) else { return Ok(None) };
    let size = if back { windows.size } else { windows.out };
    let transpose = move |c: &Context| {
        let found = means(c.grad, windows, count_padding, !back)?;
        Ok(vec![Some(found.ok_or_else(|| Error::internal("avgPool2d: a gradient on another device."))?)])
    };
    let shape = vec![windows.batch, windows.channels[0], size[0], size[1]];
    Ok(Some(Tensor::result(value, shape, &[t], Box::new(transpose))))
}

/// Mean of each window; with `count_padding` the padding counts as zeros.
pub fn avg_pool2d(x: &Tensor, w: Window, count_padding: bool) -> Result<Tensor> {
    let [oh, ow] = w.output("avgPool2d", x)?;
    let s = x.shape().to_vec();
    if x.size() > 0 {
        if let Some(y) = means(x, w.shape(&s, [oh, ow]), count_padding, false)? {
            return Ok(y);
        }
    }
    if w.kernel == w.stride && w.padding == [0, 0] {
        let cut = slice(x, &[0; 4], &[s[0], s[1], oh * w.kernel[0], ow * w.kernel[1]], &[1; 4])?;
        let blocks = reshape(&cut, &[s[0] * s[1], oh, w.kernel[0], ow, w.kernel[1]])?;
        return reshape(&reduce::mean(&blocks, &[2, 4], false)?, &[s[0], s[1], oh, ow]);
    }
    let sum = total(&w.taps("avgPool2d", x)?)?;
    if count_padding || w.padding == [0, 0] {
        return div_scalar(&sum, (w.kernel[0] * w.kernel[1]) as f64);
    }
    let ones = Tensor::full(&[1, 1, s[2], s[3]], 1.0, x.dtype(), x.device())?;
    div(&sum, &total(&w.taps("avgPool2d", &ones)?)?)
}

/// Mean over windows that divide the image into `size` parts: bin i covers floor(i n / m) to ceil((i + 1) n / m).
pub fn adaptive_avg_pool2d(x: &Tensor, size: [usize; 2]) -> Result<Tensor> {
    check_rank("adaptiveAvgPool2d", "input", x, 4)?;
    if size.contains(&0) || x.shape().contains(&0) {
        return Err(Error::argument(
            "adaptiveAvgPool2d",
            format!("input of shape {:?} and size {size:?} came, expected both without zeros.", x.shape()),
        ));
    }
    super::resample::check_target("adaptiveAvgPool2d", x, size)?;
    let matrix = |n: usize, m: usize| {
        let mut rows = vec![0.0; m * n];
        for i in 0..m {
            let (from, to) = (i * n / m, ((i + 1) * n).div_ceil(m));
            rows[i * n + from..i * n + to].fill(1.0 / (to - from) as f64);
        }
        rows
    };
    super::resample::separable(x, size, "adaptive pooling", matrix)
}

/// On a GPU: all windows as columns, [B, C, kh kw, L], or with `back` the transpose of that; `None` on the cpu.
fn columns(t: &Tensor, windows: ConvShape, back: bool) -> Result<Option<Tensor>> {
    let Some(value) = gpu::columns(&windows, &t.value(), back) else { return Ok(None) };
    let ConvShape { batch, channels, size, .. } = windows;
    let shape = match back {
        true => vec![batch, channels[0], size[0], size[1]],
        false => vec![batch, channels[0], windows.taps(), windows.pixels()],
    };
    let transpose = move |c: &Context| {
        let found = columns(c.grad, windows, !back)?;
        Ok(vec![Some(found.ok_or_else(|| Error::internal("unfold2d: a gradient on another device."))?)])
    };
    Ok(Some(Tensor::result(value, shape, &[t], Box::new(transpose))))
}

/// All windows as columns: [B, C kh kw, L].
pub fn unfold2d(x: &Tensor, w: Window) -> Result<Tensor> {
    check_rank("unfold2d", "input", x, 4)?;
    if x.size() > 0 && x.device() != Device::Cpu {
        let (s, out) = (x.shape(), w.count("unfold2d", x)?);
        check_size("unfold2d", &[s[0], s[1], w.kernel[0], w.kernel[1], out[0], out[1]], x.dtype())?;
        if let Some(y) = columns(x, w.shape(s, out), false)? {
            return reshape(&y, &[s[0], s[1] * w.kernel[0] * w.kernel[1], out[0] * out[1]]);
        }
    }
    let free = Window { padding: [0, 0], ..w };
    let [ph, pw] = w.padding;
    let padded = pad(x, &[0, 0, 0, 0, ph, ph, pw, pw], PadMode::Constant, 0.0)?;
    let taps = free.taps("unfold2d", &padded)?;
    let t = taps[0].shape().to_vec();
    check_size("unfold2d", &[t[0], t[1], taps.len(), t[2], t[3]], x.dtype())?;
    let columns = taps
        .iter()
        .map(|t| reshape(t, &[t.shape()[0], t.shape()[1], 1, t.shape()[2] * t.shape()[3]]))
        .collect::<Result<Vec<_>>>()?;
    reshape(&super::join::cat(&columns, 2)?, &[t[0], t[1] * taps.len(), t[2] * t[3]])
}
