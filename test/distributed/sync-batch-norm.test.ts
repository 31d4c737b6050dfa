import { describe, expect, it } from "vitest";
import { DataLoader, TensorDataset } from "../../ts/data/index.js";
import type { Group } from "../../ts/distributed/index.js";
import { adversarial, type Loss, type LossArgs, SupLoss } from "../../ts/loss/index.js";
import { BatchNorm2d, BFBatchNorm2d, Conv2d, Module, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor, tensor, tidy, vjp } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer } from "../../ts/train/index.js";
import { bitsOf, made, onRanks, untimed, values } from "./made.js";

await init({ device: "cpu" });

/** Three batch norms, one of them on the way around another: every kind of path. */
class Net extends Module {
  readonly first: Conv2d;
  readonly norm = new BatchNorm2d({ numFeatures: 3 });
  readonly second: Conv2d;
  readonly free = new BFBatchNorm2d({ numFeatures: 3, useBias: true });
  readonly last: Conv2d;
  readonly end = new BatchNorm2d({ numFeatures: 1, affine: false });

  constructor(rng: Rng) {
    super();
    const same = { kernelSize: 3, padding: 1, rng };
    this.first = new Conv2d({ inChannels: 1, outChannels: 3, ...same });
    this.second = new Conv2d({ inChannels: 3, outChannels: 3, ...same });
    this.last = new Conv2d({ inChannels: 3, outChannels: 1, ...same });
  }

  forward(y: Tensor): Tensor {
    const a = this.norm.rectified(this.first.forward(y), 0.1);
    const b = this.free.forward(this.second.forward(a)).add(a);
    return y.add(this.end.forward(this.last.forward(b.tanh())));
  }
}

const x = new Rng(1).uniform([7, 1, 6, 6]);
const y = new Rng(2).uniform([7, 1, 6, 6]);
const LR = 0.05;

/** A training on 7 images, in four batches of which the last has one, or in one. */
function seven(group: Group | undefined, { maxSteps = 1, losses = [new SupLoss()] as Loss[] } = {}) {
  const model = new Net(new Rng(5));
  const trainer = new Trainer({
    model: model as never,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses: losses as never,
    optimizer: new SGD(model.parameters(), { lr: LR }),
    trainData: new TensorDataset({ x, y }),
    batchSize: group ? 2 : 7,
    maxSteps,
    epochs: maxSteps,
    rng: new Rng(0),
    ...(group ? { group, accumulate: 4, syncBatchNorm: true } : {}),
  });
  return { model, trainer };
}

const state = (model: Module): Record<string, number[]> =>
  Object.fromEntries(Object.entries(model.stateDict()).map(([name, value]) => [name, [...value.dataSync()]]));

/** The state after some steps on two ranks. */
async function shared(maxSteps: number): Promise<Record<string, number[]>> {
  const [first] = values(
    await onRanks(2, async (group) => {
      const { model, trainer } = seven(group, { maxSteps });
      await trainer.train();
      return state(model);
    }),
  );
  return first as Record<string, number[]>;
}

/** Equal up to the rounding of float32. */
function expectClose(found: Record<string, number[]>, expected: Record<string, number[]>): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, list] of Object.entries(expected))
    for (const [i, value] of list.entries())
      expect(Math.abs((found[name]?.[i] as number) - value), `${name}[${i}]`).toBeLessThan(
        2e-5 * (1 + Math.abs(value)),
      );
}

describe("synchronised batch norms", () => {
  it("train as one batch of all images does: weights and running statistics", async () => {
    const alone = seven(undefined, { maxSteps: 3 });
    await alone.trainer.train();
    const whole = state(alone.model);
    expectClose(await shared(3), whole);
    // Without, they do not: the test tells them apart.
    expect(state(new Net(new Rng(5)))["norm.running_var"]).not.toEqual(whole["norm.running_var"]);
  });

  it("move the weights along the gradient of the loss of all images, by finite differences", async () => {
    const start = new Net(new Rng(5)).to("float64") as Net;
    const loss = (): number =>
      tidy(() => start.forward(y.to("float64")).sub(x.to("float64")).square().mean().itemSync());
    const before = state(start);
    const after = await shared(1);
    const h = 1e-6;
    for (const [name, weight] of start.namedParameters()) {
      const list = before[name] as number[];
      for (const i of new Set([0, list.length - 1])) {
        const at = (delta: number): number => {
          const moved = Float64Array.from(list);
          moved[i] = (moved[i] as number) + delta;
          weight.assign_(tensor(moved, { shape: [...weight.shape], dtype: "float64" }));
          return loss();
        };
        const slope = (at(h) - at(-h)) / (2 * h);
        at(0);
        const moved = ((list[i] as number) - (after[name]?.[i] as number)) / LR;
        expect(Math.abs(moved - slope), `${name}[${i}]`).toBeLessThan(3e-5);
      }
    }
  });

  it("give the same bits on 1, 2 and 4 ranks, with losses that draw and call the model several times", async () => {
    const run = async (n: number) =>
      values(
        await onRanks(n, async (group) => {
          const trained = made(group, { syncBatchNorm: true, maxSteps: 6 }, group.rank);
          await trained.trainer.train();
          return { bits: bitsOf(trained), history: untimed(trained) };
        }),
      );
    const [one] = await run(1);
    for (const other of [...(await run(2)), ...(await run(4))]) expect(other).toEqual(one);
  });

  it("also those of a discriminator, with the same bits, and leave no tensors", async () => {
    const run = async (n: number, maxSteps: number) =>
      values(
        await onRanks(n, async (group) => {
          const rng = new Rng(0);
          const model = new Net(rng.fork());
          const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, batchNorm: true, rng: rng.fork() });
          const optimizers = [new SGD(model.parameters(), { lr: LR }), new SGD(D.parameters(), { lr: LR })] as const;
          const trainer = new AdversarialTrainer({
            model: model as never,
            D,
            physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
            losses: [new SupLoss(), new adversarial.SupAdversarialGeneratorLoss({ flavour: "lsgan" })] as never,
            lossesD: new adversarial.SupAdversarialDiscriminatorLoss({ flavour: "lsgan" }) as never,
            optimizer: optimizers[0],
            optimizerD: optimizers[1],
            stepRatioD: 2,
            trainData: new DataLoader({
              dataset: new TensorDataset({ x: new Rng(4).uniform([8, 1, 8, 8]) }),
              batchSize: 2,
            }),
            accumulate: 4,
            maxSteps,
            epochs: maxSteps,
            syncBatchNorm: true,
            group,
            rng,
          });
          await trainer.train();
          const bits = JSON.stringify([state(model), state(D)]);
          trainer.dispose();
          for (const used of [...optimizers, model, D]) used.dispose();
          return bits;
        }),
      );
    const [one] = await run(1, 2);
    for (const other of [...(await run(2, 2)), ...(await run(4, 2))]) expect(other).toBe(one);
    const left = async (maxSteps: number): Promise<number> => {
      const before = memory().tensors;
      await run(2, maxSteps);
      return memory().tensors - before;
    };
    // Fewer than one a step; what earlier tests dropped may be freed meanwhile.
    const few = Math.max(0, await left(1));
    expect((await left(3)) - few).toBeLessThan(2);
  });
});

describe("synchronised batch norms are refused", () => {
  it("without a group", () => {
    expect(() => made(undefined, { syncBatchNorm: true })).toThrow(
      expect.objectContaining({ code: "missing_argument", message: expect.stringContaining("syncBatchNorm") }),
    );
  });

  /** What every rank ends with. */
  const refused = async (losses: Loss[]): Promise<void> => {
    const results = await onRanks(2, async (group) => await seven(group, { losses }).trainer.train());
    for (const result of results) {
      expect(result).toMatchObject({
        reason: { code: "invalid_argument", message: expect.stringContaining("syncBatchNorm") },
      });
    }
  };

  it("where batches call them differently", async () => {
    class Sometimes extends SupLoss {
      override forward(args: LossArgs): Tensor {
        const value = super.forward(args as never);
        // The batch of one image calls the model again.
        if (args.xNet?.shape[0] === 1)
          return value.add(args.model!.forward(args.y as Tensor, args.physics as never).mean());
        return value;
      }
    }
    await refused([new Sometimes()]);
  });

  it("where a loss differentiates through them", async () => {
    class Slope extends SupLoss {
      override forward(args: LossArgs): Tensor {
        const [value, back] = vjp((at) => args.model!.forward(at, args.physics as never), args.y as Tensor);
        return back(value).mean();
      }
    }
    await refused([new Slope()]);
  });

  it("but not where it differentiates something else", async () => {
    class Beside extends SupLoss {
      override forward(args: LossArgs): Tensor {
        const [value, back] = vjp((at) => at.square(), args.xNet as Tensor);
        return super.forward(args as never).add(back(value).mean());
      }
    }
    for (const result of await onRanks(
      2,
      async (group) => await seven(group, { losses: [new Beside()] }).trainer.train(),
    ))
      expect(result.status).toBe("fulfilled");
  });
});
