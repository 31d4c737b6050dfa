import type { PhysicsGenerator } from "../../physics/index.js";
import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import type { ArgsOf } from "../pairing.js";
import { DiscriminatorLoss, type DiscriminatorOptions } from "./discriminator.js";
import { physicsGeneratorOption, remeasured, type RemeasureOptions } from "./remeasure.js";

/** Options of {@link UnsupAdversarialDiscriminatorLoss} and {@link UAIRDiscriminatorLoss}. */
export interface UnsupDiscriminatorOptions extends DiscriminatorOptions, RemeasureOptions {}

/**
 * Unsupervised adversarial loss of the discriminator: measurements are real, reconstructions measured again are fake.
 * No ground truth.
 *
 * `weightAdv` (default 1) times the cost at `D(y)` and `D(yHat)`, `yHat = A(xNet)` unless the call brings another: by
 * default `(D(y) - 1)^2 + D(yHat)^2`, for each image. With `physicsGenerator` A is drawn anew. (Bora, Price, Dimakis,
 * "AmbientGAN", 2018.)
 */
export class UnsupAdversarialDiscriminatorLoss extends DiscriminatorLoss {
  readonly name: string = "UnsupAdversarialDiscriminatorLoss";
  readonly assumptions = lossAssumptions.UnsupAdversarialDiscriminatorLoss;
  readonly physicsGenerator: PhysicsGenerator | null;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: UnsupDiscriminatorOptions = {}, caller = "UnsupAdversarialDiscriminatorLoss") {
    super(caller, options, ["physicsGenerator"]);
    this.physicsGenerator = physicsGeneratorOption(caller, options.physicsGenerator);
  }

  forward(args: ArgsOf<"UnsupAdversarialDiscriminatorLoss">): Tensor {
    this.check(args);
    // Off the tape: the discriminator does not train the reconstruction.
    return remeasured({ ...args, xNet: args.xNet.detach() }, this.physicsGenerator, (yHat) =>
      this.adversarialLoss(args.y, yHat, args),
    );
  }
}
