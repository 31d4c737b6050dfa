import { cat, ops, type Tensor } from "../../tensor/index.js";

/**
 * Centred orthonormal Fourier transform of `[B, 2, ...]` (real and imaginary part in dimension 1) over `dims`:
 * `fftshift(fft(ifftshift(x)))`, or its inverse, which is also its transpose.
 */
export function centredFourier(x: Tensor, dims: readonly number[], inverse: boolean): Tensor {
  const count = dims.reduce((n, d) => n * (x.shape[d] ?? 1), 1);
  return ops.centredFft(x, [...dims], 1, inverse, 1 / Math.sqrt(count));
}

/** `a b` (or `a conj(b)`) of complex tensors with real and imaginary part in the last dimension. */
export function complexMul(a: Tensor, b: Tensor, conjugate: boolean): Tensor {
  return ops.complexMul(a, b, conjugate);
}

/**
 * Unscaled Fourier transform of real images `[B, C, H, W]`, the columns that determine the others: `[B, C, H, floor(W /
 * 2) + 1, 2]`. Of a filter in the size of the images it is their {@link circular} convolution's response.
 */
export function halfSpectrum(x: Tensor): Tensor {
  return ops.rfft2(x, 1, 1);
}

/** The inverse of {@link halfSpectrum} for images of a width. */
export function fromHalfSpectrum(s: Tensor, width: number): Tensor {
  return ops.irfft2(s, width, 1 / ((s.shape[2] ?? 1) * width), 2);
}

/** Circular convolution of images `[B, C, H, W]` with the filter of a response, or its transpose. */
export function circular(x: Tensor, response: Tensor, transpose: boolean): Tensor {
  return ops.fourierFilter(x, response, transpose);
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
