import { beforeAll, describe, expect, it } from "vitest";
import {
  BlurStrength,
  ERGAS,
  LpNorm,
  MAE,
  MSE,
  NMSE,
  PSNR,
  SNR,
  SSIM,
  SpectralAngleMapper,
  CosineSimilarity,
} from "../../ts/metric/index.js";
import { Rng } from "../../ts/random/index.js";
import { AdjointError, ArgumentError, init } from "../../ts/runtime/index.js";
import { cat, grad, ones, tensor } from "../../ts/tensor/index.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const code = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    if (error instanceof AdjointError) return `${error.constructor.name} ${error.code}`;
    throw error;
  }
  return "nothing thrown";
};
const like = { dtype: "float64" } as const;

describe("metrics where deepinv differs from the mathematics", () => {
  it("PSNR as a training loss has a gradient", () => {
    const x = new Rng(1).uniform([2, 1, 8, 8], like);
    const xNet = new Rng(2).uniform([2, 1, 8, 8], like).requiresGrad_();
    const loss = new PSNR({ trainLoss: true, reduction: "mean" }).forward(xNet, x);
    const [g] = grad(loss, [xNet]);
    // d/dxNet of 10 log10(mse): 10 / ln 10 * (2 (xNet - x) / n) / mse, halved by the mean over two images.
    const mse = new MSE().forward(xNet, x).dataSync();
    const expected = xNet.sub(x).dataSync();
    const got = g!.dataSync();
    const scale = 10 / Math.LN10 / 64 / ((mse[0] as number) + 1e-8);
    for (let i = 0; i < 64; i++) expect(got[i]).toBeCloseTo((expected[i] as number) * scale, 8);
  });

  it("PSNR of equal images is 80 dB, and per-image ranges do not mix", () => {
    const x = new Rng(1).uniform([1, 1, 8, 8], like);
    expect(new PSNR().forward(x, x).itemSync()).toBeCloseTo(80, 6);
    const pair = cat([x, x.mul(5)], 0);
    const noisy = cat([x.add(0.1), x.mul(5).add(0.5)], 0);
    const [a, b] = new PSNR({ maxPixel: null, minPixel: null }).forward(noisy, pair).dataSync();
    expect(a).toBeCloseTo(b as number, 5);
  });

  it("standardize works image by image", () => {
    const [x, xNet] = [new Rng(1).uniform([1, 1, 8, 8], like), new Rng(2).uniform([1, 1, 8, 8], like)];
    const m = new MSE({ normInputs: "standardize" });
    const alone = m.forward(xNet, x).itemSync();
    const both = m.forward(cat([xNet, xNet.mul(9)], 0), cat([x, x], 0)).dataSync();
    expect(both[0]).toBeCloseTo(alone, 12);
    expect(both[1]).toBeCloseTo(alone, 12);
  });

  it("one-sided LpNorm counts entries of opposite sign", () => {
    const m = new LpNorm({ p: 2, onesided: true });
    const xNet = tensor([[1, -2, 3, -4]], like);
    const x = tensor([[1, 1, -1, -1]], like);
    expect(m.forward(xNet, x).itemSync()).toBe(4 + 9);
  });
});

describe("metrics", () => {
  it("a sum is better in the direction of both, and refuses two directions", () => {
    expect(new MSE().add(new MAE()).lowerBetter).toBe(true);
    expect(new PSNR().add(new SSIM()).lowerBetter).toBe(false);
    expect(new MSE().add(new SSIM({ trainLoss: true })).lowerBetter).toBe(true);
    expect(new PSNR().add(new SSIM()).add(new PSNR()).lowerBetter).toBe(false);
    expect(() => new MSE().add(new PSNR())).toThrow(/MSE lower .* PSNR higher .*trainLoss/);
    expect(() => new SSIM({ trainLoss: true }).add(new PSNR())).toThrow(ArgumentError);
  });

  it("a sum of metrics without a reference needs none", () => {
    const [x, blur] = [new Rng(1).uniform([2, 1, 16, 16], like), new BlurStrength()];
    const sum = blur.add(new BlurStrength({ hSize: 5 }));
    expect(sum.needsReference).toBe(false);
    const other = new BlurStrength({ hSize: 5 }).forward(x);
    expect(sum.forward(x).sub(blur.forward(x)).sub(other).abs().max().itemSync()).toBeLessThan(1e-12);
    expect(blur.add(new MSE()).needsReference).toBe(true);
  });

  it("add, reduce and crop", () => {
    const [x, xNet] = [new Rng(1).uniform([2, 1, 8, 8], like), new Rng(2).uniform([2, 1, 8, 8], like)];
    const sum = new MSE().add(new MAE()).forward(xNet, x).dataSync();
    const [mse, mae] = [new MSE().forward(xNet, x).dataSync(), new MAE().forward(xNet, x).dataSync()];
    expect(sum[1]).toBeCloseTo((mse[1] as number) + (mae[1] as number), 12);
    expect(new MSE({ reduction: "sum" }).forward(xNet, x).itemSync()).toBeCloseTo(
      (mse[0] as number) + (mse[1] as number),
      12,
    );
    const inner = new MSE({ centerCrop: [4, 4] }).forward(xNet, x).dataSync();
    expect(inner).toEqual(new MSE({ centerCrop: -2 }).forward(xNet, x).dataSync());
  });

  it("equal images: similarity one, angle and error zero", () => {
    const x = new Rng(1).uniform([1, 3, 16, 16], like).add(0.1);
    expect(new SSIM().forward(x, x).itemSync()).toBeCloseTo(1, 10);
    expect(new SSIM({ trainLoss: true }).forward(x, x).itemSync()).toBeCloseTo(0, 10);
    expect(new CosineSimilarity().forward(x, x).itemSync()).toBeCloseTo(1, 10);
    expect(new SpectralAngleMapper().forward(x, x).itemSync()).toBeCloseTo(0, 3);
    expect(new ERGAS({ factor: 4 }).forward(x, x).itemSync()).toBe(0);
    expect(new NMSE().forward(x.mul(2), x).itemSync()).toBeCloseTo(1, 12);
    expect(new SNR().forward(x.mul(1.1), x).itemSync()).toBeCloseTo(20, 6);
  });

  it("refuse bad input", () => {
    const x = ones([1, 1, 4, 4]);
    expect(code(() => new MSE().forward(x))).toBe("ArgumentError missing_argument");
    expect(code(() => new MSE().forward(x, ones([2, 1, 4, 4])))).toBe("ShapeError shape_mismatch");
    expect(code(() => new MSE({ centerCrop: 9 }).forward(x, x))).toBe("ShapeError shape_mismatch");
    expect(code(() => new MSE({ complexAbs: true }).forward(x, x))).toBe("ShapeError shape_mismatch");
    expect(code(() => new SSIM().forward(x, x))).toBe("ShapeError shape_mismatch");
    expect(code(() => new MSE({ centerCrop: [2, -1] }))).toBe("ArgumentError invalid_argument");
    expect(code(() => new MSE({ reduction: "median" as never }))).toBe("ArgumentError invalid_argument");
    expect(code(() => new PSNR({ maxPixels: 1 } as never))).toBe("ArgumentError unknown_option");
    expect(code(() => new PSNR({ maxPixel: 0 }))).toBe("ArgumentError invalid_argument");
    expect(code(() => new LpNorm({ p: -1 }))).toBe("ArgumentError invalid_argument");
    expect(code(() => new ERGAS({} as never))).toBe("ArgumentError missing_argument");
  });
});
