import { beforeAll, describe, expect, it } from "vitest";
import { R2RLoss } from "../../ts/loss/index.js";
import { Denoising, GammaNoise, GaussianNoise, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, tensor, tidy } from "../../ts/tensor/index.js";
import { TanhNet, estimate, image, repeat, squaredError } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

// As many images as an image has columns: a level that went along the width instead of the batch would not be an error.
const BATCH = 6;
const u = () => image();

describe("R2R with a noise level of its own for each image", () => {
  it.each([
    [
      "Gaussian: sigma^2 / alpha",
      [0.05, 0.1, 0.2, 0.3, 0.4, 0.5],
      (sigma: number[]) => new GaussianNoise({ sigma: tensor(sigma) }),
      (sigma: number) => sigma ** 2,
    ],
    [
      "Poisson: gain mean(u) / alpha",
      [0.02, 0.05, 0.1, 0.15, 0.2, 0.3],
      (gain: number[]) => new PoissonNoise({ gain: tensor(gain) }),
      (gain: number) => gain * u().mean().itemSync(),
    ],
    [
      "Gamma: mean(u^2) / (l alpha)",
      [3, 5, 8, 12, 20, 40],
      (l: number[]) => new GammaNoise({ l: tensor(l) }),
      (l: number) => u().square().mean().itemSync() / l,
    ],
  ] as const)("%s", (_, levels, noise, variance) => {
    const alpha = 0.5;
    const physics = new Denoising({ noiseModel: noise([...levels]) });
    const loss = new R2RLoss({ alpha });
    const model = loss.adaptModel(new TanhNet());
    const constants = tensor(Float64Array.from(levels, (level) => variance(level) / alpha));
    const values = levels.map((): number[] => []);
    const rng = new Rng(15);
    const clean = repeat(u(), BATCH);
    for (let draw = 0; draw < 2500; draw++) {
      noGrad(() =>
        tidy(() => {
          const y = physics.forward(clean, { rng });
          const xNet = model.forward(y, physics, { updateParameters: true, rng });
          const excess = loss.forward({ xNet, y, physics, model }).sub(squaredError(xNet, clean)).sub(constants);
          excess.dataSync().forEach((value, image) => values[image]?.push(value));
        }),
      );
    }
    for (const [index, level] of levels.entries()) {
      const { mean, se } = estimate(values[index] as number[]);
      expect(se).toBeLessThan((0.1 * variance(level)) / alpha + 1e-3);
      expect(Math.abs(mean), `level ${level}`).toBeLessThan(3 * se);
    }
  });
});
