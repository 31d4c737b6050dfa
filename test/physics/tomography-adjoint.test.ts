import { beforeAll, describe, expect, it } from "vitest";
import { Tomography } from "../../ts/physics/index.js";
import { distance, normal, Rng, start } from "./helpers.js";

beforeAll(start);

describe("Tomography, adjointViaBackprop", () => {
  it.each([true, false])("%s: AAdjoint is the transpose of A", (adjointViaBackprop) => {
    const rng = new Rng(1);
    for (const circle of [false, true]) {
      const make = (options: object) => new Tomography({ angles: [10, 33, 77, 140], imgWidth: 9, circle, ...options });
      const operator = make({ adjointViaBackprop });
      const x = normal(rng, [2, 1, 9, 9]);
      const y = normal(rng, operator.A(x).shape);
      const [left, right] = [operator.A(x).mul(y).sum().itemSync(), operator.AAdjoint(y).mul(x).sum().itemSync()];
      expect(left).toBeCloseTo(right, 9);
      expect(distance(operator.AAdjoint(y), make({}).AAdjoint(y))).toBe(0);
    }
  });
});
