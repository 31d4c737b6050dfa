import {
  ArgumentError,
  checkFlag,
  checkFunction,
  checkList,
  checkNumber,
  checkObject,
  checkOptions,
} from "../runtime/index.js";
import { checkTensor, noGrad, Tensor, tidy } from "../tensor/index.js";
import { checkGridSize, invariant, localAverage, setNumbers, withoutSet } from "./pixel-sets.js";

/** One value of each list. */
export type Choice<P extends Readonly<Record<string, readonly unknown[]>>> = { readonly [K in keyof P]: P[K][number] };

/** Options of {@link calibrateDenoiser}. */
export interface CalibrateDenoiserOptions<P extends Readonly<Record<string, readonly unknown[]>>> {
  /** The noisy images, `[B, C, H, W]`. */
  y: Tensor;
  /** The denoiser: noisy images and one choice of parameters to images of the same shape. */
  denoiser: (y: Tensor, parameters: Choice<P>) => Tensor;
  /** For each parameter the values to try; all combinations are tried, at most 10,000. */
  parameters: P;
  /** Period of the grids, from 2 to 16: one pixel of `width` x `width` is hidden at a time. Default: 4. */
  width?: number;
  /** Whether all `width^2` sets of pixels are hidden in turn, instead of one: slower, less random. Default: false. */
  everySet?: boolean;
}

/** What {@link calibrateDenoiser} found. */
export interface Calibration<P extends Readonly<Record<string, readonly unknown[]>>> {
  /** The choice with the smallest error. */
  readonly parameters: Choice<P>;
  /** Its error: the mean squared error of the J-invariant denoiser plus the variance of the noise. */
  readonly error: number;
  /** All choices with their errors, in the order of the lists; NaN where the denoiser gave no finite values. */
  readonly tried: readonly { readonly parameters: Choice<P>; readonly error: number }[];
  /** The J-invariant denoiser with the best parameters, without gradients: `width^2` passes of the denoiser. */
  readonly denoise: (y: Tensor) => Tensor;
}

const NAME = "calibrateDenoiser";
const MOST_CHOICES = 10_000;

/**
 * Chooses the parameters of any denoiser from noisy images alone (Batson, Royer, "Noise2Self: Blind denoising by
 * self-supervision", 2019, arXiv:1901.11365; scikit-image's `calibrate_denoiser`).
 *
 * For each choice p of the parameters it computes `|1_J (R_p(1_J s(y) + (1 - 1_J) y) - y)|^2 / |J|`: J is a grid of
 * period `width`, s the mean of the eight neighbours, so that the denoiser R_p does not see the pixels of J. For noise
 * of zero mean that is independent between pixels the mean is the squared error of the J-invariant denoiser on J plus
 * the variance of the noise, which is the same for every p. The best parameters of the denoiser itself, which sees the
 * pixels of J too, are near: it can smooth a little less.
 *
 * A network is made J-invariant by `new Noise2SelfLoss().adaptModel(network)`.
 *
 * @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument`, also where the denoiser gives another
 * shape; ShapeError `shape_mismatch` where y is no image of at least `width` x `width` pixels.
 */
export async function calibrateDenoiser<P extends Readonly<Record<string, readonly unknown[]>>>(
  options: CalibrateDenoiserOptions<P>,
): Promise<Calibration<P>> {
  checkOptions(NAME, options, ["y", "denoiser", "parameters", "width", "everySet"]);
  const { y, denoiser } = options;
  checkTensor(NAME, "y", y);
  checkFunction(NAME, "denoiser", denoiser);
  const width = checkNumber(NAME, "width", options.width ?? 4, { integer: true, min: 2, max: 16 });
  const everySet = checkFlag(NAME, "everySet", options.everySet, false);
  checkGridSize(NAME, y, width);
  const choices = combinations<P>(options.parameters);

  const restore = (input: Tensor, parameters: Choice<P>) => checkedResult(denoiser(input, parameters), input);
  const errorOf = everySet
    ? (parameters: Choice<P>) =>
        invariant(y, width, (input) => restore(input, parameters))
          .sub(y)
          .square()
          .mean()
    : (parameters: Choice<P>) => {
        // The grid in the middle of each square.
        const set = setNumbers(y, width).eq(Math.floor(width / 2) * (width + 1));
        const difference = restore(withoutSet(y, localAverage(y), set), parameters).sub(y);
        return difference.square().mul(set).mean().div(set.mean());
      };
  const tried = [];
  for (const parameters of choices) {
    const error = tidy(() => noGrad(() => errorOf(parameters)));
    const value = await error.item();
    error.dispose();
    tried.push({ parameters, error: Number.isFinite(value) ? value : Number.NaN });
  }
  const finite = tried.filter(({ error }) => !Number.isNaN(error));
  if (finite.length === 0) {
    throw new ArgumentError(
      `${NAME}: the denoiser gives values that are not finite with every choice; check y and the denoiser.`,
      "invalid_argument",
    );
  }
  const best = finite.reduce((a, b) => (b.error < a.error ? b : a));
  return {
    ...best,
    tried,
    denoise: (images) => invariant(images, width, (input) => restore(input, best.parameters)),
  };
}

/** One value of each list, in all ways; the last list changes fastest. */
function combinations<P extends Readonly<Record<string, readonly unknown[]>>>(parameters: P): Choice<P>[] {
  checkObject(NAME, "parameters", parameters);
  let choices: Readonly<Record<string, unknown>>[] = [{}];
  for (const [key, list] of Object.entries(parameters)) {
    const values = checkList(NAME, `parameters.${key}`, list, MOST_CHOICES);
    if (values.length === 0 || choices.length * values.length > MOST_CHOICES) {
      throw new ArgumentError(
        `${NAME}: parameters.${key} has ${values.length} values, ${choices.length * values.length} choices in all; ` +
          `expected at least one value and at most ${MOST_CHOICES} choices.`,
        "invalid_argument",
      );
    }
    choices = choices.flatMap((choice) => values.map((value) => ({ ...choice, [key]: value })));
  }
  return choices as Choice<P>[];
}

function checkedResult(result: unknown, input: Tensor): Tensor {
  if (result instanceof Tensor && result.shape.join() === input.shape.join()) return result;
  const shape = result instanceof Tensor ? `a tensor of shape [${result.shape.join(", ")}]` : `${typeof result}`;
  throw new ArgumentError(
    `${NAME}: the denoiser gave ${shape}, expected a tensor of shape [${input.shape.join(", ")}].`,
    "invalid_argument",
  );
}
