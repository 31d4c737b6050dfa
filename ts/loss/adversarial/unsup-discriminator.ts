import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import type { ArgsOf } from "../pairing.js";
import { DiscriminatorLoss, type DiscriminatorOptions } from "./discriminator.js";

/**
 * Unsupervised adversarial loss of the discriminator: measurements are real, reconstructions measured again are fake. No ground truth.
 *
 * `weightAdv` (default 1) times the cost at `D(y)` and `D(yHat)`, `yHat = A(xNet)` unless the call brings another: by default
 * `(D(y) - 1)^2 + D(yHat)^2`, for each image. (Bora, Price, Dimakis, "AmbientGAN", 2018.)
 */
export class UnsupAdversarialDiscriminatorLoss extends DiscriminatorLoss {
  readonly name: string = "UnsupAdversarialDiscriminatorLoss";
  readonly assumptions = lossAssumptions.UnsupAdversarialDiscriminatorLoss;

  constructor(options: DiscriminatorOptions = {}) {
    super("UnsupAdversarialDiscriminatorLoss", options);
  }

  forward(args: ArgsOf<"UnsupAdversarialDiscriminatorLoss">): Tensor {
    this.check(args);
    return this.adversarialLoss(args.y, args.yHat ?? noTape(args), args);
  }
}

/** The reconstruction measured again, off the tape: the discriminator does not train the reconstruction. */
function noTape({ physics, xNet }: ArgsOf<"UnsupAdversarialDiscriminatorLoss">): Tensor {
  return physics.A(xNet.detach());
}
