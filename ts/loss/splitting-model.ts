import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import { BernoulliSplittingMaskGenerator, type Physics, type PhysicsGenerator } from "../physics/index.js";
import { ReplayRng, type Draw, type RandomSource } from "../random/index.js";
import { ArgumentError, ShapeError, checkObject, checkOptionsObject } from "../runtime/index.js";
import { noGrad, where, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";
import { RecordingRng } from "./recording-rng.js";
import { maskedPhysics, maskOf, splitMasks } from "./splitting-masks.js";

/** Settings a {@link SplittingModel} takes from its loss. */
export interface SplittingModelSettings<L extends string = string> {
  /** Class name of the loss. */
  readonly adaptedBy: L;
  /** Draws the masks; null for a {@link BernoulliSplittingMaskGenerator} of the size of the measurement. */
  readonly maskGenerator: PhysicsGenerator | null;
  /** Share of the measurement that the network sees; without effect where a generator is given. */
  readonly splitRatio: number;
  /** Whether all channels of a pixel go to the same part; without effect where a generator is given. */
  readonly pixelwise: boolean;
  readonly evalNSamples: number;
  readonly evalSplitInput: boolean;
  readonly evalSplitOutput: boolean;
  /** A further change, in training, to the part that the network sees. Default: none. */
  readonly alter?: (part: Tensor, mask1: Tensor, physics: Physics | undefined, rng: RandomSource) => Tensor;
  readonly rng: RandomSource | undefined;
}

/** One evaluation of the network with a split. */
interface Pass {
  readonly mask: Tensor;
  /** What the network saw, in the shape of the measurement. */
  readonly mask1: Tensor;
  readonly physics: Physics | undefined;
  readonly draws: readonly Draw[];
}

/**
 * The model a splitting loss trains: the network sees a random part of the measurement, `R(M1 y, M1 A)`.
 *
 * In training one mask is drawn; in evaluation the average over `evalNSamples` masks is returned, without gradients.
 * With `updateParameters` the masks are kept for the loss.
 */
export class SplittingModel<L extends string = string> extends AdaptedModel<L> {
  readonly #settings: SplittingModelSettings<L>;
  #generator: BernoulliSplittingMaskGenerator | undefined;
  #passes: readonly Pass[] = [];

  constructor(model: Reconstructor, settings: SplittingModelSettings<L>) {
    checkObject(new.target.name, "settings", settings);
    super(settings.adaptedBy, model, settings.rng);
    this.#settings = settings;
  }

  /**
   * Reconstructs from a part of the measurement.
   *
   * @throws ArgumentError `empty_mask` or `empty_split` where a mask cannot be split; ShapeError `shape_mismatch` where
   * a mask does not fit y.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const { evalNSamples, evalSplitInput, evalSplitOutput, alter } = this.#settings;
      const rng = this.stream(options);
      const passes: Pass[] = [];
      const sample = () => {
        const mask = this.#draw(y, physics, rng);
        const { mask1, mask2 } = splitMasks(this.adaptedBy, mask, y, physics);
        const recorder = options.updateParameters ? new RecordingRng(rng) : undefined;
        const part = physics && maskedPhysics(mask1, y, physics);
        const seen = y.mul(mask1);
        const output = this.model.forward(this.training && alter ? alter(seen, mask1, physics, rng) : seen, part, {
          rng: recorder ?? rng,
        });
        if (recorder) passes.push({ mask, mask1, physics: part, draws: recorder.draws });
        return { output, mask2 };
      };
      const reconstruct = () => {
        if (this.training) return sample().output;
        return noGrad(() => {
          if (!evalSplitInput) return this.model.forward(y, physics, { rng });
          const samples = Array.from({ length: evalNSamples }, sample);
          const mean = total(samples.map(({ output }) => output)).div(evalNSamples);
          return evalSplitOutput ? this.#averageOfHidden(samples, mean) : mean;
        });
      };
      const output = reconstruct();
      if (options.updateParameters) this.#passes = passes;
      return output;
    });
  }

  /**
   * The masks of the last forward pass with `updateParameters`, one for each sample.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  masks(): Tensor[] {
    return this.#keptPasses().map(({ mask }) => mask);
  }

  /** The map `v -> R(M1 v, M1 A)` of a kept pass, with its mask and all random draws of the network held fixed. */
  replayed(index: number): (v: Tensor) => Tensor {
    const pass = this.#keptPasses()[index];
    if (!pass) throw new ArgumentError(`${this.adaptedBy}: pass ${index} does not exist.`, "index_out_of_range");
    const { mask1, physics, draws } = pass;
    return (v) => this.model.forward(v.mul(mask1), physics, { rng: new ReplayRng(draws) });
  }

  #keptPasses(): readonly Pass[] {
    return this.kept(this.#passes.length > 0 ? this.#passes : undefined, "splitting mask");
  }

  #draw(y: Tensor, physics: Physics | undefined, rng: RandomSource): Tensor {
    const inputMask = maskOf(physics, y);
    const generator = this.#settings.maskGenerator ?? this.#defaultGenerator(y);
    const { mask } = generator.step(y.shape[0] ?? 1, { rng, ...(inputMask ? { inputMask } : {}) });
    if (!mask)
      throw new ArgumentError(
        `${this.adaptedBy}: the mask generator returns no "mask"; use one such as BernoulliSplittingMaskGenerator.`,
        "invalid_argument",
      );
    return mask;
  }

  /** A generator of the size of one measurement without coils and frames; replaced when the size changes. */
  #defaultGenerator(y: Tensor): BernoulliSplittingMaskGenerator {
    const imgSize = y.shape.length > 4 ? [y.shape[1] as number, ...y.shape.slice(-2)] : y.shape.slice(1);
    if (this.#generator?.imgSize.join() !== imgSize.join()) {
      const { splitRatio, pixelwise } = this.#settings;
      this.#generator = new BernoulliSplittingMaskGenerator({ imgSize, splitRatio, pixelwise });
    }
    return this.#generator as BernoulliSplittingMaskGenerator;
  }

  /**
   * Each entry averaged over the samples that did not see it, `sum_i M2_i R_i / sum_i M2_i`. An entry that every sample
   * saw, or that was not measured, has no such sample: it gets the average over all.
   */
  #averageOfHidden(samples: readonly { output: Tensor; mask2: Tensor }[], mean: Tensor): Tensor {
    const hidden = samples.map(({ output, mask2 }) => {
      if (
        mask2.shape.length !== output.shape.length ||
        !mask2.shape.every((n, i) => n === 1 || n === output.shape[i])
      ) {
        throw new ShapeError(
          `${this.adaptedBy}: evalSplitOutput masks the reconstruction, of shape [${output.shape.join(", ")}], ` +
            "like the " +
            `measurement, whose mask has shape [${mask2.shape.join(", ")}]; it needs operators whose images and ` +
            "measurements have the same size.",
          "shape_mismatch",
        );
      }
      return output.mul(mask2);
    });
    const count = total(samples.map(({ mask2 }) => mask2)).add(mean.mul(0));
    return where(count.gt(0), total(hidden).div(count.maximum(1)), mean);
  }
}

function total(tensors: readonly Tensor[]): Tensor {
  return tensors.reduce((a, b) => a.add(b));
}
