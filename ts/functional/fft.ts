import { checkList, checkWord } from "../runtime/index.js";
import { axis, handleOf, operators, Tensor, checkTensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link fft2} and {@link ifft2}. */
export interface FftArguments {
  /** The dimension of size 2 that holds real and imaginary part. Default: 1, the channels of an image. */
  complexDim?: number;
  /** Dimensions to transform. Default: the last two. */
  dims?: readonly number[];
  /**
   * `"backward"` scales the inverse by 1 / n, `"ortho"` both by 1 / sqrt(n), `"forward"` the forward transform by
   * 1 / n. Default: `"backward"`.
   */
  norm?: "backward" | "ortho" | "forward";
}

function transform(caller: string, x: Tensor, inverse: boolean, options: FftArguments): Tensor {
  checkArguments(caller, options, ["complexDim", "dims", "norm"]);
  const rank = checkTensor(caller, "x", x).shape.length;
  const complexDim = axis(caller, options.complexDim ?? 1, rank);
  const dims = checkList(caller, "dims", options.dims ?? [-2, -1], rank).map((dim) => axis(caller, dim, rank));
  const n = dims.reduce((product, d) => product * (x.shape[d] ?? 1), 1);
  const norm = checkWord(caller, "norm", options.norm ?? "backward", ["backward", "ortho", "forward"]);
  const scale = norm === "ortho" ? n ** -0.5 : (norm === "backward") === inverse ? 1 / n : 1;
  return new Tensor(operators.fft(handleOf(x), dims, complexDim, inverse, scale));
}

/**
 * Discrete Fourier transform over the last two (or given) dimensions, of any size:
 * `y_k = s sum_n x_n exp(-2 pi i k n / N)`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_axis`, `invalid_argument`, `unknown_option`.
 */
export function fft2(x: Tensor, options: FftArguments = {}): Tensor {
  return transform("fft2", x, false, options);
}

/**
 * Inverse of {@link fft2} with the same options: `x_n = s sum_k y_k exp(+2 pi i k n / N)`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_axis`, `invalid_argument`, `unknown_option`.
 */
export function ifft2(x: Tensor, options: FftArguments = {}): Tensor {
  return transform("ifft2", x, true, options);
}
