import { freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { GeneratorLoss } from "./generator.js";
import type { AdversarialOptions } from "./options.js";

/**
 * Supervised adversarial loss of the generator: the discriminator should take the reconstruction for a ground truth
 * image.
 *
 * `weightAdv` (default 0.01) times the generator's cost at `D(xNet)`, by default `(D(xNet) - 1)^2`, for each image. Add
 * it to a loss that ties the image to the measurement, such as SupLoss. (Kupyn et al., "DeblurGAN", 2018,
 * arXiv:1711.07064.)
 */
export class SupAdversarialGeneratorLoss extends GeneratorLoss<"SupAdversarialGeneratorLoss"> {
  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: AdversarialOptions = {}) {
    super("SupAdversarialGeneratorLoss", options, { weightAdv: 0.01 });
  }

  forward(args: ArgsOf<"SupAdversarialGeneratorLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      this.sameShape(args.xNet, "xNet", args.x, "x");
      return this.adversarialLoss(args.xNet, args);
    });
  }
}
