import { beforeAll, describe, expect, it } from "vitest";
import {
  EquivariantSplittingLoss,
  type Loss,
  mri,
  R2RLoss,
  SureGaussianLoss,
  SurePGLoss,
  SurePoissonLoss,
} from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  BernoulliSplittingMaskGenerator,
  Denoising,
  GammaNoise,
  GaussianNoise,
  Inpainting,
  type NoiseModel,
  PoissonGaussianNoise,
  PoissonNoise,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, tensor, tidy, type Tensor } from "../../ts/tensor/index.js";
import { SIDE, TanhNet, estimate, image, repeat, squaredError } from "./helpers.js";

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

/** A linear network of receptive field 3: each pixel's weight is 0.8, so that the estimates depend on the level. */
class Mixing extends Module {
  forward(y: Tensor): Tensor {
    return y.mul(0.8).add(y.roll(1, 3).mul(0.15));
  }
}

const sigmas = [0.3, 0.05, 0.1, 0.2, 0.15, 0.25];
const gains = [0.2, 0.02, 0.05, 0.1, 0.15, 0.12];
/** Copies of each image in a batch; their levels repeat in the order of the images. */
const COPIES = 40;
const many = (values: readonly number[]): Tensor => tensor(Array.from({ length: COPIES }, () => values).flat());
const [sigma, gain] = [() => many(sigmas), () => many(gains)];
const clean = () => repeat(u(), COPIES * BATCH);
/** The level of image 0 for all, as a tensor: one number is refused. */
const [first, firstGain] = [sigmas, gains].map((levels) => () => many(levels.map(() => levels[0] as number))) as [
  () => Tensor,
  () => Tensor,
];

interface LevelCase {
  readonly noise: () => NoiseModel;
  /** The loss with a tensor of levels, with "physics", and with the level of image 0 for all. */
  readonly losses: () => readonly [Loss, Loss, Loss];
}

const cases: Readonly<Record<string, LevelCase>> = {
  SureGaussianLoss: {
    noise: () => new GaussianNoise({ sigma: sigma() }),
    losses: () => [
      new SureGaussianLoss({ sigma: sigma() }),
      new SureGaussianLoss({ sigma: "physics" }),
      new SureGaussianLoss({ sigma: first() }),
    ],
  },
  "SureGaussianLoss, constant with B": {
    noise: () => new GaussianNoise({ sigma: sigma() }),
    losses: () => {
      // A map of norm 1 for each entry: the risk is that without B.
      const B = (t: Tensor): Tensor => t.flip([2]);
      return [
        new SureGaussianLoss({ sigma: sigma(), B }),
        new SureGaussianLoss({ sigma: "physics", B }),
        new SureGaussianLoss({ sigma: first(), B }),
      ];
    },
  },
  SurePoissonLoss: {
    noise: () => new PoissonNoise({ gain: gain() }),
    losses: () => [
      new SurePoissonLoss({ gain: gain() }),
      new SurePoissonLoss({ gain: "physics" }),
      new SurePoissonLoss({ gain: firstGain() }),
    ],
  },
  "SurePoissonLoss, spacing": {
    noise: () => new PoissonNoise({ gain: gain() }),
    losses: () => [
      new SurePoissonLoss({ gain: gain(), spacing: 2 }),
      new SurePoissonLoss({ gain: "physics", spacing: 2 }),
      new SurePoissonLoss({ gain: firstGain(), spacing: 2 }),
    ],
  },
  "SurePGLoss, second derivative": {
    noise: () => new PoissonGaussianNoise({ gain: gain(), sigma: sigma() }),
    losses: () => [
      new SurePGLoss({ gain: gain(), sigma: sigma(), secondDerivative: true }),
      new SurePGLoss({ gain: "physics", sigma: "physics", secondDerivative: true }),
      new SurePGLoss({ gain: firstGain(), sigma: first(), secondDerivative: true }),
    ],
  },
};

/** The mean and its error over batches, for each image, of what `draw` gives for each of its copies. */
function perImage(batches: number, draw: (rng: Rng) => Tensor): { mean: number; se: number }[] {
  const rng = new Rng(16);
  const values = sigmas.map((): number[] => []);
  for (let i = 0; i < batches; i++) {
    const means = noGrad(() => tidy(() => draw(rng).reshape([COPIES, BATCH]).mean(0).dataSync()));
    means.forEach((value, image) => values[image]?.push(value));
  }
  return values.map(estimate);
}

/** Means that are 0 within their errors, for each image. */
function expectUnbiased(means: readonly { mean: number; se: number }[]): void {
  for (const [index, { mean, se }] of means.entries()) expect(Math.abs(mean), `image ${index}`).toBeLessThan(3.5 * se);
}

describe("SURE with a noise level of its own for each image", () => {
  it.each(Object.entries(cases))("%s: the mean is the error of each image", (_, { noise, losses }) => {
    const physics = new Denoising({ noiseModel: noise() as GaussianNoise });
    const model = new Mixing();
    const [told, ofPhysics, ofFirst] = losses();
    const means = (loss: Loss, batches = 80) =>
      perImage(batches, (rng) => {
        const y = physics.forward(clean(), { rng });
        const xNet = model.forward(y);
        return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(xNet, clean()));
      });
    const unbiased = means(told);
    expectUnbiased(unbiased);
    // The same draws, to the last digit.
    expect(means(ofPhysics, 2)).toEqual(means(told, 2));
    // The level of image 0 for all is found out in all others.
    const wrong = means(ofFirst);
    expect(Math.abs(wrong[0]?.mean as number)).toBeLessThan(3.5 * (wrong[0]?.se as number));
    for (const { mean, se } of wrong.slice(1)) expect(Math.abs(mean)).toBeGreaterThan(6 * se);
  });

  it("Poisson counts (normalize false) have the gain 1, whatever the gains of the images", () => {
    const physics = new Denoising({ noiseModel: new PoissonNoise({ gain: gain(), normalize: false }) });
    const [loss, model] = [new SurePoissonLoss({ gain: "physics" }), new Mixing()];
    const counts = clean().div(
      gain()
        .reshape([COPIES * BATCH, 1, 1, 1])
        .to("float64"),
    );
    expectUnbiased(
      perImage(80, (rng) => {
        const y = physics.forward(clean(), { rng });
        const xNet = model.forward(y);
        return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(xNet, counts));
      }),
    );
  });

  it("ENSURE: the mean over masks and noise is the error of each image, with each step of the difference", () => {
    const p = tensor(
      Float64Array.from({ length: SIDE * SIDE }, (_, i) => 0.35 + (0.65 * i) / (SIDE * SIDE - 1)),
      { shape: [1, 1, SIDE, SIDE] },
    );
    const model = new Mixing();
    const means = (loss: mri.ENSURELoss, batches = 80) =>
      perImage(batches, (rng) => {
        const mask = rng.uniform(clean().shape, clean()).lt(p).to("float64");
        const physics = new Inpainting({
          imgSize: [1, SIDE, SIDE],
          mask,
          noiseModel: new GaussianNoise({ sigma: sigma() }),
        });
        const y = physics.forward(clean(), { rng });
        const xNet = model.forward(y);
        const weight = p.rsqrt().mul(mask);
        return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(xNet.mul(weight), clean().mul(weight)));
      });
    const unbiased = means(new mri.ENSURELoss({ sigma: sigma(), maskAverage: p }));
    expectUnbiased(unbiased);
    const ofPhysics = new mri.ENSURELoss({ sigma: "physics", maskAverage: p });
    expect(means(ofPhysics, 2)).toEqual(means(new mri.ENSURELoss({ sigma: sigma(), maskAverage: p }), 2));
    const wrong = means(new mri.ENSURELoss({ sigma: first(), maskAverage: p }));
    for (const { mean, se } of [wrong[1], wrong[2]] as { mean: number; se: number }[])
      expect(Math.abs(mean)).toBeGreaterThan(4 * se);
  });

  it("equivariant splitting with SURE: both risks plus sigma^2 of each image", () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: sigma() }) });
    const maskGenerator = new BernoulliSplittingMaskGenerator({ imgSize: [1, SIDE, SIDE], splitRatio: 0.6 });
    const consistencyLoss = new SureGaussianLoss({ sigma: "physics" });
    const loss = new EquivariantSplittingLoss({ maskGenerator, consistencyLoss });
    const model = loss.adaptModel(new Mixing());
    const variance = sigma().to("float64").square();
    const meanOver = (mask: Tensor, error: Tensor): Tensor =>
      error
        .square()
        .mul(mask)
        .reshape([COPIES * BATCH, SIDE * SIDE])
        .mean(1)
        .div(mask.mean());
    expectUnbiased(
      perImage(80, (rng) => {
        const y = physics.forward(clean(), { rng });
        const xNet = model.forward(y, physics, { updateParameters: true, rng });
        const [mask] = model.masks().map((m) => m.to("float64")) as [Tensor];
        const error = xNet.sub(clean());
        const risk = meanOver(mask.neg().add(1), error).add(meanOver(mask, error));
        return loss.forward({ xNet, y, physics, model, rng }).sub(risk).sub(variance);
      }),
    );
  });
});
