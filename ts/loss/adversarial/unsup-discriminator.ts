import { freeOnError } from "../../tensor/index.js";
import type { PhysicsGenerator } from "../../physics/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { readValues } from "../options.js";
import { DiscriminatorLoss, type DiscriminatorOptions } from "./discriminator.js";
import { REMEASURE_OPTIONS, remeasured, type RemeasureOptions } from "./remeasure.js";

/** Options of {@link UnsupAdversarialDiscriminatorLoss} and {@link UAIRDiscriminatorLoss}. */
export interface UnsupDiscriminatorOptions extends DiscriminatorOptions, RemeasureOptions {}

type UnsupName = "UnsupAdversarialDiscriminatorLoss" | "UAIRDiscriminatorLoss";

/**
 * Unsupervised adversarial loss of the discriminator: measurements are real, reconstructions measured again are fake.
 * No ground truth.
 *
 * `weightAdv` (default 1) times the cost at `D(y)` and `D(yHat)`, `yHat = A(xNet)` unless the call brings another: by
 * default `(D(y) - 1)^2 + D(yHat)^2`, for each image. With `physicsGenerator` A is redrawn in each call. (Bora, Price,
 * Dimakis, "AmbientGAN: generative models from lossy measurements", 2018.)
 */
export class UnsupAdversarialDiscriminatorLoss extends DiscriminatorLoss<UnsupName> {
  readonly physicsGenerator: PhysicsGenerator | null;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: UnsupDiscriminatorOptions = {}, name: UnsupName = "UnsupAdversarialDiscriminatorLoss") {
    super(name, options, Object.keys(REMEASURE_OPTIONS));
    this.physicsGenerator = readValues(name, options, REMEASURE_OPTIONS).physicsGenerator;
  }

  forward(args: ArgsOf<UnsupName>): Tensor {
    return freeOnError(() => {
      this.check(args);
      // Detached: the discriminator does not train the reconstruction.
      return remeasured({ ...args, xNet: args.xNet.detach() }, this.physicsGenerator, (yHat) =>
        this.adversarialLoss(args.y, yHat, args),
      );
    });
  }
}
