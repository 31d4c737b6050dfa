import type { DeviceCheck } from "./check.js";
import { drawChecks } from "./draws.js";
import { lossChecks } from "./losses.js";
import { operatorChecks } from "./operators.js";
import { precisionChecks } from "./precisions.js";
import { streamChecks } from "./streams.js";
import { trainingChecks } from "./training.js";

export type { DeviceCheck } from "./check.js";

/** What the current device must compute as the CPU does. No test framework is needed: `npm run gpu-check` runs it. */
export const deviceChecks: readonly DeviceCheck[] = [
  ...operatorChecks,
  ...streamChecks,
  ...drawChecks,
  ...lossChecks,
  ...trainingChecks,
  ...precisionChecks,
];
