import { Rng } from "../../ts/random/index.js";
import { currentDevice, init } from "../../ts/runtime/index.js";
import { tidy, type Tensor } from "../../ts/tensor/index.js";
import type { DeviceCheck } from "./check.js";

const BLOCKS = 300;

/** Mean, variance and fourth central moment over the squared variance of each law, and the draw. */
const laws: Readonly<Record<string, readonly [number, number, number, (rng: Rng, shape: number[]) => Tensor]>> = {
  normal: [0, 1, 3, (rng, shape) => rng.normal(shape)],
  uniform: [1 / 2, 1 / 12, 9 / 5, (rng, shape) => rng.uniform(shape)],
  rademacher: [0, 1, 1, (rng, shape) => rng.rademacher(shape)],
  exponential: [1, 1, 9, (rng, shape) => rng.exponential(shape)],
  laplace: [0, 2, 6, (rng, shape) => rng.laplace(shape)],
  bernoulli: [0.3, 0.21, 0.21 ** -1 - 3, (rng, shape) => rng.bernoulli(shape, 0.3)],
};

/** Runs with `random: "device"`. */
async function there<T>(run: () => T | Promise<T>): Promise<T> {
  const device = currentDevice();
  await init({ device, random: "device" });
  try {
    return await run();
  } finally {
    await init({ device });
  }
}

const drawn = async (draw: () => Tensor) => Float64Array.from(await tidy(draw).data());

function must(right: boolean, message: string): void {
  if (!right) throw new Error(message);
}

/** Random numbers that the device draws itself; on the CPU those of the host. */
export const drawChecks: readonly DeviceCheck[] = [
  {
    // Word 2 k + 1 of a block is the upper half of number k of the same block of the CPU.
    name: "random numbers of the device are made of the words of the stream's child",
    run: () =>
      there(async () => {
        const [rng, twin] = [new Rng(3), new Rng(3)];
        const here = currentDevice() === "cpu";
        const got = await drawn(() => rng.uniform([16 * BLOCKS]));
        const source = here ? twin : twin.fork();
        const words = await drawn(() => source.uniform([16 * BLOCKS], { device: "cpu", dtype: "float64" }));
        for (let i = 0; i < 8 * BLOCKS; i++) {
          const [block, k] = [Math.floor(i / 8), i % 8];
          const expected = here
            ? Math.fround(words[i] as number)
            : Math.floor((words[i] as number) * 2 ** 24) / 2 ** 24;
          const place = here ? i : (2 * k + 1) * BLOCKS + block;
          must(got[place] === expected, `number ${place} is ${got[place]}, expected ${expected}`);
        }
      }),
  },
  {
    name: "random numbers of the device follow their laws",
    run: () =>
      there(async () => {
        const rng = new Rng(8);
        for (const [name, [mean, variance, kurtosis, draw]] of Object.entries(laws)) {
          const values = await drawn(() => draw(rng, [200, 201]));
          const n = values.length;
          const moment = (power: number) => values.reduce((sum, v) => sum + (v - mean) ** power, 0) / n;
          const first = values.reduce((sum, v) => sum + v, 0) / n;
          // Five standard deviations of each estimate.
          const near = (got: number, expected: number, deviation: number, what: string) =>
            must(Math.abs(got - expected) <= 5 * deviation + 1e-6, `${name}: ${what} is ${got}, expected ${expected}`);
          near(first, mean, Math.sqrt(variance / n), "mean");
          near(moment(2), variance, variance * Math.sqrt((kurtosis - 1) / n), "variance");
          const lag = values.reduce((sum, v, i) => sum + (v - mean) * ((values[i + 1] ?? mean) - mean), 0) / n;
          near(lag, 0, variance / Math.sqrt(n), "covariance of neighbours");
        }
      }),
  },
  {
    name: "random numbers of the device repeat with the seed, and differ from draw to draw",
    run: () =>
      there(async () => {
        const twice = async () => {
          const rng = new Rng(5);
          return [await drawn(() => rng.normal([7, 11])), await drawn(() => rng.normal([7, 11]))] as const;
        };
        const [[a, b], [c, d]] = [await twice(), await twice()];
        must(String([a, b]) === String([c, d]), "a seed gave other numbers");
        must(
          a.every((value, i) => value !== b[i]),
          "two draws have a number in common",
        );
      }),
  },
  {
    name: "random numbers of tensors on the CPU stay those of the CPU",
    run: async () => {
      const draw = () => drawn(() => new Rng(2).normal([50], { device: "cpu" }));
      must(String(await there(draw)) === String(await draw()), "other numbers");
    },
  },
];
