import { beforeAll, describe, expect, it } from "vitest";
import { SureGaussianLoss, SurePGLoss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, Inpainting, type Physics, PoissonGaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full, noGrad, Tensor, tidy, zeros } from "../../ts/tensor/index.js";
import { TanhNet, image, repeat } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const value = (level: number | Tensor) => (typeof level === "number" ? level : level.itemSync());

describe("UNSURE", () => {
  /** The levels after each of five steps, and the ascent directions that follow from steps without momentum. */
  const path = (momentum: number, training = true) => {
    const model = new TanhNet().train(training);
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const loss = new SureGaussianLoss({ sigma: 0.1, unsure: true, stepSize: 0.01, momentum });
    const rng = new Rng(4);
    const y = physics.forward(repeat(image(), 8), { rng: new Rng(2) });
    const levels = [value(loss.sigma2)];
    for (let i = 0; i < 5; i++) {
      tidy(() => {
        loss.forward({ xNet: model.forward(y), y, physics, model, rng });
      });
      levels.push(value(loss.sigma2));
    }
    return levels;
  };

  it("follows the running average of the gradient", () => {
    const plain = path(0);
    const gradients = plain.slice(1).map((v, i) => (v - (plain[i] as number)) / 0.01);
    const averaged = path(0.9);
    let [velocity, level] = [gradients[0] as number, 0.01];
    for (let i = 0; i < 5; i++) {
      if (i > 0) velocity = 0.9 * velocity + 0.1 * (gradients[i] as number);
      level += 0.01 * velocity;
      expect(averaged[i + 1]).toBeCloseTo(level, 8);
    }
    expect(Math.abs((averaged[5] as number) - (plain[5] as number))).toBeGreaterThan(1e-6);
  });

  it("follows it for both levels of Poisson-Gaussian noise, each with its own step and momentum", () => {
    const [stepSize, momentum] = [
      [0.02, 0.03],
      [0.9, 0.6],
    ] as const;
    const levelsOf = (momenta: readonly [number, number]) => {
      const model = new TanhNet();
      const physics = new Denoising({ noiseModel: new PoissonGaussianNoise({ gain: 0.1, sigma: 0.1 }) });
      const loss = new SurePGLoss({ sigma: 0.1, gain: 0.1, unsure: true, stepSize, momentum: momenta });
      const y = physics.forward(repeat(image(), 8), { rng: new Rng(2) });
      const rng = new Rng(4);
      return Array.from({ length: 5 }, () => {
        tidy(() => loss.forward({ xNet: model.forward(y), y, physics, model, rng }));
        return [value(loss.sigma2), value(loss.gain)] as const;
      });
    };
    // The gradients do not depend on the levels, so that steps without momentum give them.
    const [plain, averaged] = [levelsOf([0, 0]), levelsOf(momentum)];
    for (const [index, start] of [0.01, 0.1].entries()) {
      const at = (steps: typeof plain, i: number) => (i < 0 ? start : (steps[i]?.[index] as number));
      let [velocity, level] = [NaN, start];
      for (let i = 0; i < 5; i++) {
        const gradient = (at(plain, i) - at(plain, i - 1)) / (stepSize[index] as number);
        const m = momentum[index] as number;
        velocity = i === 0 ? gradient : m * velocity + (1 - m) * gradient;
        level += (stepSize[index] as number) * velocity;
        expect(at(averaged, i), `level ${index} after step ${i}`).toBeCloseTo(level, 8);
      }
      expect(Math.abs(at(averaged, 4) - at(plain, 4))).toBeGreaterThan(1e-4 * (stepSize[index] as number));
    }
  });

  it("does not move in evaluation", () => {
    expect(new Set(path(0.9, false)).size).toBe(1);
    const model = new TanhNet().eval();
    const physics = new Denoising({ noiseModel: new PoissonGaussianNoise({ gain: 0.1, sigma: 0.1 }) });
    const loss = new SurePGLoss({ sigma: 0.1, gain: 0.1, unsure: true, stepSize: [0.01, 0.01] });
    const y = physics.forward(repeat(image(), 2), { rng: new Rng(2) });
    noGrad(() => loss.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(1) }));
    expect(loss.sigma2).toBeCloseTo(0.01, 12);
    expect(loss.gain).toBe(0.1);
    model.train();
    loss.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(1) });
    expect(value(loss.sigma2)).not.toBeCloseTo(0.01, 6);
    expect(value(loss.gain)).not.toBeCloseTo(0.1, 6);
  });

  it("the value of a step is that of the levels before it, in every term", () => {
    const model = new TanhNet();
    const physics = new Denoising({ noiseModel: new PoissonGaussianNoise({ gain: 0.1, sigma: 0.1 }) });
    const y = physics.forward(repeat(image(), 2), { rng: new Rng(2) });
    const value = (unsure: boolean) => {
      const loss = new SurePGLoss({ sigma: 0.3, gain: 0.2, unsure, secondDerivative: true, stepSize: [0.5, 0.5] });
      return Array.from(loss.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(1) }).dataSync());
    };
    expect(value(true)).toEqual(value(false));
  });

  it("saves and restores its level", () => {
    const model = new TanhNet();
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const make = () => new SureGaussianLoss({ sigma: 0.1, unsure: true, stepSize: 0.01 });
    const y = physics.forward(image(), { rng: new Rng(2) });
    const step = (loss: SureGaussianLoss, seed: number) => {
      loss.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(seed) });
    };
    const [whole, first, second] = [make(), make(), make()];
    step(whole, 1);
    step(whole, 2);
    step(first, 1);
    second.loadStateDict(first.stateDict());
    step(second, 2);
    expect(value(second.sigma2)).toBe(value(whole.sigma2));
  });

  describe("keeps its levels where the risk is not negative", () => {
    /** `f(y) = k y`, for which the divergence is k and the residual (1 - k)^2 y^2. */
    class Scaled extends Module {
      constructor(readonly k: number) {
        super();
      }
      forward(y: Tensor): Tensor {
        return y.mul(this.k);
      }
    }
    /** The share by which the mean of the risk may be below 0. */
    const slack = 0.1;
    const sigma = 0.3;
    const gaussian = new GaussianNoise({ sigma });

    /** The variance after some calls on pure noise of variance sigma^2, from ten times as much. */
    const after = (
      calls: number,
      k: number,
      physics: Physics = new Denoising({ noiseModel: gaussian }),
      options = {},
    ) => {
      const loss = new SureGaussianLoss({ sigma: sigma * Math.sqrt(10), unsure: true, stepSize: 1e-4, ...options });
      const [model, rng] = [new Scaled(k), new Rng(3)];
      for (let i = 0; i < calls; i++) {
        tidy(() => {
          const y = physics.noise(zeros([4, 1, 32, 32]), { rng });
          loss.forward({ xNet: model.forward(y), y, physics: physics as Denoising, model, rng });
        });
      }
      return value(loss.sigma2);
    };

    it.each([0, 0.2, -0.5])("f(y) = %d y: sigma^2 (1 - k)^2 / (1 - 2 k) at most", (k) => {
      const bound = (sigma ** 2 * (1 - k) ** 2) / (1 - 2 * k) / (1 - slack);
      // 80 calls of 4096 pixels, of which the last twenty count: random errors of a percent.
      expect(after(80, k)).toBeLessThan(1.05 * bound);
      expect(after(80, k, undefined, { stepSize: 0 })).toBeGreaterThan(0.95 * bound);
    });

    it("does not limit a level that the residual allows, nor a network that changes nothing", () => {
      // (1 - 0.49)^2 / (1 - 0.98) = 13 times sigma^2.
      expect(after(5, 0.49, undefined, { stepSize: 0 })).toBeCloseTo(10 * sigma ** 2, 6);
      expect(after(5, 1, undefined, { stepSize: 0 })).toBeCloseTo(10 * sigma ** 2, 6);
    });

    it("entries that are not measured have no noise", () => {
      const mask = new Rng(8).bernoulli([1, 1, 32, 32], 0.3);
      const physics = new Inpainting({ imgSize: [1, 32, 32], mask, noiseModel: gaussian });
      const level = after(80, 0, physics, { stepSize: 0 });
      expect(level / (sigma ** 2 / (1 - slack))).toBeGreaterThan(0.93);
      expect(level / (sigma ** 2 / (1 - slack))).toBeLessThan(1.07);
    });

    it("a variance is not negative", () => {
      expect(after(20, -2, undefined, { stepSize: 10 })).toBe(0);
    });

    it("continues from a saved state", () => {
      const physics = new Denoising({ noiseModel: gaussian });
      const model = new Scaled(0);
      const make = () => new SureGaussianLoss({ sigma: 1, unsure: true, stepSize: 0 });
      const step = (loss: SureGaussianLoss, scale: number) => {
        const y = new Rng(5).normal([1, 1, 16, 16]).mul(scale);
        loss.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(1) });
      };
      const [whole, first, second] = [make(), make(), make()];
      step(whole, 0.5);
      step(whole, 0.1);
      step(first, 0.5);
      second.loadStateDict(first.stateDict());
      step(second, 0.1);
      expect(value(second.sigma2)).toBe(value(whole.sigma2));
    });

    it("Poisson-Gaussian noise: both levels are scaled back together", () => {
      const [gain, x] = [0.1, 2];
      const physics = new Denoising({ noiseModel: new PoissonGaussianNoise({ sigma, gain }) });
      // `f(y) = x`, the clean value: the residual is the variance of the noise, sigma^2 + gain x.
      const model = new (class extends Module {
        forward(y: Tensor): Tensor {
          return y.mul(0).add(x);
        }
      })();
      const loss = new SurePGLoss({ sigma: 2 * sigma, gain: 4 * gain, unsure: true, stepSize: [0, 0] });
      const rng = new Rng(6);
      for (let i = 0; i < 80; i++) {
        tidy(() => {
          const y = physics.forward(full([4, 1, 32, 32], x), { rng });
          loss.forward({ xNet: model.forward(y), y, physics, model, rng });
        });
      }
      const [variance, poisson] = [value(loss.sigma2), value(loss.gain)];
      const total = (sigma ** 2 + gain * x) / (1 - slack);
      expect((variance + poisson * x) / total).toBeGreaterThan(0.95);
      expect((variance + poisson * x) / total).toBeLessThan(1.05);
      expect(variance / poisson).toBeCloseTo((4 * sigma ** 2) / (4 * gain), 4);
    });
  });
});
