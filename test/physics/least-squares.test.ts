import { beforeAll, describe, expect, it } from "vitest";
import { Blur, gaussianBlur, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

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

  it("is stationary to a millionth with its defaults, also for a large gamma", () => {
    const rng = new Rng(4);
    const like = { dtype: "float64" } as const;
    const filter = gaussianBlur({ sigma: 2 }).to("float64");
    const blur = new Blur({ filter, padding: "reflect" });
    const [x, z, noise] = [0, 1, 2].map(() => rng.uniform([1, 1, 64, 64], like)) as [Tensor, Tensor, Tensor];
    const y = blur.A(x).add(noise.sub(0.5).mul(0.03));
    const gradient = (u: Tensor): Tensor => blur.AAdjoint(blur.A(u).sub(y)).mul(100).add(u).sub(z);
    const norm = (t: Tensor): number => Math.sqrt(t.square().sum().itemSync());
    expect(norm(gradient(blur.proxL2(z, y, 100))) / norm(gradient(x.mul(0)))).toBeLessThan(1e-6);
  });
});
