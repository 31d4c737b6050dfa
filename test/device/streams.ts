import { Rng } from "../../ts/random/index.js";
import { full, tidy, type Tensor } from "../../ts/tensor/index.js";
import { numbersOf, type DeviceCheck } from "./check.js";

type Setting = { readonly device?: "cpu" };

const shape = [3, 50];

/** Every kind of draw, of the current device or of the CPU. */
const draws: Readonly<Record<string, (rng: Rng, on: Setting) => Tensor>> = {
  normal: (rng, on) => rng.normal(shape, on),
  uniform: (rng, on) => rng.uniform(shape, on),
  rademacher: (rng, on) => rng.rademacher(shape, on),
  bernoulli: (rng, on) => rng.bernoulli(shape, 0.3, on),
  randint: (rng, on) => rng.randint(-5, 1000, shape, on),
  permutation: (rng, on) => rng.permutation(100, on),
  poisson: (rng, on) => rng.poisson(full(shape, 3.7, on)),
  "poisson of large rates": (rng, on) => rng.poisson(full(shape, 1234.5, on)),
  binomial: (rng, on) => rng.binomial(full(shape, 17, on), 0.2),
  gamma: (rng, on) => rng.gamma(0.7, 2, shape, on),
  beta: (rng, on) => rng.beta(2, 3, shape, on),
  exponential: (rng, on) => rng.exponential(shape, on),
  laplace: (rng, on) => rng.laplace(shape, on),
};

/** Draws twice, so that the second continues where the first ended. */
async function bits(draw: (rng: Rng, on: Setting) => Tensor, on: Setting): Promise<number[]> {
  const rng = new Rng(7);
  const [first, second] = tidy(() => [draw(rng, on), draw(rng, on)]) as [Tensor, Tensor];
  const read = await numbersOf({ first, second });
  return read.flatMap(({ data }) => [...data]);
}

/** Every kind of random numbers: the same bits as on the CPU. */
export const streamChecks: readonly DeviceCheck[] = Object.entries(draws).map(([name, draw]) => ({
  name: `random numbers, ${name}`,
  run: async () => {
    const [got, expected] = [await bits(draw, {}), await bits(draw, { device: "cpu" })];
    const wrong = expected.findIndex((value, i) => !Object.is(value, got[i]));
    if (wrong < 0 && got.length === expected.length) return;
    throw new Error(`number ${wrong} is ${got[wrong]}, and ${expected[wrong]} on the CPU`);
  },
}));
