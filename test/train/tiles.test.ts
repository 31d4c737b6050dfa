import { beforeAll, describe, expect, it } from "vitest";
import { GaussianNoise, PoissonNoise, ZeroNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { restoreTiled, restoreUnclipped } from "../../ts/train/index.js";
import type { Pixels } from "../../ts/io/index.js";

beforeAll(async () => await init());

const [height, width] = [37, 53];
/** Values that are exact in float32. */
const image: Pixels = {
  data: Float32Array.from({ length: 2 * height * width }, (_, i) => (i % 251) / 256),
  shape: [2, height, width],
};

describe("restoreTiled", () => {
  it.each([
    [16, 4, 0],
    [16, 8, 8],
    [20, 6, 3],
    [64, 5, 5],
  ])("tiles of %d with margin %d and blend %d cover each pixel once", async (tile, margin, blend) => {
    const { data, shape } = await restoreTiled(image, (y) => y.mul(1), tile, margin, blend);
    expect(shape).toEqual(image.shape);
    expect(Math.max(...data.map((value, i) => Math.abs(value - image.data[i]!)))).toBeLessThan(
      blend === 0 ? 1e-12 : 1e-6,
    );
  });

  it("equals a single call on the whole image where each pixel depends only on those within the margin", async () => {
    const restore = (y: Parameters<Parameters<typeof restoreTiled>[1]>[0]) => y.add(y.roll([2, -2], [2, 3]));
    const [whole, tiled] = [await restoreTiled(image, restore, 64), await restoreTiled(image, restore, 16, 6, 4)];
    for (let i = 3; i < height - 3; i++)
      for (let j = 3; j < width - 3; j++) expect(tiled.data[i * width + j]!).toBeCloseTo(whole.data[i * width + j]!, 5);
  });

  it("blends tiles that differ linearly: no step at their border", async () => {
    const steps = async (blend: number) => {
      let calls = 0;
      const { data } = await restoreTiled(image, (y) => y.mul(0).add(++calls), 16, 8, blend);
      // Along a row within the first row of tiles.
      return Math.max(
        ...Array.from({ length: width - 1 }, (_, j) => Math.abs(data[3 * width + j + 1]! - data[3 * width + j]!)),
      );
    };
    expect(await steps(0)).toBe(1);
    expect(await steps(8)).toBeCloseTo(1 / 16, 5);
  });
});

describe("restoreUnclipped", () => {
  const clipped: Pixels = { data: image.data.map((value) => (value > 0.9 ? 1 : value)), shape: image.shape };
  const noiseModel = new GaussianNoise({ sigma: 0.1 });

  it("averages over draws of the clipped values, and leaves other pixels unchanged", async () => {
    const seen: Float32Array[] = [];
    const { data, shape } = await restoreUnclipped(
      clipped,
      async (pixels) => {
        seen.push(Float32Array.from(pixels.data));
        return pixels;
      },
      { noiseModel, rng: new Rng(0), draws: 3 },
    );
    expect(shape).toEqual(clipped.shape);
    expect(seen).toHaveLength(3);
    const at = clipped.data.indexOf(1);
    expect(new Set(seen.map((one) => one[at])).size).toBe(3);
    for (const [i, value] of data.entries()) {
      expect(value).toBeCloseTo(
        seen.reduce((sum, one) => sum + one[i]! / 3, 0),
        5,
      );
      if (clipped.data[i]! > 0 && clipped.data[i]! < 1) expect(value).toBeCloseTo(clipped.data[i]!, 6);
    }
  });

  it("calls once where nothing was clipped; Poisson noise is not clipped at 0", async () => {
    for (const [pixels, noise] of [
      [{ ...image, data: image.data.map((value) => 0.1 + value / 2) }, noiseModel],
      [image, new PoissonNoise({ gain: 0.1 })],
    ] as const) {
      let calls = 0;
      await restoreUnclipped(pixels, async (given) => (calls++, given), { noiseModel: noise, rng: new Rng(0) });
      expect(calls).toBe(1);
    }
    await expect(
      restoreUnclipped(image, async (given) => given, { noiseModel: new ZeroNoise(), rng: new Rng(0) }),
    ).rejects.toThrow(ArgumentError);
  });
});
