// What the examples share: options, images, measuring, and writing down what came out. What there is to learn is in
// each example's main.mjs.
export { begin, progress } from "./begin.mjs";
export { conclude } from "./conclude.mjs";
export { crops, patches, photographs, testImages } from "./images.mjs";
export { judge, mean } from "./judge.mjs";
export { learn } from "./learn.mjs";
export { denoiser } from "./network.mjs";
export { phantom } from "./phantom.mjs";
