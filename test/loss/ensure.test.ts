import { beforeAll, describe, expect, it } from "vitest";
import { mri } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { GaussianNoise, Inpainting, PhysicsGenerator } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones, tensor, type Tensor } from "../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

const like = { dtype: "float64" } as const;

/** `f(y) = 0.6 y + 0.1`: affine, so that the finite difference is exact. */
class Affine extends Module {
  forward(y: Tensor): Tensor {
    return y.mul(0.6).add(0.1);
  }
}

/** Masks of columns: the first is always there, the last never, the two between in one of two draws. */
class Columns extends PhysicsGenerator {
  #calls = 0;
  constructor() {
    super("Columns", {}, []);
  }
  protected override draw(batch: number): Record<string, Tensor> {
    const rows = Array.from({ length: batch }, () => (this.#calls++ % 2 === 0 ? [1, 1, 0, 0] : [1, 0, 1, 0]));
    return { mask: tensor(rows.flat(), { shape: [batch, 1, 1, 4] }) };
  }
}

describe("ENSURE", () => {
  const sigma = 0.2;
  const maskAverage = () => tensor([1, 0.5, 0.5, 0], { shape: [1, 1, 1, 4], ...like });
  const setting = () => {
    const mask = tensor([1, 1, 0, 0], { shape: [1, 1, 1, 4], ...like }).expand([1, 1, 3, 4]);
    const physics = new Inpainting({ imgSize: [1, 3, 4], mask, noiseModel: new GaussianNoise({ sigma }) });
    const y = physics.forward(new Rng(1).normal([2, 1, 3, 4], like), { rng: new Rng(2) });
    const model = new Affine();
    return { xNet: model.forward(y), y, physics, model };
  };

  it("is its formula, in which entries that no mask measures do not count", () => {
    const args = setting();
    const { xNet, y, physics } = args;
    const value = new mri.ENSURELoss({ sigma, maskAverage: maskAverage() }).forward({ ...args, rng: new Rng(3) });
    const b = new Rng(3).normal([2, 1, 3, 4], y);
    const squared = tensor([1, 2, 2, 0], { shape: [1, 1, 1, 4], ...like });
    const mean = (t: Tensor) => t.mul(squared).reshape([2, 12]).mean(1);
    const error = mean(physics.A(xNet).sub(y).square());
    // J = 0.6 M for the affine network.
    const divergence = mean(b.mul(physics.A(b)).mul(0.6));
    const expected = error
      .add(divergence.mul(2 * sigma ** 2))
      .sub(sigma ** 2)
      .dataSync();
    value.dataSync().forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 9));
  });

  it("a physics that measures the entries which no mask measures gets no weight for them", () => {
    const args = setting();
    const loss = new mri.ENSURELoss({ sigma, maskAverage: maskAverage() });
    const full = new Inpainting({
      imgSize: [1, 3, 4],
      mask: ones([1, 1, 3, 4], like),
      noiseModel: new GaussianNoise({ sigma }),
    });
    const value = (column: number) => {
      const y = args.y.add(tensor([0, 0, 0, column], { shape: [1, 1, 1, 4], ...like }));
      return Array.from(loss.forward({ ...args, y, physics: full, rng: new Rng(3) }).dataSync());
    };
    expect(value(100)).toEqual(value(0));
  });

  it("estimates the probabilities from the generator", () => {
    const args = { ...setting(), rng: new Rng(3) };
    const known = new mri.ENSURELoss({ sigma, maskAverage: maskAverage() }).forward(args).dataSync();
    const drawn = new mri.ENSURELoss({ sigma, physicsGenerator: new Columns() });
    drawn
      .forward({ ...args, rng: new Rng(3) })
      .dataSync()
      .forEach((v, i) => expect(v).toBeCloseTo(known[i] as number, 5));
    expect(drawn.tau).toBeCloseTo(0.1 * sigma, 12);
  });
});
