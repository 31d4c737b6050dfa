import { freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { DiscriminatorLoss, type DiscriminatorOptions } from "./discriminator.js";

/**
 * Supervised adversarial loss of the discriminator: ground truth images are real, reconstructions are fake.
 *
 * Half of `weightAdv` (default 1) times the cost at `D(x)` and `D(xNet)`, by default `((D(x) - 1)^2 + D(xNet)^2) / 2`,
 * for each image. The half is deepinv's; UnsupAdversarialDiscriminatorLoss has none. (Kupyn et al., "DeblurGAN", 2018,
 * arXiv:1711.07064.)
 */
export class SupAdversarialDiscriminatorLoss extends DiscriminatorLoss<"SupAdversarialDiscriminatorLoss"> {
  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: DiscriminatorOptions = {}) {
    super("SupAdversarialDiscriminatorLoss", options);
  }

  forward(args: ArgsOf<"SupAdversarialDiscriminatorLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.adversarialLoss(args.x, args.xNet, args).mul(0.5);
    });
  }
}
