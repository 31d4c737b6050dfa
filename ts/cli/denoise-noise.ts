import { type Command, Option } from "commander";
import {
  estimateNoise,
  type KnownNoise,
  knownNoise,
  type NoiseEstimate,
  type NoiseName,
  noiseVariance,
} from "../denoise/index.js";
import type { Pixels } from "../io/index.js";
import { positiveNumber } from "./arguments.js";
import { UsageError } from "./errors.js";
import { questionLevel } from "./noise-level.js";

/** Options that say what the noise is. */
export interface NoiseOptions {
  readonly noise: NoiseName | "auto";
  readonly sigma: string;
  readonly gain?: number;
  readonly looks?: number;
  readonly maxPixel?: number;
}

/** The levels of each noise model. */
const LEVELS: Readonly<Record<NoiseName, readonly string[]>> = {
  gaussian: ["sigma"],
  poisson: ["gain"],
  "poisson-gaussian": ["gain", "sigma"],
  gamma: ["looks"],
};

/** Adds {@link NoiseOptions} to a command. */
export function withNoiseOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--noise <kind>", "noise model; auto: the one that fits, gaussian with --sigma alone")
        .choices(["auto", "gaussian", "poisson", "poisson-gaussian", "gamma"])
        .default("auto"),
    )
    .option(
      "--sigma <level>",
      "noise level: standard deviation (of the read noise for poisson-gaussian), for integers of values from 0 to 1 " +
        "(the largest of their type), for floats as stored; with --noise poisson the gain, with gamma the number of " +
        "looks; or auto, estimated from the image",
      "auto",
    )
    .option("--gain <level>", "gain of poisson or poisson-gaussian noise, in the same unit", positiveNumber)
    .option("--looks <n>", "number of looks of gamma noise", positiveNumber)
    .option(
      "--max-pixel <value>",
      "largest possible pixel value, above which no level is believed (default: 1, or the image's own if larger)",
      positiveNumber,
    );
}

/**
 * The levels that the options give; `undefined` where they are to be estimated.
 *
 * @throws UsageError where levels are no numbers above 0, or do not fit the noise model.
 */
export function givenNoise({ noise: name, sigma: text, gain, looks }: NoiseOptions): KnownNoise | undefined {
  const refuse = (what: string): never => {
    throw new UsageError(`${what}.`, "invalid_argument");
  };
  const sigma = text === "auto" ? undefined : Number(text);
  if (sigma !== undefined && !(Number.isFinite(sigma) && sigma > 0))
    refuse(`--sigma is ${text}, expected a number above 0, or auto`);
  if (sigma === undefined && gain === undefined && looks === undefined) return undefined;
  const implied = looks !== undefined ? "gamma" : gain === undefined ? "gaussian" : "poisson";
  const noise = name !== "auto" ? name : implied === "poisson" && sigma !== undefined ? "poisson-gaussian" : implied;
  const given = Object.entries({ sigma, gain, looks }).flatMap(([level, value]) =>
    value === undefined ? [] : [level],
  );
  const [foreign] = given.length > 1 ? given.filter((level) => !LEVELS[noise].includes(level)) : [];
  if (foreign !== undefined) {
    const own = LEVELS[noise].map((level) => `--${level}`).join(" and ");
    refuse(`${noise} noise has the level ${own}, but --${foreign} is given, too: leave it out, or change --noise`);
  }
  if (noise === "gaussian")
    return sigma === undefined ? refuse("--noise gaussian has a level --sigma") : { noise, sigma };
  // As one number where only --sigma is given.
  if (noise === "poisson") return { noise, gain: gain ?? sigma ?? refuse("--noise poisson has a level --gain") };
  if (noise === "gamma") return { noise, looks: looks ?? sigma ?? refuse("--noise gamma has a level --looks") };
  if (gain === undefined)
    return refuse("--noise poisson-gaussian has two levels, --gain and --sigma: give --gain, too");
  return { noise, gain, sigma: sigma ?? 0 };
}

/** The noise of images: with the levels of the options, or estimated. */
export function noiseOf(images: readonly Pixels[], options: NoiseOptions): NoiseEstimate {
  const known = givenNoise(options);
  if (known === undefined) return estimateNoise(images, { noise: options.noise });
  const largest = images.reduce((most, { data }) => data.reduce((high, value) => Math.max(high, value), most), 1);
  for (const [name, level] of [
    ["--sigma", known.sigma],
    ["--gain", known.gain],
  ] as const) {
    const insist = "If the image has other values, say so with --max-pixel.";
    if (level !== undefined)
      questionLevel(level, options.maxPixel ?? largest, options.gain === undefined ? "--sigma" : name, insist);
  }
  const noise = knownNoise(images, known);
  const brightest = images.reduce((most, { data }) => data.reduce((high, v) => Math.max(high, Math.abs(v)), most), 0);
  if (!(Math.sqrt(noiseVariance(noise, brightest)) >= brightest * 2 ** -24)) {
    throw new UsageError(
      `the ${known.noise} noise of the given level is less than the rounding of the image's values, up to ` +
        `${brightest}: there is none to remove; give a larger level, or leave it out to have it estimated.`,
      "invalid_argument",
    );
  }
  return noise;
}
