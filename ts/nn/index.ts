/** Modules, layers and models. */
export * as functional from "./functional.js";
export * from "./layers/index.js";
export * from "./models/index.js";
export { checkModel } from "./check-model.js";
export { Module } from "./module.js";
export type { LoadReport, StateDict } from "./module.js";
export type { Condition, Denoiser, Layer, ReconstructOptions, Reconstructor, WeightOptions } from "./types.js";
