import { beforeAll, describe, expect, it } from "vitest";
import { DataLoader, TensorDataset } from "../../ts/data/index.js";
import { Loss, SupLoss, TVLoss, type LossArgs } from "../../ts/loss/index.js";
import { SGD, StepLR } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full, tensor, type Tensor } from "../../ts/tensor/index.js";
import { constants, gainTrainer } from "./gain.js";

beforeAll(() => init({ device: "cpu" }));

/** `3 w0 + 4 w1`: its gradient is [3, 4], of norm 5. */
class Linear extends Loss {
  readonly name = "Linear";
  readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
  readonly epochs: (number | undefined)[] = [];
  forward(args: LossArgs): Tensor {
    this.epochs.push(args.epoch);
    return (args.xNet as Tensor).mul(tensor([3, 4], { shape: [1, 2, 1, 1] })).sum();
  }
}

describe("a training step", () => {
  it.each([
    [undefined, [1 - 3, 1 - 4]],
    [100, [1 - 3, 1 - 4]],
    [1, [1 - 0.6, 1 - 0.8]],
    [0.1, [1 - 0.06, 1 - 0.08]],
  ])("scales the gradients of all weights together down to the norm gradClip: %s", async (gradClip, expected) => {
    const { model, trainer } = gainTrainer({ losses: new Linear(), ...(gradClip ? { gradClip } : {}) }, 1);
    await trainer.train();
    model.values().forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 5));
  });

  it("weighs the losses, and tells them the epoch", async () => {
    const linear = new Linear();
    const losses = [
      { loss: linear, weight: 0.5 },
      { loss: new Linear(), weight: 0.25 },
    ];
    const { model, trainer } = gainTrainer({ losses, epochs: 2, readEvery: 1 }, 1);
    const [first] = await trainer.train();
    expect(linear.epochs).toEqual([0, 1]);
    // Two steps along 0.75 [3, 4].
    expect(model.values()).toEqual([1 - 1.5 * 3, 1 - 1.5 * 4]);
    expect(first?.loss).toBeCloseTo(0.75 * 7, 5);
    expect(first?.losses).toEqual({ Linear: 7, "Linear 2": 7 });
  });

  it("takes the measurement of the batch, and gives its parameters to the physics", async () => {
    const mask = tensor([1, 0], { shape: [1, 2, 1, 1] });
    const physics = new Inpainting({ imgSize: [2, 1, 1], mask: full([1, 2, 1, 1], 1) });
    const x = full([1, 2, 1, 1], 1);
    const drawn = gainTrainer({ physics, trainData: new TensorDataset({ x, params: { mask } }) });
    await drawn.trainer.train();
    expect(drawn.model.seen.map(({ y }) => y)).toEqual([[1, 0]]);
    const recorded = gainTrainer({ trainData: new TensorDataset({ x, y: full([1, 2, 1, 1], 7) }) });
    await recorded.trainer.train();
    expect(recorded.model.seen.map(({ y }) => y)).toEqual([[7, 7]]);
  });

  it("is in training mode, evaluation is not, and the next step is again", async () => {
    const { model, trainer } = gainTrainer({ epochs: 2, evalData: constants(1) });
    model.eval();
    await trainer.train();
    expect(model.seen.map(({ training }) => training)).toEqual([true, false, true, false]);
  });

  it("does not draw its noise from the stream of the evaluation", async () => {
    const data = new TensorDataset({ x: full([1, 2, 1, 1], 0) });
    const { model, trainer } = gainTrainer({
      physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 1 }) }),
      trainData: new DataLoader({ dataset: data }),
      evalData: new DataLoader({ dataset: data }),
    });
    await trainer.train();
    const [training, evaluation] = model.seen.map(({ y }) => y);
    expect(evaluation).not.toEqual(training);
    // The evaluation draws the same again.
    await trainer.test(new DataLoader({ dataset: data }));
    expect(model.seen.at(-1)?.y).toEqual(evaluation);
  });
});

describe("defaults", () => {
  it("one epoch of batches of one image, in random order, redrawn in each epoch", async () => {
    const once = gainTrainer({ trainData: constants(12) });
    await once.trainer.train();
    const order = once.model.seen.map(({ y }) => y[0]);
    expect(order).toHaveLength(12);
    const sorted = Array.from({ length: 12 }, (_, i) => i + 1);
    expect(order).not.toEqual(sorted);
    expect([...order].sort((a, b) => (a as number) - (b as number))).toEqual(sorted);
    const twice = gainTrainer({ trainData: constants(12), epochs: 2 });
    await twice.trainer.train();
    const all = twice.model.seen.map(({ y }) => y[0]);
    expect(all.slice(0, 12)).toEqual(order);
    expect(all.slice(12)).not.toEqual(order);
  });

  it("the schedule steps once an epoch, or at each step if asked to", async () => {
    for (const [scheduleEvery, rate] of [
      [undefined, 1 / 4],
      ["epoch", 1 / 4],
      ["step", 1 / 64],
    ] as const) {
      const { model } = gainTrainer();
      const optimizer = new SGD(model.parameters(), { lr: 1 });
      const { trainer } = gainTrainer({
        model,
        optimizer,
        losses: new TVLoss({ weight: 0 }),
        physics: new Denoising(),
        trainData: new TensorDataset({ x: full([3, 2, 2, 2], 1) }),
        schedule: new StepLR(optimizer, { stepSize: 1, gamma: 0.5 }),
        ...(scheduleEvery ? { scheduleEvery } : {}),
        epochs: 2,
      });
      await trainer.train();
      expect(optimizer.learningRate).toBeCloseTo(rate, 10);
    }
  });

  it("PSNR is the metric", async () => {
    const { trainer } = gainTrainer({ losses: new SupLoss() });
    expect(Object.keys((await trainer.test(constants(1))).metrics)).toEqual(["PSNR"]);
  });
});
