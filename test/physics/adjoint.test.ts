import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { ones, tensor } from "../../ts/tensor/index.js";
import { distance, normal, Rng, start } from "./helpers.js";
import { filter, operatorCases, paddings } from "./operators.js";

beforeAll(start);

describe("adjoint", () => {
  it.each(operatorCases)("$name: <A x, y> = <x, A^T y>", ({ make, size }) => {
    const rng = new Rng(1);
    const operator = make(rng);
    const x = normal(rng, size);
    const y = normal(rng, operator.A(x).shape);
    const left = operator.A(x).mul(y).sum().itemSync();
    const right = operator.AAdjoint(y).mul(x).sum().itemSync();
    expect(Math.abs(left - right)).toBeLessThan(1e-6 * (1 + Math.abs(left)));
    expect(Math.abs(operator.adjointnessTest(x, { rng }).itemSync())).toBeLessThan(1e-5);
  });

  it.each(operatorCases)("$name: A^T A and A A^T are what they say", ({ make, size }) => {
    const rng = new Rng(2);
    const operator = make(rng);
    const x = normal(rng, size);
    const y = operator.A(normal(rng, size));
    expect(
      operator
        .AAdjointA(x)
        .sub(operator.AAdjoint(operator.A(x)))
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-5);
    expect(
      operator
        .AAAdjoint(y)
        .sub(operator.A(operator.AAdjoint(y)))
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-5);
  });

  it.each(operatorCases)("$name: the proximal operator is stationary", ({ make, size }) => {
    const rng = new Rng(3);
    const operator = make(rng);
    const z = normal(rng, size);
    const y = normal(rng, operator.A(z).shape);
    for (const gamma of [
      0.7,
      normal(rng, [size[0] as number])
        .abs()
        .add(0.1),
    ]) {
      const u = operator.proxL2(z, y, gamma);
      const step = typeof gamma === "number" ? gamma : gamma.reshape([-1, ...size.slice(1).map(() => 1)]);
      // gamma A^T (A u - y) + u - z = 0
      const slope = operator.AAdjoint(operator.A(u).sub(y)).mul(step).add(u).sub(z);
      expect(slope.abs().max().itemSync()).toBeLessThan(1e-4);
    }
  });

  it.each(operatorCases)("$name: the pseudo-inverse solves the normal equations", ({ make, size }) => {
    const rng = new Rng(4);
    const operator = make(rng);
    const y = normal(rng, operator.A(normal(rng, size)).shape);
    const x = operator.ADagger(y, { maxIter: 2000, tol: 1e-9 });
    const back = operator.AAdjoint(y);
    const residual = operator.AAdjointA(x).sub(back).abs().max().itemSync();
    expect(residual).toBeLessThan(1e-4 * (1 + back.abs().max().itemSync()));
    // Least norm: x is in the range of A^T, so it is the pseudo-inverse of A x.
    const again = operator.ADagger(operator.A(x), { maxIter: 2000, tol: 1e-9 });
    expect(again.sub(x).abs().max().itemSync()).toBeLessThan(1e-3 * (1 + x.abs().max().itemSync()));
  });
});

describe("the proximal operator where gamma is large", () => {
  const closed: readonly [string, (rng: Rng) => physics.LinearPhysics, number[]][] = [
    ["Denoising", () => new physics.Denoising(), [2, 2, 3, 4]],
    ["Inpainting", (rng) => new physics.Inpainting({ imgSize: [1, 4, 5], mask: 0.5, rng }), [2, 1, 4, 5]],
    ["Decolorize", () => new physics.Decolorize(), [2, 3, 3, 2]],
    ["MRI", (rng) => new physics.MRI({ mask: rng.bernoulli([5, 4], 0.5) }), [2, 2, 5, 4]],
    ["DynamicMRI", (rng) => new physics.DynamicMRI({ mask: rng.bernoulli([3, 5, 4], 0.5) }), [2, 2, 3, 5, 4]],
    ["SequentialMRI", (rng) => new physics.SequentialMRI({ mask: rng.bernoulli([3, 5, 4], 0.5) }), [2, 2, 5, 4]],
    ["SinglePixelCamera", () => new physics.SinglePixelCamera({ m: 5, imgSize: [1, 2, 4] }), [2, 1, 2, 4]],
    // A mean over 2 x 2 pixels does not see some frequencies.
    ["BlurFFT", () => new physics.BlurFFT({ imgSize: [1, 4, 6], filter: ones([1, 1, 2, 2]).div(4) }), [2, 1, 4, 6]],
    ["Downsampling", () => new physics.Downsampling({ imgSize: [1, 4, 6], filter: "bilinear" }), [2, 1, 4, 6]],
  ];

  it.each(closed)("of %s loses no digits in float32", (_, make, size) => {
    const rng = new Rng(10);
    const operator = make(rng);
    const z = normal(rng, size);
    const y = operator.A(normal(rng, size));
    for (const gamma of [1e4, 1e8, tensor([1e-6, 1e6])]) {
      const short = operator.proxL2(z.to("float32"), y.to("float32"), gamma).to("float64");
      expect(distance(short, operator.proxL2(z, y, gamma))).toBeLessThan(1e-5);
    }
    // Far beyond what float32 holds, it is the projection onto A u = y.
    const projected = operator.proxL2(z.to("float32"), y.to("float32"), 1e300).to("float64");
    expect(distance(projected, operator.proxL2(z, y, 1e8))).toBeLessThan(1e-5);
  });
});

describe("least squares", () => {
  it("gives the same as the closed form of BlurFFT", () => {
    const rng = new Rng(5);
    const w = rng.uniform([1, 1, 3, 3], { dtype: "float64" });
    const closed = new physics.BlurFFT({ imgSize: [1, 6, 5], filter: w });
    const iterative = new physics.Blur({ filter: w, padding: "circular" });
    const y = normal(rng, [2, 1, 6, 5]);
    expect(closed.A(y).sub(iterative.A(y)).abs().max().itemSync()).toBeLessThan(1e-6);
    expect(
      closed
        .proxL2(0, y, 2)
        .sub(iterative.proxL2(0, y, 2))
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-4);
    expect(
      closed
        .ADagger(y)
        .sub(iterative.ADagger(y, { maxIter: 500, tol: 1e-12 }))
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-3);
  });

  it("gives the same blur in space and by Fourier transforms", () => {
    const rng = new Rng(9);
    for (const padding of paddings) {
      for (const [b, c, h, w] of [
        [1, 1, 5, 4],
        [2, 1, 3, 3],
        [1, 3, 2, 6],
        [2, 3, 1, 1],
      ] as const) {
        const taps = filter(rng, [b, c, h, w]);
        const [inSpace, byFft] = [
          new physics.Blur({ filter: taps, padding }),
          new physics.Blur({ filter: taps, padding, useFft: true }),
        ];
        const x = normal(rng, [2, 3, 7, 8]);
        expect(byFft.A(x).sub(inSpace.A(x)).abs().max().itemSync()).toBeLessThan(1e-10);
        const y = normal(rng, inSpace.A(x).shape);
        expect(byFft.AAdjoint(y).sub(inSpace.AAdjoint(y)).abs().max().itemSync()).toBeLessThan(1e-10);
      }
    }
  });

  it("is exact where A is zero, and for each batch element alone", () => {
    const zero = new physics.LinearPhysics({ A: (x) => x.mul(0), AAdjoint: (y) => y.mul(0) });
    const y = ones([2, 3]);
    expect(zero.ADagger(y).abs().max().itemSync()).toBe(0);
    expect(zero.proxL2(2, y, 1).sub(2).abs().max().itemSync()).toBe(0);
  });

  it("finds the norm of an operator", () => {
    const double = new physics.LinearPhysics({ A: (x) => x.mul(2), AAdjoint: (y) => y.mul(2) });
    const rng = new Rng(6);
    expect(double.computeNorm(ones([1, 1, 4, 4]), { rng }).itemSync()).toBeCloseTo(4, 4);
    expect(double.computeNorm(ones([1, 1, 4, 4]), { rng, squared: false }).itemSync()).toBeCloseTo(2, 4);
  });

  it("finds the norm of an operator in small units as well", () => {
    const filter = new Rng(7).uniform([1, 1, 3, 3]);
    const norm = (unit: number) =>
      new physics.Blur({ filter: filter.mul(unit), padding: "reflect" })
        .computeNorm(ones([1, 1, 9, 8], { dtype: "float64" }), { rng: new Rng(8) })
        .itemSync();
    expect(norm(1e-4) / norm(0.1)).toBeCloseTo(1e-6, 11);
  });

  it("keeps the null space of a non-square decomposition in the proximal operator", () => {
    const rng = new Rng(7);
    const grey = new physics.Decolorize();
    const z = normal(rng, [1, 3, 2, 2]);
    expect(
      grey
        .proxL2(z, normal(rng, [1, 1, 2, 2]), 1e-9)
        .sub(z)
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-6);
  });
});

describe("stacked operators", () => {
  it("have the sum of the adjoints, a pseudo-inverse and a proximal operator", () => {
    const rng = new Rng(8);
    const stacked = physics.stack(
      new physics.Blur({ filter: filter(rng, [1, 1, 3, 3]) }),
      new physics.Inpainting({ imgSize: [1, 6, 5], mask: 0.7, rng }),
    );
    const x = normal(rng, [2, 1, 6, 5]);
    const y = stacked.A(x);
    expect(y.shapes).toEqual([
      [2, 1, 4, 3],
      [2, 1, 6, 5],
    ]);
    expect(Math.abs(stacked.adjointnessTest(x, { rng }).itemSync())).toBeLessThan(1e-5);
    const v = new physics.TensorList(y.map((t) => normal(rng, t.shape)));
    const normalEquations = stacked
      .AAdjointA(stacked.ADagger(v, { maxIter: 1000, tol: 1e-10 }))
      .sub(stacked.AAdjoint(v));
    expect(normalEquations.abs().max().itemSync()).toBeLessThan(1e-4);
    const u = stacked.proxL2(x, v, 0.5);
    const slope = stacked.AAdjoint(stacked.A(u).sub(v)).mul(0.5).add(u).sub(x);
    expect(slope.abs().max().itemSync()).toBeLessThan(1e-4);
  });
});
