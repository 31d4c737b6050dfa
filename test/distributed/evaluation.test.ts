import { describe, expect, it } from "vitest";
import { DataLoader, type Dataset, type Measurement, restoreByTiles, TensorDataset } from "../../ts/data/index.js";
import type { Group } from "../../ts/distributed/index.js";
import type { Pixels } from "../../ts/io/index.js";
import { PSNR, SSIM } from "../../ts/metric/index.js";
import { ArtifactRemoval, DnCNN } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";
import { DEFAULT_BASELINES, evaluate, type HistoryEntry, type TestResult } from "../../ts/train/index.js";
import { Failing, made, onRanks, values } from "./made.js";

await init({ device: "cpu" });

const x = new Rng(1).uniform([11, 1, 12, 12]);
const network = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(2) });

const evaluated = async (group: Group | undefined, data: Dataset<Measurement>, seed = 0): Promise<TestResult> =>
  await evaluate({
    model: new ArtifactRemoval({ backboneNet: network }),
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    // Six batches, in an order that rank 0 draws; the last has one image.
    data: new DataLoader({ dataset: data, batchSize: 2, shuffle: true, rng: new Rng(seed) }),
    metrics: [new PSNR(), new SSIM()],
    baselines: DEFAULT_BASELINES,
    rng: new Rng(seed),
    ...(group ? { group } : {}),
  });

describe("an evaluation on several ranks", () => {
  it("gives every rank the numbers of one, to the last bit, with noise that is drawn", async () => {
    const run = async (n: number) =>
      values(await onRanks(n, async (group) => await evaluated(group, new TensorDataset({ x }), group.rank)));
    const [one] = await run(1);
    expect(one?.metrics["PSNR"]?.values).toHaveLength(11);
    for (const other of [...(await run(2)), ...(await run(4)), ...(await run(8))]) expect(other).toEqual(one);
  });

  it("gives the numbers without a group where nothing is drawn", async () => {
    const data = new TensorDataset({ x, y: new Rng(4).uniform([11, 1, 12, 12]) });
    const alone = await evaluated(undefined, data);
    const before = memory().tensors;
    for (const shared of values(await onRanks(4, async (group) => await evaluated(group, data))))
      expect(shared).toEqual(alone);
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });

  it("reads every image once, each rank its own", async () => {
    const read: string[] = [];
    const images = new TensorDataset({ x });
    await onRanks(2, async (group) => {
      const get = async (index: number) => {
        read.push(`${group.rank}`);
        return await images.get(index);
      };
      await evaluated(group, { length: 11, get });
    });
    // Rank 0 reads batches 0, 2 and 4.
    expect(read.sort().join("")).toBe("00000011111");
  });

  it("ends on all ranks where one cannot read an image", async () => {
    const results = await onRanks(
      2,
      async (group) => await evaluated(group, new Failing((i) => group.rank === 1 && i > 2)),
    );
    expect(results[1]).toMatchObject({ reason: { message: expect.stringMatching(/^the film of image \d is torn$/) } });
    expect(results[0]).toMatchObject({ reason: { code: "rank_failed", message: expect.stringContaining("rank 1: ") } });
  });

  it("refuses what is no group", async () => {
    await expect(evaluated({ rank: 0 } as never, new TensorDataset({ x }))).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("group"),
    });
  });
});

describe("an image on several ranks", () => {
  const image: Pixels = { data: Float32Array.from(new Rng(5).uniform([2 * 21 * 17]).dataSync()), shape: [2, 21, 17] };

  it("is restored tile by tile, each on one rank, with the bits of one", async () => {
    const restore = async ({ data, shape }: Pixels): Promise<Pixels> => ({
      data: data.map((value, i) => value * (1 + (i % 7))),
      shape,
    });
    const alone = await restoreByTiles(image, { tile: 8, margin: 3, blend: 2 }, restore);
    for (const n of [1, 2, 4]) {
      const counts = new Array<number>(n).fill(0);
      const shared = values(
        await onRanks(n, async (group) => {
          const tiles = { tile: 8, margin: 3, blend: 2, group };
          return await restoreByTiles(image, tiles, async (part) => {
            counts[group.rank] = (counts[group.rank] as number) + 1;
            return await restore(part);
          });
        }),
      );
      for (const { data, shape } of shared) expect([...data, ...shape]).toEqual([...alone.data, ...alone.shape]);
      // Three tiles by three.
      expect(counts).toEqual(counts.map((_, rank) => Math.ceil((9 - rank) / n)));
    }
  });

  it("ends on all ranks where one cannot restore its tile", async () => {
    const results = await onRanks(2, async (group) => {
      await restoreByTiles(image, { tile: 8, group }, async (part) => {
        if (group.rank === 1) throw new Error("no light");
        return part;
      });
    });
    expect(results).toMatchObject([{ reason: { code: "rank_failed" } }, { reason: { message: "no light" } }]);
  });
});

describe("the evaluations of a training on several ranks", () => {
  it("have the losses of one, to the last bit, also after an abort within one of them", async () => {
    const options = { evalLosses: true, maxSteps: 3, epochs: 1, accumulate: 4 };
    const entries = (history: HistoryEntry[]) => history.filter(({ evalLoss }) => evalLoss !== undefined);
    const run = async (n: number) =>
      values(
        await onRanks(n, async (group) => {
          const { trainer } = made(group, options);
          return entries(await trainer.train());
        }),
      );
    const [one] = await run(1);
    expect(one).toHaveLength(1);
    for (const other of await run(4)) expect(other).toEqual(one);
    const controller = new AbortController();
    const images = new TensorDataset({ x: new Rng(42).uniform([7, 1, 12, 12]) });
    const again = values(
      await onRanks(2, async (group) => {
        // The fourth image is read by rank 1 alone.
        const get = async (index: number) => {
          if (index === 3 && group.rank === 1) controller.abort(new Error("enough"));
          return await images.get(index);
        };
        const { trainer } = made(group, { ...options, evalData: { length: 7, get } });
        const { signal } = controller;
        const first = await trainer.train(group.rank === 1 ? { signal } : {}).catch((error: Error) => error.message);
        return { first, entries: entries(await trainer.train()) };
      }),
    );
    expect(again.map(({ first }) => first)).toEqual(["Trainer: the training was aborted on another rank.", "enough"]);
    for (const { entries: found } of again) expect(found).toEqual(one);
  });
});
