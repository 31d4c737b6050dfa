import { beforeAll, describe, expect, it } from "vitest";
import { SureGaussianLoss } from "../../ts/loss/index.js";
import { Module, type Reconstructor } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { grad, noGrad, tensor, type Tensor } from "../../ts/tensor/index.js";
import { image, repeat, SIDE, TanhNet } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const sigma = 0.3;
const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });
const measured = (batch: number) => physics.forward(repeat(image(), batch), { rng: new Rng(1) });
const values = (loss: SureGaussianLoss, model: Reconstructor, y: Tensor, rng = new Rng(2)) =>
  noGrad(() => Array.from(loss.forward({ xNet: model.forward(y, physics), y, physics, model, rng }).dataSync()));

describe("the probes of SureGaussianLoss", () => {
  it("are averaged: three probes give the mean of the values with each", () => {
    const [model, y, rng] = [new TanhNet(), measured(2), new Rng(2)];
    const single = new SureGaussianLoss({ sigma });
    const each = [0, 1, 2].map(() => values(single, model, y, rng));
    const together = values(new SureGaussianLoss({ sigma, probes: 3 }), model, y);
    together.forEach((value, i) => {
      expect(value).toBeCloseTo(
        each.reduce((sum, one) => sum + (one[i] as number) / 3, 0),
        10,
      );
    });
    expect(each[0]?.[0]).not.toBeCloseTo(each[1]?.[0] as number, 4);
  });

  it("are averaged in the trace of B, too", () => {
    const [model, y, rng] = [new TanhNet(), measured(2), new Rng(2)];
    const options = { sigma, B: (t: Tensor) => t.mul(y.slice([0], [1])) };
    const single = new SureGaussianLoss(options);
    const each = [0, 1].map(() => values(single, model, y, rng)[1] as number);
    const [, together] = values(new SureGaussianLoss({ ...options, probes: 2 }), model, y);
    expect(together).toBeCloseTo(((each[0] as number) + (each[1] as number)) / 2, 10);
  });

  it("exact: for the network w y it is (w - 1)^2 |y|^2 / n - sigma^2 + 2 sigma^2 w, and so is the gradient", () => {
    const w = tensor([0.7], { dtype: "float64" }).requiresGrad_();
    class Scaled extends Module {
      forward(y: Tensor): Tensor {
        return y.mul(w);
      }
    }
    const [model, y] = [new Scaled(), measured(3)];
    const loss = new SureGaussianLoss({ sigma, probes: "exact" });
    const energy = Array.from(
      y
        .square()
        .reshape([3, SIDE * SIDE])
        .mean(1)
        .dataSync(),
    );
    values(loss, model, y).forEach((value, i) => {
      expect(value).toBeCloseTo(0.3 ** 2 * (energy[i] as number) - sigma ** 2 + 2 * sigma ** 2 * 0.7, 10);
    });
    const sum = loss.forward({ xNet: model.forward(y), y, physics, model }).sum();
    const [slope] = grad(sum, [w]);
    const total = energy.reduce((a, b) => a + b);
    expect(slope?.dataSync()[0]).toBeCloseTo(2 * -0.3 * total + 3 * 2 * sigma ** 2, 10);
  });

  it("exact is what many probes lead to", () => {
    const [model, y] = [new TanhNet(), measured(1)];
    const [exact] = values(new SureGaussianLoss({ sigma, probes: "exact" }), model, y);
    const probes = values(new SureGaussianLoss({ sigma, tau: 1e-4 }), model, repeat(y, 4000));
    const mean = probes.reduce((a, b) => a + b) / probes.length;
    const se = Math.sqrt(probes.reduce((a, b) => a + (b - mean) ** 2, 0)) / probes.length;
    expect(Math.abs(mean - (exact as number))).toBeLessThan(3 * se);
    expect(se).toBeLessThan(1e-3);
  });

  it("exact has no B", () => {
    const options = { sigma, probes: "exact", B: "A_dagger" } as const;
    expect(() => new SureGaussianLoss(options)).toThrow(/probes "exact".*without B/);
  });
});
