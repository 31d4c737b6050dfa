import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodePng, readImage, writeImage } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, zeros } from "../../ts/tensor/index.js";

let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-image-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

it("reads back a grey and a colour image with 8 bits", async () => {
  for (const channels of [1, 3]) {
    const path = join(folder, `${channels}.png`);
    const values = Float32Array.from({ length: channels * 6 }, (_, i) => i / 255);
    await writeImage(path, tensor(values, { shape: [1, channels, 2, 3] }));
    const read = await readImage(path);
    expect(read.shape).toEqual([1, channels, 2, 3]);
    expect(await read.data()).toEqual(values);
  }
});

it("clips to [0, 1], and converts colour to grey on request", async () => {
  const path = join(folder, "clip.png");
  await writeImage(path, tensor([-1, 2, 0.5, -1, 2, 0.5, -1, 2, 0.5], { shape: [3, 1, 3] }));
  const grey = await readImage(path, { channels: "grey" });
  expect(grey.shape).toEqual([1, 1, 1, 3]);
  const values = await grey.data();
  expect([values[0], values[1]]).toEqual([0, 1]);
});

it("reads all 16 bits", async () => {
  const path = join(folder, "16-bit.png");
  await sharp(Uint16Array.from([0, 1, 65535]), { raw: { width: 3, height: 1, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toFile(path);
  const values = await (await readImage(path, { channels: "grey" })).data();
  expect(values[1]).toBeCloseTo(1 / 65535, 9);
  expect(values[2]).toBe(1);
});

it("refuses a file that is not an image, and a missing file", async () => {
  const path = join(folder, "fake.png");
  await writeFile(path, "this is text");
  await expect(readImage(path)).rejects.toMatchObject({
    name: "FormatError",
    code: "image_invalid",
    message: expect.stringContaining("fake.png"),
  });
  const png = await encodePng(zeros([1, 16, 16]));
  await writeFile(path, png.subarray(0, 40));
  await expect(readImage(path)).rejects.toMatchObject({ name: "FormatError", code: "image_invalid" });
  await expect(readImage(join(folder, "none.png"))).rejects.toMatchObject({
    name: "ArgumentError",
    code: "file_not_found",
  });
});

it("refuses shapes that are not an image, and formats other than PNG", async () => {
  await expect(encodePng(zeros([2, 4, 4]))).rejects.toMatchObject({ name: "ShapeError", code: "shape_mismatch" });
  await expect(writeImage(join(folder, "a.jpg"), zeros([1, 4, 4]))).rejects.toMatchObject({
    name: "ArgumentError",
    code: "invalid_argument",
  });
});
