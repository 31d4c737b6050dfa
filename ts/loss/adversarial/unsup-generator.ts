import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import type { ArgsOf } from "../pairing.js";
import { GeneratorLoss } from "./generator.js";
import type { AdversarialOptions } from "./options.js";

/**
 * Unsupervised adversarial loss of the generator: the reconstruction, measured again, should pass for a measurement. No ground truth.
 *
 * `weightAdv` (default 1) times the generator's cost at `D(yHat)`, `yHat = A(xNet)` unless the call brings another, for each image.
 * (Bora, Price, Dimakis, "AmbientGAN", 2018.)
 */
export class UnsupAdversarialGeneratorLoss extends GeneratorLoss {
  readonly name: string = "UnsupAdversarialGeneratorLoss";
  readonly assumptions = lossAssumptions.UnsupAdversarialGeneratorLoss;

  constructor(options: AdversarialOptions = {}) {
    super("UnsupAdversarialGeneratorLoss", options);
  }

  forward(args: ArgsOf<"UnsupAdversarialGeneratorLoss">): Tensor {
    this.check(args);
    const yHat = args.yHat ?? args.physics.A(args.xNet);
    this.sameShape(yHat, "yHat", args.y, "y");
    return this.adversarialLoss(yHat, args);
  }
}
