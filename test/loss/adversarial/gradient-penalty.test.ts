import { beforeAll, expect, it } from "vitest";
import { adversarial } from "../../../ts/loss/index.js";
import { Module } from "../../../ts/nn/index.js";
import { Rng } from "../../../ts/random/index.js";
import { init } from "../../../ts/runtime/index.js";
import { tensor, type Tensor } from "../../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

class Square extends Module {
  forward(x: Tensor): Tensor {
    return x.square();
  }
}

it("the gradient penalty looks at a random point between the real image and the fake one, for each image", () => {
  const pixels = (...values: number[]): Tensor => tensor(values, { shape: [3, 1, 1, 1], dtype: "float64" });
  const [x, xNet] = [pixels(1, 2, 0.5), pixels(0, -1, 0.5)];
  const loss = new adversarial.SupAdversarialDiscriminatorLoss({ flavour: "wgan-gp", weightGp: 3 });
  const value = loss.forward({ x, xNet, D: new Square(), rng: new Rng(3) }).dataSync();
  const e = new Rng(3).uniform([3, 1, 1, 1], x).dataSync();
  for (const [i, real] of x.dataSync().entries()) {
    const fake = xNet.dataSync()[i] as number;
    const z = (e[i] as number) * real + (1 - (e[i] as number)) * fake;
    // The critic's slope at z is 2 z.
    expect(value[i]).toBeCloseTo((fake ** 2 - real ** 2 + 3 * (Math.abs(2 * z) - 1) ** 2) / 2, 10);
  }
});
