import { UnsupAdversarialDiscriminatorLoss, type UnsupDiscriminatorOptions } from "./unsup-discriminator.js";

/**
 * UAIR loss of the discriminator: that of {@link UnsupAdversarialDiscriminatorLoss}, named after the generator loss
 * {@link UAIRGeneratorLoss} that it belongs to.
 */
export class UAIRDiscriminatorLoss extends UnsupAdversarialDiscriminatorLoss {
  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: UnsupDiscriminatorOptions = {}) {
    super(options, "UAIRDiscriminatorLoss");
  }
}
