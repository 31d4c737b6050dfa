import { beforeAll, describe, expect, it } from "vitest";
import { buildParts, makeModel } from "../../ts/cli/build.js";
import { checkConfig, type Named } from "../../ts/cli/config.js";
import {
  AugmentConsistencyLoss,
  EILoss,
  EquivariantSplittingLoss,
  MOEILoss,
  MOILoss,
  type Loss,
  TVLoss,
} from "../../ts/loss/index.js";
import { MAE, SSIM } from "../../ts/metric/index.js";
import { ArtifactRemoval } from "../../ts/nn/index.js";
import { SGD, StepLR } from "../../ts/optim/index.js";
import { Rng } from "../../ts/random/index.js";
import { AdjointError, init } from "../../ts/runtime/index.js";
import type { WeightedLoss } from "../../ts/train/index.js";
import { Reflect, Shift } from "../../ts/transform/index.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

/** The losses of a configuration, with their weights. */
function weightedLossesOf(...losses: Named[]): WeightedLoss[] {
  const config = checkConfig(
    { data: { train: "photos" }, physics: { name: "Denoising" }, model: { name: "DnCNN", depth: 2, nf: 1 }, losses },
    "config.json",
  );
  return buildParts(config, new Rng(0)).losses;
}

const lossesOf = (...losses: Named[]): Loss[] => weightedLossesOf(...losses).map(({ loss }) => loss);

/** The error of a configuration with this loss. */
function errorOf(loss: Named): AdjointError {
  try {
    lossesOf(loss);
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("losses of a configuration", () => {
  it("take transforms, metrics and generators by name; transforms in a list are composed", () => {
    const shift = { name: "Shift", shiftMax: 0.5 };
    const generator = { name: "SigmaGenerator" };
    const [ei, moi, moei, augment, splitting] = lossesOf(
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

  it("have their weight, or 1", () => {
    const losses = weightedLossesOf({ name: "SupLoss" }, { name: "TVLoss", weight: 0.5 });
    expect(losses.map(({ weight }) => weight)).toEqual([1, 0.5]);
    // TVLoss has an option of that name: the weight of the sum is not given to it as well.
    expect(losses[1]!.loss).toMatchObject({ weight: new TVLoss().weight });
  });

  it("are refused for an unknown name or option, with the nearest valid one", () => {
    const cases: [Named, string][] = [
      [{ name: "EILoss", transform: { name: "Rotatee" } }, "Rotate"],
      [{ name: "EILoss", transform: { name: "Rotate", multiple: 90 } }, "multiples"],
      [{ name: "EILoss", transform: { name: "Shift" }, metric: "PSRN" }, "PSNR"],
      [{ name: "MOILoss", physicsGenerator: { name: "Sigma" } }, "SigmaGenerator"],
    ];
    for (const [loss, word] of cases) {
      expect(errorOf(loss).code).toBe("unknown_option");
      expect(errorOf(loss).message).toContain(word);
    }
    expect(errorOf({ name: "EILoss", transform: "Shift" }).message).toContain("losses: EILoss: transform");
    expect(errorOf({ name: "EILoss" }).code).toBe("missing_argument");
  });
});

describe("models of a configuration", () => {
  const backboneNet = { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 2 };

  it("may wrap a network that corrects a first reconstruction", () => {
    const model = makeModel({ name: "ArtifactRemoval", mode: "prox", gamma: 50, backboneNet }, new Rng(0));
    expect(model).toBeInstanceOf(ArtifactRemoval);
    expect(model).toMatchObject({ mode: "prox", gamma: 50 });
    expect(model.namedParameters()[0]?.[0]).toBe("backbone_net.in_conv.weight");
  });

  it("are refused where a name, an option or the network is unknown or missing", () => {
    const cases: [Named, string, string][] = [
      [{ name: "ArtifactRemovel", backboneNet }, "unknown_option", "ArtifactRemoval"],
      [{ name: "ArtifactRemoval", backboneNet: { name: "DnCN" } }, "unknown_option", "model.backboneNet"],
      [{ name: "ArtifactRemoval", backboneNet: "DnCNN" }, "invalid_argument", "model.backboneNet"],
      [{ name: "ArtifactRemoval", backboneNet, gama: 2 }, "unknown_option", "gamma"],
      [{ name: "ArtifactRemoval" }, "invalid_argument", "backboneNet"],
    ];
    for (const [model, code, word] of cases) {
      const thrown = (() => {
        try {
          return void makeModel(model, new Rng(0));
        } catch (error) {
          return error as AdjointError;
        }
      })();
      expect(thrown).toMatchObject({ code });
      expect(thrown?.message).toContain(word);
    }
  });
});

describe("a configuration", () => {
  it("names optimiser, schedule and metrics", () => {
    const config = checkConfig(
      {
        data: { train: "photos" },
        physics: { name: "Denoising" },
        model: { name: "DnCNN", depth: 2, nf: 1 },
        losses: [{ name: "SupLoss" }],
        optimizer: { name: "SGD", lr: 0.25 },
        schedule: { name: "StepLR", stepSize: 1, gamma: 0.5 },
        metrics: ["MAE", { name: "SSIM" }],
      },
      "config.json",
    );
    const { model, optimizer, schedule, metrics } = buildParts(config, new Rng(0));
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
    const valid = {
      data: { train: "photos" },
      physics: { name: "Denoising" },
      model: { name: "DnCNN" },
      losses: [{ name: "SupLoss" }],
    };
    expect(checkConfig(valid, "config.json")).toEqual(valid);
    expect(() => checkConfig({ ...valid, ...change }, "config.json")).toThrow(key);
  });
});
