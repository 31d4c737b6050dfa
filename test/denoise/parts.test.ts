import { beforeAll, describe, expect, it } from "vitest";
import { contradictions, type NoiseEstimate } from "../../ts/denoise/index.js";
import { Domain } from "../../ts/denoise/domain.js";
import { clippedMoments, unclippedMean } from "../../ts/denoise/estimate/clipped-moments.js";
import { LearningPatches } from "../../ts/denoise/learning-patches.js";
import { Phases } from "../../ts/denoise/phases.js";
import { stabilise, unstabilise } from "../../ts/denoise/stabilise.js";
import { turnBack, turnPixels } from "../../ts/denoise/turns.js";
import type { Pixels } from "../../ts/io/index.js";
import { normalValues, Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { drawn, photograph, withNoise, withPoisson } from "./pictures.js";

beforeAll(async () => await init());

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const variance = (values: ArrayLike<number>): number => {
  const m = mean(values);
  return mean(Array.from(values, (value) => (value - m) ** 2));
};

describe("the generalised Anscombe transform", () => {
  it.each([
    [0.2, 0.02, 0.05],
    [0.5, 0.01, 0.02],
    [0.9, 0.05, 0.1],
  ])("at %d, gain %d, read noise %d: variance 1, and an unbiased inverse", async (x, gain, sigma) => {
    const flat = drawn(200, () => x);
    const { data } = withNoise(await withPoisson(flat, gain, new Rng(1)), sigma, new Rng(2));
    const levels = { gain, constant: sigma ** 2 };
    const transformed = data.map((y) => stabilise(y, levels));
    expect(Math.abs(variance(transformed) - 1)).toBeLessThan(0.05);
    // The algebraic inverse is biased by a quarter of the gain; 3 standard deviations of the mean of the draws.
    const ofMean = Math.sqrt((gain * x + sigma ** 2) / data.length);
    expect(Math.abs(unstabilise(mean(transformed), levels) - x)).toBeLessThan(3 * ofMean + 0.01 * gain);
  });
});

it("moments of clipped noise are those of draws; the unclipped mean is their inverse", () => {
  const draws = normalValues(new Rng(3), [200_000]);
  for (const [x, s] of [
    [0.1, 0.2],
    [0.95, 0.3],
    [0.5, 0.05],
  ] as const) {
    const clipped = draws.map((n) => Math.min(1, Math.max(0, x + s * n)));
    const moments = clippedMoments(x, s, 0, 1);
    expect(Math.abs(moments.clipped - mean(clipped.map((y) => Number(y === 0 || y === 1))))).toBeLessThan(0.004);
    expect(Math.abs(moments.mean - mean(clipped))).toBeLessThan(0.003);
    expect(Math.abs(moments.variance / variance(clipped) - 1)).toBeLessThan(0.02);
    expect(unclippedMean(moments.mean, () => s, 0, 1)).toBeCloseTo(x, 4);
  }
  expect(clippedMoments(0.3, 0.1)).toEqual({
    mean: expect.closeTo(0.3, 9),
    variance: expect.closeTo(0.01, 9),
    clipped: 0,
  });
});

describe("domains", () => {
  const gaussian = (sigma: number, more = {}): NoiseEstimate => ({
    noise: "gaussian",
    sigma,
    correlation: 0,
    found: "",
    ...more,
  });

  it("goes into [0, 1] and back exactly enough, in any unit", async () => {
    const picture = await photograph("camera", 64);
    for (const [a, b] of [
      [1, 0],
      [1e-4, 0],
      [4000, -300],
    ] as const) {
      const image = { ...picture, data: picture.data.map((value) => a * value + b) };
      const domain = Domain.of([image], gaussian(0.1 * a));
      const inside = domain.enter(image, new Rng(0));
      expect(Math.min(...inside.data)).toBeGreaterThan(-0.1);
      expect(Math.max(...inside.data)).toBeLessThan(1.1);
      const back = domain.leave(inside);
      expect(Math.max(...back.data.map((value, i) => Math.abs(value - image.data[i]!)))).toBeLessThan(1e-5 * (a + 1));
    }
  });

  it("redraws what was clipped, and clips results", () => {
    const flat = {
      ...drawn(64, () => 0),
      data: withNoise(
        drawn(64, () => 0),
        0.1,
        new Rng(1),
      ).data,
    };
    const clipped = { ...flat, data: flat.data.map((value) => Math.max(0, value)) };
    const domain = new Domain(gaussian(0.1, { clipLow: 0 }), { offset: 0, factor: 1 });
    const { data } = domain.enter(clipped, new Rng(2));
    expect(Math.abs(mean(data))).toBeLessThan(0.01);
    expect(Math.sqrt(variance(data))).toBeCloseTo(0.1, 1);
    expect(Math.min(...domain.leave({ data, shape: [1, 64, 64] }).data)).toBe(0);
  });

  it("makes Poisson-Gaussian noise Gaussian of the level that its noise model says", async () => {
    const noise: NoiseEstimate = { noise: "poisson-gaussian", gain: 0.02, sigma: 0.03, correlation: 0, found: "" };
    const domain = new Domain(noise, { offset: -0.1, factor: 1.3 });
    for (const x of [0.1, 0.4, 0.9]) {
      const noisy = withNoise(
        await withPoisson(
          drawn(150, () => x),
          0.02,
          new Rng(4),
        ),
        0.03,
        new Rng(5),
      );
      const { data } = domain.enter(noisy, new Rng(6));
      const { sigma } = domain.noiseModel as unknown as { sigma: number };
      expect(Math.abs(Math.sqrt(variance(data)) / sigma - 1)).toBeLessThan(0.05);
      const level = domain.leave({ data: new Float32Array([mean(data)]), shape: [1, 1, 1] }).data[0]!;
      expect(Math.abs(level - x)).toBeLessThan(0.002);
    }
  });
});

it("turns and turns back, all eight symmetries different", () => {
  const image: Pixels = { data: Float32Array.from({ length: 24 }, (_, i) => i), shape: [2, 3, 4] };
  const seen = new Set<string>();
  for (let symmetry = 0; symmetry < 8; symmetry++) {
    const turned = turnPixels(image, symmetry);
    expect(turned.shape).toEqual(symmetry & 4 ? [2, 4, 3] : [2, 3, 4]);
    expect(turnBack(turned, symmetry)).toEqual(image);
    seen.add(`${turned.shape} ${turned.data}`);
  }
  expect(seen.size).toBe(8);
});

it("patches come from all images, each pixel as likely, and are of even size", async () => {
  const noise: NoiseEstimate = { noise: "gaussian", sigma: 0.1, correlation: 0, found: "" };
  const images = [drawn(9, () => 0.2), drawn(27, () => 0.8)];
  const patches = new LearningPatches(images, new Domain(noise, { offset: 0, factor: 1 }), 400);
  expect([patches.length, patches.size]).toEqual([400, [8, 8]]);
  const rng = new Rng(0);
  let ofFirst = 0;
  for (let k = 0; k < 400; k++) {
    const { y } = await patches.get(k, { rng });
    if ((await y!.data())[0]! < 0.5) ofFirst += 1;
    y!.dispose();
  }
  // 81 of 810 pixels.
  expect(Math.abs(ofFirst / 400 - 0.1)).toBeLessThan(0.05);
});

it("phases share the time by measured speeds", () => {
  const phases = new Phases(100, 50);
  expect(phases.learned(50, 10)).toEqual({ phase: "learning", done: expect.closeTo(1 / 3, 9), secondsLeft: 20 });
  expect(phases.learned(100, 20)).toEqual({ phase: "learning", done: expect.closeTo(2 / 3, 9), secondsLeft: 10 });
  // Restoring is twice as slow as was assumed.
  expect(phases.restored(25, 10)).toEqual({ phase: "restoring", done: 0.75, secondsLeft: 10 });
  expect(phases.restored(25, 10)).toEqual({ phase: "restoring", done: 1, secondsLeft: 0 });
});

describe("contradictions", () => {
  const noise: NoiseEstimate = { noise: "gaussian", sigma: 0.05, correlation: 0, found: "" };
  let [clean, noisy]: Pixels[] = [];
  beforeAll(async () => {
    clean = await photograph("camera", 128);
    noisy = withNoise(clean, 0.05, new Rng(1));
  });

  it("has nothing against the truth, or against the noisy image", () => {
    expect(contradictions(noisy!, clean!, noise)).toEqual([]);
    expect(contradictions(noisy!, noisy!, noise)).toEqual([]);
  });

  it.each([
    ["a smoothed image", (x: number, y: number, around: number) => 0.5 * around + 0.5 * y, /large as the noise/],
    ["speckle", (x: number, _y: number, _a: number, n: number) => x + 0.12 * n, /high frequencies/],
    ["a shift of the brightness", (x: number) => x + 0.03, /means over 8x8/],
    [
      "a value that is not finite",
      (x: number, _y: number, _a: number, _n: number, k: number) => (k === 5 ? NaN : x),
      /value 5/,
    ],
  ])("refuses %s", (_, change, reason) => {
    const n = normalValues(new Rng(2), [clean!.data.length]);
    const data = clean!.data.map((x, k) => {
      const around = (clean!.data[k - 3 * 128] ?? x) * 0.5 + (clean!.data[k + 3] ?? x) * 0.5;
      return change(x, noisy!.data[k]!, around, n[k]!, k);
    });
    expect(contradictions(noisy!, { data, shape: clean!.shape }, noise).join(" ")).toMatch(reason);
  });

  it("refuses a result without the dots of a drawing, which are no noise", () => {
    const dots = drawn(128, (y, x) => {
      const k = Math.round(y * 128 * 128 + x * 128) % 61;
      return 0.5 + (k === 0 ? 0.25 : k === 30 ? -0.25 : 0);
    });
    const flat = drawn(128, () => 0.5);
    const found = contradictions(withNoise(dots, 0.05, new Rng(4)), flat, noise);
    expect(found.join(" ")).toMatch(/outliers that noise does not have/);
  });

  it("knows that single counts have outliers", async () => {
    const flat = drawn(128, () => 0.5);
    // Counts of mean 0.5, whose fourth moment is 5 squared variances.
    const counts = await withPoisson(flat, 1, new Rng(5));
    expect(contradictions(counts, flat, { noise: "poisson", gain: 1, correlation: 0, found: "" })).toEqual([]);
  });

  it("counts clipping as part of the noise", () => {
    const dark = drawn(64, () => 0);
    const clipped = { ...dark, data: withNoise(dark, 0.05, new Rng(3)).data.map((value) => Math.max(0, value)) };
    expect(contradictions(clipped, dark, { ...noise, clipLow: 0 })).toEqual([]);
  });

  it("refuses images of different shapes", () => {
    expect(() =>
      contradictions(
        noisy!,
        drawn(8, () => 0),
        noise,
      ),
    ).toThrow(/expected the same shape/);
  });
});
