import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { Loss, type LossArgs, SupLoss } from "../../ts/loss/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Adam, LossScale, type Optimizer, SGD } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { binding, init, type Precision } from "../../ts/runtime/index.js";
import { grad, memory, tensor, type Tensor, tidy } from "../../ts/tensor/index.js";
import { Trainer } from "../../ts/train/index.js";

beforeAll(async () => await init());

/** The code of the operator that a scaled step calls. */
const unscaleCode = Number(
  /unscale: [\s\S]*?all\(\s*(\d+)/.exec(
    readFileSync(new URL("../../ts/tensor/operators.generated.ts", import.meta.url), "utf8"),
  )?.[1],
);

const values = (t: Tensor): number[] => [...t.dataSync()];
const makers: Record<string, (p: Tensor[]) => Optimizer> = {
  Adam: (p) => new Adam(p, { lr: 0.01, weightDecay: 0.1 }),
  "Adam with amsgrad": (p) => new Adam(p, { lr: 0.01, amsgrad: true }),
  SGD: (p) => new SGD(p, { lr: 0.01, momentum: 0.9 }),
};
const tensorsOf = (optimizer: Optimizer): number[][] => Object.values(optimizer.stateDict().tensors).map(values);

describe.each(Object.entries(makers))("a scaled loss with %s", (_name, make) => {
  it("takes the steps of the loss itself", () => {
    const run = (scale?: LossScale): number[] => {
      const p = tensor([1, -2], { requiresGrad: true });
      const optimizer = make([p]);
      for (let step = 0; step < 5; step++) {
        tidy(() => {
          const loss = p.mul(3).sub(1).square().sum();
          if (scale) scale.step(optimizer, grad(scale.scaled(loss), [p]));
          else optimizer.step(grad(loss, [p]));
        });
      }
      return values(p);
    };
    // The scale is a power of two.
    expect(run(new LossScale())).toEqual(run());
  });

  it("leaves out a step that is not finite, and halves the scale", async () => {
    for (const taken of [0, 2]) {
      const p = tensor([1, -2]);
      const optimizer = make([p]);
      const scale = new LossScale({ initial: 8 });
      for (let step = 0; step < taken; step++) scale.step(optimizer, [tensor([8, 16])]);
      const before = [values(p), ...tensorsOf(optimizer)];
      for (const [bad, next] of [
        [Infinity, 4],
        [NaN, 2],
        [-Infinity, 1],
      ] as const) {
        scale.step(optimizer, [tensor([1, bad])]);
        expect(await scale.value()).toBe(next);
        expect(values(p)).toEqual(before[0]);
        if (taken > 0) expect([values(p), ...tensorsOf(optimizer)]).toEqual(before);
        expect(tensorsOf(optimizer).flat().every(Number.isFinite)).toBe(true);
      }
      // It is not the scale's fault, and must not stay unnoticed.
      scale.step(optimizer, [tensor([1, NaN])]);
      expect(values(p)).toEqual([expect.any(Number), NaN]);
    }
  });
});

describe("LossScale", () => {
  it("doubles after 2,000 finite steps in a row, up to 2^24", async () => {
    const optimizer = new SGD([tensor([1])], { lr: 0 });
    const scale = new LossScale({ initial: 2 ** 23 });
    const run = (steps: number): void => {
      for (let step = 0; step < steps; step++) tidy(() => scale.step(optimizer, [tensor([1])]));
    };
    run(1999);
    scale.step(optimizer, [tensor([NaN])]);
    expect(await scale.value()).toBe(2 ** 22);
    run(1999);
    expect(await scale.value()).toBe(2 ** 22);
    run(1);
    expect(await scale.value()).toBe(2 ** 23);
    run(4000);
    expect(await scale.value()).toBe(2 ** 24);
  });

  it("clips the gradient without the scale", () => {
    const p = tensor([0, 0]);
    new LossScale({ initial: 64 }).step(new SGD([p], { lr: 1 }), [tensor([64 * 30, 64 * 40])], { gradClip: 5 });
    expect(values(p)).toEqual([expect.closeTo(-3, 5), expect.closeTo(-4, 5)]);
  });

  it("takes gradients that are null, and keeps one tensor", () => {
    const ps = [tensor([1]), tensor([1])];
    const [optimizer, scale] = [new SGD(ps, { lr: 1 }), new LossScale({ initial: 4 })];
    scale.step(optimizer, [null, tensor([2])]);
    expect(ps.map(values)).toEqual([[1], [0.5]]);
    const before = memory().tensors;
    for (let step = 0; step < 3; step++) tidy(() => scale.step(optimizer, [null, tensor([2])]));
    scale.step(optimizer, [null, null]);
    expect(memory().tensors).toBe(before);
    scale.dispose();
    expect(memory().tensors).toBe(before - 1);
  });

  it("goes on from a snapshot, in any element type", async () => {
    const run = (
      scale: LossScale,
      gradients: readonly number[],
      dtype: "float32" | "float64" = "float32",
    ): number[] => {
      const p = tensor([1], { dtype });
      const optimizer = new SGD([p], { lr: 1 });
      for (const gradient of gradients) tidy(() => scale.step(optimizer, [tensor([gradient], { dtype })]));
      return values(p);
    };
    const before = memory().tensors;
    const [whole, rest] = [new LossScale({ initial: 4 }), new LossScale({ initial: 64 })];
    expect(rest.stateDict()).toEqual({ values: null });
    run(whole, [1, 1]);
    const state = whole.stateDict();
    expect(values(state.values as Tensor)).toEqual([4, 2]);
    rest.loadStateDict(state);
    for (const next of [[1, NaN, 1], [1]]) {
      expect(run(rest, next)).toEqual(run(whole, next));
      expect(values(rest.stateDict().values as Tensor)).toEqual(values(whole.stateDict().values as Tensor));
    }
    expect(values(state.values as Tensor)).toEqual([4, 2]);
    rest.loadStateDict(state);
    expect(run(rest, [8], "float64")).toEqual([-1]);
    expect(values(rest.stateDict().values as Tensor)).toEqual([4, 3]);
    rest.loadStateDict({ values: null });
    expect(await rest.value()).toBe(64);
    for (const bad of [null, 4, {}, { values: 4 }, { values: tensor([4]) }, { values: tensor([[4, 2]]) }])
      expect(() => whole.loadStateDict(bad as never)).toThrow(expect.objectContaining({ code: "state_mismatch" }));
    expect(values(whole.stateDict().values as Tensor)).toEqual([2, 2]);
    expect(memory().tensors).toBeGreaterThan(before);
  });

  it("is part of its optimiser's snapshot, and the first one again where a snapshot has none", async () => {
    const optimizer = new SGD([tensor([1])], { lr: 1 });
    const first = optimizer.stateDict();
    expect(first).not.toHaveProperty("lossScale");
    optimizer.lossScale.step(optimizer, [tensor([Infinity])]);
    const state = optimizer.stateDict();
    expect(values(state.lossScale?.values as Tensor)).toEqual([32768, 0]);
    optimizer.loadStateDict(first);
    expect(await optimizer.lossScale.value()).toBe(65536);
    expect(() => optimizer.loadStateDict({ ...state, lossScale: {} as never })).toThrow("SGD.loadStateDict");
    optimizer.loadStateDict(state);
    expect(await optimizer.lossScale.value()).toBe(32768);
  });

  it("refuses scales below 1 and unknown options", () => {
    expect(() => new LossScale({ initial: 0.5 })).toThrow("initial");
    expect(() => new LossScale({ first: 2 } as never)).toThrow("unknown option");
    const optimizer = new SGD([tensor([1])]);
    expect(() => new LossScale().step(optimizer, [tensor([1])], { clip: 1 } as never)).toThrow("unknown option");
    expect(() => new LossScale().scaled(1 as never)).toThrow("loss");
  });
});

describe("a Trainer", () => {
  afterAll(async () => await init({ binding: native }));
  let native = undefined as unknown as ReturnType<typeof binding>;

  it("scales losses with f16 alone, and ends with the same weights", async () => {
    native = binding();
    const run = async (precision: Precision): Promise<{ weights: number[]; calls: number; steps: number }> => {
      // The cpu computes in float32 all the same.
      let calls = 0;
      const own = {
        ...native,
        setPrecision: () => undefined,
        apply: (...call: Parameters<typeof native.apply>) => {
          if (call[0] === unscaleCode) calls += 1;
          return native.apply(...call);
        },
      };
      await init({ binding: own, precision });
      const rng = new Rng(1);
      const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng });
      const x = new Rng(2).uniform([4, 1, 8, 8]);
      const before = memory().tensors;
      const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
      const trainer = new Trainer({
        model,
        physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
        losses: new SupLoss(),
        optimizer,
        trainData: new TensorDataset({ x }),
        epochs: 2,
        accumulate: 2,
        rng: new Rng(3),
      });
      await trainer.train();
      const steps = trainer.step;
      optimizer.dispose();
      trainer.dispose();
      expect(memory().tensors).toBeLessThanOrEqual(before);
      return { weights: model.parameters().flatMap(values), calls, steps };
    };
    const [exact, scaled] = [await run("float32"), await run("f16")];
    expect([exact.calls, scaled.calls]).toEqual([0, scaled.steps]);
    expect(scaled.weights).toEqual(exact.weights);
  });

  it("fails with f16 where gradients are never finite", async () => {
    await init({ binding: { ...native, setPrecision: () => undefined }, precision: "f16" });
    /** sqrt(0): its gradient is 0 / 0. */
    class Root extends Loss {
      readonly name = "Root";
      readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
      forward(args: LossArgs) {
        return (args.xNet as Tensor).mul(0).square().sum().sqrt();
      }
    }
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(1) });
    const trainer = new Trainer({
      model,
      physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
      losses: new Root(),
      optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
      trainData: new TensorDataset({ x: new Rng(2).uniform([8, 1, 8, 8]) }),
      batchSize: 1,
      epochs: 4,
      rng: new Rng(3),
    });
    await expect(trainer.train()).rejects.toMatchObject({ code: "non_finite_loss" });
    // 65,536 is halved sixteen times.
    expect(trainer.step).toBeGreaterThan(16);
  });
});
