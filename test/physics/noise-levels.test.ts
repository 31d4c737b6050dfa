import { beforeAll, expect, it } from "vitest";
import { Denoising, GaussianNoise, SigmaGenerator } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { zeros } from "../../ts/tensor/index.js";
import { Rng, start } from "./helpers.js";

beforeAll(start);

it("a generated noise level of each image is the standard deviation of that image's noise", () => {
  const physics = new Denoising({ noiseModel: new GaussianNoise({}) });
  physics.update(new SigmaGenerator({ sigmaMin: 0.1, sigmaMax: 1 }).step(3, 1));
  const levels = Array.from((physics.noiseModel.sigma as Tensor).dataSync());
  expect(new Set(levels).size).toBe(3);
  const y = physics.forward(zeros([3, 1, 64, 64]), { rng: new Rng(2) });
  const measured = Array.from(y.square().mean([1, 2, 3]).dataSync(), Math.sqrt);
  // Of 4096 draws the standard deviation is known to 1.1 %.
  measured.forEach((value, i) => expect(Math.abs(value / (levels[i] as number) - 1)).toBeLessThan(0.045));
});
