import { beforeAll, describe, expect, it } from "vitest";
import { init, nn, ones, tensor, Tensor } from "../../ts/node.js";
import { operators } from "../../ts/tensor/operators.generated.js";

const refused = (code = "invalid_argument") => expect.objectContaining({ name: "ArgumentError", code });

describe("whole numbers", () => {
  let x: Tensor;
  let k: Tensor;
  beforeAll(async () => {
    await init();
    [x, k] = [ones([1, 1, 8, 8]), ones([1, 1, 3, 3])];
  });

  it("fractions are not cut off, NaN is not 0, and a boolean is no number", () => {
    const wrong: readonly (() => unknown)[] = [
      () => x.expand([NaN, 1, 8, 8]),
      () => x.reshape([4.9, 16.9]),
      () => x.reshape([true as unknown as number, 64]),
      () => x.unfold(1.5),
      () => x.unfold(2, { stride: 1.5 }),
      () => x.slice([0, 0, NaN]),
      () => x.slice([0, 0, 1.5]),
      () => x.slice([0], [], [1.5]),
      () => x.roll(1.5, 3),
      () => x.roll(NaN, 3),
      () => x.pad([0, 0, 0, 0, 0.5, 0, 0, 0]),
      () => nn.functional.conv2d(x, k, { stride: 1.9 }),
      () => nn.functional.conv2d(x, k, { padding: [0.5, 1] }),
      () => nn.functional.conv2d(x, k, { groups: 1.5 }),
      () => nn.functional.interpolate(x, { size: 16.7 }),
      () => nn.functional.maxPool2d(x, 2.5),
      () => nn.functional.groupNorm(x, 1.5),
      () => nn.functional.pixelShuffle(x, 1.5),
      () => ones([1.5]),
    ];
    for (const call of wrong) expect(call, String(call)).toThrow(refused());
  });

  it("the axes likewise", () => {
    for (const dim of [1.5, NaN, Infinity, true as unknown as number, "1" as unknown as number]) {
      for (const call of [
        () => x.sum(dim),
        () => x.flip(dim),
        () => x.argmax(dim),
        () => x.unsqueeze(dim),
        () => x.permute([0, 1, 2, dim]),
        () => nn.functional.softmax(x, dim),
      ])
        expect(call, `${String(call)} with ${String(dim)}`).toThrow(refused("invalid_axis"));
    }
  });

  it("messages name the operator and the parameter", () => {
    expect(() => x.roll(1.5, 3)).toThrow("roll: shifts is 1.5, expected a whole number");
    expect(() => x.reshape([4.9, 16.9])).toThrow("reshape: shape is 4.9");
    expect(() => x.sum(0, 1 as unknown as boolean)).toThrow("sum: keepDims is 1, expected true or false.");
    expect(() => x.leakyRelu("0.1" as unknown as number)).toThrow('leakyRelu: slope is "0.1", expected a number.');
  });

  it("every operator of the table refuses what is no whole number, for each of its whole numbers", () => {
    // Named arguments of an operator, from its own text: a call with numbers that are not whole is refused by the check
    // of the first one that is expected to be.
    let checked = 0;
    for (const [name, operator] of Object.entries(operators)) {
      const text = operator.toString();
      for (const [, check = "", parameter = ""] of text.matchAll(/(integers?)\)?\(\s*"\w+",\s*"(\w+)"/g)) {
        const parameters =
          /^\(?([^)=]*)\)?\s*=>/
            .exec(text)?.[1]
            ?.split(",")
            .map((p) => p.trim()) ?? [];
        const fill = (p: string): unknown => {
          if (p === parameter) return check === "integer" ? 1.5 : [1.5, 1.5];
          if (p === "tensors") return [x.handle];
          if (/^(?:keepDims|alignCorners|inverse|conjugate|circle|countIncludePad|decoupled)$/.test(p)) return false;
          if (p === "mode") return name === "pad" ? "constant" : "nearest";
          if (p === "outside") return "zeros";
          if (/^(?:dims|shifts|shape|starts|ends|steps|size|stride|padding|dilation|outputPadding|kernel)$/.test(p))
            return [1, 1];
          return 1;
        };
        const call = () => Reflect.apply(operator, undefined, parameters.map(fill));
        expect(call, `${name}(${parameter})`).toThrow(`${name}: ${parameter} is 1.5`);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(50);
  });

  it("whole numbers still are", () => {
    expect(x.roll(-1, 3).shape).toEqual([1, 1, 8, 8]);
    expect(x.slice([0, 0, -2]).shape).toEqual([1, 1, 2, 8]);
    expect(x.slice([0, 0, 0], [1, 1, Infinity]).shape).toEqual([1, 1, 8, 8]);
    expect(tensor([1, 2, 3]).reshape([-1, 1]).shape).toEqual([3, 1]);
  });
});
