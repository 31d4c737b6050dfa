import { freeOnError } from "../tensor/index.js";
import type { Metric } from "../metric/index.js";
import { VirtualLinearPhysics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Identity, RandomNoise, RandomPhaseError, Rotate, Shift, type Transform } from "../transform/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { flag, type OptionReaders, randomStream, readOptions } from "./options.js";
import { optionalTransform } from "./transform-option.js";

/** Options of {@link AugmentConsistencyLoss}. */
export interface AugmentConsistencyLossOptions {
  /**
   * Transform of the measurement under which the result must be invariant; null for none. Default: noise and a phase
   * error, for complex measurements.
   */
  Ti?: Transform | null;
  /**
   * Transform of the image under which the result must be equivariant; null for none. Default: a shift by up to a
   * tenth, or a rotation below 15 degrees.
   */
  Te?: Transform | null;
  /** Compares images. Default: mean squared error. */
  metric?: Metric;
  /** Whether only the augmented branch carries gradients, as in the paper. Default: true. */
  noGrad?: boolean;
  /** Random stream of the default transforms, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  Ti: optionalTransform,
  Te: optionalTransform,
  metric: metricOption,
  noGrad: flag(true),
  rng: randomStream,
} satisfies OptionReaders<AugmentConsistencyLossOptions>;

/**
 * Consistency under augmentation: the reconstruction of an augmented measurement must equal the augmented
 * reconstruction.
 *
 * `metric(T_e xNet, R(A2 T_e A^T T_i y, A2))` with `A2 = A T_e^-1`: T_i is a perturbation to which the network must be
 * invariant, T_e a motion under which it must be equivariant. Both sides share one draw of T_e. Needs a linear physics.
 * (Desai et al., "VORTEX: physics-driven data augmentations using consistency training for robust accelerated MRI
 * reconstruction", 2022, arXiv:2111.02549.)
 *
 * @returns shape `[B]` for a metric that keeps the batch; for several transforms T_e, their mean.
 */
export class AugmentConsistencyLoss extends NamedLoss<"AugmentConsistencyLoss"> {
  readonly Ti: Transform;
  readonly Te: Transform;
  readonly metric: Metric;
  readonly noGrad: boolean;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: AugmentConsistencyLossOptions = {}) {
    super("AugmentConsistencyLoss");
    const { Ti, Te, metric, noGrad, rng } = readOptions(this.name, options, OPTIONS);
    const source = rng ? { rng } : {};
    const orDefault = (transform: Transform | null | undefined, make: () => Transform): Transform =>
      transform === undefined ? make() : (transform ?? new Identity());
    this.Ti = orDefault(Ti, () => new RandomNoise(source).compose(new RandomPhaseError(source)));
    this.Te = orDefault(Te, () => new Shift({ shiftMax: 0.1, ...source }).or(new Rotate({ limits: 15, ...source })));
    if (this.Ti.nTrans !== 1)
      throw new ArgumentError(
        `${this.name}: Ti makes ${this.Ti.nTrans} versions of a measurement (nTrans), expected 1.`,
        "invalid_argument",
      );
    this.metric = metric;
    this.noGrad = noGrad;
  }

  forward(args: ArgsOf<"AugmentConsistencyLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { y, physics, model, rng } = args;
      const xNet = this.noGrad ? args.xNet.detach() : args.xNet;
      const { Te } = this;
      const params = Te.getParams(xNet, { rng });
      const image = physics.AAdjoint(this.Ti.forward(y, { rng }));
      // VirtualLinearPhysics applies its transform before A: here T_e^-1.
      const inverse = { transform: Te.inverse.bind(Te), inverse: Te.transform.bind(Te) };
      const values = Te.iterateParams(params).map((set) => {
        const A2 = new VirtualLinearPhysics({ physics, transform: inverse, params: set });
        const augmented = model.forward(A2.A(Te.transform(image, set)), A2, rng ? { rng } : {});
        return this.metric.forward(Te.transform(xNet, set), augmented);
      });
      return values.reduce((a, b) => a.add(b)).div(values.length);
    });
  }
}
