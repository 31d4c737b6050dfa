import { beforeAll, describe, expect, it } from "vitest";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { cat, tensor, type Tensor } from "../../ts/tensor/index.js";
import {
  Affine,
  Homography,
  Identity,
  PanTiltRotate,
  RandomNoise,
  RandomPhaseError,
  Reflect,
  Rotate,
  Scale,
  Shift,
  Similarity,
  Transform,
  type CheckedParams,
  type ImageLike,
} from "../../ts/transform/index.js";
import { expectError } from "../physics/helpers.js";
import { distance, images } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const numbers = (t: Transform, name: string, x: ImageLike, seed = 1) =>
  (t.getParams(x, { rng: new Rng(seed) }) as Record<string, number[]>)[name] as number[];
const square = { shape: [2, 1, 8, 8] };

describe("draws", () => {
  it("the call's source wins, then the constructor's; the same seed gives the same transforms", () => {
    const params = (t: Transform, rng?: Rng) => JSON.stringify(t.getParams(square, { rng }));
    const own = () => new Shift({ rng: new Rng(7) });
    expect(params(own())).toBe(params(new Shift(), new Rng(7)));
    expect(params(own(), new Rng(8))).toBe(params(new Shift(), new Rng(8)));
    expect(params(own(), new Rng(8))).not.toBe(params(own()));
  });

  it("rotations are drawn without repetition: with signs, too, each element of the group once", () => {
    for (const options of [
      { positive: true },
      { positive: false },
      { limits: 720 },
      { limits: 1000, positive: true },
    ]) {
      const rotate = new Rotate({ multiples: 90, nTrans: 4, ...options });
      expect(
        numbers(rotate, "theta", square)
          .map((t) => ((t % 360) + 360) % 360)
          .sort((a, b) => a - b),
      ).toEqual([0, 90, 180, 270]);
    }
    expect(new Rotate({ limits: 3 }).angles()).toEqual([0, 1, 2, -1, -2]);
    expect(new Rotate().angles()).toHaveLength(360);
    expect(new Rotate({ limits: 3, positive: true }).angles()).toEqual([0, 1, 2]);
    const many = Array.from(
      { length: 400 },
      (_, seed) => numbers(new Rotate({ multiples: 90 }), "theta", square, seed)[0] as number,
    );
    for (const theta of [0, 90, 180, 270])
      expect(Math.abs(many.filter((t) => t === theta).length - 100)).toBeLessThan(40);
  });

  it("shifts lie within their range, height and width apart", () => {
    const x = { shape: [1, 1, 10, 40] };
    const shift = new Shift({ shiftMax: 0.25, nTrans: 4 });
    expect(numbers(shift, "yShift", x).sort((a, b) => a - b)).toEqual([-2, -1, 0, 1]);
    const along = Array.from({ length: 100 }, (_, seed) => numbers(shift, "xShift", x, seed)).flat();
    expect([Math.min(...along), Math.max(...along)]).toEqual([-10, 9]);
    expect(numbers(new Shift({ shiftMax: 0, nTrans: 3 }), "xShift", x)).toEqual([0, 0, 0]);
  });

  it("reflections run through all subsets of the axes", () => {
    const all = (new Reflect({ nTrans: 4 }).getParams(square, { rng: new Rng(2) }) as { dims: number[][] }).dims;
    expect(all.map((dims) => dims.join()).sort()).toEqual(["", "-1", "-2", "-2,-1"]);
    expect(new Reflect({ dim: -1 }).dim).toEqual([-1]);
  });

  it("scales draw from their factors, for each image and transform", () => {
    const { factor, center } = new Scale({ factors: [0.5, 2], nTrans: 50 }).getParams(square, { rng: new Rng(1) }) as {
      factor: number[];
      center: number[][];
    };
    expect(factor).toHaveLength(100);
    expect(new Set(factor)).toEqual(new Set([0.5, 2]));
    expect(Math.abs(factor.filter((f) => f === 2).length - 50)).toBeLessThan(20);
    expect(center.flat().every((c) => c >= 0 && c < 1)).toBe(true);
  });
});

describe("combinations", () => {
  const rotate = () => new Rotate({ multiples: 90, positive: true, nTrans: 2 });

  it("compose does one after the other, all pairs of several", async () => {
    const x = images([2, 1, 6, 6]);
    const both = rotate().compose(new Shift({ nTrans: 3 }));
    expect(both.nTrans).toBe(6);
    const params = { theta: [90, 180], xShift: [1, 2, 3], yShift: [0, 0, -1] };
    const out = both.transform(x, params);
    const expected = [1, 2, 3].flatMap((xShift, i) =>
      [90, 180].map((theta) =>
        new Shift().transform(new Rotate().transform(x, { theta: [theta] }), {
          xShift: [xShift],
          yShift: [[0, 0, -1][i] as number],
        }),
      ),
    );
    expect(await distance(out, cat(expected, 0))).toBe(0);
    const sets = both.iterateParams(params);
    expect(sets).toHaveLength(6);
    expect(
      await distance(
        cat(
          sets.map((set) => both.transform(x, set)),
          0,
        ),
        out,
      ),
    ).toBe(0);
    expect(both.getParams(x, { rng: new Rng(1) })).toEqual(both.getParams(x, { rng: new Rng(1) }));
  });

  it("names that collide get a number, and a chain of three is flat", async () => {
    const x = images([1, 1, 6, 6]);
    const chain = new Rotate().compose(new Shift()).compose(new Rotate());
    expect([...chain.paramNames].sort()).toEqual(["theta", "theta2", "xShift", "yShift"]);
    const out = chain.transform(x, { theta: [90], xShift: [1], theta2: [-90] });
    const rotated = new Shift().transform(new Rotate().transform(x, { theta: [90] }), { xShift: [1] });
    expect(await distance(out, new Rotate().transform(rotated, { theta: [270] }))).toBe(0);
    expect(await distance(chain.inverse(out, { theta: [90], xShift: [1], theta2: [-90] }), x)).toBe(0);
  });

  it("a scale after another transform has factors for all images that reach it", () => {
    const x = images([2, 1, 6, 6]);
    const chain = new Shift({ nTrans: 3 }).compose(new Scale({ nTrans: 2 }));
    const params = chain.getParams(x, { rng: new Rng(1) });
    expect(params.factor).toHaveLength(12);
    expect(chain.transform(x, params).shape).toEqual([12, 1, 6, 6]);
  });

  it("combinations of identities, which have no parameters, are identities", () => {
    const x = new Rng(1).normal([2, 1, 3, 4]);
    const twice = new Identity().add(new Identity());
    for (const transform of [twice, twice.compose(new Identity()), new Identity().compose(new Identity())]) {
      const [params, copies] = [transform.getParams(x), transform.nTrans];
      const images = transform.transform(x, params);
      expect(images.shape[0]).toBe(2 * copies);
      expect(
        images
          .sub(
            cat(
              Array.from({ length: copies }, () => x),
              0,
            ),
          )
          .abs()
          .max()
          .itemSync(),
      ).toBe(0);
      expect(transform.inverse(images, params, { batchwise: false }).sub(images).abs().max().itemSync()).toBe(0);
      expect(transform.identity(x, { average: true }).sub(x).abs().max().itemSync()).toBe(0);
    }
    expect(() => new Shift().add(new Identity()).transform(x, {})).toThrow(/no parameter is given/);
  });

  it("or holds its choice in the parameters, so that the same transform can be done again", async () => {
    const x = images([2, 1, 6, 6]);
    const either = new Shift().or(new Rotate({ multiples: 90 })).or(new Reflect());
    const counts = [0, 0, 0];
    for (let seed = 0; seed < 300; seed++) {
      const params = either.getParams(x, { rng: new Rng(seed) });
      const part = (params.part as number[])[0] as number;
      counts[part] = (counts[part] ?? 0) + 1;
      if (seed >= 20) continue;
      const once = either.transform(x, params);
      expect(await distance(either.transform(x, params), once)).toBe(0);
      expect(await distance(either.inverse(once, params), x)).toBe(0);
    }
    for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  it("add puts results side by side, with its own inverse for each", async () => {
    const x = images([2, 1, 6, 6]);
    const stacked = new Shift().add(new Rotate({ multiples: 90 }));
    const params = stacked.getParams(x, { rng: new Rng(4) });
    const out = stacked.transform(x, params);
    expect(out.shape).toEqual([4, 1, 6, 6]);
    expect(await distance(stacked.inverse(out, params), cat([x, x], 0))).toBe(0);
    const mean = stacked.symmetrize((t) => t.mul(3), { average: true });
    expect(await distance(mean(x), x.mul(3))).toBeLessThan(1e-6);
  });
});

describe("a transform of one's own", () => {
  class Gain extends Transform {
    override readonly paramNames = ["gain"];
    constructor() {
      super("Gain", {});
    }
    protected override draw(): { gain: number[] } {
      return { gain: [2] };
    }
    protected override apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
      const gain = params.gain?.[0] as number;
      return inverse ? x.div(gain) : x.mul(gain);
    }
  }

  it("combines with the others", async () => {
    const x = images([1, 1, 4, 4]);
    const chain = new Gain().compose(new Shift());
    const params = chain.getParams(x, { rng: new Rng(1) });
    expect(await distance(chain.inverse(chain.transform(x, params), params), x)).toBeLessThan(1e-6);
    expect(await distance(new Gain().forward(x, { gain: [3] }), x.mul(3))).toBe(0);
  });
});

describe("noise and phase errors", () => {
  it("noise is added to measured entries only; the same parameters give the same noise", async () => {
    const mask = new Rng(2).bernoulli([1, 1, 100, 100], 0.5);
    const y = mask.mul(2);
    const noise = new RandomNoise({ sigma: [0.2, 0.2], nTrans: 2 });
    const params = noise.getParams(y, { rng: new Rng(1) });
    const out = noise.transform(y, params);
    expect(await distance(noise.transform(y, params), out)).toBe(0);
    const error = out.sub(cat([y, y], 0));
    expect(
      await error
        .mul(cat([mask, mask], 0).neg().add(1))
        .abs()
        .max()
        .item(),
    ).toBe(0);
    expect(
      Math.abs(Math.sqrt((await error.square().sum().item()) / (2 * (await mask.sum().item()))) - 0.2),
    ).toBeLessThan(0.01);
    // Two draws differ.
    expect(await distance(out.slice([0], [1]), out.slice([1], [2]))).toBeGreaterThan(0.1);
    const levels = (
      new RandomNoise({ sigma: [0.1, 0.3], nTrans: 100 }).getParams(y, { rng: new Rng(1) }) as { sigma: number[] }
    ).sigma;
    expect(Math.min(...levels)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...levels)).toBeLessThanOrEqual(0.3);
    expect(new Set(levels).size).toBe(100);
  });

  it("a phase error turns complex numbers, keeps their magnitude, and can be undone", async () => {
    const y = images([2, 2, 3, 4, 6]);
    const phase = new RandomPhaseError();
    const params = { se: [0.3], so: [-0.7] };
    const out = phase.transform(y, params);
    expect(await distance(phase.inverse(out, params), y)).toBeLessThan(1e-6);
    const channel = (t: Tensor, c: number) => t.slice([0, c, 0, 0, 0], [2, c + 1, 3, 4, 6]);
    const magnitude = (t: Tensor) => channel(t, 0).square().add(channel(t, 1).square());
    expect(await distance(magnitude(out), magnitude(y))).toBeLessThan(1e-5);
    // exp(-i s), at an odd column.
    const at = (t: Tensor, c: number) => t.slice([0, c, 0, 0, 1], [1, c + 1, 1, 1, 2]).itemSync();
    expect(at(out, 0)).toBeCloseTo(at(y, 0) * Math.cos(0.7) - at(y, 1) * Math.sin(0.7), 5);
    expect(at(out, 1)).toBeCloseTo(at(y, 0) * Math.sin(0.7) + at(y, 1) * Math.cos(0.7), 5);
    const { se } = new RandomPhaseError({ scale: 0.1, nTrans: 100 }).getParams(y, { rng: new Rng(1) }) as {
      se: number[];
    };
    expect(Math.max(...se.map(Math.abs))).toBeLessThanOrEqual(0.1 * Math.PI);
  });
});

describe("bad input is named", () => {
  const x = () => images([2, 1, 6, 6]);

  it("in constructors", () => {
    const refused: (() => unknown)[] = [
      () => new Shift({ shiftMax: -1 }),
      () => new Shift({ nTrans: 0 }),
      () => new Rotate({ limits: 0 }),
      () => new Rotate({ multiples: NaN }),
      () => new Rotate({ interpolationMode: "linear" as never }),
      () => new Reflect({ dim: [0] }),
      () => new Reflect({ dim: [-1, 3] }),
      () => new Reflect({ dim: "x" as never }),
      () => new Scale({ factors: [] }),
      () => new Scale({ factors: [0.5, -1] }),
      () => new Scale({ mode: "cubic" as never }),
      () => new Homography({ zoomFactorMin: 0 }),
      () => new Homography({ thetaMax: -1 }),
      () => new Homography({ padding: "reflect" as never }),
      () => new RandomNoise({ sigma: [0.3, 0.1] }),
      () => new RandomNoise({ noiseType: "poisson" as never }),
      () => new RandomPhaseError({ scale: -1 }),
      () => new Shift().compose({} as never),
      () => new Shift({ nTrans: 2 }).or(new Shift()),
    ];
    for (const make of refused) expectError(make, ArgumentError, "invalid_argument");
    expectError(() => new Shift({ shiftMaxx: 1 } as never), ArgumentError, "unknown_option", "shiftMax");
    // A subgroup has not the options of the whole group.
    expectError(
      () => new Similarity({ skewMax: 1 } as never),
      ArgumentError,
      "unknown_option",
      "Similarity",
      "skewMax",
    );
    expectError(() => new PanTiltRotate({ shiftMax: 1 } as never), ArgumentError, "unknown_option", "shiftMax");
    expectError(() => new Affine({ thetaMax: 1 } as never), ArgumentError, "unknown_option", "thetaMax");
  });

  it("in images and parameters", () => {
    expectError(() => new Shift().forward(images([3, 4])), ShapeError, "shape_mismatch", "[3, 4]", "[B, C, H, W]");
    expectError(() => new Shift().forward([1, 2] as never), ArgumentError, "invalid_argument", "Tensor");
    expectError(() => new Rotate().transform(x(), {}), ArgumentError, "missing_argument", "theta");
    expectError(() => new Rotate().transform(x(), [90] as never), ArgumentError, "invalid_argument", "theta");
    expectError(() => new Rotate().transform(x(), { thetta: [90] }), ArgumentError, "unknown_option", "theta");
    expectError(() => new Rotate().transform(x(), { theta: [NaN] }), ArgumentError, "invalid_argument", "theta");
    expectError(() => new Rotate().transform(x(), { theta: [] }), ArgumentError, "invalid_argument", "theta");
    expectError(() => new Rotate().transform(x(), { theta: 90 as never }), ArgumentError, "invalid_argument", "list");
    expectError(
      () => new Shift().transform(x(), { xShift: [1, 2], yShift: [1] }),
      ShapeError,
      "shape_mismatch",
      "yShift",
    );
    expectError(() => new Shift().transform(x(), { xShift: [0.5] }), ArgumentError, "invalid_argument", "whole");
    expectError(() => new Reflect().transform(x(), { dims: [[0]] }), ArgumentError, "invalid_argument", "dim");
    expectError(
      () => new Scale().transform(x(), { factor: [0.5, 0.5, 0.5] }),
      ShapeError,
      "shape_mismatch",
      "2 images",
    );
    expectError(() => new Scale().transform(x(), { factor: [0] }), ArgumentError, "invalid_argument", "factor");
    expectError(
      () => new Scale().transform(x(), { factor: [0.5], center: [[0.5]] }),
      ArgumentError,
      "invalid_argument",
      "center",
    );
    expectError(() => new Homography().transform(x(), { zoomF: [0] }), ArgumentError, "invalid_argument", "zoomF");
    expectError(() => new RandomPhaseError().forward(x()), ShapeError, "shape_mismatch", "complex");
    expectError(() => new RandomNoise().inverse(x()), ArgumentError, "invalid_argument", "noise has no inverse");
    expectError(
      () => new Shift().or(new Rotate()).transform(x(), { theta: [90] }),
      ArgumentError,
      "invalid_argument",
      "part",
    );
    expectError(
      () => new Shift({ nTrans: 2 }).inverse(images([3, 1, 4, 4]), { xShift: [1, 2] }, { batchwise: false }),
      ShapeError,
      "shape_mismatch",
      "3 images",
    );
  });

  it("in counts that cannot be drawn without repetition", () => {
    expectError(
      () => new Rotate({ multiples: 90, nTrans: 5 }).forward(x()),
      ArgumentError,
      "invalid_argument",
      "4 different rotations",
    );
    expectError(
      () => new Reflect({ nTrans: 5 }).forward(x()),
      ArgumentError,
      "invalid_argument",
      "4 different reflections",
    );
    expectError(
      () => new Shift({ shiftMax: 0.2, nTrans: 5 }).forward(x()),
      ArgumentError,
      "invalid_argument",
      "2 different shifts",
    );
  });

  it("while tensors serve as parameters, rows padded with NaN", async () => {
    const t = x();
    const given = tensor([NaN, NaN, -2, NaN, -2, -1], { shape: [3, 2] });
    expect(
      await distance(
        new Reflect().transform(t, { dims: given }),
        new Reflect().transform(t, { dims: [[], [-2], [-2, -1]] }),
      ),
    ).toBe(0);
    expect(
      await distance(new Rotate().transform(t, { theta: tensor([90]) }), new Rotate().transform(t, { theta: [90] })),
    ).toBe(0);
    expect(new Identity().forward(t)).toBe(t);
  });
});
