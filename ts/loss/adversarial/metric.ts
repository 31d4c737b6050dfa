import { meanPerImage } from "../../functional/index.js";
import { Metric } from "../../metric/index.js";
import { ArgumentError, ShapeError } from "../../runtime/index.js";
import { noGrad, Tensor, checkTensor, freeOnError } from "../../tensor/index.js";
import { metricOption } from "../metric-option.js";
import { flag, number, type OptionReaders, readOptions, word } from "../options.js";

const NAME = "DiscriminatorMetric";

const FLAVOURS = ["standard", "lsgan", "wgan", "wgan-gp", "hinge"] as const;

/**
 * Which adversarial cost is used; discriminator and generator each minimise theirs, s are scores.
 *
 * | flavour | discriminator | generator |
 * | --- | --- | --- |
 * | `"standard"` | `softplus(-s_real) + softplus(s_fake)` | `softplus(-s_fake)` |
 * | `"lsgan"` | `(s_real - 1)^2 + s_fake^2` | `(s_fake - 1)^2` |
 * | `"wgan"` | `s_fake - s_real`, weights clipped | `-s_fake` |
 * | `"wgan-gp"` | `s_fake - s_real + 10 (norm of the gradient of s - 1)^2` | `-s_fake` |
 * | `"hinge"` | `relu(1 - s_real) + relu(1 + s_fake)` | `-s_fake` |
 *
 * Papers, in this order: Goodfellow et al., 2014, arXiv:1406.2661; Mao et al., 2017, arXiv:1611.04076; Arjovsky,
 * Chintala, Bottou, 2017, arXiv:1701.07875; Gulrajani et al., 2017, arXiv:1704.00028; Lim, Ye, 2017, arXiv:1705.02894.
 */
export type AdversarialFlavour = (typeof FLAVOURS)[number];

/** Options of {@link DiscriminatorMetric}. */
export interface DiscriminatorMetricOptions {
  /** The adversarial cost. Default: `"lsgan"`, as in deepinv. */
  flavour?: AdversarialFlavour;
  /** Compares scores and labels; only for `"lsgan"`. Default: mean squared error. */
  metric?: Metric;
  /** Label of real images, for `"lsgan"` and `"standard"`. Default: 1. */
  realLabel?: number;
  /** Label of fake images, for `"lsgan"` and `"standard"`. Default: 0. */
  fakeLabel?: number;
  /**
   * Whether scores are logits; false where the discriminator ends in a sigmoid. Only for `"standard"`. Default: true.
   */
  fromLogits?: boolean;
  /** Whether the cost carries no gradient. Default: false. */
  noGrad?: boolean;
}

const OPTIONS = {
  flavour: word(FLAVOURS, "lsgan"),
  metric: metricOption,
  realLabel: number(1),
  fakeLabel: number(0),
  fromLogits: flag(true),
  noGrad: flag(false),
} satisfies OptionReaders<DiscriminatorMetricOptions>;

/**
 * The cost of a discriminator's scores, for real and for fake images.
 *
 * Scores have shape `[B, ...]`, any number for each image (a patch discriminator has many); they are averaged over each
 * image.
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
    const values = readOptions(NAME, options, OPTIONS);
    this.flavour = values.flavour;
    onlyFor(NAME, this.flavour, "metric", options.metric, ["lsgan"]);
    onlyFor(NAME, this.flavour, "fromLogits", options.fromLogits, ["standard"]);
    onlyFor(NAME, this.flavour, "realLabel", options.realLabel, ["lsgan", "standard"]);
    onlyFor(NAME, this.flavour, "fakeLabel", options.fakeLabel, ["lsgan", "standard"]);
    this.metric = values.metric;
    this.realLabel = values.realLabel;
    this.fakeLabel = values.fakeLabel;
    this.fromLogits = values.fromLogits;
    this.noGrad = values.noGrad;
  }

  /**
   * The cost of scores that should be "real" (or "fake"): shape `[B]`, or a scalar where the metric reduces.
   *
   * @throws ShapeError `shape_mismatch` for scores without a batch dimension.
   */
  forward(pred: Tensor, real: boolean): Tensor {
    checkTensor(NAME, "pred", pred);
    return freeOnError(() => {
      checkScores(NAME, pred);
      return this.noGrad ? noGrad(() => this.#cost(pred, real)) : this.#cost(pred, real);
    });
  }

  /** The cost of the generator, given the scores of its images. */
  generator(pred: Tensor): Tensor {
    checkTensor(NAME, "pred", pred);
    return freeOnError(() => {
      if (this.flavour !== "hinge") return this.forward(pred, true);
      checkScores(NAME, pred);
      return meanPerImage(pred.neg());
    });
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

/** `-(t log p + (1 - t) log(1 - p))`, with p clamped to [1e-7, 1 - 1e-7], so that the value is finite. */
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

/** Refuses an option that the flavour does not use. */
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

/** Refuses anything but a batch of scores: `[B, ...]`, with the B of the images where it is known. */
export function checkScores(caller: string, pred: unknown, batch?: number): asserts pred is Tensor {
  const shape = pred instanceof Tensor ? pred.shape : undefined;
  if (shape && shape.length > 0 && (batch === undefined || shape[0] === batch) && (pred as Tensor).size > 0) return;
  const got = shape ? `shape [${shape.join(", ")}]` : typeof pred;
  throw new ShapeError(
    `${caller}: the discriminator must return a batch of scores, [${batch ?? "B"}, ...], one or more for each image; ` +
      `it returns ${got}.`,
    "shape_mismatch",
  );
}
