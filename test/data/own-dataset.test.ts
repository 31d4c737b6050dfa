import { beforeAll, describe, expect, it } from "vitest";
import { DataLoader, type Dataset, MeasuredDataset, Normalized, PatchDataset } from "../../ts/data/index.js";
import { SupLoss } from "../../ts/loss/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { Trainer } from "../../ts/train/index.js";

beforeAll(async () => await init());

describe("a dataset of one's own whose get gives no sample", () => {
  // Such as a function body without a return.
  const given: [string, unknown][] = [
    ["nothing", undefined],
    ["null", null],
    ["a number", 3],
    ["a list", [1]],
  ];
  const uses: Record<string, (dataset: Dataset) => Promise<unknown>> = {
    DataLoader: async (dataset) => await new DataLoader({ dataset, batchSize: 2 }).next(),
    PatchDataset: async (dataset) => await new PatchDataset({ dataset, size: 4, length: 2 }).get(0),
    MeasuredDataset: async (dataset) =>
      await new MeasuredDataset({ dataset, physics: new Denoising(), seed: 0 }).get(0),
    Normalized: async (dataset) => await new Normalized({ dataset }).get(0),
    Trainer: async (trainData) => {
      const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 1, rng: new Rng(0) });
      const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
      const common = { model, physics: new Denoising(), losses: new SupLoss(), optimizer, epochs: 1, batchSize: 1 };
      await new Trainer({ ...common, trainData, rng: new Rng(0) }).train();
    },
  };

  it.each(Object.keys(uses).flatMap((user) => given.map(([name, sample]) => [user, name, sample] as const)))(
    "%s: %s",
    async (user, _, sample) => {
      const dataset = { length: 2, get: async () => sample } as unknown as Dataset;
      await expect((uses[user] as (dataset: Dataset) => Promise<unknown>)(dataset)).rejects.toMatchObject({
        name: "ArgumentError",
        code: "invalid_argument",
        message: expect.stringMatching(
          user === "Trainer"
            ? /^Trainer: the first sample of trainData is /
            : new RegExp(`^${user}: get\\(\\d\\) of the`),
        ) as string,
      });
    },
  );
});
