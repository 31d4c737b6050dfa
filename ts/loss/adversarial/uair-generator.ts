import { freeOnError } from "../../tensor/index.js";
import type { Metric } from "../../metric/index.js";
import type { PhysicsGenerator } from "../../physics/index.js";
import { resolveRng } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { metricOption } from "../metric-option.js";
import { number, type OptionReaders, readValues } from "../options.js";
import { GeneratorLoss } from "./generator.js";
import type { AdversarialOptions } from "./options.js";
import { REMEASURE_OPTIONS, remeasured, type RemeasureOptions } from "./remeasure.js";

/** Options of {@link UAIRGeneratorLoss}. */
export interface UAIRGeneratorLossOptions extends AdversarialOptions, RemeasureOptions {
  /** Weight of the measurement consistency. Default: 1. */
  weightMc?: number;
  /** Compares `A R(yHat)` and yHat. Default: mean squared error. */
  metric?: Metric;
}

const OPTIONS = {
  ...REMEASURE_OPTIONS,
  weightMc: number(1, { min: 0 }),
  metric: metricOption,
} satisfies OptionReaders<Omit<UAIRGeneratorLossOptions, keyof AdversarialOptions>>;

/**
 * UAIR loss of the generator, without ground truth: the discriminator should take the reconstruction measured again,
 * `yHat = A(xNet)`, for a measurement, and its reconstruction, measured once more, should be yHat.
 *
 * `weightAdv` (default 0.5) times the generator's cost at `D(yHat)`, plus `weightMc metric(A R(yHat, A), yHat)`, for
 * each image; the gradient goes through both occurrences of the network. With `physicsGenerator` A is redrawn in each
 * call, as in the paper. (Pajot, de Bezenac, Gallinari, "Unsupervised adversarial image reconstruction", 2019.)
 *
 * Differs from deepinv: the network is given the physics also the second time.
 */
export class UAIRGeneratorLoss extends GeneratorLoss<"UAIRGeneratorLoss"> {
  readonly metric: Metric;
  readonly weightMc: number;
  readonly physicsGenerator: PhysicsGenerator | null;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: UAIRGeneratorLossOptions = {}) {
    super("UAIRGeneratorLoss", options, { weightAdv: 0.5, keys: Object.keys(OPTIONS) });
    const { metric, weightMc, physicsGenerator } = readValues(this.name, options, OPTIONS);
    this.metric = metric;
    this.weightMc = weightMc;
    this.physicsGenerator = physicsGenerator;
  }

  forward(args: ArgsOf<"UAIRGeneratorLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return remeasured(args, this.physicsGenerator, (yHat, physics) => {
        this.sameShape(yHat, "yHat", args.y, "y");
        const again = physics.A(args.model.forward(yHat, physics, { rng: resolveRng(args.rng) }));
        return this.adversarialLoss(yHat, args).add(this.metric.forward(again, yHat).mul(this.weightMc));
      });
    });
  }
}
