import { checkModel } from "../nn/index.js";
import { freeOnError } from "../tensor/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { describePhysics } from "./compatible.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { type OptionReader, type OptionReaders, readOptions } from "./options.js";
import { ReducedResolutionModel } from "./reduced-resolution-model.js";

/** Options of {@link ReducedResolutionLoss}. */
export interface ReducedResolutionLossOptions {
  /** Compares reconstruction and measurement. Default: mean squared error. */
  metric?: Metric;
  /** Degrades the measurements once more. Default: null, the physics of the call. */
  physics?: Physics | null;
}

const physicsOption: OptionReader<Physics | null> = (value, name) => {
  if (value === undefined || value === null) return null;
  describePhysics(value, name);
  return value as Physics;
};

const OPTIONS = {
  metric: metricOption,
  physics: physicsOption,
} satisfies OptionReaders<ReducedResolutionLossOptions>;

/**
 * Reduced resolution: the measurement serves as the ground truth of its own further degraded version, `metric(R(A y,
 * A), y)`.
 *
 * For blur and downsampling, whose measurements are images again, on scenes that look alike at both scales (Shocher,
 * Cohen, Irani, "Zero-shot super-resolution using deep internal learning", 2018, arXiv:1712.06087; Wald, Ranchin,
 * Mangolini, 1997). In evaluation the model reconstructs from y itself.
 *
 * The physics must apply to the measurements: leave its `imgSize` open. The model must be adapted: `model =
 * loss.adaptModel(model)`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class ReducedResolutionLoss extends NamedLoss<"ReducedResolutionLoss"> {
  readonly metric: Metric;
  readonly physics: Physics | null;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: ReducedResolutionLossOptions = {}) {
    super("ReducedResolutionLoss");
    const { metric, physics } = readOptions(this.name, options, OPTIONS);
    this.metric = metric;
    this.physics = physics;
  }

  forward(args: ArgsOf<"ReducedResolutionLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      this.sameShape(args.xNet, "xNet (made in training mode by the adapted model)", args.y, "y");
      return this.metric.forward(args.xNet, args.y);
    });
  }

  /** The model that reconstructs from degraded measurements; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): ReducedResolutionModel {
    checkModel(this.name, "model", model);
    return model instanceof ReducedResolutionModel ? model : new ReducedResolutionModel(model, this.physics);
  }

  /** The option `physics` replaces that of the call. */
  override checkPhysics(physics: unknown): void {
    if (this.physics === null) super.checkPhysics(physics);
  }
}
