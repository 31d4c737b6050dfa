import { beforeAll, describe, expect, it } from "vitest";
import { mri } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  DynamicMRI,
  GaussianNoise,
  MRI,
  MultiplicativeSplittingMaskGenerator,
  RandomMaskGenerator,
  SequentialMRI,
  type LinearPhysics,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

const like = { dtype: "float64" } as const;
const list = (t: Tensor): number[] => Array.from(t.dataSync());

/** The adjoint; it keeps its last input. */
class ZeroFilled extends Module {
  seen: Tensor | undefined;
  forward(y: Tensor, physics?: unknown): Tensor {
    this.seen = y;
    return (physics as LinearPhysics).AAdjoint(y);
  }
}

describe("RobustSplittingLoss", () => {
  it("adds no noise where the network sees nothing", () => {
    const imgSize = [2, 6, 16];
    const physicsGenerator = new RandomMaskGenerator({ imgSize });
    const splitGenerator = new RandomMaskGenerator({ imgSize, acceleration: 2 });
    const maskGenerator = new MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator });
    const mask = physicsGenerator.step(2, { rng: new Rng(1) }).mask as Tensor;
    const physics = new MRI({ mask, noiseModel: new GaussianNoise({ sigma: 0.2 }) });
    const network = new ZeroFilled();
    const model = new mri.RobustSplittingLoss({ maskGenerator, physicsGenerator }).adaptModel(network);
    const y = physics.forward(new Rng(2).normal([2, ...imgSize]), { rng: new Rng(3) });
    model.forward(y, physics, { updateParameters: true, rng: new Rng(4) });
    const hidden = (model.masks()[0] as Tensor).mul(mask).neg().add(1);
    const seen = network.seen as Tensor;
    expect(seen.mul(hidden).abs().max().itemSync()).toBe(0);
    expect(
      seen
        .sub(y.mul(hidden.neg().add(1)))
        .abs()
        .max()
        .itemSync(),
    ).toBeGreaterThan(0.1);
  });
});

describe("losses of split sequences", () => {
  const size = [2, 6, 4, 5];

  it("do not look at entries outside the mask", () => {
    const mask = new Rng(1).bernoulli([2, 1, 6, 4, 5], 0.5, like);
    const physics = new DynamicMRI({ mask, noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const y = physics.forward(new Rng(2).normal([2, ...size], like), { rng: new Rng(3) });
    const outside = new Rng(4)
      .normal([2, ...size], like)
      .mul(mask.neg().add(1))
      .mul(100);
    const value = (measurement: Tensor) => {
      const loss = new mri.Phase2PhaseLoss({ imgSize: size });
      const model = loss.adaptModel(new ZeroFilled());
      const xNet = model.forward(measurement, physics, { updateParameters: true, rng: new Rng(5) });
      return list(loss.forward({ xNet, y: measurement, physics, model, rng: new Rng(6) }));
    };
    expect(value(y.add(outside))).toEqual(value(y));
  });

  it("of a static network are 0 for the true image, also where the masks are weights", () => {
    const mask = new Rng(1).bernoulli([1, 1, 6, 4, 5], 0.7, like).mul(2);
    const physics = new SequentialMRI({ mask, noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const x = new Rng(2).normal([2, 2, 4, 5], like);
    const y = physics.A(x);
    const loss = new mri.Phase2PhaseLoss({ imgSize: size, dynamicModel: false });
    const model = loss.adaptModel(new ZeroFilled());
    model.forward(y, physics, { updateParameters: true, rng: new Rng(3) });
    const value = (xNet: Tensor) =>
      list(loss.forward({ xNet, y, physics: physics as never, model: model as never, rng: new Rng(4) }));
    for (const v of value(x)) expect(v).toBeLessThan(1e-12);
    for (const v of value(x.mul(0.5))) expect(v).toBeGreaterThan(0.1);
  });
});
