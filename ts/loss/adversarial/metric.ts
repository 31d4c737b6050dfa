import { meanPerImage } from "../../functional/index.js";
import { Metric } from "../../metric/index.js";
import { ArgumentError, ShapeError, checkFlag, checkNumber, checkOptions, checkWord } from "../../runtime/index.js";
import { noGrad, Tensor } from "../../tensor/index.js";
import { metricOption } from "../shared.js";

const FLAVOURS = ["standard", "lsgan", "wgan", "wgan-gp", "hinge"] as const;

/**
 * What a discriminator is trained to; D and G are minimised, s are scores.
 *
 * | flavour | discriminator | generator | paper |
 * | --- | --- | --- | --- |
 * | `"standard"` | `softplus(-s_real) + softplus(s_fake)` | `softplus(-s_fake)` | Goodfellow et al., 2014, arXiv:1406.2661 |
 * | `"lsgan"` | `(s_real - 1)^2 + s_fake^2` | `(s_fake - 1)^2` | Mao et al., 2017, arXiv:1611.04076 |
 * | `"wgan"` | `s_fake - s_real`, weights clipped | `-s_fake` | Arjovsky, Chintala, Bottou, 2017, arXiv:1701.07875 |
 * | `"wgan-gp"` | `s_fake - s_real + 10 (norm of the gradient of s - 1)^2` | `-s_fake` | Gulrajani et al., 2017, arXiv:1704.00028 |
 * | `"hinge"` | `relu(1 - s_real) + relu(1 + s_fake)` | `-s_fake` | Lim, Ye, 2017, arXiv:1705.02894 |
 */
export type AdversarialFlavour = (typeof FLAVOURS)[number];

/** Options of {@link DiscriminatorMetric}. */
export interface DiscriminatorMetricOptions {
  /** Default `"lsgan"`, deepinv's. */
  flavour?: AdversarialFlavour;
  /** Only for `"lsgan"`: what compares scores and labels. Default: mean squared error. */
  metric?: Metric;
  /** Label of real images, for `"lsgan"` and `"standard"`. Default 1. */
  realLabel?: number;
  /** Label of fake images, for `"lsgan"` and `"standard"`. Default 0. */
  fakeLabel?: number;
  /** Only for `"standard"`: scores are logits (default); false where the discriminator ends in a sigmoid. */
  fromLogits?: boolean;
  /** Records nothing. Default false. */
  noGrad?: boolean;
}

/**
 * What the scores of a discriminator cost, for real and for fake images.
 *
 * Scores have the shape `[B, ...]`, any number for each image (a patch discriminator has many); they are averaged over
 * each image.
 */
export class DiscriminatorMetric {
  readonly flavour: AdversarialFlavour;
  readonly metric: Metric;
  readonly realLabel: number;
  readonly fakeLabel: number;
  readonly fromLogits: boolean;
  readonly noGrad: boolean;

  /**
   * @throws ArgumentError `unknown_option`, `invalid_argument` (an unknown flavour, an option that the flavour does not
   * have).
   */
  constructor(options: DiscriminatorMetricOptions = {}) {
    const name = "DiscriminatorMetric";
    checkOptions(name, options, ["flavour", "metric", "realLabel", "fakeLabel", "fromLogits", "noGrad"]);
    this.flavour = checkFlavour(name, options.flavour);
    onlyFor(name, this.flavour, "metric", options.metric, ["lsgan"]);
    onlyFor(name, this.flavour, "fromLogits", options.fromLogits, ["standard"]);
    onlyFor(name, this.flavour, "realLabel", options.realLabel, ["lsgan", "standard"]);
    onlyFor(name, this.flavour, "fakeLabel", options.fakeLabel, ["lsgan", "standard"]);
    this.metric = metricOption(name, options.metric);
    this.realLabel = checkNumber(name, "realLabel", options.realLabel ?? 1);
    this.fakeLabel = checkNumber(name, "fakeLabel", options.fakeLabel ?? 0);
    this.fromLogits = checkFlag(name, "fromLogits", options.fromLogits, true);
    this.noGrad = checkFlag(name, "noGrad", options.noGrad, false);
  }

  /**
   * What the scores cost if they should say "real" (or "fake"): shape `[B]`, or a scalar where the metric reduces.
   *
   * @throws ShapeError `shape_mismatch` for scores without a batch dimension.
   */
  forward(pred: Tensor, real: boolean): Tensor {
    checkScores("DiscriminatorMetric", pred);
    return this.noGrad ? noGrad(() => this.#cost(pred, real)) : this.#cost(pred, real);
  }

  /** What the generator pays for the scores of its images. */
  generator(pred: Tensor): Tensor {
    if (this.flavour !== "hinge") return this.forward(pred, true);
    checkScores("DiscriminatorMetric", pred);
    return meanPerImage(pred.neg());
  }

  #cost(pred: Tensor, real: boolean): Tensor {
    const label = real ? this.realLabel : this.fakeLabel;
    switch (this.flavour) {
      case "lsgan":
        return this.metric.forward(pred, pred.detach().mul(0).add(label));
      case "standard":
        return meanPerImage(this.fromLogits ? pred.softplus().sub(pred.mul(label)) : crossEntropy(pred, label));
      case "hinge":
        return meanPerImage(real ? pred.neg().add(1).relu() : pred.add(1).relu());
      default:
        return meanPerImage(real ? pred.neg() : pred);
    }
  }
}

/**
 * -(t log p + (1 - t) log(1 - p)); beyond 1e-7 from 0 and 1 probabilities count as 1e-7 from it, so that the value
 * stays finite.
 */
function crossEntropy(p: Tensor, label: number): Tensor {
  const inside = p.clamp(1e-7, 1 - 1e-7);
  return inside
    .log()
    .mul(-label)
    .sub(
      inside
        .neg()
        .add(1)
        .log()
        .mul(1 - label),
    );
}

/** Refuses an unknown flavour; none is `"lsgan"`. */
export function checkFlavour(caller: string, flavour: unknown): AdversarialFlavour {
  if (flavour === undefined) return "lsgan";
  return checkWord(caller, "flavour", flavour, FLAVOURS);
}

/** Refuses an option that means nothing with a flavour. */
export function onlyFor(
  caller: string,
  flavour: AdversarialFlavour,
  option: string,
  value: unknown,
  flavours: readonly AdversarialFlavour[],
): void {
  if (value === undefined || flavours.includes(flavour)) return;
  throw new ArgumentError(
    `${caller}: ${option} is an option of the flavour ${flavours.join(" or ")}, but the flavour is ${flavour}.`,
    "invalid_argument",
  );
}

/** Refuses what is not a batch of scores: `[B, ...]`, with the B of the images where it is known. */
export function checkScores(caller: string, pred: unknown, batch?: number): asserts pred is Tensor {
  const shape = pred instanceof Tensor ? pred.shape : undefined;
  if (shape && shape.length > 0 && (batch === undefined || shape[0] === batch) && (pred as Tensor).size > 0) return;
  const got = shape ? `shape [${shape.join(", ")}]` : typeof pred;
  throw new ShapeError(
    `${caller}: the discriminator must give a batch of scores, [${batch ?? "B"}, ...], one or more for each image; it gives ${got}.`,
    "shape_mismatch",
  );
}
