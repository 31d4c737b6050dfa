import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blurFilter } from "../../ts/cli/blur-filter.js";
import { pairFiles } from "../../ts/cli/denoise-files.js";
import { givenNoise } from "../../ts/cli/denoise-noise.js";
import { choosePages } from "../../ts/cli/page-choice.js";
import { readPixels, readSafetensorsFile, writeImage, writeSafetensors } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { stack, type Tensor, tensor } from "../../ts/tensor/index.js";
import { adjoint } from "./compiled.js";

const camera = fileURLToPath(new URL("../../examples/images/camera.png", import.meta.url));
let folder: string;
let truth: Tensor;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-files-"));
  const { data, shape } = await readPixels(camera);
  truth = tensor(data, { shape }).slice([0, 70, 80], [1, 118, 128]).mul(0.7).add(0.15);
  const pages = Array.from({ length: 6 }, (_, k) => truth.add(new Rng(k).normal([1, 48, 48]).mul(0.05)));
  const metadata = {
    dialect: "imagej",
    axes: "ZCYX",
    sizes: { Z: 3, C: 2, Y: 48, X: 48 },
    pixelSize: { x: 0.1, y: 0.1, z: 2, unit: "um" },
  } as const;
  await writeImage(at("stack.tif"), stack(pages, 0), { sample: "uint16", scale: 4095, metadata });
  await mkdir(at("in"));
  for (const k of [0, 1]) await writeImage(at(`in/${k}.png`), pages[k] as Tensor);
  await writeFile(at("in/notes.txt"), "");
});
afterAll(async () => await rm(folder, { recursive: true }));

const denoise = async (...args: string[]) => {
  const { code, stdout, stderr } = await adjoint(["denoise", ...args, "--quality", "fast", "--json"]);
  return { code, stderr, json: JSON.parse(stdout) as Record<string, unknown> };
};

describe("stacks", () => {
  it("writes all pages, with axes and sizes; some pages of one channel with a kept model", async () => {
    const whole = await denoise(at("stack.tif"), "-o", at("clean.tif"), "--save", at("m.safetensors"));
    expect(whole).toMatchObject({ code: 0, json: { pages: 6, written: 6, sample: "uint16", contradictions: [] } });
    const clean = await readPixels(at("clean.tif"), { page: "all", scale: "none" });
    expect(clean).toMatchObject({ sample: "uint16", pages: 6, shape: [6, 1, 48, 48] });
    expect(clean.metadata).toMatchObject({ axes: "ZCYX", sizes: { Z: 3, C: 2 }, pixelSize: { x: 0.1, z: 2 } });
    const values = await truth.data();
    const error = clean.data.reduce((sum, v, k) => sum + (v / 4095 - values[k % values.length]!) ** 2, 0);
    expect(Math.sqrt(error / clean.data.length)).toBeLessThan(0.04);
    const some = ["--pages", "3-6", "--channels", "2", "--model", at("m.safetensors")];
    expect(await denoise(at("stack.tif"), "-o", at("some.tif"), ...some)).toMatchObject({
      code: 0,
      json: { written: 2 },
    });
    const part = await readPixels(at("some.tif"), { page: "all", scale: "none" });
    expect(part).toMatchObject({ pages: 2, metadata: { axes: "ZYX" } });
    // The pages 4 and 6 of the file, as before.
    const plane = 48 * 48;
    const before = [...clean.data.slice(3 * plane, 4 * plane), ...clean.data.slice(5 * plane)];
    expect(Math.max(...part.data.map((v, k) => Math.abs(v - before[k]!)))).toBeLessThan(50);
  });

  it.each([
    [["--pages", "5-9"], "--pages is 5-9, expected numbers from 1 to 6"],
    [["--channels", "3"], "--channels is 3, expected numbers from 1 to 2"],
    [["--pages", "1", "--channels", "2"], "no page of --pages 1 is of the channels 2"],
  ])("refuses %s", async (args, text) => {
    expect(await denoise(at("stack.tif"), "-o", at("x.tif"), ...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(text),
    });
  });

  it("refuses a PNG for several pages", async () => {
    const { code, stderr } = await denoise(at("stack.tif"), "-o", at("x.png"));
    expect([code, stderr]).toEqual([2, expect.stringContaining("6 pages")]);
  });
});

it("denoises a folder, into a folder, and says it of each file", async () => {
  const { code, json } = await denoise(at("in"), "-o", at("out/"), "--sigma", "0.05");
  expect(code).toBe(0);
  expect(json["files"]).toMatchObject([{ output: at("out/0.png"), noise: "gaussian" }, { level: 0.05 }]);
  expect(readdirSync(at("out"))).toEqual(["0.png", "1.png"]);
});

it("writes the picture as it was where the data contradict the result, with exit code 3", async () => {
  // A network whose weights are too large makes speckle.
  const { tensors, metadata } = await readSafetensorsFile(at("m.safetensors"));
  const broken = Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, value.mul(3)]));
  await writeSafetensors(at("broken.safetensors"), broken, metadata);
  const result = await denoise(
    at("stack.tif"),
    "-o",
    at("same.tif"),
    "--model",
    at("broken.safetensors"),
    "--pages",
    "2",
  );
  expect([result.code, result.json["contradictions"]]).toEqual([3, expect.arrayContaining([expect.any(String)])]);
  const [given, same] = [await readPixels(at("stack.tif"), { page: 1 }), await readPixels(at("same.tif"))];
  expect(same.data).toEqual(given.data);
});

it("restores: fills missing pixels in", async () => {
  const mask = new Rng(1).bernoulli([1, 48, 48], 0.6);
  await writeImage(at("mask.png"), mask);
  await writeImage(at("holes.png"), truth.mul(mask));
  const args = ["restore", at("holes.png"), "-o", at("filled.png"), "--mask", at("mask.png"), "--json"];
  const { code, stderr } = await adjoint(args);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
  const { data } = await readPixels(at("filled.png"));
  const values = await truth.data();
  expect(Math.sqrt(data.reduce((sum, v, k) => sum + (v - values[k]!) ** 2, 0) / data.length)).toBeLessThan(0.06);
  const neither = await adjoint(["restore", at("holes.png"), "-o", at("x.png")]);
  expect([neither.code, neither.stderr]).toEqual([2, expect.stringContaining("--blur")]);
});

describe("what the options mean", () => {
  it("levels say the model", () => {
    const noise = "auto" as const;
    expect(givenNoise({ noise, sigma: "auto" })).toBeUndefined();
    expect(givenNoise({ noise, sigma: "0.1" })).toEqual({ noise: "gaussian", sigma: 0.1 });
    expect(givenNoise({ noise, sigma: "auto", gain: 0.2 })).toEqual({ noise: "poisson", gain: 0.2 });
    expect(givenNoise({ noise, sigma: "0.1", gain: 0.2 })).toEqual({
      noise: "poisson-gaussian",
      gain: 0.2,
      sigma: 0.1,
    });
    expect(givenNoise({ noise, sigma: "auto", looks: 4 })).toEqual({ noise: "gamma", looks: 4 });
    expect(givenNoise({ noise: "poisson", sigma: "0.1" })).toEqual({ noise: "poisson", gain: 0.1 });
    expect(() => givenNoise({ noise: "poisson-gaussian", sigma: "0.1" })).toThrow(/--gain/);
  });

  it("outputs of several files", () => {
    expect(pairFiles([at("in/*.png")], at("results"))).toEqual([
      { input: at("in/0.png"), output: at("results/0.png") },
      { input: at("in/1.png"), output: at("results/1.png") },
    ]);
    expect(pairFiles([at("photo.jpg")], `${at("results")}/`)[0]?.output).toBe(at("results/photo.png"));
    expect(() => pairFiles([at("in")], at("one.png"))).toThrow(/expected a folder/);
    expect(() => pairFiles([at("in")], at("in"))).toThrow(/would replace/);
    expect(() => pairFiles([at("in/*.gif")], at("out"))).toThrow(/no file has such a name/);
    expect(() => pairFiles([at("a/x.jpg"), at("b/x.jpg")], `${at("results")}/`)).toThrow(/would both be written/);
    expect(existsSync(at("results"))).toBe(false);
  });

  it("pages that are no grid lose their axes", () => {
    const metadata = { format: "tiff", axes: "TZYX", sizes: { T: 2, Z: 3, Y: 8, X: 8 } };
    const file = { path: "a.tif", pages: 6, colours: 1, metadata };
    expect(choosePages(file, "1-3").metadata).toMatchObject({ axes: "ZYX", sizes: { Z: 3 } });
    expect(choosePages(file, "1,4").metadata).toMatchObject({ axes: "TYX", sizes: { T: 2 } });
    expect(choosePages(file, "1,5,6").metadata).toMatchObject({ axes: "YX", sizes: {} });
    expect(choosePages({ ...file, colours: 3, pages: 1 }, undefined, "1,3").channels).toEqual([0, 2]);
  });

  it("blurs", () => {
    const [gaussian, disk, motion] = ["gaussian:2", "disk:3", "motion:9:90"].map(blurFilter) as number[][][];
    for (const rows of [gaussian, disk, motion] as number[][][])
      expect(rows.flat().reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    const variance = gaussian!.flatMap((row, y) => row.map((v) => v * (y - (gaussian!.length - 1) / 2) ** 2));
    expect(variance.reduce((a, b) => a + b, 0)).toBeCloseTo(4, 0);
    // Along a column.
    const middle = (motion!.length - 1) / 2;
    expect(motion!.map((row) => row[middle]!).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    // The limit is on the filter: of a movement half of its length.
    expect(blurFilter("motion:150")).toHaveLength(151);
    for (const text of [
      "motion:202",
      "gaussian:34",
      "gaussian",
      "gaussian:-1",
      "gaussian:2:3",
      "box:3",
      "disk:1000",
      "toString:1",
    ])
      expect(() => blurFilter(text)).toThrow(/--blur is/);
  });
});
