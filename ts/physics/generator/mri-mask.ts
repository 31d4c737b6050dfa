import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkImgSize } from "../checks.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions, type StepOptions } from "./generator.js";
import { fromCpuValues, uniformValues } from "./cpu-values.js";

/** Options of the generators of MRI masks. */
export interface MRIMaskGeneratorOptions extends GeneratorOptions {
  /** Size of the masks, `[H, W]`, `[C, H, W]` or `[C, T, H, W]`; without channels there is one. */
  imgSize: readonly number[];
  /** One column in so many is sampled; at least 1, default 4. */
  acceleration?: number;
  /**
   * Share of the columns that form the fully sampled centre of k-space; default 0.08, from an acceleration of 8 on
   * 0.04.
   */
  centerFraction?: number;
}

/** How many columns a mask of some width has. */
export interface Lines {
  readonly width: number;
  /** Columns of the centre, all sampled, and the first of them. */
  readonly centre: number;
  readonly first: number;
  /** Columns sampled outside the centre. */
  readonly outside: number;
}

/**
 * Base of the generators of Cartesian MRI masks: whole columns of k-space, those of the centre always.
 *
 * A mask is the same for all channels and rows, and drawn anew for each image and frame. `step` gives `{ mask }`,
 * `[batch, C, H, W]` or `[batch, C, T, H, W]`; with `imgSize` in the call, of that height and width.
 */
export abstract class MRIMaskGenerator extends PhysicsGenerator {
  /** Size of the masks as it was given. */
  readonly imgSize: readonly number[];
  readonly acceleration: number;
  readonly centerFraction: number;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  protected constructor(className: string, options: MRIMaskGeneratorOptions, keys: readonly string[] = []) {
    super(className, options, ["imgSize", "acceleration", "centerFraction", ...keys]);
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
   * The numbers of columns of a mask of this width: `floor(centerFraction W)` in the centre, `floor(W / acceleration)`
   * in all.
   *
   * @throws ArgumentError `invalid_argument` where the centre alone has more columns than the acceleration allows;
   * `empty_mask` where no column would be sampled.
   */
  lines(width: number): Lines {
    const centre = Math.floor(this.centerFraction * width);
    const all = Math.floor(width / this.acceleration);
    if (all < centre) {
      throw new ArgumentError(
        `${this.className}: a centre of ${centre} of ${width} columns is more than acceleration ${this.acceleration} allows (${all}); lower centerFraction or acceleration.`,
        "invalid_argument",
      );
    }
    if (all === 0)
      throw new ArgumentError(
        `${this.className}: acceleration ${this.acceleration} leaves no column of ${width}; lower it.`,
        "empty_mask",
      );
    return { width, centre, first: Math.floor(width / 2) - Math.floor(centre / 2), outside: all - centre };
  }

  /** One draw for `batch` images of `frames` frames: for each frame of each image the sampled columns, as 0 and 1. */
  protected abstract columns(lines: Lines, batch: number, frames: number, rng: RandomSource): Float32Array[][];

  protected override draw(batchSize: number, rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    if (call.inputMask)
      throw new ArgumentError(
        `${this.className}.step: it makes masks and splits none; use MultiplicativeSplittingMaskGenerator for that.`,
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
    return { mask: spread(sampled, [batchSize, channels, ...frames, height, width]) };
  }
}

/** Columns repeated over channels and rows; ones where none are given. */
function spread(columns: Float32Array[][] | undefined, shape: readonly number[]): Tensor {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(columns ? 0 : 1);
  if (columns) {
    const [height, width] = shape.slice(-2) as [number, number];
    const channels = shape[1] as number;
    let at = 0;
    for (const frames of columns) {
      for (let c = 0; c < channels; c++) {
        for (const columnsOfFrame of frames)
          for (let row = 0; row < height; row++, at += width) values.set(columnsOfFrame, at);
      }
    }
  }
  return fromCpuValues(values, shape);
}

/**
 * `count` of the entries, drawn one after the other without putting back, with probabilities in proportion to the
 * weights.
 */
export function weightedSubset(weights: ArrayLike<number>, count: number, rng: RandomSource): number[] {
  // Exponential clocks of these rates ring in just that order.
  const u = uniformValues(rng, [weights.length]);
  const rings = Array.from({ length: weights.length }, (_, i) => ({
    i,
    at: -Math.log1p(-(u[i] as number)) / (weights[i] as number),
  }));
  return rings
    .filter(({ i }) => (weights[i] as number) > 0)
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ i }) => i);
}
