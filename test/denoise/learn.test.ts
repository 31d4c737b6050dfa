import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Denoiser, type DenoiseProgress, estimateNoise, learn } from "../../ts/denoise/index.js";
import { writeSafetensors, type Pixels } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, ones } from "../../ts/tensor/index.js";
import { eightBit, photograph, psnr, withNoise, withPoisson } from "./pictures.js";

let folder: string;
let truth: Pixels;
let noisy: Pixels;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-denoise-"));
  truth = await photograph("camera", 64);
  truth = { ...truth, data: truth.data.map((value) => 0.15 + 0.7 * value) };
  noisy = withNoise(truth, 0.08, new Rng(1));
});
afterAll(async () => await rm(folder, { recursive: true }));

const options = (images: readonly Pixels[], steps = 16) => ({
  noise: estimateNoise(images),
  quality: "fast" as const,
  steps,
  rng: new Rng(0),
});

async function denoised(image: Pixels, steps?: number): Promise<Pixels> {
  const denoiser = await learn([image], options([image], steps));
  const clean = await denoiser.restore(image, { rng: new Rng(0) });
  denoiser.dispose();
  return clean;
}

it("ends as well in any unit: 8 and 16 bits, 12 in 16, floats with an offset, negative values", async () => {
  const ends: number[] = [];
  for (const [a, b, store] of [
    [1, 0, eightBit],
    [1, 0, (image: Pixels) => image],
    [4095 / 65535, 0, (image: Pixels) => image],
    [500, 100, (image: Pixels) => image],
    [3000, -2000, (image: Pixels) => image],
  ] as const) {
    const { data, shape } = store(noisy);
    const clean = await denoised({ data: data.map((value) => a * value + b), shape });
    ends.push(psnr({ data: clean.data.map((value) => (value - b) / a), shape }, truth));
  }
  expect(Math.min(...ends)).toBeGreaterThan(psnr(noisy, truth) + 2);
  expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(0.1);
});

it("learns from Poisson-Gaussian noise", async () => {
  const image = withNoise(await withPoisson(truth, 0.02, new Rng(2)), 0.04, new Rng(3));
  const noise = { noise: "poisson-gaussian", gain: 0.02, sigma: 0.04, correlation: 0, found: "" } as const;
  for (const loss of ["r2r", "sure"] as const) {
    const denoiser = await learn([image], { ...options([image]), noise, loss });
    const clean = await denoiser.restore(image, { rng: new Rng(0) });
    expect(psnr(clean, truth)).toBeGreaterThan(psnr(image, truth) + 2);
    denoiser.dispose();
  }
});

it("is kept in a file, with noise and scale, and gives the same results", async () => {
  const denoiser = await learn([noisy, truth], options([noisy], 5));
  const path = join(folder, "model.safetensors");
  await denoiser.save(path);
  for (const loaded of [await Denoiser.load(path), await Denoiser.load(await denoiser.toBytes())]) {
    expect([loaded.noise, loaded.loss, loaded.steps]).toEqual([denoiser.noise, denoiser.loss, denoiser.steps]);
    const [one, other] = [denoiser, loaded].map(async (each) => await each.restore(noisy, { rng: new Rng(4) }));
    expect(await one).toEqual(await other);
    loaded.dispose();
  }
  denoiser.dispose();
  const strange = join(folder, "strange.safetensors");
  await writeSafetensors(strange, { weight: ones([3]) });
  await expect(Denoiser.load(strange)).rejects.toThrow(/no model of adjoint denoise/);
});

describe("progress, ends and mistakes", () => {
  it("tells one progress over learning and restoring, whose time goes to 0", async () => {
    const seen: DenoiseProgress[] = [];
    const onProgress = (progress: DenoiseProgress) => void seen.push(progress);
    const denoiser = await learn([noisy], { ...options([noisy], 30), toRestore: 2 * 64 * 64, onProgress });
    for (let k = 0; k < 2; k++) await denoiser.restore(noisy, { rng: new Rng(0), onProgress });
    denoiser.dispose();
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(["learning", "restoring"]);
    expect(seen.at(-1)).toEqual({ phase: "restoring", done: 1, secondsLeft: 0 });
    const learned = seen.filter(({ phase }) => phase === "learning").at(-1) as DenoiseProgress;
    expect(learned.done).toBeLessThan(1);
    expect(learned.secondsLeft).toBeGreaterThan(0);
  });

  it("stops when it is aborted", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const { signal } = controller;
    await expect(learn([noisy], { ...options([noisy], 500), signal, onProgress })).rejects.toThrow("enough");
    const denoiser = await learn([noisy], options([noisy], 2));
    await expect(denoiser.restore(noisy, { signal })).rejects.toThrow("enough");
    denoiser.dispose();
  });

  it("leaves no tensors behind", async () => {
    const before = memory().tensors;
    const denoiser = await learn([noisy], options([noisy], 3));
    await denoiser.restore(noisy, { rng: new Rng(0) });
    const trained = memory().tensors;
    await denoiser.restore(noisy, { rng: new Rng(0) });
    expect(memory().tensors).toBeLessThanOrEqual(trained);
    denoiser.dispose();
    expect(memory().tensors - before).toBeLessThan(trained - before);
  });

  it("refuses what does not fit", async () => {
    const grey = { data: new Float32Array(64), shape: [1, 8, 8] as [number, number, number] };
    const colour = { data: new Float32Array(192), shape: [3, 8, 8] as [number, number, number] };
    const { noise } = options([noisy]);
    const broken = { ...grey, data: grey.data.map((_, k) => (k === 3 ? Number.NaN : 0)) };
    await expect(learn([grey, colour], { noise })).rejects.toThrow(/image 1 has 3 channels/);
    await expect(learn([broken], { noise })).rejects.toThrow(/value 3 of image 0 is NaN/);
    const gamma = { ...noise, noise: "gamma", looks: 5 } as const;
    await expect(learn([noisy], { noise: gamma, loss: "sure" })).rejects.toThrow(/does not fit gamma/);
    // @ts-expect-error no such quality
    await expect(learn([noisy], { noise, quality: "slow" })).rejects.toThrow(/quality/);
  });
});
