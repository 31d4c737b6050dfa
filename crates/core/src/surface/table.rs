//! The rows. A row is
//!
//! ```text
//! /// One sentence with the formula.
//! name(parameter: Type = "meaning, shape", ...) -> differentiable[result, ...] = call;
//! ```
//!
//! with `constant` in place of `differentiable` for an operator that has no derivative, `constants` for a list of any
//! length of them. A parameter without a text is a tensor of any shape that the sentence explains.

use super::operand::Operand;
use super::row::{Docs, Parameter, Results, Row};
use crate::error::Result;
use crate::ops::conv::Geometry;
use crate::ops::optim::Adam;
use crate::ops::pool::Window;
use crate::ops::shape::PadMode;
use crate::ops::{
    activation, compare, conv, distance, elementwise, fft, image_norm, index, join, linalg, non_local, norm, optim,
    pool, radon, reduce, resample, sample, shape, smooth, softmax, spectrum, unary, warp,
};
use crate::sampling::{Interpolation, Outside};
use crate::tensor::{Constant, DType, Tensor};

type Pair = [usize; 2];

operators! {
    /// a + b, broadcast.
    add(a: Tensor, b: Tensor) -> differentiable[y] = elementwise::add(&a, &b);
    /// a - b, broadcast.
    sub(a: Tensor, b: Tensor) -> differentiable[y] = elementwise::sub(&a, &b);
    /// a b, broadcast.
    mul(a: Tensor, b: Tensor) -> differentiable[y] = elementwise::mul(&a, &b);
    /// a / b, broadcast.
    div(a: Tensor, b: Tensor) -> differentiable[y] = elementwise::div(&a, &b);
    /// a^b, broadcast.
    pow(a: Tensor, b: Tensor) -> differentiable[y] = elementwise::pow(&a, &b);
    /// max(a, b), broadcast; equal operands share the gradient.
    maximum(a: Tensor, b: Tensor) -> differentiable[y] = elementwise::maximum(&a, &b);
    /// min(a, b), broadcast; equal operands share the gradient.
    minimum(a: Tensor, b: Tensor) -> differentiable[y] = elementwise::minimum(&a, &b);
    /// 1 where a = b, else 0; broadcast.
    eq(a: Tensor, b: Tensor) -> constant[y] = compare::eq(&a, &b);
    /// 1 where a is not b, else 0; broadcast.
    ne(a: Tensor, b: Tensor) -> constant[y] = compare::ne(&a, &b);
    /// 1 where a > b, else 0; broadcast.
    gt(a: Tensor, b: Tensor) -> constant[y] = compare::gt(&a, &b);
    /// 1 where a >= b, else 0; broadcast.
    ge(a: Tensor, b: Tensor) -> constant[y] = compare::ge(&a, &b);
    /// 1 where a < b, else 0; broadcast.
    lt(a: Tensor, b: Tensor) -> constant[y] = compare::lt(&a, &b);
    /// 1 where a <= b, else 0; broadcast.
    le(a: Tensor, b: Tensor) -> constant[y] = compare::le(&a, &b);
    /// x + value.
    addScalar(x: Tensor, value: f64 = "summand") -> differentiable[y] = elementwise::add_scalar(&x, value);
    /// value x.
    mulScalar(x: Tensor, value: f64 = "factor") -> differentiable[y] = elementwise::mul_scalar(&x, value);
    /// x / value.
    divScalar(x: Tensor, value: f64 = "divisor") -> differentiable[y] = elementwise::div_scalar(&x, value);
    /// x^exponent.
    powScalar(x: Tensor, exponent: f64 = "any number") -> differentiable[y] = elementwise::pow_scalar(&x, exponent);
    /// 1 where x = value, else 0.
    eqScalar(x: Tensor, value: f64 = "compared with each element") -> constant[y] = compare::eq_scalar(&x, value);
    /// 1 where x is not value, else 0.
    neScalar(x: Tensor, value: f64 = "compared with each element") -> constant[y] = compare::ne_scalar(&x, value);
    /// 1 where x > value, else 0.
    gtScalar(x: Tensor, value: f64 = "compared with each element") -> constant[y] = compare::gt_scalar(&x, value);
    /// 1 where x >= value, else 0.
    geScalar(x: Tensor, value: f64 = "compared with each element") -> constant[y] = compare::ge_scalar(&x, value);
    /// 1 where x < value, else 0.
    ltScalar(x: Tensor, value: f64 = "compared with each element") -> constant[y] = compare::lt_scalar(&x, value);
    /// 1 where x <= value, else 0.
    leScalar(x: Tensor, value: f64 = "compared with each element") -> constant[y] = compare::le_scalar(&x, value);
    /// -x.
    neg(x: Tensor) -> differentiable[y] = unary::neg(&x);
    /// |x|; the derivative at 0 is 0.
    abs(x: Tensor) -> differentiable[y] = unary::abs(&x);
    /// -1, 0 or 1; the derivative is 0.
    sign(x: Tensor) -> differentiable[y] = unary::sign(&x);
    /// e^x.
    exp(x: Tensor) -> differentiable[y] = unary::exp(&x);
    /// Natural logarithm.
    log(x: Tensor) -> differentiable[y] = unary::log(&x);
    /// log(1 + x), accurate near 0.
    log1p(x: Tensor) -> differentiable[y] = unary::log1p(&x);
    /// Square root.
    sqrt(x: Tensor) -> differentiable[y] = unary::sqrt(&x);
    /// 1 / sqrt(x).
    rsqrt(x: Tensor) -> differentiable[y] = unary::rsqrt(&x);
    /// 1 / x.
    reciprocal(x: Tensor) -> differentiable[y] = unary::reciprocal(&x);
    /// x^2.
    square(x: Tensor) -> differentiable[y] = unary::square(&x);
    /// Sine.
    sin(x: Tensor = "angles in radians") -> differentiable[y] = unary::sin(&x);
    /// Cosine.
    cos(x: Tensor = "angles in radians") -> differentiable[y] = unary::cos(&x);
    /// Hyperbolic tangent.
    tanh(x: Tensor) -> differentiable[y] = smooth::tanh(&x);
    /// 1 / (1 + e^-x).
    sigmoid(x: Tensor) -> differentiable[y] = smooth::sigmoid(&x);
    /// max(x, 0).
    relu(x: Tensor) -> differentiable[y] = activation::relu(&x);
    /// x / (1 + e^-x).
    silu(x: Tensor) -> differentiable[y] = smooth::silu(&x);
    /// x Phi(x), Phi the standard normal distribution function.
    gelu(x: Tensor) -> differentiable[y] = smooth::gelu(&x);
    /// log(1 + e^x).
    softplus(x: Tensor) -> differentiable[y] = smooth::softplus(&x);
    /// Error function.
    erf(x: Tensor) -> differentiable[y] = unary::erf(&x);
    /// The largest integer not above x; the derivative is 0.
    floor(x: Tensor) -> differentiable[y] = unary::floor(&x);
    /// The nearest integer, halves to even; the derivative is 0.
    round(x: Tensor) -> differentiable[y] = unary::round(&x);
    /// x where x > 0, else slope x.
    leakyRelu(x: Tensor, slope: f64 = "slope below 0") -> differentiable[y] = activation::leaky_relu(&x, slope);
    /// x where x > 0, else alpha (e^x - 1).
    elu(x: Tensor, alpha: f64 = "minus the limit at minus infinity") -> differentiable[y] = smooth::elu(&x, alpha);
    /// min(max(x, min), max).
    clamp(x: Tensor, min: f64 = "may be -infinity", max: f64 = "may be infinity") -> differentiable[y] =
        compare::clamp(&x, min, max);
    /// a where the condition is not 0, else b; broadcast.
    where(condition: Tensor, a: Tensor, b: Tensor) -> differentiable[y] = compare::where_(&condition, &a, &b);

    /// Sum over axes.
    sum(x: Tensor, dims: Vec<usize> = "axes; none stands for all", keepDims: bool = "leaves them with size one")
        -> differentiable[y] = reduce::sum(&x, &dims, keepDims);
    /// Mean over axes.
    mean(x: Tensor, dims: Vec<usize> = "axes; none stands for all", keepDims: bool = "leaves them with size one")
        -> differentiable[y] = reduce::mean(&x, &dims, keepDims);
    /// Largest element over axes; equal ones share the gradient.
    max(x: Tensor, dims: Vec<usize> = "axes; none stands for all", keepDims: bool = "leaves them with size one")
        -> differentiable[y] = reduce::max(&x, &dims, keepDims);
    /// Smallest element over axes; equal ones share the gradient.
    min(x: Tensor, dims: Vec<usize> = "axes; none stands for all", keepDims: bool = "leaves them with size one")
        -> differentiable[y] = reduce::min(&x, &dims, keepDims);
    /// Product over axes.
    prod(x: Tensor, dims: Vec<usize> = "axes; none stands for all", keepDims: bool = "leaves them with size one")
        -> differentiable[y] = reduce::prod(&x, &dims, keepDims);
    /// Index of the largest element along an axis.
    argmax(x: Tensor, dim: usize = "axis", keepDims: bool = "leaves it with size one") -> constant[index] =
        reduce::argmax(&x, dim, keepDims);
    /// Index of the smallest element along an axis.
    argmin(x: Tensor, dim: usize = "axis", keepDims: bool = "leaves it with size one") -> constant[index] =
        reduce::argmin(&x, dim, keepDims);
    /// Sums of |a - b|^exponent over all axes but the first `keep`.
    distance(
        a: Tensor, b: Tensor = "of the shape of a", keep: usize = "leading axes of the result",
        exponent: f64 = "above 0",
    ) -> differentiable[sums] = distance::distance(&a, &b, keep, exponent);
    /// Sums of a b over all axes but the first `keep`.
    dot(a: Tensor, b: Tensor = "of the shape of a", keep: usize = "leading axes of the result")
        -> differentiable[sums] = distance::dot(&a, &b, keep);
    /// Sums of the squared differences of neighbours along an axis, over all axes but the first `keep`.
    variation(x: Tensor, dim: usize = "axis, not among the first keep", keep: usize = "leading axes of the result")
        -> differentiable[sums] = distance::variation(&x, dim, keep);

    /// The same elements in another shape.
    reshape(x: Tensor, shape: Vec<i64> = "sizes; one may be -1, which stands for the remaining elements")
        -> differentiable[y] = shape::reshape_inferred(&x, &shape);
    /// Axes in another order.
    permute(x: Tensor, order: Vec<usize> = "axis of x for each axis of the result") -> differentiable[y] =
        shape::permute(&x, &order);
    /// Axes of size one repeated, leading axes added.
    expand(x: Tensor, shape: Vec<usize> = "shape of the result") -> differentiable[y] = shape::expand(&x, &shape);
    /// x[start:end:step] on every axis.
    slice(
        x: Tensor, starts: Vec<usize> = "first position of each axis", ends: Vec<usize> = "position after the last",
        steps: Vec<usize> = "at least 1",
    ) -> differentiable[y] = shape::slice(&x, &starts, &ends, &steps);
    /// Axes reversed.
    flip(x: Tensor, dims: Vec<usize> = "axes") -> differentiable[y] = shape::flip(&x, &dims);
    /// Axes shifted circularly, towards larger indices for positive shifts.
    roll(x: Tensor, shifts: Vec<i64> = "one for each of dims", dims: Vec<usize> = "axes") -> differentiable[y] =
        shape::roll(&x, &shifts, &dims);
    /// Every axis padded.
    pad(
        x: Tensor, widths: Vec<usize> = "(before, after) of each axis", mode: PadMode = "what the border holds",
        value: f64 = "the border of mode constant",
    ) -> differentiable[y] = shape::pad(&x, &widths, mode, value);
    /// Tensors joined along an axis.
    cat(dim: usize = "axis", tensors: Vec<Tensor> = "equal in all other axes") -> differentiable[y] =
        join::cat(&tensors, dim);
    /// The listed positions of an axis.
    indexSelect(x: Tensor, index: Tensor = "whole numbers [n]", dim: usize = "axis") -> differentiable[y] =
        index::index_select(&x, &index, dim);
    /// y[.., i, ..] = x[.., index[.., i, ..], ..] along an axis.
    gather(x: Tensor, index: Tensor = "whole numbers, of the rank of x", dim: usize = "axis") -> differentiable[y] =
        index::gather(&x, &index, dim);
    /// x with source added at the positions of an axis: the adjoint of gather.
    scatterAdd(
        x: Tensor, index: Tensor = "whole numbers, of the shape of source", source: Tensor = "what is added",
        dim: usize = "axis",
    ) -> differentiable[y] = index::scatter_add(&x, &index, &source, dim);
    /// Another element type.
    cast(x: Tensor, dtype: DType = "of the result") -> differentiable[y] = unary::cast(&x, dtype);
    /// The same value, off the tape.
    detach(x: Tensor) -> constant[y] = Ok(Constant::of(&x));
    /// The same value, on the tape.
    clone(x: Tensor) -> differentiable[y] = unary::clone(&x);

    /// Matrix product over the last two axes, the leading ones broadcast.
    matmul(
        a: Tensor = "[.., n, m]", b: Tensor = "[.., m, k]", mixed: bool = "may round operands",
    ) -> differentiable[y] = linalg::mixed_matmul(&a, &b, mixed);
    /// Cross-correlation y[b, o, i, j] = bias[o] + sum_cuv weight[o, c, u, v] x[b, c, i s + u d - p, j s + v d - p],
    /// then y where y > 0, else slope y.
    conv2d(
        x: Tensor = "[B, C, H, W]", weight: Tensor = "[O, C / groups, kh, kw]", bias: Option<Tensor> = "[O]",
        stride: Pair = "s", padding: Pair = "p, zeros on each side", dilation: Pair = "d, distance of the taps",
        groups: usize = "groups of channels, convolved by themselves", mixed: bool = "may round operands",
        slope: f64 = "1: no activation, 0: ReLU",
    ) -> differentiable[y] = conv::conv2d_activated(
        &x, &weight, bias.as_ref(), Geometry { stride, padding, dilation, groups, mixed }, slope,
    );
    /// The adjoint of conv2d in its input, plus a bias: size (H - 1) s - 2 p + d (kh - 1) + outputPadding + 1.
    convTranspose2d(
        x: Tensor = "[B, C, H, W]", weight: Tensor = "[C, O / groups, kh, kw]", bias: Option<Tensor> = "[O]",
        stride: Pair = "s", padding: Pair = "p", outputPadding: Pair = "rows and columns added at the end",
        dilation: Pair = "d", groups: usize = "groups of channels", mixed: bool = "may round operands",
    ) -> differentiable[y] = conv::conv_transpose2d(
        &x, &weight, bias.as_ref(), outputPadding, Geometry { stride, padding, dilation, groups, mixed },
    );
    /// All windows as columns.
    unfold2d(
        x: Tensor = "[B, C, H, W]", kernel: Pair = "size of the window", stride: Pair = "of the window",
        padding: Pair = "zeros on each side", dilation: Pair = "distance of the taps",
    ) -> differentiable[columns] = pool::unfold2d(&x, Window { kernel, stride, padding, dilation });
    /// Largest element of each window.
    maxPool2d(
        x: Tensor = "[B, C, H, W]", kernel: Pair = "size of the window", stride: Pair = "of the window",
        padding: Pair = "border of -infinity on each side", dilation: Pair = "distance of the taps",
    ) -> differentiable[y] = pool::max_pool2d(&x, Window { kernel, stride, padding, dilation });
    /// Mean of each window.
    avgPool2d(
        x: Tensor = "[B, C, H, W]", kernel: Pair = "size of the window", stride: Pair = "of the window",
        padding: Pair = "zeros on each side", countIncludePad: bool = "whether the border counts in the mean",
    ) -> differentiable[y] =
        pool::avg_pool2d(&x, Window { kernel, stride, padding, dilation: [1, 1] }, countIncludePad);
    /// Mean over windows that divide the image into `size` parts.
    adaptiveAvgPool2d(x: Tensor = "[B, C, H, W]", size: Pair = "[h, w] of the result") -> differentiable[y] =
        pool::adaptive_avg_pool2d(&x, size);
    /// Batch normalisation (x - mean) / sqrt(variance + epsilon) weight + bias, then y where y > 0, else slope y.
    batchNorm(
        x: Tensor = "[B, C, ..]", weight: Option<Tensor> = "[C]", bias: Option<Tensor> = "[C]",
        mean: Option<Tensor> = "[C]; with variance, or both are those of the batch",
        variance: Option<Tensor> = "[C]", epsilon: f64 = "added to the variance",
        slope: f64 = "1: no activation, 0: ReLU",
    ) -> differentiable[y, mean, variance] = norm::batch_norm_activated(
        &x, weight.as_ref(), bias.as_ref(), norm::moments(mean.as_ref(), variance.as_ref())?, epsilon, slope,
    );
    /// Normalisation of groups of channels, each image by itself.
    groupNorm(
        x: Tensor = "[B, C, ..]", weight: Option<Tensor> = "[C]", bias: Option<Tensor> = "[C]",
        groups: usize = "divides C", epsilon: f64 = "added to the variance",
    ) -> differentiable[y] = image_norm::group_norm(&x, [weight.as_ref(), bias.as_ref()], groups, epsilon);
    /// Normalisation of the channels of each pixel.
    layerNorm(
        x: Tensor = "[B, C, ..]", weight: Option<Tensor> = "[C]", bias: Option<Tensor> = "[C]",
        epsilon: f64 = "added to the variance",
    ) -> differentiable[y] = image_norm::layer_norm(&x, [weight.as_ref(), bias.as_ref()], epsilon);

    /// e^x over its sum along an axis.
    softmax(x: Tensor, axis: usize = "axis") -> differentiable[y] = softmax::softmax(&x, axis);

    /// Images at another size.
    interpolate(
        x: Tensor = "[B, C, H, W]", size: Pair = "[h, w] of the result", mode: Interpolation = "between pixels",
        alignCorners: bool = "whether the centres of the corner pixels coincide, or the corners of the images",
    ) -> differentiable[y] = resample::interpolate(&x, size, mode, alignCorners);
    /// Channels to pixels, [B, C r^2, H, W] to [B, C, r H, r W].
    pixelShuffle(x: Tensor = "[B, C r^2, H, W]", factor: usize = "r") -> differentiable[y] =
        resample::pixel_shuffle(&x, factor);
    /// Pixels to channels, [B, C, r H, r W] to [B, C r^2, H, W].
    pixelUnshuffle(x: Tensor = "[B, C, r H, r W]", factor: usize = "r") -> differentiable[y] =
        resample::pixel_unshuffle(&x, factor);
    /// x at given positions.
    gridSample(
        x: Tensor = "[B, C, H, W]", grid: Tensor = "positions (x, y) in [-1, 1]: [B, h, w, 2]",
        mode: Interpolation = "between pixels", outside: Outside = "values outside of the image",
        alignCorners: bool = "whether -1 and 1 are the centres of the corner pixels, or the corners of the image",
    ) -> differentiable[y] = sample::grid_sample(&x, &grid, mode, outside, alignCorners);
    /// Images whose pixels (column, row, 1) are those of x that 3 x 3 matrices map them to.
    warp(
        x: Tensor = "[B, C, H, W]", size: Pair = "[h, w] of the result", mode: Interpolation = "between pixels",
        outside: Outside = "values outside of the image; mirrored at the centres of the outer pixels",
        maps: Vec<f64> = "matrices row by row, one for each image or one for all",
    ) -> differentiable[y] = warp::warp(&x, size, mode, outside, &maps);

    /// scale times the discrete Fourier sums over axes, sum_n x_n e^(-2 pi i k n / N).
    fft(
        x: Tensor, dims: Vec<usize> = "axes", complexDim: usize = "axis of size two, (real, imaginary)",
        inverse: bool = "e^(+2 pi i k n / N)", scale: f64 = "factor of the sums",
    ) -> differentiable[y] = fft::fft(&x, &dims, complexDim, inverse, scale);
    /// As fft, but position N / 2 (rounded down) of each axis counts as zero, in x and in the result.
    centredFft(
        x: Tensor, dims: Vec<usize> = "axes", complexDim: usize = "axis of size two, (real, imaginary)",
        inverse: bool = "e^(+2 pi i k n / N)", scale: f64 = "factor of the sums",
    ) -> differentiable[y] = fft::centred_fft(&x, &dims, complexDim, inverse, scale);
    /// Half of the spectrum of real images: scale times the Fourier sums.
    rfft2(
        x: Tensor = "[.., H, W]", scale: f64 = "factor of the sums",
        inner: f64 = "further factor of the columns that stand for their mirror images too",
    ) -> differentiable[spectrum] = spectrum::rfft2(&x, scale, inner);
    /// The transpose of rfft2, and with inner 2 the unscaled inverse.
    irfft2(
        spectrum: Tensor = "[.., H, W / 2 + 1, 2]", width: usize = "W", scale: f64 = "factor of the sums",
        inner: f64 = "further factor of the columns that stand for their mirror images too",
    ) -> differentiable[x] = spectrum::irfft2(&spectrum, width, scale, inner);
    /// a b, or a conj(b), of complex numbers; broadcast.
    complexMul(a: Tensor = "[.., 2]", b: Tensor = "[.., 2]", conjugate: bool = "takes conj(b)")
        -> differentiable[y] = spectrum::complex_mul(&a, &b, conjugate);
    /// Real images with their spectrum multiplied by a response; leading axes are broadcast.
    fourierFilter(
        x: Tensor = "[.., H, W]", response: Tensor = "[.., H, W / 2 + 1, 2]", conjugate: bool = "takes its conjugate",
    ) -> differentiable[y] = spectrum::fourier_filter(&x, &response, conjugate);
    /// Sums of square images along parallel lines, linear between pixels and zero outside (Radon transform).
    radon(
        x: Tensor = "[N, W, W]", circle: bool = "W detectors for the inscribed circle, else as many as the diagonal",
        degrees: Vec<f64> = "angles",
    ) -> differentiable[sinogram] = radon::radon(&x, circle, &degrees);
    /// The transpose of radon, [N, detectors, angles] to [N, W, W].
    radonTranspose(
        y: Tensor = "[N, detectors, angles]", width: usize = "W", circle: bool = "as in radon",
        degrees: Vec<f64> = "angles",
    ) -> differentiable[x] = radon::radon_transpose(&y, width, circle, &degrees);

    /// Non-local Bayes: images with white Gaussian noise, denoised by their similar patches.
    nonLocal(
        x: Tensor = "[B, C, H, W]", guide: Tensor = "[B, C, H, W], the result of another denoiser",
        sigma: f64 = "standard deviation of the noise, above 0",
    ) -> constant[y] = non_local::non_local(&x, &guide, sigma);

    /// One step of Adam (Kingma, Ba 2015, arXiv:1412.6980) for any number of parameters of one device and type.
    adamStep(
        factor: Option<Tensor> = "of the gradients, one element; below 0 nothing changes",
        tensors: Vec<Tensor> = "for each parameter itself, gradient, first and second moment, of one shape",
        step: i64 = "number of this step, from 1", decoupled: bool = "weight decay apart from the gradient (AdamW)",
        learningRate: f64 = "above 0", beta1: f64 = "decay of the first moment", beta2: f64 = "of the second",
        epsilon: f64 = "added to the root of the second moment", weightDecay: f64 = "0: none",
    ) -> constants[updated] = optim::adam_step(
        factor.as_ref(), &tensors,
        Adam { step, decoupled, rate: learningRate, beta1, beta2, epsilon, decay: weightDecay },
    );
    /// a + weight (factor b - a) for any number of pairs of tensors.
    lerp(
        tensors: Vec<Tensor> = "for each pair a and b, of one shape", weight: f64 = "of b",
        factors: Vec<f64> = "one for each pair, or none, which stands for ones",
    ) -> constants[means] = optim::lerp(weight, &factors, &tensors);
    /// The factor of gradients of a scaled loss, which divides by the scale and clips, or -1 where one is not finite.
    unscale(
        state: Tensor = "scale, and steps since it changed", tensors: Vec<Tensor> = "of one device and type",
        limit: f64 = "largest norm",
    ) -> constant[factor, state] = optim::unscale(limit, &state, &tensors);
    /// min(1, limit / (norm + 1e-6)), norm the Euclidean norm of all tensors together.
    clipFactor(tensors: Vec<Tensor> = "of one device and type", limit: f64 = "largest norm") -> constant[factor] =
        optim::clip_factor(limit, &tensors);
}
