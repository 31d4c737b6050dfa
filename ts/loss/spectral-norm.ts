import { safeSqrt } from "../functional/index.js";
import { type RandomSource, resolveRng } from "../random/index.js";
import { ArgumentError, ShapeError, LARGEST, checkFunction } from "../runtime/index.js";
import { grad, Tensor, tidy, vjp, where, zeros, checkTensor } from "../tensor/index.js";
import {
  flag,
  number,
  optionalNumber,
  type OptionReader,
  type OptionReaders,
  type OptionValues,
  randomStream,
  readOptions,
  word,
} from "./options.js";

/** Options of {@link jacobianSpectralNorm} and of the losses made from it. */
export interface SpectralNormOptions {
  /** Maximum number of power iterations. Default: 10. */
  maxIter?: number;
  /** The iteration stops for an image whose squared norm changes by less than this; 0 never stops. Default: 1e-3. */
  tol?: number;
  /** Only the value, which cannot be differentiated; needs less memory. Default: false. */
  evalMode?: boolean;
  /** Largest norm of the batch, mean, sum, or (`"none"` or null) one norm for each image. Default: `"max"`. */
  reduction?: "max" | "mean" | "sum" | "none" | null;
  /** Number of images, the first of the batch, that are evaluated. Default: all. */
  reducedBatchsize?: number;
  /** Random stream of the initial vectors, unless a call brings its own. */
  rng?: RandomSource;
}

const REDUCTIONS = ["max", "mean", "sum", "none"] as const;

const oneReduction = word(REDUCTIONS, "max");
const reductionOption: OptionReader<(typeof REDUCTIONS)[number]> = (value, name, key) =>
  value === null ? "none" : oneReduction(value, name, key);

/** Readers of {@link SpectralNormOptions}. */
export const SPECTRAL_NORM_OPTIONS = {
  maxIter: number(10, { integer: true, min: 1, max: LARGEST.draws }),
  tol: number(1e-3, { min: 0 }),
  evalMode: flag(false),
  reduction: reductionOption,
  reducedBatchsize: optionalNumber({ integer: true, min: 1 }),
  rng: randomStream,
} satisfies OptionReaders<SpectralNormOptions>;

/** Checked options, with their defaults. */
export type SpectralNormSettings = Omit<OptionValues<typeof SPECTRAL_NORM_OPTIONS>, "rng">;

/** The first images of a batch. */
export function firstImages(x: Tensor, count: number | undefined): Tensor {
  if (count === undefined || count >= (x.shape[0] ?? 0)) return x;
  return x.slice(
    x.shape.map(() => 0),
    [count, ...x.shape.slice(1)],
  );
}

/**
 * The spectral norm of the Jacobian J of a function at each image, `|J|_2`, by the power method on `J^T J`.
 *
 * One iteration takes `u` to `J^T J u / |J^T J u|`, with products `J u` and `J^T v` from the tape; the norm is `|J u|`,
 * a lower bound that increases to the largest singular value. Convergence is tested on the device: nothing is read
 * back. The result can be differentiated, through all iterations (second derivatives of `f`). (Pesquet,
 * Repetti, Terris, Wiaux, "Learning maximally monotone operators for image recovery", 2021, arXiv:2012.13247.)
 *
 * @param f maps `[B, ...]` to `[B, ...]`, each image by itself (no batch norm in training mode).
 * @param x the point, shape `[B, ...]`.
 * @returns a scalar, or shape `[B]` with the reduction `"none"`.
 * @throws ArgumentError `unknown_option`, `invalid_argument`; ShapeError `shape_mismatch` where f changes the number of
 * images.
 *
 * @example jacobianSpectralNorm((x) => x.mul(3), ones([1, 1, 4, 4]))   // 3
 */
export function jacobianSpectralNorm(f: (x: Tensor) => Tensor, x: Tensor, options: SpectralNormOptions = {}): Tensor {
  const caller = "jacobianSpectralNorm";
  const settings = readOptions(caller, options, SPECTRAL_NORM_OPTIONS);
  checkFunction(caller, "f", f);
  if (checkTensor(caller, "x", x).shape.length < 2)
    throw new ArgumentError(`${caller}: x has shape [${x.shape.join(", ")}], expected [B, ...].`, "invalid_argument");
  return spectralNorm(caller, f, firstImages(x, settings.reducedBatchsize), settings, resolveRng(settings.rng));
}

/** {@link jacobianSpectralNorm} with checked settings, for all images of x. */
export function spectralNorm(
  caller: string,
  f: (x: Tensor) => Tensor,
  x: Tensor,
  settings: SpectralNormSettings,
  rng: RandomSource,
): Tensor {
  return tidy(() => {
    // vjp records what it runs, also within noGrad.
    const [norms] = vjp((input) => powerMethod(caller, f(input), input, settings, rng), x);
    const value = settings.evalMode ? norms.detach() : norms;
    if (settings.reduction === "max") return value.max();
    if (settings.reduction === "mean") return value.mean();
    return settings.reduction === "sum" ? value.sum() : value;
  });
}

function powerMethod(
  caller: string,
  output: Tensor,
  input: Tensor,
  { maxIter, tol, evalMode }: SpectralNormSettings,
  rng: RandomSource,
): Tensor {
  const batch = input.shape[0] as number;
  if (checkTensor(caller, "the function's value", output).shape[0] !== batch) {
    throw new ShapeError(
      `${caller}: the function maps shape [${input.shape.join(", ")}] to [${output.shape.join(", ")}]; the number of ` +
        "images must not change.",
      "shape_mismatch",
    );
  }
  const { dtype, device } = output;
  const createGraph = !evalMode;
  // J u is the derivative of w -> J^T w, which is linear, applied to u.
  const w = zeros(output.shape, { dtype, device, requiresGrad: true });
  const transposeProduct = (v: Tensor, graph: boolean): Tensor =>
    grad(output, [input], { gradOutputs: [v], createGraph: graph, allowUnused: true })[0] as Tensor;
  const jtw = output.requiresGrad ? transposeProduct(w, true) : undefined;
  let u = unit(rng.normal([...input.shape], input));
  if (!jtw?.requiresGrad) return zeros([batch], { dtype, device });

  let squared: Tensor | undefined;
  let converged: Tensor | undefined;
  for (let i = 0; i < maxIter; i++) {
    const ju = grad(jtw, [w], { gradOutputs: [u], createGraph, allowUnused: true })[0] as Tensor;
    const before = squared;
    const next = flat(ju).square().sum(1);
    squared = before && converged ? where(converged, before, next) : next;
    if (i === maxIter - 1) break;
    if (before && tol > 0) {
      const still = squared.detach().sub(before.detach()).abs().lt(tol);
      converged = converged ? converged.maximum(still) : still;
    }
    u = unit(transposeProduct(ju, createGraph));
  }
  return safeSqrt(squared as Tensor);
}

function flat(t: Tensor): Tensor {
  return t.reshape([t.shape[0] as number, -1]);
}

/** Each image divided by its norm; an image of zeros stays zero. */
function unit(t: Tensor): Tensor {
  const norm = flat(t)
    .norm(2, 1)
    .reshape([t.shape[0] as number, ...t.shape.slice(1).map(() => 1)]);
  return t.div(norm.add(norm.detach().eq(0)));
}
