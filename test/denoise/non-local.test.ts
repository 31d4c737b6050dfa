import { beforeAll, describe, expect, it } from "vitest";
import { Domain } from "../../ts/denoise/domain.js";
import type { NoiseEstimate } from "../../ts/denoise/index.js";
import { withSimilarPatches } from "../../ts/denoise/non-local.js";
import { nonLocal } from "../../ts/functional/index.js";
import type { Pixels } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, zeros } from "../../ts/tensor/index.js";
import { drawn, psnr, withNoise, withPoisson } from "./pictures.js";

beforeAll(async () => await init());

const unit = { offset: 0, factor: 1 };
const estimate = (noise: Partial<NoiseEstimate>): NoiseEstimate => ({
  noise: "gaussian",
  correlation: 0,
  found: "",
  ...noise,
});

/** Bricks, four rows and columns of mortar between them. */
const bricks = drawn(96, (y, x) => {
  const [i, j] = [Math.round(y * 96), Math.round(x * 96)];
  return i % 12 < 2 || (j + (Math.floor(i / 12) % 2) * 8) % 16 < 2 ? 0.2 : 0.4 + 0.03 * ((i % 12) + (j % 4));
});

/** Means of 3 x 3 pixels: a denoiser that loses most of the mortar. */
function blurred({ data, shape }: Pixels): Pixels {
  const x = tensor(data, { shape: [1, ...shape] });
  const near = [-1, 0, 1];
  const shifted = near.flatMap((dy) => near.map((dx) => x.roll([dy, dx], [2, 3])));
  const mean = shifted.reduce((a, b) => a.add(b)).div(9);
  return { data: Float32Array.from(mean.dataSync()), shape };
}

describe("similar patches", () => {
  it("restore repeated content that the guide has lost, and every tile is told", async () => {
    const noisy = withNoise(bricks, 0.08, new Rng(1));
    const guide = blurred(noisy);
    const white = new Domain(estimate({ sigma: 0.08 }), unit).white;
    let told = 0;
    const result = await withSimilarPatches(noisy, guide, white as NonNullable<typeof white>, {
      onTile: (pixels) => {
        told += pixels;
      },
    });
    expect(told).toBe(96 * 96);
    const [given, local, ours] = [noisy, guide, result].map((image) => psnr(image, bricks)) as [number, number, number];
    expect(ours).toBeGreaterThan(Math.max(given, local) + 3);
  });

  it("work on counts, whose level depends on the value", async () => {
    const noisy = await withPoisson(bricks, 0.02, new Rng(2));
    const guide = blurred(noisy);
    const white = new Domain(estimate({ noise: "poisson", gain: 0.02 }), unit).white as NonNullable<Domain["white"]>;
    expect(white.sigma).toBe(1);
    for (const value of [0.1, 0.5, 1]) expect(white.leave(white.enter(value))).toBeCloseTo(value, 1);
    const result = await withSimilarPatches(noisy, guide, white, {});
    expect(psnr(result, bricks)).toBeGreaterThan(Math.max(psnr(noisy, bricks), psnr(guide, bricks)) + 2);
  });

  it("are not looked for where the noise is not white and Gaussian", () => {
    expect(new Domain(estimate({ sigma: 0.1, correlation: 0.3 }), unit).white).toBeUndefined();
    expect(new Domain(estimate({ noise: "gamma", looks: 4 }), unit).white).toBeUndefined();
    expect(new Domain(estimate({ sigma: 0 }), unit).white).toBeUndefined();
    const scaled = new Domain(estimate({ sigma: 20 }), { offset: 5, factor: 200 }).white;
    expect(scaled?.sigma).toBeCloseTo(0.1, 12);
  });

  it("draw what was clipped around the restored image", () => {
    const image: Pixels = { data: new Float32Array(400).fill(0), shape: [1, 20, 20] };
    const restored = { ...image, data: new Float32Array(400).fill(0.5) };
    const domain = new Domain(estimate({ sigma: 0.2, clipLow: 0, clipHigh: 1 }), unit);
    const { data } = domain.enterAround(image, restored, new Rng(3));
    expect(Math.max(...data)).toBeLessThanOrEqual(0);
    // The mean of a normal distribution beyond 2.5 standard deviations: 0.5 - 0.2 phi(2.5) / Phi(-2.5).
    const mean = 0.5 - 0.2 * (0.0175283 / 0.0062097);
    expect(Math.abs(data.reduce((a, b) => a + b) / 400 - mean)).toBeLessThan(0.01);
  });

  it("are refused where shapes or levels do not fit", () => {
    const x = zeros([1, 1, 8, 8]);
    expect(() => nonLocal(x, zeros([1, 1, 8, 9]), { sigma: 1 })).toThrow(/one shape/);
    expect(() => nonLocal(x, x, { sigma: 0 })).toThrow(/positive/);
    expect(() => nonLocal(x, x, { sigma: 1, radius: 3 } as { sigma: number })).toThrow(/radius/);
  });
});
