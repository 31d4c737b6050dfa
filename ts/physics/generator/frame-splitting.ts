import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber, ShapeError } from "../../runtime/index.js";
import { ones, tensor } from "../../tensor/index.js";
import { checkImgSize } from "../checks.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions, type StepOptions } from "./generator.js";
import { CPU_FLOAT64 } from "./cpu-values.js";

/** Options of {@link Phase2PhaseSplittingMaskGenerator}. */
export interface FrameSplittingMaskGeneratorOptions extends GeneratorOptions {
  /** Size of the sequences without the batch, `[C, T, H, W]`. */
  imgSize: readonly number[];
}

/** Options of {@link Artifact2ArtifactSplittingMaskGenerator}. */
export interface Artifact2ArtifactSplittingMaskGeneratorOptions extends FrameSplittingMaskGeneratorOptions {
  /** Frames of a chunk; divides T and is at most half of it. Of several, one is drawn at each step. Default 2. */
  splitSize?: number | readonly number[];
}

/** Which frames each image of a batch keeps. */
export type FrameChoice = readonly (readonly number[])[];

/** Base of the generators that keep some frames of a sequence `[B, C, T, H, W]`. */
export abstract class FrameSplittingMaskGenerator extends PhysicsGenerator {
  /** Size of the sequences without the batch. */
  readonly imgSize: readonly number[];

  protected constructor(className: string, options: FrameSplittingMaskGeneratorOptions, keys: readonly string[] = []) {
    super(className, options, ["imgSize", ...keys]);
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

  /** Which frames are kept, for each image of a batch. */
  abstract input(batch: number, rng: RandomSource): FrameChoice;

  /** Frames to compare with, none of which is among those that `input` gave. */
  abstract target(input: FrameChoice, rng: RandomSource): FrameChoice;

  protected override draw(batchSize: number, rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    const caller = `${this.className}.step`;
    const [c, t, ...size] = this.imgSize as [number, number, number, number];
    const shape = call.imgSize ? [c, t, ...call.imgSize.slice(-2)] : [c, t, ...size];
    const { inputMask } = call;
    const given = inputMask && inputMask.size > 1 ? inputMask : ones(shape);
    const placed = given.shape.length === 4 ? given.unsqueeze(0) : given;
    if (placed.shape.length !== 5 || placed.shape[2] !== t) {
      throw new ShapeError(
        `${caller}: inputMask has shape [${given.shape.join(", ")}], expected [${shape.join(", ")}], with or without a batch in front.`,
        "shape_mismatch",
      );
    }
    const batch = (placed.shape[0] as number) > 1 ? (placed.shape[0] as number) : batchSize;
    const kept = new Float32Array(batch * t);
    this.input(batch, rng).forEach((frames, b) => frames.forEach((frame) => (kept[b * t + frame] = 1)));
    return {
      mask: placed.mul(tensor(kept, { shape: [batch, 1, t, 1, 1], dtype: placed.dtype, device: placed.device })),
    };
  }
}

/**
 * Keeps the even frames (0, 2, ...) of a sequence, the odd ones being what is predicted; draws nothing.
 *
 * For `loss.mri.Phase2PhaseLoss` (Eldeniz, Gan, Chen, Fraum, Ludwig, Yan, Liu, Vahle, Krishnamurthy, Kamilov, An,
 * "Phase2Phase", 2021). `step` gives `{ mask }`, `[batch, C, T, H, W]`.
 */
export class Phase2PhaseSplittingMaskGenerator extends FrameSplittingMaskGenerator {
  /** @throws ArgumentError `invalid_argument`, `empty_split`, `unknown_option`. */
  constructor(options: FrameSplittingMaskGeneratorOptions) {
    super("Phase2PhaseSplittingMaskGenerator", options);
  }

  override input(batch: number): FrameChoice {
    return this.#every(batch, 0);
  }

  override target(input: FrameChoice): FrameChoice {
    return this.#every(input.length, 1);
  }

  #every(batch: number, first: 0 | 1): FrameChoice {
    const frames = Array.from({ length: this.imgSize[1] as number }, (_, t) => t).filter((t) => t % 2 === first);
    return Array.from({ length: batch }, () => frames);
  }
}

/**
 * Keeps one random chunk of consecutive frames of a sequence, another one being what is predicted; anew for each image.
 *
 * For `loss.mri.Artifact2ArtifactLoss` (Liu, Sun, Eldeniz, Gan, An, Kamilov, "RARE: image reconstruction using deep
 * priors learned without groundtruth", 2020, arXiv:1912.05854). `step` gives `{ mask }`, `[batch, C, T, H, W]`.
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
      throw new ArgumentError(`${name}: splitSize must be a number of frames or a list of some.`, "invalid_argument");
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
    const size =
      this.splitSizes.length > 1
        ? (this.splitSizes[index(this.splitSizes.length, rng)] as number)
        : (this.splitSizes[0] as number);
    const count = (this.imgSize[1] as number) / size;
    return Array.from({ length: batch }, () => chunk(index(count, rng), size));
  }

  override target(input: FrameChoice, rng: RandomSource): FrameChoice {
    return input.map((frames) => {
      const size = frames.length;
      const own = (frames[0] as number) / size;
      const others = Array.from({ length: (this.imgSize[1] as number) / size }, (_, i) => i).filter((i) => i !== own);
      return chunk(others[index(others.length, rng)] as number, size);
    });
  }
}

function chunk(at: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => at * size + i);
}

function index(count: number, rng: RandomSource): number {
  const t = rng.randint(0, count, [1], CPU_FLOAT64);
  const value = t.dataSync()[0] as number;
  t.dispose();
  return value;
}
