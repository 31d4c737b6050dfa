import { beforeAll, describe, expect, it } from "vitest";
import { AutoEncoder, MedianFilter } from "../../ts/nn/index.js";
import { Denoising, SaltPepperNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { gradcheck } from "../../ts/testing/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { full, type Tensor } from "../../ts/tensor/index.js";
import { distance, expectError, normal } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

/** The median of each window by sorting, with a mirrored border. */
function sortedMedians(x: Tensor, [h, w]: [number, number]): number[] {
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  const values = x.dataSync();
  const mirror = (i: number, n: number): number => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i);
  const out: number[] = [];
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let r = 0; r < height; r++) {
      for (let c = 0; c < width; c++) {
        const window = Array.from({ length: h * w }, (_, k) => {
          const i = mirror(r + Math.floor(k / w) - Math.floor((h - 1) / 2), height);
          const j = mirror(c + (k % w) - Math.floor((w - 1) / 2), width);
          return values[(plane * height + i) * width + j] as number;
        });
        out.push(window.sort((a, b) => a - b)[Math.floor((h * w - 1) / 2)] as number);
      }
    }
  }
  return out;
}

describe("the median filter", () => {
  it.each([
    [1, 1],
    [3, 3],
    [2, 3],
    [4, 2],
    [5, 5],
    [1, 7],
  ])("takes the median of %i x %i pixels", (h, w) => {
    const x = normal(new Rng(h * w), [2, 2, 8, 9]);
    expect(Array.from(new MedianFilter({ kernelSize: [h, w] }).forward(x).dataSync())).toEqual(
      sortedMedians(x, [h, w]),
    );
  });

  it("has a window of nine by default and keeps the size; without `same` it pads as told", () => {
    const x = normal(new Rng(1), [1, 1, 12, 11]);
    expect(Array.from(new MedianFilter().forward(x).dataSync())).toEqual(sortedMedians(x, [9, 9]));
    expect(new MedianFilter({ kernelSize: 3, same: false }).forward(x).shape).toEqual([1, 1, 10, 9]);
    expect(new MedianFilter({ kernelSize: 3, same: false, padding: [1, 2, 3, 4] }).forward(x).shape).toEqual([
      1, 1, 17, 12,
    ]);
  });

  it("removes single wrong pixels, and leaves a constant image alone", () => {
    const clean = full([1, 1, 32, 32], 0.5);
    const physics = new Denoising({ noiseModel: new SaltPepperNoise({ p: 0.05, s: 0.05 }) });
    const y = physics.forward(clean, { rng: new Rng(2) });
    expect(distance(y, clean)).toBe(0.5);
    expect(distance(new MedianFilter({ kernelSize: 5 }).forward(y, physics), clean)).toBe(0);
  });

  it("is differentiable and has no weights", () => {
    const net = new MedianFilter({ kernelSize: 3 });
    expect(net.parameters()).toEqual([]);
    expect(gradcheck((x) => net.forward(x), [normal(new Rng(3), [1, 1, 4, 4])])).toBe(true);
  });

  it("names what is wrong", () => {
    expectError(() => new MedianFilter({ kernelSize: 0 }), ArgumentError, "invalid_argument", "kernelSize");
    expectError(
      () => new MedianFilter({ kernelSize: [3, 3, 3] as never }),
      ArgumentError,
      "invalid_argument",
      "kernelSize",
    );
    expectError(() => new MedianFilter({ size: 3 } as never), ArgumentError, "unknown_option", "same");
    expectError(
      () => new MedianFilter().forward(full([1, 1, 4, 4], 1)),
      ShapeError,
      "shape_mismatch",
      "4 x 4",
      "9 x 9",
    );
    expectError(() => new MedianFilter().forward(full([4, 4], 1)), ShapeError, "shape_mismatch", "channels");
  });
});

describe("the autoencoder", () => {
  it("has deepinv's state names, and adds its input unless residual is false", () => {
    const options = { dimInput: 12, dimMid: 5, dimHid: 2, rng: new Rng(0) };
    const net = new AutoEncoder(options);
    expect(net.namedParameters().map(([name, { shape }]) => `${name} ${shape.join("x")}`)).toEqual([
      "encoder.0.weight 5x12",
      "encoder.0.bias 5",
      "encoder.2.weight 2x5",
      "encoder.2.bias 2",
      "decoder.0.weight 5x2",
      "decoder.0.bias 5",
      "decoder.2.weight 12x5",
      "decoder.2.bias 12",
    ]);
    const x = new Rng(1).normal([3, 2, 2, 3]);
    const plain = new AutoEncoder({ ...options, residual: false });
    plain.loadStateDict(net.stateDict());
    expect(net.forward(x).shape).toEqual([3, 2, 2, 3]);
    expect(distance(net.forward(x), plain.forward(x).add(x))).toBeLessThan(1e-6);
  });

  it("names what is wrong", () => {
    expectError(() => new AutoEncoder({} as never), ArgumentError, "invalid_argument", "dimInput");
    expectError(() => new AutoEncoder({ dimInput: 4, dimHid: 0 }), ArgumentError, "invalid_argument", "dimHid");
    expectError(
      () => new AutoEncoder({ dimInput: 4 }).forward(full([1, 1, 3, 3], 1)),
      ShapeError,
      "shape_mismatch",
      "4 entries",
    );
  });
});
