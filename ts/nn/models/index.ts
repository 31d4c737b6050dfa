/** Networks, with deepinv's parameter names and defaults. */
export { ArtifactRemoval } from "./artifact-removal.js";
export type { ArtifactRemovalMode, ArtifactRemovalOptions } from "./artifact-removal.js";
export { DCGANDiscriminator, DCGANGenerator } from "./dcgan.js";
export type { DCGANDiscriminatorOptions, DCGANGeneratorOptions } from "./dcgan.js";
export { DnCNN } from "./dncnn.js";
export type { DnCNNOptions } from "./dncnn.js";
export { ESRGANDiscriminator } from "./esrgan.js";
export type { ESRGANDiscriminatorOptions } from "./esrgan.js";
export { PatchGANDiscriminator } from "./patch-gan.js";
export type { PatchGANDiscriminatorOptions } from "./patch-gan.js";
export { UNet } from "./unet.js";
export type { UNetOptions } from "./unet.js";
export { MoDL } from "./modl.js";
export type { MoDLOptions } from "./modl.js";
export { batchToFrames, framesToBatch, TimeAgnosticNet, timeAverage, TimeAveragingNet } from "./time.js";
export type { ImageNetwork, TimeNetOptions } from "./time.js";
export { EquivariantReconstructor } from "./equivariant.js";
export type { EquivariantReconstructorOptions } from "./equivariant.js";
