/** Losses for accelerated MRI and other measurements under random masks. */
export { WeightedSplittingLoss } from "./weighted-splitting.js";
export type { WeightedSplittingLossOptions } from "./weighted-splitting-base.js";
export { RobustSplittingLoss, type RobustSplittingLossOptions } from "./robust-splitting.js";
export { Phase2PhaseLoss, type Phase2PhaseLossOptions } from "./phase2phase.js";
export { Artifact2ArtifactLoss, type Artifact2ArtifactLossOptions } from "./artifact2artifact.js";
export { FrameSplittingModel, type FrameSplittingModelSettings } from "./frame-splitting-model.js";
export { ENSURELoss, type ENSURELossOptions } from "./ensure.js";
