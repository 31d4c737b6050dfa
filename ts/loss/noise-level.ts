import { matching } from "../functional/index.js";
import type { NoiseModel, Physics, PoissonNoise } from "../physics/index.js";
import { ArgumentError, checkNumber, type NumberRule, ShapeError } from "../runtime/index.js";
import { keep, Tensor } from "../tensor/index.js";
import { type OptionReader, required } from "./options.js";

/**
 * A noise level that a loss is told: a number, a tensor with one value for each image of a batch, `[B]`, or
 * `"physics"`, for that of the noise model of the physics in each call. A number is refused
 * (`incompatible_physics`) where a generator or the samples give the physics other levels.
 */
export type NoiseLevel = number | Tensor | "physics";

/**
 * A noise level that must be given; `source` says what it is. The values of a tensor are checked on the CPU only; it is
 * the caller's own, of which {@link ownLevel} makes the loss's.
 */
export function noiseLevel(source: string, rule: NumberRule): OptionReader<NoiseLevel> {
  return (value, name, key) => {
    if (value === "physics") return value;
    const others = 'a tensor with one value for each image, or "physics" for that of its noise model';
    if (value === undefined || value === null || typeof value === "number")
      return required(`${source}, ${others}`, rule)(value, name, key);
    if (!(value instanceof Tensor)) {
      const shown = typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`;
      throw new ArgumentError(`${name}: ${key} is ${shown}, expected a number, ${others}.`, "invalid_argument");
    }
    if (value.size === 0)
      throw new ShapeError(`${name}: ${key} is an empty tensor, expected one value for each image.`, "shape_mismatch");
    if (value.device === "cpu") for (const entry of value.dataSync()) checkNumber(name, key, entry, rule);
    return value;
  };
}

/**
 * What a loss keeps of a level, independent of what the caller does with its tensor. The last thing that a constructor
 * does: a check that fails after it would leave the tensor behind.
 */
export function ownLevel(level: NoiseLevel): NoiseLevel {
  return level instanceof Tensor ? keep(level.detach()) : level;
}

/**
 * The level of a call: a number, or a tensor of shape `[1]` or `[B]` like the measurements `y`.
 *
 * @throws ArgumentError `incompatible_physics` where the noise model has no such level, or as {@link checkTold} says;
 * ShapeError `shape_mismatch` where a tensor has neither one value nor one for each image.
 */
export function levelOf(
  name: string,
  key: "sigma" | "gain",
  level: NoiseLevel,
  physics: Physics,
  y: Tensor,
): number | Tensor {
  const value = level === "physics" ? levelOfPhysics(name, key, physics) : level;
  if (typeof level === "number") checkTold(name, key, level, physics, `pass ${key}: "physics"`);
  if (typeof value === "number") return value;
  const [images = 0] = y.shape;
  if (value.size !== 1 && !(value.size === images && value.shape[0] === images)) {
    throw new ShapeError(
      `${name}: ${key} has shape [${value.shape.join(", ")}], expected one value or one for each of the ${images} ` +
        `images${level === "physics" ? "" : `; levels of samples go into their params, with ${key}: "physics"`}.`,
      "shape_mismatch",
    );
  }
  return matching(value, y).reshape([value.size]);
}

/**
 * Refuses one level for all images where the physics has other ones for these measurements: a tensor in its noise model
 * comes from a generator or from the samples, and counts have the gain 1. Another number in the noise model is no
 * contradiction: a physics for recorded measurements may have its default there.
 *
 * Tensors are compared on the CPU only, as reading them from another device would wait for it.
 *
 * @throws ArgumentError `incompatible_physics`.
 */
export function checkTold(
  name: string,
  key: "sigma" | "gain" | "l",
  told: number,
  physics: Physics,
  advice: string,
): void {
  // A loss with a noise of its own takes any object for a physics that has what it calls.
  const { noiseModel } = physics as Partial<Physics>;
  if (!noiseModel) return;
  const refuse = (what: string): never => {
    throw new ArgumentError(
      `${name}: ${key} is ${told} for every image, but ${what}; ${advice}.`,
      "incompatible_physics",
    );
  };
  if (key === "gain" && isOfCounts(noiseModel)) {
    if (told !== 1)
      refuse("the measurements of the physics are counts (its noise model has normalize: false), whose gain is 1");
    return;
  }
  const known: unknown = Reflect.get(noiseModel, key);
  if (!(known instanceof Tensor) || known.device !== "cpu") return;
  const other = known.dataSync().find((value) => Math.abs(value - told) > 1e-6 * Math.max(value, told));
  if (other === undefined) return;
  refuse(`the noise model of the physics has a level of its own for each image or batch, such as ${other}`);
}

/** Whether a noise model gives counts, of which the gain is only that of their mean. */
export function isOfCounts(noise: NoiseModel): boolean {
  return noise.kind === "poisson" && !(noise as PoissonNoise).normalize;
}

/** The square of a level. */
export function squared(level: number | Tensor): number | Tensor {
  return typeof level === "number" ? level ** 2 : level.square();
}

/** A level of {@link levelOf} made to multiply measurements shaped like `y`. */
export function overPixels(level: number | Tensor, y: Tensor): number | Tensor {
  if (typeof level === "number" || level.shape.length === 0) return level;
  return level.reshape([level.size, ...Array.from({ length: y.shape.length - 1 }, () => 1)]);
}

/**
 * The number from which a level is learned, or 0 for one that is given for each call.
 *
 * @throws ArgumentError `invalid_argument` where a level that is learned is no number.
 */
export function initialLevel(name: string, key: string, level: NoiseLevel, unsure: boolean): number {
  if (typeof level === "number") return level;
  if (!unsure) return 0;
  throw new ArgumentError(
    `${name}: ${key} is ${level === "physics" ? '"physics"' : "a tensor"}, but unsure learns one level for all ` +
      "images, from a number; leave unsure out where levels are known.",
    "invalid_argument",
  );
}

/**
 * The number or tensor that a loss was told, for those who ask it.
 *
 * @throws ArgumentError `missing_argument` where the level is that of the physics of each call.
 */
export function toldLevel(name: string, key: string, level: NoiseLevel): number | Tensor {
  if (level !== "physics") return level;
  throw new ArgumentError(
    `${name}: ${key} is "physics", it is known in a call only; read physics.noiseModel.${key}.`,
    "missing_argument",
  );
}

function levelOfPhysics(name: string, key: "sigma" | "gain", { noiseModel }: Physics): number | Tensor {
  // Counts, the measurements without normalisation, have the gain 1.
  if (key === "gain" && noiseModel.kind === "poisson" && (noiseModel as PoissonNoise).normalize === false) return 1;
  const value: unknown = Reflect.get(noiseModel, key);
  if (typeof value === "number" || value instanceof Tensor) return value;
  throw new ArgumentError(
    `${name}: ${key} is "physics", but its noise model, ${noiseModel.constructor.name}, has no ${key}; pass a number.`,
    "incompatible_physics",
  );
}
