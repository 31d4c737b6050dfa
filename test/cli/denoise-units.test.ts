import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPixels, type SampleType, writeImage } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cat, type Tensor, tensor } from "../../ts/tensor/index.js";
import { adjoint } from "./compiled.js";

const camera = fileURLToPath(new URL("../../examples/images/camera.png", import.meta.url));
let folder: string;
let truth: Tensor;
let noise: Tensor;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-units-"));
  const { data, shape } = await readPixels(camera);
  truth = tensor(data, { shape }).slice([0, 70, 80], [1, 118, 128]).mul(0.7).add(0.15);
  noise = new Rng(5).normal([1, 48, 48]).mul(0.05);
});
afterAll(async () => await rm(folder, { recursive: true }));

/** Denoises a file; the result in stored values. */
async function denoised(file: string, output: string, steps = 24) {
  const files = [join(folder, file), "-o", join(folder, output)];
  const { code, stdout, stderr } = await adjoint(["denoise", ...files, "--steps", String(steps), "--json"]);
  expect(stderr + stdout).toContain('"sample"');
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as { sample: string; level: number; clipped: number; pages: number };
  return { report, read: await readPixels(join(folder, output), { scale: "none" }) };
}

/** PSNR in dB of stored values `a v + b` for a truth v. */
async function psnr(data: Float32Array, a: number, b: number): Promise<number> {
  const clean = await truth.data();
  const mse = data.reduce((sum, value, i) => sum + ((value - b) / a - clean[i]!) ** 2, 0) / data.length;
  return -10 * Math.log10(mse);
}

describe("the same noisy picture ends as well in each unit, and keeps its type", () => {
  const [results, levels] = [new Map<string, number>(), new Map<string, number>()];
  it.each<[string, SampleType, number, number]>([
    ["full.tif", "uint16", 65535, 0],
    ["twelve.tif", "uint16", 4095, 0],
    ["counts.tif", "float32", 500, 100],
  ])("%s", async (name, sample, a, b) => {
    const given = truth.add(noise).mul(a).add(b);
    await writeImage(join(folder, name), given, { sample, scale: "none" });
    const before = await psnr(Float32Array.from(await given.data()), a, b);
    const { report, read } = await denoised(name, `clean-${name}`);
    expect([report.sample, read.sample]).toEqual([sample, sample]);
    const after = await psnr(read.data, a, b);
    expect(after).toBeGreaterThan(before + 2);
    results.set(name, after);
    const units = sample === "float32" ? 1 : (await readPixels(join(folder, name))).scale;
    // The level is in units of the file: the same share of the range in each.
    levels.set(name, (report.level * units) / a);
    for (const value of levels.values()) expect(Math.abs(value / levels.get(name)! - 1)).toBeLessThan(0.02);
    // 0.1 dB: what the rounding of the file may cost.
    for (const value of results.values()) expect(Math.abs(value - after)).toBeLessThan(0.1);
  });
});

it("carries the opacity and the size of a pixel over", async () => {
  const alpha = tensor(
    Float32Array.from({ length: 48 * 48 }, (_, i) => (i % 256) / 255),
    { shape: [1, 48, 48] },
  );
  const noises = new Rng(6).normal([3, 48, 48]).mul(0.05);
  const colours = truth.add(noises);
  const metadata = { alpha: true, pixelSize: { x: 1e-6, y: 2e-6, unit: "m" } };
  await writeImage(join(folder, "rgba.png"), cat([colours, alpha], 0), { metadata });
  const { read } = await denoised("rgba.png", "clean-rgba.png", 24);
  expect(read.metadata).toMatchObject({ ...metadata, colour: "rgb", bits: 8 });
  const plane = 48 * 48;
  expect(read.data.slice(3 * plane)).toEqual((await alpha.mul(255).data()).map((v) => Math.round(v)));
  const before = await psnr(Float32Array.from(await colours.slice([0, 0, 0], [1, 48, 48]).data()), 1, 0);
  expect(await psnr(read.data.slice(0, plane), 255, 0)).toBeGreaterThan(before + 2);
});

it("says what cannot be denoised or written", async () => {
  const values = await truth.data();
  const refused = async (name: string, options: string[], text: string) => {
    const { code, stderr } = await adjoint(["denoise", join(folder, name), ...options]);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
  };
  const broken = Float32Array.from(values);
  broken[5 * 48 + 7] = NaN;
  await writeImage(join(folder, "nan.tif"), tensor(broken, { shape: [1, 48, 48] }));
  await refused(
    "nan.tif",
    ["-o", join(folder, "x.tif")],
    "1 values are not finite, the first is NaN at row 5, column 7",
  );
  await writeImage(join(folder, "large.tif"), truth.mul(9));
  await refused("large.tif", ["-o", join(folder, "x.png")], "float32 values that a PNG cannot hold");
  await writeImage(join(folder, "negative.tif"), truth.sub(0.5));
  await refused("negative.tif", ["-o", join(folder, "x.tif"), "--noise", "poisson"], "no negative values");
  await refused("large.tif", ["-o", join(folder, "x.jpg")], ".png, .tif, .tiff or .npy");
});
