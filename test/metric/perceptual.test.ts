import { beforeAll, describe, expect, it } from "vitest";
import {
  BlurStrength,
  GMSD,
  HaarPSI,
  type Metric,
  MSSSIM,
  QNR,
  RecoveryCoefficient,
  SharpnessIndex,
  SSIM,
} from "../../ts/metric/index.js";
import { Denoising, Pansharpen, TensorList } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { gradcheck } from "../../ts/testing/index.js";
import { cat, full, grad, tensor, type Tensor, zeros } from "../../ts/tensor/index.js";
import { complexMul, fromSpectrum, spectrum } from "../../ts/functional/index.js";
import { logErfc } from "../../ts/metric/log-erfc.js";
import { expectError } from "../physics/helpers.js";
import { image } from "./images.js";

beforeAll(() => init({ device: "cpu" }));

const float64 = { dtype: "float64" } as const;
const random = (seed: number, shape: readonly number[]): Tensor => new Rng(seed).uniform(shape, float64);
const slope = (metric: Metric, xNet: Tensor, x?: Tensor): Float64Array | Float32Array => {
  const leaf = xNet.detach().requiresGrad_();
  return (grad(metric.forward(leaf, x).sum(), [leaf])[0] as Tensor).dataSync();
};
const isZero = (values: Float64Array | Float32Array): boolean => values.every((v) => v === 0);

describe("gradients are those of finite differences", () => {
  it.each([
    ["HaarPSI of grey images", new HaarPSI(), [1, 1, 7, 6]],
    ["HaarPSI of colour images", new HaarPSI({ C: 30, alpha: 4.2, preprocessWithSubsampling: false }), [1, 3, 4, 4]],
    ["GMSD", new GMSD({ c: 0.1 }), [2, 2, 4, 5]],
    ["MSSSIM", new MSSSIM({ betas: [0.3, 0.7], sigma: 0.5, minPixel: null }), [1, 1, 8, 8]],
    ["BlurStrength", new BlurStrength({ hSize: 3 }), [1, 3, 6, 5]],
    ["SharpnessIndex", new SharpnessIndex(), [1, 2, 6, 5]],
    [
      "SharpnessIndex without preparation",
      new SharpnessIndex({ periodicComponent: false, dequantize: false }),
      [1, 1, 4, 6],
    ],
  ] as const)("%s", (_, metric, shape) => {
    const x = random(2, shape);
    expect(gradcheck((a) => metric.forward(a as Tensor, x), [random(1, shape)])).toBe(true);
  });

  it("QNR", () => {
    const physics = new Pansharpen({ imgSize: [2, 12, 12], factor: 2 });
    const y = new TensorList([random(1, [1, 2, 6, 6]), random(2, [1, 1, 12, 12])]);
    for (const options of [{}, { p: 2, q: 2, alpha: 0.5, beta: 2 }]) {
      const metric = new QNR(options);
      const forward = (rows: Tensor): Tensor =>
        metric.forward(random(3, [1, 2, 12, 12]).add(rows), null, { y, physics });
      expect(gradcheck((a) => forward(a as Tensor), [random(4, [1, 2, 12, 1])])).toBe(true);
    }
  });
});

describe("HaarPSI", () => {
  it("is 1 for equal images, two black ones included, and less for others", () => {
    for (const shape of [
      [1, 1, 16, 16],
      [1, 3, 16, 16],
    ] as const) {
      const x = random(1, shape);
      expect(new HaarPSI().forward(x, x).itemSync()).toBeCloseTo(1, 10);
      const black = zeros(shape, float64);
      expect(new HaarPSI().forward(black, black).itemSync()).toBeCloseTo(1, 10);
      expect(isZero(slope(new HaarPSI(), black, black))).toBe(true);
      expect(new HaarPSI().forward(random(2, shape), x).itemSync()).toBeLessThan(0.9);
    }
  });

  it("follows its definition, pixel by pixel", () => {
    const [height, width] = [8, 6];
    const [a, b] = [random(1, [1, 1, height, width]), random(2, [1, 1, height, width])];
    const [C, alpha] = [5, 4.9];
    const coefficient = (pixels: ArrayLike<number>, side: number, axis: number, i: number, j: number): number => {
      let sum = 0;
      for (let u = 1 - side / 2; u <= side / 2; u++)
        for (let v = 1 - side / 2; v <= side / 2; v++) {
          const [row, column] = [i + u, j + v];
          if (row < 0 || column < 0 || row >= height || column >= width) continue;
          const sign = (axis === 0 ? u : v) > 0 ? 1 : -1;
          sum += (sign * 255 * (pixels[row * width + column] as number)) / side;
        }
      return Math.abs(sum);
    };
    const [p, q] = [a.dataSync(), b.dataSync()];
    let [numerator, denominator] = [0, 0];
    for (const axis of [0, 1])
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++) {
          const similarity = [2, 4].map((side) => {
            const [f, g] = [coefficient(p, side, axis, i, j), coefficient(q, side, axis, i, j)];
            return (2 * f * g + C) / (f * f + g * g + C);
          });
          const mean = ((similarity[0] as number) + (similarity[1] as number)) / 2;
          const weight = Math.max(coefficient(p, 8, axis, i, j), coefficient(q, 8, axis, i, j));
          numerator += weight / (1 + Math.exp(-alpha * mean));
          denominator += weight;
        }
    const value = numerator / denominator;
    const expected = (Math.log(value / (1 - value)) / alpha) ** 2;
    expect(new HaarPSI({ preprocessWithSubsampling: false }).forward(a, b).itemSync()).toBeCloseTo(expected, 10);
  });

  it("refuses two channels and videos", () => {
    for (const shape of [
      [1, 2, 8, 8],
      [1, 1, 8],
      [1, 3, 2, 8, 8],
    ]) {
      const x = random(1, shape);
      expectError(() => new HaarPSI().forward(x, x), ShapeError, "shape_mismatch", "HaarPSI: images must");
    }
  });
});

describe("GMSD", () => {
  it("is 0 for equal and for flat images, with gradient zero", () => {
    const x = random(1, [2, 3, 6, 6]);
    expect([...new GMSD().forward(x, x).dataSync()]).toEqual([0, 0]);
    expect(isZero(slope(new GMSD(), x, x))).toBe(true);
    const flat = full([1, 1, 6, 6], 0.5, float64);
    expect(new GMSD().forward(flat, flat.mul(0.5)).itemSync()).toBe(0);
    expect(isZero(slope(new GMSD(), flat, flat.mul(0.5)))).toBe(true);
  });

  it("follows its definition, channel by channel", () => {
    const [a, b] = [random(1, [1, 2, 5, 4]), random(2, [1, 2, 5, 4])];
    const magnitudes = (t: Tensor, channel: number): number[] => {
      const pixels = t.dataSync();
      const at = (i: number, j: number): number =>
        pixels[channel * 20 + Math.min(4, Math.max(0, i)) * 4 + Math.min(3, Math.max(0, j))] as number;
      return Array.from({ length: 20 }, (_, k) => {
        const [i, j] = [Math.floor(k / 4), k % 4];
        const shifts = [-1, 0, 1];
        const gx = shifts.reduce((sum, u) => sum + at(i + u, j + 1) - at(i + u, j - 1), 0) / 3;
        const gy = shifts.reduce((sum, v) => sum + at(i + 1, j + v) - at(i - 1, j + v), 0) / 3;
        return Math.hypot(gx, gy);
      });
    };
    const deviation = (channel: number): number => {
      const [m1, m2] = [magnitudes(a, channel), magnitudes(b, channel)];
      const gms = m1.map((m, k) => (2 * m * (m2[k] as number) + 0.1) / (m * m + (m2[k] as number) ** 2 + 0.1));
      const mean = gms.reduce((sum, v) => sum + v, 0) / 20;
      return Math.sqrt(gms.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 20);
    };
    const expected = (deviation(0) + deviation(1)) / 2;
    expect(new GMSD({ c: 0.1 }).forward(a, b).itemSync()).toBeCloseTo(expected, 12);
  });
});

describe("MSSSIM", () => {
  it("is SSIM with several scales", () => {
    const [a, b] = [image(1, [2, 1, 32, 32]), image(2, [2, 1, 32, 32])];
    const options = { betas: [0.4, 0.6], maxPixel: 2 };
    const expected = new SSIM({ ...options, multiscale: true }).forward(a, b).dataSync();
    expect(new MSSSIM(options).forward(a, b).dataSync()).toEqual(expected);
    expect(new MSSSIM().name).toBe("MSSSIM");
    const make = () => new MSSSIM({ multiscale: false } as never);
    expectError(make, ArgumentError, "unknown_option", "MSSSIM");
  });

  it("names the size that its scales need", () => {
    const x = random(1, [1, 1, 95, 95]);
    expectError(() => new MSSSIM().forward(x, x), ShapeError, "shape_mismatch", "MSSSIM: the window");
    const large = random(1, [1, 1, 96, 96]);
    expect(new MSSSIM().forward(large, large).itemSync()).toBeCloseTo(1, 10);
  });
});

describe("BlurStrength", () => {
  it("grows with blur and does not depend on scale or offset", () => {
    const sharp = image(0, [1, 1, 32, 32]);
    const blurred = sharp.add(sharp.roll(1, 3)).add(sharp.roll(-1, 3)).add(sharp.roll(1, 2)).add(sharp.roll(-1, 2));
    const value = new BlurStrength().forward(sharp).itemSync();
    expect(new BlurStrength().forward(blurred).itemSync()).toBeGreaterThan(1.5 * value);
    expect(new BlurStrength().forward(sharp.mul(1e-20).add(1e-20)).itemSync()).toBeCloseTo(value, 10);
  });

  it("is 1 for a constant image, with gradient zero", () => {
    const flat = full([2, 1, 8, 8], 0.3, float64);
    expect([...new BlurStrength().forward(flat).dataSync()]).toEqual([1, 1]);
    expect(isZero(slope(new BlurStrength(), flat))).toBe(true);
  });

  it("names the size that it needs", () => {
    const make = (shape: number[]) => () => new BlurStrength().forward(random(1, shape));
    for (const shape of [
      [1, 1, 5, 8],
      [1, 1, 8, 5],
      [1, 2, 8, 8],
      [1, 1],
    ])
      expectError(make(shape), ShapeError, "shape_mismatch", "BlurStrength: images must");
    expect(new BlurStrength({ hSize: 3 }).forward(random(1, [1, 1, 4, 4])).shape).toEqual([1]);
    const small = () => new BlurStrength({ hSize: 3 }).forward(random(1, [1, 1, 3, 4]));
    expectError(small, ShapeError, "shape_mismatch", "at least 4 pixels");
    expect(new BlurStrength({ hSize: 1 }).forward(random(1, [1, 1, 4, 4])).itemSync()).toBeCloseTo(1, 12);
  });
});

describe("SharpnessIndex", () => {
  const plain = new SharpnessIndex({ periodicComponent: false, dequantize: false });

  it("is the tail of the total variation of images whose phases are random", () => {
    const [height, width] = [12, 16];
    const x = image(0, [1, 1, height, width]).sub(0.4);
    const variation = (t: Tensor): Tensor =>
      t.roll(-1, 3).sub(t).abs().add(t.roll(-1, 2).sub(t).abs()).sum([2, 3]).reshape([-1]);
    const draws = 4000;
    const noise = new Rng(0).normal([draws, 1, height, width], float64).div(Math.sqrt(height * width));
    const randomized = fromSpectrum(complexMul(spectrum(noise, 1), spectrum(x, 1)), 1 / (height * width));
    const values = variation(randomized);
    const [mean, std] = [values.mean().itemSync(), values.std().itemSync()];
    // mu = (ax + ay) sqrt(2 N / pi); the mean of the draws is within four standard errors of it.
    const norm = (dim: number): number => x.roll(-1, dim).sub(x).square().sum().sqrt().itemSync();
    const mu = (norm(3) + norm(2)) * Math.sqrt((2 * height * width) / Math.PI);
    expect(Math.abs(mean - mu)).toBeLessThan((4 * std) / Math.sqrt(draws));
    // The variance of the index is the first term of a series; the others are a few per cent.
    const t = (mu - variation(x).itemSync()) / std;
    const expected = -logErfc(tensor([t / Math.SQRT2], float64)).itemSync() / Math.LN10 + Math.log10(2);
    const value = plain.forward(x).itemSync();
    expect(value).toBeGreaterThan(2);
    expect(Math.abs(value / expected - 1)).toBeLessThan(0.15);
  });

  it("does not depend on scale and offset, also in float32 and for tiny values", () => {
    const x = image(0, [1, 1, 33, 40]);
    const value = new SharpnessIndex().forward(x).itemSync();
    for (const scale of [1e-15, 1e-4, 1e4]) {
      expect(new SharpnessIndex().forward(x.mul(scale).add(3 * scale)).itemSync() / value).toBeCloseTo(1, 9);
      expect(
        new SharpnessIndex()
          .forward(
            x
              .mul(scale)
              .add(3 * scale)
              .to("float32"),
          )
          .itemSync() / value,
      ).toBeCloseTo(1, 4);
    }
  });

  it("is 0 for a constant image, with gradient zero", () => {
    for (const dtype of ["float64", "float32"] as const) {
      const flat = full([1, 2, 9, 7], 0.1, { dtype });
      expect(new SharpnessIndex().forward(flat).itemSync()).toBe(0);
      expect(isZero(slope(new SharpnessIndex(), flat))).toBe(true);
    }
    const half = cat([image(0, [1, 1, 9, 8]), full([1, 1, 9, 8], 0.1, float64)], 1);
    const alone = new SharpnessIndex().forward(image(0, [1, 1, 9, 8])).itemSync();
    expect(new SharpnessIndex().forward(half).itemSync()).toBeCloseTo(alone / 2, 12);
  });

  it("takes images of one row or one column, and refuses other shapes", () => {
    for (const shape of [
      [1, 1, 1, 9],
      [1, 1, 9, 1],
      [1, 1, 1, 1],
    ])
      expect(Number.isFinite(new SharpnessIndex().forward(random(1, shape)).itemSync())).toBe(true);
    const video = () => new SharpnessIndex().forward(random(1, [1, 1, 2, 4, 4]));
    expectError(video, ShapeError, "shape_mismatch", "SharpnessIndex: images must");
  });

  it("has the logarithm of erfc to 1e-11, far beyond where erfc underflows", () => {
    // Values of mpmath, computed with 50 digits.
    const table = [
      [-3, 0.6931361352504468],
      [0, 0],
      [0.5, -0.7350111298370844],
      [1, -1.8496055099332482],
      [1.0001, -1.849869415115786],
      [2, -5.364941264616638],
      [5, -27.20088954553743],
      [30, -903.9741171106439],
      [1000, -1000007.4801207219],
    ] as const;
    const values = logErfc(
      tensor(
        table.map(([x]) => x),
        float64,
      ),
    ).dataSync();
    table.forEach(([, expected], i) =>
      expect(Math.abs((values[i] as number) - expected)).toBeLessThan(1e-11 * Math.max(1, Math.abs(expected))),
    );
  });
});

describe("QNR", () => {
  let physics: Pansharpen;
  beforeAll(() => void (physics = new Pansharpen({ imgSize: [3, 24, 24], factor: 4 })));
  const y = (seed: number, batch = 1): TensorList =>
    new TensorList([random(seed, [batch, 3, 6, 6]), random(seed + 1, [batch, 1, 24, 24])]);

  it("judges each image by itself", () => {
    const [first, second] = [y(1), y(3)];
    const [a, b] = [random(5, [1, 3, 24, 24]), random(6, [1, 3, 24, 24]).mul(50)];
    const both = new TensorList([cat([first.at(0), second.at(0)], 0), cat([first.at(1), second.at(1)], 0)]);
    const values = new QNR().forward(cat([a, b], 0), null, { y: both, physics }).dataSync();
    expect(values[0]).toBeCloseTo(new QNR().forward(a, null, { y: first, physics }).itemSync(), 12);
    expect(values[1]).toBeCloseTo(new QNR().forward(b, null, { y: second, physics }).itemSync(), 12);
  });

  it("is 1 where bands relate to each other and to the grey image as the measurements do", () => {
    const grey = full([1, 1, 24, 24], 0.5, float64);
    const flat = (size: number) => full([1, 3, size, size], 0.5, float64);
    const value = new QNR().forward(flat(24), null, { y: new TensorList([flat(6), grey]), physics }).itemSync();
    expect(value).toBeCloseTo(1, 6);
    const black = flat(24).mul(0);
    const dark = new TensorList([flat(6).mul(0), grey.mul(0)]);
    expect(new QNR().forward(black, null, { y: dark, physics }).itemSync()).toBe(1);
  });

  it("is never below 0: distortions above 1 count as 1", () => {
    const x = random(1, [1, 1, 24, 24]);
    const opposite = cat([x, x.neg().add(1), x], 1);
    const low = random(2, [1, 1, 6, 6]).expand([1, 3, 6, 6]);
    const value = new QNR({ alpha: 0.5 }).forward(opposite, null, { y: new TensorList([low, x]), physics }).itemSync();
    expect(value).toBe(0);
  });

  it("names what is missing or does not fit", () => {
    const x = random(5, [1, 3, 24, 24]);
    const call = (xNet: Tensor, context?: object) => () => new QNR().forward(xNet, undefined, context);
    expectError(call(x), ArgumentError, "missing_argument", "QNR: y is missing");
    expectError(call(x, null as never), ArgumentError, "missing_argument", "QNR: y is missing");
    for (const context of [
      { y: 1, physics: 1 },
      { y: "ab", physics: "cd" },
      { y: [x, x], physics: true },
    ])
      expectError(call(x, context), ArgumentError, "invalid_argument", "QNR: y and physics do not fit");
    expectError(call(x, { y: y(1) }), ArgumentError, "missing_argument", "QNR: physics is missing");
    for (const context of [
      { y: y(1), physics: new Denoising() },
      { y: x, physics },
      { y: new TensorList([x]), physics },
    ])
      expectError(call(x, context), ArgumentError, "invalid_argument", "QNR: y and physics do not fit");
    for (const other of [random(1, [1, 2, 24, 24]), random(1, [2, 3, 24, 24]), random(1, [1, 3, 20, 24])])
      expectError(call(other, { y: y(1), physics }), ShapeError, "shape_mismatch", "QNR: ");
    const one = new Pansharpen({ imgSize: [1, 24, 24], factor: 4 });
    const grey = new TensorList([random(1, [1, 1, 6, 6]), random(1, [1, 1, 24, 24])]);
    expectError(call(random(1, [1, 1, 24, 24]), { y: grey, physics: one }), ShapeError, "shape_mismatch", "two bands");
    const small = new TensorList([random(1, [1, 3, 5, 5]), random(1, [1, 1, 20, 20])]);
    const tiny = new Pansharpen({ imgSize: [3, 20, 20], factor: 4 });
    expectError(
      call(random(1, [1, 3, 20, 20]), { y: small, physics: tiny }),
      ShapeError,
      "shape_mismatch",
      "QNR: the window",
    );
  });
});

describe("RecoveryCoefficient", () => {
  const pixels = (...v: number[]): Tensor => tensor(v, { shape: [1, 1, 1, v.length], ...float64 });

  it("compares the activity in the mask, given with the call or the class", () => {
    const [xNet, x, mask] = [pixels(1, 2, 9), pixels(2, 4, 0), pixels(1, 0.5, 0)];
    expect(new RecoveryCoefficient().forward(xNet, x, { mask }).itemSync()).toBeCloseTo(0.5, 10);
    expect(new RecoveryCoefficient({ mask }).forward(xNet, x).itemSync()).toBeCloseTo(0.5, 10);
    const other = new RecoveryCoefficient({ mask: pixels(0, 0, 1) });
    expect(other.forward(xNet, x, { mask }).itemSync()).toBeCloseTo(0.5, 10);
    expect(new RecoveryCoefficient({ trainLoss: true, mask }).forward(xNet, x).itemSync()).toBeCloseTo(0.5, 10);
    expect(gradcheck((a) => new RecoveryCoefficient({ mask }).forward(a as Tensor, x), [xNet])).toBe(true);
  });

  it("leaves out a reference without activity in the mask", () => {
    const [xNet, x, mask] = [pixels(1, 2), pixels(0, 4), pixels(1, 0)];
    expect(new RecoveryCoefficient({ mask }).forward(xNet, x).itemSync()).toBeNaN();
    expect(isZero(slope(new RecoveryCoefficient({ mask }), xNet, x))).toBe(true);
    expect(new RecoveryCoefficient({ mask, trainLoss: true }).forward(xNet, x).itemSync()).toBe(0);
  });

  it("names a mask that is missing, no tensor or of another shape", () => {
    const x = pixels(1, 2);
    const call = (context: object) => () => new RecoveryCoefficient().forward(x, x, context);
    expectError(call({}), ArgumentError, "missing_argument", "RecoveryCoefficient: mask is missing");
    expectError(call({ mask: 1 }), ArgumentError, "invalid_argument", "RecoveryCoefficient: mask must");
    const larger = call({ mask: zeros([2, 1, 1, 2]) });
    expectError(larger, ShapeError, "shape_mismatch", "RecoveryCoefficient: mask has shape [2, 1, 1, 2]");
  });
});
