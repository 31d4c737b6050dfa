import { PhysicsGenerator } from "../../physics/index.js";
import { ArgumentError, ShapeError } from "../../runtime/index.js";
import { keep, noGrad, Tensor, tidy, where, zeros } from "../../tensor/index.js";

/** Where the probabilities of the columns come from: given as tensors, or from draws of a generator. */
export interface KWeightOptions {
  /** Draws the masks of the measurements. */
  physicsGenerator?: PhysicsGenerator;
  /** Probability of each column under the mask of the measurements, `[W]`; instead of draws of `physicsGenerator`. */
  pdf?: Tensor;
  /** Probability of each column under the splitting mask, `[W]`; instead of draws of `maskGenerator`. */
  pdfSplit?: Tensor;
}

/** Draws from which probabilities are estimated, always the same ones. */
const DRAWS = { count: 2000, seed: 0, batchSize: 50 } as const;
const TINY = 1e-9;

/** The weights `(1 - K)^(-1/2)` of the columns, `K = (1 - P_split P)^(-1) (1 - P)`, kept for each width. */
export class KWeight {
  readonly #name: string;
  readonly #maskGenerator: PhysicsGenerator;
  readonly #options: KWeightOptions;
  readonly #known = new Map<number, Tensor>();

  constructor(name: string, maskGenerator: PhysicsGenerator | undefined, options: KWeightOptions) {
    if (!(maskGenerator instanceof PhysicsGenerator)) {
      throw new ArgumentError(
        `${name}: maskGenerator must be a generator, such as new MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator }).`,
        "missing_argument",
      );
    }
    if (options.pdf === undefined && !(options.physicsGenerator instanceof PhysicsGenerator)) {
      throw new ArgumentError(
        `${name}: physicsGenerator is missing; it is what drew the masks of the measurements, such as new GaussianMaskGenerator({ imgSize }). Or pass pdf.`,
        "missing_argument",
      );
    }
    for (const [key, value] of Object.entries({ pdf: options.pdf, pdfSplit: options.pdfSplit })) {
      if (value !== undefined && !(value instanceof Tensor))
        throw new ArgumentError(
          `${name}: ${key} must be a tensor of probabilities, one for each column.`,
          "invalid_argument",
        );
    }
    this.#name = name;
    this.#maskGenerator = maskGenerator;
    this.#options = options;
  }

  /** Weights for images of a size `[H, W]`: a tensor `[1, W]`. */
  of(imgSize: readonly number[]): Tensor {
    const width = imgSize[imgSize.length - 1] as number;
    const known = this.#known.get(width) ?? keep(tidy(() => noGrad(() => this.#compute(imgSize, width))));
    this.#known.set(width, known);
    return known;
  }

  #compute(imgSize: readonly number[], width: number): Tensor {
    const { pdf, pdfSplit, physicsGenerator } = this.#options;
    const p = this.#columns("pdf", pdf ?? average(physicsGenerator as PhysicsGenerator, imgSize), width);
    const split = this.#columns("pdfSplit", pdfSplit ?? average(this.#maskGenerator, imgSize), width);
    // A column that is never predicted has 1 - P_split P = 0 and, always sampled, 1 - P = 0: its K counts as 0.
    const never = split.mul(p).neg().add(1);
    const safe = never.gt(TINY);
    const k = where(
      safe,
      p
        .neg()
        .add(1)
        .div(where(safe, never, zeros([]).to(p.device).to(p.dtype).add(1))),
      p.mul(0),
    );
    return k.neg().add(1).clamp(TINY).pow(-0.5).reshape([1, width]);
  }

  #columns(key: string, probabilities: Tensor, width: number): Tensor {
    if (probabilities.shape[probabilities.shape.length - 1] !== width) {
      throw new ShapeError(
        `${this.#name}: ${key} has shape [${probabilities.shape.join(", ")}], but the measurements are ${width} columns wide.`,
        "shape_mismatch",
      );
    }
    return probabilities.reshape([probabilities.size / width, width]).mean(0);
  }
}

/** The probability of each entry of a generator's masks. */
export function average(generator: PhysicsGenerator, imgSize?: readonly number[]): Tensor {
  const { mask } = generator.average(DRAWS.count, {
    seed: DRAWS.seed,
    batchSize: DRAWS.batchSize,
    ...(imgSize ? { imgSize } : {}),
  });
  if (!mask)
    throw new ArgumentError(
      `${generator.constructor.name}: gives no "mask"; use a generator of masks.`,
      "invalid_argument",
    );
  return mask;
}
