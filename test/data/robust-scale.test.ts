import { expect, it } from "vitest";
import { estimateNoise, robustScale } from "../../ts/data/index.js";
import type { Pixels } from "../../ts/io/index.js";
import { Rng, uniformValues } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";

await init();
const [height, width] = [96, 80];
const draws = uniformValues(new Rng(3), [24 * height * width]);

/** A ramp from 0.15 to 0.85 with nearly normal noise (a sum of 12 uniform draws) of a standard deviation. */
function noisy(sigma: number): number[] {
  return Array.from({ length: height * width }, (_, i) => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += draws[12 * i + k]!;
    return 0.15 + (0.7 * (i % width)) / width + sigma * sum;
  });
}

const image = (values: readonly number[]): Pixels => ({ data: Float32Array.from(values), shape: [1, height, width] });
const largestGap = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

it("the same picture in other units gives the same copy, but for rounding", () => {
  const values = noisy(0.05);
  const reference = robustScale(image(values.map((v) => Math.round(65535 * v) / 65535)), "gaussian");
  for (const [change, step] of [
    [(v: number) => Math.round(4095 * v) / 65535, 1 / 4095],
    [(v: number) => Math.round(255 * v) / 255, 1 / 255],
    [(v: number) => 500 * v + 100, 1e-5],
    [(v: number) => Math.round(4000 * v - 2000), 1 / 4000],
  ] as const) {
    const { pixels, offset, factor } = robustScale(image(values.map(change)), "gaussian");
    expect(largestGap(pixels.data, reference.pixels.data)).toBeLessThan(2 * step);
    const back = pixels.data.map((v) => factor * v + offset);
    const span = Math.abs(change(1) - change(0));
    expect(largestGap(back, Float32Array.from(values.map(change)))).toBeLessThan(1e-6 * span + 1e-4 * step * span);
  }
  expect(reference.low ?? reference.high).toBeUndefined();
  expect(reference.pixels.data.some((v) => v === 0 || v === 1)).toBe(false);
});

it("ends where the noise was clipped become 0 and 1, wherever they are in the file", () => {
  const clip = (v: number): number => Math.min(1, Math.max(0, v));
  for (const [low, span] of [
    [0, 1],
    [0, 4095 / 65535],
    [-1000, 3000],
  ] as const) {
    const stored = noisy(0.3).map((v) => low + span * clip(v));
    const scale = robustScale(image(stored), "gaussian");
    expect(scale.low).toBe(Math.fround(low));
    expect(scale.high).toBe(Math.fround(low + span));
    expect(scale.pixels.data.filter((v) => v === 0).length).toBe(stored.filter((v) => v === low).length);
    expect(scale.pixels.data.filter((v) => v === 1).length).toBe(stored.filter((v) => v === low + span).length);
  }
});

it("broken pixels do not set the range", () => {
  const values = noisy(0.05);
  const reference = robustScale(image(values), "gaussian");
  const broken = values.map((v, i) => (i % 1500 === 7 ? 60 : i % 1500 === 9 ? -60 : v));
  const { factor, offset } = robustScale(image(broken), "gaussian");
  expect(factor / reference.factor).toBeGreaterThan(0.95);
  expect(factor / reference.factor).toBeLessThan(1.2);
  expect(Math.abs(offset - reference.offset)).toBeLessThan(0.1);
});

it("noise that is never negative keeps its zero", () => {
  for (const noise of ["poisson", "gamma"] as const) {
    const { offset, pixels, low } = robustScale(image(noisy(0.02).map((v) => 300 * v)), noise);
    expect([offset, low]).toEqual([0, undefined]);
    expect(estimateNoise(pixels, noise)).toBeGreaterThan(0);
  }
  expect(robustScale(image(noisy(0).map(() => 7)), "gaussian").factor).toBe(1);
});
