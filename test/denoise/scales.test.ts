import { beforeAll, describe, expect, it } from "vitest";
import { learn, type NoiseEstimate, startNetwork } from "../../ts/denoise/index.js";
import { Domain } from "../../ts/denoise/domain.js";
import { coarserScales, withCoarseScale } from "../../ts/denoise/scales.js";
import { SYMMETRIES, turnBack, turnPixels } from "../../ts/denoise/turns.js";
import type { Pixels } from "../../ts/io/index.js";
import { Denoising } from "../../ts/physics/index.js";
import { normalValues, Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, tensor, tidy } from "../../ts/tensor/index.js";
import { drawn, psnr, withNoise, withPoisson } from "./pictures.js";

beforeAll(async () => await init());

const gaussian = (sigma: number, clipLow?: number): NoiseEstimate => ({
  noise: "gaussian",
  sigma,
  correlation: 0,
  found: "",
  ...(clipLow === undefined ? {} : { clipLow }),
});

const random = (rows: number, columns: number): Pixels => ({
  data: Float32Array.from(normalValues(new Rng(1), [2 * rows * columns])),
  shape: [2, rows, columns],
});

describe("scales", () => {
  it("are means of 2 x 2 and 4 x 4 pixels, as many as have 32 pixels a side", () => {
    const image = random(129, 200);
    const [half, quarter, ...more] = coarserScales(image);
    expect([half?.shape, quarter?.shape, more]).toEqual([[2, 64, 100], [2, 32, 50], []]);
    let sum = 0;
    for (let i = 0; i < 4; i++) for (let j = 0; j < 4; j++) sum += image.data[(129 + 8 + i) * 200 + 12 + j] as number;
    expect(quarter?.data[(32 + 2) * 50 + 3]).toBeCloseTo(sum / 16, 5);
    expect(coarserScales(random(63, 200))).toEqual([]);
  });

  it("change nothing where they agree, and a constant difference is added, also to an odd last row", async () => {
    const image = random(65, 67);
    const half = coarserScales(image)[0] as Pixels;
    const copy = (): Pixels => ({ ...image, data: image.data.slice() });
    const same = await withCoarseScale(copy(), half);
    expect(Math.max(...same.data.map((value, i) => Math.abs(value - (image.data[i] as number))))).toBeLessThan(1e-6);
    const brighter = await withCoarseScale(copy(), { ...half, data: half.data.map((value) => value + 0.25) });
    const errors = brighter.data.map((value, i) => Math.abs(value - (image.data[i] as number) - 0.25));
    expect(Math.max(...errors)).toBeLessThan(1e-5);
  });

  it("correct wide structures, and leave fine ones alone", async () => {
    const wave = (period: number) => (_: number, x: number) =>
      0.5 + 0.1 * Math.sin((2 * Math.PI * (128 * x + 0.5)) / period);
    /** How much of a wave that only the coarser scale has is taken over. */
    const taken = async (period: number): Promise<number> => {
      const { data } = await withCoarseScale(
        drawn(128, () => 0.5),
        coarserScales(drawn(128, wave(period)))[0] as Pixels,
      );
      return Math.hypot(...data.map((value) => value - 0.5)) / (0.1 * Math.sqrt(data.length / 2));
    };
    expect(await taken(64)).toBeGreaterThan(0.95);
    expect(await taken(6)).toBeLessThan(0.05);
  });
});

describe("the noise of means of four pixels", () => {
  it("is of the same kind, with a quarter of the variance", async () => {
    const flat = drawn(256, () => 0.4);
    const variance = ({ data }: Pixels): number => {
      const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
      return data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    };
    for (const [noise, image] of [
      [gaussian(0.1), withNoise(flat, 0.1, new Rng(2))],
      [{ noise: "poisson", gain: 0.02, correlation: 0, found: "" }, await withPoisson(flat, 0.02, new Rng(3))],
    ] as const) {
      const domain = new Domain(noise, { offset: 0, factor: 1 });
      const model = domain.noiseOfMeans(1 / 4) as { sigma?: number; gain?: number };
      const expected = model.gain === undefined ? (model.sigma as number) ** 2 : model.gain * 0.4;
      // 16,384 means: their variance is known to 1.1 %.
      expect(Math.abs(variance(coarserScales(image)[0] as Pixels) / expected - 1)).toBeLessThan(0.04);
    }
  });
});

it("a smooth picture becomes better by its coarser scales, also where its noise was clipped", async () => {
  const truth = drawn(128, (y, x) => Math.max(0, 0.3 * Math.sin(3 * x + 1) * Math.cos(2 * y)));
  const noisy = withNoise(truth, 0.15, new Rng(4));
  const image = { ...noisy, data: noisy.data.map((value) => Math.max(0, value)) };
  const denoiser = await learn([image], { noise: gaussian(0.15, 0), quality: "fast", rng: new Rng(0) });
  const restored = await denoiser.restore(image, { rng: new Rng(0) });
  denoiser.dispose();
  const network = await startNetwork();
  network.eval();
  const domain = Domain.of([image], gaussian(0.15, 0));
  const physics = new Denoising({ noiseModel: domain.noiseModel });
  const oneScale = { data: new Float32Array(image.data.length), shape: image.shape };
  for (let k = 0; k < SYMMETRIES; k++) {
    const { data, shape } = turnPixels(domain.enterClipped(image), k);
    const output = noGrad(() => tidy(() => network.forward(tensor(data, { shape: [1, ...shape] }), physics)));
    turnBack({ data: Float32Array.from(await output.data()), shape }, k).data.forEach(
      (value, i) => (oneScale.data[i] = (oneScale.data[i] as number) + value / SYMMETRIES),
    );
  }
  expect(psnr(restored, truth)).toBeGreaterThan(psnr(domain.leave(oneScale), truth) + 0.2);
});
