import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import type { ArgsOf } from "../pairing.js";
import { DiscriminatorLoss, type DiscriminatorOptions } from "./discriminator.js";

/**
 * Supervised adversarial loss of the discriminator: ground truth images are real, reconstructions are fake.
 *
 * Half of `weightAdv` (default 1) times the cost at `D(x)` and `D(xNet)`, by default `((D(x) - 1)^2 + D(xNet)^2) / 2`,
 * for each image. The half is deepinv's; UnsupAdversarialDiscriminatorLoss has none.
 */
export class SupAdversarialDiscriminatorLoss extends DiscriminatorLoss {
  readonly name: string = "SupAdversarialDiscriminatorLoss";
  readonly assumptions = lossAssumptions.SupAdversarialDiscriminatorLoss;

  constructor(options: DiscriminatorOptions = {}) {
    super("SupAdversarialDiscriminatorLoss", options);
  }

  forward(args: ArgsOf<"SupAdversarialDiscriminatorLoss">): Tensor {
    this.check(args);
    return this.adversarialLoss(args.x, args.xNet, args).mul(0.5);
  }
}
