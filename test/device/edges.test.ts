import { expect, it } from "vitest";
import { cat, grad, tensor, type Tensor } from "../../ts/tensor/index.js";
import { eachDevice } from "../devices.js";

const values = async (t: Tensor): Promise<number[]> => [...(await t.data())];

/** A function of rows of numbers, and its gradient. */
async function both(rows: number[][], f: (x: Tensor) => Tensor): Promise<[number[], number[]]> {
  const x = tensor(rows, { requiresGrad: true });
  const y = f(x);
  const [dx] = grad(y.sum(), [x]) as [Tensor];
  return [await values(y), await values(dx)];
}

await eachDevice("where functions have edges", () => {
  it("equal extremes share the gradient, and a line with NaN is NaN", async () => {
    const rows = [
      [1, 3, 3, 2],
      [NaN, 5, 1, 1],
      [5, 1, NaN, 7],
      [-Infinity, -Infinity, -Infinity, -Infinity],
      [Infinity, 0, -Infinity, 0],
    ];
    const [NONE, quarter] = [
      [NaN, NaN, NaN, NaN],
      [0.25, 0.25, 0.25, 0.25],
    ];
    expect(await both(rows, (x) => x.max(1))).toEqual([
      [3, NaN, NaN, -Infinity, Infinity],
      [[0, 0.5, 0.5, 0], NONE, NONE, quarter, [1, 0, 0, 0]].flat(),
    ]);
    expect(await both(rows, (x) => x.min(1))).toEqual([
      [1, NaN, NaN, -Infinity, -Infinity],
      [[1, 0, 0, 0], NONE, NONE, quarter, [0, 0, 1, 0]].flat(),
    ]);
  });

  it("equal extremes are counted over all parts of long lines", async () => {
    // Equal ones in the first part, the second and the last; NaN in the last alone.
    const long = Array.from({ length: 9001 }, (_, i) => (i % 4500 === 17 ? 2 : i % 2));
    const [y, dx] = await both([long, long.map((v, i) => (i === 9000 ? NaN : v))], (x) => x.max(1));
    expect(y).toEqual([2, NaN]);
    expect(dx.slice(0, 9001)).toEqual(long.map((v) => (v === 2 ? 0.5 : 0)));
    expect(dx.slice(9001).every(Number.isNaN)).toBe(true);
    const [least, share] = await both([long.map((v) => 1 - v)], (x) => x.min([0, 1]));
    expect([least, share]).toEqual([[-1], long.map((v) => (v === 2 ? 0.5 : 0))]);
  });

  it("equal extremes of lines beside each other", async () => {
    const row = Array.from({ length: 40 }, (_, i) => i);
    const [y, dx] = await both([row, row.map((v) => (v === 7 ? NaN : v)), row.map((v) => v - (v % 2))], (x) =>
      x.max(0),
    );
    expect(y).toEqual(row.map((v) => (v === 7 ? NaN : v)));
    const share = row.map((v) => (v === 7 ? NaN : v % 2 ? 1 / 2 : 1 / 3));
    expect(dx).toEqual([share, share, row.map((v) => (v === 7 ? NaN : v % 2 ? 0 : 1 / 3))].flat().map(Math.fround));
  });

  it("powers of zero and of negative numbers have the derivatives of their formula", async () => {
    for (const [p, rows, expected] of [
      [3, [-2, 0, 2], [12, 0, 12]],
      [4, [-2, 0, 2], [-32, 0, 32]],
      [1, [-2, 0, NaN], [1, 1, 1]],
      [-1, [-2, 4, Infinity], [-0.25, -0.0625, -0]],
    ] as const) {
      const [, dx] = await both([[...rows]], (x) => x.pow(p));
      dx.forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 5));
    }
    const [a, b] = [
      [0, 2, 2, NaN],
      [2, 3, 0, 1],
    ].map((list) => tensor(list, { requiresGrad: true })) as [Tensor, Tensor];
    const [da, db] = grad(a.pow(b).sum(), [a, b]) as [Tensor, Tensor];
    for (const [found, expected] of [
      [await values(da), [0, 12, 0]],
      [await values(db), [0, 8 * Math.log(2), Math.log(2)]],
    ] as const) {
      expected.forEach((v, i) => expect(found[i]).toBeCloseTo(v, 5));
    }
    expect((await values(db))[3]).toBeNaN();
  });

  it("a gradient is split into its parts, whichever are asked for", async () => {
    const widths = [2, 0, 1, 3, 1, 1, 0, 2, 1];
    const parts = widths.map((width) => tensor(Array(2 * width * 2).fill(1), { shape: [2, width, 2] }));
    for (const [i, part] of parts.entries()) if (i % 3 !== 2) part.requiresGrad_();
    const asked = parts.filter((part) => part.requiresGrad);
    const joined = cat(parts, 1);
    const weights = tensor(
      Array.from({ length: joined.size }, (_, i) => i),
      { shape: joined.shape },
    );
    const found = grad(joined.mul(weights).sum(), asked) as Tensor[];
    let from = 0;
    for (const [i, width] of widths.entries()) {
      const expected = await values(weights.slice([0, from], [2, from + width]));
      if (i % 3 !== 2) expect(await values(found[asked.indexOf(parts[i]!)]!)).toEqual(expected);
      from += width;
    }
  });
});
