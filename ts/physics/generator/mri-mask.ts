import { uniformValues, type RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber, LARGEST } from "../../runtime/index.js";
import { fromHostValues, type Tensor } from "../../tensor/index.js";
import { checkImgSize } from "../argument-checks.js";
import {
  PhysicsGenerator,
  type GeneratedParameters,
  type GeneratorOptions,
  type StepOptions,
  checkNames,
} from "./generator.js";

/** Options of the generators of MRI masks. */
export interface MRIMaskGeneratorOptions extends GeneratorOptions {
  /** Size of the masks, `[H, W]` (one channel), `[C, H, W]` or `[C, T, H, W]`. */
  imgSize: readonly number[];
  /** The fraction `1 / acceleration` of the columns is sampled; at least 1. Default: 4. */
  acceleration?: number;
  /**
   * Fraction of the columns in the fully sampled centre of k-space. Default: 0.08, for accelerations of at least 8
   * 0.04.
   */
  centerFraction?: number;
}

/** The numbers of sampled columns of a mask. */
export interface Lines {
  /** Number of columns. */
  readonly width: number;
  /** Number of columns in the centre, all of which are sampled. */
  readonly centre: number;
  /** Index of the first column of the centre. */
  readonly first: number;
  /** Number of columns that are sampled outside the centre. */
  readonly outside: number;
}

/**
 * Base class of generators of Cartesian MRI masks, which sample whole columns of k-space, always those of the centre.
 *
 * A mask is the same for all channels and rows; each image and frame has its own. `step` gives `{ mask }`,
 * `[batch, C, H, W]` or `[batch, C, T, H, W]`; with `imgSize` in the call, of that height and width.
 */
export abstract class MRIMaskGenerator extends PhysicsGenerator {
  /** Size of the masks. */
  readonly imgSize: readonly number[];
  /** Number of columns per sampled column. */
  readonly acceleration: number;
  /** Fraction of the columns in the fully sampled centre of k-space. */
  readonly centerFraction: number;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  protected constructor(className: string, options: MRIMaskGeneratorOptions, keys: readonly string[] = []) {
    super(className, options, ["imgSize", "acceleration", "centerFraction", ...checkNames(className, keys)]);
    if (options?.imgSize === undefined)
      throw new ArgumentError(
        `${className}: imgSize is missing; pass the size of the masks, such as [2, 128, 128].`,
        "missing_argument",
      );
    this.imgSize = checkImgSize(className, options.imgSize);
    if (this.imgSize.length < 2 || this.imgSize.length > 4) {
      throw new ArgumentError(
        `${className}: imgSize has ${this.imgSize.length} entries, expected [H, W], [C, H, W] or [C, T, H, W].`,
        "invalid_argument",
      );
    }
    this.acceleration = checkNumber(className, "acceleration", options.acceleration ?? 4, { min: 1 });
    this.centerFraction = checkNumber(
      className,
      "centerFraction",
      options.centerFraction ?? (this.acceleration < 8 ? 0.08 : 0.04),
      { min: 0, max: 1 },
    );
    this.lines(this.imgSize[this.imgSize.length - 1] as number);
  }

  /**
   * The numbers of sampled columns of a mask of this width: `floor(centerFraction W)` in the centre,
   * `floor(W / acceleration)` in total.
   *
   * @throws ArgumentError `invalid_argument` where the centre alone has more columns than the acceleration allows;
   * `empty_mask` where no column would be sampled.
   */
  lines(width: number): Lines {
    checkNumber(`${this.className}.lines`, "width", width, { integer: true, min: 0, max: LARGEST.imageSide });
    const centre = Math.floor(this.centerFraction * width);
    const total = Math.floor(width / this.acceleration);
    if (total < centre) {
      throw new ArgumentError(
        `${this.className}: the centre has ${centre} of ${width} columns, expected at most ${total} with ` +
          `acceleration ${this.acceleration}; lower centerFraction or acceleration.`,
        "invalid_argument",
      );
    }
    if (total === 0)
      throw new ArgumentError(
        `${this.className}: acceleration ${this.acceleration} leaves no column of ${width}; lower it.`,
        "empty_mask",
      );
    return { width, centre, first: Math.floor(width / 2) - Math.floor(centre / 2), outside: total - centre };
  }

  /** Draws masks for `batch` images of `frames` frames: for each frame of each image 0 or 1 for each column. */
  protected abstract columns(lines: Lines, batch: number, frames: number, rng: RandomSource): Float32Array[][];

  protected override draw(batchSize: number, rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    if (call.inputMask)
      throw new ArgumentError(
        `${this.className}.step: inputMask is not supported; use MultiplicativeSplittingMaskGenerator to split a mask.`,
        "invalid_argument",
      );
    const { imgSize } = this;
    const size = call.imgSize === undefined ? imgSize : checkImgSize(`${this.className}.step`, call.imgSize);
    const [height, width] = size.slice(-2) as [number, number];
    const channels = imgSize.length > 2 ? (imgSize[0] as number) : 1;
    const frames = imgSize.length === 4 ? [imgSize[1] as number] : [];
    const lines = this.lines(width);
    const full = lines.centre + lines.outside >= width;
    const sampled = full ? undefined : this.columns(lines, batchSize, frames[0] ?? 1, rng);
    return { mask: masksOfColumns(sampled, [batchSize, channels, ...frames, height, width]) };
  }
}

/** Masks that repeat the columns over channels and rows; ones without columns. */
function masksOfColumns(columns: Float32Array[][] | undefined, shape: readonly number[]): Tensor {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(columns ? 0 : 1);
  if (columns) {
    const [height, width] = shape.slice(-2) as [number, number];
    const channels = shape[1] as number;
    let start = 0;
    for (const frames of columns) {
      for (let c = 0; c < channels; c++) {
        for (const columnsOfFrame of frames)
          for (let row = 0; row < height; row++, start += width) values.set(columnsOfFrame, start);
      }
    }
  }
  return fromHostValues(values, shape);
}

/** The indices of `count` entries, drawn without replacement with probabilities proportional to the weights. */
export function weightedSubset(weights: ArrayLike<number>, count: number, rng: RandomSource): number[] {
  // Exponential random variables with the weights as rates: their order is that of such draws.
  const u = uniformValues(rng, [weights.length]);
  const times = Array.from({ length: weights.length }, (_, i) => ({
    i,
    time: -Math.log1p(-(u[i] as number)) / (weights[i] as number),
  }));
  return times
    .filter(({ i }) => (weights[i] as number) > 0)
    .sort((a, b) => a.time - b.time)
    .slice(0, count)
    .map(({ i }) => i);
}
