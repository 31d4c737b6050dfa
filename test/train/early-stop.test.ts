import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Metric, MSE } from "../../ts/metric/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full, type Tensor } from "../../ts/tensor/index.js";
import type { EarlyStop, HistoryEntry, Trainer, TrainerOptions } from "../../ts/train/index.js";
import { constants, gainTrainer } from "./gain.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-early-stop-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A metric whose value after each epoch is given. */
class Scripted extends Metric {
  override readonly lowerBetter: boolean;
  trainer: Trainer | undefined;
  constructor(
    readonly script: readonly number[],
    lowerBetter: boolean,
  ) {
    super("Scripted");
    this.lowerBetter = lowerBetter;
  }
  protected metric(xNet: Tensor): Tensor {
    return full([xNet.shape[0] as number], this.script[(this.trainer?.epoch ?? 1) - 1] as number);
  }
}

interface Run {
  readonly script: readonly number[];
  readonly lowerBetter?: boolean;
  readonly earlyStop: Omit<EarlyStop, "metric">;
  readonly more?: Partial<TrainerOptions>;
}

function make({ script, lowerBetter = true, earlyStop, more = {} }: Run): Trainer {
  const scripted = new Scripted(script, lowerBetter);
  const { trainer } = gainTrainer({
    epochs: script.length,
    evalData: constants(1),
    metrics: [new MSE(), scripted],
    earlyStop: { ...earlyStop, metric: "Scripted" },
    ...more,
  });
  scripted.trainer = trainer;
  return trainer;
}

describe("earlyStop", () => {
  it.each<[string, Run, number]>([
    ["lower is better", { script: [5, 4, 3, 3, 3, 3], earlyStop: { patience: 2 } }, 5],
    ["higher is better", { script: [3, 4, 5, 5, 5, 5], lowerBetter: false, earlyStop: { patience: 2 } }, 5],
    ["an improvement starts the count again", { script: [5, 5, 4, 4, 4, 4], earlyStop: { patience: 2 } }, 5],
    ["worse values count, too", { script: [3, 9, 8, 7, 6, 5], earlyStop: { patience: 3 } }, 4],
    ["changes below minDelta are none", { script: [5, 4.9, 4.8, 4.7], earlyStop: { patience: 2, minDelta: 1 } }, 3],
    ["changes above minDelta count", { script: [5, 3.9, 2.8, 1.7], earlyStop: { patience: 1, minDelta: 1 } }, 4],
  ])("%s", async (_, run, epochs) => {
    const trainer = make(run);
    await trainer.train();
    expect(trainer.epoch).toBe(epochs);
  });

  it("a checkpoint keeps the best value, the count, and that training has stopped", async () => {
    const run = { script: [5, 4, 4, 4, 4, 4], earlyStop: { patience: 3 } };
    const whole = make(run);
    await whole.train();
    expect(whole.epoch).toBe(5);
    for (const epochs of [2, 3, 4, 5]) {
      const path = join(folder, `stopped-${epochs}`);
      await make({ ...run, more: { maxSteps: epochs, checkpoint: { path } } }).train();
      const rest = make(run);
      await rest.resume(path);
      await rest.train();
      expect(rest.epoch, `resumed after epoch ${epochs}`).toBe(5);
    }
  });

  it("a resumed training evaluates with the noise of the one that it continues", async () => {
    const path = join(folder, "noise");
    const physics = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const make = (seed: number, more: Partial<TrainerOptions> = {}) =>
      gainTrainer({ physics: physics(), rng: new Rng(seed), epochs: 2, ...more }).trainer;
    await make(1, { maxSteps: 1, checkpoint: { path } }).train();
    const [same, other] = [await make(1).test(constants(1)), make(2)];
    expect(await other.test(constants(1))).not.toEqual(same);
    await other.resume(path);
    expect(await other.test(constants(1))).toEqual(same);
  });

  it("onEvaluation is given the entries of the history", async () => {
    const entries: HistoryEntry[] = [];
    const onEvaluation = (entry: HistoryEntry) => void entries.push(entry);
    const trainer = make({ script: [5, 4], earlyStop: { patience: 1 }, more: { onEvaluation } });
    const history = await trainer.train();
    expect(entries.map(({ step, epoch, evalMetrics }) => [step, epoch, evalMetrics?.["Scripted"]])).toEqual([
      [1, 1, 5],
      [2, 2, 4],
    ]);
    expect(history.filter(({ evalMetrics }) => evalMetrics)).toEqual(entries);
  });
});
