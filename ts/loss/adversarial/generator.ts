import type { Layer } from "../../nn/index.js";
import { checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { Loss } from "../loss.js";
import type { LossArgs } from "../pairing.js";
import type { DiscriminatorMetric } from "./metric.js";
import {
  ADVERSARIAL_KEYS,
  type AdversarialOptions,
  discriminatorOf,
  ganMetric,
  scores,
  weightOption,
} from "./options.js";

/**
 * Base class of what a generator minimises: `weightAdv` times what its images cost it at the discriminator.
 *
 * A subclass's `forward` calls `adversarialLoss` with the images (or measurements) that should pass for real ones.
 */
export abstract class GeneratorLoss extends Loss {
  readonly weightAdv: number;
  readonly D: Layer | undefined;
  readonly metricGan: DiscriminatorMetric;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(
    caller: string,
    options: AdversarialOptions = {},
    { weightAdv = 1, keys = [] }: { weightAdv?: number; keys?: readonly string[] } = {},
  ) {
    super();
    checkOptions(caller, options, [...ADVERSARIAL_KEYS, ...keys]);
    this.weightAdv = weightOption(caller, options.weightAdv, weightAdv);
    this.D = options.D;
    this.metricGan = ganMetric(caller, options);
  }

  /**
   * The adversarial term, for each image.
   *
   * @throws ArgumentError `missing_argument` without a discriminator; ShapeError `shape_mismatch` where it does not
   * give a batch of scores.
   */
  protected adversarialLoss(fake: Tensor, args: LossArgs): Tensor {
    return this.metricGan
      .generator(scores(this.name, discriminatorOf(this.name, args, this.D), fake))
      .mul(this.weightAdv);
  }
}
