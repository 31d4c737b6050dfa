import { checkOptions } from "../../runtime/index.js";
import type { Layer } from "../../nn/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { LossArgs } from "../args.js";
import { NamedLoss } from "../named-loss.js";
import { checkKeys, readValues } from "../options.js";
import type { DiscriminatorMetric } from "./metric.js";
import { ADVERSARIAL_OPTIONS, type AdversarialOptions, discriminatorOf, ganMetric, scores } from "./options.js";

/**
 * Base class of the losses of a generator: `weightAdv` times the adversarial cost of the discriminator's scores of its
 * images.
 *
 * `forward` of a subclass calls `adversarialLoss` with the images (or measurements) that should be taken for real. A
 * custom subclass passes its name to the constructor, and may state its own `assumptions`.
 */
export abstract class GeneratorLoss<N extends string = string> extends NamedLoss<N> {
  readonly weightAdv: number;
  readonly D: Layer | undefined;
  readonly metricGan: DiscriminatorMetric;

  /**
   * @param defaults default of `weightAdv`, and names of the options that the subclass reads itself.
   * @throws ArgumentError `unknown_option`, `invalid_argument`.
   */
  constructor(
    name: N,
    options: AdversarialOptions = {},
    defaults: { weightAdv?: number; keys?: readonly string[] } = {},
  ) {
    super(name);
    checkOptions(name, defaults, ["weightAdv", "keys"]);
    const { weightAdv = 1, keys = [] } = defaults;
    checkKeys(name, options, ADVERSARIAL_OPTIONS, keys);
    const values = readValues(name, options, ADVERSARIAL_OPTIONS);
    this.weightAdv = values.weightAdv ?? weightAdv;
    this.D = values.D;
    this.metricGan = ganMetric(name, options);
  }

  /**
   * The adversarial term, for each image.
   *
   * @throws ArgumentError `missing_argument` without a discriminator; ShapeError `shape_mismatch` where it does not
   * return a batch of scores.
   */
  protected adversarialLoss(fake: Tensor, args: LossArgs): Tensor {
    return this.metricGan
      .generator(scores(this.name, discriminatorOf(this.name, args, this.D), fake))
      .mul(this.weightAdv);
  }
}
