import type { Layer } from "../../nn/index.js";
import { ArgumentError, checkNumber } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { LossArgs } from "../pairing.js";
import { type AdversarialFlavour, checkScores, DiscriminatorMetric } from "./metric.js";

/** Options of every adversarial loss. */
export interface AdversarialOptions {
  /** Weight of the adversarial term. The default depends on the loss. */
  weightAdv?: number;
  /** The discriminator, where the call brings none (an AdversarialTrainer does). */
  D?: Layer;
  /** Default `"lsgan"`. Generator and discriminator take the same. */
  flavour?: AdversarialFlavour;
  /**
   * Only for `"standard"`: scores are logits (default); false where the discriminator ends in a sigmoid, such as
   * DCGANDiscriminator.
   */
  fromLogits?: boolean;
  /** A metric of one's own, in place of `flavour`. */
  metricGan?: DiscriminatorMetric;
}

/** The option names of {@link AdversarialOptions}, for `checkOptions`. */
export const ADVERSARIAL_KEYS = ["weightAdv", "D", "flavour", "fromLogits", "metricGan"] as const;

/** The weight, checked. */
export function weightOption(caller: string, weight: number | undefined, fallback: number): number {
  return checkNumber(caller, "weightAdv", weight ?? fallback, { min: 0 });
}

/** The metric that the options describe. */
export function ganMetric(caller: string, { metricGan, flavour, fromLogits }: AdversarialOptions): DiscriminatorMetric {
  if (metricGan === undefined) {
    return new DiscriminatorMetric({
      ...(flavour === undefined ? {} : { flavour }),
      ...(fromLogits === undefined ? {} : { fromLogits }),
    });
  }
  if (!(metricGan instanceof DiscriminatorMetric))
    throw new ArgumentError(`${caller}: metricGan must be a DiscriminatorMetric.`, "invalid_argument");
  if (flavour !== undefined || fromLogits !== undefined) {
    throw new ArgumentError(
      `${caller}: give either metricGan or flavour and fromLogits; metricGan brings its own.`,
      "invalid_argument",
    );
  }
  return metricGan;
}

/** The scores of images, checked. */
export function scores(caller: string, D: Layer, images: Tensor): Tensor {
  const pred: unknown = D.forward(images);
  checkScores(caller, pred, images.shape[0]);
  return pred;
}

/** The discriminator of a call. */
export function discriminatorOf(caller: string, args: LossArgs, own: Layer | undefined): Layer {
  const D: unknown = args.D ?? own;
  if (D === undefined || D === null) {
    throw new ArgumentError(
      `${caller}: D is missing; it is the discriminator, such as new nn.PatchGANDiscriminator({ inputNc: 1 }), given to the loss or to forward.`,
      "missing_argument",
    );
  }
  if (typeof (D as Partial<Layer>).forward === "function") return D as Layer;
  throw new ArgumentError(`${caller}: D must be a network with a forward function.`, "invalid_argument");
}
