import { beforeAll, describe, expect, it } from "vitest";
import { avgPool2d } from "../../ts/functional/index.js";
import { init } from "../../ts/runtime/index.js";
import { Rng } from "../../ts/random/index.js";
import {
  arange,
  cat,
  eye,
  full,
  grad,
  jvp,
  keep,
  linspace,
  memory,
  noGrad,
  ones,
  stack,
  Tensor,
  tensor,
  tidy,
  vjp,
  where,
  zeros,
} from "../../ts/tensor/index.js";
import { gradcheck, gradgradcheck } from "../../ts/testing/index.js";
import { eachDevice } from "../devices.js";

const near = (t: Tensor, expected: readonly number[], digits = 5): void => {
  const got = t.dataSync();
  expect(got.length).toBe(expected.length);
  expected.forEach((v, i) => expect(got[i], `entry ${i}`).toBeCloseTo(v, digits));
};
const error = (name: string, code: string) => expect.objectContaining({ name, code });

await eachDevice("Tensor", (device) => {
  it("makes tensors", async () => {
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).shape,
    ).toEqual([2, 2]);
    expect(tensor(3).shape).toEqual([]);
    expect(tensor([1]).device).toBe(device);
    near(arange(2, 8, 2), [2, 4, 6]);
    near(linspace(0, 1, 3), [0, 0.5, 1]);
    near(linspace(4, 5, 1), [4]);
    near(eye(2, 3), [1, 0, 0, 0, 1, 0]);
    expect(
      await tensor([
        [1, 2],
        [3, 4],
      ]).array(),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(await full([1], 7).item()).toBe(7);
    near(stack([ones([2]), zeros([2])], 1), [1, 0, 1, 0]);
    near(cat([ones([1, 2]), zeros([1, 1])], -1), [1, 1, 0]);
  });

  it("computes with broadcasting and with numbers", () => {
    const a = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    near(a.add(tensor([10, 20, 30])), [11, 22, 33, 14, 25, 36]);
    near(a.sub(1).mul(2).div(4).pow(2), [0, 0.25, 1, 2.25, 4, 6.25]);
    near(a.maximum(3).minimum(5), [3, 3, 3, 4, 5, 5]);
    near(a.gt(2).mul(a.le(5)), [0, 0, 1, 1, 1, 0]);
    near(where(a.eq(2), -1, a), [1, -1, 3, 4, 5, 6]);
  });

  it("reduces", () => {
    const a = tensor([
      [1, 2, 3],
      [4, 5, 9],
    ]);
    near(a.sum(), [24]);
    near(a.mean(-1), [2, 6]);
    near(a.max(0), [4, 5, 9]);
    near(a.prod(1, true), [6, 180]);
    near(a.variance(1), [1, 7]);
    near(a.std(1, false, 0), [Math.sqrt(2 / 3), Math.sqrt(14 / 3)], 4);
    near(a.norm(2, 1), [Math.sqrt(14), Math.sqrt(122)], 4);
    near(a.norm(1), [24]);
    near(a.norm(Infinity), [9]);
    near(a.argmax(), [5]);
    near(a.argmin(0), [0, 0, 0]);
    expect(a.sum(0, true).shape).toEqual([1, 3]);
  });

  it("changes shapes", () => {
    const a = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    near(a.transpose(), [1, 4, 2, 5, 3, 6]);
    near(a.slice([0, -2]), [2, 3, 5, 6]);
    near(a.slice([0, 0], [undefined, undefined], [1, 2]), [1, 3, 4, 6]);
    near(a.select(-1, 1), [2, 5]);
    near(a.flip(-1), [3, 2, 1, 6, 5, 4]);
    near(a.roll(1, -1), [3, 1, 2, 6, 4, 5]);
    near(a.pad([0, 0, 1, 0], { mode: "replicate" }), [1, 1, 2, 3, 4, 4, 5, 6]);
    near(a.indexSelect(tensor([2, 0]), 1), [3, 1, 6, 4]);
    near(a.gather(tensor([[2], [0]]), 1), [3, 4]);
    near(a.matmul(tensor([1, 0, -1])), [-2, -2]);
    expect(a.flatten().shape).toEqual([6]);
    expect(a.unsqueeze(0).squeeze().shape).toEqual([2, 3]);
    expect(a.unsqueeze(1).expand([-1, 4, -1]).shape).toEqual([2, 4, 3]);
    expect(a.reshape([1, 1, 2, 3]).unfold(2).shape).toEqual([1, 4, 2]);
  });

  it("differentiates, twice", () => {
    const x = tensor([1, 2, 3]).requiresGrad_();
    const [g] = grad(x.pow(3).sum(), [x], { createGraph: true }) as [Tensor];
    near(g, [3, 12, 27], 3);
    const [h] = grad(g.sum(), [x]) as [Tensor];
    near(h, [6, 12, 18], 3);
  });

  it("gives J v and J^T v", () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    const x = tensor([1, -1]);
    near(jvp((t) => a.matmul(t).square(), x, tensor([1, 0]))[1], [-2, -6], 4);
    near(vjp((t) => a.matmul(t).square(), x)[1](tensor([1, 0])), [-2, -4], 4);
    noGrad(() => near(vjp((t) => t.square(), x)[1](ones([2])), [2, -2]));
  });
});

describe("Tensor: life, death and errors", () => {
  beforeAll(async () => await init({ device: "cpu" }));

  it("finite differences agree in float64, first and second order", () => {
    const x = new Rng(0).normal([3, 4], { dtype: "float64" });
    for (const f of [
      (t: Tensor) => t.norm(2, 1),
      (t: Tensor) => t.std(0),
      (t: Tensor) => t.tanh().matmul(t.transpose()),
      (t: Tensor) => t.abs().add(1).log().norm(3),
    ]) {
      expect(gradcheck(f, [x])).toBe(true);
      expect(gradgradcheck(f, [x])).toBe(true);
    }
  });

  it("gradcheck finds a wrong gradient", () => {
    expect(() =>
      gradcheck((t) => t.square().add(t.detach().mul(3)), [new Rng(0).normal([2], { dtype: "float64" })]),
    ).toThrow(error("AdjointError", "gradcheck_failed"));
  });

  it("norms and the standard deviation have gradient 0 at 0", () => {
    for (const p of [0.5, 1, 1.5, 2, 3, Infinity]) {
      const x = zeros([3], { requiresGrad: true });
      near(grad(x.norm(p), [x])[0] as Tensor, [0, 0, 0]);
    }
    // An entry of 0 among others: |x|^p has an infinite slope there for p < 1.
    const x = tensor([0, -4, 1], { requiresGrad: true });
    near(x.norm(0.5), [9]);
    near(grad(x.norm(0.5), [x])[0] as Tensor, [0, -1.5, 3]);
    const flat = ones([2, 3], { requiresGrad: true });
    near(flat.std(1), [0, 0]);
    near(grad(flat.std(1).sum(), [flat])[0] as Tensor, [0, 0, 0, 0, 0, 0]);
  });

  it("a quotient by a number is rounded once", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const k = arange(0, 300, 1, { dtype });
      for (let n = 1; n < 100; n++) expect(k.mul(n).div(n).sub(k).norm(Infinity).itemSync(), `n = ${n}`).toBe(0);
      near(tensor([1, 3], { dtype }).div(0), [Infinity, Infinity]);
      expect(tensor([1e30], { dtype }).div(Infinity).itemSync()).toBe(0);
    }
    const x = tensor([3, -6], { requiresGrad: true });
    near(grad(x.div(-3).sum(), [x])[0] as Tensor, [-1 / 3, -1 / 3]);
    const { tensors } = memory();
    tidy(() => void x.div(7).sum());
    expect(memory().tensors).toBe(tensors);
  });

  it("numbers at equal distances end at the last one", () => {
    const [start, end] = [-0.08701536263338916, -0.9543592799546681];
    expect(linspace(start, end, 6, { dtype: "float64" }).dataSync().at(-1)).toBe(end);
  });

  it("the mean of equal numbers is that number", () => {
    for (const dtype of ["float32", "float64"] as const)
      for (let n = 1; n < 100; n++) expect(ones([n], { dtype }).mean().itemSync(), `${n} of ${dtype}`).toBe(1);
    const pooled = avgPool2d(ones([1, 1, 9, 9]), 7, { stride: 1 });
    expect([...pooled.dataSync()]).toEqual(new Array<number>(9).fill(1));
  });

  it("a power has the gradient 0 in the base at 0^0, and in the exponent where the base is 0", () => {
    for (const createGraph of [false, true]) {
      const a = tensor([0, 0, 2], { requiresGrad: true });
      const b = tensor([0, -1, 0], { requiresGrad: true });
      const [da, db] = grad(a.pow(b).sum(), [a, b], { createGraph }) as [Tensor, Tensor];
      near(da, [0, -Infinity, 0]);
      near(db, [0, 0, Math.log(2)]);
    }
    // d/da d/db a^b at (2, 0): 1 / a.
    const [two, none] = [tensor([2], { requiresGrad: true }), tensor([0], { requiresGrad: true })];
    const [first] = grad(two.pow(none).sum(), [two], { createGraph: true }) as [Tensor];
    near(grad(first.sum(), [none])[0] as Tensor, [0.5]);
  });

  it("numbers at the ends of the range are divisors, bounds and conditions like others", () => {
    const x = tensor([0, 2 ** -130, -(2 ** -120)]);
    near(x.div(2 ** -130), [0, 1, -1024]);
    const wide = tensor([0, 2 ** -1040], { dtype: "float64" });
    near(wide.div(2 ** -1040), [0, 1]);
    expect([...tensor([1, NaN]).maximum(NaN).dataSync()]).toEqual([NaN, NaN]);
    expect([...tensor([1, NaN]).minimum(NaN).dataSync()]).toEqual([NaN, NaN]);
    near(where(tensor([1e-300, 0], { dtype: "float64" }), tensor([1, 2]), 3), [1, 3]);
  });

  it("tidy frees all but its result, in arrays and objects too; keep survives", () => {
    const before = memory();
    let kept: Tensor | undefined;
    const result = tidy(() => {
      kept = keep(ones([2]));
      const inner = tidy(() => ({ list: [ones([3]).mul(2)], nothing: undefined }));
      inner.list[0]!.add(1);
      return inner;
    });
    near(result.list[0]!, [2, 2, 2]);
    near(kept!, [1, 1]);
    expect(memory().tensors - before.tensors).toBe(2);
    [result.list[0]!, kept!].forEach((t) => t.dispose());
    expect(memory()).toEqual(before);
  });

  it("tidy frees on an error, and refuses asynchronous functions", () => {
    const before = memory();
    expect(() =>
      tidy(() => {
        ones([5]);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(() => tidy(async () => ones([5]))).toThrow(error("ArgumentError", "asynchronous_scope"));
    expect(memory()).toEqual(before);
  });

  it("assign_ replaces a leaf's value, also within tidy, and uses its source up", () => {
    const before = memory();
    const p = ones([2]).requiresGrad_();
    const source = tidy(() => {
      const fresh = p.mul(5);
      p.assign_(fresh);
      return fresh;
    });
    near(p, [5, 5]);
    expect(p.requiresGrad).toBe(true);
    expect(source.disposed).toBe(true);
    tidy(() => near(grad(p.square().sum(), [p])[0] as Tensor, [10, 10]));
    expect(memory().tensors).toBe(before.tensors + 1);
    p.dispose();
    expect(memory()).toEqual(before);
  });

  it("a million small operators with gradients, and their derivatives: memory stays flat", () => {
    const x = tensor([1.0]).requiresGrad_();
    const small = tensor([1e-3]);
    const round = (): number => {
      const derivative = tidy(() => {
        let value = x;
        for (let i = 0; i < 500; i++) value = value.mul(x).add(small);
        return grad(value.sum(), [x])[0] as Tensor;
      });
      const value = derivative.itemSync();
      derivative.dispose();
      return value;
    };
    // y_n = x y_(n-1) + c, so dy_n = y_(n-1) + x dy_(n-1).
    let [y, dy] = [1, 1];
    for (let i = 0; i < 500; i++) [y, dy] = [y + 1e-3, y + dy];
    expect(Math.abs(round() / dy - 1)).toBeLessThan(1e-4);
    for (let i = 0; i < 100; i++) round();
    const [before, resident] = [memory(), process.memoryUsage().rss];
    for (let i = 0; i < 900; i++) round();
    expect(memory()).toEqual(before);
    expect(process.memoryUsage().rss - resident).toBeLessThan(64 << 20);
    x.dispose();
    small.dispose();
  });

  it("a tensor belongs to the scope it was made in until it is returned, kept or freed", () => {
    const before = memory();
    let [held, freed] = [ones([2]), ones([2])];
    const outer = tidy(() => {
      const result = tidy(() => {
        held.dispose();
        held = keep(ones([3]).mul(2));
        freed.dispose();
        freed = ones([4]);
        freed.dispose();
        return [ones([5]), ones([6])] as const;
      });
      expect(result.map((t) => t.disposed)).toEqual([false, false]);
      return result[1];
    });
    near(held, [2, 2, 2]);
    near(outer, [1, 1, 1, 1, 1, 1]);
    expect(memory().tensors).toBe(before.tensors + 2);
    held.dispose();
    outer.dispose();
    expect(memory()).toEqual(before);
  });

  it("named errors", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(error("ShapeError", "ragged_array"));
    expect(() => tensor([1, 2], { shape: [3] })).toThrow(error("ShapeError", "shape_mismatch"));
    expect(() => tensor("x" as unknown as number)).toThrow(error("ArgumentError", "invalid_argument"));
    expect(() => tensor([1], { dtyp: 1 } as object)).toThrow(error("ArgumentError", "unknown_option"));
    for (const matrix of [ones([2]), ones([2, 2])]) {
      expect(() => matrix.matmul(matrix, { mix: true } as object)).toThrow(error("ArgumentError", "unknown_option"));
      expect(() => matrix.matmul(matrix, { mixed: 1 } as object)).toThrow(error("ArgumentError", "invalid_argument"));
    }
    expect(() => ones([2]).sum(3)).toThrow(error("ArgumentError", "invalid_axis"));
    expect(() => ones([2]).add("1" as unknown as number)).toThrow(error("ArgumentError", "invalid_argument"));
    expect(() => ones([2]).add(ones([3]))).toThrow(error("ShapeError", "shape_mismatch"));
    expect(() => ones([2]).itemSync()).toThrow(error("ArgumentError", "invalid_argument"));
    const gone = ones([1]);
    gone.dispose();
    gone.dispose();
    expect(() => gone.add(1)).toThrow(error("ArgumentError", "disposed"));
    const [x, unused] = [ones([1]).requiresGrad_(), ones([2]).requiresGrad_()];
    expect(() => grad(x.mul(2), [x, unused])).toThrow(error("ArgumentError", "unused_input"));
    near(grad(x.mul(2), [x, unused], { allowUnused: true })[1] as Tensor, [0, 0]);
    expect(() => x.mul(2).requiresGrad_(false)).toThrow(expect.objectContaining({ name: "ArgumentError" }));
  });

  it("noGrad stops recording and restores it after an error", () => {
    const x = ones([1]).requiresGrad_();
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(x.mul(2).requiresGrad).toBe(true);
  });
});
