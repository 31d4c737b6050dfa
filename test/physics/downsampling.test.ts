import { beforeAll, describe, expect, it } from "vitest";
import { Downsampling, gaussianBlur } from "../../ts/physics/index.js";
import { distance, normal, Rng, start } from "./helpers.js";

beforeAll(start);

describe("Downsampling", () => {
  it.each([
    [12, 12],
    [10, 14],
    [6, 4],
  ])(
    "with a filter larger than the image: proximal operator stationary, spectrum of the convolution: %d x %d",
    (height, width) => {
      const rng = new Rng(1);
      const operator = new Downsampling({
        imgSize: [1, height, width],
        factor: 2,
        filter: "gaussian",
        padding: "circular",
      });
      expect(gaussianBlur({ sigma: 2 }).shape[2]).toBeGreaterThan(Math.min(height, width) - 1);
      const z = normal(rng, [2, 1, height, width]);
      const y = operator.A(normal(rng, [2, 1, height, width]));
      // The transpose belongs to the convolution.
      expect(Math.abs(operator.A(z).mul(y).sum().sub(operator.AAdjoint(y).mul(z).sum()).itemSync())).toBeLessThan(1e-6);
      for (const gamma of [0.5, 20]) {
        const u = operator.proxL2(z, y, gamma);
        const slope = operator.AAdjoint(operator.A(u).sub(y)).mul(gamma).add(u).sub(z);
        // The spectrum of the filter, which is in float32, is multiplied by gamma.
        expect(distance(slope, slope.mul(0))).toBeLessThan(1e-5);
      }
    },
  );
});
