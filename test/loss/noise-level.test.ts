import { describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import {
  type Loss,
  mri,
  R2RLoss,
  ScoreLoss,
  SureGaussianLoss,
  SurePGLoss,
  SurePoissonLoss,
} from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import * as p from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { full, ones, tensor, type Tensor, zeros } from "../../ts/tensor/index.js";
import { Trainer } from "../../ts/train/index.js";
import { distance, expectError } from "../physics/helpers.js";
import { call } from "./every.js";

await init({ device: "cpu" });

/** A slope other than 1/2, at which the level cancels in the estimates of linear networks. */
class Linear extends Module {
  readonly weight = full([1], 0.8).requiresGrad_();
  forward(y: Tensor): Tensor {
    return y.mul(this.weight);
  }
}

const noise = {
  gaussian: (level: p.Level) => new p.GaussianNoise({ sigma: level }),
  poisson: (level: p.Level) => new p.PoissonNoise({ gain: level }),
  gamma: (level: p.Level) => new p.GammaNoise({ l: level }),
  poissonGaussian: (level: p.Level) => new p.PoissonGaussianNoise({ gain: level, sigma: level }),
};

/** Losses that are told a level, with their noise. */
const told: readonly [string, keyof typeof noise, (level: unknown) => Loss][] = [
  ["SureGaussianLoss", "gaussian", (sigma) => new SureGaussianLoss({ sigma } as { sigma: number })],
  ["SurePoissonLoss", "poisson", (gain) => new SurePoissonLoss({ gain } as { gain: number })],
  ["SurePGLoss", "poissonGaussian", (sigma) => new SurePGLoss({ sigma, gain: 0.1 } as { sigma: number; gain: number })],
  ["SurePGLoss", "poissonGaussian", (gain) => new SurePGLoss({ gain, sigma: 0.1 } as { sigma: number; gain: number })],
  [
    "ENSURELoss",
    "gaussian",
    (sigma) => new mri.ENSURELoss({ sigma, maskAverage: ones([1]) } as unknown as mri.ENSURELossOptions),
  ],
];

describe.each(told)("%s with %s noise", (name, kind, make) => {
  const x = new Rng(1).uniform([3, 1, 4, 4]).add(0.1);
  const operator = (level: p.Level): p.Physics =>
    name === "ENSURELoss"
      ? new p.Inpainting({ imgSize: [1, 4, 4], mask: ones([4, 4]), noiseModel: noise[kind](level) })
      : new p.Denoising({ noiseModel: noise[kind](level) });
  const value = (loss: Loss, level: p.Level = 0.1, y = x): Tensor => {
    const model = new Linear();
    return call(loss, { xNet: model.forward(y), y, physics: operator(level), model, rng: new Rng(2) });
  };

  it("takes a number, a tensor of one value or of one for each image, and the level of the physics", () => {
    const expected = value(make(0.1));
    for (const level of [0.1, tensor(0.1), tensor([0.1]), full([3], 0.1), full([3, 1], 0.1), full([3, 1, 1, 1], 0.1)]) {
      expect(distance(value(make(level)), expected)).toBeLessThan(1e-6);
      expect(distance(value(make("physics"), level), expected)).toBeLessThan(1e-6);
    }
    const other = value(make(tensor([0.1, 0.3, 0.1]))).sub(value(make(full([3], 0.1))));
    expect(other.dataSync()[1]).not.toBeCloseTo(0, 3);
    expect([other.dataSync()[0], other.dataSync()[2]]).toEqual([0, 0]);
  });

  it("keeps the level when its tensor is freed", () => {
    const level = full([3], 0.2);
    const loss = make(level);
    const before = value(loss);
    level.dispose();
    expect(distance(value(loss), before)).toBe(0);
  });

  it("refuses what is no level, or not one for each image, by name", () => {
    const code = "invalid_argument";
    for (const level of ["physic", [0.1], {}, true])
      expectError(() => make(level), ArgumentError, code, `${name}: `, '"physics"');
    for (const level of [-1, Number.NaN, tensor([0.1, -1]), tensor([0.1, Number.NaN])])
      expectError(() => make(level), ArgumentError, code, `${name}: `);
    expectError(() => make(undefined), ArgumentError, "missing_argument", `${name}: `, '"physics"');
    expectError(() => make(zeros([0])), ShapeError, "shape_mismatch", `${name}: `);
    const two = () => value(make(full([2], 0.1)));
    expectError(two, ShapeError, "shape_mismatch", `${name}: `, "[2]", "3 images", "params");
    const row = () => value(make(full([1, 3], 0.1)));
    expectError(row, ShapeError, "shape_mismatch", `${name}: `, "[1, 3]");
    const map = () => value(make(full([1, 1, 4, 4], 0.1)));
    expectError(map, ShapeError, "shape_mismatch", `${name}: `, "one for each");
    expectError(() => value(make("physics"), full([3, 1, 4, 4], 0.1)), ShapeError, "shape_mismatch", `${name}: `);
  });
});

describe("a level that is learned", () => {
  it("begins with a number: one level is learned for all images", () => {
    for (const level of ["physics", tensor([0.1, 0.2])] as const) {
      const unsure = { unsure: true } as const;
      for (const make of [
        () => new SureGaussianLoss({ sigma: level, ...unsure }),
        () => new SurePGLoss({ sigma: level, gain: 0.1, ...unsure }),
        () => new SurePGLoss({ sigma: 0.1, gain: level, ...unsure }),
      ])
        expectError(make, ArgumentError, "invalid_argument", "unsure", "number");
    }
  });

  it("can be asked for, unless it is that of the physics", () => {
    const levels = tensor([0.1, 0.2], { dtype: "float64" });
    expect(Array.from((new SureGaussianLoss({ sigma: levels }).sigma2 as Tensor).dataSync())).toEqual([
      0.1 ** 2,
      0.2 ** 2,
    ]);
    const pg = new SurePGLoss({ sigma: levels, gain: levels });
    expect(distance(pg.sigma2 as Tensor, levels.square())).toBe(0);
    expect(distance(pg.gain as Tensor, levels)).toBe(0);
    const ofPhysics = new SurePGLoss({ sigma: "physics", gain: "physics" });
    for (const ask of [
      () => new SureGaussianLoss({ sigma: "physics" }).sigma2,
      () => ofPhysics.sigma2,
      () => ofPhysics.gain,
    ])
      expectError(ask, ArgumentError, "missing_argument", '"physics"', "physics.noiseModel");
  });
});

describe("the level of the physics", () => {
  it("is missing where its noise model has none of that name", () => {
    class Own extends p.NoiseModel {
      readonly kind = "gaussian" as const;
      constructor() {
        super("Own", {}, []);
      }
      protected override rules(): Record<string, never> {
        return {};
      }
      protected override corrupt(y: Tensor): Tensor {
        return y;
      }
    }
    const y = ones([1, 1, 4, 4]);
    const physics = new p.Denoising({ noiseModel: new Own() });
    const args = { xNet: y, y, physics, model: new Linear() };
    const loss = new SureGaussianLoss({ sigma: "physics" });
    expectError(() => call(loss, args), ArgumentError, "incompatible_physics", "SureGaussianLoss", "Own", "sigma");
  });

  it("is that of each sample in a training", async () => {
    const sigmas = [0.1, 0.2, 0.3, 0.4];
    const model = new Linear();
    // A network that returns 0 for y = 0: what is left of SURE is its constant.
    model.weight.assign_(zeros([1]));
    const trainer = new Trainer({
      model,
      physics: new p.Denoising(),
      losses: new SureGaussianLoss({ sigma: "physics" }),
      optimizer: new SGD(model.parameters(), { lr: 0 }),
      trainData: new TensorDataset({ y: zeros([4, 1, 8, 8]), params: { sigma: tensor(sigmas) } }),
      batchSize: 4,
      rng: new Rng(0),
    });
    const [constant] = await trainer.train();
    expect(constant?.loss).toBeCloseTo(-sigmas.reduce((sum, s) => sum + s ** 2 / 4, 0), 6);
  });
});

describe("one level for all images, where the physics has others for these measurements", () => {
  const [x, model] = [new Rng(1).uniform([2, 1, 4, 4]), new Linear()];
  const given = (physics: p.Physics) => ({ xNet: model.forward(x), y: x, physics, model, rng: new Rng(2) });
  const operator = (noiseModel: p.NoiseModel) =>
    new p.Inpainting({ imgSize: [1, 4, 4], mask: ones([4, 4]), noiseModel });

  it.each(told)("%s with %s noise refuses it", (name, kind, make) => {
    for (const levels of [tensor([0.1, 0.2]), tensor([0.2])])
      expectError(
        () => call(make(0.1), given(operator(noise[kind](levels)))),
        ArgumentError,
        "incompatible_physics",
        name,
        "0.1 for every image",
        "0.2",
        '"physics"',
      );
    // The same level, a number, which may be a default, and levels that the caller tells are no contradiction.
    expect(call(make(0.1), given(operator(noise[kind](tensor([0.1]))))).shape).toEqual([2]);
    expect(call(make(0.1), given(operator(noise[kind](0.2)))).shape).toEqual([2]);
    expect(call(make(tensor([0.1, 0.3])), given(operator(noise[kind](0.2)))).shape).toEqual([2]);
  });

  it("with unsure it is where the level begins, and any other is learned", () => {
    const loss = new SureGaussianLoss({ sigma: 0.1, unsure: true });
    expect(call(loss, given(operator(noise.gaussian(tensor([0.1, 0.2]))))).shape).toEqual([2]);
  });

  it("counts have the gain 1", () => {
    const counts = operator(new p.PoissonNoise({ gain: 0.1, normalize: false }));
    expectError(
      () => call(new SurePoissonLoss({ gain: 0.1 }), given(counts)),
      ArgumentError,
      "incompatible_physics",
      "counts",
      "1",
    );
    expect(call(new SurePoissonLoss({ gain: 1 }), given(counts)).shape).toEqual([2]);
  });

  it.each(["gaussian", "poisson", "gamma"] as const)("R2RLoss and ScoreLoss with their own noise model: %s", (kind) => {
    for (const Kind of [R2RLoss, ScoreLoss]) {
      const loss = new Kind({ noiseModel: noise[kind](0.5) });
      const adapted = loss.adaptModel(new Linear());
      const forward = (physics: p.Physics) => adapted.forward(x, physics, { rng: new Rng(3) });
      const levels = tensor([0.5, 0.2]);
      expectError(
        () => forward(operator(noise[kind](levels))),
        ArgumentError,
        "incompatible_physics",
        loss.name,
        "noiseModel",
      );
      expect(forward(operator(noise[kind](0.2))).shape).toEqual(x.shape);
    }
  });

  it("a generator of levels with a loss that is told one number is refused in the first step", async () => {
    const trainer = new Trainer({
      model,
      physics: new p.Denoising(),
      physicsGenerator: new p.SigmaGenerator(),
      losses: new SureGaussianLoss({ sigma: 0.1 }),
      optimizer: new SGD(model.parameters(), { lr: 0 }),
      trainData: new TensorDataset({ x }),
      batchSize: 2,
      rng: new Rng(0),
    });
    await expect(trainer.train()).rejects.toMatchObject({ code: "incompatible_physics" });
  });
});

describe("losses that take the noise model of the physics", () => {
  const levels = [0.1, 0.3, 0.2];
  const y = new Rng(1).uniform([3, 1, 4, 4]).add(0.5);

  it.each(["gaussian", "poisson", "gamma"] as const)("ScoreLoss: each image with its own level, %s", (kind) => {
    const scale = kind === "gamma" ? 50 : 1;
    const reconstruct = (level: p.Level, measured: Tensor): Tensor => {
      const model = new ScoreLoss({ delta: [1e-12, 1e-12] }).adaptModel(new Linear());
      model.eval();
      return model.forward(measured, new p.Denoising({ noiseModel: noise[kind](level) }), { rng: new Rng(3) });
    };
    const together = reconstruct(tensor(levels.map((level) => level * scale)), y);
    for (const [i, level] of levels.entries()) {
      const alone = reconstruct(level * scale, y.select(0, i).unsqueeze(0));
      expect(distance(together.select(0, i).unsqueeze(0), alone)).toBeLessThan(1e-5);
    }
  });

  it("R2RLoss: corrupts each image by its own level", () => {
    const loss = new R2RLoss({ alpha: 0.5 });
    const model = loss.adaptModel(new Linear());
    const physics = new p.Denoising({ noiseModel: new p.GaussianNoise({ sigma: tensor([0, 0.5, 0]) }) });
    model.forward(y, physics, { updateParameters: true, rng: new Rng(4) });
    const added = model.corruption().sub(y).abs().mean([1, 2, 3]).dataSync();
    expect([added[0], added[2]]).toEqual([0, 0]);
    expect(added[1]).toBeGreaterThan(0.2);
  });
});
