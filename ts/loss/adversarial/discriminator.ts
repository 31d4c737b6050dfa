import type { Layer } from "../../nn/index.js";
import { type RandomSource, resolveRng } from "../../random/index.js";
import { checkNumber, checkOptions } from "../../runtime/index.js";
import { noGrad, type Tensor, tidy } from "../../tensor/index.js";
import { Loss } from "../loss.js";
import type { LossArgs } from "../pairing.js";
import { gradientPenalty } from "./gradient-penalty.js";
import { type DiscriminatorMetric, onlyFor } from "./metric.js";
import {
  ADVERSARIAL_KEYS,
  type AdversarialOptions,
  discriminatorOf,
  ganMetric,
  scores,
  weightOption,
} from "./options.js";

/** Options of every discriminator loss. */
export interface DiscriminatorOptions extends AdversarialOptions {
  /** Only for `"wgan"`: weights are clipped to +-clip after each step. Default 0.01. */
  clip?: number;
  /** Only for `"wgan-gp"`: weight of the gradient penalty. Default 10. */
  weightGp?: number;
  /** Stream of the points at which the gradient penalty looks. */
  rng?: RandomSource;
}

/**
 * Base class of what a discriminator minimises: what it costs to tell real from fake wrongly, times `weightAdv`.
 *
 * A subclass's `forward` calls `adversarialLoss` with real and fake images (or measurements); the fake ones are taken
 * off the tape.
 */
export abstract class DiscriminatorLoss extends Loss {
  readonly weightAdv: number;
  readonly D: Layer | undefined;
  readonly metricGan: DiscriminatorMetric;
  readonly clip: number;
  readonly weightGp: number;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(caller: string, options: DiscriminatorOptions = {}, ownKeys: readonly string[] = []) {
    super();
    checkOptions(caller, options, [...ADVERSARIAL_KEYS, "clip", "weightGp", "rng", ...ownKeys]);
    this.weightAdv = weightOption(caller, options.weightAdv, 1);
    this.D = options.D;
    this.metricGan = ganMetric(caller, options);
    const { flavour } = this.metricGan;
    onlyFor(caller, flavour, "clip", options.clip, ["wgan"]);
    onlyFor(caller, flavour, "weightGp", options.weightGp, ["wgan-gp"]);
    this.clip = checkNumber(caller, "clip", options.clip ?? 0.01, { positive: true });
    this.weightGp = checkNumber(caller, "weightGp", options.weightGp ?? 10, { min: 0 });
    this.#rng = options.rng;
  }

  /**
   * What telling real from fake costs, for each image.
   *
   * @throws ArgumentError `missing_argument` without a discriminator; ShapeError `shape_mismatch` where it does not
   * give a batch of scores.
   */
  protected adversarialLoss(real: Tensor, fake: Tensor, args: LossArgs): Tensor {
    this.sameShape(real, "the real one", fake, "the fake one");
    const D = discriminatorOf(this.name, args, this.D);
    const made = fake.detach();
    const { metricGan } = this;
    let loss = metricGan
      .forward(scores(this.name, D, real), true)
      .add(metricGan.forward(scores(this.name, D, made), false));
    if (metricGan.flavour === "wgan-gp") {
      loss = loss.add(gradientPenalty(this.name, D, real, made, resolveRng(args.rng, this.#rng)).mul(this.weightGp));
    }
    return loss.mul(this.weightAdv);
  }

  /**
   * What is due after a step of the discriminator: clips its weights where the flavour is `"wgan"`. An
   * AdversarialTrainer calls it.
   */
  afterStep(D: Layer | undefined = this.D): void {
    if (this.metricGan.flavour !== "wgan") return;
    noGrad(() =>
      tidy(() =>
        discriminatorOf(this.name, {}, D)
          .parameters()
          .forEach((weight) => void weight.assign_(weight.clamp(-this.clip, this.clip))),
      ),
    );
  }
}
