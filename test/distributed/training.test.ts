import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { SupLoss, SureGaussianLoss } from "../../ts/loss/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";
import type { Progress } from "../../ts/train/index.js";
import { bitsOf, Failing, made, onRanks, untimed, values } from "./made.js";

await init({ device: "cpu" });
const folder = await mkdtemp(join(tmpdir(), "adjoint-ranks-"));
afterAll(async () => await rm(folder, { recursive: true }));

/** Bits and history of each of n ranks, after a training with other seeds on all but the first. */
const trained = async (n: number) =>
  values(
    await onRanks(n, async (group) => {
      const run = made(group, {}, group.rank);
      await run.trainer.train();
      return { bits: bitsOf(run), history: untimed(run), best: run.trainer.best };
    }),
  );

/** A whole training on one rank. */
const [whole] = await trained(1);

describe("a training on several ranks", () => {
  it("ends with the same weights, statistics, history and best on 1, 2 and 4 ranks, and on each of them", async () => {
    expect(whole?.history).toHaveLength(7 + 6);
    for (const other of [...(await trained(2)), ...(await trained(4))]) expect(other).toEqual(whole);
  });

  it("learns what the same batches teach without a group", async () => {
    // No draws: supervised, measured once, in order.
    const x = new Rng(3).uniform([8, 1, 8, 8]);
    const options = {
      losses: new SupLoss() as never,
      redraw: false,
      maxSteps: 1,
      trainData: new TensorDataset({ x, y: x }),
    };
    const alone = made(undefined, { ...options, batchSize: 2 });
    await alone.trainer.train();
    const [shared] = values(
      await onRanks(2, async (group) => {
        const run = made(group, { ...options, batchSize: 2 });
        await run.trainer.train();
        return run;
      }),
    );
    const weights = alone.model.parameters().map((p) => [...p.dataSync()]);
    for (const [i, p] of (shared?.model.parameters() ?? []).entries())
      for (const [j, value] of p.dataSync().entries()) expect(value).toBeCloseTo(weights[i]?.[j] as number, 5);
  });

  it("resumes on another number of ranks with the bits of the uninterrupted run", async () => {
    const path = join(folder, "four");
    await onRanks(4, async (group) => await made(group, { maxSteps: 9, checkpoint: { path } }).trainer.train());
    for (const n of [1, 2]) {
      const resumed = values(
        await onRanks(n, async (group) => {
          const run = made(group, {}, 5 + group.rank);
          // The others need not see the file.
          if (group.rank === 0) await run.trainer.resume(path);
          await run.trainer.train();
          return { bits: bitsOf(run), best: run.trainer.best };
        }),
      );
      for (const { bits, best } of resumed) {
        expect(bits).toBe(whole?.bits);
        expect(best).toEqual(whole?.best);
      }
    }
  });

  it("rank 0 alone writes, logs and calls back", async () => {
    const own = await mkdtemp(join(folder, "files-"));
    const calls: string[] = [];
    await onRanks(2, async (group) => {
      const note = (what: string) => () => void calls.push(`${what} ${group.rank}`);
      const file = (name: string): string => join(own, `${name}-${group.rank}`);
      await made(group, {
        maxSteps: 6,
        checkpoint: { path: file("checkpoint") },
        historyPath: file("history"),
        best: { path: file("best") },
        onProgress: note("progress"),
        onEvaluation: note("evaluation"),
        loggers: [{ scalars: note("logger") }],
      }).trainer.train();
    });
    expect((await readdir(own)).sort()).toEqual(["best-0", "checkpoint-0", "history-0"]);
    expect(new Set(calls)).toEqual(new Set(["progress 0", "evaluation 0", "logger 0"]));
    expect((await readFile(join(own, "history-0"), "utf8")).trimEnd().split("\n")).toHaveLength(4);
  });

  it("counts the images of all ranks, and leaves no tensors", async () => {
    const seen: Progress[] = [];
    const run = async (maxSteps: number): Promise<number> => {
      const before = memory().tensors;
      values(
        await onRanks(2, async (group) => {
          const { model, optimizer, trainer } = made(group, { maxSteps, onProgress: (p) => void seen.push(p) });
          await trainer.train();
          trainer.dispose();
          optimizer.dispose();
          model.dispose();
        }),
      );
      return memory().tensors - before;
    };
    // Fewer than one a step; what earlier tests dropped may be freed meanwhile.
    expect((await run(12)) - Math.max(0, await run(3))).toBeLessThan(9);
    expect(seen.length).toBeGreaterThan(0);
  });
});

describe("what goes wrong on one rank ends all", () => {
  const failed = async (bad: (rank: number, index: number) => boolean, more = {}) =>
    await onRanks(4, async (group) => {
      const trainData = new Failing((index) => bad(group.rank, index));
      await made(group, { trainData, batchSize: 1, maxSteps: 4, ...more }).trainer.train();
    });

  it("an error of a dataset: its own on the rank, named on the others, with the last checkpoint", async () => {
    const path = join(folder, "torn");
    let steps = 0;
    const results = await failed((rank, index) => rank === 2 && index > 0 && ++steps > 2, {
      checkpoint: { path, every: 1 },
    });
    const messages = results.map((result) => (result.status === "rejected" ? (result.reason as Error).message : ""));
    expect(messages[2]).toMatch(/^the film of image \d is torn$/);
    for (const rank of [0, 1, 3]) {
      expect(messages[rank]).toMatch(
        /^Trainer: rank 2: the film of image \d is torn The last good checkpoint is .*torn \(step \d\)\.$/,
      );
      expect(results[rank]).toMatchObject({ reason: { code: "rank_failed" } });
    }
    // It is good.
    const resumed = values(
      await onRanks(2, async (group) => {
        const run = made(group);
        await run.trainer.resume(path);
        return run.trainer.step;
      }),
    );
    expect(resumed[0]).toBeGreaterThan(0);
  });

  it("a loss that is not finite is that of all", async () => {
    const losses = { loss: new SupLoss(), weight: 1e39 };
    const results = await onRanks(2, async (group) => await made(group, { losses: [losses] }).trainer.train());
    for (const result of results) expect(result).toMatchObject({ reason: { code: "non_finite_loss" } });
  });

  it("a callback, a logger and a file of rank 0", async () => {
    const wrong = () => {
      throw new Error("no more");
    };
    const options = [
      { onProgress: wrong },
      { onEvaluation: wrong, evalEvery: { steps: 2 } },
      { loggers: [{ scalars: wrong }] },
      { checkpoint: { path: join(folder, "four", "is a file") } },
      { historyPath: join(folder, "four", "is a file") },
    ];
    for (const more of options) {
      const [first, other] = await onRanks(2, async (group) => await made(group, more).trainer.train());
      const { message } = (first as PromiseRejectedResult).reason as Error;
      expect(message).not.toBe("");
      expect(other).toMatchObject({ reason: { code: "rank_failed", message: expect.stringContaining("rank 0: ") } });
    }
  });

  it("a rank that makes no step is waited for until the time limit", async () => {
    const results = await onRanks(
      2,
      async (group) => {
        if (group.rank === 0) await made(group).trainer.train();
      },
      { timeout: 0.1 },
    );
    expect(results[0]).toMatchObject({
      reason: { code: "rank_silent", message: expect.stringMatching(/^Trainer: Group: rank 1 took no part/) },
    });
  });

  it("an abort of one rank ends all after the same step, with a checkpoint that goes on", async () => {
    const [path, controller] = [join(folder, "aborted"), new AbortController()];
    const results = await onRanks(2, async (group) => {
      const onProgress = ({ step }: Progress): void => void (step === 6 && controller.abort(new Error("enough")));
      const { trainer } = made(group, { checkpoint: { path }, onProgress });
      await trainer.train(group.rank === 0 ? { signal: controller.signal } : {});
    });
    expect(results[0]).toMatchObject({ reason: { message: "enough" } });
    expect(results[1]).toMatchObject({ reason: { code: "rank_aborted" } });
    const run = made(undefined);
    await run.trainer.resume(path);
    expect(run.trainer.step).toBeLessThan(9);
    const [resumed] = values(
      await onRanks(2, async (group) => {
        const again = made(group);
        await again.trainer.resume(path);
        await again.trainer.train();
        return bitsOf(again);
      }),
    );
    expect(resumed).toBe(whole?.bits);
  });

  it("save within a callback, which the others do not call, is refused", async () => {
    const [first] = await onRanks(2, async (group) => {
      const run = made(group, { onProgress: async () => await run.trainer.save(join(folder, "inside")) });
      await run.trainer.train();
    });
    expect(first).toMatchObject({ reason: { code: "invalid_argument", message: expect.stringContaining("callback") } });
  });
});

describe("options that do not fit a group are refused", () => {
  const refused = async (more: object): Promise<unknown> => {
    const [result] = await onRanks(4, async (group) => void made(group, more));
    return (result as PromiseRejectedResult).reason;
  };

  it("batches that cannot be shared", async () => {
    for (const accumulate of [1, 2, 6])
      expect(await refused({ accumulate })).toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining(`accumulate is ${accumulate} with a group of 4`),
      });
  });

  it("a loss that learns from batch to batch", async () => {
    const results = await onRanks(2, async (group) => {
      await made(group, { losses: new SureGaussianLoss({ sigma: 0.1, unsure: true }) }).trainer.train();
    });
    for (const { reason } of results as PromiseRejectedResult[])
      expect(reason).toMatchObject({ code: "invalid_argument" });
    expect((results[0] as PromiseRejectedResult).reason).toMatchObject({
      message: expect.stringContaining("SureGaussianLoss learns"),
    });
  });

  it("what is no group", () => {
    expect(() => made({ rank: 0, size: 1 } as never)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
