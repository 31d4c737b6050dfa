import { ArgumentError, checkObject } from "../runtime/index.js";
import { LinearPhysics, type Physics, type StackedPhysics } from "../physics/index.js";
import { type LossName, lossAssumptions } from "./assumptions.js";
import { fitting, type PhysicsSummary } from "./fitting.js";

/**
 * Noise and operator of a physics, which decide which losses fit.
 *
 * @throws ArgumentError `invalid_argument` where the argument is no physics.
 */
export function describePhysics(physics: unknown, caller: string): PhysicsSummary {
  const candidate = physics as Partial<Physics> | null | undefined;
  if (!candidate || typeof candidate !== "object" || typeof candidate.A !== "function") {
    throw new ArgumentError(
      `${caller}: physics must be a Physics, such as ` +
        "new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) }).",
      "invalid_argument",
    );
  }
  return {
    noise: candidate.noiseModel?.kind ?? "zero",
    operator: candidate.operator ?? "unknown",
    linear: physics instanceof LinearPhysics,
  };
}

/**
 * Names of the losses whose assumptions the physics meets.
 *
 * `compatibleLosses(new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1 }) }))` contains `"SurePoissonLoss"`.
 *
 * @throws ArgumentError `invalid_argument` where the argument is no physics.
 */
export function compatibleLosses(physics: Physics | StackedPhysics): LossName[] {
  return fittingLosses(describePhysics(physics, "compatibleLosses"));
}

/** Names of the losses that fit a noise and an operator; where one of them is unknown, all that may fit. */
export function fittingLosses(physics: Partial<PhysicsSummary>): LossName[] {
  checkObject("fittingLosses", "physics", physics);
  return fitting(lossAssumptions, physics);
}
