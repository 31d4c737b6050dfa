import { ops, type Tensor } from "../../tensor/index.js";

/** Half the length of each dimension, by which the centre moves to the corner (negative) or back. */
function halves(x: Tensor, dims: readonly number[], sign: 1 | -1): number[] {
  return dims.map((d) => sign * Math.floor((x.shape[d] ?? 0) / 2));
}

/**
 * Centred orthonormal Fourier transform of `[B, 2, ...]` (real and imaginary part in dimension 1) over `dims`:
 * `fftshift(fft(ifftshift(x)))`, or its inverse, which is also its transpose.
 */
export function centredFourier(x: Tensor, dims: readonly number[], inverse: boolean): Tensor {
  const count = dims.reduce((n, d) => n * (x.shape[d] ?? 1), 1);
  const cornered = x.roll(halves(x, dims, -1), [...dims]);
  const spectrum = ops.fft(cornered, [...dims], 1, inverse, 1 / Math.sqrt(count));
  return spectrum.roll(halves(x, dims, 1), [...dims]);
}
