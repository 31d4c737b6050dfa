import { afterEach, describe, expect, it, vi } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import type { Group, PartwiseSum } from "../../ts/distributed/index.js";
import { SupLoss } from "../../ts/loss/index.js";
import { BatchNorm2d, Conv2d, Module } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { BackwardPass, memory, type Tensor } from "../../ts/tensor/index.js";
import { Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { bitsOf, onRanks, values } from "./made.js";

await init({ device: "cpu" });
afterEach(() => void vi.restoreAllMocks());

/** The rank whose model was called last. */
let called = -1;

/** Convolutions of 36,928 weights each, so that four of them are a part; parameters from the output to the input. */
class Turned extends Module {
  readonly last: Conv2d;
  readonly d: Conv2d;
  readonly c: Conv2d;
  readonly norm = new BatchNorm2d({ numFeatures: 64 });
  readonly b: Conv2d;
  readonly a: Conv2d;
  readonly first: Conv2d;

  constructor(
    readonly rank: number,
    rng: Rng,
  ) {
    super();
    const conv = (inChannels: number, outChannels: number): Conv2d =>
      new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1, rng });
    [this.last, this.d, this.c] = [conv(64, 1), conv(64, 64), conv(64, 64)];
    [this.b, this.a, this.first] = [conv(64, 64), conv(64, 64), conv(1, 64)];
  }

  forward(y: Tensor): Tensor {
    called = this.rank;
    const half = this.b.forward(this.a.forward(this.first.forward(y).relu()).relu());
    const rest = this.d.forward(this.c.forward(this.norm.forward(half).relu()).relu());
    return y.add(this.last.forward(rest));
  }
}

function made(group: Group, more: Partial<TrainerOptions> = {}) {
  const rng = new Rng(0);
  const model = new Turned(group.rank, rng.fork());
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
  const trainer = new Trainer({
    model: model as never,
    optimizer,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses: new SupLoss() as never,
    // The second step of an epoch lacks two of its four batches.
    trainData: new TensorDataset({ x: new Rng(42).uniform([6, 1, 6, 6]) }),
    accumulate: 4,
    epochs: 2,
    gradClip: 1,
    group,
    rng,
    ...more,
  });
  return { model, optimizer, trainer };
}

/** A group as a program may have it, which sums all values at once. */
const plain = (group: Group): Group => ({
  rank: group.rank,
  size: group.size,
  allReduce: async (sum) => await group.allReduce(sum),
  allGather: async (bytes) => await group.allGather(bytes),
  broadcast: async (bytes) => await group.broadcast(bytes),
  barrier: async () => await group.barrier(),
  abort: (error) => group.abort(error),
  close: () => group.close(),
});

const overlapping = { timeout: 60, overlap: true };

const trained = async (n: number, groupOf = (group: Group) => group, more: Partial<TrainerOptions> = {}) =>
  values(
    await onRanks(
      n,
      async (group) => {
        const run = made(groupOf(group), more);
        await run.trainer.train();
        return bitsOf(run);
      },
      overlapping,
    ),
  );

/** A group that tells of the parts of its sums. */
const telling =
  (note: (rank: number, what: string) => void) =>
  (group: Group): Group => ({
    ...plain(group),
    partwiseSum: () => {
      const sum = group.partwiseSum?.() as PartwiseSum;
      return {
        add: (part) => {
          note(group.rank, `sent ${part.length}`);
          sum.add(part);
        },
        end: async () => {
          note(group.rank, "end");
          await sum.end();
        },
      };
    },
  });

describe("gradients that cross the network during the backward pass", () => {
  it("give the same bits on 1, 2 and 4 ranks, with and without it", async () => {
    const [one] = await trained(1);
    for (const n of [2, 4])
      for (const groupOf of [undefined, plain]) for (const bits of await trained(n, groupOf)) expect(bits).toBe(one);
  });

  it("leave as soon as a part is complete, and from the second step on in the order of completion", async () => {
    const said: string[] = [];
    const owners = new Map<BackwardPass, number>();
    const { next } = BackwardPass.prototype;
    const order = Object.getOwnPropertyDescriptor(BackwardPass.prototype, "order")?.get as () => number[];
    // A pass begins right after the model was called.
    vi.spyOn(BackwardPass.prototype, "order", "get").mockImplementation(function (this: BackwardPass) {
      owners.set(this, called);
      return order.call(this);
    });
    vi.spyOn(BackwardPass.prototype, "next").mockImplementation(function (this: BackwardPass, positions) {
      if (owners.get(this) === 1) said.push(`computed ${positions.join(" ")}`);
      return next.call(this, positions);
    });
    const groupOf = telling((rank, what) => void (rank === 1 && said.push(what)));
    await trained(2, groupOf, { maxSteps: 2, accumulate: 2, epochs: 1 });
    // Weight and bias of last, d, c, norm, b, a and first. The final part has statistics and counts too.
    const first = ["computed 13 12 11 10 9 8 7 6 5 4 3 2", "sent 148480", "computed 1 0", "sent 709", "end"];
    const second = ["computed 0 1 2 3 4 5 6 7 8 9 10", "sent 148353", "computed 11 12 13", "sent 836", "end"];
    expect(said).toEqual([...first, ...second]);
  });

  it("an error in the middle is that of all ranks, leaves nothing, and another training can begin", async () => {
    const before = memory().tensors;
    const { next } = BackwardPass.prototype;
    let calls = 0;
    vi.spyOn(BackwardPass.prototype, "next").mockImplementation(function (this: BackwardPass, positions) {
      // One rank, after the first part.
      if (++calls === 3) throw new Error("the film is torn");
      return next.call(this, positions);
    });
    const results = await onRanks(
      2,
      async (group) => {
        const run = made(group, { accumulate: 2 });
        try {
          await run.trainer.train();
        } finally {
          run.trainer.dispose();
          run.optimizer.dispose();
          run.model.dispose();
        }
      },
      overlapping,
    );
    const reasons = results.map((result) => (result as PromiseRejectedResult).reason as { code?: string });
    const messages = reasons.map((reason) => (reason as unknown as Error).message);
    expect(messages.filter((text) => text.startsWith("the film is torn"))).toHaveLength(1);
    expect(messages.filter((text) => /^Trainer: rank \d: the film is torn/.test(text))).toHaveLength(1);
    expect(reasons.filter(({ code }) => code === "rank_failed")).toHaveLength(1);
    // The images of both ranks live on.
    expect(memory().tensors).toBeLessThanOrEqual(before + 2);
    vi.restoreAllMocks();
    const [again, one] = [await trained(2), await trained(1)];
    expect(again[0]).toBe(one[0]);
  });
});
