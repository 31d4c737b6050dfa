import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { gradcheck, gradgradcheck } from "../../ts/testing/index.js";
import { grad, ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { normal, Rng, start } from "./helpers.js";
import { filter, operatorCases, paddings } from "./operators.js";

beforeAll(start);

/** Enough iterations that an iterative solver has converged. */
const EXACT = { maxIter: 300, tol: 1e-9 };

/**
 * The derivative of a random projection of `f` along a random direction, from the tape and by central differences: for
 * a wrong gradient they differ with probability one.
 */
function expectSlope(f: (x: Tensor) => Tensor, at: Tensor, rng: Rng, step: number, where: string): void {
  const leaf = at.detach().requiresGrad_();
  const value = f(leaf);
  const weights = normal(rng, value.shape);
  const direction = normal(rng, at.shape);
  const [g] = grad(value.mul(weights).sum(), [leaf]) as [Tensor];
  const along = (shift: number): number =>
    f(at.add(direction.mul(shift)))
      .mul(weights)
      .sum()
      .itemSync();
  const numeric = (along(step) - along(-step)) / (2 * step);
  expect(Math.abs(g.mul(direction).sum().itemSync() - numeric), where).toBeLessThan(1e-5 * (1 + Math.abs(numeric)));
}

describe("derivatives with respect to the input", () => {
  it.each(operatorCases)("$name: A, its transpose, its inverse and its proximal operator", ({ name, make, size }) => {
    const rng = new Rng(1);
    const operator = make(rng);
    const x = normal(rng, size);
    const y = normal(rng, operator.A(x).shape);
    // These are linear: a long step has no error of its own.
    expectSlope((u) => operator.A(u), x, rng, 1, `A of ${name}`);
    expectSlope((v) => operator.AAdjoint(v), y, rng, 1, `AAdjoint of ${name}`);
    expectSlope((z) => operator.proxL2(z, y, 0.1, EXACT), x, rng, 1, `proxL2 of ${name}, by z`);
    expectSlope((v) => operator.proxL2(x, v, 0.1, EXACT), y, rng, 1, `proxL2 of ${name}, by y`);
    if (operator instanceof physics.DecomposablePhysics)
      expectSlope((v) => operator.ADagger(v), y, rng, 1, `ADagger of ${name}`);
  });

  it("of a loss through the operator and back, twice", () => {
    const rng = new Rng(2);
    for (const operator of [
      new physics.Blur({ filter: filter(rng, [1, 1, 3, 2]), padding: "reflect" }),
      new physics.Tomography({ angles: 3, imgWidth: 3, normalize: false }),
    ]) {
      const y = operator.A(normal(rng, [1, 1, 3, 3]));
      expect(gradgradcheck((x) => operator.AAdjoint(operator.A(x).sub(y).pow(3)), [normal(rng, [1, 1, 3, 3])])).toBe(
        true,
      );
    }
  });
});

/** An operator whose parameter is to be learnt, and values to start from. */
interface Learnable {
  name: string;
  parameter: string;
  make: () => physics.LinearPhysics;
  shape: number[];
  size: number[];
}

const shapes = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
] as const;
const learnable: Learnable[] = [
  ...paddings.flatMap((padding) =>
    shapes.map(([b, c]) => ({
      name: `Blur ${padding} [${b}, ${c}]`,
      parameter: "filter",
      make: () => new physics.Blur({ padding }),
      shape: [b, c, 3, 2],
      size: [2, 2, 4, 3],
    })),
  ),
  {
    name: "Blur by Fourier transforms",
    parameter: "filter",
    make: () => new physics.Blur({ padding: "replicate", useFft: true }),
    shape: [2, 2, 3, 2],
    size: [2, 2, 4, 3],
  },
  ...shapes.map(([b, c]) => ({
    name: `BlurFFT [${b}, ${c}]`,
    parameter: "filter",
    make: () => new physics.BlurFFT({ imgSize: [2, 4, 3] }),
    shape: [b, c, 3, 2],
    size: [2, 2, 4, 3],
  })),
  {
    name: "BlurFFT, larger than the image",
    parameter: "filter",
    make: () => new physics.BlurFFT({ imgSize: [1, 2, 3] }),
    shape: [1, 1, 4, 5],
    size: [1, 1, 2, 3],
  },
  {
    name: "Downsampling, iterative",
    parameter: "filter",
    make: () => new physics.Downsampling({ imgSize: [1, 5, 4], factor: 2 }),
    shape: [1, 1, 3, 3],
    size: [2, 1, 5, 4],
  },
  {
    name: "Downsampling, closed form",
    parameter: "filter",
    make: () => new physics.Downsampling({ imgSize: [1, 4, 6], factor: 2 }),
    shape: [1, 1, 3, 3],
    size: [2, 1, 4, 6],
  },
  {
    name: "Inpainting",
    parameter: "mask",
    make: () => new physics.Inpainting({ imgSize: [2, 3, 2] }),
    shape: [2, 2, 3, 2],
    size: [2, 2, 3, 2],
  },
  {
    name: "MRI",
    parameter: "mask",
    make: () => new physics.MRI({ mask: ones([3, 2]) }),
    shape: [3, 2],
    size: [2, 2, 3, 2],
  },
  {
    name: "DynamicMRI",
    parameter: "mask",
    make: () => new physics.DynamicMRI({ mask: ones([2, 3, 2]) }),
    shape: [2, 3, 2],
    size: [1, 2, 2, 3, 2],
  },
  {
    name: "SequentialMRI",
    parameter: "mask",
    make: () => new physics.SequentialMRI({ mask: ones([2, 3, 2]) }),
    shape: [2, 3, 2],
    size: [2, 2, 3, 2],
  },
  {
    name: "MultiCoilMRI",
    parameter: "coilMaps",
    make: () => new physics.MultiCoilMRI({ imgSize: [3, 2], coilMaps: 2 }),
    shape: [2, 3, 2, 2],
    size: [2, 2, 3, 2],
  },
  {
    name: "MultiCoilMRI",
    parameter: "mask",
    make: () => new physics.MultiCoilMRI({ imgSize: [3, 2], coilMaps: 2 }),
    shape: [3, 2],
    size: [2, 2, 3, 2],
  },
];

describe("derivatives with respect to a parameter of the operator", () => {
  it.each(learnable)("$name: its $parameter", ({ name, parameter, make, shape, size }) => {
    const rng = new Rng(4);
    const operator = make();
    const value = parameter === "filter" ? filter(rng, shape) : normal(rng, shape);
    operator.update({ [parameter]: value });
    const x = normal(rng, size);
    const y = normal(rng, operator.A(x).shape);
    const withValue = (f: () => Tensor) => (v: Tensor) => {
      operator.update({ [parameter]: v });
      return f();
    };
    expectSlope(
      withValue(() => operator.A(x)),
      value,
      rng,
      1,
      `A of ${name}`,
    );
    expectSlope(
      withValue(() => operator.AAdjoint(y)),
      value,
      rng,
      1,
      `AAdjoint of ${name}`,
    );
    expectSlope(
      withValue(() => operator.proxL2(x, y, 0.1, EXACT)),
      value,
      rng,
      1e-4,
      `proxL2 of ${name}`,
    );
  });

  it("also where the response of a filter vanishes", () => {
    // A mean over two pixels has none at the highest frequency.
    const operator = new physics.BlurFFT({ imgSize: [1, 4, 4] });
    const x = normal(new Rng(5), [1, 1, 4, 4]);
    const value = ones([1, 1, 2, 2], { dtype: "float64" }).div(4);
    for (const map of [
      (v: Tensor) => operator.A(v),
      (v: Tensor) => operator.AAdjoint(v),
      (v: Tensor) => operator.proxL2(v, x, 2),
    ]) {
      const f = (v: Tensor) => {
        operator.update({ filter: v });
        return map(x);
      };
      expect(gradcheck(f, [value])).toBe(true);
    }
  });

  it("reach a noise level", () => {
    const rng = new Rng(6);
    const x = normal(rng, [2, 1, 2, 2]).abs().add(0.1);
    const levels: readonly [physics.NoiseModel, string][] = [
      [new physics.GaussianNoise(), "sigma"],
      [new physics.UniformNoise(), "a"],
      [new physics.LaplaceNoise(), "b"],
      [new physics.RicianNoise(), "sigma"],
    ];
    for (const [noise, name] of levels) {
      expect(
        gradcheck((level) => noise.forward(x, { [name]: level, rng: new Rng(7) }), [tensor(Float64Array.of(0.3, 0.5))]),
      ).toBe(true);
    }
  });
});
