import { cat, ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/**
 * Centred orthonormal Fourier transform of `[B, 2, ...]` (real and imaginary part in dimension 1) over `dims`:
 * `fftshift(fft(ifftshift(x)))`, or its inverse, which is also its transpose.
 */
export function centredFft(x: Tensor, dims: readonly number[], options: { inverse?: boolean } = {}): Tensor {
  checkArguments("centredFft", options, ["inverse"]);
  const count = dims.reduce((n, d) => n * (x.shape[d] ?? 1), 1);
  return ops.centredFft(x, dims, 1, options.inverse ?? false, 1 / Math.sqrt(count));
}

/** Options of {@link complexMul} and {@link fourierFilter}. */
export interface ConjugateArguments {
  /** Whether the second operand is conjugated. Default: false. */
  conjugate?: boolean;
}

/** `a b`, or `a conj(b)`, of complex tensors `[..., 2]` with real and imaginary part in the last dimension. */
export function complexMul(a: Tensor, b: Tensor, options: ConjugateArguments = {}): Tensor {
  checkArguments("complexMul", options, ["conjugate"]);
  return ops.complexMul(a, b, options.conjugate ?? false);
}

/**
 * Unscaled Fourier transform of real images `[B, C, H, W]`, the columns that determine the others:
 * `[B, C, H, floor(W / 2) + 1, 2]`. Of a filter as large as the images it is the response that {@link fourierFilter}
 * takes.
 */
export function halfSpectrum(x: Tensor): Tensor {
  return ops.rfft2(x, 1, 1);
}

/** The inverse of {@link halfSpectrum} for images of a width. */
export function fromHalfSpectrum(s: Tensor, width: number): Tensor {
  return ops.irfft2(s, width, 1 / ((s.shape[2] ?? 1) * width), 2);
}

/**
 * Circular convolution of images `[B, C, H, W]` with the filter of a response, a {@link halfSpectrum}; with `conjugate`
 * its transpose.
 */
export function fourierFilter(x: Tensor, response: Tensor, options: ConjugateArguments = {}): Tensor {
  checkArguments("fourierFilter", options, ["conjugate"]);
  return ops.fourierFilter(x, response, options.conjugate ?? false);
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
