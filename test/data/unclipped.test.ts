import { beforeAll, describe, expect, it } from "vitest";
import { clippedNoise, TensorDataset, unclip, UnclippedDataset } from "../../ts/data/index.js";
import { GammaNoise, GaussianNoise, LaplaceNoise, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { full, memory, tensor } from "../../ts/tensor/index.js";

beforeAll(async () => await init());

const side = 96;

/** A flat image with Gaussian noise of 0.1, cut to [0, 1]. */
async function clipped(x: number, seed: number): Promise<Float32Array> {
  return Float32Array.from(await new Rng(seed).normal([side, side]).mul(0.1).add(x).clamp(0, 1).data());
}

function moments(values: ArrayLike<number>): { mean: number; deviation: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, v) => sum + v, 0) / list.length;
  return { mean, deviation: Math.sqrt(list.reduce((sum, v) => sum + (v - mean) ** 2, 0) / list.length) };
}

describe("unclip", () => {
  const noise = clippedNoise(new GaussianNoise({ sigma: 0.1 }));

  it.each([0, 0.05, 0.2, 0.5, 0.97, 1])("gives back mean and deviation of the noise around %d", async (x) => {
    const cut = await clipped(x, 1);
    const { mean, deviation } = moments(unclip(cut, [1, side, side], noise, new Rng(2)));
    // The clean value is estimated from 25 pixels, and lies between 0 and 1: at an end the estimate errs by a tenth of
    // sigma to one side.
    expect(Math.abs(mean - x)).toBeLessThan(0.012);
    expect(Math.abs(deviation - 0.1)).toBeLessThan(0.012);
    // At the ends the cut moves the mean by 0.04 and takes four tenths of the deviation: this test can fail.
    if (x === 0 || x === 1) {
      expect(Math.abs(moments(cut).mean - x)).toBeGreaterThan(0.03);
      expect(moments(cut).deviation).toBeLessThan(0.07);
    }
  });

  it("changes only what was cut, and moves it beyond the end", async () => {
    const cut = await clipped(0.05, 3);
    const filled = unclip(cut, [1, side, side], noise, new Rng(4));
    for (const [i, value] of cut.entries()) {
      if (value > 0 && value < 1) expect(filled[i]).toBe(value);
      else expect(value === 0 ? -(filled[i] as number) : (filled[i] as number) - 1).toBeGreaterThanOrEqual(0);
    }
    expect(unclip(cut, [1, side, side], noise, new Rng(4))).toEqual(filled);
    expect(unclip(cut, [1, side, side], noise, new Rng(5))).not.toEqual(filled);
  });

  it("knows that counts and speckle are only cut above", () => {
    for (const model of [new PoissonNoise({ gain: 0.05 }), new GammaNoise({ l: 20 })]) {
      const values = unclip([0, 0.5, 1, 0.9], [1, 2, 2], clippedNoise(model), new Rng(0));
      expect(Array.from(values.slice(0, 2))).toEqual([0, 0.5]);
      expect(values[2]).toBeGreaterThan(1);
    }
  });

  it("takes clean black for black", () => {
    const values = unclip(new Float32Array(25), [1, 5, 5], clippedNoise(new PoissonNoise({ gain: 0.1 })), new Rng(0));
    expect(values).toEqual(new Float32Array(25));
  });
});

describe("UnclippedDataset", () => {
  it("gives the measurements with what was cut drawn anew, and leaks nothing", async () => {
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

  it("named errors", async () => {
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
