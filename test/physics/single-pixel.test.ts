import { beforeAll, describe, expect, it } from "vitest";
import { SinglePixelCamera } from "../../ts/physics/index.js";
import { ArgumentError, ShapeError } from "../../ts/runtime/index.js";
import { ones, zeros } from "../../ts/tensor/index.js";
import { denseMatrix, product, transpose } from "./dense.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

const orderings = ["sequency", "cake_cutting", "zig_zag", "xy"] as const;

/** Sign changes along the rows and columns of the kept patterns. */
function signChanges(camera: SinglePixelCamera, side: number): [rows: number, columns: number][] {
  const { data } = denseMatrix((x) => camera.A(x), [1, 1, side, side]);
  const found: [number, number][] = [];
  for (let k = 0; k < side * side; k++) {
    const pattern = data.subarray(k * side * side, (k + 1) * side * side);
    if (pattern.every((v) => v === 0)) continue;
    const changes = (step: number) =>
      Array.from({ length: side - 1 }, (_, i) =>
        Number((pattern[i * step] ?? 0) * (pattern[(i + 1) * step] ?? 0) < 0),
      ).reduce((a, b) => a + b, 0);
    found.push([changes(side), changes(1)]);
  }
  return found;
}

describe("the fast single-pixel camera", () => {
  it.each(orderings)("%s: keeps m orthonormal patterns, the same for each channel, and the mean first", (ordering) => {
    for (const m of [1, 3, 10, 32]) {
      const camera = new SinglePixelCamera({ m, imgSize: [2, 4, 8], ordering });
      expect(camera.mask.shape).toEqual([1, 2, 4, 8]);
      expect(camera.mask.sum().itemSync()).toBe(2 * m);
      expect(
        camera
          .A(ones([1, 2, 4, 8]))
          .select(3, 0)
          .select(2, 0)
          .sub(Math.sqrt(32))
          .abs()
          .max()
          .itemSync(),
      ).toBeLessThan(1e-5);
    }
    const whole = new SinglePixelCamera({ m: 32, imgSize: [1, 4, 8], ordering });
    const x = normal(new Rng(1), [2, 1, 4, 8]);
    expect(distance(whole.AAdjoint(whole.A(x)), x)).toBeLessThan(1e-12);
    expect(distance(whole.A(whole.A(x)), x)).toBeLessThan(1e-12);
  });

  it("xy and zig_zag begin with the patterns of few sign changes", () => {
    const byRow = ([a, b]: [number, number], [c, d]: [number, number]) => a - c || b - d;
    const zigZag = signChanges(new SinglePixelCamera({ m: 6, imgSize: [1, 8, 8], ordering: "zig_zag" }), 8).sort(byRow);
    expect(zigZag).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [2, 0],
    ]);
    const xy = signChanges(new SinglePixelCamera({ m: 5, imgSize: [1, 8, 8], ordering: "xy" }), 8).sort(byRow);
    expect(xy).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [2, 0],
    ]);
  });

  it("reconstructs an image made of the kept patterns", () => {
    const camera = new SinglePixelCamera({ m: 20, imgSize: [1, 8, 8] });
    const x = camera.AAdjoint(normal(new Rng(2), [3, 1, 8, 8]));
    expect(distance(camera.ADagger(camera.A(x)), x)).toBeLessThan(1e-12);
  });
});

describe("the single-pixel camera with random patterns", () => {
  it("has patterns of -1 and +1 over sqrt(m), as often the one as the other", () => {
    const camera = new SinglePixelCamera({ m: 40, imgSize: [1, 10, 10], fast: false, rng: new Rng(3) });
    const { data } = denseMatrix((x) => camera.A(x), [1, 1, 10, 10]);
    let positive = 0;
    for (const v of data) {
      expect(Math.abs(Math.abs(v) - 1 / Math.sqrt(40))).toBeLessThan(1e-6);
      positive += Number(v > 0);
    }
    // Four standard deviations of 4000 fair draws.
    expect(Math.abs(positive - 2000)).toBeLessThan(4 * Math.sqrt(1000));
  });

  it("decomposes them: U and V have orthonormal columns", () => {
    const camera = new SinglePixelCamera({ m: 6, imgSize: [1, 3, 4], fast: false, rng: new Rng(4) });
    const s = normal(new Rng(5), [2, 1, 6]);
    expect(distance(camera.UAdjoint(camera.U(s)), s)).toBeLessThan(1e-10);
    expect(distance(camera.VAdjoint(camera.V(s)), s)).toBeLessThan(1e-10);
    const dense = denseMatrix((x) => camera.A(x), [1, 1, 3, 4]);
    const gram = product(dense, transpose(dense));
    // Each pattern has length sqrt(12 / 6).
    for (let i = 0; i < 6; i++) expect(gram.data[i * 7]).toBeCloseTo(2, 5);
  });

  it("depends on the seed alone", () => {
    const x = normal(new Rng(6), [1, 2, 4, 4]);
    const make = (seed: number) =>
      new SinglePixelCamera({ m: 5, imgSize: [2, 4, 4], fast: false, rng: new Rng(seed) }).A(x);
    expect(make(1).shape).toEqual([1, 2, 5]);
    expect(distance(make(1), make(1))).toBe(0);
    expect(distance(make(1), make(2))).toBeGreaterThan(0);
  });
});

describe("bad input", () => {
  it("is named", () => {
    expectError(
      () => new SinglePixelCamera({ m: 5, imgSize: [1, 6, 8] }),
      ArgumentError,
      "invalid_argument",
      "6 x 8",
      "powers of 2",
      "fast: false",
    );
    expectError(
      () => new SinglePixelCamera({ m: 65, imgSize: [1, 8, 8] }),
      ArgumentError,
      "invalid_argument",
      "m is 65",
      "at most 64",
    );
    expectError(() => new SinglePixelCamera({ m: 0, imgSize: [1, 8, 8] }), ArgumentError, "invalid_argument", "m");
    expectError(
      () => new SinglePixelCamera({ m: 5, imgSize: [8, 8] }),
      ArgumentError,
      "invalid_argument",
      "[channels, height, width]",
    );
    expectError(() => new SinglePixelCamera({ m: 5 } as never), ArgumentError, "missing_argument", "imgSize");
    expectError(
      () => new SinglePixelCamera({ m: 5, imgSize: [1, 8, 8], ordering: "random" as never }),
      ArgumentError,
      "invalid_argument",
      "cake_cutting",
    );
    const camera = new SinglePixelCamera({ m: 5, imgSize: [1, 4, 4], fast: false });
    expectError(() => camera.A(zeros([1, 1, 4, 3])), ShapeError, "shape_mismatch", "[1, 1, 4, 3]", "1, 4, 4");
    expectError(() => camera.AAdjoint(zeros([1, 1, 4, 4])), ShapeError, "shape_mismatch", "batch, 1, 5");
  });
});
