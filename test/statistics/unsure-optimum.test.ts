import { beforeAll, describe, expect, it } from "vitest";
import { SureGaussianLoss, SurePGLoss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, PoissonGaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { grad, tensor, Tensor, tidy } from "../../ts/tensor/index.js";
import { estimate, type Estimate } from "./helpers.js";
import { inverse, matrix, type Matrix } from "./matrix.js";

beforeAll(() => init({ device: "cpu" }));

/** Length of the signals. */
const N = 8;
const like = { dtype: "float64" } as const;
const value = (level: number | Tensor): number => (typeof level === "number" ? level : level.itemSync());

/** Signals `mean + F z`, z standard normal: two directions carry all of their variance. */
const FACTOR = matrix(N, 2, (i, k) => 0.25 * Math.cos((0.7 + 0.9 * k) * i + k));
// Dark and bright entries: where all are alike, Poisson noise cannot be told from Gaussian.
const MEAN = Float64Array.from({ length: N }, (_, i) => (i % 2 === 0 ? 1.5 : 9));

function signals(rng: Rng, batch: number, mean: Float64Array): Tensor {
  const factor = tensor(Float64Array.from(FACTOR.flat()), { shape: [N, 2] });
  return rng
    .normal([batch, 2], like)
    .matmul(factor.transpose(0, 1))
    .add(tensor(mean, { shape: [1, N] }))
    .reshape([batch, 1, 1, N]);
}

/** Covariance of noisy signals: `F F^T` plus the variance of the noise at each entry. */
function covariance(noise: (i: number) => number): Matrix {
  return matrix(
    N,
    N,
    (i, j) =>
      (FACTOR[i] as number[]).reduce((sum, f, k) => sum + f * (FACTOR[j]?.[k] as number), 0) + (i === j ? noise(i) : 0),
  );
}

/** `f(y) = W (y - mean) + c`; both are learned by plain gradient descent. */
class Affine extends Module {
  readonly weight = tensor(new Float64Array(N * N), { shape: [N, N] }).requiresGrad_();
  readonly shift: Tensor;
  constructor(readonly mean: Float64Array) {
    super();
    this.shift = tensor(mean, { shape: [1, N] })
      .clone()
      .requiresGrad_();
  }
  forward(y: Tensor): Tensor {
    const centred = y.reshape([-1, N]).sub(tensor(this.mean, { shape: [1, N] }));
    return centred
      .matmul(this.weight.transpose(0, 1))
      .add(this.shift)
      .reshape([...y.shape]);
  }
}

/** Mean of a series that wanders slowly, and its standard error from the means of long stretches of it. */
function settled(series: readonly number[], stretches = 15): Estimate {
  const length = Math.floor(series.length / stretches);
  const means = Array.from(
    { length: stretches },
    (_, k) => series.slice(k * length, (k + 1) * length).reduce((a, b) => a + b, 0) / length,
  );
  return estimate(means);
}

describe("UNSURE at its optimum", () => {
  // Network and level play against each other: min over f, max over sigma^2, which ends where the divergence of f is 0.
  it.each([0, 0.9])("Gaussian noise, momentum %d: the level is N / tr(S^-1), S the covariance of y", (momentum) => {
    const sigma = 0.3;
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });
    const loss = new SureGaussianLoss({ sigma: 0.05, unsure: true, stepSize: 2e-3, momentum });
    const zero = new Float64Array(N);
    const model = new Affine(zero);
    const rng = new Rng(21);
    const levels: number[] = [];
    for (let step = 0; step < 3000; step++) {
      tidy(() => {
        const y = physics.forward(signals(rng, 64, zero), { rng });
        const value = loss.forward({ xNet: model.forward(y), y, physics, model, rng }).mean();
        const [slope] = grad(value, [model.weight]) as [Tensor];
        model.weight.assign_(model.weight.detach().sub(slope.mul(1)));
      });
      if (step >= 600) levels.push(value(loss.sigma2));
    }
    const inverted = inverse(covariance(() => sigma ** 2));
    const optimum = N / inverted.reduce((trace, row, i) => trace + (row[i] as number), 0);
    const { mean, se } = settled(levels);
    expect(se).toBeLessThan(0.02 * optimum);
    expect(Math.abs(mean - optimum)).toBeLessThan(3 * se);
    // Signals of two dimensions out of eight: the level is close to the true one, a little above it.
    expect(Math.sqrt(mean)).toBeGreaterThan(sigma);
    expect(Math.sqrt(mean)).toBeLessThan(1.2 * sigma);
  });

  it("Gaussian noise: there the value is 0, and the gradients of network and level too", () => {
    const sigma = 0.3;
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });
    const inverted = inverse(covariance(() => sigma ** 2));
    const optimum = N / inverted.reduce((trace, row, i) => trace + (row[i] as number), 0);
    const zero = new Float64Array(N);
    const model = new Affine(zero);
    const best = matrix(N, N, (i, j) => (i === j ? 1 : 0) - optimum * (inverted[i]?.[j] as number));
    model.weight.assign_(tensor(Float64Array.from(best.flat()), { shape: [N, N] }));
    const rng = new Rng(22);
    const figures: number[][] = Array.from({ length: 60 }, () => {
      const loss = new SureGaussianLoss({ sigma: Math.sqrt(optimum), unsure: true, stepSize: 1, momentum: 0 });
      let row: number[] = [];
      tidy(() => {
        const y = physics.forward(signals(rng, 500, zero), { rng });
        const mean = loss.forward({ xNet: model.forward(y), y, physics, model, rng }).mean();
        const [slope] = grad(mean, [model.weight]) as [Tensor];
        row = [
          mean.itemSync(),
          value(loss.sigma2) - optimum,
          ...Array.from(slope.dataSync()).filter((_, i) => i % 13 === 0),
        ];
      });
      return row;
    });
    for (const column of figures[0]?.keys() ?? []) {
      const { mean, se } = settled(
        figures.map((row) => row[column] as number),
        60,
      );
      expect(se).toBeLessThan(5e-3);
      expect(Math.abs(mean), `figure ${column}`).toBeLessThan(3.5 * se);
    }
  });

  it("Poisson-Gaussian noise: both levels are those that make both divergence terms 0", () => {
    const [sigma, gain] = [0.3, 0.1];
    const physics = new Denoising({ noiseModel: new PoissonGaussianNoise({ sigma, gain }) });
    const loss = new SurePGLoss({ sigma: 0.2, gain: 0.05, unsure: true, stepSize: [2e-2, 2e-3], momentum: [0.9, 0.9] });
    const model = new Affine(MEAN);
    const rng = new Rng(23);
    const levels: [number, number][] = [];
    for (let step = 0; step < 3600; step++) {
      tidy(() => {
        const y = physics.forward(signals(rng, 64, MEAN), { rng });
        const value = loss.forward({ xNet: model.forward(y), y, physics, model, rng }).mean();
        const [slope, shift] = grad(value, [model.weight, model.shift]) as [Tensor, Tensor];
        model.weight.assign_(model.weight.detach().sub(slope.mul(0.5)));
        model.shift.assign_(model.shift.detach().sub(shift.mul(0.5)));
      });
      if (step >= 600) levels.push([value(loss.sigma2), value(loss.gain)]);
    }
    // W = I - (s + g D) S^-1 with D = diag(mean) and the multipliers s, g for which tr W = 0 and tr(D W) = 0.
    const inverted = inverse(covariance((i) => sigma ** 2 + gain * (MEAN[i] as number)));
    const moment = (power: number) =>
      MEAN.reduce((sum, mean, i) => sum + mean ** power * (inverted[i]?.[i] as number), 0);
    const total = MEAN.reduce((a, b) => a + b, 0);
    const [a, b, c] = [moment(0), moment(1), moment(2)];
    const determinant = a * c - b * b;
    const optimum = [(N * c - total * b) / determinant, (total * a - N * b) / determinant];
    for (const index of [0, 1] as const) {
      const { mean, se } = settled(levels.map((pair) => pair[index]));
      expect(se).toBeLessThan(0.02 * (optimum[index] as number));
      expect(Math.abs(mean - (optimum[index] as number)), ["sigma^2", "gain"][index]).toBeLessThan(3 * se);
    }
  });
});
