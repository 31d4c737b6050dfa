import { describe, expect, it } from "vitest";
import type { Pixels } from "../../ts/io/index.js";
import { R2RLoss } from "../../ts/loss/index.js";
import { DnCNN, Module } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, Inpainting, StackedPhysics } from "../../ts/physics/index.js";
import type { Physics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, ones, Tensor, tensor } from "../../ts/tensor/index.js";
import { restore } from "../../ts/train/index.js";

await init();

const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
const network = (): DnCNN => new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(0) });
const noise = (shape: number[], seed = 1): Tensor => new Rng(seed).uniform(shape);
const values = (t: Tensor): number[] => Array.from(t.dataSync());

/** `f(y) = 2 y`; it keeps what it was given. */
class Double extends Module {
  readonly seen: { shape: readonly number[]; largest: number; sigma: unknown; training: boolean }[] = [];
  forward(y: Tensor, given?: Physics): Tensor {
    const { sigma } = (given?.noiseModel ?? {}) as { sigma?: number | Tensor };
    const level = sigma instanceof Tensor ? sigma.itemSync() : sigma;
    this.seen.push({ shape: y.shape, largest: y.max().itemSync(), sigma: level, training: this.training });
    return y.mul(2);
  }
}

describe("restore", () => {
  it("is the model in evaluation mode, without a tape, and leaves the mode and no tensor behind", async () => {
    const model = new Double();
    const y = noise([2, 1, 8, 8]);
    const before = memory().tensors;
    const x = await restore(model, physics, y);
    expect(memory().tensors).toBeLessThanOrEqual(before + 1);
    expect(values(x)).toEqual(values(y.mul(2)));
    expect(x.requiresGrad).toBe(false);
    expect(model.seen[0]?.training).toBe(false);
    expect(model.training).toBe(true);
  });

  it("gives pixels for pixels", async () => {
    const image: Pixels = { data: Float32Array.from([0, 0.25, 0.5, 1]), shape: [1, 2, 2] };
    const { data, shape } = await restore(new Double(), physics, image);
    expect([Array.from(data), shape]).toEqual([
      [0, 0.5, 1, 2],
      [1, 2, 2],
    ]);
  });

  it("in tiles is what it is at once, for a large image", async () => {
    const model = network();
    const y = noise([2, 1, 70, 90]);
    const done: number[] = [];
    const whole = values(await restore(model, physics, y, { tile: Infinity }));
    const tiled = values(
      await restore(model, physics, y, { tile: 32, margin: 8, onProgress: (share) => void done.push(share) }),
    );
    expect(Math.max(...tiled.map((value, i) => Math.abs(value - whole[i]!)))).toBeLessThan(1e-6);
    // Nine tiles of each of two images.
    expect(done).toHaveLength(18);
    expect(done.at(-1)).toBeCloseTo(1, 12);
  });

  it("takes the whole image at once where the operator is not denoising", async () => {
    const model = new Double();
    const masked = new Inpainting({ imgSize: [1, 40, 40], mask: 0.5, rng: new Rng(0) });
    await restore(model, masked, noise([1, 1, 40, 40]), { tile: 8, margin: 2 });
    expect(model.seen.map(({ shape }) => shape)).toEqual([[1, 1, 40, 40]]);
  });

  it("divides by the scale, the noise level too, and gives the result in the unit of the measurement", async () => {
    const model = new Double();
    const counts = new Denoising({ noiseModel: new GaussianNoise({ sigma: 20 }) });
    const y = tensor([0, 100, 200, 400], { shape: [1, 1, 2, 2] });
    const before = memory().tensors;
    const x = await restore(model, counts, y, { scale: 400 });
    expect(memory().tensors).toBeLessThanOrEqual(before + 1);
    expect(values(x)).toEqual([0, 200, 400, 800]);
    expect(model.seen).toMatchObject([{ largest: 1, sigma: expect.closeTo(0.05, 7) }]);
    expect(counts.noiseModel.sigma).toBe(20);
  });

  it("finds the scale of each image: the result does not depend on the unit of any", async () => {
    const model = network();
    const [one, other] = [noise([1, 1, 16, 16], 2), noise([1, 1, 16, 16], 3)];
    const free = new Denoising();
    const [a, b] = [
      await restore(model, free, one, { scale: "sample" }),
      await restore(model, free, other, { scale: "sample" }),
    ];
    const units = tensor([...values(one.mul(1000)), ...values(other.mul(1e-4))], { shape: [2, 1, 16, 16] });
    const both = values(await restore(model, free, units, { scale: "sample" }));
    const expected = [...values(a.mul(1000)), ...values(b.mul(1e-4))];
    for (const [i, value] of both.entries()) expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(1e-4);
  });

  it("gives an adapted model its stream: the same seed, the same result", async () => {
    const model = new R2RLoss({ evalNSamples: 2 }).adaptModel(network());
    const y = noise([1, 1, 8, 8]);
    const [a, b, c] = [0, 0, 1].map(async (seed) => values(await restore(model, physics, y, { rng: new Rng(seed) })));
    expect(await a).toEqual(await b);
    expect(await a).not.toEqual(await c);
  });

  it("ends with the reason of its signal, between tiles", async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new RangeError("mine"));
    const { signal } = controller;
    const before = memory().tensors;
    const y = noise([1, 1, 40, 40]);
    const ended = restore(new Double(), physics, y, { tile: 8, margin: 2, signal, onProgress });
    await expect(ended).rejects.toThrow("mine");
    // Finalisers may free what other tests made.
    expect(memory().tensors).toBeLessThanOrEqual(before + 1);
  });

  it.each([
    ["no model", [{}, physics, ones([1, 1, 8, 8])], "restore: model is an object, expected a network"],
    ["no physics", [new Double(), null, ones([1, 1, 8, 8])], "restore: physics is null, expected a physics"],
    ["a path", [new Double(), physics, "photo.tif"], 'restore: image is the string "photo.tif", expected a tensor'],
    ["a scale of 0", [new Double(), physics, ones([1, 1, 8, 8]), { scale: 0 }], "scale is 0"],
    ["a tile of a half", [new Double(), physics, ones([1, 1, 8, 8]), { tile: 0.5 }], "tile is 0.5"],
    [
      "a scale of a stack",
      [
        new Double(),
        new StackedPhysics({ list: [physics] }),
        new StackedPhysics({ list: [physics] }).A(ones([1, 1, 8, 8])),
        { scale: 2 },
      ],
      "scale is of one tensor",
    ],
  ])("refuses %s", async (_, args, message) => {
    const call = restore as (...given: unknown[]) => Promise<unknown>;
    await expect(call(...args)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(message),
    });
  });
});
