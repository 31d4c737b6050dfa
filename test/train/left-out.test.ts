import { beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { Metric, NMSE } from "../../ts/metric/index.js";
import { Denoising, ZeroNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cat, tensor, type Tensor, zeros } from "../../ts/tensor/index.js";
import { evaluate } from "../../ts/train/index.js";
import { ArtifactRemoval, Module } from "../../ts/nn/index.js";

beforeAll(() => init({ device: "cpu" }));

class Constant extends Module {
  constructor(readonly factor: number) {
    super();
  }
  forward(y: Tensor): Tensor {
    return y.mul(this.factor);
  }
}

/** The value of the first pixel of the reconstruction. */
class FirstPixel extends Metric {
  constructor() {
    super("FirstPixel");
  }
  protected metric(xNet: Tensor): Tensor {
    return xNet.slice([0, 0, 0, 0], [xNet.shape[0] ?? 0, 1, 1, 1]).reshape([-1]);
  }
}

const evaluateFactor = (factor: number, x: Tensor, metrics: readonly Metric[]) =>
  evaluate({
    model: new ArtifactRemoval({ backboneNet: new Constant(factor) }),
    physics: new Denoising({ noiseModel: new ZeroNoise() }),
    data: new TensorDataset({ x }),
    metrics,
    rng: new Rng(0),
  });

describe("means over a set", () => {
  const images = (): Tensor => new Rng(1).uniform([3, 1, 4, 4]).add(0.5);

  it("leave out the images that the metric is not defined for, and count them", async () => {
    const { metrics } = await evaluateFactor(0.5, cat([images(), zeros([2, 1, 4, 4])], 0), [new NMSE()]);
    const { mean, std, values, leftOut } = metrics["NMSE"] ?? expect.fail();
    expect([mean, std]).toEqual([expect.closeTo(0.25, 6), expect.closeTo(0, 6)]);
    expect(values.map(Number.isNaN)).toEqual([false, false, false, true, true]);
    expect(leftOut).toBe(2);
  });

  it("are NaN where all are left out", async () => {
    const { metrics } = await evaluateFactor(0.5, zeros([2, 1, 4, 4]), [new NMSE()]);
    expect(metrics["NMSE"]).toMatchObject({ mean: NaN, std: NaN, leftOut: 2 });
  });

  it("are NaN where a reconstruction has a pixel that is not finite: failures are not left out", async () => {
    const { metrics } = await evaluateFactor(NaN, images(), [new NMSE()]);
    expect(metrics["NMSE"]).toMatchObject({ mean: NaN, leftOut: 0 });
    const x = tensor([1, 2, 3e38, 1], { shape: [4, 1, 1, 1] });
    const { metrics: overflow } = await evaluateFactor(2, x, [new FirstPixel()]);
    expect(overflow["FirstPixel"]).toMatchObject({ mean: Infinity, leftOut: 0 });
  });
});
