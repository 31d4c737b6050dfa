import { beforeAll, describe, expect, it } from "vitest";
import {
  ReducedResolutionLoss,
  SplittingLoss,
  StackedPhysicsLoss,
  SureGaussianLoss,
  SurePoissonLoss,
  R2RLoss,
  compatibleLosses,
  type Loss,
} from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  BernoulliSplittingMaskGenerator,
  Blur,
  BlurFFT,
  Denoising,
  Downsampling,
  GaussianNoise,
  Inpainting,
  MRI,
  PhysicsGenerator,
  PoissonNoise,
  SigmaGenerator,
  StackedLinearPhysics,
  gaussianBlur,
  type LinearPhysics,
  type Physics,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, ShapeError, init } from "../../ts/runtime/index.js";
import { cat, grad, ones, tensor, zeros, type Tensor } from "../../ts/tensor/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

/** Records its inputs, and scales them. */
class Probe extends Module {
  inputs: Tensor[] = [];
  physics: (Physics | undefined)[] = [];
  weight = tensor(0.7, { requiresGrad: true });

  forward(y: Tensor, physics?: Physics): Tensor {
    this.inputs.push(y);
    this.physics.push(physics);
    const linear = physics as LinearPhysics | undefined;
    return (linear?.AAdjoint ? linear.AAdjoint(y) : y).mul(this.weight);
  }
}

/** A probe whose output at one pixel depends on all it sees, so that hidden pixels are predicted. */
class Spreading extends Probe {
  override forward(y: Tensor, physics?: Physics): Tensor {
    return super.forward(y, physics).add(y.mean().mul(this.weight));
  }
}

const list = (t: Tensor) => Array.from(t.dataSync());
const denoising = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
const image = (shape: number[], seed = 1) => new Rng(seed).uniform(shape).add(0.1);
/** Calls a loss the way plain JavaScript can. */
const call = (loss: Loss, args: Record<string, unknown>) => loss.forward(args as Parameters<Loss["forward"]>[0]);

/** A generator of given masks. */
class Given extends PhysicsGenerator {
  constructor(private readonly next: () => Record<string, Tensor>) {
    super("Given", {}, []);
  }
  protected override draw(): Record<string, Tensor> {
    return this.next();
  }
}

describe("SplittingLoss", () => {
  it("shows the network one part of the measurement and compares the rest, for masks of any rank and channels", () => {
    const cases: [Physics, number[]][] = [
      [new Inpainting({ imgSize: [2, 6, 6], mask: new Rng(2).bernoulli([1, 2, 6, 6], 0.6) }), [3, 2, 6, 6]],
      [new Inpainting({ imgSize: [2, 6, 6], mask: new Rng(2).bernoulli([6, 6], 0.6) }), [3, 2, 6, 6]],
      [new Inpainting({ imgSize: [2, 6, 6], mask: new Rng(2).bernoulli([3, 1, 6, 6], 0.6) }), [3, 2, 6, 6]],
      [new Inpainting({ imgSize: [2, 6, 6], mask: new Rng(2).bernoulli([1, 1, 6, 6], 0.6).mul(0.5) }), [3, 2, 6, 6]],
      [new Inpainting({ imgSize: [9], mask: new Rng(2).bernoulli([9], 0.6) }), [3, 9]],
      [new MRI({ mask: new Rng(2).bernoulli([6, 6], 0.6) }), [3, 2, 6, 6]],
      [new BlurFFT({ imgSize: [2, 6, 6], filter: gaussianBlur({ sigma: 0.5 }) }), [3, 2, 6, 6]],
      [denoising(), [3, 2, 6, 6]],
    ];
    for (const [physics, shape] of cases) {
      const loss = new SplittingLoss({ splitRatio: 0.5 });
      const network = new Spreading();
      const model = loss.adaptModel(network);
      const y = physics.forward(image(shape), { rng: new Rng(3) });
      const xNet = model.forward(y, physics, { updateParameters: true, rng: new Rng(4) });
      const value = call(loss, { xNet, y, physics, model });
      expect(value.shape).toEqual([3]);
      const seen = network.inputs[0] as Tensor;
      const [kept, all] = [list(seen.ne(0).sum()), list(y.ne(0).sum())].flat() as [number, number];
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThan(all);
      // The error over the predicted entries, computed from what the network saw.
      const hidden = y.ne(0).mul(seen.eq(0));
      const error = physics.A(xNet).sub(y).mul(hidden).square().sum().div(hidden.sum());
      expect(list(value.mean())[0]).toBeCloseTo(list(error)[0] as number, 5);
      expect(list(grad(value.mean(), [network.weight])[0] as Tensor)[0]).not.toBe(0);
    }
  });

  it("gives the network the physics of the part that it sees", () => {
    const physics = new MRI({ mask: ones([6, 6]), noiseModel: new GaussianNoise({ sigma: 0.2 }) });
    const network = new Probe();
    const model = new SplittingLoss({ splitRatio: 0.5 }).adaptModel(network);
    const y = physics.A(image([1, 2, 6, 6]));
    model.forward(y, physics, { rng: new Rng(1) });
    const part = network.physics[0] as Physics;
    expect(part.noiseModel).toBe(physics.noiseModel);
    const mask = (network.inputs[0] as Tensor).ne(0);
    expect(
      list(
        part
          .A(image([1, 2, 6, 6]))
          .sub(y.mul(mask))
          .abs()
          .max(),
      )[0],
    ).toBeLessThan(1e-6);
  });

  it("averages over masks in evaluation, or sees everything", () => {
    const y = image([2, 1, 8, 8]);
    const average = new SplittingLoss({ splitRatio: 0.5, evalNSamples: 7 });
    const network = new Probe();
    const model = average.adaptModel(network);
    model.eval();
    const out = model.forward(y, denoising(), { rng: new Rng(1) });
    expect(network.inputs).toHaveLength(7);
    expect(out.requiresGrad).toBe(false);
    const mean = network.inputs.reduce((a, b) => a.add(b)).mul(0.7 / 7);
    expect(list(out.sub(mean).abs().max())[0]).toBeLessThan(1e-6);

    const whole = new SplittingLoss({ evalSplitInput: false }).adaptModel(new Probe());
    whole.eval();
    expect(list(whole.forward(y, denoising()))).toEqual(list(y.mul(0.7)));
  });

  it("with output splitting, pixels that every sample saw or that were never measured take the plain average", () => {
    /** Reconstructs every pixel as 1. */
    class One extends Module {
      forward(y: Tensor): Tensor {
        return y.mul(0).add(1);
      }
    }
    const loss = new SplittingLoss({ splitRatio: 0.9, evalNSamples: 2, evalSplitOutput: true });
    const model = loss.adaptModel(new One());
    model.eval();
    const mask = new Rng(5).bernoulli([1, 1, 10, 10], 0.5);
    for (const physics of [denoising(), new Inpainting({ imgSize: [1, 10, 10], mask })]) {
      expect(list(model.forward(image([1, 1, 10, 10]), physics, { rng: new Rng(1) }))).toEqual(new Array(100).fill(1));
    }
    // The pixels a sample did not see come from the samples that did not see them.
    const masks = [tensor([1, 0, 1], { shape: [1, 3] }), tensor([0, 1, 1], { shape: [1, 3] })];
    let draw = 0;
    const given = new SplittingLoss({
      evalNSamples: 2,
      evalSplitOutput: true,
      maskGenerator: new Given(() => ({ mask: masks[draw++] as Tensor })),
    }).adaptModel(new Probe());
    given.eval();
    const joined = list(given.forward(tensor([1, 2, 3], { shape: [1, 3] }), denoising()));
    [0, 0, 2.1].forEach((v, i) => expect(joined[i]).toBeCloseTo(v, 6));
  });

  it("with output splitting, a mask of one channel serves all channels", () => {
    const y = image([2, 3, 6, 5]);
    const masks = [1, 2, 3].map((seed) => new Rng(seed).bernoulli([2, 1, 6, 5], 0.6));
    const restored = (of: (mask: Tensor) => Tensor): number[] => {
      let draw = 0;
      const maskGenerator = new Given(() => ({ mask: of(masks[draw++] as Tensor) }));
      const loss = new SplittingLoss({ evalNSamples: 3, evalSplitOutput: true, maskGenerator });
      const model = loss.adaptModel(new Probe());
      model.eval();
      return list(model.forward(y, denoising()));
    };
    expect(restored((mask) => mask)).toEqual(restored((mask) => mask.expand([2, 3, 6, 5])));
  });

  it("the size of the images may change between calls, with one generator", () => {
    const loss = new SplittingLoss({ splitRatio: 0.5 });
    const model = loss.adaptModel(new Probe());
    for (const shape of [
      [1, 1, 4, 4],
      [2, 1, 6, 5],
      [1, 7],
    ]) {
      const y = image(shape);
      const xNet = model.forward(y, denoising(), { updateParameters: true });
      expect(loss.forward({ xNet, y, physics: denoising(), model }).shape).toEqual([shape[0]]);
    }
  });

  it("names bad options, bad masks and splits that leave nothing, and never gives NaN", () => {
    for (const options of [
      { splitRatio: 0 },
      { splitRatio: 1 },
      { splitRatio: NaN },
      { evalNSamples: 0 },
      { maskGenerator: {} as never },
    ]) {
      expectError(() => new SplittingLoss(options), ArgumentError, "invalid_argument", "SplittingLoss");
    }
    expectError(() => new SplittingLoss({ ratio: 0.5 } as never), ArgumentError, "unknown_option", "splitRatio");
    const y = image([2, 1, 4, 4]);
    const loss = new SplittingLoss();
    const model = loss.adaptModel(new Probe());
    expect(loss.adaptModel(model)).toBe(model);
    expectError(
      () => call(loss, { xNet: y, y, physics: denoising(), model: new Probe() }),
      ArgumentError,
      "model_not_adapted",
      "adaptModel",
    );
    expectError(
      () => call(loss, { xNet: y, y, physics: denoising(), model }),
      ArgumentError,
      "missing_argument",
      "updateParameters",
    );
    const blind = new Inpainting({ imgSize: [1, 4, 4], mask: cat([ones([1, 1, 4, 4]), zeros([1, 1, 4, 4])], 0) });
    expectError(() => model.forward(y, blind), ArgumentError, "empty_mask", "no measured pixel");

    const withMask = (mask: Tensor) => {
      const l = new SplittingLoss({ maskGenerator: new Given(() => ({ mask })) });
      const m = l.adaptModel(new Probe());
      return call(l, {
        xNet: m.forward(y, denoising(), { updateParameters: true }),
        y,
        physics: denoising(),
        model: m,
      });
    };
    expectError(() => withMask(ones([2, 1, 4, 4])), ArgumentError, "empty_split", "nothing to predict", "image 0");
    expectError(
      () => withMask(tensor([...new Array(16).fill(0), ...new Array(16).fill(1)], { shape: [2, 1, 4, 4] })),
      ArgumentError,
      "empty_split",
      "image 1",
    );
    expectError(() => withMask(ones([2, 1, 3, 4])), ShapeError, "shape_mismatch", "imgSize");
    const wrong = new SplittingLoss({ maskGenerator: new SigmaGenerator() }).adaptModel(new Probe());
    expectError(() => wrong.forward(y, denoising()), ArgumentError, "invalid_argument", "mask");
    const other = new SplittingLoss({
      maskGenerator: new BernoulliSplittingMaskGenerator({ imgSize: [1, 5, 5], splitRatio: 0.5 }),
    }).adaptModel(new Probe());
    expectError(() => other.forward(y, denoising()), ShapeError, "shape_mismatch", "[2, 1, 5, 5]");
    const outputs = new SplittingLoss({ evalSplitOutput: true }).adaptModel(new Probe());
    outputs.eval();
    const coarse = new Downsampling({ filter: "bilinear" });
    expectError(() => outputs.forward(y, coarse), ShapeError, "shape_mismatch", "evalSplitOutput");
  });
});

describe("ReducedResolutionLoss", () => {
  it("learns from the degraded measurement, and reconstructs from the measurement itself in evaluation", () => {
    const physics = new Downsampling({ filter: "bilinear", factor: 2 });
    const loss = new ReducedResolutionLoss();
    const network = new Probe();
    const model = loss.adaptModel(network);
    expect(loss.adaptModel(model)).toBe(model);
    const y = image([2, 1, 8, 8]);
    const xNet = model.forward(y, physics, { updateParameters: true });
    expect(network.inputs[0]?.shape).toEqual([2, 1, 4, 4]);
    expect(list(call(loss, { xNet, y, physics, model }))).toEqual(list(xNet.sub(y).square().reshape([2, 64]).mean(1)));
    model.eval();
    expect(model.forward(y, physics).shape).toEqual([2, 1, 16, 16]);
  });

  it("uses the operator of its option where there is one", () => {
    const fixed = new Blur({ filter: gaussianBlur(), padding: "circular" });
    const loss = new ReducedResolutionLoss({ physics: fixed });
    const model = loss.adaptModel(new Probe());
    const y = image([1, 1, 8, 8]);
    const xNet = model.forward(y);
    expect(
      list(
        xNet
          .sub(fixed.AAdjoint(fixed.A(y)).mul(0.7))
          .abs()
          .max(),
      )[0],
    ).toBeLessThan(1e-6);
    expect(call(loss, { xNet, y, physics: denoising(), model }).shape).toEqual([1]);
  });

  it("names what is wrong", () => {
    const loss = new ReducedResolutionLoss();
    const model = loss.adaptModel(new Probe());
    const y = image([1, 1, 8, 8]);
    expectError(
      () => model.forward(y, new Downsampling({ filter: "bilinear", imgSize: [1, 16, 16] })),
      ShapeError,
      "shape_mismatch",
      "without imgSize",
    );
    expectError(() => model.forward(y), ArgumentError, "missing_argument", "physics");
    const masked = new Inpainting({ imgSize: [1, 8, 8], mask: 0.5 });
    expectError(
      () => call(loss, { xNet: y, y, physics: masked, model }),
      ArgumentError,
      "incompatible_physics",
      "inpainting",
    );
    const coarse = new Downsampling({});
    expectError(
      () => call(loss, { xNet: image([1, 1, 16, 16]), y, physics: coarse, model }),
      ShapeError,
      "shape_mismatch",
      "xNet",
    );
    expectError(
      () => call(loss, { xNet: y, y, physics: coarse, model: new Probe() }),
      ArgumentError,
      "model_not_adapted",
      "adaptModel",
    );
    expectError(
      () => new ReducedResolutionLoss({ physics: {} as never }),
      ArgumentError,
      "invalid_argument",
      "physics",
    );
  });
});

describe("StackedPhysicsLoss", () => {
  const stack = () =>
    new StackedLinearPhysics({ list: [denoising(), new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1 }) })] });

  it("is the sum of the losses' means, each with its own measurement and operator", () => {
    const physics = stack();
    const x = image([2, 1, 5, 5]);
    const y = physics.forward(x, { rng: new Rng(1) });
    const losses = [new SureGaussianLoss({ sigma: 0.1 }), new SurePoissonLoss({ gain: 0.1 })] as const;
    const model = new Probe();
    const xNet = model.forward(y as never, physics as never);
    const value = new StackedPhysicsLoss({ losses }).forward({ xNet, y, physics, model, rng: new Rng(2) });
    expect(value.shape).toEqual([]);
    const rng = new Rng(2);
    // Computed directly: the first measurement varies while the second is held fixed.
    const first = losses[0].forward({
      xNet,
      y: y.at(0),
      physics: denoising(),
      model: { ...model, forward: (t: Tensor) => t.add(y.at(1)).mul(0.7) } as never,
      rng,
    });
    const poisson = new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1 }) });
    const second = losses[1].forward({
      xNet,
      y: y.at(1),
      physics: poisson,
      model: { ...model, forward: (t: Tensor) => t.add(y.at(0)).mul(0.7) } as never,
      rng,
    });
    expect(list(value)[0]).toBeCloseTo(list(first.mean().add(second.mean()))[0] as number, 6);
  });

  it("saves and loads the state of its losses", () => {
    const make = () =>
      new StackedPhysicsLoss({
        losses: [new SureGaussianLoss({ sigma: 0.1, unsure: true }), new SurePoissonLoss({ gain: 0.1 })],
      });
    const [physics, model, loss] = [stack(), new Probe(), make()];
    const y = physics.forward(image([2, 1, 5, 5]), { rng: new Rng(1) });
    loss.forward({ xNet: model.forward(y as never, physics as never), y, physics, model, rng: new Rng(2) });
    const state = loss.stateDict();
    expect(Object.keys(state)).toContain("losses.0.sigma2");
    const other = make();
    other.loadStateDict(state);
    expect(list(other.stateDict()["losses.0.sigma2"] as Tensor)).toEqual(list(state["losses.0.sigma2"] as Tensor));
    expectError(
      () => other.loadStateDict({ "losses.7.sigma2": tensor(1) }),
      ArgumentError,
      "unexpected_key",
      "losses.7",
    );
  });

  it("names what is wrong, and is the loss that fits a stack", () => {
    const physics = stack();
    const y = physics.A(image([1, 1, 5, 5]));
    const model = new Probe();
    const loss = new StackedPhysicsLoss({ losses: [new SureGaussianLoss({ sigma: 0.1 })] });
    expectError(
      () => loss.forward({ xNet: y.at(0), y, physics, model }),
      ArgumentError,
      "invalid_argument",
      "1 losses",
      "2 operators",
    );
    expectError(
      () => call(loss, { xNet: y.at(0), y: y.at(0), physics, model }),
      ArgumentError,
      "invalid_argument",
      "TensorList",
    );
    expectError(
      () => call(loss, { xNet: y.at(0), y, physics: denoising(), model }),
      ArgumentError,
      "incompatible_physics",
      "SureGaussianLoss",
    );
    expectError(
      () => call(new SureGaussianLoss({ sigma: 0.1 }), { xNet: y.at(0), y: y.at(0), physics, model }),
      ArgumentError,
      "incompatible_physics",
      "StackedPhysicsLoss",
    );
    expectError(
      () => new StackedPhysicsLoss({ losses: [new R2RLoss()] }),
      ArgumentError,
      "invalid_argument",
      "R2RLoss",
    );
    expectError(() => new StackedPhysicsLoss({ losses: [] }), ArgumentError, "invalid_argument", "losses");
    expect(compatibleLosses(physics)).toContain("StackedPhysicsLoss");
    expect(compatibleLosses(physics)).not.toContain("MCLoss");
    expect(compatibleLosses(denoising())).not.toContain("StackedPhysicsLoss");
  });
});
