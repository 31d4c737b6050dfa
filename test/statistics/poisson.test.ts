import { beforeAll, describe, expect, it } from "vitest";
import { R2RLoss, SurePGLoss, SurePoissonLoss } from "../../ts/loss/index.js";
import { Conv2d } from "../../ts/nn/index.js";
import { Denoising, GammaNoise, PoissonGaussianNoise, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { type Tensor, tidy } from "../../ts/tensor/index.js";
import { pure } from "../../ts/testing/pure.js";
import { SquareNet, TanhNet, average, image, repeat, squaredError } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const settings = { batch: 8000, chunks: 5, seed: 12 };

describe("Poisson", () => {
  const setup = (gain: number) => ({
    model: new TanhNet(),
    physics: new Denoising({ noiseModel: new PoissonNoise({ gain }) }),
  });

  const sureBias = (gain: number, model: TanhNet | SquareNet) => {
    const { physics } = setup(gain);
    const loss = new SurePoissonLoss({ gain });
    return average((rng, batch) => {
      const u = repeat(image(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y);
      return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(xNet, u));
    }, settings);
  };

  it("SURE is unbiased at a small gain", () => {
    const { mean, se } = sureBias(0.01, new TanhNet());
    expect(se).toBeLessThan(4e-4);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it.each([0.1, 0.2])("SURE has a bias of order gain^2, at gain %d", (gain) => {
    const { mean, se } = sureBias(gain, new SquareNet());
    // For f(y) = y^2, E[y f(y)] = u E[f(y + gain)] gives 2 gain^2 mean(u).
    const bias = 2 * gain ** 2 * image().mean().itemSync();
    expect(bias).toBeGreaterThan(6 * se);
    expect(Math.abs(mean - bias)).toBeLessThan(3 * se);
  });

  it.each([0.2, 0.4])("SURE with spacing is unbiased, at gain %d", (gain) => {
    const { physics } = setup(gain);
    const model = new SquareNet();
    const loss = new SurePoissonLoss({ gain, spacing: 2 });
    const { mean, se } = average(
      (rng, batch) => {
        const u = repeat(image(), batch);
        const y = physics.forward(u, { rng });
        const xNet = model.forward(y);
        // A batch shares its grid: its mean is one value.
        return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(xNet, u)).mean().reshape([1]);
      },
      { batch: 16, chunks: 5000, seed: 14 },
    );
    // The expansion's bias, see above, would be found.
    expect(se).toBeLessThan((2 * gain ** 2 * image().mean().itemSync()) / 6);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("SURE with spacing is the exact formula (PURE) in the mean over the grid's place, for a network that reaches less far, in several channels", () => {
    const gain = 0.3;
    const { physics } = setup(gain);
    const model = new Conv2d({
      inChannels: 2,
      outChannels: 2,
      kernelSize: 3,
      padding: 1,
      rng: new Rng(3),
      dtype: "float64",
    });
    const curved = Object.assign(new SquareNet(), { forward: (y: Tensor) => model.forward(y).square() });
    const y = physics.forward(new Rng(1).uniform([2, 2, 5, 6], { dtype: "float64" }), { rng: new Rng(2) });
    const exact = pure({ y, model: curved, physics, gain }).dataSync();
    // Every other grid of spacing 2 would see itself.
    const loss = new SurePoissonLoss({ gain, spacing: 3 });
    const xNet = curved.forward(y);
    const rng = new Rng(4);
    const draws = Array.from({ length: 20_000 }, () =>
      tidy(() => loss.forward({ xNet, y, physics, model: curved, rng }).dataSync()),
    );
    for (const image of [0, 1]) {
      const values = draws.map((draw) => draw[image]!);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const se = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length ** 2);
      expect(se).toBeGreaterThan(0);
      expect(Math.abs(mean - exact[image]!)).toBeLessThan(3.5 * se);
    }
  });

  it.each([0.1, 0.5])("the exact formula (PURE) is unbiased at gain %d", (gain) => {
    const { model, physics } = setup(gain);
    const { mean, se } = average(
      (rng, batch) => {
        const u = repeat(image(), batch);
        const y = physics.forward(u, { rng });
        return pure({ y, model, physics, gain }).sub(squaredError(model.forward(y), u));
      },
      { batch: 4000, chunks: 2, seed: 13 },
    );
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it.each([0.15, 0.5])("R2R, alpha %d: the risk at y1 plus gain mean(u) / alpha", (alpha) => {
    const gain = 0.1;
    const { physics } = setup(gain);
    const loss = new R2RLoss({ alpha });
    const model = loss.adaptModel(new TanhNet());
    const constant = (gain * image().mean().itemSync()) / alpha;
    const { mean, se } = average((rng, batch) => {
      const u = repeat(image(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      return loss.forward({ xNet, y, physics, model }).sub(squaredError(xNet, u)).sub(constant);
    }, settings);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("R2R splits counts (normalize false) into independent parts", () => {
    const alpha = 0.5;
    const physics = new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1, normalize: false }) });
    const model = new R2RLoss({ alpha }).adaptModel(new TanhNet());
    const lambda = image().div(0.1);
    const { mean, se } = average((rng, batch) => {
      const y = physics.forward(repeat(image(), batch), { rng });
      model.forward(y, physics, { updateParameters: true, rng });
      const y1 = model.corruption();
      const y2 = y.sub(y1.mul(1 - alpha)).div(alpha);
      return y1.sub(lambda).mul(y2.sub(lambda)).reshape([batch, 36]).mean(1);
    }, settings);
    // Dividing the counts by the gain once more would make it 5.4.
    expect(se).toBeLessThan(0.05);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });
});

describe("Gamma", () => {
  it.each([0.15, 0.5])("R2R, alpha %d: the risk at y1 plus mean(u^2) / (l alpha)", (alpha) => {
    const l = 10;
    const physics = new Denoising({ noiseModel: new GammaNoise({ l }) });
    const loss = new R2RLoss({ alpha });
    const model = loss.adaptModel(new TanhNet());
    const constant = image().square().mean().itemSync() / (l * alpha);
    const { mean, se } = average((rng, batch) => {
      const u = repeat(image(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      return loss.forward({ xNet, y, physics, model }).sub(squaredError(xNet, u)).sub(constant);
    }, settings);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });
});

describe("Poisson-Gaussian SURE with its second derivative", () => {
  const bias = (gain: number, sigma: number, model: TanhNet | SquareNet, secondDerivative = true) => {
    const physics = new Denoising({ noiseModel: new PoissonGaussianNoise({ gain, sigma }) });
    const loss = new SurePGLoss({ gain, sigma, secondDerivative });
    return average((rng, batch) => {
      const u = repeat(image(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y);
      return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(xNet, u));
    }, settings);
  };

  it("is unbiased at a small gain", () => {
    const { mean, se } = bias(0.01, 0.1, new TanhNet());
    expect(se).toBeLessThan(1e-3);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  // For f(y) = y^2 the first-order formula is off by 2 gain^2 mean(u) + 4 gain sigma^2, and its second-derivative term
  // takes off the latter.
  it.each([true, false])(
    "is off by what the formula leaves out, with the second derivative: %s",
    (secondDerivative) => {
      const [gain, sigma] = [0.1, 0.3];
      const { mean, se } = bias(gain, sigma, new SquareNet(), secondDerivative);
      const left = 2 * gain ** 2 * image().mean().itemSync() + (secondDerivative ? 0 : 4 * gain * sigma ** 2);
      expect(left).toBeGreaterThan(4 * se);
      expect(Math.abs(mean - left)).toBeLessThan(3 * se);
    },
  );

  it("the second-derivative term is off by default", () => {
    const physics = new Denoising({ noiseModel: new PoissonGaussianNoise({ gain: 0.1, sigma: 0.3 }) });
    const model = new SquareNet();
    const y = physics.forward(repeat(image(), 2), { rng: new Rng(1) });
    const value = (options: { secondDerivative?: boolean }) => {
      const loss = new SurePGLoss({ gain: 0.1, sigma: 0.3, ...options });
      return Array.from(loss.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(2) }).dataSync());
    };
    expect(value({})).toEqual(value({ secondDerivative: false }));
    expect(value({})).not.toEqual(value({ secondDerivative: true }));
  });

  it.each([0.05, 0.1, 0.2])(
    "the remainder with the second derivative falls as the square of the gain, at gain %d",
    (gain) => {
      const { mean, se } = bias(gain, 0.2, new SquareNet());
      const left = 2 * gain ** 2 * image().mean().itemSync();
      expect(se).toBeLessThan(left / 2);
      expect(Math.abs(mean - left)).toBeLessThan(3 * se);
    },
  );
});
