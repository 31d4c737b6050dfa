import { beforeAll, describe, expect, it } from "vitest";
import {
  BernoulliSplittingMaskGenerator,
  Denoising,
  GainGenerator,
  GaussianNoise,
  GeneratorMixture,
  Inpainting,
  SigmaGenerator,
  type BernoulliSplittingMaskGeneratorOptions,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, DeviceError, ShapeError, init } from "../../ts/runtime/index.js";
import { ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { expectError } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const sum = (t: Tensor | undefined) => (t as Tensor).sum().itemSync();
const values = (t: Tensor | undefined) => Array.from((t as Tensor).dataSync());
const masks = (options: Partial<BernoulliSplittingMaskGeneratorOptions> = {}) =>
  new BernoulliSplittingMaskGenerator({ imgSize: [2, 20, 20], splitRatio: 0.3, ...options });

describe("BernoulliSplittingMaskGenerator", () => {
  it("keeps each pixel with its probability, all channels together or each for itself", () => {
    for (const pixelwise of [true, false]) {
      const { mask } = masks({ pixelwise }).step(50, 1);
      expect(mask?.shape).toEqual([50, 2, 20, 20]);
      const n = pixelwise ? 50 * 400 : 50 * 800;
      // Three standard errors of a Bernoulli mean.
      expect(Math.abs(sum(mask) / (50 * 800) - 0.3)).toBeLessThan(3 * Math.sqrt(0.21 / n));
      const [a, b] = [0, 1].map((c) => values(mask?.slice([0, c, 0, 0], [50, c + 1, 20, 20])));
      expect(JSON.stringify(a) === JSON.stringify(b)).toBe(pixelwise);
    }
  });

  it("splits a mask into exactly floor(ratio n) of its pixels, each as often as the others", () => {
    const inputMask = new Rng(3).bernoulli([1, 2, 20, 20], 0.5);
    const n = sum(inputMask);
    const { mask } = masks({ pixelwise: false }).step(400, { seed: 2, inputMask });
    const per = mask?.reshape([400, 800]);
    for (const count of values(per?.sum(1))) expect(count).toBe(Math.floor(0.3 * n));
    const outside = mask?.mul(inputMask.neg().add(1));
    expect(sum(outside)).toBe(0);
    const frequency = values(per?.mean(0)).filter((_, i) => values(inputMask)[i] === 1);
    // Among some 400 frequencies the largest deviation stays within five standard errors.
    for (const f of frequency) expect(Math.abs(f - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / 400));
  });

  it("splits every mask of a batch on its own, and a mask without channels for all of them", () => {
    const batch = new Rng(3).bernoulli([3, 1, 20, 20], 0.5).expand([3, 2, 20, 20]).mul(1);
    const split = masks().step(1, { seed: 1, inputMask: batch }).mask as Tensor;
    expect(split.shape).toEqual([3, 2, 20, 20]);
    expect(sum(split.mul(batch.neg().add(1)))).toBe(0);
    const flat = masks().step(4, { seed: 1, inputMask: ones([20, 20]) }).mask;
    expect(flat?.shape).toEqual([4, 1, 20, 20]);
    expect(sum(flat)).toBe(4 * 120);
  });

  it("draws the same with the same seed, and where the masks cannot be read as many on the device", () => {
    const inputMask = new Rng(3).bernoulli([1, 2, 20, 20], 0.5);
    expect(values(masks().step(2, { seed: 4, inputMask }).mask)).toEqual(
      values(masks().step(2, { seed: 4, inputMask }).mask),
    );
    for (const pixelwise of [true, false]) {
      const unreadable = new Rng(5).bernoulli([1, 1, 20, 20], 0.4).expand([1, 2, 20, 20]).mul(1);
      const n = sum(unreadable) / (pixelwise ? 2 : 1);
      unreadable.dataSync = () => {
        throw new DeviceError("cannot read", "sync_read");
      };
      const mask = masks({ pixelwise }).step(6, { seed: 6, inputMask: unreadable }).mask as Tensor;
      expect(mask.shape).toEqual([6, 2, 20, 20]);
      expect(sum(mask.mul(unreadable.neg().add(1)))).toBe(0);
      for (const count of values(mask.reshape([6, 800]).sum(1)))
        expect(count).toBe(Math.floor(0.3 * n) * (pixelwise ? 2 : 1));
    }
  });

  it("leaves something on both sides, however extreme the ratio", () => {
    for (const splitRatio of [1e-9, 1 - 1e-9]) {
      const generator = new BernoulliSplittingMaskGenerator({ imgSize: [1, 2, 3], splitRatio });
      const free = generator.step(20, 1).mask as Tensor;
      const subset = generator.step(20, { seed: 1, inputMask: tensor([1, 0, 1, 0, 0, 1], { shape: [1, 2, 3] }) })
        .mask as Tensor;
      const few = splitRatio < 0.5;
      for (const count of values(free.reshape([20, 6]).sum(1))) expect(count).toBe(few ? 1 : 5);
      for (const count of values(subset.reshape([20, 6]).sum(1))) expect(count).toBe(few ? 1 : 2);
    }
    expect(sum(new BernoulliSplittingMaskGenerator({ imgSize: [1, 4, 4], splitRatio: 1 }).step(1, 0).mask)).toBe(16);
  });

  it("a random ratio stays within its bounds", () => {
    const { mask } = masks({ randomSplitRatio: true, minSplitRatio: 0.2, maxSplitRatio: 0.6 }).step(100, {
      seed: 1,
      inputMask: ones([2, 20, 20]),
    });
    const shares = values(mask?.reshape([100, 800]).mean(1));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.2 - 1 / 400);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.6);
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.3);
  });

  it("takes another image size for one call, and gives a mask an operator takes", () => {
    const { mask } = masks().step(1, { seed: 1, imgSize: [5, 7] });
    expect(mask?.shape).toEqual([1, 2, 5, 7]);
    const physics = new Inpainting({ imgSize: [2, 20, 20] });
    physics.update(masks().step(2, 1));
    expect(physics.A(ones([2, 2, 20, 20])).shape).toEqual([2, 2, 20, 20]);
  });

  it("average gives the probability of each pixel", () => {
    const { mask } = masks().average(500, { batchSize: 60, seed: 1 });
    expect(mask?.shape).toEqual([1, 2, 20, 20]);
    expect(Math.abs(sum(mask) / 800 - 0.3)).toBeLessThan(3 * Math.sqrt(0.21 / (500 * 400)));
  });

  it("names what it cannot split", () => {
    const nothing = ones([1, 2, 20, 20]).mul(0);
    expectError(() => masks().step(1, { inputMask: nothing }), ArgumentError, "empty_mask", "no measured pixel");
    const single = tensor([0, 1, 0, 0], { shape: [1, 1, 2, 2] });
    expectError(
      () => new BernoulliSplittingMaskGenerator({ imgSize: [1, 2, 2], splitRatio: 0.5 }).step(1, { inputMask: single }),
      ArgumentError,
      "empty_split",
      "nothing to predict",
    );
    expectError(() => masks().step(0), ArgumentError, "invalid_argument", "batchSize");
    expectError(() => masks().step(1, { sed: 1 } as never), ArgumentError, "unknown_option", "seed");
    expectError(() => masks().step(1, { seed: 1, rng: new Rng(1) }), ArgumentError, "invalid_argument", "exclude");
    expectError(
      () => masks().step(1, { inputMask: nothing, imgSize: [2, 2] }),
      ArgumentError,
      "invalid_argument",
      "exclude",
    );
    expectError(
      () => masks().step(1, { inputMask: ones([1, 1, 2, 20, 20]) }),
      ShapeError,
      "shape_mismatch",
      "inputMask",
    );
    expectError(() => masks({ splitRatio: 1.5 }), ArgumentError, "invalid_argument", "splitRatio");
    expectError(
      () => masks({ minSplitRatio: 0.5, maxSplitRatio: 0.1 }),
      ArgumentError,
      "invalid_argument",
      "minSplitRatio",
    );
    expectError(
      () => new BernoulliSplittingMaskGenerator({ imgSize: [1, 2, 2] } as never),
      ArgumentError,
      "missing_argument",
      "splitRatio",
    );
    expectError(() => masks({ ratio: 1 } as never), ArgumentError, "unknown_option", "splitRatio");
  });
});

describe("levels, sums and mixtures", () => {
  it("SigmaGenerator and GainGenerator are uniform on their range", () => {
    const sigma = values(new SigmaGenerator({ sigmaMin: 0.1, sigmaMax: 0.3 }).step(4000, 1)["sigma"]);
    const gain = values(new GainGenerator().step(4000, 1)["gain"]);
    for (const [levels, low, high] of [
      [sigma, 0.1, 0.3],
      [gain, 0.1, 0.4],
    ] as const) {
      expect(Math.min(...levels)).toBeGreaterThanOrEqual(low - 1e-6);
      expect(Math.max(...levels)).toBeLessThanOrEqual(high + 1e-6);
      const mean = levels.reduce((a, b) => a + b, 0) / levels.length;
      const variance = levels.reduce((a, b) => a + (b - mean) ** 2, 0) / levels.length;
      const width = high - low;
      expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((3 * width) / Math.sqrt(12 * 4000));
      expect(Math.abs(variance / (width ** 2 / 12) - 1)).toBeLessThan(0.06);
    }
    expectError(
      () => new SigmaGenerator({ sigmaMin: 1, sigmaMax: 0.5 }),
      ArgumentError,
      "invalid_argument",
      "sigmaMin",
    );
    expectError(() => new GainGenerator({ gainMin: 0 }), ArgumentError, "invalid_argument", "gainMin");
  });

  it("a noise level of each image reaches the noise", () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({}) });
    physics.update(new SigmaGenerator().step(3, 1));
    expect((physics.noiseModel.sigma as Tensor).shape).toEqual([3]);
  });

  it("add joins records; with a seed the two draws are independent", () => {
    const both = new SigmaGenerator({ sigmaMin: 0, sigmaMax: 1 }).add(new GainGenerator({ gainMin: 1e-6, gainMax: 1 }));
    const { sigma, gain } = both.step(2000, 1);
    const [s, g] = [values(sigma), values(gain)];
    expect(values(both.step(2000, 1)["sigma"])).toEqual(s);
    const correlation = s.reduce((total, v, i) => total + (v - 0.5) * ((g[i] as number) - 0.5), 0) / 2000 / (1 / 12);
    expect(Math.abs(correlation)).toBeLessThan(3 / Math.sqrt(2000));
    const twice = new SigmaGenerator({ sigmaMin: 1, sigmaMax: 1 }).add(
      new SigmaGenerator({ sigmaMin: 2, sigmaMax: 2 }),
    );
    expect(values(twice.step(2, 1)["sigma"])).toEqual([3, 3]);
  });

  it("a mixture chooses for each image, or once where the shapes differ", () => {
    const level = (sigma: number) => new SigmaGenerator({ sigmaMin: sigma, sigmaMax: sigma });
    const mixture = new GeneratorMixture({ generators: [level(1), level(2), level(4)], probs: [0.5, 0.2, 0.3] });
    expect(mixture.useBatchSampling).toBe(true);
    const levels = values(mixture.step(3000, 1)["sigma"]);
    for (const [value, p] of [
      [1, 0.5],
      [2, 0.2],
      [4, 0.3],
    ] as const) {
      const share = levels.filter((v) => v === value).length / 3000;
      expect(Math.abs(share - p)).toBeLessThan(3 * Math.sqrt((p * (1 - p)) / 3000));
    }
    const mixed = new GeneratorMixture({ generators: [level(1), new GainGenerator()], probs: [0.5, 0.5] });
    expect(mixed.useBatchSampling).toBe(false);
    const names = Array.from({ length: 20 }, (_, seed) => Object.keys(mixed.step(2, seed)).join());
    expect(new Set(names)).toEqual(new Set(["sigma", "gain"]));
    expectError(
      () => new GeneratorMixture({ generators: [level(1)], probs: [0.5] }),
      ArgumentError,
      "invalid_argument",
      "sum",
    );
    expectError(
      () => new GeneratorMixture({ generators: [], probs: [] }),
      ArgumentError,
      "invalid_argument",
      "generators",
    );
  });
});
