import { ArgumentError } from "../../runtime/index.js";
import { ops } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { codeOf } from "./common.js";

/** Options of the Fourier transforms. */
export interface FftArguments {
  /** The dimension of size 2 that holds real and imaginary part; default 1 (the channel of an image). */
  complexDim?: number;
  /** Dimensions to transform; default the last two. */
  dims?: readonly number[];
  /** "backward" scales the inverse by 1/n (default), "ortho" both by 1/sqrt(n), "forward" the forward one by 1/n. */
  norm?: "backward" | "ortho" | "forward";
}

function transform(name: string, x: Tensor, inverse: boolean, options: FftArguments): Tensor {
  const rank = x.shape.length;
  const index = (d: number): number => {
    const at = d < 0 ? d + rank : d;
    if (!Number.isInteger(at) || at < 0 || at >= rank)
      throw new ArgumentError(
        `${name}: dimension ${d} does not exist in shape [${x.shape.join(",")}]`,
        "invalid_argument",
      );
    return at;
  };
  const complexDim = index(options.complexDim ?? 1);
  const dims = (options.dims ?? [-2, -1]).map(index);
  const n = dims.reduce((product, d) => product * (x.shape[d] ?? 1), 1);
  const power = codeOf(name, "norm", options.norm ?? "backward", {
    backward: inverse ? 1 : 0,
    ortho: 0.5,
    forward: inverse ? 0 : 1,
  });
  return ops.fft(x, dims, complexDim, inverse ? 1 : 0, n ** -power);
}

/**
 * Discrete Fourier transform over the last two (or given) dimensions: y_k = s sum_n x_n exp(-2 pi i k n / N). Any size.
 */
export function fft2(x: Tensor, options: FftArguments = {}): Tensor {
  return transform("fft2", x, false, options);
}

/** Inverse of {@link fft2} with the same options: x_n = s sum_k y_k exp(+2 pi i k n / N). */
export function ifft2(x: Tensor, options: FftArguments = {}): Tensor {
  return transform("ifft2", x, true, options);
}
