import { beforeAll, describe, expect, it } from "vitest";
import { EquivariantSplittingLoss, R2RLoss, SureGaussianLoss, SurePGLoss, type Loss } from "../../ts/loss/index.js";
import {
  BernoulliSplittingMaskGenerator,
  Denoising,
  GaussianNoise,
  PoissonGaussianNoise,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { Rotate, Shift, type Transform } from "../../ts/transform/index.js";
import { TanhNet, average, image, repeat } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const SIGMA = 0.2;
/** Mean of the test image. */
const MEAN = Array.from({ length: 36 }, (_, i) => 0.6 + 0.4 * Math.sin(1.7 * i + 0.3)).reduce((a, b) => a + b) / 36;
const maskGenerator = new BernoulliSplittingMaskGenerator({ imgSize: [1, 6, 6], splitRatio: 0.6 });
const gaussian = new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });

/** The mean over a side of the split, with the sums over the whole batch. */
const meanOver = (mask: Tensor, error: Tensor) =>
  error
    .square()
    .mul(mask)
    .reshape([error.shape[0] as number, 36])
    .mean(1)
    .div(mask.mean());

const GAIN = 0.01;
const poissonGaussian = new Denoising({ noiseModel: new PoissonGaussianNoise({ gain: GAIN, sigma: SIGMA }) });

const bias = (consistencyLoss: Loss | null, constant: number, transform: Transform | null = null) => {
  // Poisson-Gaussian noise has the variance sigma^2 + gain u.
  const physics = consistencyLoss instanceof SurePGLoss ? poissonGaussian : gaussian;
  const loss = new EquivariantSplittingLoss({ maskGenerator, consistencyLoss, transform });
  const model = loss.adaptModel(new TanhNet());
  return average(
    (rng, batch) => {
      const u = repeat(image(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      const [mask] = model.masks().map((m) => m.to("float64")) as [Tensor];
      const hidden = meanOver(mask.neg().add(1), xNet.sub(u));
      const risk = consistencyLoss ? hidden.add(meanOver(mask, xNet.sub(u))) : hidden;
      return loss.forward({ xNet, y, physics, model, rng }).sub(risk).sub(constant);
    },
    { batch: 4000, chunks: 5, seed: 14 },
  );
};

describe("equivariant splitting", () => {
  it.each([
    ["without consistency: the risk of the hidden part plus sigma^2", null, SIGMA ** 2],
    ["with SURE: both risks plus sigma^2", new SureGaussianLoss({ sigma: SIGMA }), SIGMA ** 2],
    [
      "with SURE for Poisson-Gaussian noise: both risks plus sigma^2 + gain mean(u)",
      new SurePGLoss({ sigma: SIGMA, gain: GAIN }),
      SIGMA ** 2 + GAIN * MEAN,
    ],
    [
      "with R2R: both risks plus sigma^2 and sigma^2 / alpha",
      new R2RLoss({ alpha: 0.5 }),
      SIGMA ** 2 + SIGMA ** 2 / 0.5,
    ],
    [
      "with SURE and a network averaged over rotations: likewise",
      new SureGaussianLoss({ sigma: SIGMA }),
      SIGMA ** 2,
      new Rotate({ multiples: 90 }),
    ],
  ] as const)("%s", (_, loss, constant, transform: Transform | null = null) => {
    const { mean, se } = bias(loss, constant, transform);
    expect(se).toBeLessThan(SIGMA ** 2 * 0.1);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  /** The ratio of the standard deviations of the loss at a small and at a larger step of the finite difference. */
  const growth = (transform: Transform | null) => {
    const [physics, y] = [gaussian, gaussian.forward(image(), { rng: new Rng(1) })];
    const spread = (tau: number) => {
      const loss = new EquivariantSplittingLoss({
        maskGenerator,
        transform,
        consistencyLoss: new SureGaussianLoss({ sigma: SIGMA, tau }),
      });
      const model = loss.adaptModel(new TanhNet());
      const rng = new Rng(2);
      const values = Array.from({ length: 40 }, () => {
        const xNet = model.forward(y, physics, { updateParameters: true, rng });
        return loss.forward({ xNet, y, physics, model, rng }).itemSync();
      });
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    };
    return spread(1e-4) / spread(1e-2);
  };

  it("holds the mask in the divergence: the spread does not grow as tau falls", () => {
    expect(growth(null)).toBeLessThan(1.1);
    expect(growth(null)).toBeGreaterThan(0.9);
  });

  it("holds the transforms in the divergence, too", () => {
    const ratio = growth(new Rotate({ multiples: 90 }).compose(new Shift()));
    expect(ratio).toBeLessThan(1.1);
    expect(ratio).toBeGreaterThan(0.9);
  });
});
