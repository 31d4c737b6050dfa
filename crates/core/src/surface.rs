//! The one table of operators. The bindings call `apply`; the typed wrappers of the facade are generated from
//! `describe`.
//!
//! A signature lists the operands in order: `name` or `name T` a tensor, `name T?` an optional one, `name [T]` all that
//! are left, `name i` an integer (or 0 / 1), `name [i]` a list of integers preceded by its length, `name f` a number,
//! `name [f]` all numbers that are left.

use crate::error::{Error, Result};
use crate::ops::conv::Geometry;
use crate::ops::optim::Adam;
use crate::ops::pool::Window;
use crate::ops::shape::PadMode;
use crate::ops::{
    activation, compare, conv, distance, elementwise, fft, index, linalg, norm, optim, pool, radon, reduce, resample,
    sample, shape, smooth, spectrum, unary, warp,
};
use crate::sampling::{Interpolation, Outside};
use crate::tensor::{DType, Tensor};

/// Operands of a call, taken in the order of the signature.
pub struct Args<'a> {
    op: &'static str,
    tensors: std::slice::Iter<'a, Option<Tensor>>,
    ints: std::slice::Iter<'a, i64>,
    floats: std::slice::Iter<'a, f64>,
}

impl Args<'_> {
    fn missing(&self, what: &str) -> Error {
        Error::argument(self.op, format!("{what} is missing; the generated wrappers are not of this version"))
    }
    fn t(&mut self) -> Result<Tensor> {
        self.tensors.next().cloned().flatten().ok_or_else(|| self.missing("a tensor"))
    }
    fn opt(&mut self) -> Result<Option<Tensor>> {
        self.tensors.next().cloned().ok_or_else(|| self.missing("an optional tensor"))
    }
    fn rest(&mut self) -> Result<Vec<Tensor>> {
        self.tensors
            .by_ref()
            .cloned()
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Error::argument(self.op, "a tensor of the list is missing"))
    }
    fn i(&mut self) -> Result<i64> {
        self.ints.next().copied().ok_or_else(|| self.missing("an integer"))
    }
    fn b(&mut self) -> Result<bool> {
        Ok(self.i()? != 0)
    }
    fn u(&mut self) -> Result<usize> {
        let v = self.i()?;
        usize::try_from(v).map_err(|_| Error::argument(self.op, format!("{v} must not be negative")))
    }
    fn list(&mut self) -> Result<Vec<i64>> {
        let n = self.u()?;
        (0..n).map(|_| self.i()).collect()
    }
    fn sizes(&mut self) -> Result<Vec<usize>> {
        let n = self.u()?;
        (0..n).map(|_| self.u()).collect()
    }
    fn pair(&mut self) -> Result<[usize; 2]> {
        let v = self.sizes()?;
        v.clone()
            .try_into()
            .map_err(|_| Error::argument(self.op, format!("two numbers are needed (height, width), got {v:?}")))
    }
    fn f(&mut self) -> Result<f64> {
        self.floats.next().copied().ok_or_else(|| self.missing("a number"))
    }
    fn numbers(&mut self) -> Vec<f64> {
        self.floats.by_ref().copied().collect()
    }
    fn geometry(&mut self) -> Result<Geometry> {
        Ok(Geometry { stride: self.pair()?, padding: self.pair()?, dilation: self.pair()?, groups: self.u()? })
    }
    fn window(&mut self) -> Result<Window> {
        Ok(Window { kernel: self.pair()?, stride: self.pair()?, padding: self.pair()?, dilation: self.pair()? })
    }
    fn choice<T: Copy>(&mut self, what: &str, choices: &[T]) -> Result<T> {
        let i = self.i()?;
        usize::try_from(i)
            .ok()
            .and_then(|i| choices.get(i))
            .copied()
            .ok_or_else(|| Error::argument(self.op, format!("{what} {i} does not exist")))
    }
    /// A shape in which one entry may be -1: what is left.
    fn shape_of(&mut self, size: usize) -> Result<Vec<usize>> {
        let wanted = self.list()?;
        if wanted.iter().any(|&v| v < -1) || wanted.iter().filter(|&&v| v == -1).count() > 1 {
            return Err(Error::argument(
                self.op,
                format!("shape {wanted:?} is not valid: sizes must not be negative, and -1 may stand once"),
            ));
        }
        let known = wanted.iter().filter(|&&v| v != -1).try_fold(1usize, |a, &b| a.checked_mul(b as usize));
        // Where nothing fits, 0: `reshape` then says so.
        let rest = known.and_then(|n| size.checked_div(n)).unwrap_or(0);
        Ok(wanted.iter().map(|&v| if v == -1 { rest } else { v as usize }).collect())
    }
}

/// One operator.
pub struct Row {
    /// Name.
    pub name: &'static str,
    /// Operands (see the module).
    pub signature: &'static str,
    /// One sentence, the formula, shapes.
    pub doc: &'static str,
    run: fn(&mut Args) -> Result<Results>,
}

/// What an operator gives: one result needs no list.
enum Results {
    One(Tensor),
    Several(Vec<Tensor>),
}

fn one(t: Result<Tensor>) -> Result<Results> {
    t.map(Results::One)
}

fn several(t: Result<Vec<Tensor>>) -> Result<Results> {
    t.map(Results::Several)
}

fn both_moments<'a>(
    op: &str,
    mean: &'a Option<Tensor>,
    variance: &'a Option<Tensor>,
) -> Result<Option<[&'a Tensor; 2]>> {
    match (mean, variance) {
        (Some(m), Some(v)) => Ok(Some([m, v])),
        (None, None) => Ok(None),
        _ => Err(Error::argument(op, "mean and variance must both be given, or neither")),
    }
}

macro_rules! rows {
    ($($name:literal, $signature:literal, $doc:literal, |$a:ident| $body:expr;)*) => {
        /// All operators; an operator's code is its position.
        pub static ROWS: &[Row] = &[$(Row { name: $name, signature: $signature, doc: $doc, run: |$a| $body }),*];
    };
}

rows! {
    "add", "a, b", "a + b, broadcast.", |x| one(elementwise::add(&x.t()?, &x.t()?));
    "sub", "a, b", "a - b, broadcast.", |x| one(elementwise::sub(&x.t()?, &x.t()?));
    "mul", "a, b", "a b, broadcast.", |x| one(elementwise::mul(&x.t()?, &x.t()?));
    "div", "a, b", "a / b, broadcast.", |x| one(elementwise::div(&x.t()?, &x.t()?));
    "pow", "a, b", "a^b, broadcast.", |x| one(elementwise::pow(&x.t()?, &x.t()?));
    "maximum", "a, b", "max(a, b), broadcast; equal operands share the gradient.", |x| one(elementwise::maximum(&x.t()?, &x.t()?));
    "minimum", "a, b", "min(a, b), broadcast; equal operands share the gradient.", |x| one(elementwise::minimum(&x.t()?, &x.t()?));
    "eq", "a, b", "1 where a = b, else 0.", |x| one(compare::eq(&x.t()?, &x.t()?));
    "ne", "a, b", "1 where a is not b, else 0.", |x| one(compare::ne(&x.t()?, &x.t()?));
    "gt", "a, b", "1 where a > b, else 0.", |x| one(compare::gt(&x.t()?, &x.t()?));
    "ge", "a, b", "1 where a >= b, else 0.", |x| one(compare::ge(&x.t()?, &x.t()?));
    "lt", "a, b", "1 where a < b, else 0.", |x| one(compare::lt(&x.t()?, &x.t()?));
    "le", "a, b", "1 where a <= b, else 0.", |x| one(compare::le(&x.t()?, &x.t()?));
    "addScalar", "x, value f", "x + value.", |x| one(elementwise::add_scalar(&x.t()?, x.f()?));
    "mulScalar", "x, value f", "value x.", |x| one(elementwise::mul_scalar(&x.t()?, x.f()?));
    "powScalar", "x, exponent f", "x^exponent.", |x| one(elementwise::pow_scalar(&x.t()?, x.f()?));
    "rdivScalar", "x, value f", "value / x.", |x| one(elementwise::rdiv_scalar(&x.t()?, x.f()?));
    "eqScalar", "x, value f", "1 where x = value, else 0.", |x| one(compare::eq_scalar(&x.t()?, x.f()?));
    "neScalar", "x, value f", "1 where x is not value, else 0.", |x| one(compare::ne_scalar(&x.t()?, x.f()?));
    "gtScalar", "x, value f", "1 where x > value, else 0.", |x| one(compare::gt_scalar(&x.t()?, x.f()?));
    "geScalar", "x, value f", "1 where x >= value, else 0.", |x| one(compare::ge_scalar(&x.t()?, x.f()?));
    "ltScalar", "x, value f", "1 where x < value, else 0.", |x| one(compare::lt_scalar(&x.t()?, x.f()?));
    "leScalar", "x, value f", "1 where x <= value, else 0.", |x| one(compare::le_scalar(&x.t()?, x.f()?));
    "neg", "x", "-x.", |x| one(unary::neg(&x.t()?));
    "abs", "x", "|x|.", |x| one(unary::abs(&x.t()?));
    "sign", "x", "-1, 0 or 1.", |x| one(unary::sign(&x.t()?));
    "exp", "x", "e^x.", |x| one(unary::exp(&x.t()?));
    "log", "x", "Natural logarithm.", |x| one(unary::log(&x.t()?));
    "log1p", "x", "log(1 + x).", |x| one(unary::log1p(&x.t()?));
    "sqrt", "x", "Square root.", |x| one(unary::sqrt(&x.t()?));
    "rsqrt", "x", "1 / sqrt(x).", |x| one(unary::rsqrt(&x.t()?));
    "reciprocal", "x", "1 / x.", |x| one(unary::reciprocal(&x.t()?));
    "square", "x", "x^2.", |x| one(unary::square(&x.t()?));
    "sin", "x", "Sine.", |x| one(unary::sin(&x.t()?));
    "cos", "x", "Cosine.", |x| one(unary::cos(&x.t()?));
    "tanh", "x", "Hyperbolic tangent.", |x| one(smooth::tanh(&x.t()?));
    "sigmoid", "x", "1 / (1 + e^-x).", |x| one(smooth::sigmoid(&x.t()?));
    "relu", "x", "max(x, 0).", |x| one(activation::relu(&x.t()?));
    "silu", "x", "x / (1 + e^-x).", |x| one(smooth::silu(&x.t()?));
    "gelu", "x", "x Phi(x), Phi the standard normal distribution function.", |x| one(smooth::gelu(&x.t()?));
    "softplus", "x", "log(1 + e^x).", |x| one(smooth::softplus(&x.t()?));
    "erf", "x", "Error function.", |x| one(unary::erf(&x.t()?));
    "floor", "x", "The largest integer below.", |x| one(unary::floor(&x.t()?));
    "round", "x", "The nearest integer, halves to even.", |x| one(unary::round(&x.t()?));
    "leakyRelu", "x, slope f", "x where x > 0, else slope x.", |x| one(activation::leaky_relu(&x.t()?, x.f()?));
    "elu", "x, alpha f", "x where x > 0, else alpha (e^x - 1).", |x| one(smooth::elu(&x.t()?, x.f()?));
    "clamp", "x, min f, max f", "min(max(x, min), max).", |x| one(compare::clamp(&x.t()?, x.f()?, x.f()?));
    "where", "condition, a, b", "a where the condition is not 0, else b; broadcast.", |x| one(compare::where_(&x.t()?, &x.t()?, &x.t()?));
    "sum", "x, dims [i], keepDims i", "Sum over axes (none: all).", |x| one(reduce::sum(&x.t()?, &x.sizes()?, x.b()?));
    "mean", "x, dims [i], keepDims i", "Mean over axes (none: all).", |x| one(reduce::mean(&x.t()?, &x.sizes()?, x.b()?));
    "max", "x, dims [i], keepDims i", "Largest element over axes (none: all); equal ones share the gradient.", |x| one(reduce::max(&x.t()?, &x.sizes()?, x.b()?));
    "min", "x, dims [i], keepDims i", "Smallest element over axes (none: all); equal ones share the gradient.", |x| one(reduce::min(&x.t()?, &x.sizes()?, x.b()?));
    "prod", "x, dims [i], keepDims i", "Product over axes (none: all).", |x| one(reduce::prod(&x.t()?, &x.sizes()?, x.b()?));
    "argmax", "x, dim i, keepDims i", "Index of the largest element along an axis.", |x| one(reduce::argmax(&x.t()?, x.u()?, x.b()?));
    "argmin", "x, dim i, keepDims i", "Index of the smallest element along an axis.", |x| one(reduce::argmin(&x.t()?, x.u()?, x.b()?));
    "reshape", "x, shape [i]", "The same elements in another shape; one size may be -1.", |x| { let t = x.t()?; one(shape::reshape(&t, &x.shape_of(t.size())?)) };
    "permute", "x, order [i]", "Axes in another order.", |x| one(shape::permute(&x.t()?, &x.sizes()?));
    "expand", "x, shape [i]", "Axes of size one repeated, leading axes added.", |x| one(shape::expand(&x.t()?, &x.sizes()?));
    "slice", "x, starts [i], ends [i], steps [i]", "x[start:end:step] on every axis.", |x| one(shape::slice(&x.t()?, &x.sizes()?, &x.sizes()?, &x.sizes()?));
    "flip", "x, dims [i]", "Axes reversed.", |x| one(shape::flip(&x.t()?, &x.sizes()?));
    "roll", "x, shifts [i], dims [i]", "Axes shifted circularly.", |x| one(shape::roll(&x.t()?, &x.list()?, &x.sizes()?));
    "pad", "x, widths [i], mode i, value f", "Every axis padded by (before, after); mode 0 constant, 1 reflect, 2 replicate, 3 circular.", |x| one(shape::pad(&x.t()?, &x.sizes()?, x.choice("mode", &[PadMode::Constant, PadMode::Reflect, PadMode::Replicate, PadMode::Circular])?, x.f()?));
    "cat", "dim i, tensors [T]", "Tensors joined along an axis.", |x| { let dim = x.u()?; one(shape::cat(&x.rest()?, dim)) };
    "unfold2d", "x, kernel [i], stride [i], padding [i], dilation [i]", "All windows as columns: [B, C kh kw, L].", |x| one(pool::unfold2d(&x.t()?, x.window()?));
    "indexSelect", "x, index, dim i", "The listed positions of an axis.", |x| one(index::index_select(&x.t()?, &x.t()?, x.u()?));
    "gather", "x, index, dim i", "out[.., i, ..] = x[.., index[.., i, ..], ..] along an axis.", |x| one(index::gather(&x.t()?, &x.t()?, x.u()?));
    "scatterAdd", "x, index, source, dim i", "x with source added at the positions of an axis.", |x| one(index::scatter_add(&x.t()?, &x.t()?, &x.t()?, x.u()?));
    "matmul", "a, b", "Product over the last two axes, the leading ones broadcast.", |x| one(linalg::matmul(&x.t()?, &x.t()?));
    "conv2d", "input, weight, bias T?, stride [i], padding [i], dilation [i], groups i", "Cross-correlation: input [B, I, H, W], weight [O, I / groups, kh, kw].", |x| { let (i, w, b) = (x.t()?, x.t()?, x.opt()?); one(conv::conv2d(&i, &w, b.as_ref(), x.geometry()?)) };
    "convTranspose2d", "input, weight, bias T?, stride [i], padding [i], outputPadding [i], dilation [i], groups i", "Transposed convolution: input [B, I, H, W], weight [I, O / groups, kh, kw].", |x| {
        let (i, w, b) = (x.t()?, x.t()?, x.opt()?);
        let (stride, padding, output_padding) = (x.pair()?, x.pair()?, x.pair()?);
        one(conv::conv_transpose2d(&i, &w, b.as_ref(), output_padding, Geometry { stride, padding, dilation: x.pair()?, groups: x.u()? }))
    };
    "conv2dWeight", "input, gradOutput, kernel [i], stride [i], padding [i], dilation [i], groups i", "Gradient of conv2d with respect to its weight.", |x| { let (i, g, k) = (x.t()?, x.t()?, x.pair()?); one(conv::conv2d_weight(&i, &g, k, x.geometry()?)) };
    "maxPool2d", "x, kernel [i], stride [i], padding [i], dilation [i]", "Largest element of each window.", |x| one(pool::max_pool2d(&x.t()?, x.window()?));
    "avgPool2d", "x, kernel [i], stride [i], padding [i], countIncludePad i", "Mean of each window.", |x| { let t = x.t()?; let w = Window { kernel: x.pair()?, stride: x.pair()?, padding: x.pair()?, dilation: [1, 1] }; one(pool::avg_pool2d(&t, w, x.b()?)) };
    "adaptiveAvgPool2d", "x, size [i]", "Mean over windows that divide the image into size parts.", |x| one(pool::adaptive_avg_pool2d(&x.t()?, x.pair()?));
    "batchNorm", "input, weight T?, bias T?, mean T?, variance T?, epsilon f", "(input - mean) / sqrt(variance + epsilon) weight + bias per channel; without mean and variance those of the batch.", |x| {
        let (t, w, b, m, v) = (x.t()?, x.opt()?, x.opt()?, x.opt()?, x.opt()?);
        one(norm::batch_norm(&t, w.as_ref(), b.as_ref(), both_moments("batchNorm", &m, &v)?, x.f()?))
    };
    "groupNorm", "input, weight T?, bias T?, groups i, epsilon f", "Normalisation of groups of channels, per image.", |x| { let (t, w, b) = (x.t()?, x.opt()?, x.opt()?); one(norm::group_norm(&t, w.as_ref(), b.as_ref(), x.u()?, x.f()?)) };
    "interpolate", "x, size [i], mode i, alignCorners i", "An image at another size; mode 0 nearest, 1 bilinear, 2 bicubic.", |x| one(resample::interpolate(&x.t()?, x.pair()?, x.choice("mode", &[Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Bicubic])?, x.b()?));
    "pixelShuffle", "x, factor i", "[B, C r^2, H, W] to [B, C, r H, r W].", |x| one(resample::pixel_shuffle(&x.t()?, x.u()?));
    "pixelUnshuffle", "x, factor i", "[B, C, r H, r W] to [B, C r^2, H, W].", |x| one(resample::pixel_unshuffle(&x.t()?, x.u()?));
    "gridSample", "x, grid, mode i, paddingMode i, alignCorners i", "x at the positions (x, y) in [-1, 1] of grid [B, h, w, 2]; mode 0 bilinear, 1 nearest, 2 bicubic; padding 0 zeros, 1 border, 2 reflection.", |x| one(sample::grid_sample(&x.t()?, &x.t()?, x.choice("mode", &[Interpolation::Bilinear, Interpolation::Nearest, Interpolation::Bicubic])?, x.choice("padding mode", &[Outside::Zeros, Outside::Border, Outside::Reflection])?, x.b()?));
    "fft", "x, dims [i], complexDim i, inverse i, scale f", "scale times the discrete Fourier sums over dims; complexDim holds (real, imaginary).", |x| one(fft::fft(&x.t()?, &x.sizes()?, x.u()?, x.b()?, x.f()?));
    "cast", "x, dtype i", "Another element type: 0 float32, 1 float64.", |x| one(unary::cast(&x.t()?, x.choice("dtype", &[DType::F32, DType::F64])?));
    "detach", "x", "The same value, off the tape.", |x| one(x.t().map(|t| t.detach()));
    "clone", "x", "The same value, on the tape.", |x| one(unary::clone(&x.t()?));
    "adamStep", "parameter, gradient, m, v, step i, decoupled i, learningRate f, beta1 f, beta2 f, epsilon f, weightDecay f", "One step of Adam: gives parameter, first and second moment; off the tape.", |x| {
        let (p, g, m, v) = (x.t()?, x.t()?, x.t()?, x.t()?);
        several(optim::adam_step(&p, &g, &m, &v, Adam { step: x.i()?, decoupled: x.b()?, rate: x.f()?, beta1: x.f()?, beta2: x.f()?, epsilon: x.f()?, decay: x.f()? }))
    };
    "batchNormActivated", "input, weight T?, bias T?, mean T?, variance T?, epsilon f, slope f", "batchNorm, then x where x > 0, else slope x; gives also the mean and the variance used, off the tape.", |x| {
        let (t, w, b, m, v) = (x.t()?, x.opt()?, x.opt()?, x.opt()?, x.opt()?);
        several(norm::batch_norm_activated(&t, w.as_ref(), b.as_ref(), both_moments("batchNormActivated", &m, &v)?, x.f()?, x.f()?))
    };
    "conv2dActivated", "input, weight, bias T?, stride [i], padding [i], dilation [i], groups i, slope f", "conv2d, then x where x > 0, else slope x.", |x| {
        let (i, w, b) = (x.t()?, x.t()?, x.opt()?);
        one(conv::conv2d_activated(&i, &w, b.as_ref(), x.geometry()?, x.f()?))
    };
    "centredFft", "x, dims [i], complexDim i, inverse i, scale f", "As fft, but position N / 2 (rounded down) of each axis counts as zero, in x and in the result.", |x| one(fft::centred_fft(&x.t()?, &x.sizes()?, x.u()?, x.b()?, x.f()?));
    "rfft2", "x, scale f, inner f", "Half of the spectrum of real images: [.., H, W] to [.., H, W / 2 + 1, 2], scale times the Fourier sums, columns that stand for their mirror image too times inner.", |x| one(spectrum::rfft2(&x.t()?, x.f()?, x.f()?));
    "irfft2", "s, width i, scale f, inner f", "The transpose of rfft2, and with inner 2 the unscaled inverse: [.., H, W / 2 + 1, 2] to [.., H, W].", |x| one(spectrum::irfft2(&x.t()?, x.u()?, x.f()?, x.f()?));
    "complexMul", "a, b, conjugate i", "a b, or a conj(b), of complex numbers (real, imaginary) in the last axis; the others are broadcast.", |x| one(spectrum::complex_mul(&x.t()?, &x.t()?, x.b()?));
    "fourierFilter", "x, response, conjugate i", "Real images [.., H, W] with their spectrum times a response [.., H, W / 2 + 1, 2], or its conjugate; leading axes are broadcast.", |x| one(spectrum::fourier_filter(&x.t()?, &x.t()?, x.b()?));
    "radon", "x, circle i, degrees [f]", "Sums of square images along parallel lines, bilinear between pixels, for angles in degrees: [N, W, W] to [N, detectors, angles]; W detectors where only the inscribed circle counts, else as many as the diagonal is long.", |x| one(radon::radon(&x.t()?, x.b()?, &x.numbers()));
    "radonTranspose", "y, width i, circle i, degrees [f]", "The transpose of radon: [N, detectors, angles] to [N, width, width].", |x| one(radon::radon_transpose(&x.t()?, x.u()?, x.b()?, &x.numbers()));
    "distance", "a, b, keep i, exponent f", "Sums of |a - b|^exponent over all axes but the first keep, for arrays of one shape.", |x| one(distance::distance(&x.t()?, &x.t()?, x.u()?, x.f()?));
    "dot", "a, b, keep i", "Sums of a b over all axes but the first keep, for arrays of one shape.", |x| one(distance::dot(&x.t()?, &x.t()?, x.u()?));
    "variation", "x, dim i, keep i", "Sums of squared differences of neighbours along an axis, over all axes but the first keep.", |x| one(distance::variation(&x.t()?, x.u()?, x.u()?));
    "warp", "x, size [i], mode i, paddingMode i, maps [f]", "Images of another size whose pixels (column, row, 1) are those of x that 3 x 3 matrices take them to, one for each image or one for all; mode 0 bilinear, 1 nearest, 2 bicubic; padding 0 zeros, 1 border, 2 mirrored at the centres of the outer pixels.", |x| one(warp::warp(&x.t()?, x.pair()?, x.choice("mode", &[Interpolation::Bilinear, Interpolation::Nearest, Interpolation::Bicubic])?, x.choice("padding mode", &[Outside::Zeros, Outside::Border, Outside::Reflection])?, &x.numbers()));
}

fn run(code: usize, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]) -> Result<Results> {
    let row = ROWS.get(code).ok_or_else(|| Error::argument("apply", format!("operator {code} does not exist")))?;
    (row.run)(&mut Args { op: row.name, tensors: tensors.iter(), ints: ints.iter(), floats: floats.iter() })
}

/// Calls operator `code`.
pub fn apply(code: usize, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]) -> Result<Vec<Tensor>> {
    Ok(match run(code, tensors, ints, floats)? {
        Results::One(t) => vec![t],
        Results::Several(list) => list,
    })
}

/// The first result of operator `code`.
pub(crate) fn apply_first(code: usize, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64]) -> Result<Tensor> {
    match run(code, tensors, ints, floats)? {
        Results::One(t) => Ok(t),
        Results::Several(list) => {
            list.into_iter().next().ok_or_else(|| Error::internal("apply: an operator without a result"))
        }
    }
}

/// The code of an operator.
pub fn code(name: &str) -> Option<usize> {
    ROWS.iter().position(|r| r.name == name)
}

/// The table as JSON: `[{ name, code, signature, doc }]`.
pub fn describe() -> String {
    let rows: Vec<String> = ROWS
        .iter()
        .enumerate()
        .map(|(code, r)| {
            format!("{{\"name\":{:?},\"code\":{code},\"signature\":{:?},\"doc\":{:?}}}", r.name, r.signature, r.doc)
        })
        .collect();
    format!("[{}]", rows.join(","))
}
