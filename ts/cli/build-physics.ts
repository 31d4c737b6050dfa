import * as physics from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { tensor, type NestedArray } from "../tensor/index.js";
import type { AnyPhysics } from "../train/index.js";
import { checkNamed, type Named } from "./config.js";
import { construct, omit } from "./construct.js";
import { UsageError } from "./errors.js";

const operators = {
  Denoising: physics.Denoising,
  Inpainting: physics.Inpainting,
  Demosaicing: physics.Demosaicing,
  Blur: physics.Blur,
  BlurFFT: physics.BlurFFT,
  Downsampling: physics.Downsampling,
  CompressedSensing: physics.CompressedSensing,
  SinglePixelCamera: physics.SinglePixelCamera,
  MRI: physics.MRI,
  MultiCoilMRI: physics.MultiCoilMRI,
  DynamicMRI: physics.DynamicMRI,
  SequentialMRI: physics.SequentialMRI,
  Tomography: physics.Tomography,
  Decolorize: physics.Decolorize,
  Pansharpen: physics.Pansharpen,
};
const noises = {
  GaussianNoise: physics.GaussianNoise,
  PoissonNoise: physics.PoissonNoise,
  PoissonGaussianNoise: physics.PoissonGaussianNoise,
  GammaNoise: physics.GammaNoise,
  UniformNoise: physics.UniformNoise,
  UniformGaussianNoise: physics.UniformGaussianNoise,
  LogPoissonNoise: physics.LogPoissonNoise,
  SaltPepperNoise: physics.SaltPepperNoise,
  LaplaceNoise: physics.LaplaceNoise,
  RicianNoise: physics.RicianNoise,
  FisherTippettNoise: physics.FisherTippettNoise,
  ZeroNoise: physics.ZeroNoise,
};
/** Mask generators: one mask is drawn, and all images are measured with it. */
const masks = {
  BernoulliSplittingMaskGenerator: physics.BernoulliSplittingMaskGenerator,
  GaussianSplittingMaskGenerator: physics.GaussianSplittingMaskGenerator,
  RandomMaskGenerator: physics.RandomMaskGenerator,
  GaussianMaskGenerator: physics.GaussianMaskGenerator,
  EquispacedMaskGenerator: physics.EquispacedMaskGenerator,
  PolyOrderMaskGenerator: physics.PolyOrderMaskGenerator,
};
/** Filter generators: one filter is drawn, and all images are blurred with it. */
const filters = {
  MotionBlurGenerator: physics.MotionBlurGenerator,
  DiffractionBlurGenerator: physics.DiffractionBlurGenerator,
};
/** Options that are tensors: nested lists of numbers in a configuration. */
const TENSORS = ["mask", "filter", "coilMaps", "matrix"];

/** Pansharpen's noise models, which it has in place of `noise`. */
const NOISES = ["noiseColor", "noiseGray"];

/**
 * The operator that a configuration names, with its noise. `{ "name": "compose", "list": [...] }` applies several in
 * order, `{ "name": "stack", "list": [...] }` measures the same image with each.
 */
export function makePhysics(config: Named, rng: RandomSource): AnyPhysics {
  const noise = config["noise"];
  if (config.name === "compose") return composed(config, noise, rng);
  if (config.name === "stack") return physics.stack(...parts(config, ["list"]).map((named) => makeOne(named, rng)));
  const noiseModel = noise === undefined ? undefined : makeNoise("physics.noise", noise);
  const options = Object.fromEntries(
    Object.entries(omit(config, ["noise", "name"])).map(([name, value]) => [name, optionValue(name, value, rng)]),
  );
  return construct<AnyPhysics>("physics", operators, { name: config.name, ...options }, [], {
    rng,
    ...(noiseModel ? { noiseModel } : {}),
  });
}

function composed(config: Named, noise: unknown, rng: RandomSource): AnyPhysics {
  const list = parts(config, ["list", "noise"]);
  // The noise of a composition is that of its last operator.
  const made = list.map((named, i) =>
    makeOne(i === list.length - 1 && noise !== undefined ? { ...named, noise } : named, rng),
  );
  return physics.compose(...made.slice(0, -1), made.at(-1) as physics.Physics);
}

/** The operators in the list of a composition or stack, as a configuration names them. */
function parts(config: Named, valid: readonly string[]): Named[] {
  const list = config["list"];
  if (!Array.isArray(list) || list.length === 0)
    throw new UsageError(`physics: "${config.name}" needs a list of operators.`, "missing_argument");
  const extra = Object.keys(omit(config, ["name", ...valid]))[0];
  if (extra !== undefined)
    throw new UsageError(
      `physics: unknown key "${extra}" beside "${config.name}"; valid: ${valid.join(", ")}.`,
      "unknown_option",
    );
  return list.map((part, i) => checkNamed(part, `physics.list[${i}]`));
}

/** An operator that measures one tensor. */
function makeOne(named: Named, rng: RandomSource): physics.Physics {
  const made = makePhysics(named, rng);
  if (made instanceof physics.StackedPhysics)
    throw new UsageError(
      `physics: "${named.name}" measures several tensors and cannot be part of a list.`,
      "invalid_argument",
    );
  return made;
}

function makeNoise(where: string, named: unknown): physics.NoiseModel {
  return construct<physics.NoiseModel>(where, noises, checkNamed(named, where));
}

/**
 * An option as a constructor takes it: lists of numbers become tensors; masks and filters may name the generator that
 * draws them.
 */
function optionValue(name: string, value: unknown, rng: RandomSource): unknown {
  if (NOISES.includes(name)) return makeNoise(`physics.${name}`, value);
  if (!TENSORS.includes(name) || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return tensor(value as NestedArray);
  const named = checkNamed(value, `physics.${name}`);
  if (name === "filter" && named.name === "gaussian") return physics.gaussianBlur(omit(named, ["name"]));
  const generators = name === "filter" ? filters : name === "mask" ? masks : {};
  return construct<physics.PhysicsGenerator>(`physics.${name}`, generators, named, [], { rng }).step(1)[name];
}
