import { beforeAll, describe, expect, it } from "vitest";
import {
  collate,
  DataLoader,
  type Dataset,
  disposeSample,
  MeasuredDataset,
  PatchDataset,
  TensorDataset,
} from "../../ts/data/index.js";
import {
  BernoulliSplittingMaskGenerator,
  Denoising,
  GaussianNoise,
  Inpainting,
  SigmaGenerator,
  stack,
  TensorList,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor, zeros } from "../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

const noisy = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
const images = (count = 6, side = 8) => new TensorDataset({ x: new Rng(1).uniform([count, 1, side, side]) });
const values = (t: Tensor | undefined): number[] => [...(t as Tensor).dataSync()];

describe("MeasuredDataset", () => {
  it("gives each index the same measurement, whatever was taken before", async () => {
    const dataset = new MeasuredDataset({ dataset: images(), physics: noisy(), seed: 5 });
    const first = await Promise.all([0, 1, 2, 3].map((i) => dataset.get(i)));
    const again = [];
    for (const i of [3, 0, 2, 1]) again[i] = await dataset.get(i);
    for (const [i, sample] of first.entries()) expect(values(again[i]?.y)).toEqual(values(sample.y));
    const another = new MeasuredDataset({ dataset: images(), physics: noisy(), seed: 5 });
    expect(values((await another.get(2)).y)).toEqual(values(first[2]?.y));
    const other = new MeasuredDataset({ dataset: images(), physics: noisy(), seed: 6 });
    expect(values((await other.get(2)).y)).not.toEqual(values(first[2]?.y));
    const of = (rng: Rng) => new MeasuredDataset({ dataset: images(), physics: noisy(), rng }).seed;
    expect(of(new Rng(7))).toBe(of(new Rng(7)));
    expect(of(new Rng(7))).not.toBe(of(new Rng(8)));
  });

  it("does so in loaders of every batch size, shuffled or not, in every epoch", async () => {
    const dataset = new MeasuredDataset({ dataset: images(), physics: noisy(), seed: 5 });
    const seen = new Map<string, Set<string>>();
    for (const batchSize of [1, 4]) {
      for (const shuffle of [false, true]) {
        const loader = new DataLoader({ dataset, batchSize, shuffle, rng: new Rng(batchSize) });
        for (let epoch = 0; epoch < 2; epoch++) {
          for await (const { x, y } of loader) {
            for (let i = 0; i < (x?.shape[0] ?? 0); i++) {
              const [image, measurement] = [x, y].map((t) => values(t?.select(0, i)).join());
              seen.set(image as string, (seen.get(image as string) ?? new Set()).add(measurement as string));
            }
          }
        }
      }
    }
    expect(seen.size).toBe(6);
    for (const measurements of seen.values()) expect(measurements.size).toBe(1);
  });

  it("has independent noise of the physics' level in each index", async () => {
    const dataset = new MeasuredDataset({
      dataset: new TensorDataset({ x: zeros([64, 1, 32, 32]) }),
      physics: noisy(),
      seed: 0,
    });
    const all: number[][] = [];
    for (let i = 0; i < 64; i++) all.push(values((await dataset.get(i)).y));
    const n = 64 * 1024;
    const variance = all.flat().reduce((sum, v) => sum + v ** 2, 0) / n;
    // The standard error of the variance is sigma^2 sqrt(2 / n).
    expect(Math.abs(variance - 0.01)).toBeLessThan(4 * 0.01 * Math.sqrt(2 / n));
    const product = all.slice(1).flatMap((v, i) => v.map((value, j) => value * (all[i]?.[j] as number)));
    const correlation = product.reduce((a, b) => a + b, 0) / product.length / 0.01;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(product.length));
  });

  it("fixes the draws of the dataset inside: sample i of patches is one patch", async () => {
    const patches = new PatchDataset({ dataset: images(2, 32), size: 8, length: 40, augment: true });
    const dataset = new MeasuredDataset({ dataset: patches, physics: noisy(), seed: 1 });
    const [a, b] = [await dataset.get(7), await dataset.get(7)];
    expect(values(a.x)).toEqual(values(b.x));
    expect(values(a.y)).toEqual(values(b.y));
    // 7 and 9 are patches of the same image.
    expect(values((await dataset.get(9)).x)).not.toEqual(values(a.x));
  });

  it("inside patches gives random patches of images that are measured once", async () => {
    const dataset = images(1, 32);
    const measured = new MeasuredDataset({ dataset, physics: noisy(), seed: 1 });
    const patches = new PatchDataset({ dataset: measured, size: 8 });
    const whole = values((await measured.get(0)).y);
    const seen = new Set<string>();
    for (let k = 0; k < 5; k++) {
      const patch = values((await patches.get(0, { rng: new Rng(k) })).y);
      seen.add(patch.join());
      const at = whole.indexOf(patch[0] as number);
      for (let i = 0; i < 8; i++)
        expect(patch.slice(8 * i, 8 * i + 8)).toEqual(whole.slice(at + 32 * i, at + 32 * i + 8));
    }
    expect(seen.size).toBe(5);
  });

  it("draws parameters once for each sample, which come with it", async () => {
    const imgSize = [1, 8, 8];
    const physics = new Inpainting({ imgSize, mask: 1 });
    const physicsGenerator = new BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.5 });
    const dataset = new MeasuredDataset({ dataset: images(), physics, physicsGenerator, seed: 2 });
    const masks = [];
    for (let i = 0; i < 6; i++) {
      const { x, y, params } = await dataset.get(i);
      expect(params?.["mask"]?.shape).toEqual([1, 8, 8]);
      expect(values(y)).toEqual(values(x?.mul(params?.["mask"] as Tensor)));
      masks.push(values(params?.["mask"]).join());
      expect(values((await dataset.get(i)).params?.["mask"]).join()).toBe(masks[i]);
    }
    expect(new Set(masks).size).toBe(6);
    // The physics is what it was.
    expect(values(physics.A(zeros([1, 1, 8, 8]).add(1)))).toEqual(new Array(64).fill(1));
  });

  it("takes parameters that come with the samples, before those of the generator", async () => {
    const x = zeros([2, 1, 64, 64]);
    const sigma = zeros([2]).add(0.5);
    const dataset = new MeasuredDataset({
      dataset: new TensorDataset({ x, params: { sigma } }),
      physics: noisy(),
      physicsGenerator: new SigmaGenerator({ sigmaMin: 0.01, sigmaMax: 0.02 }),
      seed: 0,
    });
    const { y, params } = await dataset.get(1);
    expect(values(params?.["sigma"])).toEqual([0.5]);
    expect(Math.sqrt(values(y).reduce((sum, v) => sum + v ** 2, 0) / 4096)).toBeCloseTo(0.5, 1);
    const batch = collate([await dataset.get(0), await dataset.get(1)]);
    expect(batch.params?.["sigma"]?.shape).toEqual([2]);
  });

  it("measures with stacked physics to a list, which loaders batch", async () => {
    const physics = stack(noisy(), new Inpainting({ imgSize: [1, 8, 8], mask: 0.5, rng: new Rng(0) }));
    const dataset = new MeasuredDataset({ dataset: images(), physics, seed: 3 });
    const loader = new DataLoader({ dataset, batchSize: 4 });
    const batch = await loader.next();
    expect(batch?.y).toBeInstanceOf(TensorList);
    expect(batch?.y?.shapes).toEqual([
      [4, 1, 8, 8],
      [4, 1, 8, 8],
    ]);
    const { y } = await dataset.get(2);
    expect(values(y?.at(1))).toEqual(values(batch?.y?.at(1).select(0, 2)));
  });

  it("leaves measurements as they are, and frees what it makes", async () => {
    const x = zeros([2, 1, 8, 8]);
    const both = new MeasuredDataset({ dataset: new TensorDataset({ x, y: x.add(7) }), physics: noisy(), seed: 0 });
    expect(values((await both.get(0)).y)).toEqual(new Array(64).fill(7));
    const imgSize = [1, 8, 8];
    const dataset = new MeasuredDataset({
      dataset: new TensorDataset({ x }),
      physics: new Inpainting({ imgSize, mask: 1 }),
      physicsGenerator: new BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.5 }),
      seed: 0,
    });
    disposeSample(await dataset.get(0));
    const before = memory();
    for (let k = 0; k < 20; k++) disposeSample(await dataset.get(k % 2));
    expect(memory()).toEqual(before);
  });

  it.each<[string, object, string]>([
    ["no dataset", { physics: 1 }, "missing_argument"],
    ["no physics", { dataset: { length: 1, get: () => ({}) } }, "missing_argument"],
    ["another option", { sead: 1 }, "unknown_option"],
    ["a tensor as dataset", { dataset: [], physics: 1 }, "invalid_argument"],
    ["a seed that is no whole number", { seed: 1.5 }, "invalid_argument"],
    ["a generator that is none", { physicsGenerator: {} }, "invalid_argument"],
  ])("refuses %s", (name, wrong, code) => {
    const right = name.startsWith("no ") ? {} : { dataset: images(), physics: noisy() };
    expect(() => new MeasuredDataset({ ...right, ...wrong } as never)).toThrow(
      expect.objectContaining({ name: "ArgumentError", code }),
    );
  });

  it("refuses a sample without an image", async () => {
    const empty: Dataset = { length: 1, get: () => ({}) };
    await expect(new MeasuredDataset({ dataset: empty, physics: noisy(), seed: 0 }).get(0)).rejects.toMatchObject({
      code: "missing_argument",
    });
  });
});
