import { beforeAll, expect, it } from "vitest";
import { GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { restoreUnclipped } from "../../ts/train/index.js";

beforeAll(() => init({ device: "cpu" }));

it.each([0, 1])("restoreUnclipped averages four draws by default where a pixel was cut off at %d", async (end) => {
  const data = new Float32Array(25).fill(0.5);
  data[12] = end;
  const seen: number[] = [];
  const { data: mean } = await restoreUnclipped(
    { data, shape: [1, 5, 5] },
    async (pixels) => {
      seen.push(pixels.data[12] as number);
      return { data: Float32Array.from(pixels.data), shape: pixels.shape };
    },
    { noiseModel: new GaussianNoise({ sigma: 0.1 }), rng: new Rng(0) },
  );
  expect(new Set(seen).size).toBe(4);
  expect(mean[12]).toBeCloseTo(seen.reduce((a, b) => a + b, 0) / 4, 6);
});
