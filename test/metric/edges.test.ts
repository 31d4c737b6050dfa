import { beforeAll, describe, expect, it } from "vitest";
import {
  CosineSimilarity,
  L1L2,
  LpNorm,
  MAE,
  MSE,
  NRMSE,
  PSNR,
  SSIM,
  SpectralAngleMapper,
} from "../../ts/metric/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full, grad, tensor, zeros, type Tensor } from "../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

const float64 = { dtype: "float64" } as const;
const image = (seed: number, shape = [1, 1, 8, 8]): Tensor => new Rng(seed).uniform(shape, float64);
const slopeOf = (value: Tensor, at: Tensor): number[] =>
  Array.from((grad(value.sum(), [at])[0] as Tensor).dataSync(), (v) => v + 0);

describe("defaults", () => {
  it("L1L2 weighs both errors by one half, LpNorm squares", () => {
    const [x, xNet] = [image(1), image(2)];
    const [mae, mse] = [new MAE().forward(xNet, x).itemSync(), new MSE().forward(xNet, x).itemSync()];
    expect(new L1L2().forward(xNet, x).itemSync()).toBeCloseTo((mae + mse) / 2, 12);
    expect(new LpNorm().forward(xNet, x).itemSync()).toBeCloseTo(64 * mse, 10);
  });
});

describe("preprocessing", () => {
  it("a crop that cannot be centred lies one pixel nearer to the origin", () => {
    const [x, xNet] = [image(1), image(2)];
    const cut = (t: Tensor): Tensor => t.slice([0, 0, 2, 2], [1, 1, 5, 5]);
    expect(new MSE({ centerCrop: 3 }).forward(xNet, x).itemSync()).toBe(
      new MSE().forward(cut(xNet), cut(x)).itemSync(),
    );
  });

  it("min_max clamps a constant image, and has a gradient there", () => {
    const metric = new MSE({ normInputs: "min_max" });
    const constant = (value: number): Tensor => full([1, 1, 2, 2], value, float64);
    expect(metric.forward(constant(3), constant(0.5)).itemSync()).toBe(0.25);
    expect(metric.forward(constant(-3), constant(0.5)).itemSync()).toBe(0.25);
    const xNet = constant(0.25).requiresGrad_();
    // d/dx of the mean of (x - 0.5)^2 over four pixels.
    expect(slopeOf(metric.forward(xNet, constant(0.5)), xNet)).toEqual([-0.125, -0.125, -0.125, -0.125]);
  });

  it("square roots of zero have the gradient zero: equal images, complex pixels of 0", () => {
    const x = image(1);
    const equal = x.clone().requiresGrad_();
    expect(slopeOf(new NRMSE().forward(equal, x), equal)).toEqual(new Array(64).fill(0));
    const dark = zeros([1, 2, 1, 1], float64).requiresGrad_();
    expect(slopeOf(new MSE({ complexAbs: true }).forward(dark, full([1, 2, 1, 1], 1, float64)), dark)).toEqual([0, 0]);
  });
});

describe("PSNR", () => {
  it("takes one end of the range from the reference and the other one from the option", () => {
    const [x, xNet] = [image(1), image(2)];
    const [low, high] = [x.min().itemSync(), x.max().itemSync()];
    const psnr = (range: number): number => -10 * Math.log10(new MSE().forward(xNet, x).itemSync() / range ** 2 + 1e-8);
    expect(new PSNR({ maxPixel: 2, minPixel: null }).forward(xNet, x).itemSync()).toBeCloseTo(psnr(2 - low), 10);
    expect(new PSNR({ maxPixel: null, minPixel: -1 }).forward(xNet, x).itemSync()).toBeCloseTo(psnr(high + 1), 10);
  });
});

describe("SSIM with several scales", () => {
  const betas = [0.5, 0.5];

  it("works down to images just larger than half the window", () => {
    // Half a window of sigma 1.5 is 5 pixels; at the second scale the images have twice as many.
    const x = image(1, [1, 1, 20, 20]);
    expect(new SSIM({ multiscale: true, betas }).forward(x, x).itemSync()).toBeCloseTo(1, 10);
  });

  it("is 0, not NaN, for an inverted image", () => {
    const x = image(1, [1, 1, 24, 24]);
    expect(new SSIM({ multiscale: true, betas }).forward(x.neg().add(1), x).itemSync()).toBe(0);
    expect(new SSIM().forward(x.neg().add(1), x).itemSync()).toBeLessThan(0);
  });
});

describe("angles", () => {
  const pixel = (...channels: number[]): Tensor => tensor(channels, { shape: [1, channels.length, 1, 1], ...float64 });

  it("the spectral angle may exceed a right angle", () => {
    const angle = (a: Tensor, b: Tensor): number => new SpectralAngleMapper().forward(a, b).itemSync();
    expect(angle(pixel(1, 0), pixel(0, 2))).toBeCloseTo(Math.PI / 2, 10);
    expect(angle(pixel(1, 0), pixel(-1, 1))).toBeCloseTo((3 * Math.PI) / 4, 10);
    expect(angle(pixel(1, 2), pixel(-2, -4))).toBeCloseTo(Math.PI, 10);
  });

  it("the spectral angle of nearly equal pixels is small, not 0, in float64", () => {
    for (const theta of [1e-2, 1e-4, 1e-6]) {
      const x = pixel(Math.cos(theta), Math.sin(theta)).requiresGrad_();
      const angle = new SpectralAngleMapper().forward(x, pixel(3, 0));
      expect(Math.abs(angle.itemSync() / theta - 1)).toBeLessThan(1e-3);
      // It grows along the circle, and does not change along the ray.
      const [slope] = grad(angle.sum(), [x]) as [Tensor];
      expect(slope.dataSync()[1]).toBeCloseTo(1, 3);
    }
    expect(new SpectralAngleMapper().forward(pixel(0.3, 0.7, 0.1), pixel(0.3, 0.7, 0.1)).itemSync()).toBeLessThan(3e-8);
  });

  it("the cosine similarity with an image of zeros is 0", () => {
    expect(new CosineSimilarity().forward(pixel(0, 0), pixel(1, 2)).itemSync()).toBe(0);
  });
});
