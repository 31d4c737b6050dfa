import type { Layer } from "../../nn/index.js";
import { ArgumentError, hasMethods } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { LossArgs } from "../args.js";
import { optionalNumber, type OptionReader, type OptionReaders, unchecked } from "../options.js";
import { type AdversarialFlavour, checkScores, DiscriminatorMetric } from "./metric.js";

/** Options of every adversarial loss. */
export interface AdversarialOptions {
  /** Weight of the adversarial term; its default depends on the loss. */
  weightAdv?: number;
  /** The discriminator, where the call brings none (an AdversarialTrainer does). */
  D?: Layer;
  /** The adversarial cost, the same for generator and discriminator. Default: `"lsgan"`. */
  flavour?: AdversarialFlavour;
  /**
   * Whether scores are logits; false where the discriminator ends in a sigmoid, such as DCGANDiscriminator. Only for
   * `"standard"`. Default: true.
   */
  fromLogits?: boolean;
  /** A custom cost, in place of `flavour`. */
  metricGan?: DiscriminatorMetric;
}

function checkDiscriminator(caller: string, D: unknown): Layer {
  if (hasMethods(D, ["forward"])) return D as Layer;
  throw new ArgumentError(`${caller}: D must be a network with a forward function.`, "invalid_argument");
}

const discriminatorOption: OptionReader<Layer | undefined> = (value, name) =>
  value === undefined || value === null ? undefined : checkDiscriminator(name, value);

/** Readers of {@link AdversarialOptions}; {@link ganMetric} checks what depends on others. */
export const ADVERSARIAL_OPTIONS = {
  weightAdv: optionalNumber({ min: 0 }),
  D: discriminatorOption,
  flavour: unchecked<AdversarialFlavour | undefined>(),
  fromLogits: unchecked<boolean | undefined>(),
  metricGan: unchecked<DiscriminatorMetric | undefined>(),
} satisfies OptionReaders<AdversarialOptions>;

/** The cost that the options describe. */
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
      `${caller}: give either metricGan or flavour and fromLogits; metricGan has its own.`,
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
      `${caller}: D is missing; it is the discriminator, such as new nn.PatchGANDiscriminator({ inputNc: 1 }), given ` +
        "to the loss or to forward.",
      "missing_argument",
    );
  }
  return checkDiscriminator(caller, D);
}
