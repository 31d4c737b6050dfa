import { beforeAll, describe, expect, it } from "vitest";
import { clippedNoise, TensorDataset, unclip, UnclippedDataset } from "../../ts/data/index.js";
import { GammaNoise, GaussianNoise, LaplaceNoise, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { full, memory, tensor } from "../../ts/tensor/index.js";

beforeAll(async () => await init());

const side = 96;

/** A constant image with Gaussian noise of standard deviation 0.1, clipped to [0, 1]. */
async function clippedImage(x: number, seed: number): Promise<Float32Array> {
  return Float32Array.from(await new Rng(seed).normal([side, side]).mul(0.1).add(x).clamp(0, 1).data());
}

function moments(values: ArrayLike<number>): { mean: number; sigma: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, v) => sum + v, 0) / list.length;
  return { mean, sigma: Math.sqrt(list.reduce((sum, v) => sum + (v - mean) ** 2, 0) / list.length) };
}

describe("unclip", () => {
  const noise = clippedNoise(new GaussianNoise({ sigma: 0.1 }));

  it.each([0, 0.05, 0.2, 0.5, 0.97, 1])("restores mean and standard deviation of the noise around %d", async (x) => {
    const clipped = await clippedImage(x, 1);
    const { mean, sigma } = moments(unclip(clipped, [1, side, side], noise, new Rng(2)));
    // The clean value is estimated from 25 pixels and is between 0 and 1: at the ends it has a bias of a tenth of
    // sigma.
    expect(Math.abs(mean - x)).toBeLessThan(0.012);
    expect(Math.abs(sigma - 0.1)).toBeLessThan(0.012);
    // Without unclipping the test fails at the ends: clipping moves the mean by 0.04 and reduces sigma by 40 %.
    if (x === 0 || x === 1) {
      expect(Math.abs(moments(clipped).mean - x)).toBeGreaterThan(0.03);
      expect(moments(clipped).sigma).toBeLessThan(0.07);
    }
  });

  it("changes only clipped values, and moves them beyond the ends", async () => {
    const clipped = await clippedImage(0.05, 3);
    const filled = unclip(clipped, [1, side, side], noise, new Rng(4));
    for (const [i, value] of clipped.entries()) {
      if (value > 0 && value < 1) expect(filled[i]).toBe(value);
      else expect(value === 0 ? -(filled[i] as number) : (filled[i] as number) - 1).toBeGreaterThanOrEqual(0);
    }
    expect(unclip(clipped, [1, side, side], noise, new Rng(4))).toEqual(filled);
    expect(unclip(clipped, [1, side, side], noise, new Rng(5))).not.toEqual(filled);
  });

  it("draws around clean values that are given", async () => {
    const clipped = await clippedImage(0.05, 3);
    const filled = unclip(clipped, [1, side, side], noise, new Rng(4), new Float32Array(clipped.length).fill(0.05));
    const { mean, sigma } = moments(filled);
    // 9,216 pixels: four standard errors. Local means come within 0.012.
    expect(Math.abs(mean - 0.05)).toBeLessThan(0.0042);
    expect(Math.abs(sigma - 0.1)).toBeLessThan(0.003);
    expect(() => unclip(clipped, [1, side, side], noise, new Rng(4), [0.5])).toThrow(/estimate/);
  });

  it("treats Poisson and gamma noise as clipped above only", () => {
    for (const model of [new PoissonNoise({ gain: 0.05 }), new GammaNoise({ l: 20 })]) {
      const values = unclip([0, 0.5, 1, 0.9], [1, 2, 2], clippedNoise(model), new Rng(0));
      expect(Array.from(values.slice(0, 2))).toEqual([0, 0.5]);
      expect(values[2]).toBeGreaterThan(1);
    }
  });

  it("keeps a black image with Poisson noise unchanged", () => {
    const values = unclip(new Float32Array(25), [1, 5, 5], clippedNoise(new PoissonNoise({ gain: 0.1 })), new Rng(0));
    expect(values).toEqual(new Float32Array(25));
  });
});

describe("UnclippedDataset", () => {
  it("redraws clipped values, and leaks no tensors", async () => {
    const y = full([2, 1, 8, 8], 1);
    const dataset = new UnclippedDataset({
      dataset: new TensorDataset({ y }),
      noiseModel: new GaussianNoise({ sigma: 0.1 }),
    });
    expect(dataset.length).toBe(2);
    const before = memory();
    const sample = await dataset.get(0, { rng: new Rng(0) });
    expect(sample.y?.shape).toEqual([1, 8, 8]);
    expect(Math.min(...(await (sample.y as NonNullable<typeof sample.y>).data()))).toBeGreaterThan(1);
    sample.y?.dispose();
    expect(memory()).toEqual(before);
  });

  it("refuses other noise models, unknown options and samples without a measurement", async () => {
    const data = new TensorDataset({ x: tensor([[[0]]], { shape: [1, 1, 1, 1] }) });
    const gaussian = new GaussianNoise({ sigma: 0.1 });
    expect(() => new UnclippedDataset({ dataset: data, noiseModel: new LaplaceNoise({ b: 0.1 }) })).toThrow(
      ArgumentError,
    );
    expect(() => new UnclippedDataset({ dataset: data, noiseModel: gaussian, low: 0 } as never)).toThrow(/low/);
    await expect(new UnclippedDataset({ dataset: data, noiseModel: gaussian }).get(0)).rejects.toMatchObject({
      code: "missing_argument",
    });
  });
});
