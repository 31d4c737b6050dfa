import { beforeAll, describe, expect, it } from "vitest";
import { GaussianNoise, Pansharpen, PoissonNoise, TensorList } from "../../ts/physics/index.js";
import { ArgumentError, ShapeError } from "../../ts/runtime/index.js";
import { ones, zeros } from "../../ts/tensor/index.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

describe("pansharpening", () => {
  it("measures a coarse image in colour and a fine grey one", () => {
    const operator = new Pansharpen({ imgSize: [4, 8, 12], factor: 2, srf: [0.5, 0.25, 0.25] });
    const x = normal(new Rng(1), [2, 4, 8, 12]);
    const y = operator.forward(x);
    expect(y.shapes).toEqual([
      [2, 4, 4, 6],
      [2, 1, 8, 12],
    ]);
    expect(distance(y.at(0), operator.downsampling.A(x))).toBe(0);
    expect(distance(y.at(1), operator.decolorize.A(x))).toBe(0);
    expect(Math.abs(operator.adjointnessTest(x, { rng: new Rng(2) }).itemSync())).toBeLessThan(1e-5);
    expect(new Pansharpen({ imgSize: [3, 8, 8] }).A(ones([1, 3, 8, 8])).shapes).toEqual([
      [1, 3, 2, 2],
      [1, 1, 8, 8],
    ]);
  });

  it("has noise of its own for each", () => {
    const operator = new Pansharpen({
      imgSize: [3, 32, 32],
      factor: 2,
      noiseColor: new GaussianNoise({ sigma: 0.2 }),
      noiseGray: new PoissonNoise({ gain: 0.25 }),
    });
    const y = operator.forward(ones([8, 3, 32, 32]), { rng: new Rng(3) });
    const spread = (i: number) => y.at(i).variance().itemSync();
    expect(spread(0)).toBeCloseTo(0.04, 2);
    expect(spread(1)).toBeCloseTo(0.25, 1);
    operator.update({ sigma: 0 });
    expect(operator.downsampling.noiseModel).toMatchObject({ sigma: 0 });
    const copy = operator.clone();
    copy.update({ sigma: 1 });
    expect(operator.downsampling.noiseModel).toMatchObject({ sigma: 0 });
    expect(copy.downsampling.noiseModel).toMatchObject({ sigma: 1 });
  });

  it("Brovey: gives back what has one colour, from images of any brightness", () => {
    const operator = new Pansharpen({ imgSize: [3, 8, 8], factor: 2 });
    const grey = new Rng(4).uniform([1, 1, 8, 8], { dtype: "float64" }).add(0.5);
    // Constant in each 2 x 2 block is not needed: the colour is the same everywhere, the grey image has the detail.
    const x = grey.mul(ones([1, 3, 1, 1], { dtype: "float64" }));
    expect(distance(operator.ADagger(operator.A(x)), x)).toBeLessThan(1e-5);
    for (const normalize of [false, true]) {
      const other = new Pansharpen({ imgSize: [3, 8, 8], factor: 2, normalize });
      expect(distance(other.ADagger(other.A(x)), x)).toBeLessThan(1e-5);
    }
  });

  it("normalised: the downsampling has norm one", () => {
    const operator = new Pansharpen({ imgSize: [3, 8, 8], factor: 4, normalize: true });
    expect(
      operator.downsampling
        .computeNorm(zeros([1, 3, 8, 8]), { squared: false, tol: 1e-7, maxIter: 300, rng: new Rng(5) })
        .itemSync(),
    ).toBeCloseTo(1, 3);
  });

  it("names what is wrong", () => {
    expectError(
      () => new Pansharpen({ imgSize: [8, 8] }),
      ArgumentError,
      "invalid_argument",
      "[channels, height, width]",
    );
    expectError(
      () => new Pansharpen({ imgSize: [3, 8, 8], noise: 1 } as never),
      ArgumentError,
      "unknown_option",
      '"noise',
    );
    expectError(
      () => new Pansharpen({ imgSize: [3, 8, 8], useBrovey: 1 as never }),
      ArgumentError,
      "invalid_argument",
      "useBrovey",
    );
    expectError(() => new Pansharpen({ imgSize: [3, 8, 8], eps: -1 }), ArgumentError, "invalid_argument", "eps");
    const operator = new Pansharpen({ imgSize: [3, 8, 8], factor: 2 });
    expectError(
      () => operator.ADagger(ones([1, 3, 4, 4]) as never),
      ArgumentError,
      "invalid_argument",
      "TensorList of 2",
    );
    expectError(
      () => operator.ADagger(new TensorList([ones([1, 3, 4, 4]), ones([1, 1, 4, 4])])),
      ShapeError,
      "shape_mismatch",
      "[1, 1, 8, 8]",
    );
  });
});
