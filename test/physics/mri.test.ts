import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { ArgumentError, ShapeError } from "../../ts/runtime/index.js";
import { grad, ones, zeros } from "../../ts/tensor/index.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

const float64 = { dtype: "float64" } as const;

describe("MRI over time and with several coils", () => {
  const operators: [string, (rng: Rng) => physics.LinearPhysics, number[]][] = [
    [
      "MultiCoilMRI",
      (rng) =>
        new physics.MultiCoilMRI({ mask: rng.bernoulli([5, 4], 0.6), coilMaps: normal(rng, [3, 5, 4, 2]), tol: 1e-12 }),
      [2, 2, 5, 4],
    ],
    ["DynamicMRI", (rng) => new physics.DynamicMRI({ mask: rng.bernoulli([3, 5, 4], 0.6) }), [2, 2, 3, 5, 4]],
    ["SequentialMRI", (rng) => new physics.SequentialMRI({ mask: rng.bernoulli([3, 5, 4], 0.6) }), [2, 2, 5, 4]],
    [
      "SequentialMRI with weights",
      (rng) => new physics.SequentialMRI({ mask: normal(rng, [1, 1, 3, 5, 4]) }),
      [2, 2, 5, 4],
    ],
  ];

  it.each(operators)("%s: the pseudo-inverse fits best and has no part in the null space", (_, make, size) => {
    const rng = new Rng(3);
    const operator = make(rng);
    const y = normal(rng, operator.A(normal(rng, size)).shape);
    const x = operator.ADagger(y);
    expect(operator.AAdjoint(operator.A(x).sub(y)).abs().max().itemSync()).toBeLessThan(1e-8);
    // A^+ A x is x, as x is in the range of A^T.
    expect(distance(operator.ADagger(operator.A(x)), x)).toBeLessThan(1e-8);
  });

  it.each(operators)("%s: proxL2 is where the gradient of its objective vanishes", (_, make, size) => {
    const rng = new Rng(4);
    const operator = make(rng);
    const z = normal(rng, size);
    const y = normal(rng, operator.A(z).shape);
    for (const gamma of [0.7, normal(rng, [2]).abs().add(0.2)]) {
      const x = operator.proxL2(z, y, gamma, { tol: 1e-12 });
      const step = typeof gamma === "number" ? gamma : gamma.reshape([2, ...size.slice(1).map(() => 1)]);
      const gradient = operator.AAdjoint(operator.A(x).sub(y)).mul(step).add(x).sub(z);
      expect(gradient.abs().max().itemSync()).toBeLessThan(1e-8);
    }
  });

  it("are differentiable to mask and sensitivities", () => {
    const rng = new Rng(5);
    const x = normal(rng, [2, 2, 3, 4]);
    const mask = ones([1, 2, 2, 3, 4], float64).requiresGrad_();
    const sequence = new physics.SequentialMRI({ mask });
    const [g] = grad(sequence.A(x).square().sum(), [mask]) as [typeof mask];
    // d/dm of m^2 |F x|^2 at m = 1, summed over the batch.
    const twice = sequence.A(x).square().sum(0, true).mul(2);
    expect(distance(g, twice)).toBeLessThan(1e-10);
    const coilMaps = normal(rng, [1, 2, 3, 4, 2]).requiresGrad_();
    const coils = new physics.MultiCoilMRI({ imgSize: [3, 4], coilMaps });
    const [gm] = grad(coils.A(x).square().sum(), [coilMaps]) as [typeof coilMaps];
    // Without undersampling |A x|^2 = sum |s|^2 |x|^2.
    const energy = x.square().sum(1).sum(0).reshape([1, 1, 3, 4, 1]);
    expect(distance(gm, coilMaps.detach().mul(energy).mul(2))).toBeLessThan(1e-9);
  });

  it("SequentialMRI: one mask serves a batch; the average counts each frequency once", () => {
    const rng = new Rng(6);
    const mask = rng.bernoulli([1, 1, 4, 5, 3], 0.5);
    const operator = new physics.SequentialMRI({ mask });
    const x = normal(rng, [3, 2, 5, 3]);
    const y = operator.A(x);
    expect(y.shape).toEqual([3, 2, 4, 5, 3]);
    const zeroFilled = operator.toStatic().AAdjoint(operator.toStatic().A(x));
    expect(distance(operator.toStatic().AAdjoint(operator.average(y)), zeroFilled)).toBeLessThan(1e-12);
    // Frames overlap here, so that the transpose is another image.
    expect(distance(operator.AAdjoint(y), zeroFilled)).toBeGreaterThan(0.1);
    expect(operator.AAdjoint(y, { keepTimeDim: true }).shape).toEqual([3, 2, 4, 5, 3]);
    expect(distance(operator.AAdjoint(y, { keepTimeDim: true }).sum(2), operator.AAdjoint(y))).toBeLessThan(1e-12);
  });

  it("DynamicMRI: frame by frame it is MRI; no noise where nothing is sampled", () => {
    const rng = new Rng(7);
    const mask = rng.bernoulli([1, 1, 3, 4, 5], 0.5);
    const operator = new physics.DynamicMRI({ mask, noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });
    const x = normal(rng, [2, 2, 3, 4, 5]);
    const frames = x.permute([0, 2, 1, 3, 4]).reshape([6, 2, 4, 5]);
    const framewise = operator.toFrames(2).A(frames).reshape([2, 3, 2, 4, 5]).permute([0, 2, 1, 3, 4]);
    expect(distance(operator.A(x), framewise)).toBeLessThan(1e-12);
    expect(operator.forward(x, { rng }).mul(mask.to("float64").neg().add(1)).abs().max().itemSync()).toBe(0);
  });

  it("MultiCoilMRI: birdcage maps have unit energy and are found again from the centre of k-space", () => {
    const maps = physics.MultiCoilMRI.simulateBirdcageCsm(4, [24, 20]);
    expect(maps.shape).toEqual([4, 24, 20, 2]);
    expect(distance(maps.square().sum([0, 3]), ones([24, 20]))).toBeLessThan(1e-5);
    const operator = new physics.MultiCoilMRI({ imgSize: [24, 20], coilMaps: 4 });
    expect(distance(operator.coilMaps, maps.unsqueeze(0))).toBe(0);
    const x = ones([1, 2, 24, 20]).mul(Math.SQRT1_2);
    expect(distance(operator.AAdjoint(operator.A(x), { rss: true }), ones([1, 1, 24, 20]))).toBeLessThan(1e-5);
    const estimate = physics.MultiCoilMRI.estimateCoilMaps(operator.A(x));
    expect(distance(estimate.square().sum([1, 4]), ones([1, 24, 20]))).toBeLessThan(1e-4);
    // Magnitudes; the phase of the image goes into the estimate.
    const size = (t: typeof maps) =>
      t
        .square()
        .sum(t.shape.length - 1)
        .sqrt()
        .slice([...t.shape.slice(0, -3).map(() => 0), 8, 6], [...t.shape.slice(0, -3), 16, 14]);
    expect(distance(size(estimate), size(maps.unsqueeze(0)))).toBeLessThan(0.1);
  });

  it("name what does not fit", () => {
    expectError(() => new physics.DynamicMRI({}), ArgumentError, "missing_argument", "DynamicMRI", "mask");
    expectError(
      () => new physics.SequentialMRI({ imgSize: [4, 4] }),
      ArgumentError,
      "missing_argument",
      "SequentialMRI",
    );
    expectError(
      () => new physics.DynamicMRI({ imgSize: [2, 4, 4] }).A(zeros([1, 2, 4, 4])),
      ShapeError,
      "shape_mismatch",
      "frames",
    );
    expectError(
      () => new physics.DynamicMRI({ imgSize: [2, 4, 4] }).A(zeros([1, 2, 3, 4, 4])),
      ShapeError,
      "shape_mismatch",
      "mask",
    );
    expectError(
      () => new physics.SequentialMRI({ imgSize: [2, 4, 4] }).A(zeros([1, 2, 4, 5])),
      ShapeError,
      "shape_mismatch",
      "mask",
    );
    expectError(
      () => new physics.MultiCoilMRI({ coilMaps: zeros([4, 4, 3]) }),
      ArgumentError,
      "invalid_argument",
      "coilMaps",
      "real and imaginary",
    );
    expectError(() => new physics.MultiCoilMRI({ coilMaps: 0 }), ArgumentError, "invalid_argument", "coilMaps");
    expectError(
      () => new physics.MultiCoilMRI({ mask: ones([4, 4]), coilMaps: zeros([2, 4, 5, 2]) }),
      ShapeError,
      "shape_mismatch",
      "agree",
    );
    const coils = new physics.MultiCoilMRI({ imgSize: [4, 4], coilMaps: 3 });
    expectError(() => coils.A(zeros([1, 2, 4, 5])), ShapeError, "shape_mismatch", "MultiCoilMRI.A");
    expectError(() => coils.AAdjoint(zeros([1, 2, 2, 4, 4])), ShapeError, "shape_mismatch", "MultiCoilMRI.AAdjoint");
  });
});
