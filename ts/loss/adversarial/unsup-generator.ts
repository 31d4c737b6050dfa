import { freeOnError } from "../../tensor/index.js";
import type { PhysicsGenerator } from "../../physics/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { readValues } from "../options.js";
import { GeneratorLoss } from "./generator.js";
import type { AdversarialOptions } from "./options.js";
import { REMEASURE_OPTIONS, remeasured, type RemeasureOptions } from "./remeasure.js";

/** Options of {@link UnsupAdversarialGeneratorLoss}. */
export interface UnsupAdversarialGeneratorLossOptions extends AdversarialOptions, RemeasureOptions {}

/**
 * Unsupervised adversarial loss of the generator: the discriminator should take the reconstruction, measured again, for
 * a measurement. No ground truth.
 *
 * `weightAdv` (default 1) times the generator's cost at `D(yHat)`, `yHat = A(xNet)` unless the call brings another, for
 * each image. With `physicsGenerator` A is redrawn in each call. (Bora, Price, Dimakis, "AmbientGAN: generative models
 * from lossy measurements", 2018.)
 */
export class UnsupAdversarialGeneratorLoss extends GeneratorLoss<"UnsupAdversarialGeneratorLoss"> {
  readonly physicsGenerator: PhysicsGenerator | null;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: UnsupAdversarialGeneratorLossOptions = {}) {
    super("UnsupAdversarialGeneratorLoss", options, { keys: Object.keys(REMEASURE_OPTIONS) });
    this.physicsGenerator = readValues(this.name, options, REMEASURE_OPTIONS).physicsGenerator;
  }

  forward(args: ArgsOf<"UnsupAdversarialGeneratorLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return remeasured(args, this.physicsGenerator, (yHat) => {
        this.sameShape(yHat, "yHat", args.y, "y");
        return this.adversarialLoss(yHat, args);
      });
    });
  }
}
