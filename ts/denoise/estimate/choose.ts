import type { KnownNoise, NoiseName } from "../noise-estimate.js";
import { type Ends, fitVariance, type VarianceFit } from "./fit.js";
import type { CurvePoint } from "./variance-curve.js";

/** A second parameter must improve the fit by so much. */
const priceOfParameter = 6;

/** A model that is not Gaussian must fit better by so much. */
const priceOfModel = 2;

/** Noise of more looks than this is no speckle. */
const mostLooks = 200;

/**
 * The noise model that fits a curve best, simpler ones first: of those with one level the best, that with two where it
 * fits clearly better.
 *
 * @param hasNegative whether a measured value is negative, which Poisson and gamma noise never have.
 */
export function chooseFit(curve: readonly CurvePoint[], ends: Ends, hasNegative: boolean): VarianceFit {
  // One point shows no dependence.
  if (curve.length < 3) return fitNoise("gaussian", curve, ends);
  const gaussian = fitNoise("gaussian", curve, ends);
  const anchored = hasNegative ? [] : (["poisson", "gamma"] as const);
  const others = anchored.map((noise) => fitNoise(noise, curve, ends));
  const one = others
    .filter(({ noise, quadratic }) => noise !== "gamma" || quadratic > 1 / mostLooks)
    .reduce((best, fit) => (fit.misfit < best.misfit - priceOfModel ? fit : best), gaussian);
  const two = fitNoise("poisson-gaussian", curve, ends);
  const isBetter = two.misfit < one.misfit - priceOfParameter && two.misfit < 0.7 * one.misfit && two.linear > 0;
  return isBetter ? two : one;
}

/** Noise that is no normal one is fitted where nothing was clipped, if there is enough of that. */
const [leastUnclipped, clippedShare] = [0.25, 0.005];

/** Fits one model; its misfit is that of the whole curve. */
export function fitNoise(noise: NoiseName, curve: readonly CurvePoint[], ends: Ends): VarianceFit {
  if (noise !== "poisson" && noise !== "gamma") return fitVariance(noise, curve, ends);
  const lit = curve.filter(({ mean }) => mean > 0);
  const unclipped = lit.filter(({ clipped }) => clipped <= clippedShare);
  const isEnough = noise === "gamma" && unclipped.length >= Math.max(2, leastUnclipped * curve.length);
  const used = isEnough ? unclipped : lit;
  if (used.length === 0) return { noise, constant: 0, linear: 0, quadratic: 0, misfit: Infinity };
  const fit = fitVariance(noise, used, ends);
  return { ...fit, misfit: (fit.misfit * curve.length) / used.length };
}

/** The levels of a fit. */
export function levelsOf(
  { noise, constant, linear, quadratic }: VarianceFit,
  curve: readonly CurvePoint[],
): KnownNoise {
  if (noise === "gaussian") return { noise, sigma: Math.sqrt(constant) };
  if (noise === "poisson") return { noise, gain: linear };
  if (noise === "gamma") return { noise, looks: 1 / quadratic };
  const means = curve.map(({ mean }) => mean);
  const range = Math.max(...means) - Math.min(...means);
  // Without any gain the noise is Gaussian; a thousandth of it keeps the model what was asked for.
  const gain = Math.max(linear, (1e-3 * Math.max(...curve.map(({ variance }) => variance))) / (range || 1));
  return constant >= 0
    ? { noise, gain, sigma: Math.sqrt(constant) }
    : { noise, gain, sigma: 0, offset: -constant / gain };
}
