import { permutationValues, uniformValues, type RandomSource } from "../../random/index.js";
import { ArgumentError, checkFlag, checkNumber, DeviceError, ShapeError } from "../../runtime/index.js";
import { fromHostValues, hostValues, type Tensor } from "../../tensor/index.js";
import { checkImgSize, checkTensorOption } from "../argument-checks.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions, type StepOptions } from "./generator.js";
import { subsetOnDevice } from "./subset-on-device.js";

/** Options of {@link BernoulliSplittingMaskGenerator}. */
export interface BernoulliSplittingMaskGeneratorOptions extends GeneratorOptions {
  /** Size of the masks without the batch: `[C, H, W]`, `[C, M]` or `[M]`. */
  imgSize: readonly number[];
  /** Fraction of the entries that is kept, between 0 and 1. */
  splitRatio: number;
  /**
   * Whether a mask is the same for all channels of a pixel. Without effect for one dimension. Default: true.
   */
  pixelwise?: boolean;
  /** Whether the ratio of each image is drawn uniformly between the two bounds. Default: false. */
  randomSplitRatio?: boolean;
  /** Lower bound of a random ratio. Default: 0. */
  minSplitRatio?: number;
  /** Upper bound of a random ratio. Default: 1. */
  maxSplitRatio?: number;
}

/** A mask to split, without the batch. */
export interface InputMask {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/**
 * Random 0/1 masks that keep a fraction `splitRatio` of the entries: for {@link Inpainting}, or to split measurements.
 *
 * - Without `inputMask`, each entry, or with `pixelwise` each pixel, is kept independently with probability
 *   `splitRatio`.
 * - With `inputMask`, a uniformly random subset of `floor(splitRatio n)` of its n measured entries is kept. The mask
 *   has its shape. `pixelwise` applies where all channels of `inputMask` are equal; otherwise entries are drawn.
 *
 * With a ratio strictly between 0 and 1, at least one entry is kept and at least one is left out, so that a split
 * always leaves something to predict. `step` gives `{ mask }`, `[batch, ...imgSize]`.
 */
export class BernoulliSplittingMaskGenerator extends PhysicsGenerator {
  /** Names of the options. A subclass with options of its own lists all that it takes. */
  protected static readonly optionKeys: readonly string[] = [
    "imgSize",
    "splitRatio",
    "pixelwise",
    "randomSplitRatio",
    "minSplitRatio",
    "maxSplitRatio",
  ];

  /** Size of the masks without the batch. */
  readonly imgSize: readonly number[];
  /** Fraction of the entries that is kept. */
  readonly splitRatio: number;
  /** Whether a mask is the same for all channels of a pixel. */
  readonly pixelwise: boolean;
  readonly #ratioRange: readonly [number, number] | undefined;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(options: BernoulliSplittingMaskGeneratorOptions) {
    const className = new.target.name;
    super(className, options, new.target.optionKeys);
    for (const key of ["imgSize", "splitRatio"] as const) {
      if (options?.[key] === undefined)
        throw new ArgumentError(
          `${className}: ${key} is missing; pass, for example, { imgSize: [1, 32, 32], splitRatio: 0.9 }.`,
          "missing_argument",
        );
    }
    this.imgSize = checkImgSize(className, options.imgSize);
    this.splitRatio = checkNumber(className, "splitRatio", options.splitRatio, { min: 0, max: 1 });
    this.pixelwise = checkFlag(className, "pixelwise", options.pixelwise, true);
    const [low, high] = [options.minSplitRatio ?? 0, options.maxSplitRatio ?? 1].map((r, i) =>
      checkNumber(className, i === 0 ? "minSplitRatio" : "maxSplitRatio", r, { min: 0, max: 1 }),
    ) as [number, number];
    if (low > high)
      throw new ArgumentError(
        `${className}: minSplitRatio is ${low}, expected at most maxSplitRatio, which is ${high}.`,
        "invalid_argument",
      );
    const isRandom = checkFlag(className, "randomSplitRatio", options.randomSplitRatio, false);
    this.#ratioRange = isRandom ? [low, high] : undefined;
  }

  protected override draw(batchSize: number, rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    const { inputMask, imgSize } = call;
    const caller = `${this.className}.step`;
    if (inputMask && imgSize)
      throw new ArgumentError(
        `${caller}: inputMask and imgSize exclude each other; pass one of them.`,
        "invalid_argument",
      );
    if (inputMask !== undefined) checkTensorOption(caller, "inputMask", inputMask, 0);
    if (!inputMask || inputMask.size === 1) {
      const shape = imgSize ? [...this.imgSize.slice(0, -2), ...imgSize.slice(-2)] : this.imgSize;
      return {
        mask: stackMasks(
          Array.from({ length: batchSize }, () => this.drawMask(shape, undefined, rng)),
          shape,
          inputMask,
        ),
      };
    }
    const rank = this.imgSize.length;
    const [given, ...shape] = batchedShape(caller, inputMask.shape, rank) as [number, ...number[]];
    // A batch of masks determines the number of results; a single mask is split once for each image.
    const count = given > 1 ? given : batchSize;
    const values = readable(inputMask);
    if (!values)
      return {
        mask: subsetOnDevice(
          inputMask.reshape([given, ...shape]).expand([count, ...shape]),
          () => this.ratio(rng),
          this.pixelwise && rank > 1,
          rng,
        ),
      };
    const entries = inputMask.size / given;
    const masks = Array.from({ length: count }, (_, b) => {
      const start = given > 1 ? b * entries : 0;
      return this.drawMask(shape, { shape, values: values.subarray(start, start + entries) }, rng);
    });
    return { mask: stackMasks(masks, shape, inputMask) };
  }

  /** The values of one mask without the batch; with `input`, a subset of its measured entries. */
  protected drawMask(shape: readonly number[], input: InputMask | undefined, rng: RandomSource): Float32Array {
    const ratio = this.ratio(rng);
    return input ? this.#subset(input, ratio, rng) : this.#independent(shape, ratio, rng);
  }

  /** The ratio of one mask. */
  protected ratio(rng: RandomSource): number {
    if (!this.#ratioRange) return this.splitRatio;
    const [low, high] = this.#ratioRange;
    return (uniformValues(rng, [1])[0] as number) * (high - low) + low;
  }

  #independent(shape: readonly number[], ratio: number, rng: RandomSource): Float32Array {
    const u = uniformValues(rng, shape);
    const sameChannels = this.pixelwise && shape.length > 1;
    const plane = sameChannels ? u.length / (shape[0] as number) : u.length;
    const kept = Float32Array.from({ length: plane }, (_, i) => ((u[i] as number) > ratio ? 0 : 1));
    if (ratio > 0 && ratio < 1) ensureBothValues(kept, u);
    return sameChannels ? repeated(kept, u.length) : kept;
  }

  #subset(input: InputMask, ratio: number, rng: RandomSource): Float32Array {
    const { values } = input;
    const channels = input.shape[0] as number;
    const sameChannels = this.pixelwise && input.shape.length > 1 && channelsAgree(values, channels);
    const plane = sameChannels ? values.length / channels : values.length;
    const measured: number[] = [];
    for (let i = 0; i < plane; i++) if (values[i] !== 0) measured.push(i);
    const n = measured.length;
    checkSplit(`${this.className}.step`, n, ratio);
    const order = permutationValues(rng, n);
    const count = ratio > 0 && ratio < 1 ? Math.min(Math.max(Math.floor(ratio * n), 1), n - 1) : Math.floor(ratio * n);
    const kept = new Float32Array(plane);
    for (let i = 0; i < count; i++) kept[measured[order[i] as number] as number] = 1;
    return sameChannels ? repeated(kept, values.length) : kept;
  }
}

/** Refuses a mask with too few measured entries to split. */
function checkSplit(caller: string, measured: number, ratio: number): void {
  if (measured === 0) {
    throw new ArgumentError(
      `${caller}: the mask has no measured pixel, so there is nothing to split; ` +
        "check the physics' mask or leave out this image.",
      "empty_mask",
    );
  }
  if (measured === 1 && ratio > 0 && ratio < 1) {
    throw new ArgumentError(
      `${caller}: the mask has a single measured pixel, expected at least two, as a split would leave nothing to ` +
        "predict; check the physics' mask or leave out this image.",
      "empty_split",
    );
  }
}

/** Where all entries are equal, changes the one whose random number is nearest to the threshold. */
function ensureBothValues(kept: Float32Array, u: ArrayLike<number>): void {
  const first = kept[0];
  if (kept.length < 2 || kept.some((k) => k !== first)) return;
  let nearest = 0;
  for (let i = 1; i < kept.length; i++) {
    const [a, b] = [u[i] as number, u[nearest] as number];
    if (first === 0 ? a < b : a > b) nearest = i;
  }
  kept[nearest] = first === 0 ? 1 : 0;
}

/** Whether all channels have the same measured entries. */
function channelsAgree(values: ArrayLike<number>, channels: number): boolean {
  const plane = values.length / channels;
  for (let i = plane; i < values.length; i++) if ((values[i] !== 0) !== (values[i % plane] !== 0)) return false;
  return true;
}

/** The values of one channel, repeated up to `length`. */
function repeated(plane: Float32Array, length: number): Float32Array {
  const all = new Float32Array(length);
  for (let start = 0; start < length; start += plane.length) all.set(plane, start);
  return all;
}

/** The shape of a mask with a batch; missing leading dimensions are 1. */
function batchedShape(caller: string, shape: readonly number[], rank: number): number[] {
  if (shape.length > rank + 1) {
    throw new ShapeError(
      `${caller}: inputMask has shape [${shape.join(", ")}], expected at most ${rank + 1} dimensions, ` +
        "a batch and those of imgSize.",
      "shape_mismatch",
    );
  }
  return [...Array.from({ length: rank + 1 - shape.length }, () => 1), ...shape];
}

/** The values of a mask; undefined on a device that can only be read asynchronously, a browser's GPU. */
function readable(mask: Tensor): Float32Array | Float64Array | undefined {
  try {
    return hostValues(mask);
  } catch (error) {
    if (error instanceof DeviceError) return undefined;
    throw error;
  }
}

/** The masks as one tensor, `[batch, ...shape]`. */
function stackMasks(masks: readonly Float32Array[], shape: readonly number[], like: Tensor | undefined): Tensor {
  const entries = masks[0]?.length ?? 0;
  const all = new Float32Array(entries * masks.length);
  masks.forEach((mask, i) => all.set(mask, i * entries));
  return fromHostValues(all, [masks.length, ...shape], like);
}
