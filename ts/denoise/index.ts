/** Denoising of pictures by a network that learns from these pictures alone. */
export { contradictions } from "./contradictions.js";
export { Denoiser, type RestoreOptions } from "./denoiser.js";
export { estimateNoise, type EstimateNoiseOptions, knownNoise } from "./estimate-noise.js";
export { learn, type LearnOptions, type LossChoice } from "./learn.js";
export { type KnownNoise, type NoiseEstimate, noiseLevel, type NoiseName, noiseVariance } from "./noise-estimate.js";
export { presentLevel } from "./fill-missing.js";
export { plugAndPlay, type PlugAndPlayOptions } from "./plug-and-play.js";
export { startNetwork, type StartNetworkOptions } from "./network.js";
export type { DenoiseProgress, Phase } from "./phases.js";
export { type Quality, stepFactors } from "./quality.js";
