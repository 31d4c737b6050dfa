import { beforeAll, expect, it } from "vitest";
import { GroupNorm } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(() => init({ device: "cpu" }));

it("GroupNorm gives each group of channels of each image mean 0 and variance 1", () => {
  const x = new Rng(2).normal([2, 4, 5, 5], { dtype: "float64" }).mul(3).add(1);
  const groups = new GroupNorm({ numGroups: 2, numChannels: 4, dtype: "float64" }).forward(x).reshape([2, 2, 50]);
  for (const mean of groups.mean(2).dataSync()) expect(mean).toBeCloseTo(0, 10);
  // The stabiliser 1e-5 is added to a variance of about 9.
  for (const square of groups.square().mean(2).dataSync()) expect(square).toBeCloseTo(1, 5);
});
