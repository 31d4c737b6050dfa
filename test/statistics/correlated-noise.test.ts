import { beforeAll, describe, expect, it } from "vitest";
import { SureGaussianLoss, type SureGaussianLossOptions } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, Tensor, tidy } from "../../ts/tensor/index.js";
import { average, image, repeat, SIDE, squaredError, TanhNet } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const like = { dtype: "float64" } as const;
const sigma = 0.3;
const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });

// White noise under a window of 2 x 2, whose weights have the sum of squares 1.
const [a, b, c, d] = [0.7, 0.5, -0.1, 0.5];
/** The correlation of its pixels with those around. */
const correlation = [
  [a * d, a * c + b * d, b * c],
  [a * b + c * d, a * a + b * b + c * c + d * d, a * b + c * d],
  [b * c, a * c + b * d, a * d],
];

function correlated(batch: number, rng: Rng): Tensor {
  const w = rng.normal([batch, 1, SIDE + 1, SIDE + 1], like).mul(sigma);
  const at = (i: number, j: number) => w.slice([0, 0, i, j], [undefined, undefined, i + SIDE, j + SIDE]);
  return at(0, 0).mul(a).add(at(0, 1).mul(b)).add(at(1, 0).mul(c)).add(at(1, 1).mul(d));
}

/** A nonlinear map that also looks at the neighbours of each pixel. */
class Around extends TanhNet {
  override forward(y: Tensor): Tensor {
    return super
      .forward(y)
      .add(y.roll([1], [3]).mul(0.3))
      .add(y.roll([1], [2]).mul(0.2));
  }
}

/** SURE less the squared error of what is measured, under the correlated noise. */
const bias = (options: Partial<SureGaussianLossOptions>, operator: Denoising | Inpainting<GaussianNoise> = physics) => {
  const loss = new SureGaussianLoss({ sigma, ...options });
  const model = new Around();
  return average(
    (rng, batch) => {
      const x = repeat(image(), batch);
      const y = operator.A(x.add(correlated(batch, rng)));
      const xNet = model.forward(y);
      const args = { xNet, y, physics: operator as Denoising<GaussianNoise>, model, rng };
      return loss.forward(args).sub(squaredError(operator.A(xNet), operator.A(x)));
    },
    { batch: 1000, chunks: 12, seed: 12 },
  );
};

/** `0.5 y` moved down and to the right; what comes in is 0. */
class Moved extends Module {
  constructor(
    readonly down: number,
    readonly across: number,
  ) {
    super();
  }
  forward(y: Tensor): Tensor {
    const [, , height = 0, width = 0] = y.shape;
    return y
      .pad([0, 0, 0, 0, this.down, 0, this.across, 0])
      .slice([0, 0, 0, 0], [undefined, undefined, height, width])
      .mul(0.5);
  }
}

const value = (level: number | Tensor) => (level instanceof Tensor ? level.itemSync() : level);

describe("SureGaussianLoss under correlated noise", () => {
  it("the noise of this test has this correlation", () => {
    expect(correlation[1]?.[1]).toBeCloseTo(1, 12);
    const n = correlated(4000, new Rng(1));
    const inside = (i: number, j: number) => n.slice([0, 0, i, j], [undefined, undefined, i + 4, j + 4]);
    for (const [i, row] of correlation.entries())
      for (const [j, rho] of row.entries())
        expect(Math.abs(inside(1, 1).mul(inside(i, j)).mean().itemSync() / sigma ** 2 - rho)).toBeLessThan(0.02);
  });

  it("is unbiased where the correlation is known, with 2 probes; without it, it is not", () => {
    const probes = 2;
    const { mean, se } = bias({ correlation, probes });
    expect(se).toBeLessThan(sigma ** 2 * 0.04);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
    const white = bias({ probes });
    expect(Math.abs(white.mean)).toBeGreaterThan(6 * white.se);
  });

  it("a mask: pixels without noise are correlated with nothing", () => {
    const mask = tensor(
      Float64Array.from({ length: 36 }, (_, i) => (i % 3 === 0 ? 0 : 1)),
      { shape: [1, 1, SIDE, SIDE] },
    );
    const masked = new Inpainting({ imgSize: [1, SIDE, SIDE], mask, noiseModel: new GaussianNoise({ sigma }) });
    const { mean, se } = bias({ correlation }, masked);
    // As without correlation: sigma^2 times the share that was not measured.
    expect(Math.abs(mean + sigma ** 2 / 3)).toBeLessThan(3 * se);
  });

  it.each([
    [1, 1],
    [0, 2],
  ])("unsure: a network that moves by %s down and %s right raises the covariance of this lag alone", (down, across) => {
    const stepSize = 0.01;
    const loss = new SureGaussianLoss({ sigma: 0.1, unsure: true, correlation: 2, probes: 50, stepSize });
    const model = new Moved(down, across);
    const y = repeat(image(), 200);
    tidy(() => {
      loss.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(5) });
    });
    // 2 stepSize D, D = 0.5 for the share of pixels that come from inside; scaled back where the risk is below 0.
    const inside = ((SIDE - down) * (SIDE - across)) / SIDE ** 2;
    expect(loss.covariances).toHaveLength(12);
    for (const { lag, covariance } of loss.covariances) {
      const expected = lag[0] === down && lag[1] === across ? 2 * stepSize * 0.5 * inside : 0;
      expect(Math.abs(value(covariance) - expected)).toBeLessThan(stepSize * 0.02);
    }
    const state = loss.stateDict();
    const other = new SureGaussianLoss({ sigma: 0.1, unsure: true, correlation: 2, stepSize });
    other.loadStateDict(state);
    expect(other.covariances.map(({ covariance }) => value(covariance))).toEqual(
      loss.covariances.map(({ covariance }) => value(covariance)),
    );
  });

  it("covariances may fall below 0, and begin at what is given", () => {
    const loss = new SureGaussianLoss({
      sigma: 0.1,
      unsure: true,
      correlation: [
        [0, 0, 0],
        [0.5, 1, 0.5],
        [0, 0, 0],
      ],
    });
    expect(loss.covariances.map(({ covariance }) => value(covariance))).toEqual(
      [0.005, 0, 0, 0].map((v) => expect.closeTo(v, 12)),
    );
    const falling = new SureGaussianLoss({ sigma: 0.1, unsure: true, correlation: 1, stepSize: 1 });
    class Against extends Moved {
      override forward(y: Tensor): Tensor {
        return super.forward(y).neg();
      }
    }
    const model = new Against(0, 1);
    const y = repeat(image(), 50);
    const args = { xNet: model.forward(y), y, physics, model, rng: new Rng(5) };
    falling.forward(args);
    expect(value(falling.covariances[0]?.covariance ?? 0)).toBeLessThan(0);
  });

  it("refuses what it is not derived for, and says what to do", () => {
    const made = (options: Partial<SureGaussianLossOptions>) => () => new SureGaussianLoss({ sigma, ...options });
    expect(made({ correlation: 1 })).toThrow("give a matrix where they are known");
    expect(made({ correlation, probes: "exact" })).toThrow("give a number of probes");
    expect(made({ correlation, B: "A_dagger" })).toThrow("leave B out");
    expect(made({ correlation: [[0.5]] })).toThrow("another value than 1 in the middle");
    expect(made({ correlation: [[1, 0]] })).toThrow("odd number");
    const lopsided = [
      [0, 0, 0],
      [0.5, 1, 0.4],
      [0, 0, 0],
    ];
    expect(made({ correlation: lopsided })).toThrow("different values in opposite directions");
  });
});
