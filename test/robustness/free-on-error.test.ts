import { beforeAll, describe, expect, it } from "vitest";
import { init, keep, memory, nn, ones, tidy, type Tensor } from "../../ts/node.js";
import { freeOnError } from "../../ts/tensor/index.js";

describe("freeOnError", () => {
  beforeAll(async () => await init());

  it("frees what a failing function made, except what it kept, and throws its error", () => {
    const before = memory().tensors;
    let kept: Tensor | undefined;
    const call = () =>
      freeOnError(() => {
        kept = keep(ones([2]));
        ones([3]).add(1);
        throw new RangeError("its own");
      });
    expect(call).toThrow("its own");
    expect(memory().tensors).toBe(before + 1);
    expect(Array.from(kept!.dataSync())).toEqual([1, 1]);
    kept!.dispose();
  });

  it("leaves alone what a function made that succeeds: it is the caller's, or the enclosing tidy's", () => {
    const before = memory().tensors;
    const y = freeOnError(() => ones([3]).add(freeOnError(() => ones([3]))));
    expect(memory().tensors).toBe(before + 3);
    expect(y.dataSync()[0]).toBe(2);
    y.dispose();
    const inner = memory().tensors;
    const z = tidy(() => freeOnError(() => ones([4]).mul(3)));
    expect(memory().tensors).toBe(inner + 1);
    z.dispose();
  });

  it("of a network: a forward pass that fails in its middle leaves nothing", () => {
    const conv = (inChannels: number) => new nn.Conv2d({ inChannels, outChannels: 4, kernelSize: 3 });
    const network = new nn.Sequential(conv(1), new nn.Tanh(), conv(3));
    const x = ones([1, 1, 8, 8]);
    const before = memory().tensors;
    expect(() => network.forward(x)).toThrow(expect.objectContaining({ code: "shape_mismatch" }));
    expect(memory().tensors).toBe(before);
  });
});
