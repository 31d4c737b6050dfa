// What the examples share: options, images, evaluation and results. What each demonstrates is in its main.mjs.
export { begin, progress } from "./begin.mjs";
export { ColumnSplittingMaskGenerator } from "./column-splitting.mjs";
export { complexPhantom } from "./complex-phantom.mjs";
export { conclude } from "./conclude.mjs";
export { ConsistentMoDL } from "./consistent-modl.mjs";
export { crops, patches, photographs, testImages } from "./images.mjs";
export { evaluateModel, mean } from "./evaluate-model.mjs";
export { trainEach } from "./train-each.mjs";
export { denoiser } from "./network.mjs";
export { phantom } from "./phantom.mjs";
export { Unrolled } from "./unrolled.mjs";
