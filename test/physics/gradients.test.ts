import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { gradcheck, gradgradcheck } from "../../ts/testing/index.js";
import { ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { normal, Rng, start } from "./helpers.js";
import { filter, operatorCases, paddings } from "./operators.js";

beforeAll(start);

const entries = (size: readonly number[]): number => size.reduce((a, b) => a * b, 1);

describe("derivatives with respect to the input", () => {
  it.each(operatorCases.filter(({ size }) => entries(size) <= 90))("$name: A, its transpose and proximal operator", ({ make, size }) => {
    const rng = new Rng(1);
    const operator = make(rng);
    const x = normal(rng, size);
    const y = normal(rng, operator.A(x).shape);
    expect(gradcheck((u) => operator.A(u), [x])).toBe(true);
    expect(gradcheck((v) => operator.AAdjoint(v), [y])).toBe(true);
    // Enough iterations that the solver has converged: then it is linear in both.
    expect(gradcheck((z, v) => operator.proxL2(z, v, 0.7, { maxIter: 300, tol: 1e-14 }), [x, y], { step: 1e-3 })).toBe(true);
  });

  it("of a loss through the operator and back, twice", () => {
    const rng = new Rng(2);
    for (const operator of [new physics.Blur({ filter: filter(rng, [1, 1, 3, 2]), padding: "reflect" }), new physics.Tomography({ angles: 3, imgWidth: 3, normalize: false })]) {
      const y = operator.A(normal(rng, [1, 1, 3, 3]));
      expect(gradgradcheck((x) => operator.AAdjoint(operator.A(x).sub(y).pow(3)), [normal(rng, [1, 1, 3, 3])])).toBe(true);
    }
  });
});

/** An operator whose parameter is to be learnt, and values to start from. */
interface Learnable {
  name: string;
  parameter: string;
  operator: physics.LinearPhysics;
  value: Tensor;
  size: number[];
}

const shapes = [[1, 1], [1, 2], [2, 1], [2, 2]] as const;

function learnable(): Learnable[] {
  const rng = new Rng(3);
  return [
    ...paddings.flatMap((padding) =>
      shapes.map(([b, c]) => ({
        name: `Blur ${padding} [${b}, ${c}]`,
        parameter: "filter",
        operator: new physics.Blur({ padding }),
        value: filter(rng, [b, c, 3, 2]),
        size: [2, 2, 4, 3],
      })),
    ),
    ...shapes.map(([b, c]) => ({
      name: `BlurFFT [${b}, ${c}]`,
      parameter: "filter",
      operator: new physics.BlurFFT({ imgSize: [2, 4, 3] }),
      value: filter(rng, [b, c, 3, 2]),
      size: [2, 2, 4, 3],
    })),
    { name: "BlurFFT, larger than the image", parameter: "filter", operator: new physics.BlurFFT({ imgSize: [1, 2, 3] }), value: filter(rng, [1, 1, 4, 5]), size: [1, 1, 2, 3] },
    // The response of a mean over two pixels vanishes at the highest frequency.
    { name: "BlurFFT, response with zeros", parameter: "filter", operator: new physics.BlurFFT({ imgSize: [1, 4, 4] }), value: ones([1, 1, 2, 2], { dtype: "float64" }).div(4), size: [1, 1, 4, 4] },
    { name: "Downsampling", parameter: "filter", operator: new physics.Downsampling({ imgSize: [1, 5, 4], factor: 2 }), value: filter(rng, [1, 1, 3, 3]), size: [2, 1, 5, 4] },
    { name: "Inpainting", parameter: "mask", operator: new physics.Inpainting({ imgSize: [2, 3, 2] }), value: normal(rng, [2, 2, 3, 2]), size: [2, 2, 3, 2] },
    { name: "MRI", parameter: "mask", operator: new physics.MRI({ mask: ones([3, 2]) }), value: normal(rng, [3, 2]), size: [2, 2, 3, 2] },
    { name: "DynamicMRI", parameter: "mask", operator: new physics.DynamicMRI({ mask: ones([2, 3, 2]) }), value: normal(rng, [2, 3, 2]), size: [1, 2, 2, 3, 2] },
    { name: "SequentialMRI", parameter: "mask", operator: new physics.SequentialMRI({ mask: ones([2, 3, 2]) }), value: normal(rng, [2, 3, 2]), size: [2, 2, 3, 2] },
    { name: "MultiCoilMRI", parameter: "coilMaps", operator: new physics.MultiCoilMRI({ imgSize: [3, 2], coilMaps: 2 }), value: normal(rng, [2, 3, 2, 2]), size: [2, 2, 3, 2] },
    { name: "MultiCoilMRI", parameter: "mask", operator: new physics.MultiCoilMRI({ imgSize: [3, 2], coilMaps: 2 }), value: normal(rng, [3, 2]), size: [2, 2, 3, 2] },
  ];
}

describe("derivatives with respect to a parameter of the operator", () => {
  it("are right for every operator that has one", () => {
    for (const { name, parameter, operator, value, size } of learnable()) {
      const rng = new Rng(4);
      operator.update({ [parameter]: value });
      const x = normal(rng, size);
      const y = normal(rng, operator.A(x).shape);
      const withValue = (f: () => Tensor) => (v: Tensor) => {
        operator.update({ [parameter]: v });
        return f();
      };
      try {
        gradcheck(withValue(() => operator.A(x)), [value]);
        gradcheck(withValue(() => operator.AAdjoint(y)), [value]);
        gradcheck(withValue(() => operator.proxL2(x, y, 0.7, { maxIter: 200, tol: 1e-14 })), [value], { step: 1e-4 });
      } catch (error) {
        throw new Error(`${name}, ${parameter}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  });

  it("reach a noise level", () => {
    const rng = new Rng(5);
    const x = normal(rng, [2, 1, 2, 2]).abs().add(0.1);
    const levels: readonly [physics.NoiseModel, string][] = [
      [new physics.GaussianNoise(), "sigma"],
      [new physics.UniformNoise(), "a"],
      [new physics.LaplaceNoise(), "b"],
      [new physics.RicianNoise(), "sigma"],
    ];
    for (const [noise, name] of levels) {
      gradcheck((level) => noise.forward(x, { [name]: level, rng: new Rng(6) }), [tensor(Float64Array.of(0.3, 0.5))]);
    }
  });
});
