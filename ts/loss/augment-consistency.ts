import type { Metric } from "../metric/index.js";
import { VirtualLinearPhysics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Identity, RandomNoise, RandomPhaseError, Rotate, Shift, type Transform } from "../transform/index.js";
import { lossAssumptions } from "./assumptions.js";
import { transformOption } from "./ei.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { metricOption } from "./shared.js";

/** Options of {@link AugmentConsistencyLoss}. */
export interface AugmentConsistencyLossOptions {
  /**
   * What is done to the measurement and must not change the result; null for nothing. Default: noise and a phase error,
   * for complex measurements.
   */
  Ti?: Transform | null;
  /**
   * What is done to the image and must be done to the result; null for nothing. Default: a shift by up to a tenth, or a
   * rotation below 15 degrees.
   */
  Te?: Transform | null;
  /** What compares images. Default: mean squared error. */
  metric?: Metric;
  /** Whether the gradient goes through the augmented branch alone, as in the paper. Default true. */
  noGrad?: boolean;
  /** Where the default transforms draw from, unless a call brings its own source. */
  rng?: RandomSource;
}

/**
 * Consistency under augmentation: the augmented measurement must be reconstructed as the augmented reconstruction.
 *
 * `metric(T_e xNet, R(A2 T_e A^T T_i y, A2))` with `A2 = A T_e^-1`: T_i is an error that the network must ignore, T_e a
 * motion that it must follow. One draw of T_e serves both sides. Needs a linear physics. (Desai et al., "VORTEX:
 * physics-driven data augmentations using consistency training for robust accelerated MRI reconstruction", 2022,
 * arXiv:2111.02549.)
 *
 * @returns shape `[B]` for a metric that keeps the batch; over several transforms T_e its mean.
 */
export class AugmentConsistencyLoss extends Loss {
  readonly name: string = "AugmentConsistencyLoss";
  readonly assumptions = lossAssumptions.AugmentConsistencyLoss;
  readonly Ti: Transform;
  readonly Te: Transform;
  readonly metric: Metric;
  readonly noGrad: boolean;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: AugmentConsistencyLossOptions = {}) {
    super();
    const name = "AugmentConsistencyLoss";
    checkOptions(name, options, ["Ti", "Te", "metric", "noGrad", "rng"]);
    const own = options.rng ? { rng: options.rng } : {};
    const option = (key: "Ti" | "Te", fallback: () => Transform): Transform => {
      const given = options[key];
      if (given === null) return new Identity();
      return given === undefined ? fallback() : transformOption(name, key, given);
    };
    this.Ti = option("Ti", () => new RandomNoise(own).compose(new RandomPhaseError(own)));
    this.Te = option("Te", () => new Shift({ shiftMax: 0.1, ...own }).or(new Rotate({ limits: 15, ...own })));
    if (this.Ti.nTrans !== 1)
      throw new ArgumentError(
        `${name}: Ti makes ${this.Ti.nTrans} versions of a measurement (nTrans), expected 1.`,
        "invalid_argument",
      );
    this.metric = metricOption(name, options.metric);
    this.noGrad = checkFlag(name, "noGrad", options.noGrad, true);
  }

  forward(args: ArgsOf<"AugmentConsistencyLoss">): Tensor {
    this.check(args);
    const { y, physics, model, rng } = args;
    const xNet = this.noGrad ? args.xNet.detach() : args.xNet;
    const { Te } = this;
    const params = Te.getParams(xNet, { rng });
    const image = physics.AAdjoint(this.Ti.forward(y, { rng }));
    const back = { transform: Te.inverse.bind(Te), inverse: Te.transform.bind(Te) };
    const values = Te.iterateParams(params).map((set) => {
      const moved = new VirtualLinearPhysics({ physics, transform: back, params: set });
      const augmented = model.forward(moved.A(Te.transform(image, set)), moved, rng ? { rng } : {});
      return this.metric.forward(Te.transform(xNet, set), augmented);
    });
    return values.reduce((a, b) => a.add(b)).div(values.length);
  }
}
