import { beforeAll, describe, expect, it } from "vitest";
import {
  EquivariantSplittingLoss,
  ReducedResolutionLoss,
  ScoreLoss,
  SplittingLoss,
  SureGaussianLoss,
} from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  BernoulliSplittingMaskGenerator,
  GaussianNoise,
  Inpainting,
  MRI,
  MultiCoilMRI,
  PhysicsGenerator,
} from "../../ts/physics/index.js";
import { Rng, type RandomSource } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { grad, ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { expectError } from "../physics/helpers.js";
import { denoising, Half, image, like, list } from "./half-adjoint.js";

beforeAll(() => init({ device: "cpu" }));

describe("ScoreLoss", () => {
  /** Widths of the perturbations of some training passes. */
  const widths = (loss: ScoreLoss, passes: number): number[] => {
    const network = new Half();
    const model = loss.adaptModel(network);
    const y = image([1, 1, 64, 64]);
    const rng = new Rng(1);
    return Array.from({ length: passes }, () => {
      model.forward(y, denoising(), { updateParameters: true, rng });
      return Math.sqrt((network.inputs.at(-1) as Tensor).sub(y).square().mean().itemSync());
    });
  };
  /** Each pass draws `width = |n| delta`; over many passes at a constant delta the mean of n^2 is 1. */
  const root = (values: number[]): number => Math.sqrt(values.reduce((a, b) => a + b * b, 0) / values.length);

  it("past totalBatches the perturbation stays at its smallest", () => {
    const loss = new ScoreLoss({ totalBatches: 2, delta: [0.1, 10] });
    const [first, , ...rest] = widths(loss, 202);
    expect(first).toBeGreaterThan(1);
    // 200 draws of a chi-squared variable: a standard error of 5 %.
    expect(Math.abs(root(rest) / 0.1 - 1)).toBeLessThan(0.2);
  });

  it("its state holds the passes that are over", () => {
    const make = () => new ScoreLoss({ totalBatches: 8, delta: [0.1, 10] });
    const [whole, half, rest] = [make(), make(), make()];
    widths(whole, 6);
    widths(half, 6);
    rest.loadStateDict(half.stateDict());
    const next = widths(whole, 3);
    expect(widths(rest, 3)).toEqual(next);
    expect(widths(make(), 3)).not.toEqual(next);
  });
});

describe("SplittingLoss", () => {
  it("splits the measurements of all coils alike", () => {
    const noiseModel = new GaussianNoise({ sigma: 0.1 });
    const physics = new MultiCoilMRI({ mask: ones([6, 6]), coilMaps: 3, imgSize: [6, 6], noiseModel });
    const network = new Half();
    const loss = new SplittingLoss({ splitRatio: 0.5 });
    const model = loss.adaptModel(network);
    const y = physics.forward(new Rng(1).normal([2, 2, 6, 6]), { rng: new Rng(2) });
    expect(y.shape).toEqual([2, 2, 3, 6, 6]);
    const xNet = model.forward(y, physics as never, { updateParameters: true, rng: new Rng(3) });
    expect(model.masks()[0]?.shape).toEqual([2, 2, 6, 6]);
    const seen = (network.inputs[0] as Tensor).ne(0);
    const coils = [0, 1, 2].map((coil) => list(seen.select(2, coil)));
    expect(coils[1]).toEqual(coils[0]);
    expect(coils[2]).toEqual(coils[0]);
    expect(new Set(coils[0]).size).toBe(2);
    expect(loss.forward({ xNet, y, physics: physics as never, model }).shape).toEqual([2]);
  });

  it("replayed, sees nothing of what was not measured, whatever the generator shows", () => {
    class Double extends Module {
      forward(y: Tensor): Tensor {
        return y.mul(2);
      }
    }
    class Everything extends PhysicsGenerator {
      constructor() {
        super("Everything", {}, []);
      }
      protected override draw(batch: number): { mask: Tensor } {
        return { mask: tensor([1, 1, 0, 1], { shape: [1, 1, 1, 4] }).expand([batch, 1, 2, 4]) };
      }
    }
    const mask = tensor([1, 0, 1, 1], { shape: [1, 1, 4] }).expand([1, 2, 4]);
    const physics = new Inpainting({ imgSize: [1, 2, 4], mask, noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const model = new SplittingLoss({ maskGenerator: new Everything() }).adaptModel(new Double());
    const y = physics.forward(new Rng(1).normal([1, 1, 2, 4]), { rng: new Rng(2) });
    const xNet = model.forward(y, physics as never, { updateParameters: true, rng: new Rng(3) });
    const elsewhere = ones([1, 1, 2, 4]).sub(mask.unsqueeze(0)).mul(100);
    expect(list(model.replayed(0)(y.add(elsewhere)))).toEqual(list(xNet));
  });

  it("forgets its masks in an evaluation of the whole measurement that updates them", () => {
    const physics = new MRI({ mask: ones([6, 6]), noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const model = new SplittingLoss({ evalSplitInput: false }).adaptModel(new Half());
    const y = physics.A(new Rng(1).normal([1, 2, 6, 6]));
    model.forward(y, physics, { updateParameters: true, rng: new Rng(3) });
    model.forward(y, physics, { rng: new Rng(4) });
    expect(model.masks()).toHaveLength(1);
    model.eval();
    model.forward(y, physics, { updateParameters: true });
    expectError(() => model.masks(), ArgumentError, "missing_argument", "updateParameters");
  });
});

describe("EquivariantSplittingLoss with SURE", () => {
  /** `y / 2` plus a number that depends on draws of every kind. */
  class Drawing extends Module {
    forward(y: Tensor, _physics?: unknown, { rng }: { rng?: RandomSource } = {}): Tensor {
      const r = rng as RandomSource;
      const one = [1, 1, 1, 1];
      const draws = [
        r.normal(one, y),
        r.uniform(one, y),
        r.rademacher(one, y),
        r.bernoulli(one, 0.5, y),
        r.randint(0, 9, one, y),
        r.gamma(2, 0.5, one, y),
        r.beta(2, 3, one, y),
        r.exponential(one, y),
        r.laplace(one, y),
        r.poisson(ones(one, y).mul(4), y),
        r.binomial(ones(one, y).mul(9), 0.5, y),
        r.permutation(7, y).slice([0], [1]).reshape(one),
        r.fork().normal(one, y),
      ];
      // k / 49 times 49 is not k for some k.
      const equal = Array.from({ length: 20 }, () => r.choice(49)).reduce((a, b) => a + b);
      const index = equal + r.choice(4, [1, 3, 0, 2]);
      return y
        .mul(0.5)
        .add(draws.reduce((a, b) => a.add(b)).mul(0.01))
        .add(0.01 * index);
    }
  }

  it("repeats every draw of the network in the divergence", () => {
    const physics = denoising();
    const y = physics.forward(image([2, 1, 6, 6]), { rng: new Rng(1) });
    for (let seed = 0; seed < 5; seed++) {
      const [coarse, fine] = [1e-1, 1e-4].map((tau) => {
        const loss = new EquivariantSplittingLoss({
          maskGenerator: new BernoulliSplittingMaskGenerator({ imgSize: [1, 6, 6], splitRatio: 0.5 }),
          consistencyLoss: new SureGaussianLoss({ sigma: 0.1, tau }),
        });
        const model = loss.adaptModel(new Drawing());
        const rng = new Rng(seed);
        const xNet = model.forward(y, physics, { updateParameters: true, rng });
        return list(loss.forward({ xNet, y, physics, model, rng }));
      }) as [number[], number[]];
      // The network is affine in y: the step does not matter, unless a draw changes.
      coarse.forEach((v, i) => expect(v).toBeCloseTo(fine[i] as number, 8));
    }
  });

  it("learns a noise level: the value of a step is that of the level before it", () => {
    const physics = denoising();
    const y = physics.forward(image([2, 1, 6, 6]), { rng: new Rng(1) });
    const maskGenerator = new BernoulliSplittingMaskGenerator({ imgSize: [1, 6, 6], splitRatio: 0.5 });
    const make = (sure: SureGaussianLoss) => {
      const loss = new EquivariantSplittingLoss({ maskGenerator, consistencyLoss: sure });
      const model = loss.adaptModel(new Half());
      return (seed: number) => {
        const rng = new Rng(seed);
        const xNet = model.forward(y, physics, { updateParameters: true, rng });
        return list(loss.forward({ xNet, y, physics, model, rng }));
      };
    };
    const sure = new SureGaussianLoss({ sigma: 0.3, unsure: true, stepSize: 0.01 });
    const step = make(sure);
    let level = 0.3 ** 2;
    for (const seed of [1, 2, 3]) {
      const expected = make(new SureGaussianLoss({ sigma: Math.sqrt(level) }))(seed);
      step(seed).forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 8));
      const next = (sure.sigma2 as Tensor).itemSync();
      expect(next).not.toBeCloseTo(level, 4);
      level = next;
    }
  });
});

describe("ReducedResolutionLoss", () => {
  it("passes the gradient on to the measurement, through the degradation", () => {
    const mask = new Rng(4).bernoulli([1, 1, 6, 6], 0.5, like);
    const physics = new Inpainting({ imgSize: [1, 6, 6], mask });
    const model = new ReducedResolutionLoss().adaptModel(new Half());
    const y = image([1, 1, 6, 6]).requiresGrad_();
    const xNet = model.forward(y, physics, { rng: new Rng(1) });
    const expected = list(mask.mul(0.5));
    list(grad(xNet.sum(), [y])[0] as Tensor).forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 10));
    expect(model.forward(y.detach(), physics, { rng: new Rng(1) }).requiresGrad).toBe(false);
  });
});
