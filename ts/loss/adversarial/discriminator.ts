import type { Layer } from "../../nn/index.js";
import { type RandomSource, resolveRng } from "../../random/index.js";
import { noGrad, type Tensor, tidy } from "../../tensor/index.js";
import type { LossArgs } from "../args.js";
import { NamedLoss } from "../named-loss.js";
import { checkKeys, number, type OptionReaders, randomStream, readValues } from "../options.js";
import { gradientPenalty } from "./gradient-penalty.js";
import { type DiscriminatorMetric, onlyFor } from "./metric.js";
import { ADVERSARIAL_OPTIONS, type AdversarialOptions, discriminatorOf, ganMetric, scores } from "./options.js";

/** Options of every discriminator loss. */
export interface DiscriminatorOptions extends AdversarialOptions {
  /** Weights are clipped to +-clip after each step; only for `"wgan"`. Default: 0.01. */
  clip?: number;
  /** Weight of the gradient penalty; only for `"wgan-gp"`. Default: 10. */
  weightGp?: number;
  /** Random stream of the points of the gradient penalty, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  ...ADVERSARIAL_OPTIONS,
  clip: number(0.01, { positive: true }),
  weightGp: number(10, { min: 0 }),
  rng: randomStream,
} satisfies OptionReaders<DiscriminatorOptions>;

/**
 * Base class of the losses of a discriminator: the cost of its scores of real and fake images, times `weightAdv`.
 *
 * `forward` of a subclass calls `adversarialLoss` with real and fake images (or measurements); the fake ones carry no
 * gradient. A custom subclass passes its name to the constructor, and may state its own `assumptions`.
 */
export abstract class DiscriminatorLoss<N extends string = string> extends NamedLoss<N> {
  readonly weightAdv: number;
  readonly D: Layer | undefined;
  readonly metricGan: DiscriminatorMetric;
  readonly clip: number;
  readonly weightGp: number;
  readonly #rng: RandomSource | undefined;

  /**
   * @param keys names of the options that the subclass reads itself.
   * @throws ArgumentError `unknown_option`, `invalid_argument`.
   */
  constructor(name: N, options: DiscriminatorOptions = {}, keys: readonly string[] = []) {
    super(name);
    checkKeys(name, options, OPTIONS, keys);
    const { weightAdv, D, clip, weightGp, rng } = readValues(name, options, OPTIONS);
    this.weightAdv = weightAdv ?? 1;
    this.D = D;
    this.metricGan = ganMetric(name, options);
    const { flavour } = this.metricGan;
    onlyFor(name, flavour, "clip", options.clip, ["wgan"]);
    onlyFor(name, flavour, "weightGp", options.weightGp, ["wgan-gp"]);
    this.clip = clip;
    this.weightGp = weightGp;
    this.#rng = rng;
  }

  /**
   * The adversarial term, for each image.
   *
   * @throws ArgumentError `missing_argument` without a discriminator; ShapeError `shape_mismatch` where it does not
   * return a batch of scores.
   */
  protected adversarialLoss(real: Tensor, fake: Tensor, args: LossArgs): Tensor {
    this.sameShape(real, "the real one", fake, "the fake one");
    const D = discriminatorOf(this.name, args, this.D);
    const detached = fake.detach();
    const { metricGan } = this;
    let loss = metricGan
      .forward(scores(this.name, D, real), true)
      .add(metricGan.forward(scores(this.name, D, detached), false));
    if (metricGan.flavour === "wgan-gp") {
      const rng = resolveRng(args.rng, this.#rng);
      loss = loss.add(gradientPenalty(this.name, D, real, detached, rng).mul(this.weightGp));
    }
    return loss.mul(this.weightAdv);
  }

  /**
   * Clips the weights of the discriminator for the flavour `"wgan"`. An AdversarialTrainer calls it after each step.
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
