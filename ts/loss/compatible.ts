import { ArgumentError } from "../runtime/index.js";
import { LinearPhysics, type Physics, type StackedPhysics } from "../physics/index.js";
import { type Assumptions, lossAssumptions } from "./assumptions.js";

/** The noise and operator of a physics, as far as a plain JavaScript object tells. */
export interface PhysicsSummary {
  readonly noise: string;
  readonly operator: string;
  readonly linear: boolean;
}

/**
 * Reads what a loss has to know from a physics.
 *
 * @throws ArgumentError `invalid_argument` where the argument is no physics.
 */
export function describePhysics(physics: unknown, caller: string): PhysicsSummary {
  const candidate = physics as Partial<Physics> | null | undefined;
  if (!candidate || typeof candidate !== "object" || typeof candidate.A !== "function") {
    throw new ArgumentError(
      `${caller}: physics must be a Physics, such as new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) }).`,
      "invalid_argument",
    );
  }
  return {
    noise: candidate.noiseModel?.kind ?? "zero",
    operator: candidate.operator ?? "unknown",
    linear: physics instanceof LinearPhysics,
  };
}

/** Why the assumptions exclude a physics, in words; undefined where they fit. */
export function mismatch(assumptions: Assumptions, physics: PhysicsSummary): string | undefined {
  const { noise, operator, needs } = assumptions;
  if (physics.operator === "stacked" && needs.includes("physics") && !operator.includes("stacked")) {
    return "it takes one operator, but this physics is a stack; give each operator its own loss in a StackedPhysicsLoss";
  }
  if (noise !== "any" && !(noise as readonly string[]).includes(physics.noise)) {
    return `it assumes ${noise.join(" or ")} noise, but this physics has ${physics.noise} noise`;
  }
  if (operator === "linear" && !physics.linear) return "it assumes a linear operator, but this physics is not a LinearPhysics";
  if (typeof operator !== "string" && !(operator as readonly string[]).includes(physics.operator)) {
    return `it assumes the operator ${operator.join(" or ")}, but this physics is ${physics.operator}`;
  }
  return undefined;
}

/**
 * Names of the losses whose assumptions the physics meets.
 *
 * `compatibleLosses(new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1 }) }))` contains `"SurePoissonLoss"`.
 *
 * @throws ArgumentError `invalid_argument` where the argument is no physics.
 */
export function compatibleLosses(physics: Physics | StackedPhysics): string[] {
  const summary = describePhysics(physics, "compatibleLosses");
  return Object.entries<Assumptions>(lossAssumptions)
    .filter(([, assumptions]) => mismatch(assumptions, summary) === undefined)
    .map(([name]) => name);
}
