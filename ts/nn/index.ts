/** Modules, layers and models. */
export * as functional from "./functional.js";
export * from "./layers/index.js";
export * from "./models/index.js";
export { checkpoint } from "../tensor/index.js";
export { checkModel } from "./check-model.js";
export { fromPretrained } from "./from-pretrained.js";
export { loadPretrained } from "./pretrained.js";
export type { Pretrained, PretrainedOptions } from "./pretrained.js";
export { Module } from "./module.js";
export type { LoadReport } from "./module.js";
export type { StateDict, StateKey, StateOf } from "./state-type.js";
export type { LayerSummary, ModelSummary, SummaryOptions } from "./summary.js";
export type { Condition, Denoiser, Layer, ReconstructOptions, Reconstructor, WeightOptions } from "./types.js";
