import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { Tomography, type ProjectionFilter } from "../../ts/physics/index.js";
import { projectionFilter, viewWeights } from "../../ts/physics/functional/back-projection.js";
import { ArgumentError } from "../../ts/runtime/index.js";
import { tensor, zeros, type Tensor } from "../../ts/tensor/index.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

const WIDTH = 64;

/** Smooth blobs and a disc within the circle, at most 1. */
function phantom(): Tensor {
  const middle = (WIDTH - 1) / 2;
  const values = Float64Array.from({ length: WIDTH * WIDTH }, (_, i) => {
    const [r, c] = [(Math.floor(i / WIDTH) - middle) / middle, ((i % WIDTH) - middle) / middle];
    const blob = (y: number, x: number, s: number): number => Math.exp(-((r - y) ** 2 + (c - x) ** 2) / (2 * s * s));
    return 0.8 * blob(-0.2, 0.25, 0.18) + 0.6 * blob(0.35, -0.2, 0.12) + 0.4 * blob(0.1, -0.45, 0.08);
  });
  return tensor(values, { shape: [1, 1, WIDTH, WIDTH] });
}

/** The root mean square error of the filtered back-projection from views at these angles. */
function error(angles: readonly number[]): number {
  const operator = new Tomography({ angles, imgWidth: WIDTH, circle: true });
  const x = phantom();
  return operator.fbp(operator.A(x)).sub(x).square().mean().sqrt().itemSync();
}

/** The same with equal weights. */
function plainError(angles: readonly number[]): number {
  const operator = new Tomography({ angles, imgWidth: WIDTH, circle: true, normalize: false });
  const x = phantom();
  const filtered = projectionFilter("ramp", WIDTH).like(x).matmul(operator.A(x));
  const plain = operator.AAdjoint(filtered).mul(Math.PI / (2 * angles.length));
  return plain.sub(x).square().mean().sqrt().itemSync();
}

/** Integers from `first` to below `end`. */
const range = (first: number, end: number, step = 1): number[] =>
  Array.from({ length: Math.ceil((end - first) / step) }, (_, i) => first + step * i);
const weightsOf = (angles: readonly number[]): number[] =>
  (viewWeights(angles) ?? angles.map(() => Math.PI / angles.length)).map((w) => (w * 180) / Math.PI);
const close = (got: readonly number[], expected: readonly number[]): void =>
  got.forEach((w, i) => expect(w).toBeCloseTo(expected[i] as number, 9));

describe("weights of the views", () => {
  it("are half the angles to both neighbours, in any order and modulo 180 degrees", () => {
    const angles = [0, 10, 30, 60, 110, 130];
    const expected = [30, 15, 25, 40, 35, 35];
    close(weightsOf(angles), expected);
    close(weightsOf([...angles].reverse()), [...expected].reverse());
    close(weightsOf([0, 190, 30 - 360, 60, 290, -50]), expected);
    close(weightsOf(angles.map((a) => a + 17.3)), expected);
  });

  it("are shared by views of one direction", () => {
    close(weightsOf([0, 180, 10, 30, 60, 110, 130]), [15, 15, 15, 25, 40, 35, 35]);
    close(weightsOf([130, 0, 10, 30, 60, 60, 110, 130, 130]), [35 / 3, 30, 15, 25, 20, 20, 35, 35 / 3, 35 / 3]);
    // As float32 stores 180.
    for (const w of weightsOf([0, 179.99999, 10, 30, 60, 110, 130]).slice(0, 2)) expect(w).toBeCloseTo(15, 4);
  });

  it("of equally spaced views are equal, of less than half a turn, too", () => {
    for (const angles of [[42], [0, 10], range(0, 180, 6), range(0, 360, 5), range(0, 360, 7.2), range(20, 110)])
      expect(viewWeights(angles)).toBeUndefined();
    const stored = Array.from(new Float32Array(Array.from({ length: 720 }, (_, i) => i / 4)));
    expect(viewWeights(stored)).toBeUndefined();
    // The first of linspace(0, 180, n), both ends included, is the last.
    close(weightsOf([0, 45, 90, 135, 180]), [22.5, 45, 45, 45, 22.5]);
  });

  it("of the ends of a range do not take up the directions that are missing", () => {
    // Gaps of 1 and 6, and 60 that count as 6: scaled from 126 to 180.
    const angles = [...range(0, 60), ...range(60, 121, 6)];
    const weights = weightsOf(angles);
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(180, 9);
    expect(weights[0]).toBeCloseTo((3.5 * 180) / 126, 9);
    expect(weights[1]).toBeCloseTo(180 / 126, 9);
    expect(weights.at(-1)).toBeCloseTo((6 * 180) / 126, 9);
  });
});

describe("filtered back-projection", () => {
  it("of views 1 degree apart, then 6 degrees apart, is as good as that of equally spaced ones", () => {
    for (const angles of [
      [...range(0, 90), ...range(90, 180, 6)],
      [...range(0, 180, 6), ...range(0, 30)],
    ]) {
      expect(error(angles)).toBeLessThan(1.2 * error(range(0, 180, 6)));
      expect(plainError(angles)).toBeGreaterThan(3 * error(angles));
    }
  });

  it("of random views is better than with equal weights", () => {
    const angles = Array.from(new Rng(3).uniform([60]).mul(360).sub(100).dataSync());
    expect(error(angles)).toBeLessThan(0.7 * plainError(angles));
  });

  it("of equally spaced views, and the ramp, is pi / (2 angles) A^T (h * y)", () => {
    for (const angles of [range(0, 180, 4), range(-30, 90, 3)])
      expect(error(angles)).toBeCloseTo(plainError(angles), 6);
    const operator = new Tomography({ angles: 7, imgWidth: 9, normalize: false });
    const y = normal(new Rng(1), [2, 3, 13, 7]);
    const taps = Float64Array.from({ length: 169 }, (_, k) => {
      const n = Math.abs(Math.floor(k / 13) - (k % 13));
      return n === 0 ? 0.5 : n % 2 === 0 ? 0 : -2 / (Math.PI * n) ** 2;
    });
    const h = tensor(taps, { shape: [13, 13] });
    expect(distance(operator.fbp(y), operator.AAdjoint(h.matmul(y)).mul(Math.PI / 14))).toBe(0);
  });
});

describe("filters", async () => {
  const fixture = JSON.parse(await readFile(new URL("projection-filters.json", import.meta.url), "utf8")) as {
    cases: { detectors: number; projection: number[]; filtered: Record<ProjectionFilter, number[]> }[];
  };
  const names = ["ramp", "shepp-logan", "cosine", "hann"] as const;

  it.each(names)("%s is scikit-image's", (name) => {
    for (const { detectors, projection, filtered } of fixture.cases) {
      const y = tensor(projection, { dtype: "float64" }).reshape([detectors, 1]);
      const expected = tensor(filtered[name], { dtype: "float64" }).reshape([detectors, 1]);
      expect(distance(projectionFilter(name, detectors).like(y).matmul(y), expected)).toBeLessThan(1e-8);
    }
  });

  it("are those of the option, or of the call", () => {
    const options = { angles: 5, imgWidth: 8, normalize: false, circle: true };
    const y = normal(new Rng(2), [1, 1, 8, 5]);
    const plain = new Tomography(options);
    const images = names.map((name) => plain.fbp(y, { filter: name }));
    names.forEach((filter, i) => {
      const image = images[i] as Tensor;
      expect(distance(new Tomography({ ...options, filter }).fbp(y), image)).toBe(0);
      expect(distance(new Tomography({ ...options, filter, fbp: true }).ADagger(y), image)).toBe(0);
      expect(distance(plain.ADagger(y, { fbp: true, filter }), image)).toBe(0);
      for (const other of images.slice(i + 1)) expect(distance(image, other)).toBeGreaterThan(0.05);
    });
    expect(distance(plain.fbp(y), images[0] as Tensor)).toBe(0);
  });

  it("weaken noise the more, the more they weaken high frequencies", () => {
    const operator = new Tomography({ angles: 90, imgWidth: 32, circle: true });
    const y = normal(new Rng(4), [1, 1, 32, 90]);
    const noise = names.map((filter) => operator.fbp(y, { filter }).square().mean().itemSync());
    for (let i = 1; i < names.length; i++) expect(noise[i]).toBeLessThan(noise[i - 1] as number);
  });

  it("of another name are refused", () => {
    const make = () => new Tomography({ angles: 3, imgWidth: 8, filter: "hamming" as never });
    expectError(make, ArgumentError, "invalid_argument", "filter", "shepp-logan");
    const operator = new Tomography({ angles: 3, imgWidth: 8 });
    const y = zeros([1, 1, 12, 3]);
    expectError(() => operator.fbp(y, { filter: "ram" as never }), ArgumentError, "invalid_argument", "ramp");
    expectError(() => operator.fbp(y, { filters: "ramp" } as never), ArgumentError, "unknown_option", "filter");
  });
});
