import { beforeAll, describe, expect, it } from "vitest";
import { AugmentConsistencyLoss, type Loss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, MRI, Physics, type LinearPhysics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { grad, ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { RandomNoise, Reflect, Rotate, Shift } from "../../ts/transform/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

/** `w A^+ y`, which records its inputs. */
class Inverse extends Module {
  weight = tensor(1, { requiresGrad: true });
  inputs: Tensor[] = [];

  forward(y: Tensor, physics?: Physics): Tensor {
    this.inputs.push(y);
    return (physics as LinearPhysics).ADagger(y).mul(this.weight);
  }
}

const list = (t: Tensor) => Array.from(t.dataSync());
const fully = () => new MRI({ mask: ones([1, 2, 8, 8]) });
const slice = (batch = 2) => new Rng(1).normal([batch, 2, 8, 8]);
const call = (loss: Loss, args: Record<string, unknown>) => loss.forward(args as Parameters<Loss["forward"]>[0]);

describe("AugmentConsistencyLoss", () => {
  it("transforms both branches alike: a perfect reconstruction of full data has no loss, in any call", () => {
    const physics = fully();
    const model = new Inverse();
    const y = physics.A(slice());
    const xNet = model.forward(y, physics);
    const either = new Shift({ shiftMax: 0.4 }).or(new Rotate({ multiples: 90 })).or(new Reflect());
    for (const Te of [either, new Shift().compose(new Rotate({ multiples: 90 })), new Shift({ nTrans: 3 })]) {
      const loss = new AugmentConsistencyLoss({ Te, Ti: null });
      const rng = new Rng(7);
      for (let i = 0; i < 20; i++) {
        const value = loss.forward({ xNet, y, physics, model, rng });
        expect(value.shape).toEqual([2]);
        expect(Math.max(...list(value))).toBeLessThan(1e-9);
      }
    }
  });

  it("also with the default motion, but for what its rotations by few degrees lose", () => {
    const loss = new AugmentConsistencyLoss({ Ti: null });
    const physics = fully();
    const model = new Inverse();
    const y = physics.A(slice());
    const xNet = model.forward(y, physics);
    const shifts = Array.from({ length: 20 }, (_, seed) => {
      const params = loss.Te.getParams(xNet, { rng: new Rng(seed) });
      const value = Math.max(...list(loss.forward({ xNet, y, physics, model, rng: new Rng(seed) })));
      // The same draw, computed directly: T x against T T^-1 T x.
      const moved = loss.Te.transform(xNet, params);
      const again = loss.Te.transform(loss.Te.inverse(moved, params), params);
      expect(value).toBeCloseTo(Math.max(...list(again.sub(moved).square().reshape([2, 128]).mean(1))), 5);
      return (params.part as number[])[0] === 0 ? value : undefined;
    }).filter((value) => value !== undefined);
    expect(shifts.length).toBeGreaterThan(3);
    expect(Math.max(...shifts)).toBeLessThan(1e-9);
  });

  it("by default disturbs the measurement by noise where it was measured, and by a phase error", () => {
    const mask = new Rng(3).bernoulli([1, 1, 8, 8], 0.5).expand([1, 2, 8, 8]);
    const physics = new MRI({ mask });
    const y = physics.A(slice());
    const loss = new AugmentConsistencyLoss();
    const disturbed = loss.Ti.forward(y, { rng: new Rng(1) });
    expect(loss.Ti.paramNames).toEqual(["sigma", "seed", "se", "so"]);
    expect(list(disturbed.mul(mask.neg().add(1)).abs().max())[0]).toBe(0);
    expect(list(disturbed.sub(y).abs().max())[0]).toBeGreaterThan(0.1);
    const model = new Inverse();
    const undisturbed = new AugmentConsistencyLoss({ Ti: null, Te: null }).forward({
      xNet: model.forward(y, physics),
      y,
      physics,
      model,
    });
    expect(Math.max(...list(undisturbed))).toBeLessThan(1e-9);
    const value = new AugmentConsistencyLoss({ Te: null }).forward({
      xNet: model.forward(y, physics),
      y,
      physics,
      model,
      rng: new Rng(1),
    });
    expect(Math.min(...list(value))).toBeGreaterThan(1e-3);
  });

  it("has gradients through the augmented branch alone, or through both", () => {
    const physics = fully();
    const y = physics.A(slice());
    for (const noGrad of [true, false]) {
      const model = new Inverse();
      const xNet = slice().requiresGrad_();
      const value = new AugmentConsistencyLoss({ Ti: null, Te: new Shift(), noGrad }).forward({
        xNet: xNet.mul(0.9),
        y,
        physics,
        model,
      });
      const [toImage, toWeight] = grad(value.mean(), [xNet, model.weight], { allowUnused: true }) as [Tensor, Tensor];
      expect(toImage.abs().max().itemSync() > 0).toBe(!noGrad);
      expect(Math.abs(toWeight.itemSync())).toBeGreaterThan(1e-3);
    }
  });

  it("names what is wrong", () => {
    expectError(
      () => new AugmentConsistencyLoss({ Ti: new RandomNoise({ nTrans: 2 }) }),
      ArgumentError,
      "invalid_argument",
      "Ti",
      "nTrans",
    );
    expectError(() => new AugmentConsistencyLoss({ Te: {} as never }), ArgumentError, "invalid_argument", "Te");
    expectError(() => new AugmentConsistencyLoss({ ti: null } as never), ArgumentError, "unknown_option", "Ti");
    const x = ones([1, 1, 8, 8]);
    const args = { xNet: x, y: x, model: new Inverse() };
    const nonlinear = new Physics({ A: (t: Tensor) => t.square() });
    expectError(
      () => call(new AugmentConsistencyLoss(), { ...args, physics: nonlinear }),
      ArgumentError,
      "incompatible_physics",
      "linear",
    );
    // The default phase error needs complex measurements.
    const denoising = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    expectError(
      () => call(new AugmentConsistencyLoss(), { ...args, physics: denoising }),
      ShapeError,
      "shape_mismatch",
      "complex",
      "[B, 2, ...]",
    );
    expect(call(new AugmentConsistencyLoss({ Ti: null }), { ...args, physics: denoising }).shape).toEqual([1]);
  });
});
