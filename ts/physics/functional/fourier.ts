import { cat, ops, type Tensor } from "../../tensor/index.js";

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

/** `a b` (or `a conj(b)`) of complex tensors with real and imaginary part in the last dimension. */
export function complexMul(a: Tensor, b: Tensor, conjugate: boolean): Tensor {
  const [ar, ai, br, bi] = [a.select(4, 0), a.select(4, 1), b.select(4, 0), b.select(4, 1)];
  const re = conjugate ? ar.mul(br).add(ai.mul(bi)) : ar.mul(br).sub(ai.mul(bi));
  const im = conjugate ? ai.mul(br).sub(ar.mul(bi)) : ar.mul(bi).add(ai.mul(br));
  return cat([re.unsqueeze(4), im.unsqueeze(4)], 4);
}

/** Unscaled Fourier transform of real images `[B, C, H, W]`, times `scale`: `[B, C, H, W, 2]`. */
export function spectrum(x: Tensor, scale: number): Tensor {
  const real = x.unsqueeze(4);
  return ops.fft(cat([real, real.mul(0)], 4), [2, 3], 4, false, scale);
}

/** Real part of the unscaled inverse transform of a spectrum `[B, C, H, W, 2]`, times `scale`: `[B, C, H, W]`. */
export function fromSpectrum(s: Tensor, scale: number): Tensor {
  return ops.fft(s, [2, 3], 4, true, scale).select(4, 0);
}
