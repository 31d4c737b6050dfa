import * as physics from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { tensor, type NestedArray } from "../tensor/index.js";
import type { AnyPhysics } from "../train/index.js";
import { UsageError } from "./common.js";
import { checkNamed, type Named } from "./config.js";
import { make, omit } from "./make.js";

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
/** Masks by name: one is drawn, and all images are measured with it. */
const masks = {
  BernoulliSplittingMaskGenerator: physics.BernoulliSplittingMaskGenerator,
  GaussianSplittingMaskGenerator: physics.GaussianSplittingMaskGenerator,
  RandomMaskGenerator: physics.RandomMaskGenerator,
  GaussianMaskGenerator: physics.GaussianMaskGenerator,
  EquispacedMaskGenerator: physics.EquispacedMaskGenerator,
  PolyOrderMaskGenerator: physics.PolyOrderMaskGenerator,
};
/** Filters by name: one is drawn, and all images are blurred with it. */
const filters = { MotionBlurGenerator: physics.MotionBlurGenerator, DiffractionBlurGenerator: physics.DiffractionBlurGenerator };
/** Options that hold numbers of a tensor. */
const TENSORS = ["mask", "filter", "coilMaps", "matrix"];

/** The operator that a configuration names, with its noise; `{ "name": "compose", "list": [...] }` applies one after the other. */
export function makePhysics(config: Named, rng: RandomSource): AnyPhysics {
  const noise = config["noise"];
  const noiseModel = noise ? make<physics.NoiseModel>("physics.noise", noises, checkNamed(noise, "physics.noise"), []) : undefined;
  if (config.name === "compose") return composed(config, noise, rng);
  const options = Object.fromEntries(Object.entries(omit(config, ["noise", "name"])).map(([name, value]) => [name, optionValue(name, value, rng)]));
  return make<AnyPhysics>("physics", operators, { name: config.name, ...options }, [], { rng, ...(noiseModel ? { noiseModel } : {}) });
}

function composed(config: Named, noise: unknown, rng: RandomSource): AnyPhysics {
  const list = config["list"];
  if (!Array.isArray(list) || list.length === 0) throw new UsageError('physics: "compose" needs a list of operators, in order of application', "missing_argument");
  const extra = Object.keys(omit(config, ["name", "list", "noise"]))[0];
  if (extra !== undefined) throw new UsageError(`physics: unknown key "${extra}" beside "compose"; valid: list, noise`, "unknown_option");
  const parts = list.map((part, i) => {
    const named = checkNamed(part, `physics.list[${i}]`);
    // The noise of a chain is that of its last operator.
    return makePhysics(i === list.length - 1 && noise !== undefined ? { ...named, noise } : named, rng);
  });
  return physics.compose(...(parts.slice(0, -1)), parts.at(-1) as AnyPhysics);
}

/** An option as a constructor takes it: lists of numbers become tensors; masks and filters may be named by what draws them. */
function optionValue(name: string, value: unknown, rng: RandomSource): unknown {
  if (!TENSORS.includes(name) || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return tensor(value as NestedArray);
  const named = checkNamed(value, `physics.${name}`);
  if (name === "filter" && named.name === "gaussian") return physics.gaussianBlur(omit(named, ["name"]) as object);
  const generators = name === "filter" ? filters : name === "mask" ? masks : {};
  return make<physics.PhysicsGenerator>(`physics.${name}`, generators, named, [], { rng }).step(1)[name];
}
