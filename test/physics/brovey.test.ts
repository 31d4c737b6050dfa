import { beforeAll, describe, expect, it } from "vitest";
import { Pansharpen } from "../../ts/physics/index.js";
import { distance, normal, Rng, start } from "./helpers.js";

beforeAll(start);

describe("Pansharpen.ADagger", () => {
  it("is Brovey's formula by default and the pseudo-inverse with useBrovey: false", () => {
    const options = { imgSize: [3, 8, 8], factor: 2 };
    const operator = new Pansharpen(options);
    const y = operator.A(normal(new Rng(1), [2, 3, 8, 8]).abs().add(1));
    // u gray / (mean over channels of u + eps), u = factor^2 D^T color.
    const u = operator.downsampling.AAdjoint(y.at(0)).mul(4);
    const brovey = u.mul(y.at(1)).div(u.mean(1, true).add(1e-6));
    expect(distance(operator.ADagger(y), brovey)).toBeLessThan(1e-9);
    const exact = new Pansharpen({ ...options, useBrovey: false }).ADagger(y, { maxIter: 500, tol: 1e-12 });
    // The pseudo-inverse reproduces the measurement, Brovey's formula does not.
    const misfit = (x: typeof exact) =>
      Math.max(distance(operator.A(x).at(0), y.at(0)), distance(operator.A(x).at(1), y.at(1)));
    expect(misfit(exact)).toBeLessThan(1e-4);
    expect(misfit(brovey)).toBeGreaterThan(1e-2);
  });
});
