import type { Reconstructor } from "../nn/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { WeightedLoss } from "./options.js";

/**
 * The model adapted by every loss (`adaptModel`), in order.
 *
 * @throws ArgumentError `model_not_adapted` where two losses each need a model adapted to them alone.
 */
export function adaptModel(losses: readonly WeightedLoss[], model: Reconstructor): Reconstructor {
  const adapted = losses.reduce((current, { loss }) => loss.adaptModel(current), model);
  const adapting = new Set(losses.filter(({ loss }) => loss.assumptions.adapted).map(({ loss }) => loss.name));
  const { adaptedBy } = adapted as { adaptedBy?: string };
  const { adaptedBy: before } = model as { adaptedBy?: string };
  if (before !== undefined && [...adapting].some((name) => name !== before)) {
    throw new ArgumentError(
      `Trainer: ${[...adapting].join(" and ")} needs a model adapted to it, but this one is adapted to ${before}; ` +
        "give the network itself, the Trainer adapts it.",
      "model_not_adapted",
    );
  }
  if ([...adapting].some((name) => name !== adaptedBy)) {
    throw new ArgumentError(
      `Trainer: ${[...adapting].join(" and ")} each need a model adapted to them alone; ` +
        "train with one of them, or with one after the other.",
      "model_not_adapted",
    );
  }
  return adapted;
}
