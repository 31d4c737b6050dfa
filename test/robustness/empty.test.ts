import { beforeAll, describe, expect, it } from "vitest";
import { AdjointError, cat, grad, init, nn, ones, stack, Tensor, zeros } from "../../ts/node.js";

/** Calls a function; an AdjointError that is no fault of the library is allowed. */
function attempt(what: string, call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof AdjointError && error.code !== "internal") return undefined;
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  }
}

const UNARY = Object.getOwnPropertyNames(Tensor.prototype).filter(
  (name) => !["constructor", "dispose", "data", "item", "array"].includes(name),
);

describe("tensors without elements", () => {
  beforeAll(async () => await init());

  it("views of them can be used as any other", () => {
    const views: readonly (() => Tensor)[] = [
      () => zeros([4, 0, 3]).flip([2]),
      () => zeros([4, 0, 3]).flip([0, 1, 2]),
      () => zeros([3, 0, 4]).permute([2, 1, 0]).flip(0),
      () => ones([4, 2, 3]).slice([0, 1], [4, 1]),
      () => ones([1, 0, 1]).expand([4, 0, 3]),
      () => ones([4, 2, 3], { dtype: "float64" }).slice([0, 2]).flip(1),
    ];
    for (const make of views) {
      for (const name of UNARY) {
        const x = make().requiresGrad_();
        const what = `(${String(make)}).${name}`;
        const method = (x as unknown as Record<string, unknown>)[name];
        if (typeof method !== "function") continue;
        const y = attempt(what, () => Reflect.apply(method, x, []) as unknown);
        if (!(y instanceof Tensor)) continue;
        expect(y.dataSync()).toHaveLength(y.size);
        if (y.requiresGrad) {
          const seed = ones(y.shape, { dtype: y.dtype });
          const [g] = attempt(what, () => grad([y], [x], { gradOutputs: [seed], allowUnused: true })) as Tensor[];
          if (!x.disposed) expect(g?.shape, what).toEqual(x.shape);
        }
      }
    }
  });

  it("reductions over what is there, and joins, are those of NumPy", () => {
    const x = zeros([4, 0, 3]).flip([2]);
    expect(x.sum(1).dataSync()).toEqual(new Float32Array(12));
    expect(x.prod(1).dataSync()).toEqual(new Float32Array(12).fill(1));
    expect(x.max(0).shape).toEqual([0, 3]);
    expect(() => x.max(1)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(cat([x, ones([4, 2, 3])], 1).dataSync()).toEqual(new Float32Array(24).fill(1));
    expect(stack([x, x]).shape).toEqual([2, 4, 0, 3]);
    expect(
      ones([2, 0])
        .matmul(ones([0, 3]))
        .dataSync(),
    ).toEqual(new Float32Array(6));
  });

  it("zero channels: batchNorm and groupNorm with their gradients", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const x = zeros([2, 0, 4, 4], { dtype }).requiresGrad_();
      for (const createGraph of [false, true]) {
        const y = nn.functional.batchNorm(x, { weight: zeros([0], { dtype }), bias: zeros([0], { dtype }) });
        expect(y.shape).toEqual([2, 0, 4, 4]);
        const [g] = grad([y], [x], { gradOutputs: [ones([2, 0, 4, 4], { dtype })], createGraph });
        expect(g?.shape).toEqual([2, 0, 4, 4]);
        const normed = attempt("groupNorm", () => nn.functional.groupNorm(x, 1));
        if (normed instanceof Tensor)
          attempt("groupNorm", () =>
            grad([normed], [x], { gradOutputs: [ones(normed.shape, { dtype })], createGraph }),
          );
      }
    }
  });
});
