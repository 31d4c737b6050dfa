import { beforeAll, describe, expect, it } from "vitest";
import { type Loss, mri, SureGaussianLoss, SurePGLoss, SurePoissonLoss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  GaussianNoise,
  Inpainting,
  type NoiseModel,
  PoissonGaussianNoise,
  PoissonNoise,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cat, ones, type Tensor } from "../../ts/tensor/index.js";
import { call } from "./every.js";

beforeAll(() => init({ device: "cpu" }));

/** A network that is curved over the range of its images, as seen from their units. */
class Curved extends Module {
  constructor(readonly unit: number) {
    super();
  }
  forward(y: Tensor): Tensor {
    const x = y.div(this.unit);
    return x.mul(0.5).add(x.square().mul(0.2)).add(x.roll(1, 3).mul(0.1)).mul(this.unit);
  }
}

type Case = readonly [string, (sigma: number, gain: number) => NoiseModel, (sigma: number, gain: number) => Loss];
const cases: readonly Case[] = [
  ["SureGaussianLoss", (sigma) => new GaussianNoise({ sigma }), (sigma) => new SureGaussianLoss({ sigma })],
  ["SurePoissonLoss", (_, gain) => new PoissonNoise({ gain }), (_, gain) => new SurePoissonLoss({ gain })],
  [
    "SurePGLoss",
    (sigma, gain) => new PoissonGaussianNoise({ sigma, gain }),
    (sigma, gain) => new SurePGLoss({ sigma, gain, secondDerivative: true }),
  ],
  [
    "ENSURELoss",
    (sigma) => new GaussianNoise({ sigma }),
    (sigma) => new mri.ENSURELoss({ sigma, maskAverage: ones([1, 1, 1, 1]), tau: 1e-3 }),
  ],
];

describe("measurements of thousands of counts in float32", () => {
  it.each(cases)("%s: the value is that of float64, in the units of the image", (_, noise, make) => {
    const image = new Rng(1).uniform([2, 1, 24, 24], { dtype: "float64" }).add(0.2);
    for (const unit of [1, 300, 2e4, 65535, 1e7]) {
      const [sigma, gain] = [0.2 * unit, 0.2 * unit];
      const physics = new Inpainting({ imgSize: [1, 24, 24], mask: ones([24, 24]), noiseModel: noise(sigma, gain) });
      const value = (dtype: "float32" | "float64") => {
        const y = image.mul(unit).to("float32").to(dtype);
        const model = new Curved(unit);
        const loss = call(make(sigma, gain), { xNet: model.forward(y), y, physics, model, rng: new Rng(2) });
        return loss.to("float64").div(unit ** 2);
      };
      const error = value("float32").sub(value("float64")).abs().max().itemSync();
      expect(error, `unit ${unit}`).toBeLessThan(2e-3);
    }
  });

  it("an image has the step that its own values need, whatever the others of its batch", () => {
    const sigma = 0.1;
    const noiseModel = new GaussianNoise({ sigma });
    const physics = new Inpainting({ imgSize: [1, 24, 24], mask: ones([24, 24]), noiseModel });
    const image = new Rng(1).uniform([1, 1, 24, 24]).add(0.2);
    const model = new Curved(1);
    const first = (y: Tensor): number =>
      call(new SureGaussianLoss({ sigma }), {
        xNet: model.forward(y),
        y,
        physics,
        model,
        rng: new Rng(2),
      }).dataSync()[0] as number;
    // A stream gives the first image the same probe with or without a second one.
    expect(first(cat([image, image.mul(1e6)], 0))).toBe(first(image));
  });
});
