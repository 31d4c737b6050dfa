import { beforeAll, describe, expect, it } from "vitest";
import { cutPixels } from "../../ts/data/index.js";
import { Domain } from "../../ts/denoise/domain.js";
import { knownNoise, learn } from "../../ts/denoise/index.js";
import { areBetter, estimatedRisks, holdBack } from "../../ts/denoise/judge.js";
import { startNetwork } from "../../ts/denoise/network.js";
import { parseSafetensors, type Pixels, readPixels } from "../../ts/io/index.js";
import { Denoising } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, tensor } from "../../ts/tensor/index.js";

beforeAll(async () => await init({ device: "cpu" }));

/** Adds Gaussian noise. */
function noisy({ data, shape }: Pixels, sigma: number, seed: number): Pixels {
  const noise = new Rng(seed).normal(shape).dataSync();
  return { data: data.map((value, i) => value + sigma * (noise[i] as number)), shape };
}

/** Stripes of one pixel. */
function stripes(rows: number, columns: number): Pixels {
  const data = Float32Array.from({ length: rows * columns }, (_, i) => 0.3 + 0.4 * ((i % columns) % 2));
  return { data, shape: [1, rows, columns] };
}

describe("holdBack", () => {
  it.each([
    [512, 400],
    [257, 390],
    [100, 1000],
    [300, 300],
  ])("cuts %i x %i pixels into squares, each pixel once, a fifth to a third of them held back", (rows, columns) => {
    const data = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const { learned, judging } = holdBack([{ data, shape: [1, rows, columns] }]);
    const all = [...learned, ...judging].flatMap((part) => [...part.data]).sort((a, b) => a - b);
    expect(all).toEqual([...data]);
    const share = judging.reduce((sum, part) => sum + part.data.length, 0) / data.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.34);
  });

  it("gives small images to both parts", () => {
    const image = stripes(40, 60);
    expect(holdBack([image])).toEqual({ learned: [image], judging: [image] });
  });
});

describe("estimatedRisks", () => {
  it("are the mean squared errors, without the clean image", async () => {
    const clean = cutPixels(await readPixels("examples/images/camera.png"), 32, 64, 96, 96);
    const [model, sigma] = [await startNetwork(), 0.1];
    model.eval();
    const noise = knownNoise([clean], { noise: "gaussian", sigma });
    for (let seed = 0; seed < 3; seed++) {
      const y = noisy(clean, sigma, seed);
      const domain = Domain.of([y], noise);
      const physics = new Denoising({ noiseModel: domain.noiseModel });
      // Another stream than that of the noise: the probe must not depend on it.
      const [risk] = (await estimatedRisks(model, [y], domain, physics, new Rng(100 + seed))) as [number];
      const { data, shape } = domain.enterClipped(y);
      const output = noGrad(() => model.forward(tensor(data, { shape: [1, ...shape] }), physics));
      const target = domain.enterClipped(clean).data;
      const squares = Array.from(output.dataSync(), (value, i) => (value - (target[i] as number)) ** 2);
      const error = squares.reduce((a, b) => a + b) / squares.length / (sigma / domain.numbers.factor) ** 2;
      // The mean square of 9216 normal numbers alone has a standard deviation of 0.015; the estimate contains it.
      expect(Math.abs(risk - error)).toBeLessThan(0.06);
      expect(error).toBeGreaterThan(0.06);
    }
  });
});

describe("areBetter", () => {
  it("asks for differences below zero by more than their standard error", () => {
    expect(areBetter([-0.1, -0.11, -0.09, -0.1])).toBe(true);
    expect(areBetter([0.1, 0.11, 0.09, 0.1])).toBe(false);
    expect(areBetter([-1, 0.9, -1, 1])).toBe(false);
    expect(areBetter([NaN, -1])).toBe(false);
  });
});

describe("learn", () => {
  it("takes the network as it is at quality fast", async () => {
    const image = noisy(stripes(32, 32), 0.1, 0);
    const noise = knownNoise([image], { noise: "gaussian", sigma: 0.1 });
    const denoiser = await learn([image], { noise, quality: "fast", rng: new Rng(0) });
    expect([denoiser.steps, denoiser.isAdapted]).toEqual([0, false]);
  });

  it("keeps the network at the start where learning made it worse", async () => {
    // Neighbor2Neighbor takes neighbours for the same, and with stripes of one pixel they are not.
    const image = noisy(stripes(192, 256), 0.1, 1);
    const noise = knownNoise([image], { noise: "gaussian", sigma: 0.1 });
    const denoiser = await learn([image], { noise, loss: "neighbor2neighbor", steps: 25, rng: new Rng(0) });
    expect(denoiser.isAdapted).toBe(false);
    const saved = parseSafetensors(await denoiser.toBytes());
    for (const [name, value] of (await startNetwork()).namedParameters())
      expect((saved[name] as typeof value).dataSync(), name).toEqual(value.dataSync());
  });

  it("adapts to a pattern that no photograph has", async () => {
    const clean = stripes(192, 256);
    const image = noisy(clean, 0.3, 2);
    const noise = knownNoise([image], { noise: "gaussian", sigma: 0.3 });
    const error = async (quality: "fast" | "normal", steps?: number): Promise<number> => {
      const options = { noise, quality, rng: new Rng(0), ...(steps === undefined ? {} : { steps }) };
      const { data } = await (await learn([image], options)).restore(image);
      return data.reduce((sum, value, i) => sum + (value - (clean.data[i] as number)) ** 2, 0) / data.length;
    };
    expect(await error("normal", 40)).toBeLessThan(0.8 * (await error("fast")));
  });
});
