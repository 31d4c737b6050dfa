import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataLoader, PatchDataset, TensorDataset } from "../../ts/data/index.js";
import { BernoulliSplittingMaskGenerator, Denoising, GaussianNoise, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import type { TrainerOptions } from "../../ts/train/index.js";
import { constants, type Gain, gainTrainer } from "./gain.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-once-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** Images of two pixels with the values 10, 20, ...: the noise tells them apart. */
const images = (n: number) => {
  const values = Float32Array.from({ length: 2 * n }, (_, i) => 10 * (1 + Math.floor(i / 2)));
  return new TensorDataset({ x: tensor(values, { shape: [n, 2, 1, 1] }) });
};
const noisy = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });

/** The different measurements of each image that a network saw in training. */
function measurements({ seen }: Gain): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>();
  for (const { y } of seen.filter(({ training }) => training)) {
    for (let i = 0; i < y.length; i += 2) {
      const image = Math.round((y[i] as number) / 10);
      found.set(image, (found.get(image) ?? new Set()).add(y.slice(i, i + 2).join()));
    }
  }
  return found;
}
const run = async (more: Partial<TrainerOptions> = {}) => {
  const { model, trainer } = gainTrainer({ physics: noisy(), trainData: images(5), epochs: 3, ...more });
  await trainer.train();
  return measurements(model);
};

describe("data with ground truth alone", () => {
  it("is measured once: every epoch has the same measurements, in whatever batches and order", async () => {
    const once = await run();
    expect(once.size).toBe(5);
    for (const different of once.values()) expect(different.size).toBe(1);
    for (const more of [
      { batchSize: 2 },
      { batchSize: 5 },
      { accumulate: 3 },
      { trainData: new DataLoader({ dataset: images(5), batchSize: 3, rng: new Rng(1) }) },
      { trainData: new DataLoader({ dataset: images(5), batchSize: 2, shuffle: true, rng: new Rng(2) }) },
    ])
      expect(await run(more)).toEqual(once);
    expect(await run({ rng: new Rng(1) })).not.toEqual(once);
  });

  it("is measured once by runs that go on from a checkpoint, with another seed of their own", async () => {
    const once = await run();
    for (const maxSteps of [2, 5, 7]) {
      const path = join(folder, `run-${maxSteps}`);
      await run({ maxSteps, checkpoint: { path } });
      const { model, trainer } = gainTrainer({
        physics: noisy(),
        trainData: images(5),
        epochs: 3,
        rng: new Rng(99),
      });
      await trainer.resume(path);
      await trainer.train();
      for (const [image, seen] of measurements(model)) expect(seen).toEqual(once.get(image));
    }
  });

  it("is measured once for each physics", async () => {
    const [a, b] = [noisy(), noisy()];
    const { model, trainer } = gainTrainer({ physics: [a, b], trainData: images(5), epochs: 3 });
    await trainer.train();
    for (const seen of measurements(model).values()) expect(seen.size).toBe(2);
  });

  it("is measured at each step with redraw", async () => {
    for (const seen of (await run({ redraw: true })).values()) expect(seen.size).toBe(3);
  });

  it("a patch dataset gives each sample one patch, with redraw another in each epoch", async () => {
    const x = tensor(
      Float32Array.from({ length: 2 * 64 }, (_, i) => i),
      { shape: [1, 2, 8, 8] },
    );
    const patches = () => new PatchDataset({ dataset: new TensorDataset({ x }), size: 1, length: 4 });
    const corners = async (redraw: boolean) => {
      const { model, trainer } = gainTrainer({ trainData: patches(), epochs: 5, redraw });
      await trainer.train();
      return new Set(model.seen.map(({ y }) => y[0])).size;
    };
    expect(await corners(false)).toBeLessThanOrEqual(4);
    expect(await corners(true)).toBeGreaterThan(8);
  });
});

describe("physicsGenerator", () => {
  const imgSize = [2, 1, 1];
  const masked = async (more: Partial<TrainerOptions>, images = 4) => {
    const physicsGenerator = new BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.5, pixelwise: false });
    const physics = new Inpainting({ imgSize, mask: 1 });
    const { model, trainer } = gainTrainer({
      physics,
      physicsGenerator,
      trainData: constants(images),
      epochs: 20,
      ...more,
    });
    await trainer.train();
    expect([...(physics.mask as Tensor).dataSync()].every((value) => value === 1)).toBe(true);
    return model.seen.map(({ y }) => y);
  };

  it("draws the parameters once for each sample, with redraw at each step", async () => {
    const once = await masked({});
    expect(new Set(once.map((y) => y.join())).size).toBeLessThanOrEqual(4);
    const redrawn = await masked({ redraw: true });
    expect(new Set(redrawn.map((y) => y.join())).size).toBeGreaterThan(4);
  });

  it("gives each image of a batch its own", async () => {
    const seen = await masked({ redraw: true, batchSize: 4, epochs: 10 });
    const masks = seen.map((y) => y.map((value) => (value === 0 ? 0 : 1)));
    expect(masks.some((mask) => mask.slice(0, 2).join() !== mask.slice(2, 4).join())).toBe(true);
  });

  it("is drawn for evaluations and tests as well, the same each time", async () => {
    const physicsGenerator = new BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.5, pixelwise: false });
    const physics = new Inpainting({ imgSize, mask: 1 });
    const { model, trainer } = gainTrainer({ physics, physicsGenerator, evalData: constants(6), epochs: 2 });
    await trainer.train();
    const evaluated = model.seen.filter(({ training }) => !training).map(({ y }) => y.join());
    expect(evaluated.slice(0, 6)).toEqual(evaluated.slice(6));
    expect(evaluated.some((y) => y.includes("0"))).toBe(true);
    await trainer.test(constants(6));
    expect(model.seen.slice(-6).map(({ y }) => y.join())).toEqual(evaluated.slice(0, 6));
  });

  it("is refused where the data has measurements", async () => {
    const physicsGenerator = new BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.5 });
    const { y } = { y: tensor([1, 2], { shape: [1, 2, 1, 1] }) };
    const { trainer } = gainTrainer({ physicsGenerator, trainData: new TensorDataset({ y }) });
    await expect(trainer.train()).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("give the parameters with the samples, as params"),
    });
  });
});
