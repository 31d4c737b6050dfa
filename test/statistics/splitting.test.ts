import { beforeAll, describe, expect, it } from "vitest";
import { SplittingLoss, type SplittingModel } from "../../ts/loss/index.js";
import { Denoising, GaussianNoise, Inpainting, type Physics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import { TanhNet, average, image, repeat } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const settings = { batch: 4000, chunks: 5, seed: 13 };
const SIGMA = 0.2;

/** The test image as four channels of 3 x 3 pixels. */
const channels = () => image().reshape([1, 4, 3, 3]);

/** `sum(M2 (A f(M1 y) - A x)^2) / sum(M2)` with the sums over the whole batch, one share for each image. */
function hiddenRisk(model: SplittingModel, xNet: Tensor, u: Tensor, measured: Tensor | number): Tensor {
  const [mask] = model.masks();
  const hidden = (mask as Tensor).to("float64").neg().add(measured);
  const batch = u.shape[0] as number;
  return xNet.sub(u).square().mul(hidden).reshape([batch, 36]).mean(1).div(hidden.mean());
}

describe("splitting with independent noise", () => {
  it.each([
    [true, 0.6],
    [false, 0.8],
  ])("pixelwise %s, ratio %d: the risk of what is hidden plus sigma^2", (pixelwise, splitRatio) => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
    const loss = new SplittingLoss({ splitRatio, pixelwise });
    const model = loss.adaptModel(new TanhNet());
    const { mean, se } = average((rng, batch) => {
      const u = repeat(channels(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      return loss
        .forward({ xNet, y, physics, model })
        .sub(hiddenRisk(model, xNet, u, 1))
        .sub(SIGMA ** 2);
    }, settings);
    expect(se).toBeLessThan(SIGMA ** 2 * 0.05);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("respects the mask of the physics: the same, over what was measured and hidden", () => {
    const mask = tensor(
      Float64Array.from({ length: 36 }, (_, i) => (i % 3 === 1 ? 0 : 1)),
      { shape: [1, 4, 3, 3] },
    );
    const physics: Physics<GaussianNoise> = new Inpainting({
      imgSize: [4, 3, 3],
      mask,
      noiseModel: new GaussianNoise({ sigma: SIGMA }),
    });
    const loss = new SplittingLoss({ splitRatio: 0.7, pixelwise: false });
    const model = loss.adaptModel(new TanhNet());
    const { mean, se } = average((rng, batch) => {
      const u = repeat(channels(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      return loss
        .forward({ xNet, y, physics, model })
        .sub(hiddenRisk(model, xNet, u, mask))
        .sub(SIGMA ** 2);
    }, settings);
    expect(se).toBeLessThan(SIGMA ** 2 * 0.05);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("would not be unbiased if the network saw what it predicts", () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
    const loss = new SplittingLoss({ splitRatio: 0.6, pixelwise: false });
    const network = new TanhNet();
    const model = loss.adaptModel(network);
    const { mean, se } = average(
      (rng, batch) => {
        const u = repeat(channels(), batch);
        const y = physics.forward(u, { rng });
        model.forward(y, physics, { updateParameters: true, rng });
        const xNet = network.forward(y);
        return loss
          .forward({ xNet, y, physics, model })
          .sub(hiddenRisk(model, xNet, u, 1))
          .sub(SIGMA ** 2);
      },
      { ...settings, chunks: 2 },
    );
    expect(mean).toBeLessThan(-10 * se);
  });

  it("in evaluation the average over masks has less variance than one mask", () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
    const y = physics.forward(channels(), { rng: new Rng(1) });
    const spread = (evalNSamples: number) => {
      const model = new SplittingLoss({ splitRatio: 0.6, evalNSamples }).adaptModel(new TanhNet());
      model.eval();
      const rng = new Rng(2);
      const values = Array.from({ length: 200 }, () => model.forward(y, physics, { rng }).sum().itemSync());
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    };
    const ratio = spread(1) / spread(10);
    // Independent masks: ten times less. Variances of 200 values are known within some 15 %.
    expect(ratio).toBeGreaterThan(6);
    expect(ratio).toBeLessThan(16);
  });
});
