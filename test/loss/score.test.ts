import { beforeAll, describe, expect, it } from "vitest";
import { ScoreLoss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { Denoising, GammaNoise, GaussianNoise, PoissonNoise, UniformGaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

/** A known score, in place of a network. */
class Known extends Module {
  constructor(readonly score: (y: Tensor) => Tensor) {
    super();
  }
  forward(y: Tensor): Tensor {
    return this.score(y);
  }
}

/** Reconstructs with a known score; in evaluation it is taken as good as at y itself. */
const reconstruct = (
  physics: Denoising<GaussianNoise> | Denoising<PoissonNoise> | Denoising<GammaNoise>,
  y: Tensor,
  score: (y: Tensor) => Tensor,
): Tensor => {
  const model = new ScoreLoss({ delta: [1e-12, 1e-12] }).adaptModel(new Known(score));
  model.eval();
  return model.forward(y, physics as never, { rng: new Rng(1) });
};
const values = () => tensor(Float64Array.from([0.3, 0.7, 1.2, 2]), { shape: [1, 1, 2, 2] });

/** d/dz log Gamma(z), for z above 0: by recurrence to a z where the asymptotic series is exact enough. */
function digamma(z: number): number {
  let [at, sum] = [z, 0];
  for (; at < 12; at++) sum -= 1 / at;
  const r = 1 / (at * at);
  return sum + Math.log(at) - 1 / (2 * at) - r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r / 240)));
}

describe("the formulas that denoise, with the score of a known prior", () => {
  it("Gaussian noise: the posterior mean", () => {
    const [sigma, mean, variance] = [0.3, 0.5, 0.04];
    const y = values();
    const got = reconstruct(new Denoising({ noiseModel: new GaussianNoise({ sigma }) }), y, (t) =>
      t.sub(mean).div(-(variance + sigma ** 2)),
    );
    const posterior = y
      .mul(variance)
      .add(mean * sigma ** 2)
      .div(variance + sigma ** 2);
    expect(got.sub(posterior).abs().max().itemSync()).toBeLessThan(1e-9);
  });

  it("Gamma noise where the measurement is 0: the image is, for any number of looks", () => {
    const y = tensor(Float64Array.from([0, 0.7, 0, 2]), { shape: [1, 1, 2, 2] });
    for (const l of [1, 6]) {
      const physics = new Denoising({ noiseModel: new GammaNoise({ l }) });
      const got = reconstruct(physics, y, (t) => t.mul(0).sub(2)).dataSync();
      expect(Array.from(got).filter((_, i) => i % 2 === 0)).toEqual([0, 0]);
      expect(got[1]).toBeCloseTo((l * 0.7) / (l - 1 + 1.4), 9);
    }
  });

  it("Gamma noise: the posterior's 1 / E[1 / x]", () => {
    // An inverse-gamma prior (a, b): y has the density of y^(l - 1) (b + l y)^-(a + l), and E[1 / x | y] = (a + l) / (b
    // + l y).
    const [l, a, b] = [6, 4, 3];
    const y = values();
    const got = reconstruct(new Denoising({ noiseModel: new GammaNoise({ l }) }), y, (t) =>
      t
        .reciprocal()
        .mul(l - 1)
        .sub(
          t
            .mul(l)
            .add(b)
            .reciprocal()
            .mul((a + l) * l),
        ),
    );
    expect(
      got
        .sub(
          y
            .mul(l)
            .add(b)
            .div(a + l),
        )
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-9);
  });

  it.each([true, false])(
    "Poisson noise, normalize %s: the posterior mean up to gain^2, where a formula without + gain is off by the gain",
    (normalize) => {
      // A Gamma prior (shape a, rate b): counts are negative binomial, and E[x | z] = (a + z) / (b + 1 / gain).
      const [a, b] = [4, 6];
      const error = (gain: number): number => {
        const noiseModel = new PoissonNoise({ gain, normalize });
        // The mean over the negative binomial distribution of the counts, whose score is continued by Gamma functions.
        const p = 1 / (1 + b * gain);
        let [weight, bias, z] = [(1 - p) ** a, 0, 0];
        const counts: number[] = [];
        const weights: number[] = [];
        for (; z < 4000 && (weight > 1e-14 || z < a / (b * gain)); z++) {
          counts.push(z);
          weights.push(weight);
          weight *= (p * (z + a)) / (z + 1);
        }
        const slope = (n: number): number => digamma(n + a) - digamma(n + 1) + Math.log(p);
        // The network sees what was measured: gain z, or the counts z themselves.
        const unit = normalize ? gain : 1;
        const y = tensor(
          Float64Array.from(counts, (n) => n * unit),
          { shape: [1, 1, 1, counts.length] },
        );
        const score = tensor(
          Float64Array.from(counts, (n) => slope(n) / unit),
          { shape: [1, 1, 1, counts.length] },
        );
        const got = reconstruct(new Denoising({ noiseModel }), y, () => score).dataSync();
        counts.forEach((n, i) => (bias += (weights[i] as number) * ((got[i] as number) - (a + n) / (b + 1 / gain))));
        return bias;
      };
      expect(Math.abs(error(0.05))).toBeLessThan(0.05 / 50);
      expect(Math.abs(error(0.01))).toBeLessThan(0.01 / 50);
    },
  );
});

describe("a noise without a formula", () => {
  it("is refused by name: a level that is drawn anew for each image is not known", () => {
    const physics = new Denoising({ noiseModel: new UniformGaussianNoise({ sigmaMin: 0.1, sigmaMax: 0.2 }) });
    const loss = new ScoreLoss();
    const model = loss.adaptModel(new Known((y) => y));
    const y = ones([1, 1, 4, 4]);
    expectError(
      () => loss.forward({ physics: physics as never, model }),
      ArgumentError,
      "incompatible_physics",
      "uniformGaussian",
      "Neighbor2Neighbor",
    );
    expectError(() => model.forward(y, physics), ArgumentError, "incompatible_physics", "uniformGaussian");
  });
});

describe("ScoreLoss", () => {
  it("leaves the caller's measurement as it was, counts too", () => {
    const physics = new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1, normalize: false }) });
    const y = physics.forward(ones([1, 1, 4, 4]), { rng: new Rng(1) });
    const before = Array.from(y.dataSync());
    const model = new ScoreLoss().adaptModel(new Known((t) => t.mul(-1)));
    for (const mode of [true, false]) {
      model.train(mode);
      model.forward(y, physics, { updateParameters: true, rng: new Rng(2) });
    }
    expect(Array.from(y.dataSync())).toEqual(before);
  });
});
