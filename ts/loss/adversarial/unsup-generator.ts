import type { PhysicsGenerator } from "../../physics/index.js";
import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import type { ArgsOf } from "../pairing.js";
import { GeneratorLoss } from "./generator.js";
import type { AdversarialOptions } from "./options.js";
import { physicsGeneratorOption, remeasured, type RemeasureOptions } from "./remeasure.js";

/** Options of {@link UnsupAdversarialGeneratorLoss}. */
export interface UnsupAdversarialGeneratorLossOptions extends AdversarialOptions, RemeasureOptions {}

/**
 * Unsupervised adversarial loss of the generator: the reconstruction, measured again, should pass for a measurement. No
 * ground truth.
 *
 * `weightAdv` (default 1) times the generator's cost at `D(yHat)`, `yHat = A(xNet)` unless the call brings another, for
 * each image. With `physicsGenerator` A is drawn anew. (Bora, Price, Dimakis, "AmbientGAN", 2018.)
 */
export class UnsupAdversarialGeneratorLoss extends GeneratorLoss {
  readonly name: string = "UnsupAdversarialGeneratorLoss";
  readonly assumptions = lossAssumptions.UnsupAdversarialGeneratorLoss;
  readonly physicsGenerator: PhysicsGenerator | null;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: UnsupAdversarialGeneratorLossOptions = {}) {
    const name = "UnsupAdversarialGeneratorLoss";
    super(name, options, { keys: ["physicsGenerator"] });
    this.physicsGenerator = physicsGeneratorOption(name, options.physicsGenerator);
  }

  forward(args: ArgsOf<"UnsupAdversarialGeneratorLoss">): Tensor {
    this.check(args);
    return remeasured(args, this.physicsGenerator, (yHat) => {
      this.sameShape(yHat, "yHat", args.y, "y");
      return this.adversarialLoss(yHat, args);
    });
  }
}
