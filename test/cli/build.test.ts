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
} from "../../ts/loss/index.js";
import { MAE } from "../../ts/metric/index.js";
import { ArtifactRemoval } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { AdjointError, init } from "../../ts/runtime/index.js";
import { Reflect, Shift } from "../../ts/transform/index.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

/** The losses that a configuration names. */
function lossesOf(...losses: Named[]): Loss[] {
  const config = checkConfig(
    { data: { train: "photos" }, physics: { name: "Denoising" }, model: { name: "DnCNN", depth: 2, nf: 1 }, losses },
    "config.json",
  );
  return buildParts(config, new Rng(0)).losses.map(({ loss }) => loss);
}

/** What is thrown for a configuration with this loss. */
function refused(loss: Named): AdjointError {
  try {
    lossesOf(loss);
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("losses of a configuration", () => {
  it("take transforms, metrics and generators by name; transforms in a list are done one after the other", () => {
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

  it("name what is not known, and the options that a class lacks", () => {
    const cases: [Named, string][] = [
      [{ name: "EILoss", transform: { name: "Rotatee" } }, "Rotate"],
      [{ name: "EILoss", transform: { name: "Rotate", multiple: 90 } }, "multiples"],
      [{ name: "EILoss", transform: { name: "Shift" }, metric: "PSRN" }, "PSNR"],
      [{ name: "MOILoss", physicsGenerator: { name: "Sigma" } }, "SigmaGenerator"],
    ];
    for (const [loss, word] of cases) {
      expect(refused(loss).code).toBe("unknown_option");
      expect(refused(loss).message).toContain(word);
    }
    expect(refused({ name: "EILoss", transform: "Shift" }).message).toContain("losses: EILoss: transform");
    expect(refused({ name: "EILoss" }).code).toBe("missing_argument");
  });
});

describe("models of a configuration", () => {
  const backboneNet = { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 2 };

  it("may be a network that works on a first reconstruction", () => {
    const model = makeModel({ name: "ArtifactRemoval", mode: "prox", gamma: 50, backboneNet }, new Rng(0));
    expect(model).toBeInstanceOf(ArtifactRemoval);
    expect(model).toMatchObject({ mode: "prox", gamma: 50 });
    expect(model.namedParameters()[0]?.[0]).toBe("backbone_net.in_conv.weight");
  });

  it("name what is not known or missing", () => {
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
