import { beforeAll, describe, expect, it } from "vitest";
import { AugmentConsistencyLoss, EILoss, MOILoss } from "../../ts/loss/index.js";
import { MSE } from "../../ts/metric/index.js";
import { BernoulliSplittingMaskGenerator, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones, type Tensor } from "../../ts/tensor/index.js";
import { Shift } from "../../ts/transform/index.js";
import { denoising, Half, image, list } from "./half-adjoint.js";

beforeAll(() => init({ device: "cpu" }));

describe("several transforms", () => {
  const physics = () =>
    new Inpainting({ imgSize: [1, 6, 6], mask: new Rng(3).bernoulli([1, 1, 6, 6], 0.5).to("float64") });

  it("EILoss is the mean over the transforms of each image", () => {
    const [A, model, transform] = [physics(), new Half(), new Shift({ nTrans: 3 })];
    const xNet = image([2, 1, 6, 6]);
    const value = list(new EILoss({ transform }).forward({ xNet, physics: A, model, rng: new Rng(5) }));
    const params = transform.getParams(xNet, { rng: new Rng(5) });
    const errors = transform.iterateParams(params).map((set) => {
      const moved = transform.transform(xNet, set);
      return list(new MSE().forward(A.A(moved).mul(0.5), moved));
    });
    expect(errors).toHaveLength(3);
    value.forEach((v, i) =>
      expect(v).toBeCloseTo(errors.reduce((sum, error) => sum + (error[i] as number), 0) / 3, 10),
    );
  });

  it("AugmentConsistencyLoss is the mean over the transforms", () => {
    /** Depends on the position, so that it commutes with no shift. */
    class Ramp extends Half {
      override forward(y: Tensor, physics?: unknown): Tensor {
        return super.forward(y, physics).mul(image([1, 1, 6, 6], 9));
      }
    }
    const [A, model, Te] = [physics(), new Ramp(), new Shift({ nTrans: 3 })];
    const y = A.A(image([2, 1, 6, 6]));
    const xNet = model.forward(y, A);
    const args = { xNet, y, physics: A, model };
    const value = list(new AugmentConsistencyLoss({ Ti: null, Te }).forward({ ...args, rng: new Rng(5) }));
    const errors = Te.iterateParams(Te.getParams(xNet, { rng: new Rng(5) })).map((set) => {
      // A transform without any choice left.
      const fixed = Object.assign(new Shift(), { getParams: () => set });
      return list(new AugmentConsistencyLoss({ Ti: null, Te: fixed }).forward(args));
    });
    expect(Math.max(...value)).toBeGreaterThan(0.01);
    value.forEach((v, i) =>
      expect(v).toBeCloseTo(errors.reduce((sum, error) => sum + (error[i] as number), 0) / 3, 10),
    );
  });
});

describe("MOILoss", () => {
  it("draws the parameters of the physics among its options, not of that of the call", () => {
    const own = new Inpainting({ imgSize: [1, 6, 6], mask: ones([1, 1, 6, 6]) });
    const physicsGenerator = new BernoulliSplittingMaskGenerator({ imgSize: [1, 6, 6], splitRatio: 0.5 });
    const model = new Half();
    new MOILoss({ physics: own, physicsGenerator, applyNoise: false }).forward({
      xNet: image([2, 1, 6, 6]),
      physics: denoising(),
      model,
      rng: new Rng(1),
    });
    // Of 72 pixels about half are measured; the denoising physics would measure all.
    const zeros = list(model.inputs[0] as Tensor).filter((v) => v === 0).length;
    expect(Math.abs(zeros - 36)).toBeLessThan(18);
  });
});
