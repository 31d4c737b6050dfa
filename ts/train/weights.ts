import type { StateDict } from "../nn/index.js";
import { noGrad } from "../tensor/index.js";

/** Copies of weights, which the caller owns. */
export function copyWeights(weights: StateDict): StateDict {
  return noGrad(() => Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, value.clone()])));
}

/** Frees weights, if there are any. */
export function disposeWeights(weights: StateDict | undefined): void {
  for (const value of Object.values(weights ?? {})) value.dispose();
}
