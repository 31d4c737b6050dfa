import { beforeAll, describe, expect, it } from "vitest";
import { EILoss, MOEILoss, MOILoss, type Loss } from "../../ts/loss/index.js";
import { MAE, MSE } from "../../ts/metric/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  BernoulliSplittingMaskGenerator,
  BlurFFT,
  Denoising,
  gaussianBlur,
  GaussianNoise,
  Inpainting,
  SigmaGenerator,
  type LinearPhysics,
  type Physics,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { grad, ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { Reflect, Rotate, Shift } from "../../ts/transform/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

/** `w A^+ y`: exact for an invertible operator and w = 1. It records its inputs. */
class Inverse extends Module {
  weight: Tensor;
  physics: LinearPhysics[] = [];
  inputs: Tensor[] = [];

  constructor(weight = 1) {
    super();
    this.weight = tensor(weight, { requiresGrad: true });
  }

  forward(y: Tensor, physics?: Physics): Tensor {
    this.physics.push(physics as LinearPhysics);
    this.inputs.push(y);
    return (physics as LinearPhysics).ADagger(y).mul(this.weight);
  }
}

const list = (t: Tensor) => Array.from(t.dataSync());
const image = (shape: number[], seed = 1) => new Rng(seed).uniform(shape);
const blur = (noise?: GaussianNoise) =>
  new BlurFFT({ imgSize: [1, 8, 8], filter: gaussianBlur({ sigma: 0.6 }), ...(noise ? { noiseModel: noise } : {}) });
const halves = () => {
  const left = tensor(
    Float64Array.from({ length: 64 }, (_, k) => (k % 8 < 4 ? 1 : 0)),
    { shape: [1, 1, 8, 8], dtype: "float32" },
  );
  return [left, left.neg().add(1)].map((mask) => new Inpainting({ imgSize: [1, 8, 8], mask })) as [
    Inpainting,
    Inpainting,
  ];
};
/** Calls a loss the way plain JavaScript can. */
const call = (loss: Loss, args: Record<string, unknown>) => loss.forward(args as Parameters<Loss["forward"]>[0]);

describe("EILoss", () => {
  it("is zero for a reconstruction that commutes with the transforms", () => {
    const physics = blur();
    const model = new Inverse();
    const xNet = model.forward(physics.A(image([3, 1, 8, 8])), physics);
    for (const transform of [
      new Shift(),
      new Rotate({ multiples: 90 }),
      new Shift({ nTrans: 2 }).compose(new Reflect()),
    ]) {
      const value = new EILoss({ transform }).forward({ xNet, physics, model, rng: new Rng(2) });
      expect(value.shape).toEqual([3]);
      expect(Math.max(...list(value))).toBeLessThan(1e-9);
    }
    // A reconstruction that does not invert the operator does not commute either.
    const worse = new Inverse(0.5);
    expect(
      Math.min(...list(new EILoss({ transform: new Shift() }).forward({ xNet, physics, model: worse }))),
    ).toBeGreaterThan(0.01);
  });

  it("compares R(A T x) with T x, with the given metric and weight", () => {
    const [physics] = halves();
    const model = new Inverse(0.8);
    const xNet = image([2, 1, 8, 8]);
    const transform = new Shift();
    const params = transform.getParams(xNet, { rng: new Rng(5) });
    const target = transform.transform(xNet, params);
    const again = physics.A(target).mul(0.8);
    for (const [options, expected] of [
      [{}, new MSE().forward(again, target)],
      [{ metric: new MAE(), weight: 3 }, new MAE().forward(again, target).mul(3)],
      [{ metric: new MSE({ reduction: "mean" }) }, new MSE({ reduction: "mean" }).forward(again, target)],
    ] as const) {
      const value = new EILoss({ transform, ...options }).forward({ xNet, physics, model, rng: new Rng(5) });
      expect(value.shape).toEqual(expected.shape);
      list(value).forEach((v, i) => expect(v).toBeCloseTo(list(expected)[i] as number, 6));
    }
  });

  it("measures again with noise, or without: with noise, the error of a perfect reconstruction is the noise", () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.3 }) });
    const model = new Inverse();
    const xNet = image([1, 1, 128, 128]);
    const loss = (applyNoise: boolean) =>
      new EILoss({ transform: new Shift(), applyNoise }).forward({ xNet, physics, model, rng: new Rng(1) }).itemSync();
    // 16384 pixels: the standard error of the mean square is 0.09 sqrt(2 / 16384) = 0.001.
    expect(Math.abs(loss(true) - 0.09)).toBeLessThan(0.004);
    expect(loss(false)).toBe(0);
  });

  it("with noGrad the gradient stops at the target, but not at the second reconstruction", () => {
    const [physics] = halves();
    for (const noGrad of [false, true]) {
      const model = new Inverse(0.8);
      const xNet = image([2, 1, 8, 8]).requiresGrad_();
      const value = new EILoss({ transform: new Shift(), noGrad }).forward({ xNet, physics, model, rng: new Rng(3) });
      const [toImage, toWeight] = grad(value.mean(), [xNet, model.weight], { allowUnused: true }) as [Tensor, Tensor];
      expect(toImage.abs().max().itemSync() > 0).toBe(!noGrad);
      expect(Math.abs(toWeight.itemSync())).toBeGreaterThan(1e-4);
    }
  });

  it("names what is missing or wrong", () => {
    expectError(() => new EILoss({} as never), ArgumentError, "missing_argument", "transform", "Shift");
    expectError(() => new EILoss({ transform: "Shift" as never }), ArgumentError, "invalid_argument", "transform");
    expectError(() => new EILoss({ transform: new Shift(), weight: NaN }), ArgumentError, "invalid_argument", "weight");
    expectError(
      () => new EILoss({ transform: new Shift(), aplyNoise: true } as never),
      ArgumentError,
      "unknown_option",
      "applyNoise",
    );
    expectError(
      () => new EILoss({ transform: new Shift(), metric: {} as never }),
      ArgumentError,
      "invalid_argument",
      "metric",
    );
    const loss = new EILoss({ transform: new Shift() });
    expectError(
      () => call(loss, { xNet: image([1, 1, 8, 8]), physics: blur() }),
      ArgumentError,
      "missing_argument",
      "model",
    );
    expectError(() => call(loss, { physics: blur(), model: new Inverse() }), ArgumentError, "missing_argument", "xNet");
  });
});

describe("MOILoss", () => {
  it("measures with an operator of the list, each with the same probability", () => {
    const operators = halves();
    const loss = new MOILoss({ physics: operators });
    const model = new Inverse();
    const rng = new Rng(1);
    const xNet = image([1, 1, 8, 8]);
    for (let i = 0; i < 200; i++) loss.forward({ xNet, physics: operators[0], model, rng });
    const first = model.physics.filter((p) => p === operators[0]).length;
    expect(model.physics.every((p) => (operators as Physics[]).includes(p))).toBe(true);
    expect(Math.abs(first - 100)).toBeLessThan(40);
  });

  it("is zero where every operator determines the image, and above 0 where one does not", () => {
    const xNet = image([2, 1, 8, 8]);
    const full = [blur(), new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) })];
    const zero = new MOILoss({ physics: full, applyNoise: false });
    const args = { xNet, physics: blur(), model: new Inverse() };
    for (let seed = 0; seed < 6; seed++)
      expect(Math.max(...list(zero.forward({ ...args, rng: new Rng(seed) })))).toBeLessThan(1e-9);
    const [left, right] = halves();
    const value = new MOILoss({ physics: [right] }).forward({ ...args, physics: left });
    const missed = left.A(xNet).square().reshape([2, 64]).mean(1);
    list(value).forEach((v, i) => expect(v).toBeCloseTo(list(missed)[i] as number, 6));
  });

  it("a generator draws one operator for each image of the batch, and the given physics stays as it is", () => {
    const mask = ones([1, 1, 8, 8]);
    const physics = new Inpainting({ imgSize: [1, 8, 8], mask });
    const generator = new BernoulliSplittingMaskGenerator({ imgSize: [1, 8, 8], splitRatio: 0.5 });
    for (const options of [{ physicsGenerator: generator }, { physicsGenerator: generator, physics }]) {
      const model = new Inverse();
      const value = new MOILoss(options).forward({
        xNet: image([4, 1, 8, 8]).add(0.1),
        physics,
        model,
        rng: new Rng(1),
      });
      expect(value.shape).toEqual([4]);
      const seen = (model.inputs[0] as Tensor).ne(0);
      const rows = Array.from({ length: 4 }, (_, b) => list(seen.slice([b], [b + 1])).join(""));
      expect(new Set(rows).size).toBe(4);
      expect(list(physics.mask as Tensor)).toEqual(Array.from({ length: 64 }, () => 1));
    }
    // Parameters of the noise can be drawn too.
    const noisy = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const levels = new MOILoss({ physicsGenerator: new SigmaGenerator({ sigmaMin: 1, sigmaMax: 2 }) });
    const errors = list(
      levels.forward({ xNet: image([3, 1, 64, 64]), physics: noisy, model: new Inverse(), rng: new Rng(1) }),
    );
    expect(Math.min(...errors)).toBeGreaterThan(0.9);
    expect(new Set(errors.map((e) => e.toFixed(2))).size).toBe(3);
    expect(noisy.noiseModel.sigma).toBe(0.1);
  });

  it("names options that exclude each other", () => {
    const [left] = halves();
    const generator = new SigmaGenerator();
    expectError(() => new MOILoss({} as never), ArgumentError, "missing_argument", "physicsGenerator");
    expectError(() => new MOILoss({ physics: left }), ArgumentError, "missing_argument", "physicsGenerator");
    expectError(() => new MOILoss({ physics: [] }), ArgumentError, "invalid_argument", "physics");
    expectError(() => new MOILoss({ physics: [{}] as never }), ArgumentError, "invalid_argument", "physics");
    expectError(
      () => new MOILoss({ physics: [left], physicsGenerator: generator }),
      ArgumentError,
      "invalid_argument",
      "exclude",
    );
    expectError(() => new MOILoss({ physicsGenerator: {} as never }), ArgumentError, "invalid_argument", "generator");
    expectError(() => new MOEILoss({ physics: [left] } as never), ArgumentError, "missing_argument", "transform");
  });
});

describe("MOEILoss", () => {
  it("compares R(A_s T x, A_s) with T x for one of the operators", () => {
    const operators = halves();
    const transform = new Rotate({ multiples: 90 });
    const loss = new MOEILoss({ transform, physics: operators, applyNoise: false });
    const model = new Inverse(0.7);
    const xNet = image([2, 1, 8, 8]);
    const value = list(loss.forward({ xNet, physics: operators[0], model, rng: new Rng(4) }));
    const rng = new Rng(4);
    const chosen = operators[rng.randint(0, 2, [1]).itemSync()] as Inpainting;
    expect(model.physics[0]).toBe(chosen);
    const target = transform.forward(xNet, { rng });
    const expected = list(new MSE().forward(chosen.A(target).mul(0.7), target));
    value.forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 6));
  });

  it("a generator draws one operator for each transformed image", () => {
    const physicsGenerator = new BernoulliSplittingMaskGenerator({ imgSize: [1, 8, 8], splitRatio: 0.5 });
    const model = new Inverse();
    const physics = new Inpainting({ imgSize: [1, 8, 8], mask: ones([1, 1, 8, 8]) });
    const loss = new MOEILoss({ transform: new Shift({ nTrans: 3 }), physicsGenerator });
    expect(loss.forward({ xNet: image([2, 1, 8, 8]), physics, model, rng: new Rng(1) }).shape).toEqual([2]);
    expect(model.physics[0]?.A(ones([6, 1, 8, 8])).shape).toEqual([6, 1, 8, 8]);
    const masks = list((model.inputs[0] as Tensor).ne(0)).join("");
    expect(new Set(masks.match(/.{64}/g)).size).toBe(6);
  });
});
