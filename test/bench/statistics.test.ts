import { describe, expect, it } from "vitest";

interface Spread {
  min: number;
  median: number;
  max: number;
}
type Measured = Record<string, number | number[]>;
const { deviation, exponent, ratio, slower, spread } = (await import(
  new URL("../../bench/statistics.mjs", import.meta.url).href
)) as {
  deviation(a: Measured, b: Measured): number;
  exponent(points: [number, number][]): number;
  ratio(a: number[], b: number[]): Spread & { fastest: number };
  slower(measured: Record<string, number | undefined>, committed: Record<string, number>, margin: number): string[];
  spread(values: number[]): Spread;
};

describe("spread", () => {
  it("is minimum, median and maximum of an odd and an even number of values", () => {
    expect(spread([3, 1, 9])).toEqual({ min: 1, median: 3, max: 9 });
    expect(spread([4, 1, 9, 2])).toEqual({ min: 1, median: 3, max: 9 });
  });

  it("does not change its argument", () => {
    const values = [3, 1, 2];
    spread(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe("ratio", () => {
  it("compares round by round, and the fastest rounds of each side", () => {
    // Ratios of the rounds 1/4, 6/3, 2/2; fastest rounds 1 and 2.
    expect(ratio([1, 6, 2], [4, 3, 2])).toEqual({ min: 0.25, median: 1, max: 2, fastest: 0.5 });
  });

  it("does not change where the machine slows down both sides of a round", () => {
    const quiet = ratio([1, 1, 1], [2, 2, 2]);
    expect(ratio([1, 5, 1], [2, 10, 2])).toEqual(quiet);
  });
});

describe("exponent", () => {
  it.each([0, 0.5, 1, 2])("is %d for a power law", (p) => {
    expect(exponent([10, 30, 100, 500].map((x) => [x, 3 * x ** p]))).toBeCloseTo(p, 12);
  });

  it("is below 1 with a fixed cost, and tends to 1 for much work", () => {
    const cost = (x: number): [number, number] => [x, 100 + x];
    const all = exponent([1, 10, 100, 1000].map(cost));
    const last = exponent([100_000, 200_000].map(cost));
    expect(all).toBeLessThan(0.5);
    expect(last).toBeGreaterThan(0.99);
    expect(last).toBeLessThan(1);
  });

  it("is a least-squares fit", () => {
    // By hand: logarithms (0, 0), (1, 2), (2, 1): slope 1/2.
    const e = Math.E;
    expect(
      exponent([
        [1, 1],
        [e, e ** 2],
        [e ** 2, e],
      ]),
    ).toBeCloseTo(0.5, 12);
  });
});

describe("slower", () => {
  const committed = { a: 0.2, b: 0.4 };

  it("names only what exceeds the margin", () => {
    expect(slower({ a: 0.2, b: 0.4 }, committed, 1.5)).toEqual([]);
    expect(slower({ a: 0.29, b: 0.59 }, committed, 1.5)).toEqual([]);
    expect(slower({ a: 0.31, b: 0.59 }, committed, 1.5)).toEqual(["a"]);
    expect(slower({ a: 0.31, b: 0.61 }, committed, 1.5)).toEqual(["a", "b"]);
  });

  it("throws if a ratio was not measured, is not a number or is not committed", () => {
    expect(() => slower({ a: 0.2 }, committed, 1.5)).toThrow("b was not measured");
    expect(() => slower({ a: 0.2, b: undefined }, committed, 1.5)).toThrow("b was not measured");
    expect(() => slower({ a: 0.2, b: Number.NaN }, committed, 1.5)).toThrow("b was not measured");
    expect(() => slower({ a: 0.2, b: 0.4, c: 1 }, committed, 1.5)).toThrow("c has no committed ratio");
  });
});

describe("deviation", () => {
  const one = { loss: 2, after: 1, gradient: [0.1, -4, 2] };

  it("is the largest of the relative differences of losses and gradients", () => {
    expect(deviation(one, one)).toBe(0);
    expect(deviation(one, { ...one, loss: 2.1 })).toBeCloseTo(0.05, 12);
    expect(deviation(one, { ...one, after: 0.9 })).toBeCloseTo(0.1, 12);
    expect(deviation(one, { ...one, gradient: [0.1, -4, 2.4] })).toBeCloseTo(0.1, 12);
    expect(deviation(one, { gradient: [0.1, -4, 2.4] })).toBeCloseTo(0.1, 12);
  });

  it("is not small if a gradient lacks entries or is NaN", () => {
    expect(deviation(one, { ...one, gradient: [0.1, -4] })).toBe(Number.POSITIVE_INFINITY);
    expect(deviation(one, { ...one, more: 1 })).toBe(Number.POSITIVE_INFINITY);
    expect(deviation(one, { ...one, gradient: [0.1, Number.NaN, 2] }) <= 1).toBe(false);
  });
});
