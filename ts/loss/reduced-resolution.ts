import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import { checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { describePhysics } from "./compatible.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { ReducedResolutionModel } from "./reduced-resolution-model.js";
import { metricOption } from "./shared.js";

/** Options of {@link ReducedResolutionLoss}. */
export interface ReducedResolutionLossOptions {
  /** What compares reconstruction and measurement. Default: mean squared error. */
  metric?: Metric;
  /** What degrades the measurements once more. Default null: the physics of the call. */
  physics?: Physics | null;
}

/**
 * Reduced resolution: the measurement serves as the ground truth of its own further degraded version, `metric(R(A y,
 * A), y)`.
 *
 * For blur and downsampling, whose measurements are images again, on scenes that look alike at both scales (Shocher,
 * Cohen, Irani, "Zero-shot super-resolution", 2017; Wald, Ranchin, Mangolini, 1997). In evaluation the model
 * reconstructs from y itself.
 *
 * The physics must apply to the measurements: leave its `imgSize` open. The model must be adapted: `model =
 * loss.adaptModel(model)`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class ReducedResolutionLoss extends Loss {
  readonly name: string = "ReducedResolutionLoss";
  readonly assumptions = lossAssumptions.ReducedResolutionLoss;
  readonly metric: Metric;
  readonly physics: Physics | null;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: ReducedResolutionLossOptions = {}) {
    super();
    checkOptions("ReducedResolutionLoss", options, ["metric", "physics"]);
    this.metric = metricOption("ReducedResolutionLoss", options.metric);
    this.physics = options.physics ?? null;
    if (this.physics) describePhysics(this.physics, "ReducedResolutionLoss");
  }

  forward(args: ArgsOf<"ReducedResolutionLoss">): Tensor {
    this.check(args);
    this.sameShape(args.xNet, "xNet (made in training mode by the adapted model)", args.y, "y");
    return this.metric.forward(args.xNet, args.y);
  }

  /** The model that reconstructs from degraded measurements; an adapted model comes back as it is. */
  override adaptModel(model: Reconstructor): ReducedResolutionModel {
    return model instanceof ReducedResolutionModel ? model : new ReducedResolutionModel(model, this.physics);
  }

  /** A physics given as an option stands in for that of the call. */
  protected override checkPhysics(physics: unknown): void {
    if (this.physics === null) super.checkPhysics(physics);
  }
}
