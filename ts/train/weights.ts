import { Module, type Reconstructor, type StateDict } from "../nn/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";

/** Copies of weights, which the caller owns. */
export function copyWeights(weights: StateDict): StateDict {
  return noGrad(() => Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, value.clone()])));
}

/** Frees weights, if there are any. */
export function disposeWeights(weights: StateDict | undefined): void {
  for (const value of Object.values(weights ?? {})) value.dispose();
}

/** The tensors of a model that are kept but not trained, such as running statistics. */
export function buffersOf(model: Reconstructor): readonly Tensor[] {
  return model instanceof Module ? model.buffers() : [];
}
