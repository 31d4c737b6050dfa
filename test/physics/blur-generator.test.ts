import { beforeAll, describe, expect, it } from "vitest";
import {
  Blur,
  DiffractionBlurGenerator,
  MotionBlurGenerator,
  SigmaGenerator,
  GeneratorMixture,
  type DiffractionBlurGeneratorOptions,
} from "../../ts/physics/index.js";
import { bump } from "../../ts/physics/generator/diffraction.js";
import { zernike, zernikeIndex } from "../../ts/physics/generator/zernike.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { ones, type Tensor } from "../../ts/tensor/index.js";
import { expectError } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const filters = (t: Tensor | undefined): number[][] => {
  const [b = 1, c = 1, h = 1, w = 1] = (t as Tensor).shape;
  const all = Array.from((t as Tensor).dataSync());
  return Array.from({ length: b * c }, (_, i) => all.slice(i * h * w, (i + 1) * h * w));
};
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
/** Centre of mass and spread along height and width, in pixels from the middle. */
const moments = (filter: readonly number[], side: number) => {
  const at = (i: number) => [Math.floor(i / side) - (side - 1) / 2, (i % side) - (side - 1) / 2] as const;
  const mean = [0, 1].map((d) => total(filter.map((v, i) => v * (at(i)[d] as number))));
  const spread = [0, 1].map((d) => total(filter.map((v, i) => v * ((at(i)[d] as number) - (mean[d] as number)) ** 2)));
  return { mean, spread } as { mean: [number, number]; spread: [number, number] };
};

describe("MotionBlurGenerator", () => {
  it("gives filters of sum 1 without negative entries, that an operator takes", () => {
    const { filter } = new MotionBlurGenerator({ psfSize: [9, 11] }).step(5, 1);
    expect(filter?.shape).toEqual([5, 1, 9, 11]);
    for (const one of filters(filter)) {
      expect(total(one)).toBeCloseTo(1, 5);
      expect(Math.min(...one)).toBe(0);
    }
    const blur = new Blur({ padding: "circular" });
    blur.update({ filter: filter as Tensor });
    expect(
      blur
        .A(ones([5, 1, 12, 12]))
        .sub(1)
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-5);
  });

  it("follows a path with the variance of the process, about its own mean", () => {
    // A period of 2 pi in 1000 steps, of which the path is the first 159: time 1. Var f - Var(mean over time 1), in
    // units of the square.
    const [sigma, l, side] = [0.1, 0.3, 41];
    const generator = new MotionBlurGenerator({ psfSize: side, sigma, l });
    const spreads = filters(generator.step(300, 2)["filter"]).flatMap((one) => moments(one, side).spread);
    const cell = (2 / side) ** 2;
    const measured = spreads.map((v) => v * cell - cell / 12);
    const mean = total(measured) / measured.length;
    const se = Math.sqrt(total(measured.map((v) => (v - mean) ** 2))) / measured.length;
    const k = (t: number) => {
      const r = (Math.sqrt(5) * Math.abs(t)) / l;
      return sigma ** 2 * (1 + r + r ** 2 / 3) * Math.exp(-r);
    };
    const n = 159;
    let average = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) average += k(((i - j) * 2 * Math.PI) / 1000) / n ** 2;
    expect(se).toBeLessThan(0.05 * k(0));
    expect(Math.abs(mean - (k(0) - average))).toBeLessThan(3 * se);
  });

  it("repeats with a seed and checks its options", () => {
    const generator = new MotionBlurGenerator({ psfSize: 7 });
    expect(filters(generator.step(2, 3)["filter"])).toEqual(filters(generator.step(2, 3)["filter"]));
    expect(Object.keys(generator.add(new SigmaGenerator()).step(1, 0)).sort()).toEqual(["filter", "sigma"]);
    expectError(() => new MotionBlurGenerator({} as never), ArgumentError, "missing_argument", "psfSize");
    expectError(
      () => new MotionBlurGenerator({ psfSize: 0 }),
      ArgumentError,
      "invalid_argument",
      "MotionBlurGenerator",
    );
    expectError(() => new MotionBlurGenerator({ psfSize: 5, l: 0 }), ArgumentError, "invalid_argument", "l is 0");
    expectError(
      () => new MotionBlurGenerator({ psfSize: 5, length: 1 } as never),
      ArgumentError,
      "unknown_option",
      "length",
    );
  });
});

describe("Zernike polynomials", () => {
  it("are numbered as Noll and as the ANSI standard do", () => {
    const noll = [
      [0, 0],
      [1, 1],
      [1, -1],
      [2, 0],
      [2, -2],
      [2, 2],
      [3, -1],
      [3, 1],
      [3, -3],
      [3, 3],
      [4, 0],
      [4, 2],
      [4, -2],
      [4, 4],
      [4, -4],
    ];
    noll.forEach((nm, i) => expect(zernikeIndex(i + 1, "noll").map((v) => v + 0)).toEqual(nm));
    const ansi = [
      [0, 0],
      [1, -1],
      [1, 1],
      [2, -2],
      [2, 0],
      [2, 2],
      [3, -3],
      [3, -1],
      [3, 1],
      [3, 3],
    ];
    ansi.forEach((nm, i) => expect(zernikeIndex(i, "ansi").map((v) => v + 0)).toEqual(nm));
  });

  it("are orthonormal on the disk", () => {
    const polynomials = [
      [0, 0],
      [1, 1],
      [2, 0],
      [2, -2],
      [3, 1],
      [3, -3],
      [4, 0],
      [4, 2],
    ].map((nm) => zernike(nm as [number, number]));
    const points: [number, number][] = [];
    for (let i = 0; i < 200; i++)
      for (let j = 0; j < 200; j++) {
        const [x, y] = [(i + 0.5) / 100 - 1, (j + 0.5) / 100 - 1];
        if (x * x + y * y <= 1) points.push([x, y]);
      }
    polynomials.forEach((a, i) =>
      polynomials.forEach((b, j) => {
        const product = total(points.map(([x, y]) => a(x, y) * b(x, y))) / points.length;
        expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(0.02);
      }),
    );
  });
});

describe("DiffractionBlurGenerator", () => {
  const make = (options: Partial<DiffractionBlurGeneratorOptions> = {}) =>
    new DiffractionBlurGenerator({ psfSize: 21, pupilSize: 64, ...options });

  it("without aberrations gives the Airy pattern of its cutoff frequency", () => {
    // |2 J1(v) / v|^2 with v = 2 pi fc r; J1 by its series.
    const airy = (v: number) => {
      let [term, sum] = [0.5, 0.5];
      for (let k = 1; k < 40; k++) {
        term *= (-v * v) / (4 * k * (k + 1));
        sum += term;
      }
      return (2 * sum) ** 2;
    };
    for (const fc of [0.1, 0.2]) {
      const [one = []] = filters(make({ fc, maxZernikeAmplitude: 0, pupilSize: 256 }).step(1, 0)["filter"]);
      const peak = one[10 * 21 + 10] as number;
      expect(Math.max(...one)).toBe(peak);
      one.forEach((v, i) => {
        const r = Math.hypot(Math.floor(i / 21) - 10, (i % 21) - 10);
        expect(Math.abs(v / peak - airy(2 * Math.PI * fc * r))).toBeLessThan(0.02);
      });
    }
  });

  it("gives one filter of sum 1 for each image and cutoff frequency", () => {
    const { filter } = make({ fc: [0.15, 0.2, 0.25], zernikePerturbationAmplitude: 0.02 }).step(2, 1);
    expect(filter?.shape).toEqual([2, 3, 21, 21]);
    const all = filters(filter);
    for (const one of all) expect(total(one)).toBeCloseTo(1, 5);
    expect(new Set(all.map((one) => one[200]?.toFixed(6))).size).toBe(6);
    // The aberrations spread the light: the peak is lower than without.
    const [clear = []] = filters(make({ maxZernikeAmplitude: 0 }).step(1, 0)["filter"]);
    for (const one of filters(make({ maxZernikeAmplitude: 0.5 }).step(4, 1)["filter"]))
      expect(Math.max(...one)).toBeLessThan(Math.max(...clear));
  });

  it("centres, rotates and apodizes on request", () => {
    // A tilt moves the filter; centring brings it back.
    const tilt = {
      zernikeIndex: [
        [1, 1],
        [1, -1],
      ] as const,
      maxZernikeAmplitude: 1,
      psfSize: 31,
    };
    const moved = filters(make(tilt).step(3, 1)["filter"]).map((one) => moments(one, 31).mean);
    const centred = filters(make({ ...tilt, center: true }).step(3, 1)["filter"]).map((one) => moments(one, 31).mean);
    moved.forEach((mean, i) => {
      expect(Math.hypot(...mean)).toBeGreaterThan(1);
      expect(Math.hypot(...(centred[i] as [number, number]))).toBeLessThan(0.15 * Math.hypot(...mean));
    });
    // A rotated tilt moves the filter by the same amount in another direction.
    const rotated = filters(make({ ...tilt, randomRotate: true }).step(3, 1)["filter"]).map(
      (one) => moments(one, 31).mean,
    );
    rotated.forEach((mean, i) => {
      const before = moved[i] as [number, number];
      expect(Math.hypot(...mean)).toBeCloseTo(Math.hypot(...before), 0);
      expect(Math.hypot(mean[0] - before[0], mean[1] - before[1])).toBeGreaterThan(0.1);
    });
    const [soft = []] = filters(make({ apodize: true }).step(1, 1)["filter"]);
    expect(soft[0]).toBe(0);
    expect(total(soft)).toBeCloseTo(1, 5);
  });

  it("apodizes by the distance in pixels from the middle, for odd and for even sides", () => {
    for (const side of [11, 12]) {
      const [plain = [], soft = []] = [false, true].map(
        (apodize) => filters(make({ psfSize: side, maxZernikeAmplitude: 0.4, apodize }).step(1, 1)["filter"])[0],
      );
      const width = Math.min(10, side / 2);
      const product = plain.map(
        (v, i) =>
          v *
          bump(Math.hypot(Math.floor(i / side) - (side - 1) / 2, (i % side) - (side - 1) / 2), side / 2 - width, width),
      );
      product.forEach((v, i) => expect(soft[i]).toBeCloseTo(v / total(product), 6));
    }
  });

  it("stays in the middle where height and width of pupil and filter differ", () => {
    const of = (pupilSize: readonly [number, number]) =>
      filters(make({ psfSize: [9, 15], pupilSize, maxZernikeAmplitude: 0 }).step(1, 0)["filter"])[0] as number[];
    const [square, wide] = [of([128, 128]), of([96, 128])];
    const peak = square[4 * 15 + 7] as number;
    wide.forEach((v, i) => expect(Math.abs(v - (square[i] as number))).toBeLessThan(0.03 * peak));
    expect(wide.indexOf(Math.max(...wide))).toBe(4 * 15 + 7);
  });

  it("has no negative entries where it is rotated", () => {
    for (const one of filters(make({ psfSize: 11, randomRotate: true }).step(20, 1)["filter"]))
      expect(Math.min(...one)).toBeGreaterThanOrEqual(0);
  });

  it("checks its options, and can be mixed with other blurs", () => {
    expectError(() => make({ zernikeIndex: [0] }), ArgumentError, "invalid_argument", "zernikeIndex");
    expectError(() => make({ zernikeIndex: [[2, 1]] }), ArgumentError, "invalid_argument", "even");
    expectError(() => make({ fc: 0 }), ArgumentError, "invalid_argument", "fc");
    expectError(() => make({ indexConvention: "fringe" as never }), ArgumentError, "invalid_argument", "noll");
    expectError(
      () => new DiffractionBlurGenerator({ psfsize: 3 } as never),
      ArgumentError,
      "unknown_option",
      "psfSize",
    );
    const mixture = new GeneratorMixture({
      generators: [make(), new MotionBlurGenerator({ psfSize: 21 })],
      probs: [0.5, 0.5],
    });
    expect(mixture.useBatchSampling).toBe(true);
    expect(mixture.step(4, 1)["filter"]?.shape).toEqual([4, 1, 21, 21]);
  });
});
