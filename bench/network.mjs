// A DnCNN and its images as plain arrays, so that every library trains the same network from the same weights.
// The sizes are in the name of a case: "train:17x64:4x64" is a training step of 17 layers with 64 features on 4 images
// of 64x64, "infer:..." is inference.
import { dncnnLayers } from "./networks.mjs";
import { evaluated, trained } from "./work.mjs";

/** The sizes in the name of a case, or undefined if it has none. */
export function sizesOf(name) {
  const found = /^(train|infer):(\d+)x(\d+):(\d+)x(\d+)$/.exec(name);
  if (!found) return undefined;
  const [depth, features, batch, side] = found.slice(2).map(Number);
  return { kind: found[1], depth, features, batch, side };
}

/** The label of such a case in a table. */
export function labelOf(name) {
  const { kind, depth, features, batch, side } = sizesOf(name);
  return kind === "train"
    ? `training step, DnCNN ${depth} x ${features}, batch ${batch} of 1x${side}x${side}`
    : `inference, DnCNN ${depth} x ${features}, ${batch} of 1x${side}x${side}`;
}

/** The work of such a case, as work.mjs counts it. */
export function workOf(name) {
  const { kind, depth, features, batch, side } = sizesOf(name);
  return (kind === "train" ? trained : evaluated)(dncnnLayers(depth, features, [batch, 1, side, side]));
}

/**
 * Uniform numbers between -bound and bound that are the same in every language: the upper bits of a 32-bit linear
 * congruential generator (Numerical Recipes).
 */
export function uniform(count, bound, seed) {
  const values = new Float32Array(count);
  let state = seed >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = bound * (2 * ((state >>> 8) / 2 ** 24) - 1);
  }
  return values;
}

/**
 * Layers (weights `[out, in, 3, 3]`, biases `[out]`), and a batch of clean and noisy images `[batch, 1, side, side]`.
 * There is a ReLU between layers, and the input is added to the output.
 */
export function network({ depth, features, batch, side }) {
  const layers = Array.from({ length: depth }, (_, k) => {
    const [out, input] = [k === depth - 1 ? 1 : features, k === 0 ? 1 : features];
    // He initialisation: the variance is preserved through the ReLUs.
    return {
      shape: [out, input, 3, 3],
      weight: uniform(9 * out * input, Math.sqrt(6 / (9 * input)), 2 * k + 1),
      bias: uniform(out, 0.01, 2 * k + 2),
    };
  });
  const count = batch * side * side;
  const clean = uniform(count, 0.5, 1001).map((v) => v + 0.5);
  const noise = uniform(count, 0.17, 1002);
  return { layers, shape: [batch, 1, side, side], clean, noisy: clean.map((v, i) => v + noise[i]) };
}

/** Adam's settings in every library. */
export const ADAM = { lr: 1e-4, beta1: 0.9, beta2: 0.999, eps: 1e-8 };

/** The network on which libraries are compared before they are timed, and its steps. */
export const CHECKED = { name: "train:4x8:2x12", steps: 3 };
