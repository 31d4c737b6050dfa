import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { FNEJacobianSpectralNorm, JacobianSpectralNorm, jacobianSpectralNorm } from "../../ts/loss/index.js";
import { DnCNN, functional } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { gradcheck, ReplayRng } from "../../ts/testing/index.js";
import { cat, grad, memory, noGrad, Tensor, tensor, tidy, zeros } from "../../ts/tensor/index.js";

beforeAll(() => init());
afterEach(() => vi.restoreAllMocks());

const dtype = "float64" as const;
const draw = (seed: number, shape: number[]): Tensor => new Rng(seed).normal(shape, { dtype });
const diagonal = (...entries: number[]): Tensor =>
  tensor(
    entries.map((value, i) => entries.map((_, j) => (i === j ? value : 0))),
    { dtype },
  );
const code = (f: () => unknown): unknown => {
  try {
    f();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe("jacobianSpectralNorm", () => {
  it("of a linear map is its largest singular value", async () => {
    const matrix = diagonal(1, -7, 3);
    const value = jacobianSpectralNorm((x) => x.matmul(matrix), draw(1, [2, 3]), {
      maxIter: 60,
      tol: 0,
      rng: new Rng(2),
    });
    expect(await value.item()).toBeCloseTo(7, 9);
  });

  it("has the gradient of finite differences, with respect to weights and to the point", () => {
    const [w1, w2, x] = [
      draw(1, [2, 1, 3, 3]).mul(0.4),
      draw(2, [1, 2, 3, 3]).mul(0.4),
      draw(3, [2, 1, 4, 3]),
    ] as const;
    for (const maxIter of [1, 4]) {
      for (const reduction of ["none", "mean", "sum", "max"] as const) {
        const norm = (a: Tensor, b: Tensor, at: Tensor): Tensor => {
          const f = (u: Tensor): Tensor =>
            functional.conv2d(functional.conv2d(u, a, { padding: 1 }).tanh(), b, { padding: 1 }).add(u);
          return jacobianSpectralNorm(f, at, { maxIter, tol: 0, reduction, rng: new Rng(7) });
        };
        gradcheck(norm, [w1.detach(), w2.detach(), x.detach()], { rtol: 1e-4, atol: 1e-6 });
      }
    }
  });

  it("minimised, it becomes smaller", async () => {
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(3) });
    const y = new Rng(4).uniform([2, 1, 8, 8]);
    const loss = new JacobianSpectralNorm({ maxIter: 8, reduction: "mean" });
    const value = (): Tensor => loss.forward({ y, model, rng: new Rng(5) });
    const before = await value().item();
    for (let i = 0; i < 20; i++) {
      tidy(() => {
        const slopes = grad(value(), model.parameters(), { allowUnused: true });
        model.parameters().forEach((weight, k) => weight.assign_(weight.detach().sub((slopes[k] as Tensor).mul(0.01))));
      });
    }
    expect(await value().item()).toBeLessThan(before - 0.05);
  });

  it("honours tol: an enormous one stops after two iterations", async () => {
    const matrix = diagonal(5, 4, 3, 2);
    const norm = (maxIter: number, tol: number): Tensor =>
      jacobianSpectralNorm((x) => x.matmul(matrix), draw(1, [2, 4]), {
        maxIter,
        tol,
        reduction: "none",
        rng: new Rng(2),
      });
    const [stopped, two, all] = await Promise.all([norm(50, 1e9), norm(2, 0), norm(50, 0)].map((t) => t.data()));
    expect(stopped).toEqual(two);
    expect(all![0]).toBeCloseTo(5, 6);
    expect(stopped![0]).toBeLessThan(4.999);
  });

  it("freezes each image when it has converged, not the batch", async () => {
    // The first image's Jacobian is a multiple of the identity: it has converged at once. The second's is not.
    const slopes = cat([tensor([[2, 2, 2]], { dtype }), tensor([[3, 2.9, 1]], { dtype })], 0);
    const starts = draw(3, [2, 3]);
    const norm = (rows: readonly [number, number]): Tensor => {
      const cut = (t: Tensor): Tensor => t.slice([rows[0], 0], [rows[1], 3]);
      const rng = new ReplayRng([{ kind: "normal", tensor: cut(starts) }]);
      return jacobianSpectralNorm((x) => x.mul(cut(slopes)), zeros([rows[1] - rows[0], 3], { dtype }), {
        maxIter: 40,
        tol: 1e-4,
        reduction: "none",
        rng,
      });
    };
    const [both, first, second] = await Promise.all([norm([0, 2]), norm([0, 1]), norm([1, 2])].map((t) => t.data()));
    expect([...both!]).toEqual([...first!, ...second!]);
    expect(both![0]).toBeCloseTo(2, 12);
    expect(both![1]).toBeGreaterThan(2.97);
  });

  it("reads nothing back, frees what it made, and works within noGrad", async () => {
    const reads = [
      vi.spyOn(Tensor.prototype, "data"),
      vi.spyOn(Tensor.prototype, "dataSync"),
      vi.spyOn(Tensor.prototype, "itemSync"),
    ];
    const [matrix, x, rng] = [diagonal(2, 1), draw(1, [1, 2]), new Rng(1)];
    const before = memory().tensors;
    const value = jacobianSpectralNorm((u) => u.matmul(matrix), x, { evalMode: true, rng });
    expect(memory().tensors).toBe(before + 1);
    for (const read of reads) expect(read).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(value.requiresGrad).toBe(false);
    const quiet = noGrad(() => jacobianSpectralNorm((u) => u.matmul(matrix), x, { maxIter: 50, tol: 0, rng }));
    expect(quiet.requiresGrad).toBe(false);
    expect(await quiet.item()).toBeCloseTo(2, 6);
  });

  it("is 0, with a finite gradient, where the function does not depend on its input", async () => {
    const [x, w] = [draw(1, [2, 3]), draw(2, [3]).requiresGrad_()];
    for (const f of [(u: Tensor) => u.mul(0).add(w), () => w.expand([2, 3]), () => zeros([2, 3], { dtype })]) {
      const value = jacobianSpectralNorm(f, x, { reduction: "none" });
      expect([...(await value.data())]).toEqual([0, 0]);
      const [slope] = grad(value.sum(), [w], { allowUnused: true }) as [Tensor];
      expect([...(await slope.data())]).toEqual([0, 0, 0]);
    }
  });

  it("reduces over the batch, and looks only at its first images where asked", async () => {
    const slopes = tensor([[1], [4], [2]], { dtype });
    const norm = (
      reduction: "max" | "mean" | "sum" | "none" | null,
      reducedBatchsize?: number,
    ): Promise<ArrayLike<number>> => {
      const all = reducedBatchsize === undefined ? {} : { reducedBatchsize };
      return jacobianSpectralNorm((u) => u.mul(slopes.slice([0, 0], [u.shape[0] as number, 1])), draw(1, [3, 5]), {
        reduction,
        ...all,
      }).data();
    };
    const close = (got: ArrayLike<number>, expected: number[]): void =>
      Array.from(got).forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 9));
    close(await norm("none"), [1, 4, 2]);
    close(await norm(null), [1, 4, 2]);
    close(await norm("max"), [4]);
    close(await norm("sum"), [7]);
    close(await norm("mean"), [7 / 3]);
    close(await norm("none", 1), [1]);
    close(await norm("none", 9), [1, 4, 2]);
  });

  it("refuses what cannot be", () => {
    const x = draw(1, [2, 3]);
    const id = (u: Tensor): Tensor => u;
    expect(code(() => jacobianSpectralNorm(undefined as never, x))).toBe("invalid_argument");
    expect(code(() => jacobianSpectralNorm(id, draw(1, [3])))).toBe("invalid_argument");
    expect(code(() => jacobianSpectralNorm(id, x, { maxIter: 0 }))).toBe("invalid_argument");
    expect(code(() => jacobianSpectralNorm(id, x, { tol: -1 }))).toBe("invalid_argument");
    expect(code(() => jacobianSpectralNorm(id, x, { reduction: "median" as never }))).toBe("invalid_argument");
    expect(code(() => jacobianSpectralNorm(id, x, { reducedBatchsize: 0 }))).toBe("invalid_argument");
    expect(code(() => jacobianSpectralNorm(id, x, { maxIterations: 3 } as never))).toBe("unknown_option");
    expect(code(() => jacobianSpectralNorm((u) => u.sum(), x))).toBe("shape_mismatch");
  });
});

describe("the losses made from it", () => {
  const y = (): Tensor => new Rng(1).uniform([2, 1, 4, 4]);
  const halved = { forward: (u: Tensor) => u.mul(0.5) } as never;

  it("JacobianSpectralNorm looks at the network, FNEJacobianSpectralNorm at twice the network less the identity", async () => {
    expect(await new JacobianSpectralNorm().forward({ y: y(), model: halved }).item()).toBeCloseTo(0.5, 5);
    expect(
      await new FNEJacobianSpectralNorm()
        .forward({ y: y(), model: { forward: (u: Tensor) => u.mul(1.25) } as never })
        .item(),
    ).toBeCloseTo(1.5, 5);
    expect(await new FNEJacobianSpectralNorm().forward({ y: y(), model: halved }).item()).toBe(0);
  });

  it("name what is missing or does not fit", () => {
    expect(code(() => new JacobianSpectralNorm().forward({ y: y() } as never))).toBe("missing_argument");
    expect(code(() => new FNEJacobianSpectralNorm({ interpolation: true }).forward({ y: y(), model: halved }))).toBe(
      "missing_argument",
    );
    expect(
      code(() =>
        new FNEJacobianSpectralNorm({ interpolation: true }).forward({ y: y(), x: zeros([1, 1, 4, 4]), model: halved }),
      ),
    ).toBe("shape_mismatch");
    expect(
      code(() =>
        new FNEJacobianSpectralNorm().forward({ y: y(), model: { forward: (u: Tensor) => u.sum([2, 3]) } as never }),
      ),
    ).toBe("shape_mismatch");
    expect(code(() => new FNEJacobianSpectralNorm({ reductions: "max" } as never))).toBe("unknown_option");
  });
});
