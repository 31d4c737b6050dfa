import { PhysicsGenerator } from "../../physics/index.js";
import { Rng } from "../../random/index.js";
import { ArgumentError, ShapeError } from "../../runtime/index.js";
import { keep, noGrad, Tensor, tidy, where, zeros } from "../../tensor/index.js";
import type { OptionReader, OptionReaders, OptionValues } from "../options.js";

/** Where the probabilities of the columns come from: given as tensors, or estimated from draws of generators. */
export interface ColumnWeightOptions {
  /** Draws the splitting masks, such as a `MultiplicativeSplittingMaskGenerator`. */
  maskGenerator: PhysicsGenerator;
  /** Draws the masks of the measurements. */
  physicsGenerator?: PhysicsGenerator;
  /** Probability of each column under the mask of the measurements, `[W]`, instead of draws of `physicsGenerator`. */
  pdf?: Tensor;
  /** Probability of each column under the splitting mask, `[W]`, instead of draws of `maskGenerator`. */
  pdfSplit?: Tensor;
}

const maskGeneratorOption: OptionReader<PhysicsGenerator> = (value, name, key) => {
  if (value instanceof PhysicsGenerator) return value;
  throw new ArgumentError(
    `${name}: ${key} must be a generator, such as new MultiplicativeSplittingMaskGenerator({ imgSize, ` +
      "splitGenerator }).",
    "missing_argument",
  );
};

/** A generator of masks; whether one is needed depends on other options. */
export const physicsGeneratorOption: OptionReader<PhysicsGenerator | undefined> = (value) =>
  value instanceof PhysicsGenerator ? value : undefined;

const probabilitiesOption: OptionReader<Tensor | undefined> = (value, name, key) => {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Tensor) return value;
  throw new ArgumentError(
    `${name}: ${key} must be a tensor of probabilities, one for each column.`,
    "invalid_argument",
  );
};

/** Readers of {@link ColumnWeightOptions}. */
export const COLUMN_OPTIONS = {
  maskGenerator: maskGeneratorOption,
  physicsGenerator: physicsGeneratorOption,
  pdf: probabilitiesOption,
  pdfSplit: probabilitiesOption,
} satisfies OptionReaders<ColumnWeightOptions>;

/** Draws from which probabilities are estimated, with a fixed seed. */
const DRAWS = { count: 2000, seed: 0, batchSize: 50 } as const;
const TINY = 1e-9;

/** The weights `(1 - K)^(-1/2)` of the columns, `K = (1 - P_split P)^(-1) (1 - P)`, cached by width. */
export class ColumnWeights {
  readonly #name: string;
  readonly #options: OptionValues<typeof COLUMN_OPTIONS>;
  readonly #cache = new Map<number, Tensor>();

  /** @throws ArgumentError `missing_argument` where neither `pdf` nor `physicsGenerator` is given. */
  constructor(name: string, options: OptionValues<typeof COLUMN_OPTIONS>) {
    if (!options.pdf && !options.physicsGenerator) {
      throw new ArgumentError(
        `${name}: physicsGenerator is missing; it is what drew the masks of the measurements, such as ` +
          "new GaussianMaskGenerator({ imgSize }). Or pass pdf.",
        "missing_argument",
      );
    }
    this.#name = name;
    this.#options = options;
  }

  /** Weights for images of size `[H, W]`: a tensor `[1, W]`. */
  of(imgSize: readonly number[]): Tensor {
    const width = imgSize[imgSize.length - 1] as number;
    const weights = this.#cache.get(width) ?? keep(tidy(() => noGrad(() => this.#compute(imgSize, width))));
    this.#cache.set(width, weights);
    return weights;
  }

  #compute(imgSize: readonly number[], width: number): Tensor {
    const { pdf, pdfSplit, physicsGenerator, maskGenerator } = this.#options;
    const p = this.#columns("pdf", pdf ?? averageMask(physicsGenerator as PhysicsGenerator, imgSize), width);
    const split = this.#columns("pdfSplit", pdfSplit ?? averageMask(maskGenerator, imgSize), width)
      .to(p.dtype)
      .to(p.device);
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
        `${this.#name}: ${key} has shape [${probabilities.shape.join(", ")}], but the measurements are ${width} ` +
          "columns wide.",
        "shape_mismatch",
      );
    }
    return probabilities.reshape([probabilities.size / width, width]).mean(0);
  }
}

/** The probability of each entry to be measured by a generator's masks, that is, not to be 0: `[1, ...]`. */
export function averageMask(generator: PhysicsGenerator, imgSize?: readonly number[]): Tensor {
  const rng = new Rng(DRAWS.seed);
  let sum: Tensor | undefined;
  for (let done = 0; done < DRAWS.count; done += DRAWS.batchSize) {
    const { mask } = generator.step(DRAWS.batchSize, { rng, ...(imgSize ? { imgSize } : {}) });
    if (!mask)
      throw new ArgumentError(
        `${generator.constructor.name}: returns no "mask"; use a generator of masks.`,
        "invalid_argument",
      );
    const measured = mask.ne(0).to(mask.dtype).sum(0, true);
    sum = sum ? sum.add(measured) : measured;
  }
  return (sum as Tensor).div(DRAWS.count);
}
