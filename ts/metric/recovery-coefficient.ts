import { matching } from "../functional/index.js";
import { ArgumentError, checkNumber, ShapeError } from "../runtime/index.js";
import { keep, Tensor } from "../tensor/index.js";
import { Metric, type MetricContext, type MetricOptions } from "./metric.js";
import { quotient } from "./quotient.js";

/** Options of {@link RecoveryCoefficient}. */
export interface RecoveryCoefficientOptions extends MetricOptions {
  /** The region, 0 or 1 or weights, that broadcasts to the images; that of a call takes its place. Default: none. */
  mask?: Tensor | null;
  /** Added to the activity of the reference. Default: 1e-7, in float64 1e-12. */
  eps?: number | null;
}

/**
 * Recovery coefficient of emission tomography: the activity in a region relative to that of the reference, `sum(mask
 * xNet) / (sum(mask x) + eps)` for each image.
 *
 * 1 is best; less means that activity was lost, more that it was added. As in deepinv `lowerBetter` is false, and with
 * `trainLoss` it is `|value - 1|`: stop early by that one. A reference without activity in the region is left out
 * (NaN).
 *
 * `forward(xNet, x, { mask })`, or with the option `mask`; without either it throws an ArgumentError
 * `missing_argument`.
 */
export class RecoveryCoefficient extends Metric {
  override readonly lowerBetter: boolean = false;
  readonly eps: number | null;
  readonly #mask: Tensor | undefined;

  constructor(options: RecoveryCoefficientOptions = {}) {
    super("RecoveryCoefficient", options, ["mask", "eps"]);
    const { mask, eps } = options;
    this.eps = eps === undefined || eps === null ? null : checkNumber("RecoveryCoefficient", "eps", eps, { min: 0 });
    this.#mask = mask === undefined || mask === null ? undefined : keep(checkMask(mask).detach());
  }

  protected metric(xNet: Tensor, x: Tensor, context: MetricContext): Tensor {
    const eps = this.eps ?? (x.dtype === "float64" ? 1e-12 : 1e-7);
    return quotient(this.#activity(xNet, context), this.#activity(x, context).add(eps));
  }

  protected override definedFor(x: Tensor, context: MetricContext): Tensor {
    return this.#activity(x, context).ne(0);
  }

  protected override invert(value: Tensor): Tensor {
    return value.sub(1).abs();
  }

  #activity(image: Tensor, context: MetricContext): Tensor {
    const given = context.mask ?? this.#mask;
    if (given === undefined) {
      throw new ArgumentError(
        "RecoveryCoefficient: mask is missing; it is the region to be compared, forward(xNet, x, { mask }).",
        "missing_argument",
      );
    }
    const inside = image.mul(matching(checkMask(given), image));
    if (inside.shape.join() !== image.shape.join()) {
      throw new ShapeError(
        `RecoveryCoefficient: mask has shape [${given.shape.join(", ")}], which does not broadcast to images ` +
          `[${image.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    return inside.reshape([image.shape[0] ?? 1, -1]).sum(1);
  }
}

function checkMask(mask: unknown): Tensor {
  if (mask instanceof Tensor) return mask;
  throw new ArgumentError("RecoveryCoefficient: mask must be a Tensor.", "invalid_argument");
}
