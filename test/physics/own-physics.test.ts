import { beforeAll, describe, expect, it } from "vitest";
import { EILoss, MOILoss, SureGaussianLoss } from "../../ts/loss/index.js";
import {
  compose,
  ComposedLinearPhysics,
  Decolorize,
  DecomposablePhysics,
  Denoising,
  GaussianNoise,
  Inpainting,
  LinearPhysics,
  NoiseModel,
  Physics,
  PhysicsGenerator,
  stack,
  StackedLinearPhysics,
  type GeneratedParameters,
  type LinearOptions,
  type PhysicsParameters,
} from "../../ts/physics/index.js";
import type { RandomSource } from "../../ts/random/index.js";
import { ArgumentError } from "../../ts/runtime/index.js";
import { full, keep, ones, Tensor } from "../../ts/tensor/index.js";
import { Shift } from "../../ts/transform/index.js";
import { Darker } from "../loss/every.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

interface ShadingOptions extends LinearOptions<GaussianNoise> {
  gain: Tensor;
  steps?: number;
}

/** `A x = gain * roll(x)`, with its state in `#private` fields and a `#private` method. */
class Shading extends LinearPhysics<GaussianNoise> {
  protected static override readonly optionKeys = ["gain", "steps"];
  #gain: Tensor;
  readonly #steps: number;

  constructor({ gain, steps = 1, ...options }: ShadingOptions) {
    super(options);
    this.#gain = gain;
    this.#steps = steps;
  }

  #roll(x: Tensor, steps: number): Tensor {
    return x.roll(steps, 3);
  }

  override A(x: Tensor): Tensor {
    return this.#roll(x, this.#steps).mul(this.#gain);
  }

  override AAdjoint(y: Tensor): Tensor {
    return this.#roll(y.mul(this.#gain), -this.#steps);
  }

  override parameterNames(): readonly string[] {
    return ["gain"];
  }

  protected override setParameters({ gain }: PhysicsParameters): void {
    if (gain instanceof Tensor) this.#gain = keep(gain);
  }

  protected override newInstance(): this {
    return new Shading({ gain: this.#gain, steps: this.#steps }) as this;
  }
}

const gainOf = (seed: number): Tensor => new Rng(seed).uniform([1, 1, 4, 5], { dtype: "float64" }).add(0.5);
const shading = (options: Partial<ShadingOptions> = {}): Shading =>
  new Shading({ gain: gainOf(1), noiseModel: new GaussianNoise({ sigma: 0.1 }), ...options });

describe("a linear physics of one's own, with #private members", () => {
  const x = () => normal(new Rng(2), [2, 1, 4, 5]);

  it("measures: forward is A plus noise", () => {
    const p = shading();
    const noise = new Rng(3).normal([2, 1, 4, 5], { dtype: "float64" }).mul(0.1);
    expect(distance(p.forward(x(), { rng: new Rng(3) }), x().roll(1, 3).mul(gainOf(1)).add(noise))).toBeLessThan(1e-12);
    expect(p.operator).toBe("custom");
  });

  it("has an adjoint, which adjointnessTest confirms, and an operator norm", () => {
    const p = shading();
    expect(Math.abs(p.adjointnessTest(x(), { rng: new Rng(4) }).itemSync())).toBeLessThan(1e-12);
    const norm = p.computeNorm(x(), { squared: false, rng: new Rng(5), maxIter: 2000, tol: 1e-12 }).itemSync();
    expect(norm).toBeCloseTo(gainOf(1).max().itemSync(), 4);
  });

  it("has a pseudo-inverse and a proximal operator", () => {
    const p = shading({ tol: 1e-12 });
    expect(distance(p.ADagger(p.A(x())), x())).toBeLessThan(1e-9);
    const [y, z] = [normal(new Rng(6), [2, 1, 4, 5]), normal(new Rng(7), [2, 1, 4, 5])];
    const u = p.proxL2(z, y, 0.7);
    expect(distance(p.AAdjoint(p.A(u).sub(y)).mul(0.7).add(u), z)).toBeLessThan(1e-9);
  });

  it("takes new parameters by update and forward", () => {
    const p = shading();
    p.update({ gain: full([1], 2, { dtype: "float64" }), sigma: 0 });
    expect(distance(p.forward(x()), x().roll(1, 3).mul(2))).toBe(0);
    p.forward(x(), { gain: full([1], 3, { dtype: "float64" }) });
    expect(distance(p.A(x()), x().roll(1, 3).mul(3))).toBe(0);
  });

  it("has copies with parameters of their own, and its other settings", () => {
    const rng = new Rng(8);
    const p = shading({ steps: 2, rng, maxIter: 7, sensorModel: (y) => y.clamp(-1, 1) });
    const copy = p.clone();
    expect(copy).toBeInstanceOf(Shading);
    expect(copy.rng).toBe(rng);
    expect(distance(copy.A(x()), p.A(x()))).toBe(0);
    expect(copy.sensor(full([1], 5)).itemSync()).toBe(1);
    expect(distance(copy.ADagger(p.A(x())), p.ADagger(p.A(x())))).toBe(0);
    copy.update({ gain: full([1], 2, { dtype: "float64" }), sigma: 3 });
    expect(distance(copy.A(x()), x().roll(2, 3).mul(2))).toBe(0);
    expect(distance(p.A(x()), x().roll(2, 3).mul(gainOf(1)))).toBe(0);
    expect([p.noiseModel.sigma, copy.noiseModel.sigma]).toEqual([0.1, 3]);
  });

  it("composes and stacks, and so do their copies", () => {
    const p = shading();
    const mask = new Inpainting({ imgSize: [1, 4, 5], mask: new Rng(9).bernoulli([1, 1, 4, 5], 0.5) });
    const composed = mask.compose(p);
    expect(composed).toBeInstanceOf(ComposedLinearPhysics);
    expect(compose(p, mask)).toBeInstanceOf(ComposedLinearPhysics);
    const stacked = stack(p, mask);
    expect(stacked).toBeInstanceOf(StackedLinearPhysics);
    for (const each of [composed, composed.clone(), p.compose(mask)]) {
      expect(Math.abs(each.adjointnessTest(x(), { rng: new Rng(4) }).itemSync())).toBeLessThan(1e-12);
    }
    for (const each of [stacked, stacked.clone()]) {
      expect(Math.abs(each.adjointnessTest(x(), { rng: new Rng(4) }).itemSync())).toBeLessThan(1e-12);
      expect(distance(each.A(x()).at(0), p.A(x()))).toBe(0);
    }
    const copy = composed.clone();
    copy.update({ gain: full([1], 0, { dtype: "float64" }) });
    expect(copy.A(x()).abs().max().itemSync()).toBe(0);
    expect(composed.A(x()).abs().max().itemSync()).toBeGreaterThan(0);
  });

  it("serves in losses, also in those that measure with a copy", () => {
    class Gains extends PhysicsGenerator {
      constructor() {
        super("Gains", {}, []);
      }
      protected override draw(batchSize: number, rng: RandomSource): GeneratedParameters {
        return { gain: rng.uniform([batchSize, 1, 1, 1], { dtype: "float64" }).add(0.5) };
      }
    }
    const p = shading();
    const y = p.forward(x(), { rng: new Rng(10) });
    const model = new Darker();
    const args = { xNet: model.forward(y, p), y, physics: p, model, rng: new Rng(11) };
    for (const criterion of [
      new EILoss({ transform: new Shift() }),
      new MOILoss({ physicsGenerator: new Gains() }),
      new SureGaussianLoss({ sigma: 0.1 }),
    ]) {
      const value = criterion.forward(args);
      expect(value.shape).toEqual([2]);
      expect(Number.isFinite(value.sum().itemSync())).toBe(true);
    }
    expect(distance(p.A(x()), x().roll(1, 3).mul(gainOf(1)))).toBe(0);
  });

  it("is named in errors, with its own options", () => {
    const gain = ones([1]);
    const options = { gain, maxIterations: 3 };
    expectError(() => new Shading(options), ArgumentError, "unknown_option", "Shading: ", "maxIter");
    // @ts-expect-error A number is no noise model.
    expectError(() => new Shading({ gain, noiseModel: 3 }), ArgumentError, "invalid_argument", "Shading: ");
    expectError(() => shading().update({ gian: gain }), ArgumentError, "unknown_option", '"gain"', "Shading.update");
  });
});

describe("a class with #private members that does not override newInstance", () => {
  it("cannot be copied, and the error says what to do", () => {
    class Half extends Physics {
      readonly #factor = 0.5;
      override A(x: Tensor): Tensor {
        return x.mul(this.#factor);
      }
    }
    class Quarter extends Half {}
    class Doubled extends NoiseModel {
      readonly kind = "zero" as const;
      readonly #factor = 2;
      constructor() {
        super("Doubled", {}, []);
      }
      protected override rules(): Record<string, never> {
        return {};
      }
      protected override corrupt(y: Tensor): Tensor {
        return y.mul(this.#factor);
      }
    }
    expectError(() => new Half().clone(), ArgumentError, "not_clonable", "Half.clone", "newInstance");
    expectError(() => new Quarter().clone(), ArgumentError, "not_clonable", "Quarter.clone: Half has #private");
    expectError(() => new Denoising({ noiseModel: new Doubled() }).clone(), ArgumentError, "not_clonable", "Doubled");
    expect(
      new Half()
        .compose(new Half())
        .A(ones([1]))
        .itemSync(),
    ).toBe(0.25);
  });
});

describe("subclasses of the library's classes", () => {
  it("may keep #private fields that their methods read, as no constructor calls a method", () => {
    class Twofold extends DecomposablePhysics {
      readonly #twofold = 2;
      override VAdjoint(x: Tensor): Tensor {
        return x.mul(this.#twofold / 2);
      }
      override V(s: Tensor): Tensor {
        return s.mul(this.#twofold / 2);
      }
      protected override newInstance(): this {
        return new Twofold() as this;
      }
    }
    const p = new Twofold({ mask: 3 });
    expect(p.A(ones([1, 1])).itemSync()).toBe(3);
    expect(
      p
        .clone()
        .ADagger(full([1, 1], 3))
        .itemSync(),
    ).toBe(1);

    class Checked extends Inpainting {
      readonly #checked: Tensor[] = [];
      protected override checkMask(mask: Tensor): Tensor {
        this.#checked.push(mask);
        return super.checkMask(mask);
      }
      get checked(): number {
        return this.#checked.length;
      }
    }
    const masked = new Checked({ imgSize: [1, 2, 2], mask: ones([2, 2]) });
    masked.update({ mask: ones([2, 2]) });
    expect(masked.checked).toBe(1);
    expect(masked.operator).toBe("inpainting");
  });

  it("report errors under their own names", () => {
    class Grey extends Decolorize {}
    expectError(() => new Grey({ chanels: 3 } as object), ArgumentError, "unknown_option", "Grey: ", "channels");
  });
});
