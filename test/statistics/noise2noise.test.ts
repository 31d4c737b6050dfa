import { beforeAll, describe, expect, it } from "vitest";
import { Noise2NoiseLoss } from "../../ts/loss/index.js";
import { Denoising, GammaNoise, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { average, image, repeat, SIDE, squaredError, TanhNet } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const SIGMA = 0.2;
const gaussian = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });

/** The loss less the risk `|R(y) - s|^2 / n`, over draws of the two images of one scene s. */
const excess = (second: (s: Tensor, y: Tensor, draw: (of: Tensor) => Tensor) => Tensor) => {
  const [model, loss] = [new TanhNet(), new Noise2NoiseLoss()];
  return average(
    (rng, batch) => {
      const s = repeat(image(), batch);
      const draw = (of: Tensor) => gaussian().forward(of, { rng });
      const y = draw(s);
      const xNet = model.forward(y);
      return loss.forward({ xNet, x: second(s, y, draw), physics: gaussian() }).sub(squaredError(xNet, s));
    },
    { batch: 2000, chunks: 8, seed: 3 },
  );
};

describe("Noise2NoiseLoss", () => {
  it("is, in the mean, the risk plus the variance of the second image's noise", () => {
    const { mean, se } = excess((s, _, draw) => draw(s));
    expect(se).toBeLessThan(SIGMA ** 2 * 0.02);
    expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
  });

  it("also where that noise is the same along each row", () => {
    const { mean, se } = excess((s, _, draw) => {
      const column = s.slice([0, 0, 0, 0], [s.shape[0] ?? 0, 1, SIDE, 1]);
      return s.add(draw(column).sub(column));
    });
    expect(se).toBeLessThan(SIGMA ** 2 * 0.02);
    expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
  });

  it("not where both images have the same noise", () => {
    const { mean, se } = excess((_, y) => y);
    expect(Math.abs(mean - SIGMA ** 2)).toBeGreaterThan(10 * se);
  });

  it("of a given reconstruction: over noise and its negative exactly the risk plus the noise's mean square", () => {
    const [loss, s, xNet] = [new Noise2NoiseLoss(), image(), image().square()];
    const physics = new Denoising({ noiseModel: new GammaNoise({ l: 5 }) });
    const noise = physics.forward(s, { rng: new Rng(4) }).sub(s);
    const both = [s.add(noise), s.sub(noise)].map((x) => loss.forward({ xNet, x, physics }).itemSync());
    const risk = squaredError(xNet, s)
      .add(squaredError(noise, noise.mul(0)))
      .itemSync();
    expect(((both[0] ?? NaN) + (both[1] ?? NaN)) / 2).toBeCloseTo(risk, 12);
  });
});
