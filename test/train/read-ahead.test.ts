import { expect, it } from "vitest";
import { DataLoader } from "../../ts/data/index.js";
import { PSNR } from "../../ts/metric/index.js";
import { ArtifactRemoval, DnCNN } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { evaluate } from "../../ts/train/index.js";
import { noting } from "../data/noting.js";
import { made, onRanks, values } from "../distributed/made.js";

await init({ device: "cpu" });
const x = new Rng(1).uniform([22, 1, 12, 12]);

/** Images that note what is done with them. */
const images = () =>
  noting(22, (index) => ({ x: x.slice([index, 0, 0, 0], [index + 1, 1, 12, 12]).reshape([1, 12, 12]) }));
/** Each once. */
const once = (indices: readonly number[]): number[] => [...new Set(indices)];

it("a training asks for what it reads, on each rank for its own batches, and frees what it does not need", async () => {
  const run = async (n: number) =>
    values(
      await onRanks(n, async (group) => {
        const { dataset, read, asked, open } = images();
        const trainData = new DataLoader({ dataset, batchSize: 2, rng: new Rng(0) });
        const { trainer } = made(n === 1 ? undefined : group, {
          trainData,
          maxSteps: 2,
          evalData: undefined,
          earlyStop: undefined,
        } as never);
        await trainer.train();
        return { read: once(read), asked: once(asked), open };
      }),
    );
  // Eight batches in two steps of four; without a group the one behind them is asked for too.
  const [alone] = await run(1);
  expect(alone).toEqual({ read: range(0, 16), asked: range(0, 18), open: [] });
  const [first, second] = await run(2);
  // The first sample is looked at before the training.
  expect(first).toEqual({ read: [0, 1, 2, 3, 8, 9, 10, 11], asked: [0, 1, 2, 3, 8, 9, 10, 11, 16, 17], open: [] });
  expect(second).toEqual({
    read: [0, 4, 5, 6, 7, 12, 13, 14, 15],
    asked: [4, 5, 6, 7, 12, 13, 14, 15, 20, 21],
    open: [],
  });
});

it("of several data sets in turn only the batches of a rank are asked for", async () => {
  const found = values(
    await onRanks(2, async (group) => {
      const sets = [images(), images()];
      const trainData = sets.map(({ dataset }) => new DataLoader({ dataset, batchSize: 2, rng: new Rng(0) }));
      const { trainer } = made(group, { trainData, maxSteps: 2, evalData: undefined, earlyStop: undefined } as never);
      await trainer.train();
      return sets.map(({ asked, open }) => ({ asked: once(asked), open }));
    }),
  );
  const [first, second] = [
    { asked: [0, 1, 4, 5], open: [] },
    { asked: [2, 3, 6, 7], open: [] },
  ];
  expect(found).toEqual([
    [first, first],
    [second, second],
  ]);
});

it("an evaluation that fails frees what was read for its next batch", async () => {
  const { dataset, asked, open } = images();
  const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
  const network = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(2) });
  const model = new ArtifactRemoval({ backboneNet: network });
  const data = new DataLoader({ dataset });
  const onBatch = () => {
    throw new Error("ends");
  };
  await expect(evaluate({ model, physics, data, metrics: [new PSNR()], onBatch, rng: new Rng(0) })).rejects.toThrow(
    "ends",
  );
  expect([once(asked), open]).toEqual([[0, 1], []]);
});

it("an evaluation asks for what it reads, on each rank for its own images", async () => {
  const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
  const network = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(2) });
  const model = new ArtifactRemoval({ backboneNet: network });
  for (const n of [1, 2]) {
    const found = values(
      await onRanks(n, async (group) => {
        const { dataset, read, asked, open } = images();
        await evaluate({ model, physics, data: dataset, metrics: [new PSNR()], group, rng: new Rng(0) });
        return { read: once(read), asked: once(asked), open };
      }),
    );
    for (const [rank, each] of found.entries()) {
      const own = range(0, 22).filter((index) => index % n === rank);
      expect(each).toEqual({ read: own, asked: own, open: [] });
    }
  }
});

function range(begin: number, end: number): number[] {
  return Array.from({ length: end - begin }, (_, i) => begin + i);
}
