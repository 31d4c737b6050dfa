import { beforeAll, describe, expect, it } from "vitest";
import { Blur, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";

describe("least squares by conjugate gradients", () => {
  beforeAll(() => init());

  it("stays at the solution where the tolerance is finer than the numbers", () => {
    const rng = new Rng(3);
    const filter = rng.uniform([1, 1, 3, 3]);
    const blur = new Blur({ filter: filter.div(filter.sum()), padding: "constant", noiseModel: new GaussianNoise() });
    const [y, z] = [rng.normal([2, 1, 9, 8]), rng.normal([2, 1, 9, 8])];
    const usual = blur.proxL2(z, y, 0.7).dataSync();
    const strict = blur.proxL2(z, y, 0.7, { tol: 0, maxIter: 600 }).dataSync();
    strict.forEach((v, i) => expect(Math.abs(v - (usual[i] ?? NaN))).toBeLessThan(1e-5));
  });
});
