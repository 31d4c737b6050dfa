/** Adversarial losses: what a reconstruction network and a discriminator minimise against each other. */
export { DiscriminatorLoss, type DiscriminatorOptions } from "./discriminator.js";
export { GeneratorLoss } from "./generator.js";
export { type AdversarialFlavour, DiscriminatorMetric, type DiscriminatorMetricOptions } from "./metric.js";
export type { AdversarialOptions } from "./options.js";
export { SupAdversarialDiscriminatorLoss } from "./sup-discriminator.js";
export { SupAdversarialGeneratorLoss } from "./sup-generator.js";
export { UAIRDiscriminatorLoss } from "./uair-discriminator.js";
export { UAIRGeneratorLoss, type UAIRGeneratorLossOptions } from "./uair-generator.js";
export type { RemeasureOptions } from "./remeasure.js";
export { UnsupAdversarialDiscriminatorLoss, type UnsupDiscriminatorOptions } from "./unsup-discriminator.js";
export { UnsupAdversarialGeneratorLoss, type UnsupAdversarialGeneratorLossOptions } from "./unsup-generator.js";
