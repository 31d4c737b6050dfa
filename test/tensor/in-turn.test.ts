import { beforeAll, describe, expect, it } from "vitest";
import { grad, init, memory, nn, noGrad, ones, tidy } from "../../ts/index.js";
import { inTurn, type Tensor } from "../../ts/tensor/index.js";

describe("inTurn", () => {
  beforeAll(async () => await init());

  it("frees what a function was given once it has used it, and keeps the input and the last result", async () => {
    const input = ones([4]);
    const before = memory().tensors;
    const alive: number[] = [];
    const twice = (x: Tensor): Tensor => {
      alive.push(memory().tensors - before);
      return x.add(x);
    };
    const result = noGrad(() => inTurn(input, [twice, twice, (x) => x, twice, twice]));
    // The input is the caller's; after it there is one intermediate at a time.
    expect(alive).toEqual([0, 1, 1, 1]);
    expect(memory().tensors - before).toBe(1);
    expect(await result.data()).toEqual(new Float32Array(4).fill(16));
    result.dispose();
    expect(await input.data()).toEqual(new Float32Array(4).fill(1));
    input.dispose();
  });

  it("leaves derivatives through a network as they are", async () => {
    const x = ones([1, 1, 8, 8]).requiresGrad_();
    const layers = [1, 2].map(() => new nn.Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 3, padding: 1 }));
    const [first, second] = layers as [nn.Conv2d, nn.Conv2d];
    const gradient = async (forward: () => Tensor): Promise<Float32Array> =>
      Float32Array.from(await (grad(tidy(forward).square().sum(), [x])[0] as Tensor).data());
    const chained = await gradient(() => new nn.Sequential(first, new nn.SiLU(), second).forward(x));
    expect(chained).toEqual(await gradient(() => second.forward(first.forward(x).silu())));
    expect(chained.some((value) => value !== 0)).toBe(true);
  });
});
