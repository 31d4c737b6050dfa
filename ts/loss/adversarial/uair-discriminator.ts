import { lossAssumptions } from "../assumptions.js";
import { UnsupAdversarialDiscriminatorLoss, type UnsupDiscriminatorOptions } from "./unsup-discriminator.js";

/**
 * UAIR loss of the discriminator: that of {@link UnsupAdversarialDiscriminatorLoss}, under the name of its generator's
 * pair.
 */
export class UAIRDiscriminatorLoss extends UnsupAdversarialDiscriminatorLoss {
  override readonly name: string = "UAIRDiscriminatorLoss";
  override readonly assumptions = lossAssumptions.UAIRDiscriminatorLoss;

  constructor(options: UnsupDiscriminatorOptions = {}) {
    super(options, "UAIRDiscriminatorLoss");
  }
}
