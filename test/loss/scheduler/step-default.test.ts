import { beforeAll, expect, it } from "vitest";
import { StepLossScheduler, SupLoss } from "../../../ts/loss/index.js";
import { init } from "../../../ts/runtime/index.js";
import { ones, zeros } from "../../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

it("with the default threshold the losses are used from the second epoch on", () => {
  const scheduler = new StepLossScheduler({ losses: [new SupLoss()] });
  const [xNet, x] = [ones([1, 1, 2, 2]), zeros([1, 1, 2, 2])];
  expect([0, 1, 2].map((epoch) => scheduler.forward({ xNet, x, epoch }).itemSync())).toEqual([0, 1, 1]);
});
