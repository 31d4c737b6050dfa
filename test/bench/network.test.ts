import { describe, expect, it } from "vitest";
import { DnCNN } from "../../ts/nn/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor } from "../../ts/tensor/index.js";

interface Layer {
  shape: number[];
  weight: Float32Array;
  bias: Float32Array;
}
interface Network {
  layers: Layer[];
  shape: number[];
  clean: Float32Array;
  noisy: Float32Array;
}
const { labelOf, network, sizesOf } = (await import(new URL("../../bench/network.mjs", import.meta.url).href)) as {
  labelOf(name: string): string;
  network(sizes: object): Network;
  sizesOf(name: string): { kind: string; depth: number; features: number; batch: number; side: number } | undefined;
};

describe("names of networks", () => {
  it("contain kind, depth, features, batch and side", () => {
    expect(sizesOf("train:17x64:4x48")).toEqual({ kind: "train", depth: 17, features: 64, batch: 4, side: 48 });
    expect(labelOf("infer:4x32:1x64")).toBe("inference, DnCNN 4 x 32, 1 of 1x64x64");
  });

  it("do not match other cases", () => {
    for (const name of ["small", "train", "train:17x64", "test:17x64:4x48"]) expect(sizesOf(name)).toBeUndefined();
  });
});

describe("network", () => {
  const sizes = { depth: 3, features: 5, batch: 2, side: 6 };

  it("is this library's DnCNN: its weights load, and the scale of signals is preserved", async () => {
    await init();
    const { layers, shape, clean, noisy } = network({ depth: 5, features: 16, batch: 2, side: 16 });
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 5, nf: 16 });
    const values = layers.flatMap((layer) => [tensor(layer.weight, { shape: layer.shape }), tensor(layer.bias)]);
    model.loadStateDict(Object.fromEntries(Object.keys(model.stateDict()).map((name, k) => [name, values[k]!])));
    const output = model.forward(tensor(noisy, { shape })).sub(tensor(noisy, { shape }));
    const power = output.square().mean().itemSync();
    expect(power).toBeGreaterThan(0.01);
    expect(power).toBeLessThan(10);
    expect(clean.every((v) => v >= 0 && v <= 1)).toBe(true);
  });

  it("is the same at each call, and no two layers have the same weights", () => {
    const [a, b] = [network(sizes), network(sizes)];
    expect(a).toEqual(b);
    expect(a.layers.map(({ shape }) => shape)).toEqual([
      [5, 1, 3, 3],
      [5, 5, 3, 3],
      [1, 5, 3, 3],
    ]);
    expect(a.layers[0]!.weight.slice(0, 5)).not.toEqual(a.layers[1]!.weight.slice(0, 5));
    expect(a.noisy).not.toEqual(a.clean);
  });

  it("draws the same numbers as the PyTorch version", () => {
    // state = 1664525 seed + 1013904223 modulo 2^32; value = 2 (state >> 8) / 2^24 - 1, by hand for seed 1.
    const first = 2 * (((1664525 + 1013904223) >>> 8) / 2 ** 24) - 1;
    const bound = Math.sqrt(6 / 9);
    expect(network(sizes).layers[0]!.weight[0]).toBeCloseTo(bound * first, 6);
  });
});
