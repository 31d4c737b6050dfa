import { beforeAll, describe, expect, it } from "vitest";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { type Tensor, tensor } from "../../ts/tensor/index.js";
import { gradcheck, gradgradcheck } from "../../ts/testing/index.js";

beforeAll(async () => await init());

const point = () => new Rng(1).normal([3], { dtype: "float64", device: "cpu" });
const failed = expect.objectContaining({ name: "AdjointError", code: "gradcheck_failed" });

describe("gradcheck", () => {
  it("accepts right derivatives of one and several inputs and outputs", () => {
    expect(gradcheck((x) => x.square(), [point()])).toBe(true);
    expect(gradcheck((x, y) => x.mul(y).sin(), [point(), point()])).toBe(true);
    expect(gradgradcheck((x, y) => x.mul(y).sin(), [point(), point()])).toBe(true);
  });

  it("finds a wrong first derivative", () => {
    // The tape gives half of the derivative: one factor is a constant for it.
    const half = (x: Tensor) => x.mul(x.detach());
    expect(() => gradcheck(half, [point()])).toThrow(failed);
  });

  it("finds a wrong second derivative behind a right first one", () => {
    // Value x^2 and gradient 2 x, the latter without a gradient of its own.
    const flat = (x: Tensor) => x.mul(x.detach().mul(2)).sub(x.detach().square());
    expect(() => gradgradcheck(flat, [point()])).toThrow(failed);
  });

  it("refuses float32", () => {
    expect(() => gradcheck((x) => x, [tensor([1])])).toThrow(
      expect.objectContaining({ name: "ArgumentError", code: "invalid_argument" }),
    );
  });
});
