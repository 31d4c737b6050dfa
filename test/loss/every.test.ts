import { beforeAll, describe, expect, it, vi } from "vitest";
import { compatibleLosses, lossAssumptions, type Assumptions, type LossName } from "../../ts/loss/index.js";
import { noiseKinds } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { AdjointError, ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { ones, Tensor } from "../../ts/tensor/index.js";
import { everyLoss, everyNoise, everyOperator, call, Darker, type AnyPhysics, type Example } from "./every.js";

beforeAll(() => init({ device: "cpu" }));

const losses = Object.entries(everyLoss) as [LossName, () => Example][];
const assumptionsOf = (name: LossName): Assumptions => lossAssumptions[name];

const thrown = (fn: () => unknown): AdjointError => {
  try {
    fn();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe.each(losses)("%s", (name, make) => {
  it("accepts valid arguments, and returns a finite value for each image or a finite scalar", () => {
    const { loss, args } = make();
    expect(loss.name).toBe(name);
    const value = call(loss, args);
    expect([[], [2]]).toContainEqual([...value.shape]);
    for (const entry of value.dataSync()) expect(Number.isFinite(entry)).toBe(true);
  });

  it("draws from the given stream alone", () => {
    const entropy = vi.spyOn(Rng, "fromEntropy");
    try {
      entropy.mockImplementation(() => {
        throw new Error("a draw from the stream of the library");
      });
      const { loss, args } = make();
      const [first, second] = [1, 1].map((seed) => [...call(loss, { ...args, rng: new Rng(seed) }).dataSync()]);
      expect(second).toEqual(first);
    } finally {
      entropy.mockRestore();
    }
  });

  it("names what is missing or of the wrong kind", () => {
    const { loss, args } = make();
    for (const need of assumptionsOf(name).needs) {
      for (const nothing of [undefined, null]) {
        const error = thrown(() => call(loss, { ...args, [need]: nothing }));
        expect([error.constructor, error.code], need).toEqual([ArgumentError, "missing_argument"]);
        expect(error.message).toContain(`${name}: ${need} is missing; it is `);
      }
      for (const wrong of [42, "y", {}]) {
        const error = thrown(() => call(loss, { ...args, [need]: wrong }));
        expect([error.constructor, error.code], need).toEqual([ArgumentError, "invalid_argument"]);
        expect(error.message).toContain(`${name}: ${need} must`);
      }
    }
    for (const wrong of [undefined, null, 42]) expect(thrown(() => call(loss, wrong)).code).toBe("invalid_argument");
    const error = thrown(() => call(loss, { ...args, rng: 42 }));
    expect([error.constructor, error.code]).toEqual([ArgumentError, "invalid_argument"]);
    expect(error.message).toContain("rng");
  });

  it("refuses a model adapted by another loss, where it adapts models", () => {
    const { loss, args } = make();
    if (!assumptionsOf(name).adapted) return expect(loss.adaptModel(args.model as never)).toBe(args.model);
    for (const model of [new Darker(), Object.assign(new Darker(), { adaptedBy: "AnotherLoss" })]) {
      const error = thrown(() => call(loss, { ...args, model }));
      expect([error.constructor, error.code]).toEqual([ArgumentError, "model_not_adapted"]);
      expect(error.message).toContain("adaptModel");
    }
    expect(loss.adaptModel(args.model as never)).toBe(args.model);
  });

  it("refuses every physics outside its assumptions, and names the losses that fit", () => {
    const { loss, args } = make();
    if (!assumptionsOf(name).needs.includes("physics")) return;
    const zoo: AnyPhysics[] = [
      ...noiseKinds.map((kind) => everyOperator.denoising!(everyNoise[kind]())),
      ...Object.values(everyOperator).flatMap((operator) => [
        operator(everyNoise.gaussian()),
        operator(everyNoise.poisson()),
      ]),
    ];
    const codes = zoo.map((physics) => {
      const fitting: readonly string[] = compatibleLosses(physics);
      try {
        call(loss, { ...args, physics });
      } catch (error) {
        if (!(error instanceof AdjointError)) throw error;
        // Measurements of another physics may have the wrong size; only the code incompatible_physics is tested here.
        expect(error.code === "incompatible_physics", `${name} with ${physics.operator}: ${error.message}`).toBe(
          !fitting.includes(name),
        );
        if (error.code !== "incompatible_physics") return "fits";
        expect(error).toBeInstanceOf(ArgumentError);
        expect(error.message).toContain(`${name}: it `);
        for (const other of fitting) expect(error.message).toContain(other);
        return "refused";
      }
      expect(fitting, `${name} with ${physics.operator}`).toContain(name);
      return "fits";
    });
    expect(codes).toContain("fits");
    // Every loss that sees the physics refuses some: at least a stack, or for StackedPhysicsLoss a single operator.
    expect(codes).toContain("refused");
  });

  it("never broadcasts: one image or one row less", () => {
    for (const wrong of mismatches[name] ?? [
      { xNet: (t: Tensor) => cut(t, 0) },
      { xNet: (t: Tensor) => cut(t, t.shape.length - 1) },
    ]) {
      const { loss, args } = make();
      const changed = Object.entries(wrong).map(([key, change]) => [
        key,
        (change as (value: unknown) => unknown)(args[key]),
      ]);
      const error = thrown(() => call(loss, { ...args, ...Object.fromEntries(changed) }));
      expect([error.constructor, error.code], error.message).toEqual([ShapeError, "shape_mismatch"]);
    }
  });
});

/** A tensor without its last entry along a dimension. */
function cut(t: Tensor, dim: number): Tensor {
  return t.slice(
    t.shape.map(() => 0),
    t.shape.map((n, i) => (i === dim ? n - 1 : n)),
  );
}

type Wrong = Readonly<Record<string, (value: never) => unknown>>;

/** A network whose output has another shape. */
const reshaping = (change: (t: Tensor) => Tensor) => () => ({ training: true, forward: (y: Tensor) => change(y) });

/** Mismatched arguments, for the losses that do not compare xNet or compare it in their own way. */
const mismatches: Partial<Record<LossName, readonly Wrong[]>> = {
  SupLoss: [{ x: (t: Tensor) => cut(t, 0) }, { x: (t: Tensor) => cut(t, 3) }, { x: () => ones([1]) }],
  TVLoss: [{ xNet: () => ones([2, 1]) }, { xNet: () => ones([2, 1, 1, 4]) }],
  Neighbor2Neighbor: [
    { y: (t: Tensor) => cut(t, 2) },
    { y: () => ones([8, 8]) },
    { model: reshaping((t) => cut(t, 0)) },
  ],
  ScoreLoss: [],
  EILoss: [{ model: reshaping((t) => cut(t, 0)) }, { model: reshaping((t) => cut(t, 2)) }],
  MOILoss: [{ model: reshaping((t) => cut(t, 0)) }, { model: reshaping((t) => cut(t, 2)) }],
  MOEILoss: [{ model: reshaping((t) => cut(t, 0)) }, { model: reshaping((t) => cut(t, 2)) }],
  AugmentConsistencyLoss: [{ model: reshaping((t) => cut(t, 0)) }, { y: (t: Tensor) => cut(t, 3) }],
  JacobianSpectralNorm: [{ model: reshaping((t) => cut(t, 0)) }],
  FNEJacobianSpectralNorm: [{ model: reshaping((t) => cut(t, 0)) }, { model: reshaping((t) => cut(t, 2)) }],
  SupAdversarialGeneratorLoss: [
    { xNet: (t: Tensor) => cut(t, 0) },
    { x: (t: Tensor) => cut(t, 3) },
    { D: () => ({ forward: () => ones([1, 1]) }) },
  ],
};

describe("ScoreLoss", () => {
  it("refuses a network whose score is not shaped like the measurement", () => {
    const { loss, args } = everyLoss.ScoreLoss();
    const model = loss.adaptModel({ training: true, forward: (y: Tensor) => y.mean().reshape([1, 1, 1, 1]) } as never);
    const error = thrown(() => model.forward(args.y as Tensor, args.physics as never, { updateParameters: true }));
    expect([error.constructor, error.code]).toEqual([ShapeError, "shape_mismatch"]);
    expect(error.message).toContain("ScoreLoss");
  });
});

describe("negative counts under Poisson", () => {
  it.each(["SurePoissonLoss", "R2RLoss", "ScoreLoss"] as const)("%s names them", (name) => {
    const physics = everyOperator.denoising!(everyNoise.poisson());
    const y = ones([2, 1, 4, 4]).sub(1.5);
    const { loss } = everyLoss[name]();
    const model = loss.adaptModel(new Darker());
    const error = thrown(() => {
      const xNet = model.forward(y, physics as never, { updateParameters: true });
      call(loss, { xNet, y, physics, model });
    });
    expect([error.constructor, error.code]).toEqual([ArgumentError, "invalid_argument"]);
    expect(error.message).toMatch(new RegExp(`^${name}: y has an entry of -0.5`));
  });
});
