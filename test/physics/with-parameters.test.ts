import { beforeAll, describe, expect, it } from "vitest";
import { MOILoss } from "../../ts/loss/index.js";
import * as p from "../../ts/physics/index.js";
import { ArgumentError } from "../../ts/runtime/index.js";
import { full, keep, memory, ones, tensor, type Tensor, tidy } from "../../ts/tensor/index.js";
import { Darker } from "../loss/every.js";
import { distance, expectError, Rng, start } from "./helpers.js";

beforeAll(start);

/** Physics of each parameter that takes a tensor, with an image and a new value. */
const cases: readonly [string, () => p.LinearPhysics, readonly number[], () => Record<string, Tensor>][] = [
  ["sigma", () => new p.Denoising(), [2, 1, 4, 4], () => ({ sigma: tensor([1, 2]) })],
  ["mask", () => new p.Inpainting({ imgSize: [1, 4, 4] }), [2, 1, 4, 4], () => ({ mask: full([2, 1, 4, 4], 0.5) })],
  ["filter", () => new p.Blur(), [2, 1, 4, 4], () => ({ filter: ones([2, 1, 2, 2]) })],
  ["filter", () => new p.BlurFFT({ imgSize: [1, 4, 4] }), [2, 1, 4, 4], () => ({ filter: ones([2, 1, 2, 2]) })],
  ["filter", () => new p.Downsampling(), [2, 1, 4, 4], () => ({ filter: ones([2, 1, 2, 2]) })],
  ["mask", () => new p.MRI(), [2, 2, 4, 4], () => ({ mask: ones([2, 2, 4, 4]) })],
  [
    "coilMaps",
    () => new p.MultiCoilMRI({ imgSize: [4, 4] }),
    [2, 2, 4, 4],
    () => ({ coilMaps: ones([2, 3, 4, 4, 2]) }),
  ],
  ["mask", () => new p.SequentialMRI({ imgSize: [3, 4, 4] }), [2, 2, 4, 4], () => ({ mask: ones([2, 2, 5, 4, 4]) })],
  ["mask", () => new p.DecomposablePhysics({ mask: 2 }), [2, 1, 4, 4], () => ({ mask: full([2, 1, 1, 1], 3) })],
];

describe.each(cases)("%s", (_name, make, shape, parameters) => {
  const measured = (physics: p.LinearPhysics): Tensor =>
    physics.forward(new Rng(1).uniform([...shape]), { rng: new Rng(2) });

  it("stays the caller's, who may free it once it is set, also within a tidy", () => {
    const physics = make();
    physics.update(parameters());
    const expected = measured(physics);
    for (const given of [make(), make().withParameters({})]) {
      const values = parameters();
      tidy(() => given.update(values));
      for (const value of Object.values(values)) value.dispose();
      expect(distance(measured(given), expected)).toBe(0);
    }
    const values = parameters();
    const other = make().withParameters(values);
    for (const value of Object.values(values)) {
      expect(value.disposed).toBe(false);
      value.dispose();
    }
    expect(distance(measured(other), expected)).toBe(0);
    expect(distance(measured(tidy(() => make().withParameters(parameters()))), expected)).toBe(0);
  });

  it("of another physics costs what it holds until the end of the tidy, and nothing afterwards", () => {
    const physics = make();
    const values = parameters();
    const before = memory();
    tidy(() => physics.withParameters(values));
    // The result outlives its tidy; within an outer one it is freed.
    tidy(() => {
      const other = physics.withParameters(values);
      expect(distance(other.A(new Rng(1).uniform([...shape])), other.A(new Rng(1).uniform([...shape])))).toBe(0);
      return undefined;
    });
    const once = memory();
    for (let i = 0; i < 3; i++) tidy(() => void physics.withParameters(values));
    expect(memory()).toEqual(once);
    expect(once.tensors - before.tensors).toBeLessThan(8);
  });
});

describe("a physics with other parameters", () => {
  it("is of the same class, shares what is not changed, and leaves the original unchanged", () => {
    const filter = ones([1, 1, 2, 2]);
    const original = new p.Blur({ filter, noiseModel: new p.GaussianNoise({ sigma: 0.1 }), rng: new Rng(0) });
    const other = original.withParameters({ sigma: 0.5 });
    expect(other).toBeInstanceOf(p.Blur);
    expect([other.noiseModel.sigma, original.noiseModel.sigma]).toEqual([0.5, 0.1]);
    expect(other.filter).toBe(original.filter);
    expect(other.rng).toBe(original.rng);
  });

  it("of a composition has the noise and the sensor of its own last operator", () => {
    class Clipped extends p.Denoising {
      override sensor(y: Tensor): Tensor {
        return y.minimum(this.noiseModel.sigma as number);
      }
    }
    const clipped = (): Clipped => new Clipped({ noiseModel: new p.GaussianNoise({ sigma: 0 }) });
    for (const composed of [clipped().compose(new p.Denoising()), clipped().compose(new p.Physics())]) {
      const last = (physics: p.Physics): unknown => (physics as p.ComposedPhysics).list[1]?.noiseModel;
      for (const copy of [composed.clone(), composed.withParameters({ sigma: 0.25 })]) {
        expect(copy.noiseModel).toBe(last(copy));
        expect(copy.noiseModel).not.toBe(composed.noiseModel);
        copy.update({ sigma: 0.25 });
        expect(copy.sensor(ones([1])).itemSync()).toBe(0.25);
      }
      expect(composed.sensor(ones([1])).itemSync()).toBe(0);
    }
  });

  it("of a stack has them in each operator that knows the name, and refuses a name that none knows", () => {
    const stacked = p.stack(new p.Blur({ filter: ones([1, 1, 1, 1]) }), new p.Denoising());
    const other = stacked.withParameters({ filter: full([1, 1, 1, 1], 3), sigma: 0 });
    expect(other).toBeInstanceOf(p.StackedLinearPhysics);
    const y = other.forward(ones([1, 1, 2, 2]));
    expect([y.at(0).mean().itemSync(), y.at(1).mean().itemSync()]).toEqual([3, 1]);
    expect(
      stacked
        .A(ones([1, 1, 2, 2]))
        .at(0)
        .mean()
        .itemSync(),
    ).toBe(1);
    const wrong = (): unknown => stacked.withParameters({ sgma: 1 });
    expectError(wrong, ArgumentError, "unknown_option", '"sgma"', "filter, sigma");
    for (const what of [null, undefined, 3, [1]] as never[])
      for (const of of [stacked, new p.Denoising(), new p.GaussianNoise()])
        expectError(() => of.update(what), ArgumentError, "invalid_argument", "update", "sigma");
    const unknown = (): unknown => new p.Denoising().withParameters({ mask: 1 });
    expectError(unknown, ArgumentError, "unknown_option", '"mask"', "sigma");
  });

  it("gives the tidy only what was made for it: what a class keeps for later, or has from elsewhere, lives on", () => {
    const list = [full([1], 2), full([1], 3)];
    const cache = new Map<number, Tensor>();
    class Chosen extends p.LinearPhysics {
      factor: Tensor = list[0] as Tensor;
      offset: Tensor | undefined;
      override A(x: Tensor): Tensor {
        return x.mul(this.factor).add(this.offset ?? 0);
      }
      override parameterNames(): readonly string[] {
        return ["index"];
      }
      protected override setParameters({ index }: p.PhysicsParameters): void {
        this.factor = list[index as number] as Tensor;
        this.offset = cache.get(index as number) ?? keep(full([1], 10));
        cache.set(index as number, this.offset);
      }
    }
    const physics = new Chosen();
    const measured = (index: number): number =>
      tidy(() =>
        physics
          .withParameters({ index })
          .A(ones([1]))
          .itemSync(),
      );
    expect([measured(0), measured(1), measured(1), measured(0)]).toEqual([12, 13, 13, 12]);
  });

  it("that wraps another physics in a field changes a copy of it", () => {
    class Twice extends p.LinearPhysics {
      constructor(readonly inner: p.LinearPhysics) {
        super();
      }
      override A(x: Tensor): Tensor {
        return this.inner.A(x).mul(2);
      }
      override parameterNames(): readonly string[] {
        return this.inner.parameterNames();
      }
      protected override setParameters(parameters: p.PhysicsParameters): void {
        this.inner.update(parameters);
      }
    }
    const physics = new Twice(new p.DecomposablePhysics({ mask: 1 }));
    const value = (of: p.Physics): number => of.A(ones([1, 1])).itemSync();
    expect([physics.withParameters({ mask: 5 }), physics].map(value)).toEqual([10, 2]);
  });

  it("serves losses that draw operators, which free what they drew", () => {
    const physics = new p.Inpainting({ imgSize: [1, 4, 4], mask: ones([4, 4]) });
    const generator = new p.BernoulliSplittingMaskGenerator({ imgSize: [1, 4, 4], splitRatio: 0.5 });
    const y = ones([2, 1, 4, 4]);
    const args = { xNet: y, y, physics, model: new Darker(), rng: new Rng(0) };
    const criterion = new MOILoss({ physicsGenerator: generator });
    const before = memory().tensors;
    for (let i = 0; i < 3; i++) tidy(() => void criterion.forward(args).sum().itemSync());
    expect(memory().tensors).toBe(before);
    expect(distance(physics.A(y), y)).toBe(0);
  });
});
