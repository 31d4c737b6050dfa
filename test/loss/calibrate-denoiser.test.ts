import { beforeAll, describe, expect, it } from "vitest";
import { conv2d } from "../../ts/functional/index.js";
import { calibrateDenoiser } from "../../ts/loss/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full, tensor, type Tensor } from "../../ts/tensor/index.js";

const SIDE = 48;
const SIGMA = 0.2;
let clean: Tensor;
let noise: Tensor;
let noisy: Tensor;

beforeAll(async () => {
  await init({ device: "cpu" });
  // Waves more than thirty pixels long.
  const waves = Float64Array.from(
    { length: SIDE * SIDE },
    (_, i) => 0.5 + 0.4 * Math.sin((i % SIDE) / 5) * Math.cos(Math.floor(i / SIDE) / 7),
  );
  clean = tensor(waves, { shape: [1, 1, SIDE, SIDE] });
  noise = new Rng(3).normal(clean.shape, clean).mul(SIGMA);
  noisy = clean.add(noise);
});

/** The mean over a square, and a share of the pixel itself. */
function smooth(y: Tensor, { side, keep = 0 }: { side: number; keep?: number }): Tensor {
  const weights = full([1, 1, side, side], 1 / side ** 2, { dtype: "float64" });
  return conv2d(y, weights, { padding: (side - 1) / 2 })
    .mul(1 - keep)
    .add(y.mul(keep));
}
const meanSquare = (a: Tensor, b: Tensor) => a.sub(b).square().mean().dataSync()[0] as number;

describe("calibrateDenoiser", () => {
  it("of the denoiser that does nothing measures the local average against the pixels that it replaces", async () => {
    const y = noisy.slice([0, 0, 0, 0], [1, 1, 9, 9]);
    const at = (row: number, column: number) => noisy.dataSync()[row * SIDE + column] as number;
    const { error } = await calibrateDenoiser({ y, denoiser: (input) => input, parameters: {}, width: 3 });
    let sum = 0;
    for (const row of [1, 4, 7])
      for (const column of [1, 4, 7]) {
        let average = 0;
        for (const down of [-1, 0, 1])
          for (const across of [-1, 0, 1]) {
            const weight = [4, 2, 1][Math.abs(down) + Math.abs(across)] as number;
            if (down !== 0 || across !== 0) average += (weight * at(row + down, column + across)) / 12;
          }
        sum += (average - at(row, column)) ** 2 / 9;
      }
    expect(error).toBeCloseTo(sum, 10);
  });

  it("chooses what the truth would, and estimates the error plus the variance of the noise", async () => {
    const parameters = { side: [1, 3, 5, 11], keep: [0, 0.5] };
    const found = await calibrateDenoiser({ y: noisy, denoiser: smooth, parameters, everySet: true });
    expect(found.tried.slice(0, 3).map(({ parameters: choice }) => choice)).toEqual([
      { side: 1, keep: 0 },
      { side: 1, keep: 0.5 },
      { side: 3, keep: 0 },
    ]);
    const variance = noise.square().mean().dataSync()[0] as number;
    const truth: number[] = [];
    for (const { parameters: choice, error } of found.tried) {
      const only = { side: [choice.side], keep: [choice.keep] };
      const { denoise } = await calibrateDenoiser({ y: noisy, denoiser: smooth, parameters: only });
      const risk = meanSquare(denoise(noisy), clean);
      // They differ by twice the mean of noise times error, of standard deviation 2 sigma risk^(1/2) / SIDE.
      expect(Math.abs(error - variance - risk)).toBeLessThan((5 * 2 * SIGMA * Math.sqrt(risk)) / SIDE);
      truth.push(risk);
    }
    const best = truth.indexOf(Math.min(...truth));
    expect(found.parameters).toEqual(found.tried[best]?.parameters);
    expect(meanSquare(found.denoise(noisy), clean)).toBe(truth[best]);
    expect(found.parameters.side).toBeGreaterThan(1);
  });

  it("with one set finds nearly the same errors", async () => {
    const parameters = { side: [3, 11] };
    const one = await calibrateDenoiser({ y: noisy, denoiser: smooth, parameters });
    const every = await calibrateDenoiser({ y: noisy, denoiser: smooth, parameters, everySet: true });
    expect(one.parameters).toEqual(every.parameters);
    one.tried.forEach(({ error }, i) => {
      expect(error / (every.tried[i]?.error as number)).toBeGreaterThan(0.7);
      expect(error / (every.tried[i]?.error as number)).toBeLessThan(1.4);
      expect(error).not.toBe(every.tried[i]?.error);
    });
  });

  it("passes over choices that give no numbers, and says where there is no other", async () => {
    const denoiser = (y: Tensor, { scale }: { scale: number }) => y.mul(scale).div(scale);
    const { parameters, tried } = await calibrateDenoiser({ y: noisy, denoiser, parameters: { scale: [0, 2] } });
    expect(parameters).toEqual({ scale: 2 });
    expect(tried[0]?.error).toBeNaN();
    const none = calibrateDenoiser({ y: noisy, denoiser, parameters: { scale: [0] } });
    await expect(none).rejects.toThrow(/not finite with every choice/);
  });

  it("refuses what it cannot use", async () => {
    const denoiser = (y: Tensor) => y;
    const bad = async (options: object) =>
      await calibrateDenoiser({ y: noisy, denoiser, parameters: {}, ...options } as never);
    await expect(bad({ parameters: { a: [] } })).rejects.toThrow(/parameters\.a has 0 values/);
    await expect(bad({ parameters: { a: Array(200).fill(1), b: Array(200).fill(1) } })).rejects.toThrow(
      /40000 choices/,
    );
    await expect(bad({ parameters: { a: 3 } })).rejects.toThrow(/parameters\.a is 3/);
    await expect(bad({ denoiser: (y: Tensor) => y.mean() })).rejects.toThrow(/gave a tensor of shape \[\]/);
    await expect(bad({ denoiser: () => 1 })).rejects.toThrow(/gave number/);
    await expect(bad({ y: noisy.slice([0, 0, 0, 0], [1, 1, 3, 48]) })).rejects.toThrow(/at least 4/);
    await expect(bad({ width: 1 })).rejects.toThrow(/width is 1/);
    await expect(bad({ stride: 1 })).rejects.toThrow(/unknown option "stride"/);
  });
});
