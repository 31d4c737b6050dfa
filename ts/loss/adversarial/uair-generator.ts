import type { Metric } from "../../metric/index.js";
import type { PhysicsGenerator } from "../../physics/index.js";
import { resolveRng } from "../../random/index.js";
import { checkNumber } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import type { ArgsOf } from "../pairing.js";
import { metricOption } from "../shared.js";
import { GeneratorLoss } from "./generator.js";
import type { AdversarialOptions } from "./options.js";
import { physicsGeneratorOption, remeasured, type RemeasureOptions } from "./remeasure.js";

/** Options of {@link UAIRGeneratorLoss}. */
export interface UAIRGeneratorLossOptions extends AdversarialOptions, RemeasureOptions {
  /** Weight of the measurement consistency. Default 1. */
  weightMc?: number;
  /** What compares `A R(yHat)` and yHat. Default: mean squared error. */
  metric?: Metric;
}

/**
 * UAIR loss of the generator, without ground truth: the reconstruction measured again, `yHat = A(xNet)`, should pass
 * for a measurement, and reconstructing it should give it back.
 *
 * `weightAdv` (default 0.5) times the generator's cost at `D(yHat)`, plus `weightMc metric(A R(yHat, A), yHat)`, for
 * each image; the gradient goes through both occurrences of the network. With `physicsGenerator` A is drawn anew, as in
 * the paper. (Pajot, de Bezenac, Gallinari, "Unsupervised adversarial image reconstruction", 2019.)
 *
 * Differs from deepinv: the network is given the physics also the second time.
 */
export class UAIRGeneratorLoss extends GeneratorLoss {
  readonly name: string = "UAIRGeneratorLoss";
  readonly assumptions = lossAssumptions.UAIRGeneratorLoss;
  readonly metric: Metric;
  readonly weightMc: number;
  readonly physicsGenerator: PhysicsGenerator | null;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: UAIRGeneratorLossOptions = {}) {
    const name = "UAIRGeneratorLoss";
    super(name, options, { weightAdv: 0.5, keys: ["weightMc", "metric", "physicsGenerator"] });
    this.metric = metricOption(name, options.metric);
    this.weightMc = checkNumber(name, "weightMc", options.weightMc ?? 1, { min: 0 });
    this.physicsGenerator = physicsGeneratorOption(name, options.physicsGenerator);
  }

  forward(args: ArgsOf<"UAIRGeneratorLoss">): Tensor {
    this.check(args);
    return remeasured(args, this.physicsGenerator, (yHat, physics) => {
      this.sameShape(yHat, "yHat", args.y, "y");
      const again = physics.A(args.model.forward(yHat, physics, { rng: resolveRng(args.rng) }));
      return this.adversarialLoss(yHat, args).add(this.metric.forward(again, yHat).mul(this.weightMc));
    });
  }
}
