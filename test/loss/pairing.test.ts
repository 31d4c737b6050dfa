import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Loss,
  MCLoss,
  Neighbor2Neighbor,
  R2RLoss,
  SupLoss,
  SureGaussianLoss,
  SurePGLoss,
  SurePoissonLoss,
  TVLoss,
  compatibleLosses,
  lossAssumptions,
} from "../../ts/loss/index.js";
import * as lossFolder from "../../ts/loss/index.js";
import { MAE } from "../../ts/metric/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  Denoising,
  GammaNoise,
  GaussianNoise,
  Inpainting,
  PoissonGaussianNoise,
  PoissonNoise,
  SaltPepperNoise,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { AdjointError, ArgumentError, ShapeError, init } from "../../ts/runtime/index.js";
import { ones, type Tensor } from "../../ts/tensor/index.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

class Identity extends Module {
  forward(y: Tensor): Tensor {
    return y.mul(1);
  }
}

const thrown = (fn: () => unknown): AdjointError => {
  try {
    fn();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

/** Calls a loss the way plain JavaScript can. */
const call = (loss: Loss, args: Record<string, unknown>) =>
  thrown(() => loss.forward(args as Parameters<Loss["forward"]>[0]));

const gaussian = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
const poisson = () => new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1 }) });

describe("compatibleLosses", () => {
  it("reads noise and operator", () => {
    const both = ["SupLoss", "MCLoss", "R2RLoss", "Neighbor2Neighbor", "ScoreLoss", "TVLoss", "SplittingLoss"];
    expect(compatibleLosses(gaussian())).toEqual(expect.arrayContaining([...both, "SureGaussianLoss"]));
    expect(compatibleLosses(poisson())).toEqual(expect.arrayContaining([...both, "SurePoissonLoss"]));
    for (const absent of ["SurePoissonLoss", "SurePGLoss", "ReducedResolutionLoss", "StackedPhysicsLoss"])
      expect(compatibleLosses(gaussian())).not.toContain(absent);
    expect(compatibleLosses(new Denoising({ noiseModel: new PoissonGaussianNoise({}) }))).toContain("SurePGLoss");
    expect(compatibleLosses(new Denoising({ noiseModel: new GammaNoise({ l: 5 }) }))).toContain("R2RLoss");
    const biased = compatibleLosses(new Denoising({ noiseModel: new SaltPepperNoise({}) }));
    expect(biased).toEqual(expect.arrayContaining(["SupLoss", "MCLoss", "TVLoss"]));
    for (const absent of ["SplittingLoss", "R2RLoss", "SureGaussianLoss", "Neighbor2Neighbor"])
      expect(biased).not.toContain(absent);
    const masked = new Inpainting({
      imgSize: [1, 4, 4],
      mask: ones([1, 1, 4, 4]),
      noiseModel: new GaussianNoise({ sigma: 0.1 }),
    });
    expect(compatibleLosses(masked)).not.toContain("Neighbor2Neighbor");
  });

  it("has assumptions for every exported loss", () => {
    const { adversarial, mri } = lossFolder as unknown as Record<string, object>;
    for (const name of Object.keys(lossAssumptions))
      expect({ ...adversarial, ...mri, ...lossFolder }).toHaveProperty(name.split(".").at(-1) as string);
  });

  it("has a test at compile time for each loss, with something that it refuses", async () => {
    const text = await readFile(new URL("../types/every-loss.test-d.ts", import.meta.url), "utf8");
    for (const name of Object.keys(lossAssumptions)) {
      const [, body = ""] = new RegExp(`^  ${name}: \\([\\s\\S]*?=> \\{\n([\\s\\S]*?)^  \\},`, "m").exec(text) ?? [];
      expect(body.match(/^ +(?!\/\/).*\.forward\(/gm)?.length, name).toBeGreaterThan(
        body.match(/@ts-expect-error/g)?.length ?? Infinity,
      );
    }
  });

  it("refuses anything but a physics", () => {
    const error = thrown(() => compatibleLosses({} as never));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.code).toBe("invalid_argument");
  });
});

describe("an incompatible physics or model at run time", () => {
  const args = () => ({
    xNet: ones([1, 1, 4, 4]),
    x: ones([1, 1, 4, 4]),
    y: ones([1, 1, 4, 4]),
    model: new Identity(),
  });

  it("is an ArgumentError that names the losses that fit", () => {
    for (const [loss, physics, word, fitting] of [
      [new SureGaussianLoss({ sigma: 0.1 }), poisson(), "gaussian noise", "SurePoissonLoss"],
      [new SurePoissonLoss({ gain: 0.1 }), gaussian(), "poisson noise", "SureGaussianLoss"],
      [new SurePGLoss({ gain: 0.1, sigma: 0.1 }), gaussian(), "poissonGaussian noise", "R2RLoss"],
      [new R2RLoss(), new Denoising({ noiseModel: new SaltPepperNoise({}) }), "gamma noise", "SupLoss"],
    ] as const) {
      const error = call(loss, { ...args(), physics });
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.code).toBe("incompatible_physics");
      expect(error.message).toContain(loss.name);
      expect(error.message).toContain(word);
      expect(error.message).toContain(fitting);
    }
  });

  it("depends on the operator too", () => {
    const masked = new Inpainting({
      imgSize: [1, 4, 4],
      mask: ones([1, 1, 4, 4]),
      noiseModel: new GaussianNoise({ sigma: 0.1 }),
    });
    const error = call(new Neighbor2Neighbor(), { ...args(), physics: masked });
    expect(error.code).toBe("incompatible_physics");
    expect(error.message).toContain("inpainting");
    expect(error.message).toContain("SureGaussianLoss");
  });

  it("R2RLoss asks for the adapted model, and for a corruption", () => {
    const loss = new R2RLoss();
    expect(call(loss, { ...args(), physics: gaussian() }).code).toBe("model_not_adapted");
    const model = loss.adaptModel(new Identity());
    expect(loss.adaptModel(model)).toBe(model);
    const error = call(loss, { ...args(), model, physics: gaussian() });
    expect(error.code).toBe("missing_argument");
    expect(error.message).toContain("updateParameters");
    model.forward(ones([2, 1, 4, 4]), gaussian(), { updateParameters: true, rng: new Rng(1) });
    expect(call(loss, { ...args(), model, physics: gaussian() })).toBeInstanceOf(ShapeError);
    expect(thrown(() => model.forward(ones([1, 1, 4, 4]))).code).toBe("missing_argument");
  });

  it("R2RLoss with its own noise model overrides the physics", () => {
    const loss = new R2RLoss({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const model = loss.adaptModel(new Identity());
    const y = ones([1, 1, 4, 4]);
    const physics = new Denoising({ noiseModel: new SaltPepperNoise({}) });
    const xNet = model.forward(y, physics, { updateParameters: true, rng: new Rng(1) });
    const value = loss.forward({ xNet, y, physics: physics as never, model });
    expect(value.shape).toEqual([1]);
  });
});

describe("missing and wrong arguments", () => {
  const x = () => ones([1, 1, 4, 4]);

  it("names the loss, what is missing and where to get it", () => {
    const cases: [Loss, Record<string, unknown>, string, RegExp][] = [
      [new SupLoss(), { xNet: x() }, "x", /ground truth/],
      [new SupLoss(), { x: x() }, "xNet", /model\.forward/],
      [new MCLoss(), { xNet: x(), physics: gaussian() }, "y", /physics\.forward/],
      [new MCLoss(), { xNet: x(), y: x() }, "physics", /new physics\./],
      [new SureGaussianLoss({ sigma: 0.1 }), { xNet: x(), y: x(), physics: gaussian() }, "model", /network/],
      [new Neighbor2Neighbor(), { physics: gaussian(), model: new Identity() }, "y", /measurement/],
      [new TVLoss(), {}, "xNet", /reconstruction/],
    ];
    for (const [loss, args, missing, source] of cases) {
      const error = call(loss, args);
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.code).toBe("missing_argument");
      expect(error.message).toContain(`${loss.name}: ${missing} is missing`);
      expect(error.message).toMatch(source);
    }
  });

  it("constructors check their options", () => {
    const bad: [() => unknown, string, RegExp][] = [
      [() => new SureGaussianLoss({} as never), "missing_argument", /sigma is missing/],
      [() => new SureGaussianLoss(undefined as never), "missing_argument", /options are missing/],
      [() => new SureGaussianLoss({ sigma: -0.1 }), "invalid_argument", /sigma/],
      [() => new SureGaussianLoss({ sigma: NaN }), "invalid_argument", /sigma/],
      [() => new SureGaussianLoss({ sigma: 0.1, tau: 0 }), "invalid_argument", /tau/],
      [() => new SureGaussianLoss({ sigma: 0.1, momentum: 2 }), "invalid_argument", /momentum/],
      [() => new SureGaussianLoss({ sigma: 0.1, B: "pinv" as never }), "invalid_argument", /A_dagger/],
      [() => new SureGaussianLoss({ sigma: 0.1, stepsize: 1 } as never), "unknown_option", /stepSize/],
      [() => new SurePoissonLoss({} as never), "missing_argument", /gain is missing/],
      [() => new SurePoissonLoss({ gain: Infinity }), "invalid_argument", /gain/],
      [() => new SurePGLoss({ sigma: 0.1 } as never), "missing_argument", /gain is missing/],
      [() => new SurePGLoss({ sigma: 0.1, gain: 0.1, momentum: [0.9] as never }), "invalid_argument", /momentum/],
      [() => new R2RLoss({ alpha: 1 }), "invalid_argument", /alpha/],
      [() => new R2RLoss({ evalNSamples: 0 }), "invalid_argument", /evalNSamples/],
      [() => new R2RLoss({ noiseModel: new SaltPepperNoise({}) as never }), "incompatible_physics", /noiseModel/],
      [() => new Neighbor2Neighbor({ gamma: -1 }), "invalid_argument", /gamma/],
      [() => new TVLoss({ weight: NaN }), "invalid_argument", /weight/],
      [() => new SupLoss({ metric: (() => 0) as never }), "invalid_argument", /Metric/],
      [() => new MCLoss({ metrics: new MAE() } as never), "unknown_option", /metric/],
    ];
    for (const [make, code, message] of bad) {
      const error = thrown(make);
      expect(error).toBeInstanceOf(ArgumentError);
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });

  it("shapes that differ are ShapeErrors, never broadcast", () => {
    const model = new Identity();
    const y = ones([1, 1, 4, 4]);
    const xNet = ones([2, 1, 4, 4]);
    for (const error of [
      call(new SupLoss(), { xNet, x: y }),
      call(new MCLoss(), { xNet, y, physics: gaussian() }),
      call(new SureGaussianLoss({ sigma: 0.1 }), { xNet, y, physics: gaussian(), model }),
      call(new Neighbor2Neighbor(), { y: ones([1, 1, 3, 4]), physics: gaussian(), model }),
      call(new TVLoss(), { xNet: ones([1, 1, 1, 4]) }),
    ]) {
      expect(error).toBeInstanceOf(ShapeError);
      expect(error.code).toBe("shape_mismatch");
    }
  });
});
