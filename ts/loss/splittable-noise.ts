import type { GammaNoise, GaussianNoise, NoiseModel, Physics, PoissonNoise } from "../physics/index.js";
import { ArgumentError } from "../runtime/index.js";
import { checkTold, isOfCounts } from "./noise-level.js";
import type { OptionReader } from "./options.js";

/** The noise models that can be split into two independent parts, and for which Tweedie's formula is known. */
export type SplittableNoise = GaussianNoise | PoissonNoise | GammaNoise;

const KINDS: readonly unknown[] = ["gaussian", "poisson", "gamma"] satisfies readonly SplittableNoise["kind"][];

/**
 * A noise model of one of these kinds; null for that of the physics.
 *
 * @throws ArgumentError `incompatible_physics`.
 */
export const noiseOption: OptionReader<SplittableNoise | null> = (value, name, key) => {
  if (value === undefined || value === null) return null;
  const noise = value as SplittableNoise;
  if (KINDS.includes(noise.kind)) return noise;
  throw new ArgumentError(
    `${name}: ${key} must be a GaussianNoise, PoissonNoise or GammaNoise, got ${String(noise.kind)}.`,
    "incompatible_physics",
  );
};

/**
 * The noise model of a loss's option, or else of the physics of a call.
 *
 * @throws ArgumentError `missing_argument` where there is neither; `incompatible_physics` where both are of one kind,
 * and the physics has levels for these measurements, which the option contradicts; see {@link checkTold}.
 */
export function noiseOf(name: string, option: NoiseModel | null, physics: Physics | undefined): NoiseModel {
  const noise = option ?? physics?.noiseModel;
  if (option && physics && option.kind === (physics as Partial<Physics>).noiseModel?.kind && !isOfCounts(option)) {
    for (const key of ["sigma", "gain", "l"] as const) {
      const told: unknown = Reflect.get(option, key);
      if (typeof told === "number")
        checkTold(name, key, told, physics, "leave out the option noiseModel, which replaces it");
    }
  }
  if (noise) return noise;
  throw new ArgumentError(
    `${name}: the noise model is missing; it comes from the physics given to model.forward(y, physics), or from the ` +
      "loss's option noiseModel.",
    "missing_argument",
  );
}
