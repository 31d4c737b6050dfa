import { beforeAll, describe, expect, it } from "vitest";
import {
  Blur,
  gaussianBlur,
  GaussianNoise,
  Inpainting,
  LinearPhysics,
  Physics,
  VirtualLinearPhysics,
} from "../../ts/physics/index.js";
import { ArgumentError } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";
import { Reflect, Rotate, Shift } from "../../ts/transform/index.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

const transforms = [
  { transform: new Shift(), params: { xShift: [2], yShift: [-1] } },
  { transform: new Rotate(), params: { theta: [90] } },
  { transform: new Rotate().compose(new Reflect()), params: { theta: [270], dims: [[-1]] } },
] as const;

describe("VirtualLinearPhysics: an operator seen through a transform", () => {
  let rng: Rng;
  beforeAll(() => {
    rng = new Rng(1);
  });
  const mask = () => new Rng(2).bernoulli([1, 1, 5, 5], 0.6, { dtype: "float64" });
  const masked = () =>
    new Inpainting({ imgSize: [1, 5, 5], mask: mask(), noiseModel: new GaussianNoise({ sigma: 0.1 }) });
  const operators = (): LinearPhysics[] => [
    masked(),
    new Blur({ filter: gaussianBlur({ sigma: 0.7 }).to("float64"), padding: "circular" }),
  ];

  it("has the adjoint, the pseudo-inverse and the proximal step of A T, where T permutes pixels", () => {
    for (const physics of operators()) {
      for (const { transform, params } of transforms) {
        const virtual = new VirtualLinearPhysics({ physics, transform, params });
        const x = normal(rng, [2, 1, 5, 5]);
        expect(distance(virtual.A(x), physics.A(transform.transform(x, params)))).toBe(0);
        expect(Math.abs(virtual.adjointnessTest(x, { rng }).itemSync())).toBeLessThan(1e-10);
        // The same operator without closed forms: conjugate gradients.
        const plain = new LinearPhysics({
          A: (t) => virtual.A(t),
          AAdjoint: (t) => virtual.AAdjoint(t),
          maxIter: 200,
          tol: 1e-12,
        });
        const [y, z] = [normal(rng, [2, 1, 5, 5]), normal(rng, [2, 1, 5, 5])];
        expect(distance(virtual.proxL2(z, y, 0.7), plain.proxL2(z, y, 0.7))).toBeLessThan(1e-5);
        expect(distance(virtual.A(virtual.ADagger(y)), physics.A(physics.ADagger(y)))).toBeLessThan(1e-6);
      }
    }
  });

  it("has the noise of A, and its parameters; a copy is independent", () => {
    const physics = masked();
    const virtual = new VirtualLinearPhysics({ physics, transform: new Shift(), params: { xShift: [1] } });
    expect(virtual.noiseModel).toBe(physics.noiseModel);
    const copy = virtual.clone();
    copy.update({ mask: ones([1, 1, 5, 5], { dtype: "float64" }), sigma: 0.5 });
    const x = normal(rng, [1, 1, 5, 5]);
    expect(distance(copy.A(x), new Shift().transform(x, { xShift: [1] }))).toBe(0);
    expect(distance(virtual.A(x), physics.A(new Shift().transform(x, { xShift: [1] })))).toBe(0);
    expect(physics.noiseModel.sigma).toBe(0.1);
  });

  it("refuses what is not linear", () => {
    expectError(
      () => new VirtualLinearPhysics({ physics: new Physics() as never, transform: new Shift(), params: {} }),
      ArgumentError,
      "invalid_argument",
      "linear",
    );
  });
});
