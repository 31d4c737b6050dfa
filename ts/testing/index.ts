/** Tools for tests: recorded draws, finite differences, exact risk estimates. */
export { ReplayRng } from "../random/index.js";
export type { Draw } from "../random/index.js";
export { gradcheck, gradgradcheck } from "./gradcheck.js";
export type { GradcheckOptions } from "./gradcheck.js";
export { pure } from "./pure.js";
export type { PureArgs } from "./pure.js";
