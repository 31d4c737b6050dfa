import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  decodePixels,
  encodePng,
  encodeTiff,
  type ImageMetadata,
  readArray,
  readImage,
  readPixels,
  writeImage,
} from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, zeros } from "../../ts/tensor/index.js";
import { expectedImages, fixture } from "./fixtures.js";

let folder: string;
const warnings: string[] = [];
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-write-"));
});
afterAll(async () => await rm(folder, { recursive: true }));
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(console, "warn").mockImplementation((text: string) => void warnings.push(text));
});
afterEach(() => vi.restoreAllMocks());

describe("what was read is written unchanged", () => {
  const written = ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64"];
  const files = Object.entries(expectedImages())
    .filter(([name, { sample }]) => name.endsWith(".tif") && written.includes(sample))
    .map(([name]) => name);

  it.each(files)("%s as TIFF", async (name) => {
    const before = await readPixels(fixture(name), { scale: "none", page: "all" });
    const image = tensor(before.data, { shape: before.shape });
    for (const compression of ["none", "deflate"] as const) {
      const path = join(folder, `${compression}-${name}`);
      const { sample, metadata } = before;
      // A float32 holds no more than 24 bits of an integer.
      const report = await writeImage(path, image, { sample, scale: "none", metadata, compression });
      const isRounded = sample === "uint32" || sample === "int32";
      expect(report).toMatchObject({ sample, notANumber: 0 });
      if (!isRounded) expect(report.clipped).toBe(0);
      const after = await readPixels(path, { scale: "none", page: "all" });
      expect(after.data).toEqual(before.data);
      expect({ ...after, data: 0, metadata: 0 }).toEqual({ ...before, data: 0, metadata: 0 });
      const { description: _, bits, ...facts } = before.metadata;
      expect(after.metadata).toMatchObject({ ...facts, bits: bits! < 8 ? 8 : bits === 12 ? 16 : bits });
    }
  });

  it.each(Object.keys(expectedImages()).filter((name) => /^(?:grey8|grey16|type\d-\d+)\.png$/.test(name)))(
    "%s as PNG",
    async (name) => {
      const before = await readPixels(fixture(name), { scale: "none" });
      const { sample, metadata, shape } = before;
      const png = await encodePng(tensor(before.data, { shape }), { sample, metadata, scale: "none" });
      const after = await decodePixels(png, { scale: "none" });
      expect(after).toEqual(before);
    },
  );
});

it("multiplies by the largest value of the type, or by a number, or not at all", async () => {
  const image = tensor([0, 0.5, 1, 0.25], { shape: [1, 2, 2] });
  const stored = async (options: object) =>
    Array.from((await decodePixels(await encodeTiff(image, options), { scale: "none" })).data);
  expect(await stored({ sample: "uint16" })).toEqual([0, 32768, 65535, 16384]);
  expect(await stored({ sample: "int16" })).toEqual([0, 16384, 32767, 8192]);
  expect(await stored({ sample: "uint8", scale: 100 })).toEqual([0, 50, 100, 25]);
  expect(await stored({ sample: "uint8", scale: "none" })).toEqual([0, 1, 1, 0]);
  expect(await stored({})).toEqual([0, 0.5, 1, 0.25]);
});

it("counts and tells values that do not fit", async () => {
  const path = join(folder, "clipped.tif");
  const image = tensor([-1, 2, NaN, 1.001, -0.001, 0.5], { shape: [1, 2, 3] });
  expect(await writeImage(path, image, { sample: "uint8" })).toEqual({ sample: "uint8", clipped: 2, notANumber: 1 });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/of 6 values 2 are beyond uint8 and were clipped, 1 are NaN/);
  expect(Array.from((await readPixels(path, { scale: "none" })).data)).toEqual([0, 255, 0, 255, 0, 128]);
  const report = await writeImage(path, image);
  expect(report).toEqual({ sample: "float32", clipped: 0, notANumber: 0 });
  expect((await readPixels(path)).data).toEqual(Float32Array.from([-1, 2, NaN, 1.001, -0.001, 0.5]));
  expect(warnings).toHaveLength(1);
});

it("writes NumPy files of any sample type", async () => {
  const values = Float32Array.from([-1.25, 2, 0.5, 255, 3, 300]);
  for (const shape of [
    [1, 2, 3],
    [2, 1, 1, 3],
  ]) {
    const path = join(folder, "array.npy");
    await writeImage(path, tensor(values, { shape }));
    expect(await readArray(path)).toMatchObject({ data: values, shape, dtype: "float32" });
    const report = await writeImage(path, tensor(values, { shape }), { sample: "uint8", scale: "none" });
    expect(report.clipped).toBe(2);
    const read = await readArray(path);
    expect([Array.from(read.data), read.dtype]).toEqual([[0, 2, 1, 255, 3, 255], "uint8"]);
  }
});

it("keeps the size of a pixel in a PNG", async () => {
  const metadata: Partial<ImageMetadata> = { pixelSize: { x: 2.5, y: 5, unit: "um" } };
  const { metadata: read } = await decodePixels(await encodePng(zeros([1, 3, 3]), { metadata }));
  expect(read.pixelSize).toEqual({ x: 2.5e-6, y: 5e-6, unit: "m" });
});

it("a file is replaced as a whole, or stays what it was", async () => {
  const path = join(folder, "whole.tif");
  await writeFile(path, "before");
  await expect(writeImage(path, zeros([0, 1, 2, 2]))).rejects.toMatchObject({ name: "ShapeError" });
  expect(await readFile(path, "utf8")).toBe("before");
  await writeImage(path, zeros([2, 1, 4, 4]));
  expect((await readImage(path, { page: "all" })).shape).toEqual([2, 1, 4, 4]);
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

it("refuses what a format cannot hold", async () => {
  const refused = async (path: string, shape: number[], options: object, text: string) =>
    await expect(writeImage(join(folder, path), zeros(shape), options)).rejects.toMatchObject({
      message: expect.stringContaining(text),
    });
  await refused("a.png", [1, 4, 4], { sample: "float32" }, "expected uint8 or uint16");
  await refused("a.png", [2, 1, 4, 4], {}, "[C, H, W] or [1, C, H, W]");
  await refused("a.png", [2, 4, 4], {}, "metadata: { alpha: true }");
  await refused("a.tif", [4, 4], {}, "[N, C, H, W]");
  await refused("a.tif", [1, 4, 4], { sample: "float16" }, "float64");
  await refused("a.tif", [1, 4, 4], { scale: "auto" }, "scale");
  await refused("a.tif", [1, 4, 4], { compression: "lzw" }, "compression");
  await refused("a.tif", [1, 4, 4], { smaple: "uint8" }, "smaple");
});
