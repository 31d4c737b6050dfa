import type { Metric } from "../metric/index.js";
import * as physics from "../physics/index.js";
import * as transform from "../transform/index.js";
import { checkNamed, type Named } from "./config.js";
import { construct, type Constructor } from "./construct.js";

const transforms = {
  Shift: transform.Shift,
  Rotate: transform.Rotate,
  Reflect: transform.Reflect,
  Scale: transform.Scale,
  Homography: transform.Homography,
  Affine: transform.Affine,
  Similarity: transform.Similarity,
  Euclidean: transform.Euclidean,
  PanTiltRotate: transform.PanTiltRotate,
  RandomNoise: transform.RandomNoise,
  RandomPhaseError: transform.RandomPhaseError,
};
/** Generators of parameters of operators and noise, and of masks that split measurements. */
const generators = {
  BernoulliSplittingMaskGenerator: physics.BernoulliSplittingMaskGenerator,
  GaussianSplittingMaskGenerator: physics.GaussianSplittingMaskGenerator,
  RandomMaskGenerator: physics.RandomMaskGenerator,
  GaussianMaskGenerator: physics.GaussianMaskGenerator,
  EquispacedMaskGenerator: physics.EquispacedMaskGenerator,
  PolyOrderMaskGenerator: physics.PolyOrderMaskGenerator,
  MotionBlurGenerator: physics.MotionBlurGenerator,
  DiffractionBlurGenerator: physics.DiffractionBlurGenerator,
  SigmaGenerator: physics.SigmaGenerator,
  GainGenerator: physics.GainGenerator,
};
const TRANSFORMS = ["transform", "evalTransform", "Ti", "Te"];
const GENERATORS = ["physicsGenerator", "maskGenerator"];

/** The options of a loss that are objects, constructed from what the configuration names; null stands for none. */
export function lossOptions(named: Named, metrics: Readonly<Record<string, Constructor<Metric>>>): object {
  const made = Object.entries(named).flatMap(([key, value]): [string, unknown][] => {
    const where = `losses: ${named.name}: ${key}`;
    if (value === null) return [];
    if (TRANSFORMS.includes(key)) return [[key, makeTransform(value, where)]];
    if (GENERATORS.includes(key))
      return [[key, construct<physics.PhysicsGenerator>(where, generators, checkNamed(value, where))]];
    if (key === "metric")
      return [
        [
          key,
          construct<Metric>(where, metrics, typeof value === "string" ? { name: value } : checkNamed(value, where), []),
        ],
      ];
    return [];
  });
  return Object.fromEntries(made);
}

/** A transform; a list is composed, applied in order. */
function makeTransform(value: unknown, where: string): transform.Transform {
  const list: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [value];
  return list
    .map((entry) => construct<transform.Transform>(where, transforms, checkNamed(entry, where)))
    .reduce((a, b) => a.compose(b));
}
