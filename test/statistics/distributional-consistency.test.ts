import { beforeAll, describe, expect, it } from "vitest";
import { logGamma, logIncompleteGamma } from "../../ts/loss/incomplete-gamma.js";
import { DistributionalConsistencyLoss, MCLoss } from "../../ts/loss/index.js";
import { Denoising, GaussianNoise, Inpainting, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cat, grad, linspace, tensor, type Tensor } from "../../ts/tensor/index.js";
import { estimate } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const like = { dtype: "float64" } as const;
const SIGMA = 0.2;
const gaussian = new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
const poisson = (gain: number, normalize = true) =>
  new Denoising({ noiseModel: new PoissonNoise({ gain, normalize }) });

/** A ramp from 0.2 to 0.8 for each image, `[batch, 1, side, side]`. */
const ramp = (side: number, batch = 1): Tensor =>
  linspace(0.2, 0.8, side * side, like)
    .reshape([1, 1, side, side])
    .expand([batch, 1, side, side]);

type AnyDenoising = typeof gaussian | ReturnType<typeof poisson>;

/** Mean and standard error of the loss of a reconstruction over images, each with its own noise. */
const valueOf = (
  physics: AnyDenoising,
  of: (y: Tensor, x: Tensor) => Tensor,
  { side = 32, batch = 20, loss = new DistributionalConsistencyLoss() } = {},
) => {
  const x = ramp(side, batch);
  const y = physics.forward(x, { rng: new Rng(1) });
  return estimate(Array.from(loss.forward({ xNet: of(y, x), y, physics }).dataSync()));
};

/** The loss of scores that are all 0: the mean distance of the logistic distribution from 0. */
const allEqual = (points: number, eps = 1e-4) => {
  const grid = Array.from({ length: points }, (_, k) => Math.min(Math.max((k + 0.5) / points, eps), 1 - eps));
  return grid.reduce((sum, u) => sum + Math.abs(Math.log(u / (1 - u))), 0) / points;
};

describe("DistributionalConsistencyLoss", () => {
  it.each([
    ["Gaussian", gaussian, 1],
    ["Poisson, 100000 photons", poisson(1e-5), 1],
    ["Poisson, 100000 photons as counts", poisson(1e-5, false), 1e5],
  ])("%s: at the true image falls as one over the root of the number of pixels", (_, physics, unit) => {
    const truth = (_y: Tensor, x: Tensor) => x.mul(unit);
    const small = valueOf(physics, truth, { side: 16, batch: 40 });
    const large = valueOf(physics, truth, { side: 64, batch: 40 });
    expect(large.mean).toBeLessThan(0.08);
    expect(Math.abs(small.mean / large.mean - 4)).toBeLessThan(1);
  });

  it("Poisson noise of few photons leaves a rest at the true image", () => {
    const few = valueOf(poisson(0.2), (_y, x) => x, { side: 64 });
    expect(few.mean).toBeGreaterThan(0.5);
  });

  it("a reconstruction that fits the noise costs 2 log 2, where MCLoss takes 0; the truth costs least", () => {
    const fitted = valueOf(gaussian, (y) => y);
    expect(fitted.mean).toBeCloseTo(allEqual(32 * 32), 12);
    expect(allEqual(1e6, 1e-9)).toBeCloseTo(2 * Math.log(2), 4);
    const y = gaussian.forward(ramp(8));
    expect(new MCLoss().forward({ xNet: y, y, physics: gaussian }).itemSync()).toBe(0);
    const truth = valueOf(gaussian, (_y, x) => x);
    const flat = valueOf(gaussian, (_y, x) => x.mul(0).add(0.5));
    expect(flat.mean).toBeGreaterThan(3 * truth.mean);
    expect(fitted.mean).toBeGreaterThan(3 * truth.mean);
  });

  it("a wrong level is seen from both sides", () => {
    const at = (sigma: number) =>
      valueOf(gaussian, (_y, x) => x, { loss: new DistributionalConsistencyLoss({ sigma }) }).mean;
    expect(at(SIGMA)).toBeLessThan(at(SIGMA * 0.8) / 2);
    expect(at(SIGMA)).toBeLessThan(at(SIGMA * 1.25) / 2);
  });

  it("measurements cut off at 0 and 1 are consistent with the clipped distribution alone", () => {
    const at = (distribution: "gaussian" | "clippedGaussian") =>
      valueOf(gaussian, (_y, x) => x, {
        loss: new DistributionalConsistencyLoss({ distribution, sigma: SIGMA }),
      }).mean;
    const x = ramp(64);
    const cut = gaussian
      .forward(x, { rng: new Rng(2) })
      .maximum(0)
      .minimum(1);
    const value = (distribution: "gaussian" | "clippedGaussian") =>
      new DistributionalConsistencyLoss({ distribution }).forward({ xNet: x, y: cut, physics: gaussian }).itemSync();
    expect(value("clippedGaussian")).toBeLessThan(0.1);
    expect(value("gaussian")).toBeGreaterThan(value("clippedGaussian"));
    expect(at("gaussian")).toBeLessThan(0.1);
  });

  it("entries that are not measured do not count, image by image", () => {
    const mask = tensor([1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1], { shape: [2, 1, 3, 3], ...like });
    const rng = new Rng(3);
    const x = rng.uniform([2, 1, 3, 3], like);
    const y = x.add(rng.normal([2, 1, 3, 3], like).mul(SIGMA)).mul(mask);
    const physics = new Inpainting({ imgSize: [1, 3, 3], mask, noiseModel: new GaussianNoise({ sigma: SIGMA }) });
    const masked = Array.from(
      new DistributionalConsistencyLoss({ nPoints: 5 }).forward({ xNet: x, y, physics }).dataSync(),
    );
    masked.forEach((value, image) => {
      const kept = Array.from(mask.slice([image], [image + 1]).dataSync()).flatMap((m, i) => (m === 1 ? [i] : []));
      const index = tensor(kept, like);
      const of = (t: Tensor) =>
        t
          .slice([image], [image + 1])
          .reshape([9])
          .indexSelect(index)
          .reshape([1, 1, 1, -1]);
      const alone = new DistributionalConsistencyLoss({ nPoints: 5 });
      expect(alone.forward({ xNet: of(x), y: of(y), physics: gaussian }).itemSync()).toBeCloseTo(value, 12);
    });
  });

  it("under Poisson noise a rate of nothing, or below, is pushed up, and all stays finite", () => {
    const physics = poisson(1);
    const y = tensor([3, 0, 5, 900], { shape: [1, 1, 2, 2], ...like });
    const xNet = tensor([-2, 0, 1e-9, 1e-3], { shape: [1, 1, 2, 2], ...like }).requiresGrad_();
    const value = new DistributionalConsistencyLoss().forward({ xNet, y, physics });
    const [slope] = grad(value.mean(), [xNet]) as [Tensor];
    expect(Number.isFinite(value.itemSync())).toBe(true);
    for (const each of slope.dataSync()) expect(each).toBeLessThan(0);
  });

  it("refuses a mask that leaves nothing of an image", () => {
    const x = ramp(2);
    const mask = cat([x.mul(0).add(1), x.mul(0)], 0);
    const physics = new Inpainting({ imgSize: [1, 2, 2], mask, noiseModel: new GaussianNoise({ sigma: SIGMA }) });
    const xNet = ramp(2, 2);
    const args = { xNet, y: physics.forward(xNet), physics };
    expect(() => new DistributionalConsistencyLoss().forward(args)).toThrow("leaves nothing measured");
  });
});

describe("the incomplete gamma functions", () => {
  it("log Gamma at whole numbers is the logarithm of the factorial", () => {
    let sum = 0;
    for (let n = 1; n <= 300; n++) {
      expect(Math.abs(logGamma(n) - sum)).toBeLessThan(1e-12 * Math.max(1, sum));
      sum += Math.log(n);
    }
  });

  it.each([
    [1, 1e-3],
    [1, 50],
    [4, 3.5],
    [20, 0.01],
    [20, 120],
    [301, 300],
    [1001, 40],
  ])("shape %s at %s: sums of Poisson probabilities, in both tails", (a, x) => {
    const { logP, logQ, logDensity } = logIncompleteGamma(a, x);
    // log P(N = k), from which both tails are added by themselves.
    const term = (k: number) => k * Math.log(x) - x - logGamma(k + 1);
    const total = (from: number, to: number) => {
      const terms = Array.from({ length: to - from }, (_, i) => term(from + i));
      const most = Math.max(...terms);
      return most + Math.log(terms.reduce((sum, each) => sum + Math.exp(each - most), 0));
    };
    expect(Math.abs(logQ - total(0, a))).toBeLessThan(1e-11 * Math.max(1, Math.abs(logQ)));
    expect(Math.abs(logP - total(a, a + 2000))).toBeLessThan(1e-11 * Math.max(1, Math.abs(logP)));
    expect(Math.abs(logDensity - term(a - 1))).toBeLessThan(1e-12 * Math.max(1, Math.abs(logDensity)));
  });
});
