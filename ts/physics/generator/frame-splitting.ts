import { CPU_FLOAT64, type RandomSource } from "../../random/index.js";
import {
  ArgumentError,
  checkNumber,
  ShapeError,
  checkList,
  LARGEST,
  checkKind,
  Kind,
  hasMethods,
} from "../../runtime/index.js";
import { ones, tensor, tidy } from "../../tensor/index.js";
import { checkImgSize } from "../argument-checks.js";
import {
  PhysicsGenerator,
  type GeneratedParameters,
  type GeneratorOptions,
  type StepOptions,
  checkNames,
} from "./generator.js";

/** Options of {@link Phase2PhaseSplittingMaskGenerator}. */
export interface FrameSplittingMaskGeneratorOptions extends GeneratorOptions {
  /** Size of the sequences without the batch, `[C, T, H, W]`. */
  imgSize: readonly number[];
}

/** Options of {@link Artifact2ArtifactSplittingMaskGenerator}. */
export interface Artifact2ArtifactSplittingMaskGeneratorOptions extends FrameSplittingMaskGeneratorOptions {
  /** Number of frames of a chunk, a divisor of T below T; of several, each step draws one. Default: 2. */
  splitSize?: number | readonly number[];
}

/** The indices of the frames that each image of a batch keeps. */
export type FrameChoice = readonly (readonly number[])[];

/** Base class of generators of masks that keep some frames of a sequence `[B, C, T, H, W]`. */
export abstract class FrameSplittingMaskGenerator extends PhysicsGenerator {
  /** Size of the sequences without the batch. */
  readonly imgSize: readonly number[];

  protected constructor(className: string, options: FrameSplittingMaskGeneratorOptions, keys: readonly string[] = []) {
    super(className, options, ["imgSize", ...checkNames(className, keys)]);
    this.imgSize = checkImgSize(className, options?.imgSize);
    if (this.imgSize.length !== 4)
      throw new ArgumentError(
        `${className}: imgSize is [${this.imgSize.join(", ")}], expected [C, T, H, W].`,
        "invalid_argument",
      );
    if ((this.imgSize[1] as number) < 2)
      throw new ArgumentError(
        `${className}: one frame cannot be split; imgSize [C, T, H, W] needs T of at least 2.`,
        "empty_split",
      );
  }

  /** The frames that are kept, for each image of a batch. */
  abstract input(batch: number, rng: RandomSource): FrameChoice;

  /** The frames to predict, none of which is among those of `input`. */
  abstract target(input: FrameChoice, rng: RandomSource): FrameChoice;

  /** Refuses what {@link input} does not give: for each image its frames, in order. */
  protected checkChoice(input: unknown): asserts input is FrameChoice {
    const caller = `${this.className}.target`;
    const frames = this.imgSize[1] as number;
    for (const choice of checkList(caller, "input", input as FrameChoice, LARGEST.batch)) {
      if (checkList(caller, "input", choice, frames).length === 0)
        throw new ArgumentError(`${caller}: input has an image without frames.`, "invalid_argument");
      for (const frame of choice) checkNumber(caller, "input", frame, { integer: true, min: 0, max: frames - 1 });
    }
  }

  protected override draw(batchSize: number, rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    const caller = `${this.className}.step`;
    const [c, t, ...size] = this.imgSize as [number, number, number, number];
    const shape = call.imgSize ? [c, t, ...call.imgSize.slice(-2)] : [c, t, ...size];
    const { inputMask } = call;
    const given = inputMask && inputMask.size > 1 ? inputMask : ones(shape);
    const batched = given.shape.length === 4 ? given.unsqueeze(0) : given;
    if (batched.shape.length !== 5 || batched.shape[2] !== t) {
      throw new ShapeError(
        `${caller}: inputMask has shape [${given.shape.join(", ")}], expected [${shape.join(", ")}], ` +
          "with or without a leading batch dimension.",
        "shape_mismatch",
      );
    }
    const batch = (batched.shape[0] as number) > 1 ? (batched.shape[0] as number) : batchSize;
    const kept = new Float32Array(batch * t);
    this.input(batch, rng).forEach((frames, b) => frames.forEach((frame) => (kept[b * t + frame] = 1)));
    return {
      mask: batched.mul(tensor(kept, { shape: [batch, 1, t, 1, 1], dtype: batched.dtype, device: batched.device })),
    };
  }
}

/**
 * Masks that keep the even frames (0, 2, ...) of a sequence, to predict the odd ones; for `loss.mri.Phase2PhaseLoss`.
 *
 * They are not random. `step` gives `{ mask }`, `[batch, C, T, H, W]`. Paper: Eldeniz, Gan, Chen, Fraum, Ludwig, Yan,
 * Liu, Vahle, Krishnamurthy, Kamilov, An, "Phase2Phase: respiratory motion-resolved reconstruction of free-breathing
 * magnetic resonance imaging using deep learning without a ground truth for improved liver imaging", 2021.
 */
export class Phase2PhaseSplittingMaskGenerator extends FrameSplittingMaskGenerator {
  /** @throws ArgumentError `invalid_argument`, `empty_split`, `unknown_option`. */
  constructor(options: FrameSplittingMaskGeneratorOptions) {
    super("Phase2PhaseSplittingMaskGenerator", options);
  }

  override input(batch: number): FrameChoice {
    checkBatch(`${this.className}.input`, batch);
    return this.#everySecond(batch, 0);
  }

  override target(input: FrameChoice): FrameChoice {
    this.checkChoice(input);
    return this.#everySecond(input.length, 1);
  }

  #everySecond(batch: number, first: 0 | 1): FrameChoice {
    const frames = Array.from({ length: this.imgSize[1] as number }, (_, t) => t).filter((t) => t % 2 === first);
    return Array.from({ length: batch }, () => frames);
  }
}

/**
 * Masks that keep one random chunk of consecutive frames of each sequence, to predict another one; for
 * `loss.mri.Artifact2ArtifactLoss`.
 *
 * `step` gives `{ mask }`, `[batch, C, T, H, W]`. Paper: Liu, Sun, Eldeniz, Gan, An, Kamilov, "RARE: image
 * reconstruction using deep priors learned without groundtruth", 2020, arXiv:1912.05854.
 */
export class Artifact2ArtifactSplittingMaskGenerator extends FrameSplittingMaskGenerator {
  /** Possible numbers of frames of a chunk. */
  readonly splitSizes: readonly number[];

  /** @throws ArgumentError `invalid_argument`, `empty_split`, `unknown_option`. */
  constructor(options: Artifact2ArtifactSplittingMaskGeneratorOptions) {
    const name = "Artifact2ArtifactSplittingMaskGenerator";
    super(name, options, ["splitSize"]);
    const frames = this.imgSize[1] as number;
    const sizes = typeof options.splitSize === "number" ? [options.splitSize] : (options.splitSize ?? [2]);
    if (!Array.isArray(sizes) || sizes.length === 0)
      throw new ArgumentError(
        `${name}: splitSize must be a number of frames or a list of such numbers.`,
        "invalid_argument",
      );
    for (const size of sizes as readonly number[]) {
      checkNumber(name, "splitSize", size, { integer: true, min: 1 });
      if (frames % size !== 0)
        throw new ArgumentError(
          `${name}: splitSize ${size} does not divide the ${frames} frames of imgSize.`,
          "invalid_argument",
        );
      if (size === frames)
        throw new ArgumentError(
          `${name}: one chunk of all ${frames} frames leaves nothing to predict; make splitSize smaller.`,
          "empty_split",
        );
    }
    this.splitSizes = [...(sizes as readonly number[])];
  }

  override input(batch: number, rng: RandomSource): FrameChoice {
    checkBatch(`${this.className}.input`, batch);
    checkKind(`${this.className}.input`, "rng", rng, aStream);
    const size =
      this.splitSizes.length > 1
        ? (this.splitSizes[randomIndex(this.splitSizes.length, rng)] as number)
        : (this.splitSizes[0] as number);
    const count = (this.imgSize[1] as number) / size;
    return Array.from({ length: batch }, () => chunk(randomIndex(count, rng), size));
  }

  override target(input: FrameChoice, rng: RandomSource): FrameChoice {
    this.checkChoice(input);
    checkKind(`${this.className}.target`, "rng", rng, aStream);
    return input.map((frames) => {
      const size = frames.length;
      if ((this.imgSize[1] as number) % size !== 0)
        throw new ArgumentError(
          `${this.className}.target: input keeps ${size} frames, expected a divisor of ${this.imgSize[1]}.`,
          "invalid_argument",
        );
      const own = Math.floor((frames[0] as number) / size);
      const others = Array.from({ length: (this.imgSize[1] as number) / size }, (_, i) => i).filter((i) => i !== own);
      return chunk(others[randomIndex(others.length, rng)] as number, size);
    });
  }
}

const aStream: Kind = {
  expected: "a random stream such as new Rng(0)",
  fits: (value) => hasMethods(value, ["randint"]),
};

/** Refuses a number of images that is none. */
function checkBatch(caller: string, batch: unknown): void {
  checkNumber(caller, "batch", batch, { integer: true, min: 0, max: LARGEST.batch });
}

/** The frames of one chunk. */
function chunk(index: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => index * size + i);
}

/** A random integer from 0 to `count`, excluded. */
function randomIndex(count: number, rng: RandomSource): number {
  return tidy(() => rng.randint(0, count, [1], CPU_FLOAT64).itemSync());
}
