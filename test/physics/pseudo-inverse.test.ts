import { beforeAll, describe, expect, it } from "vitest";
import { svd } from "../../ts/physics/functional/svd.js";
import * as physics from "../../ts/physics/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import { denseMatrix, difference, product, pseudoInverse, times, transpose, type Matrix } from "./dense.js";
import { normal, Rng, start } from "./helpers.js";
import { filter, operatorCases, paddings, type OperatorCase } from "./operators.js";

beforeAll(start);

const entries = (size: readonly number[]): number => size.reduce((a, b) => a * b, 1);

/** Small enough to be written down as a matrix. */
const small: OperatorCase[] = [
  ...operatorCases.filter(({ size }) => entries(size) <= 64),
  ...paddings.flatMap((padding) =>
    [
      [3, 3],
      [2, 4],
      [5, 2],
    ].map(([h, w]) => ({
      name: `Blur ${padding}, filter ${h} x ${w}, one image`,
      make: (rng: Rng) => new physics.Blur({ filter: filter(rng, [1, 1, h as number, w as number]), padding }),
      size: [1, 1, 5, 4],
    })),
  ),
];

describe("singular values on the CPU", () => {
  it.each([
    [1, 1],
    [3, 5],
    [6, 2],
    [5, 5],
  ])("decompose a %i x %i matrix, of full rank or not", (m, n) => {
    for (const rank of [Math.min(m, n), 1]) {
      const rng = new Rng(9);
      const data = Float64Array.from(
        normal(rng, [m, rank])
          .matmul(normal(rng, [rank, n]))
          .dataSync(),
      );
      const { u, s, vt } = svd(data, m, n);
      const k = Math.min(m, n);
      const left: Matrix = { rows: m, columns: k, data: u };
      const right: Matrix = { rows: k, columns: n, data: vt };
      const scaled: Matrix = { rows: k, columns: n, data: vt.map((v, i) => v * (s[Math.floor(i / n)] as number)) };
      expect(difference(product(left, scaled), { rows: m, columns: n, data })).toBeLessThan(1e-12);
      expect([...s]).toEqual([...s].sort((a, b) => b - a));
      if (rank < k) continue;
      const unit: Matrix = {
        rows: k,
        columns: k,
        data: Float64Array.from({ length: k * k }, (_, i) => Number(i % (k + 1) === 0)),
      };
      expect(difference(product(transpose(left), left), unit)).toBeLessThan(1e-12);
      expect(difference(product(right, transpose(right)), unit)).toBeLessThan(1e-12);
    }
  });

  it("give a matrix that meets the four conditions of Moore and Penrose", () => {
    const rng = new Rng(10);
    const a: Matrix = {
      rows: 4,
      columns: 6,
      data: Float64Array.from(
        normal(rng, [4, 2])
          .matmul(normal(rng, [2, 6]))
          .dataSync(),
      ),
    };
    const p = pseudoInverse(a);
    expect(difference(product(product(a, p), a), a)).toBeLessThan(1e-12);
    expect(difference(product(product(p, a), p), p)).toBeLessThan(1e-12);
    expect(difference(transpose(product(a, p)), product(a, p))).toBeLessThan(1e-12);
    expect(difference(transpose(product(p, a)), product(p, a))).toBeLessThan(1e-12);
  });
});

describe("against the dense matrix", () => {
  it.each(small)("$name: the adjoint is the transpose, ADagger the Moore-Penrose inverse", ({ make, size }) => {
    const rng = new Rng(11);
    const operator = make(rng);
    const measured = operator.A(normal(rng, size)).shape;
    const dense = denseMatrix((x) => operator.A(x), size);
    const scale = dense.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(
      difference(
        denseMatrix((y) => operator.AAdjoint(y), measured),
        transpose(dense),
      ),
    ).toBeLessThan(1e-6 * scale);
    const y = normal(rng, measured);
    const expected = times(pseudoInverse(dense), y.dataSync());
    const got = operator.ADagger(y, { maxIter: 4000, tol: 1e-13 }).dataSync();
    const size_ = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expected.forEach((v, i) => expect(Math.abs((got[i] ?? NaN) - v)).toBeLessThan(1e-5 * (1 + size_)));
  });

  it.each(small)("$name: proxL2 is the minimiser", ({ make, size }) => {
    const rng = new Rng(12);
    const operator = make(rng);
    const z = normal(rng, size);
    const y = normal(rng, operator.A(z).shape);
    const gamma = 1.7;
    const dense = denseMatrix((x) => operator.A(x), size);
    // (I + gamma A^T A) u = z + gamma A^T y
    const n = dense.columns;
    const normalMatrix = product(transpose(dense), dense);
    const system: Matrix = {
      rows: n,
      columns: n,
      data: normalMatrix.data.map((v, i) => gamma * v + Number(i % (n + 1) === 0)),
    };
    const zs = z.dataSync();
    const right = times(transpose(dense), y.dataSync()).map((v, i) => gamma * v + (zs[i] ?? NaN));
    const expected = times(pseudoInverse(system, 0), right);
    const got = operator.proxL2(z, y, gamma, { maxIter: 1000, tol: 1e-12 }).dataSync();
    expected.forEach((v, i) => expect(Math.abs((got[i] ?? NaN) - v)).toBeLessThan(1e-5 * (1 + Math.abs(v))));
  });

  it("of stacked operators too", () => {
    const rng = new Rng(13);
    const stacked = new physics.Pansharpen({ imgSize: [2, 4, 6], factor: 2, useBrovey: false });
    const flat = (list: physics.TensorList) => tensor(Float64Array.from(list.map((t) => [...t.dataSync()]).flat()));
    const dense = denseMatrix((x) => flat(stacked.A(x)), [1, 2, 4, 6]);
    const y = new physics.TensorList([normal(rng, [1, 2, 2, 3]), normal(rng, [1, 1, 4, 6])]);
    const got = stacked.ADagger(y, { maxIter: 1000, tol: 1e-13 }).dataSync();
    times(pseudoInverse(dense), flat(y).dataSync()).forEach((v, i) =>
      expect(Math.abs((got[i] ?? NaN) - v)).toBeLessThan(1e-5),
    );
  });
});

describe("the pseudo-inverse of an operator in other units", () => {
  const scaled: readonly [string, (unit: number) => physics.LinearPhysics, number[]][] = [
    [
      "BlurFFT",
      // A mean over 2 x 2 pixels does not see some frequencies.
      (unit) =>
        new physics.BlurFFT({ imgSize: [1, 4, 6], filter: tensor([1, 1, 1, 1], { shape: [1, 1, 2, 2] }).mul(unit) }),
      [2, 1, 4, 6],
    ],
    [
      "DecomposablePhysics",
      (unit) => new physics.DecomposablePhysics({ mask: tensor([1, 0.5, 1e-9]).mul(unit) }),
      [2, 3],
    ],
    [
      "DecomposablePhysics with singular values for each image",
      (unit) =>
        new physics.DecomposablePhysics({
          mask: tensor([unit, unit / 2, 1e-9 * unit, 1, 0.5, 0.2], { shape: [2, 3] }),
        }),
      [2, 3],
    ],
  ];

  it.each(scaled)("%s: (c A)^+ is A^+ / c, in both element types", (_, make, size) => {
    const y = normal(new Rng(9), size);
    const first = (t: Tensor) =>
      t
        .slice(
          size.map(() => 0),
          [1, ...size.slice(1)],
        )
        .to("float64");
    const expected = first(make(1).ADagger(y));
    expect(expected.abs().max().itemSync()).toBeGreaterThan(0.1);
    for (const unit of [1e-8, 1e-3, 1e6])
      for (const dtype of ["float32", "float64"] as const) {
        const inverse = first(make(unit).ADagger(y.to(dtype))).mul(unit);
        expect(inverse.sub(expected).abs().max().itemSync()).toBeLessThan(1e-5);
      }
  });
});
