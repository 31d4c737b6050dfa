import { beforeAll, describe, expect, it } from "vitest";
import { mri } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  GaussianNoise,
  Inpainting,
  MRI,
  MultiplicativeSplittingMaskGenerator,
  PolyOrderMaskGenerator,
  type LinearPhysics,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import { average, image, repeat, SIDE, squaredError, TanhNet } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

describe("ENSURE", () => {
  it("is the weighted error of the measured part in the mean over noise and masks", () => {
    const x = image();
    const model = new TanhNet();
    const sigma = 0.2;
    const p = tensor(
      Float64Array.from({ length: SIDE * SIDE }, (_, i) => 0.35 + (0.65 * i) / (SIDE * SIDE - 1)),
      { shape: [1, 1, SIDE, SIDE] },
    );
    const loss = new mri.ENSURELoss({ sigma, maskAverage: p, tau: 1e-3 });
    const bias = average(
      (rng, batch) => {
        const clean = repeat(x, batch);
        const mask = rng.uniform(clean.shape, clean).lt(p).to("float64");
        const operator = new Inpainting({ imgSize: [1, SIDE, SIDE], mask, noiseModel: new GaussianNoise({ sigma }) });
        const y = operator.forward(clean, { rng });
        const xNet = model.forward(y);
        const weight = p.rsqrt().mul(mask);
        return loss
          .forward({ xNet, y, physics: operator, model, rng })
          .sub(squaredError(xNet.mul(weight), clean.mul(weight)));
      },
      { batch: 500, chunks: 60, seed: 1 },
    );
    expect(Math.abs(bias.mean)).toBeLessThan(3 * bias.se);
    // Leaving the weights out of the divergence costs 1.5e-2.
    expect(bias.se).toBeLessThan(3e-3);
  });
});

/** Bends the zero-filled image, so that the reconstruction depends on the mask and on the data. */
class Bent extends Module {
  forward(y: Tensor, physics?: unknown): Tensor {
    return (physics as LinearPhysics).AAdjoint(y).mul(1.5).tanh();
  }
}

describe("weighted splitting", () => {
  it("is, in the mean over both masks, the error in the columns that were not given to the network", () => {
    // The theorem (Millard, Chiew, 2023): given what the network sees, a column it does not see was measured with
    // probability 1 - K.
    const [height, width] = [3, 12];
    const imgSize = [2, height, width];
    const physicsGenerator = new PolyOrderMaskGenerator({
      imgSize,
      acceleration: 2,
      centerFraction: 0.1,
      polyOrder: 2,
    });
    const splitGenerator = new PolyOrderMaskGenerator({
      imgSize,
      acceleration: 1.5,
      centerFraction: 0.1,
      polyOrder: 1,
    });
    const maskGenerator = new MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator });
    const [pdf, pdfSplit] = [tensor(physicsGenerator.getPdf()), tensor(splitGenerator.getPdf())];
    const loss = new mri.WeightedSplittingLoss({ maskGenerator, pdf, pdfSplit });
    // Without weights: as if every column had been measured in the end.
    const plain = new mri.WeightedSplittingLoss({ maskGenerator, pdf: pdf.mul(0).add(1), pdfSplit });
    const x = new Rng(8).normal([1, ...imgSize], { dtype: "float64" });
    const whole = new MRI({ imgSize: [height, width] });
    const model = loss.adaptModel(new Bent());
    const biasOf = (tested: mri.WeightedSplittingLoss) =>
      average(
        (rng, batch) => {
          const clean = x.expand([batch, ...imgSize]).mul(1);
          const mask = (physicsGenerator.step(batch, { rng }).mask as Tensor).to("float64");
          const operator = new MRI({ mask });
          const y = operator.forward(clean, { rng });
          const xNet = model.forward(y, operator, { updateParameters: true, rng });
          const seen = (model.masks()[0] as Tensor).mul(mask);
          const error = whole.A(xNet.sub(clean)).mul(seen.neg().add(1));
          return tested.forward({ xNet, y, physics: operator, model }).sub(
            error
              .square()
              .reshape([batch, 2 * height * width])
              .mean(1),
          );
        },
        { batch: 500, chunks: 40, seed: 2 },
      );
    const bias = biasOf(loss);
    expect(Math.abs(bias.mean)).toBeLessThan(3 * bias.se);
    const unweighted = biasOf(plain);
    expect(Math.abs(unweighted.mean)).toBeGreaterThan(20 * unweighted.se);
  });
});
