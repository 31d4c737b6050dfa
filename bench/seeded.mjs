// Weights and images that are the same in every language, for programs that are compared before they are timed.
import { tensor } from "../dist/index.js";
import { uniform } from "./network.mjs";
import { sigma } from "./steps.mjs";

const count = (shape) => shape.reduce((a, b) => a * b, 1);
/** Numbers between -bound and bound, in every language. */
export const numbers = (shape, bound, seed) => tensor(uniform(count(shape), bound, seed), { shape });
/** An image in [0, 1], and noise of the standard deviation `sigma`. */
export const clean = (shape) => numbers(shape, 0.5, 1001).add(0.5);
export const noisy = (shape) => clean(shape).add(numbers(shape, sigma * Math.sqrt(3), 1002));

/**
 * Gives a model weights that are the same in every language: small biases, and kernels that multiply the variance by
 * `gain`, below 1 where blocks add to what they are given.
 */
export function seeded(model, gain = 1) {
  const state = model.stateDict();
  const names = Object.keys(state).sort();
  const own = names.filter((name) => state[name].shape.length === 4 || name.endsWith("bias"));
  const filled = own.map((name, k) => {
    const { shape } = state[name];
    const bound = shape.length === 4 ? Math.sqrt((3 * gain) / count(shape.slice(1))) : 0.01;
    return [name, numbers(shape, bound, k + 1)];
  });
  model.loadStateDict({ ...state, ...Object.fromEntries(filled) });
  return model;
}
