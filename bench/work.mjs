// The work of a case, counted from shapes: FLOPs, of which a multiply-add is two, and bytes, the operands and results
// of each operator once, in float32. Not counted: exponentials, random numbers, what a step computes a second time to
// save memory; of networks activations, norms, borders and the optimiser.

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);
const BYTES = 4;

/** Work of so many entries, each read or written once, and so many FLOPs. */
export const work = (entries, flops = 0) => ({ flops, bytes: BYTES * entries });

export const total = (...works) => ({
  flops: works.reduce((sum, { flops }) => sum + flops, 0),
  bytes: works.reduce((sum, { bytes }) => sum + bytes, 0),
});
export const times = (count, { flops, bytes }) => ({ flops: count * flops, bytes: count * bytes });

/** Of `[a, b, c]`: `b x c` products of a rows, so many times. */
export const matmul = (rows, inner, columns, count = 1) =>
  work(count * (rows * inner + inner * columns + rows * columns), 2 * count * rows * inner * columns);

/** The shape of a convolution of images `[B, C, H, W]` with filters `[O, C / groups, h, w]`. */
export function convolved([batch, , ...sides], [outputs, , ...window], { stride = 1, padding = 0, dilation = 1 } = {}) {
  const side = (n, k) => Math.floor((n + 2 * padding - dilation * (window[k] - 1) - 1) / stride) + 1;
  return [batch, outputs, ...sides.map(side)];
}

/**
 * A convolution: `2 |y| (C / groups) h w` FLOPs. The gradient in the images or in the filters takes as many, and the
 * same three arrays.
 */
export function convolution(shape, filters, options) {
  const y = product(convolved(shape, filters, options));
  return work(product(shape) + product(filters) + y, 2 * y * product(filters.slice(1)));
}

/** A transposed convolution with filters `[C, O, h, w]`: that of the result's shape, read backwards. */
export function transposedConvolution([batch, channels, ...sides], filters, { stride = 1 } = {}) {
  const wide = [batch, filters[1], ...sides.map((n, k) => (n - 1) * stride + filters[2 + k])];
  return convolution(wide, [channels, ...filters.slice(1)], { stride });
}

/** The squared norm of so many entries, `|y|^2`, and its gradient `2 y`. */
export const squaredNorm = (entries) => work(3 * entries, 3 * entries);

/** A linear operator from `from` to `to` entries, its squared norm, and the gradient, which applies the adjoint. */
export const squaredLinear = (from, to, flops, parameters = 0) =>
  total(times(2, work(from + to + parameters, flops)), squaredNorm(to));

/** FLOPs of complex Fourier transforms of `points`, so many times: `5 n log2 n`. */
export const fourier = (points, count = 1) => 5 * count * points * Math.log2(points);

/** The convolutions of a network, in a forward pass only. */
export const evaluated = (layers) => total(...layers.map((layer) => layer.forward));

/** A forward pass, and the gradients in all weights; in the images, too, if they depend on weights. */
export const trained = (layers, ofImages = false) =>
  total(...layers.map(({ forward }, k) => times(k === 0 && !ofImages ? 2 : 3, forward)));
