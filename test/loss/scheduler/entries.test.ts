import { beforeAll, describe, expect, it } from "vitest";
import { BaseLossScheduler, StepLossScheduler, SupLoss, TVLoss } from "../../../ts/loss/index.js";
import { Rng } from "../../../ts/random/index.js";
import { init } from "../../../ts/runtime/index.js";
import { ones, zeros, type Tensor } from "../../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

const image = (shape: number[], seed = 1): Tensor => new Rng(seed).uniform(shape, { dtype: "float64" });

describe("StepLossScheduler", () => {
  it("with the default threshold the losses are used from the second epoch on", () => {
    const scheduler = new StepLossScheduler({ losses: [new SupLoss()] });
    const [xNet, x] = [ones([1, 1, 2, 2]), zeros([1, 1, 2, 2])];
    expect([0, 1, 2].map((epoch) => scheduler.forward({ xNet, x, epoch }).itemSync())).toEqual([0, 1, 1]);
  });
});

describe("schedulers", () => {
  it("hold a loss that stands in several entries once, and name the second of one class", () => {
    const [shared, other] = [new SupLoss(), new SupLoss()];
    const scheduler = new BaseLossScheduler({ losses: [shared, [other, new TVLoss()], shared] });
    expect(scheduler.allLosses).toHaveLength(3);
    const [xNet, x] = [image([1, 1, 4, 4]), image([1, 1, 4, 4], 2)];
    const value = scheduler.forward({ xNet, x }).itemSync();
    expect(scheduler.active).toEqual(["SupLoss", "SupLoss 2", "TVLoss", "SupLoss"]);
    const [sup, tv] = [new SupLoss().forward({ xNet, x }).itemSync(), new TVLoss().forward({ xNet }).itemSync()];
    expect(value).toBeCloseTo(3 * sup + tv, 10);
  });
});
