import { isObject } from "./alternative.js";
import { classes } from "./classes.generated.js";
import { UsageError } from "./errors.js";
import { Place } from "./place.js";

/** Options that are noise levels in the units of the images. */
const LEVELS = ["sigma", "sigmaMin", "sigmaMax", "gain", "gainMin", "gainMax", "a", "b"];

/** Operators whose measurements have the range of the images. */
const SAME_RANGE = ["Denoising", "Inpainting", "Demosaicing", "Blur", "BlurFFT", "Downsampling", "Decolorize"];

/**
 * Questions a noise level above the largest value of the images: many write it for values from 0 to 255.
 *
 * @throws UsageError `invalid_argument`; `insist` says how to say that the level is right.
 */
export function questionLevel(level: number, maxPixel: number, what: string, insist: string): void {
  if (!(level > maxPixel)) return;
  const meant =
    maxPixel === 1 && level <= 255
      ? `for a level on the scale of 0 to 255 write ${level}/255 = ${Number((level / 255).toPrecision(2))}`
      : "divide it by the largest value of its scale";
  throw new UsageError(
    `${what} is ${level}, but the values of the images are in [0, ${maxPixel}]; ${meant}. ${insist}`,
    "invalid_argument",
  );
}

/**
 * Questions the noise levels of a configuration, of noise models, losses and generators, where measurements have the
 * range of the images.
 *
 * @throws UsageError `invalid_argument`.
 */
export function questionLevels(config: Readonly<Record<string, unknown>>, place: Place): void {
  if (!keepsRange(config["physics"])) return;
  const { maxPixel = 1 } = config["data"] as { readonly maxPixel?: number };
  const insist = 'If the images have other values, say so: "data": { "maxPixel": 255 }.';
  for (const key of ["physics", "losses", "physicsGenerator"])
    forEachLevel(config[key], place.key(key), (level, at) => questionLevel(level, maxPixel, String(at), insist));
}

/** Whether all operators of a physics, as it is written, keep the range of the images. */
function keepsRange(physics: unknown): boolean {
  if (Array.isArray(physics)) return physics.every(keepsRange);
  if (!isObject(physics)) return typeof physics === "string" && SAME_RANGE.includes(physics);
  if (Array.isArray(physics["list"])) return keepsRange(physics["list"]);
  return SAME_RANGE.includes(String(physics["name"]));
}

/** Calls `visit` with each number that is a noise level inside a value. */
function forEachLevel(value: unknown, place: Place, visit: (level: number, at: Place) => void): void {
  if (Array.isArray(value)) return value.forEach((part, i) => forEachLevel(part, place.index(i), visit));
  if (!isObject(value)) return;
  const name = String(value["name"]);
  const hasLevel = [classes.noise, classes.loss, classes.generator].some((entries) => Object.hasOwn(entries, name));
  for (const [key, part] of Object.entries(value)) {
    if (!hasLevel || !LEVELS.includes(key)) forEachLevel(part, place.key(key), visit);
    else for (const level of [part].flat(Infinity)) if (typeof level === "number") visit(level, place.key(key));
  }
}
