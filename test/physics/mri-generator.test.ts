import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError } from "../../ts/runtime/index.js";
import { ones, tensor, zeros, type Tensor } from "../../ts/tensor/index.js";
import { expectError, start } from "./helpers.js";

beforeAll(start);

const step = (generator: physics.PhysicsGenerator, batch: number, options = {}): Tensor =>
  generator.step(batch, { rng: new Rng(1), ...options }).mask as Tensor;
const values = (t: Tensor) => Array.from(t.dataSync());

describe("generators of MRI masks", () => {
  const classes = [
    "RandomMaskGenerator",
    "GaussianMaskGenerator",
    "EquispacedMaskGenerator",
    "PolyOrderMaskGenerator",
  ] as const;

  it.each(classes)(
    "%s: whole columns, the centre always, alike in all channels, other ones for each image and frame",
    (name) => {
      const generator = new physics[name]({ imgSize: [2, 3, 7, 64], acceleration: 4 });
      const mask = step(generator, 5);
      expect(mask.shape).toEqual([5, 2, 3, 7, 64]);
      expect(values(mask).every((v) => v === 0 || v === 1)).toBe(true);
      // Every row of every channel equals the first.
      expect(
        mask
          .sub(mask.slice([0, 0, 0, 0, 0], [5, 1, 3, 1, 64]))
          .abs()
          .max()
          .itemSync(),
      ).toBe(0);
      // floor(0.08 * 64) = 5 columns in the centre, from 30 on (equispaced: from floor(60 / 2) = 30 on).
      expect(mask.slice([0, 0, 0, 0, 30], [5, 2, 3, 7, 35]).min().itemSync()).toBe(1);
      const patterns = new Set(
        values(mask.slice([0, 0, 0, 0, 0], [5, 1, 3, 1, 64]))
          .join("")
          .match(/.{64}/g),
      );
      expect(patterns.size).toBeGreaterThan(3);
      expect(step(generator, 2, { imgSize: [5, 40] }).shape).toEqual([2, 2, 3, 5, 40]);
    },
  );

  it.each([
    [4, 16],
    [8, 8],
    [2.5, 25],
  ])("acceleration %d gives %d of 64 columns", (acceleration, lines) => {
    for (const name of ["RandomMaskGenerator", "GaussianMaskGenerator"] as const) {
      const counts = values(step(new physics[name]({ imgSize: [1, 64], acceleration }), 20).sum([1, 2, 3]));
      expect(new Set(counts)).toEqual(new Set([lines]));
    }
    const equispaced = values(
      step(new physics.EquispacedMaskGenerator({ imgSize: [1, 64], acceleration }), 20).sum([1, 2, 3]),
    );
    for (const n of equispaced) expect(Math.abs(n - lines)).toBeLessThanOrEqual(2);
    const poly = new physics.PolyOrderMaskGenerator({ imgSize: [1, 64], acceleration });
    expect(poly.getPdf().reduce((a, b) => a + b, 0) / 64).toBeCloseTo(1 / acceleration, 3);
  });

  it("columns are drawn with the probabilities they should have", () => {
    const draws = 4000;
    const uniform = values(
      step(new physics.RandomMaskGenerator({ imgSize: [1, 32], centerFraction: 0.1 }), draws).mean([0, 1, 2]),
    );
    // Of 29 columns outside a centre of three, five are drawn.
    for (const [i, p] of uniform.entries()) {
      const expected = i >= 15 && i < 18 ? 1 : 5 / 29;
      expect(Math.abs(p - expected)).toBeLessThan(4.5 * Math.sqrt((expected * (1 - expected)) / draws) + 1e-9);
    }
    const poly = new physics.PolyOrderMaskGenerator({ imgSize: [1, 32], polyOrder: 4 });
    const pdf = poly.getPdf();
    for (const [i, p] of values(step(poly, draws).mean([0, 1, 2])).entries()) {
      const expected = pdf[i] as number;
      expect(Math.abs(p - expected)).toBeLessThan(4.5 * Math.sqrt((expected * (1 - expected)) / draws) + 1e-9);
    }
    const gaussian = values(step(new physics.GaussianMaskGenerator({ imgSize: [1, 32] }), draws).mean([0, 1, 2]));
    expect(gaussian[14] as number).toBeGreaterThan(2 * (gaussian[2] as number));
    expect(gaussian[0] as number).toBeGreaterThan(0);
    // One column drawn: the probability is proportional to the weight.
    const one = new physics.GaussianMaskGenerator({ imgSize: [1, 8], acceleration: 8, centerFraction: 0 });
    const weights = one.getPdf(8);
    const total = weights.reduce((a, b) => a + b, 0);
    for (const [i, p] of values(step(one, draws).mean([0, 1, 2])).entries()) {
      const expected = (weights[i] as number) / total;
      expect(Math.abs(p - expected)).toBeLessThan(4.5 * Math.sqrt((expected * (1 - expected)) / draws));
    }
  });

  it("the same seed gives the same mask; bad options have names", () => {
    const generator = new physics.GaussianMaskGenerator({ imgSize: [2, 8, 32] });
    expect(values(generator.step(2, 7).mask as Tensor)).toEqual(values(generator.step(2, 7).mask as Tensor));
    expectError(() => new physics.RandomMaskGenerator({} as never), ArgumentError, "missing_argument", "imgSize");
    expectError(() => new physics.RandomMaskGenerator({ imgSize: [32] }), ArgumentError, "invalid_argument", "[H, W]");
    expectError(
      () => new physics.RandomMaskGenerator({ imgSize: [8, 32], centerFraction: 0.5 }),
      ArgumentError,
      "invalid_argument",
      "centerFraction",
    );
    expectError(
      () => new physics.RandomMaskGenerator({ imgSize: [8, 4], acceleration: 5 }),
      ArgumentError,
      "empty_mask",
      "acceleration",
    );
    expectError(
      () => new physics.PolyOrderMaskGenerator({ imgSize: [8, 32], polyOder: 3 } as never),
      ArgumentError,
      "unknown_option",
      "polyOrder",
    );
  });
});

describe("generators of splitting masks for k-space and time", () => {
  it("MultiplicativeSplittingMaskGenerator: a subset of the mask, with the second generator's probabilities", () => {
    const imgSize = [2, 6, 32];
    const inputMask = step(new physics.GaussianMaskGenerator({ imgSize }), 300);
    const splitGenerator = new physics.RandomMaskGenerator({ imgSize, acceleration: 2, centerFraction: 0 });
    const generator = new physics.MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator });
    const mask = step(generator, 300, { inputMask, rng: new Rng(2) });
    expect(mask.mul(inputMask).sub(mask).abs().max().itemSync()).toBe(0);
    expect(mask.sum().itemSync() / inputMask.sum().itemSync()).toBeCloseTo(0.5, 1);
    expect(
      values(generator.average(200, { seed: 1 }).mask as Tensor).reduce((a, b) => a + b, 0) / (2 * 6 * 32),
    ).toBeCloseTo(0.5, 6);
    expectError(
      () => new physics.MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator: 3 as never }),
      ArgumentError,
      "invalid_argument",
      "splitGenerator",
    );
  });

  it("GaussianSplittingMaskGenerator: keeps the block, leaves out a share, the centre more often", () => {
    const imgSize = [2, 16, 20];
    const generator = new physics.GaussianSplittingMaskGenerator({ imgSize, splitRatio: 0.6, centerBlock: 4 });
    const mask = step(generator, 200, { inputMask: ones([1, ...imgSize]) });
    expect(mask.shape).toEqual([200, 2, 16, 20]);
    expect(new Set(values(mask.sum([1, 2, 3])))).toEqual(new Set([2 * (320 - Math.ceil(320 * 0.4))]));
    expect(mask.slice([0, 0, 6, 8], [200, 2, 10, 12]).min().itemSync()).toBe(1);
    expect(mask.select(1, 0).sub(mask.select(1, 1)).abs().max().itemSync()).toBe(0);
    const kept = values(mask.mean([0, 1]));
    expect(kept[5 * 20 + 9] as number).toBeLessThan((kept[0] as number) - 0.3);
    const measured = step(new physics.RandomMaskGenerator({ imgSize, acceleration: 2 }), 3);
    const split = step(generator, 3, { inputMask: measured });
    expect(split.mul(measured).sub(split).abs().max().itemSync()).toBe(0);
    const video = new physics.GaussianSplittingMaskGenerator({
      imgSize: [1, 3, 8, 8],
      splitRatio: 0.5,
      centerBlock: 0,
      pixelwise: false,
    });
    expect(values(step(video, 2).sum([3, 4]))).toEqual([32, 32, 32, 32, 32, 32]);
    expectError(() => step(generator, 1, { inputMask: zeros([1, ...imgSize]) }), ArgumentError, "empty_mask");
    const block = zeros([2, 16, 20])
      .add(0)
      .slice([0, 0, 0], [2, 16, 20])
      .pad([0, 0, 0, 0, 0, 0])
      .add(
        tensor(
          Float32Array.from({ length: 320 }, (_, i) => (i === 8 * 20 + 10 ? 1 : 0)),
          { shape: [1, 16, 20] },
        ),
      );
    expectError(() => step(generator, 1, { inputMask: block }), ArgumentError, "empty_split", "centerBlock");
  });

  it("Phase2Phase keeps the even frames, Artifact2Artifact one chunk of each image", () => {
    const imgSize = [2, 6, 2, 3];
    const frames = (mask: Tensor) =>
      values(mask.sum([1, 3, 4]))
        .map((n) => n / 12)
        .join("")
        .match(/.{6}/g);
    expect(frames(step(new physics.Phase2PhaseSplittingMaskGenerator({ imgSize }), 2))).toEqual(["101010", "101010"]);
    const chunks = new physics.Artifact2ArtifactSplittingMaskGenerator({ imgSize, splitSize: 2 });
    const seen = new Map<string, number>();
    for (const one of frames(step(chunks, 3000)) ?? []) seen.set(one, (seen.get(one) ?? 0) + 1);
    expect([...seen.keys()].sort()).toEqual(["000011", "001100", "110000"]);
    for (const n of seen.values()) expect(Math.abs(n - 1000)).toBeLessThan(4.5 * Math.sqrt(3000 * (1 / 3) * (2 / 3)));
    const inputMask = ones([1, ...imgSize]).mul(0.5);
    expect(step(chunks, 2, { inputMask }).max().itemSync()).toBe(0.5);
    expectError(
      () => new physics.Artifact2ArtifactSplittingMaskGenerator({ imgSize, splitSize: 4 }),
      ArgumentError,
      "invalid_argument",
      "divide",
    );
    expectError(
      () => new physics.Artifact2ArtifactSplittingMaskGenerator({ imgSize, splitSize: 6 }),
      ArgumentError,
      "empty_split",
    );
    expectError(
      () => new physics.Phase2PhaseSplittingMaskGenerator({ imgSize: [2, 4, 4] }),
      ArgumentError,
      "invalid_argument",
      "[C, T, H, W]",
    );
  });
});
