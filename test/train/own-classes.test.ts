import { beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { BaseLossScheduler, EILoss, Loss, SupLoss } from "../../ts/loss/index.js";
import { Metric, PSNR } from "../../ts/metric/index.js";
import { DnCNN, Module } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones, type Tensor } from "../../ts/tensor/index.js";
import { Trainer } from "../../ts/train/index.js";
import { Transform } from "../../ts/transform/index.js";

beforeAll(async () => await init());

/** One short training with parts of one's own. */
async function trained(parts: object, model: Module = network()): Promise<unknown> {
  const common = {
    model: model as never,
    physics: new Denoising(),
    losses: new SupLoss(),
    optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
    trainData: new TensorDataset({ x: ones([2, 1, 8, 8]) }),
    batchSize: 2,
    epochs: 1,
    rng: new Rng(0),
  };
  return await new Trainer({ ...common, ...parts } as never).train();
}

const network = () => new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 1, rng: new Rng(0) });

describe.each([
  ["nothing", undefined],
  ["null", null],
  ["a number", 3],
  ["a promise", Promise.resolve(3)],
])("a class of one's own whose method gives %s", (_, given) => {
  const wrong = given as unknown as Tensor;
  const refused = async (run: Promise<unknown>, text: RegExp) =>
    await expect(run).rejects.toMatchObject({
      name: "ArgumentError",
      code: "invalid_argument",
      message: expect.stringMatching(text) as string,
    });

  it("loss", async () => {
    class Own extends Loss {
      readonly name = "Own";
      readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
      forward(): Tensor {
        return wrong;
      }
    }
    await refused(trained({ losses: new Own() }), /^Trainer: what Own\.forward returns must be a Tensor/);
  });

  it("metric", async () => {
    class Own extends Metric {
      constructor() {
        super("Own");
      }
      protected metric(): Tensor {
        return wrong;
      }
    }
    expect(() => new Own().forward(ones([1, 1, 2, 2]), ones([1, 1, 2, 2]))).toThrow(/^Own: what metric returns/);
  });

  it("scheduler", async () => {
    class Own extends BaseLossScheduler {
      override readonly name = "Own";
      override schedule(): never {
        return given as never;
      }
    }
    const losses = new Own({ losses: [new SupLoss()] });
    await refused(trained({ losses }), /^Own: what schedule returns is/);
  });

  it("transform", async () => {
    class Own extends Transform {
      override readonly paramNames = ["a"] as const;
      constructor() {
        super("Own", {});
      }
      protected override draw() {
        return { a: [1] };
      }
      protected override apply(): Tensor {
        return wrong;
      }
    }
    const losses = new EILoss({ transform: new Own() });
    await refused(trained({ losses }), /^Own: what apply returns must be a Tensor/);
  });

  it("model, in an evaluation", async () => {
    class Own extends Module {
      readonly network = network();
      forward(y: Tensor): Tensor {
        return this.training ? this.network.forward(y) : wrong;
      }
    }
    const evaluated = { evalData: new TensorDataset({ x: ones([2, 1, 8, 8]) }), metrics: [new PSNR()] };
    await refused(trained(evaluated, new Own()), /^(?:evaluate: what the model returns|PSNR: xNet) must be a Tensor/);
  });
});

it("a transform without names of parameters says what is missing", () => {
  class Own extends Transform {
    override readonly paramNames = undefined as unknown as readonly string[];
    constructor() {
      super("Own", {});
    }
    protected override draw() {
      return { a: [1] };
    }
    protected override apply(x: Tensor): Tensor {
      return x;
    }
  }
  expect(() => new Own().forward(ones([1, 1, 4, 4]))).toThrow("Own: paramNames is undefined");
});
