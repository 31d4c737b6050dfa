import { describe, expect, it, vi } from "vitest";
import { ReplayRng, resolveRng, Rng } from "../../ts/random/index.js";
import { binding } from "../../ts/runtime/index.js";
import { full, tensor } from "../../ts/tensor/index.js";
import { eachDevice } from "../devices.js";

const error = (name: string, code: string) => expect.objectContaining({ name, code });
const moments = (values: ArrayLike<number>): [number, number] => {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return [mean, list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length];
};

await eachDevice("Rng", (device) => {
  it("draws the same numbers on every device", () => {
    const t = new Rng(7).normal([4]);
    expect(t.device).toBe(device);
    expect(t.dataSync()).toEqual(new Rng(7).normal([4], { device: "cpu" }).dataSync());
  });
});

describe("Rng.ofIndex", () => {
  it("gives each seed and index a stream of its own, the same each time", () => {
    const first = (seed: number, index: number) => Rng.ofIndex(seed, index).uniform([1]).dataSync()[0];
    const seen = new Set<number | undefined>();
    for (const seed of [0, 1, -1, 2 ** 32, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER])
      for (const index of [0, 1, 2, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
        expect(first(seed, index)).toBe(first(seed, index));
        seen.add(first(seed, index));
      }
    expect(seen.size).toBe(30);
  });

  it("has streams whose draws are independent of those of neighbours", () => {
    const rows = Array.from({ length: 400 }, (_, i) => [...Rng.ofIndex(3, i).normal([100]).dataSync()]);
    const [mean, variance] = moments(rows.flat());
    expect(Math.abs(mean)).toBeLessThan(4 / 200);
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / 40_000));
    const products = rows.slice(1).flatMap((row, i) => row.map((value, j) => value * (rows[i]?.[j] as number)));
    expect(Math.abs(moments(products)[0])).toBeLessThan(4 / Math.sqrt(products.length));
  });

  it.each([
    [1.5, 0],
    [0, -1],
    [0, 0.5],
    [Number.NaN, 0],
    [2 ** 53, 0],
  ])("refuses seed %s with index %s", (seed, index) => {
    expect(() => Rng.ofIndex(seed, index)).toThrow(error("ArgumentError", "invalid_argument"));
  });
});

describe("many streams", () => {
  it("each continues where it stood, however many others were used since", () => {
    const parent = new Rng(5);
    const streams = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? new Rng(i) : parent.fork()));
    const alone = streams.map((stream) => Rng.from(stream.state()).normal([6]).dataSync());
    const draw = () => streams.map((stream) => [...stream.normal([3]).dataSync()]);
    const [first, second] = [draw(), draw()];
    for (const [i, values] of alone.entries()) {
      expect([...(first[i] as number[]), ...(second[i] as number[])], String(i)).toEqual([...values]);
    }
  });

  it("the core holds few of them before any finaliser has run", () => {
    const owner = binding();
    const made = (["rngNew", "rngFork", "rngFrom"] as const).map((name) => vi.spyOn(owner, name));
    const freed = vi.spyOn(owner, "rngDispose");
    const parent = new Rng(1);
    const streams = Array.from({ length: 500 }, () => parent.fork());
    const held = made.reduce((sum, spy) => sum + spy.mock.calls.length, 0) - freed.mock.calls.length;
    for (const spy of [...made, freed]) spy.mockRestore();
    expect(streams.length).toBe(500);
    expect(held).toBeLessThanOrEqual(64);
  });
});

describe("Rng", () => {
  const n = 40_000;
  const cases: [string, (r: Rng) => ArrayLike<number>, number, number][] = [
    ["normal", (r) => r.normal([n]).dataSync(), 0, 1],
    ["uniform", (r) => r.uniform([n]).dataSync(), 0.5, 1 / 12],
    ["rademacher", (r) => r.rademacher([n]).dataSync(), 0, 1],
    ["bernoulli", (r) => r.bernoulli([n], 0.3).dataSync(), 0.3, 0.21],
    ["randint", (r) => r.randint(2, 6, [n]).dataSync(), 3.5, 1.25],
    ["poisson", (r) => r.poisson(full([n], 3)).dataSync(), 3, 3],
    ["binomial", (r) => r.binomial(full([n], 10), 0.2).dataSync(), 2, 1.6],
    ["gamma", (r) => r.gamma(2, 0.5, [n]).dataSync(), 1, 0.5],
    ["beta", (r) => r.beta(2, 3, [n]).dataSync(), 0.4, 0.04],
    ["exponential", (r) => r.exponential([n]).dataSync(), 1, 1],
    ["laplace", (r) => r.laplace([n]).dataSync(), 0, 2],
    ["choice", (r) => Array.from({ length: 4000 }, () => r.choice(3, [1, 0, 3])), 1.5, 0.75],
  ];
  it.each(cases)("%s has its mean and variance", (_, draw, mean, variance) => {
    const values = draw(new Rng(1));
    const [m, v] = moments(values);
    const standardError = Math.sqrt(variance / values.length);
    expect(Math.abs(m - mean)).toBeLessThan(4 * standardError);
    expect(Math.abs(v / variance - 1)).toBeLessThan(0.06);
  });

  it("continues from its state, and forks independent streams", () => {
    const rng = new Rng(5);
    rng.normal([3]);
    const copy = Rng.from(rng.state());
    expect(copy.normal([5]).dataSync()).toEqual(rng.normal([5]).dataSync());
    const child = rng.fork();
    expect(child.normal([5]).dataSync()).not.toEqual(rng.normal([5]).dataSync());
    const order = [...new Rng(2).permutation(6).dataSync()];
    expect([...order].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("refuses invalid arguments", () => {
    expect(() => new Rng(0.5)).toThrow(error("ArgumentError", "invalid_argument"));
    expect(() => Rng.from("nonsense")).toThrow(error("ArgumentError", "invalid_argument"));
    expect(() => new Rng(0).bernoulli([1], 2)).toThrow(expect.objectContaining({ name: "ArgumentError" }));
    expect(() => new Rng(0).choice(2, [0, 0])).toThrow(error("ArgumentError", "invalid_argument"));
  });

  it("resolveRng returns the first stream given, and otherwise always the same one", () => {
    const [a, b] = [new Rng(0), new Rng(1)];
    expect(resolveRng(undefined, a, b)).toBe(a);
    expect(resolveRng()).toBe(resolveRng(undefined));
  });
});

describe("ReplayRng", () => {
  it("returns draws in order, scales gamma, and refuses what was not recorded", () => {
    const rng = new ReplayRng([
      { kind: "normal", tensor: tensor([1, 2]) },
      { kind: "gamma", tensor: tensor([3]) },
      { kind: "uniform", tensor: tensor([0]) },
    ]);
    expect([...rng.normal([2]).dataSync()]).toEqual([1, 2]);
    expect([...rng.fork().gamma(2, 10, [1]).dataSync()]).toEqual([30]);
    expect(() => rng.normal([1])).toThrow(error("ArgumentError", "replay_kind"));
    expect(() => rng.uniform([2])).toThrow(error("ShapeError", "replay_shape"));
    expect(() => rng.assertDone()).toThrow(error("ArgumentError", "replay_left"));
    rng.uniform([1]);
    rng.assertDone();
    expect(() => rng.uniform([1])).toThrow(error("ArgumentError", "replay_exhausted"));
  });
});
