import { beforeAll, expect, it } from "vitest";
import { JacobianSpectralNorm, jacobianSpectralNorm } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { grad, tensor, type Tensor } from "../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

class Product extends Module {
  weight = tensor(
    [
      [2, 0.5],
      [0.1, 1],
    ],
    { dtype: "float64" },
  ).requiresGrad_();
  forward(y: Tensor): Tensor {
    return y.matmul(this.weight);
  }
}

it("evalMode gives the same value without a gradient; the default has one", () => {
  const model = new Product();
  const y = new Rng(1).normal([1, 2], { dtype: "float64" });
  const ways = [
    (options: object) => jacobianSpectralNorm((u) => model.forward(u), y, { ...options, rng: new Rng(2) }),
    (options: object) => new JacobianSpectralNorm(options).forward({ y, model, rng: new Rng(2) }),
  ];
  for (const norm of ways) {
    const [train, evaluation] = [norm({}), norm({ evalMode: true })];
    expect(train.requiresGrad).toBe(true);
    // For |W|_2 = u^T W v the gradient is u v^T, whose norm is 1.
    expect((grad(train, [model.weight])[0] as Tensor).square().sum().itemSync()).toBeCloseTo(1, 2);
    expect(evaluation.requiresGrad).toBe(false);
    expect(evaluation.itemSync()).toBe(train.itemSync());
  }
});
