import { beforeAll, describe, expect, it } from "vitest";
import {
  BaseLossScheduler,
  InterleavedEpochLossScheduler,
  InterleavedLossScheduler,
  MCLoss,
  type NestedLosses,
  R2RLoss,
  R2RModel,
  RandomLossScheduler,
  type ScheduleContext,
  ScoreLoss,
  StepLossScheduler,
  SupLoss,
  SureGaussianLoss,
  TVLoss,
  type Loss,
} from "../../../ts/loss/index.js";
import { DnCNN } from "../../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../../ts/physics/index.js";
import { Rng } from "../../../ts/random/index.js";
import { init } from "../../../ts/runtime/index.js";
import { grad, type Tensor, zeros } from "../../../ts/tensor/index.js";

beforeAll(() => init());

const image = (seed: number): Tensor => new Rng(seed).uniform([2, 1, 6, 6]);
const args = () => ({ xNet: image(1), x: image(2) });
const code = (f: () => unknown): unknown => {
  try {
    f();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe("schedulers", () => {
  it("give the sum of the losses chosen, with its gradient", async () => {
    const [sup, tv] = [new SupLoss(), new TVLoss()];
    const xNet = image(1).requiresGrad_();
    const given = { xNet, x: image(2) };
    const value = new BaseLossScheduler({ losses: [sup, tv] }).forward(given);
    const expected = sup.forward(given).add(tv.forward(given));
    expect([...(await value.data())]).toEqual([...(await expected.data())]);
    const [got, wanted] = [value, expected].map((t) => grad(t.mean(), [xNet])[0] as Tensor);
    expect([...(await got!.data())]).toEqual([...(await wanted!.data())]);
  });

  it("weightings need not be whole: 0.75 and 0.25 choose three times as often", () => {
    const scheduler = new RandomLossScheduler({ losses: [new SupLoss(), new TVLoss()], weightings: [0.75, 0.25] });
    const rng = new Rng(5);
    let first = 0;
    for (let i = 0; i < 2000; i++) if (scheduler.schedule({ epoch: 0, rng })[0] === scheduler.losses[0]) first += 1;
    // Standard deviation 19.4: the limits are four of them.
    expect(Math.abs(first - 1500)).toBeLessThan(78);
  });

  it("the call's stream wins over the constructor's, which the state restores", () => {
    const losses = [new SupLoss(), new TVLoss(), new SupLoss()] as const;
    const make = (seed: number) => new RandomLossScheduler({ losses, rng: new Rng(seed) });
    const sequence = (scheduler: ReturnType<typeof make>): string =>
      Array.from({ length: 12 }, () => (scheduler.forward(args()), scheduler.active.join())).join(";");
    const [a, b] = [make(3), make(4)];
    sequence(a);
    b.loadStateDict(a.stateDict());
    const next = sequence(a);
    expect(sequence(b)).toBe(next);
    expect(new Set(next.split(";"))).toEqual(new Set(["SupLoss", "TVLoss", "SupLoss 2"]));
    const before = a.stateDict()["rng"]!.dataSync().join();
    a.forward({ ...args(), rng: new Rng(1) } as never);
    expect(a.stateDict()["rng"]!.dataSync().join()).toBe(before);
  });

  it("keep the state of their losses and whose turn it is", async () => {
    const make = () =>
      new InterleavedLossScheduler({ losses: [[new SureGaussianLoss({ sigma: 0.3, unsure: true })], new TVLoss()] });
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(0) });
    const [a, b] = [make(), make()];
    const y = image(3);
    a.forward({ xNet: model.forward(y), y, physics, model, rng: new Rng(1) } as never);
    const state = a.stateDict();
    expect(Object.keys(state)).toEqual(expect.arrayContaining(["next"]));
    b.loadStateDict(state);
    expect(await b.stateDict()["0.sigma2"]!.item()).toBe(await state["0.sigma2"]!.item());
    b.forward({ xNet: y } as never);
    expect(b.active).toEqual(["TVLoss"]);
    expect(code(() => b.loadStateDict({ "7.x": zeros([]) }))).toBe("unexpected_key");
  });

  it("adapt the model for all their losses", () => {
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(0) });
    const scheduler = new RandomLossScheduler({ losses: [new SupLoss(), [new TVLoss(), new R2RLoss()]] });
    expect(scheduler.adaptModel(model)).toBeInstanceOf(R2RModel);
    expect(
      code(() =>
        new BaseLossScheduler({ losses: [new R2RLoss(), new ScoreLoss({ totalBatches: 4 })] }).adaptModel(model),
      ),
    ).toBe("model_not_adapted");
  });

  it("can be scheduled themselves, and a subclass of ten lines makes one's own", () => {
    class Halves extends BaseLossScheduler {
      override readonly name = "Halves";
      override schedule({ epoch }: ScheduleContext) {
        return epoch < 5 ? this.losses.slice(0, 1) : this.losses.slice(1);
      }
    }
    const outer = new Halves({
      losses: [new InterleavedLossScheduler({ losses: [new SupLoss(), new TVLoss()] }), new TVLoss()],
    });
    const active = [0, 1, 5].map((epoch) => (outer.forward({ ...args(), epoch }), outer.active));
    expect(active).toEqual([["SupLoss"], ["TVLoss"], ["TVLoss"]]);
  });

  it("give zeros, one for each image, where no loss is due", async () => {
    const value = new StepLossScheduler({ losses: [new SupLoss()], epochThresh: 3 }).forward({ ...args(), epoch: 3 });
    expect([...(await value.data())]).toEqual([0, 0]);
    expect(grad(value.mean(), [image(1).requiresGrad_()], { allowUnused: true })[0]!.shape).toEqual([2, 1, 6, 6]);
  });

  it("still check the arguments of each loss", () => {
    expect(
      code(() => new BaseLossScheduler({ losses: [new MCLoss()] }).forward({ xNet: image(1), y: image(1) } as never)),
    ).toBe("missing_argument");
  });
});

describe("bad input of schedulers", () => {
  const one = (): Loss => new SupLoss();
  it.each([
    ["no losses", () => new RandomLossScheduler({} as never), "missing_argument"],
    ["an empty list", () => new RandomLossScheduler({ losses: [] }), "empty_losses"],
    ["an empty inner list", () => new InterleavedLossScheduler({ losses: [one(), []] }), "empty_losses"],
    [
      "something that is no loss",
      () => new InterleavedLossScheduler({ losses: ["SupLoss" as never] }),
      "invalid_argument",
    ],
    [
      "weightings of another length",
      () => new RandomLossScheduler({ losses: [one(), one()], weightings: [1] }),
      "invalid_argument",
    ],
    [
      "negative weightings",
      () => new RandomLossScheduler({ losses: [one(), one()], weightings: [1, -1] }),
      "invalid_argument",
    ],
    [
      "weightings of zeros",
      () => new RandomLossScheduler({ losses: [one(), one()], weightings: [0, 0] }),
      "invalid_argument",
    ],
    ["a negative threshold", () => new StepLossScheduler({ losses: [one()], epochThresh: -1 }), "invalid_argument"],
    [
      "an unknown option",
      () => new StepLossScheduler({ losses: [one()], epochThreshold: 1 } as never),
      "unknown_option",
    ],
    [
      "a negative epoch",
      () => new InterleavedEpochLossScheduler({ losses: [one()] }).forward({ ...args(), epoch: -1 }),
      "invalid_argument",
    ],
    [
      "no epoch where it matters",
      () => new InterleavedEpochLossScheduler({ losses: [one()] }).forward(args()),
      "missing_argument",
    ],
  ])("%s", (_, run, expected) => expect(code(run)).toBe(expected));

  it("a list inside itself", () => {
    const list: NestedLosses[] = [one()];
    list.push(list);
    expect(code(() => new RandomLossScheduler({ losses: list }))).toBe("recursive_scheduler");
  });

  it("a scheduler inside itself, at any depth", () => {
    class Loop extends BaseLossScheduler {
      override schedule() {
        return [this as Loss];
      }
    }
    const loop = new Loop({ losses: [one()] });
    expect(code(() => loop.forward(args()))).toBe("recursive_scheduler");
    const inner = new InterleavedLossScheduler({ losses: [one()] });
    const outer = new InterleavedLossScheduler({ losses: [inner] });
    (inner.losses as Loss[])[0] = outer;
    (inner.allLosses as Loss[])[0] = outer;
    expect(code(() => outer.forward(args()))).toBe("recursive_scheduler");
    expect(code(() => outer.adaptModel(new DnCNN({ depth: 2, nf: 2 })))).toBe("recursive_scheduler");
    expect(code(() => outer.forward(args()))).toBe("recursive_scheduler");
  });

  it("a loss that the scheduler was not given", () => {
    const stranger = new TVLoss();
    class Stray extends BaseLossScheduler {
      override schedule() {
        return [stranger];
      }
    }
    expect(code(() => new Stray({ losses: [one()] }).forward(args()))).toBe("invalid_argument");
  });
});
