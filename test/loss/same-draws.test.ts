import { beforeAll, describe, expect, it } from "vitest";
import { type Loss, mcDiv, mri, SureGaussianLoss, SurePGLoss, SurePoissonLoss } from "../../ts/loss/index.js";
import { EquivariantReconstructor, Module, type ReconstructOptions } from "../../ts/nn/index.js";
import {
  Denoising,
  GaussianNoise,
  Inpainting,
  type NoiseModel,
  PoissonGaussianNoise,
  PoissonNoise,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { grad, ones, type Tensor, tensor } from "../../ts/tensor/index.js";
import { Rotate } from "../../ts/transform/index.js";
import { call } from "./every.js";

beforeAll(() => init({ device: "cpu" }));

const like = { dtype: "float64" } as const;

/** A linear network, with large random numbers added or not. */
class Linear extends Module {
  readonly weight = tensor([0.7], like).requiresGrad_();
  constructor(readonly amount: number) {
    super();
  }
  forward(y: Tensor, _physics?: unknown, options: ReconstructOptions = {}): Tensor {
    const mixed = y.mul(this.weight).add(y.roll(1, 3).mul(0.2));
    if (this.amount === 0) return mixed;
    const noise = (options.rng as Rng).normal([...y.shape], y).mul(this.amount);
    return mixed.add(noise.mul(this.weight));
  }
}

const losses: readonly [string, NoiseModel, () => Loss][] = [
  ["SureGaussianLoss", new GaussianNoise({ sigma: 0.3 }), () => new SureGaussianLoss({ sigma: 0.3 })],
  [
    "SureGaussianLoss, 3 probes",
    new GaussianNoise({ sigma: 0.3 }),
    () => new SureGaussianLoss({ sigma: 0.3, probes: 3 }),
  ],
  ["SurePoissonLoss", new PoissonNoise({ gain: 0.3 }), () => new SurePoissonLoss({ gain: 0.3 })],
  ["SurePoissonLoss, spacing", new PoissonNoise({ gain: 0.3 }), () => new SurePoissonLoss({ gain: 0.3, spacing: 2 })],
  [
    "SurePGLoss",
    new PoissonGaussianNoise({ gain: 0.3, sigma: 0.3 }),
    () => new SurePGLoss({ gain: 0.3, sigma: 0.3, secondDerivative: true }),
  ],
  [
    "ENSURELoss",
    new GaussianNoise({ sigma: 0.3 }),
    () => new mri.ENSURELoss({ sigma: 0.3, maskAverage: ones([1, 1, 1, 1], like) }),
  ],
];

describe("a network that draws is compared with itself under the same draws", () => {
  it.each(losses)(
    "%s: value and gradient are those without the draws, but for the error itself",
    (_, noiseModel, make) => {
      const physics = new Inpainting({ imgSize: [1, 5, 6], mask: ones([5, 6]), noiseModel });
      const y = new Rng(1).uniform([2, 1, 5, 6], like).add(0.5);
      const rest = (amount: number): [number[], number] => {
        const model = new Linear(amount);
        const xNet = model.forward(y, physics, { rng: new Rng(2) });
        const value = call(make(), { xNet, y, physics, model, rng: new Rng(3) });
        const excess = value.sub(xNet.sub(y).square().mean([1, 2, 3]));
        return [Array.from(excess.dataSync()), (grad(excess.sum(), [model.weight])[0] as Tensor).itemSync()];
      };
      const [values, slope] = rest(0);
      const [random, randomSlope] = rest(100);
      random.forEach((value, i) => expect(value).toBeCloseTo(values[i] as number, 6));
      expect(randomSlope).toBeCloseTo(slope, 6);
      expect(Math.abs(slope)).toBeGreaterThan(1e-3);
    },
  );

  it("mcDiv with a stream", () => {
    const [physics, y] = [new Denoising(), new Rng(1).normal([2, 1, 5, 6], like)];
    const of = (amount: number) =>
      mcDiv({ y, model: new Linear(amount), physics, tau: 1e-3, rng: new Rng(4) }).dataSync();
    const plain = of(0);
    of(100).forEach((value, i) => expect(value).toBeCloseTo(plain[i] as number, 6));
  });

  it("SURE of an EquivariantReconstructor does not spread more as tau falls", () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const y = physics.forward(new Rng(1).uniform([1, 1, 8, 8], like), { rng: new Rng(2) });
    const model = new EquivariantReconstructor({ model: new Linear(0), transform: new Rotate({ multiples: 90 }) });
    const spread = (tau: number): number => {
      const [loss, rng] = [new SureGaussianLoss({ sigma: 0.1, tau }), new Rng(3)];
      const values = Array.from({ length: 30 }, () => {
        const xNet = model.forward(y, physics, { rng });
        return call(loss, { xNet, y, physics, model, rng }).itemSync();
      });
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    };
    expect(spread(1e-5) / spread(1e-1)).toBeCloseTo(1, 2);
  });
});
