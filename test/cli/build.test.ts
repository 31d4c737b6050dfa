import { beforeAll, describe, expect, it } from "vitest";
import type { Named } from "../../ts/cli/alternative.js";
import { checkConfig } from "../../ts/cli/check-config.js";
import { configOf, modelOf, partsOf } from "./configuration.js";
import {
  AugmentConsistencyLoss,
  EILoss,
  EquivariantSplittingLoss,
  MOEILoss,
  MOILoss,
  type Loss,
  RandomLossScheduler,
  TVLoss,
} from "../../ts/loss/index.js";
import { MAE, SSIM } from "../../ts/metric/index.js";
import { ArtifactRemoval } from "../../ts/nn/index.js";
import { SGD, StepLR } from "../../ts/optim/index.js";
import { AdjointError, init } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";
import type { WeightedLoss } from "../../ts/train/index.js";
import { Reflect, Shift } from "../../ts/transform/index.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

/** The losses of a configuration, with their weights. */
const weightedLossesOf = async (...losses: Named[]): Promise<readonly WeightedLoss[]> =>
  (await partsOf({ losses })).losses as readonly WeightedLoss[];

const lossesOf = async (...losses: Named[]): Promise<Loss[]> =>
  (await weightedLossesOf(...losses)).map(({ loss }) => loss);

/** The error of a promise. */
async function errorOf(promise: Promise<unknown>): Promise<AdjointError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("losses of a configuration", () => {
  it("take transforms, metrics and generators by name; transforms in a list are composed", async () => {
    const shift = { name: "Shift", shiftMax: 0.5 };
    const generator = { name: "SigmaGenerator" };
    const [ei, moi, moei, augment, splitting] = await lossesOf(
      {
        name: "EILoss",
        transform: [
          { name: "Rotate", multiples: 90, nTrans: 2 },
          { name: "Reflect", dim: [-1] },
        ],
        metric: "MAE",
        weight: 2,
      },
      { name: "MOILoss", physicsGenerator: generator, metric: { name: "MAE" } },
      { name: "MOEILoss", transform: shift, physicsGenerator: generator },
      { name: "AugmentConsistencyLoss", Ti: null, Te: { name: "Reflect" } },
      {
        name: "EquivariantSplittingLoss",
        transform: shift,
        maskGenerator: { name: "BernoulliSplittingMaskGenerator", imgSize: [1, 8, 8], splitRatio: 0.5 },
      },
    );
    expect(ei).toBeInstanceOf(EILoss);
    expect((ei as EILoss).transform.nTrans).toBe(2);
    expect((ei as EILoss).transform.paramNames).toEqual(["theta", "dims"]);
    expect((moi as MOILoss).metric).toBeInstanceOf(MAE);
    expect(((moei as MOEILoss).transform as Shift).shiftMax).toBe(0.5);
    expect((augment as AugmentConsistencyLoss).Te).toBeInstanceOf(Reflect);
    expect((augment as AugmentConsistencyLoss).Ti.paramNames).toEqual([]);
    expect((splitting as EquivariantSplittingLoss).transform).toBeInstanceOf(Shift);
    expect((splitting as EquivariantSplittingLoss).maskGenerator).not.toBeNull();
  });

  it("have their weight, or 1", async () => {
    const losses = await weightedLossesOf({ name: "SupLoss" }, { name: "TVLoss", weight: 0.5 });
    expect(losses.map(({ weight }) => weight)).toEqual([1, 0.5]);
    // TVLoss has an option of that name: the weight of the sum is not given to it as well.
    expect(losses[1]!.loss).toMatchObject({ weight: new TVLoss().weight });
  });

  it("may be given as a loss beside its weight, which leaves the loss its own option of that name", async () => {
    const around = { loss: { name: "TVLoss", weight: 0.25 }, weight: 2 } as never;
    const losses = await weightedLossesOf(around, { name: "SupLoss" });
    expect(losses.map(({ weight }) => weight)).toEqual([2, 1]);
    expect(losses[0]!.loss).toMatchObject({ weight: 0.25 });
  });

  it("nest: a scheduler of losses and of lists of them, with options of their own", async () => {
    const [scheduler] = await lossesOf({
      name: "RandomLossScheduler",
      weightings: [1, 3],
      losses: [
        ["MCLoss", { name: "EILoss", transform: "Shift" }],
        { name: "StepLossScheduler", epochThresh: 2, losses: ["TVLoss"] },
      ],
    });
    expect(scheduler).toBeInstanceOf(RandomLossScheduler);
    expect((scheduler as RandomLossScheduler).allLosses.map(({ name }) => name)).toEqual([
      "MCLoss",
      "EILoss",
      "StepLossScheduler",
    ]);
    expect((scheduler as RandomLossScheduler).losses[1]).toMatchObject({ epochThresh: 2 });
  });

  it("are refused for an unknown name or option, with its path and the nearest valid one", async () => {
    const cases: [Named, string, string][] = [
      [{ name: "EILoss", transform: { name: "Rotatee" } }, "losses[0].transform.name", '"Rotate"'],
      [
        { name: "EILoss", transform: { name: "Rotate", multiple: 90 } },
        "losses[0].transform.multiple is 90",
        '"multiples"',
      ],
      [{ name: "EILoss", transform: [{ name: "Shift" }, { name: "Refl" }] }, "losses[0].transform[1]", '"Reflect"'],
      [{ name: "EILoss", transform: { name: "Shift" }, metric: "PSRN" }, "losses[0].metric", '"PSNR"'],
      [{ name: "MOILoss", physicsGenerator: { name: "Sigma" } }, "losses[0].physicsGenerator", '"SigmaGenerator"'],
      [{ name: "MOILoss", physicsGenerator: "Shift" }, "losses[0].physicsGenerator", "a transform"],
      [
        { name: "R2RLoss", noiseModel: { name: "LaplaceNoise" } },
        "losses[0].noiseModel",
        "does not fit here, expected a noise model",
      ],
      [{ name: "SupLoss", sigma: 1 }, "losses[0].sigma", "metric"],
    ];
    for (const [loss, path, word] of cases) {
      const { code, message } = await errorOf(lossesOf(loss));
      expect([code, message]).toEqual(["unknown_option", expect.stringContaining(`config.json: ${path}`)]);
      expect(message).toContain(word);
    }
  });

  it("are refused for a wrong type or a missing option, with the path, what came and what was expected", async () => {
    const cases: [Named, string, string][] = [
      [{ name: "EILoss", transform: 3 }, "invalid_argument", "losses[0].transform is 3, expected a transform"],
      [
        { name: "EILoss" },
        "missing_argument",
        "losses[0].transform is missing, which EILoss needs; expected a transform",
      ],
      [
        { name: "SureGaussianLoss", sigma: "a" },
        "invalid_argument",
        'losses[0].sigma is "a", expected "physics", a number',
      ],
      [{ name: "Neighbor2Neighbor", gamma: "a" }, "invalid_argument", 'losses[0].gamma is "a", expected a number.'],
      [{ name: "SureGaussianLoss", sigma: -1 }, "invalid_argument", "losses[0].sigma: SureGaussianLoss: sigma is -1"],
      [{ name: "SurePGLoss", sigma: 1, gain: 1, momentum: [1] }, "invalid_argument", "losses[0].momentum"],
      [
        { name: "EILoss", transform: { name: "Shift", shiftMax: -1 } },
        "invalid_argument",
        "losses[0].transform.shiftMax",
      ],
    ];
    for (const [loss, code, text] of cases) {
      const error = await errorOf(lossesOf(loss));
      expect([error.code, error.message]).toEqual([code, expect.stringContaining(`config.json: ${text}`)]);
    }
  });
});

describe("models of a configuration", () => {
  const backboneNet = { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 2 };

  it("may wrap a network that corrects a first reconstruction", async () => {
    const model = await modelOf({ name: "ArtifactRemoval", mode: "prox", gamma: 50, backboneNet });
    expect(model).toBeInstanceOf(ArtifactRemoval);
    expect(model).toMatchObject({ mode: "prox", gamma: 50 });
    expect(model.namedParameters()[0]?.[0]).toBe("backbone_net.in_conv.weight");
  });

  it("may be a sequence of layers", async () => {
    const layers = [{ name: "Conv2d", inChannels: 1, outChannels: 2, kernelSize: 3, padding: 1 }, "ReLU"];
    const model = await modelOf({ name: "Sequential", layers });
    expect(model.forward(ones([1, 1, 5, 5])).shape).toEqual([1, 2, 5, 5]);
  });

  it("are refused where a name, an option or the network is unknown or missing", async () => {
    const cases: [Named, string, string][] = [
      [{ name: "ArtifactRemovel", backboneNet }, "unknown_option", "ArtifactRemoval"],
      [{ name: "ArtifactRemoval", backboneNet: { name: "DnCN" } }, "unknown_option", "model.backboneNet"],
      [{ name: "ArtifactRemoval", backboneNet: 1 }, "invalid_argument", "model.backboneNet"],
      [{ name: "ArtifactRemoval", backboneNet, gama: 2 }, "unknown_option", "gamma"],
      [{ name: "ArtifactRemoval" }, "missing_argument", "backboneNet"],
      [{ name: "Conv2d" }, "unknown_option", "which is a layer"],
    ];
    for (const [model, code, word] of cases) {
      const error = await errorOf(modelOf(model));
      expect([error.code, error.message]).toEqual([code, expect.stringContaining(word)]);
    }
  });
});

describe("a configuration", () => {
  it("names optimiser, schedule and metrics", async () => {
    const { model, optimizer, schedule, metrics } = await partsOf({
      optimizer: { name: "SGD", lr: 0.25 },
      schedule: { name: "StepLR", stepSize: 1, gamma: 0.5 },
      metrics: ["MAE", { name: "SSIM" }],
    });
    expect(optimizer).toBeInstanceOf(SGD);
    expect(optimizer.parameters).toEqual(model.parameters());
    expect(optimizer.learningRate).toBe(0.25);
    expect(schedule).toBeInstanceOf(StepLR);
    schedule!.step();
    expect(optimizer.learningRate).toBe(0.125);
    expect(metrics.map((metric) => metric.constructor)).toEqual([MAE, SSIM]);
  });

  it.each([
    ["scheduleEvery", { scheduleEvery: "batch" }],
    ["data.channels", { data: { train: "photos", channels: "gray" } }],
    ["data.holds", { data: { train: "photos", holds: "noise" } }],
    ["epochs", { epochs: 0 }],
    ["data.patch", { data: { train: "photos", patch: 1.5 } }],
    ["metrics", { metrics: "PSNR" }],
    ["losses", { losses: [] }],
  ])("is refused where %s is not valid", (key, change) => {
    const valid = configOf({});
    expect(checkConfig(valid, "config.json")).toEqual(valid);
    expect(() => checkConfig({ ...valid, ...change }, "config.json")).toThrow(key);
  });
});
