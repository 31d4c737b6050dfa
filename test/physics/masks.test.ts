import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { ArgumentError } from "../../ts/runtime/index.js";
import { full, ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";
import { weightedCases } from "./weighted.js";

beforeAll(start);

/** Where an operator measures, as ones and zeros of the shape of a measurement. */
const measuredBy = (operator: physics.LinearPhysics, y: Tensor): Tensor =>
  (operator.measured(y) as Tensor).add(y.mul(0));

/** The root mean square of the entries that a 0/1 mask selects, and their number. */
function rms(t: Tensor, measured: Tensor): { value: number; count: number } {
  const count = measured.sum().itemSync();
  return { value: Math.sqrt(t.mul(measured).square().sum().itemSync() / count), count };
}

describe("masks with weights", () => {
  it("Inpainting with a mask of 0.5 gives half the image, and the pseudo-inverse the image", () => {
    const x = normal(new Rng(1), [2, 1, 4, 4]);
    const operator = new physics.Inpainting({ imgSize: [1, 4, 4], mask: full([1, 4, 4], 0.5) });
    expect(distance(operator.forward(x), x.mul(0.5))).toBe(0);
    expect(distance(operator.ADagger(operator.forward(x)), x)).toBe(0);
  });

  it.each(weightedCases)("$name: forward is A(x) where there is no noise", ({ make, size }) => {
    const rng = new Rng(2);
    const operator = make(rng);
    const x = normal(rng, size);
    expect(distance(operator.forward(x), operator.A(x))).toBe(0);
  });

  it.each(weightedCases)("$name: the noise has its own level where the mask is not 0, and is 0 elsewhere", (given) => {
    const rng = new Rng(3);
    const sigma = 0.1;
    const operator = given.make(rng, new physics.GaussianNoise({ sigma }));
    const x = normal(rng, given.size);
    const clean = operator.A(x);
    const measured = measuredBy(operator, clean);
    expect(distance(clean.ne(0).mul(1), measured)).toBe(0);
    const noise = Array.from({ length: 100 }, () => operator.forward(x, { rng }).sub(clean));
    for (const n of noise) expect(n.mul(measured.neg().add(1)).abs().max().itemSync()).toBe(0);
    const count = 100 * rms(clean, measured).count;
    const variance = noise.map((n) => rms(n, measured).value ** 2).reduce((a, b) => a + b) / 100;
    // The variance of a sample of n normal numbers is known within a factor 1 +- sqrt(2 / n).
    expect(Math.abs(variance / sigma ** 2 - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
  });

  it.each(weightedCases)("$name: A A^+ A = A, and A^+ A keeps an image of the range of A^T", ({ make, size }) => {
    const rng = new Rng(4);
    const operator = make(rng);
    const clean = operator.A(normal(rng, size));
    const back = operator.ADagger(clean, { maxIter: 2000, tol: 1e-12 });
    expect(distance(operator.A(back), clean)).toBeLessThan(1e-6);
    const image = operator.AAdjoint(normal(rng, clean.shape));
    const again = operator.ADagger(operator.A(image), { maxIter: 2000, tol: 1e-12 });
    expect(distance(again, image)).toBeLessThan(1e-5 * (1 + image.abs().max().itemSync()));
  });

  it("the pseudo-inverse inverts small weights, too, and gives 0 where the mask is 0", () => {
    const mask = tensor([1e-6, 0, -2, 1e-30], { dtype: "float64" }).reshape([1, 1, 4]);
    const operator = new physics.Inpainting({ imgSize: [1, 1, 4], mask });
    const x = tensor([1, 2, 3, 4], { dtype: "float64" }).reshape([1, 1, 1, 4]);
    const expected = tensor([1, 0, 3, 4], { dtype: "float64" }).reshape([1, 1, 1, 4]);
    expect(distance(operator.ADagger(operator.A(x)), expected)).toBeLessThan(1e-12);
    // The rounding error of a computed singular value is not inverted.
    const computed = new physics.DecomposablePhysics({ mask: tensor([1, 1e-7]) });
    expect(Array.from(computed.ADagger(ones([1, 2])).dataSync())).toEqual([1, 0]);
  });
});

describe("noise", () => {
  it("of a masked operator alone: the noise model's where something is measured, 0 elsewhere, not weighted", () => {
    const mask = tensor([0.5, 0, 2, 1]).reshape([1, 1, 4]);
    const noiseModel = new physics.GaussianNoise({ sigma: 0.1 });
    const y = ones([1, 1, 1, 4]);
    const noisy = new physics.Inpainting({ imgSize: [1, 1, 4], mask, noiseModel }).noise(y, { rng: new Rng(5) });
    const expected = noiseModel.forward(y, { rng: new Rng(5) }).mul(mask.ne(0));
    expect(distance(noisy, expected)).toBe(0);
    expect(noisy.dataSync()[1]).toBe(0);
  });

  it("refuses what is no measurement, and takes null as no options", () => {
    const mask = ones([4, 4]);
    for (const operator of [
      new physics.Inpainting({ imgSize: [1, 4, 4], mask }),
      new physics.MRI({ mask }),
      new physics.MultiCoilMRI({ mask }),
      new physics.SequentialMRI({ mask: ones([2, 4, 4]) }),
    ]) {
      for (const wrong of [undefined, "y", 3]) {
        expectError(() => operator.measured(wrong as never), ArgumentError, "invalid_argument", "measured");
        expectError(() => operator.noise(wrong as never), ArgumentError, "invalid_argument", "y must be a Tensor");
      }
    }
    const denoising = new physics.Denoising();
    const x = ones([1, 1, 4, 4]);
    expect(denoising.forward(x, null as never).shape).toEqual(x.shape);
    expect(denoising.noise(x, { rng: null, clipPositive: null } as never).shape).toEqual(x.shape);
    expect(denoising.noiseModel.forward(x, null as never).shape).toEqual(x.shape);
    expect(new physics.StackedPhysics({ list: [denoising] }).forward(x, null as never).length).toBe(1);
  });

  it("of a stack: each operator's own", () => {
    const noiseModel = new physics.GaussianNoise({ sigma: 0.1 });
    const mask = tensor([0.5, 0, 2, 1]).reshape([1, 1, 4]);
    const list = [
      new physics.Inpainting({ imgSize: [1, 1, 4], mask, noiseModel }),
      new physics.Denoising({ noiseModel }),
    ];
    const y = new physics.StackedLinearPhysics({ list }).forward(ones([1, 1, 1, 4]), { rng: new Rng(6) });
    expect(y.at(0).dataSync()[1]).toBe(0);
    expect(y.at(1).dataSync()[1]).not.toBe(1);
  });

  it("of a composition is that of its last operator, also where this one has a method of its own", () => {
    class Striped extends physics.Denoising {
      override noise(y: Tensor): Tensor {
        return y.mul(tensor([1, -1]));
      }
    }
    for (const last of [new Striped().compose(new physics.Denoising()), composedPlainly(new Striped())])
      expect(Array.from(last.forward(ones([1, 1, 1, 2])).dataSync())).toEqual([1, -1]);
    const virtual = new physics.VirtualLinearPhysics({
      physics: new Striped() as physics.LinearPhysics,
      transform: { transform: (x) => x, inverse: (x) => x },
      params: {},
    });
    expect(Array.from(virtual.forward(ones([1, 1, 1, 2])).dataSync())).toEqual([1, -1]);
  });

  it("of a composition follows updates of a copy, and leaves the original as it is", () => {
    const masking = new physics.Inpainting({
      imgSize: [1, 1, 4],
      mask: ones([1, 1, 4]),
      noiseModel: new physics.GaussianNoise({ sigma: 0 }),
      sensorModel: (y) => y.clamp(-1, 1),
    });
    for (const make of [() => masking.compose(new physics.Denoising()), () => composedPlainly(masking)]) {
      const original = make();
      const copy = original.clone();
      copy.update({ sigma: 3, mask: tensor([1, 0, 1, 1]).reshape([1, 1, 4]) });
      const x = full([1, 1, 1, 4], 0.5);
      expect(distance(original.forward(x), x)).toBe(0);
      const y = copy.forward(x, { rng: new Rng(7) });
      expect(y.dataSync()[1]).toBe(0);
      expect(y.dataSync()[0]).not.toBe(0.5);
      expect(y.abs().max().itemSync()).toBeLessThanOrEqual(1);
    }
  });
});

/** A composition that is not known to be linear. */
function composedPlainly(last: physics.Physics): physics.Physics {
  return physics.compose(new physics.Physics({ A: (x) => x }), last);
}
