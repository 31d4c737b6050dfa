import type { Measurement } from "../data/index.js";
import { type Physics, type StackedPhysics, TensorList } from "../physics/index.js";
import type { Tensor } from "../tensor/index.js";

/** Reconstructions without training, by name, to compare with: functions of a measurement and its physics. */
export type Baselines = Readonly<Record<string, (y: Tensor, physics: Physics) => Tensor>>;

/** What can be done without a network: the measurement itself, its adjoint and its pseudo-inverse. */
export const DEFAULT_BASELINES: Baselines = {
  y: (y) => y,
  AAdjoint: (y, physics) => linear(physics)?.AAdjoint(y) ?? y,
  ADagger: (y, physics) => linear(physics)?.ADagger(y) ?? y,
};

/** A physics with an adjoint. */
interface WithAdjoint {
  AAdjoint(y: Tensor): Tensor;
  ADagger(y: Tensor): Tensor;
}

function linear(physics: Physics): WithAdjoint | undefined {
  const candidate = physics as Physics & Partial<WithAdjoint>;
  return typeof candidate.AAdjoint === "function" && typeof candidate.ADagger === "function"
    ? (candidate as Physics & WithAdjoint)
    : undefined;
}

/** A baseline of a measurement where it has the shape of `x`; of stacked physics the first measurement stands for y. */
export function baselineOf(
  baseline: Baselines[string],
  y: Measurement,
  physics: Physics | StackedPhysics,
  x: Tensor,
): Tensor | undefined {
  // As a model of stacked physics, a baseline of it takes the list and the stack.
  const made: Tensor | TensorList = baseline(y as Tensor, physics as Physics);
  const image = made instanceof TensorList ? made.at(0) : made;
  return image.shape.join() === x.shape.join() ? image : undefined;
}
