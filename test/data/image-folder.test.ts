import { copyFile, mkdir, mkdtemp, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { ImageFolder, MeasurementFolder } from "../../ts/data/index.js";
import { readPixels, writeArray } from "../../ts/io/index.js";
import { currentPlatform, init } from "../../ts/runtime/index.js";

const fixtures = fileURLToPath(new URL("../io/fixtures", import.meta.url));
let parent: string;
let folder: string;
let count = 0;
const warnings: string[] = [];

beforeAll(async () => {
  await init();
  parent = await mkdtemp(join(tmpdir(), "adjoint-folder-"));
});
afterAll(async () => await rm(parent, { recursive: true }));
beforeEach(async () => {
  count += 1;
  folder = join(parent, String(count));
  await mkdir(folder);
  warnings.length = 0;
  vi.spyOn(console, "warn").mockImplementation((text: string) => void warnings.push(text));
});
afterEach(() => vi.restoreAllMocks());

/** Copies fixtures into the folder, under other names where they are given. */
async function put(...files: (string | [string, string])[]): Promise<void> {
  for (const file of files) {
    const [from, to] = typeof file === "string" ? [file, file] : file;
    await copyFile(join(fixtures, from), join(folder, to));
  }
}

it("takes every page of every file, by content and not by ending", async () => {
  await put("grey8.png", "pages.tif", ["imagej.tif", "stack.dat"], ["type6-8.png", "colours.jpg"], "uint16-be.tif");
  const images = await ImageFolder.open({ path: folder });
  expect(images.files.map((path) => path.slice(folder.length + 1))).toEqual([
    "colours.jpg",
    "grey8.png",
    "pages.tif",
    "stack.dat",
    "uint16-be.tif",
  ]);
  expect(images.length).toBe(1 + 1 + 5 + 6 + 1);
  expect(images.images[4]).toEqual({ path: join(folder, "pages.tif"), page: 2 });
  expect([images.leftOut, warnings]).toEqual([[], []]);
  for (const [index, { path, page }] of images.images.entries()) {
    const expected = await readPixels(path, { page });
    const got = await images.pixels(index);
    // The opacity is no measured value.
    const shape = [Math.min(3, expected.shape[0]), 11, 13];
    expect(got.shape).toEqual(shape);
    expect(got.data).toEqual(expected.data.slice(0, shape[0]! * 143));
  }
  // Pages asked for at the same time share the open file, which is closed afterwards.
  const fresh = await ImageFolder.open({ path: folder });
  let [opened, closed] = [0, 0];
  const platform = await currentPlatform();
  const { openFile } = platform;
  vi.spyOn(platform, "openFile").mockImplementation(async (path) => {
    const file = await openFile(path);
    opened += 1;
    return {
      size: file.size,
      read: async (begin, end) => await file.read(begin, end),
      close: async () => {
        closed += 1;
        await file.close();
      },
    };
  });
  const all = await Promise.all(fresh.images.map(async (_, index) => await fresh.pixels(index)));
  expect(all).toEqual(await Promise.all(images.images.map(async (_, index) => await images.pixels(index))));
  expect(opened).toBeLessThan(2 * fresh.files.length + 1);
  expect(closed).toBe(opened);
});

it("says what it leaves out, in a property and in one warning", async () => {
  await put("grey8.png", "jpeg2000.tif");
  const nifti = new Uint8Array(352);
  nifti.set([0x6e, 0x2b, 0x31, 0], 344);
  await writeFile(join(folder, "brain.nii"), nifti);
  await writeFile(join(folder, "broken.png"), "not a picture");
  await writeFile(join(folder, "drawing.png"), "<svg xmlns='http://www.w3.org/2000/svg'/>");
  await writeFile(join(folder, "notes.txt"), "a note");
  await writeFile(join(folder, ".hidden"), "");
  await mkdir(join(folder, "more"));
  const images = await ImageFolder.open({ path: folder });
  expect(images.length).toBe(1);
  const reasons = Object.fromEntries(images.leftOut.map(({ path, reason }) => [path.slice(folder.length + 1), reason]));
  expect(Object.keys(reasons)).toEqual(["brain.nii", "broken.png", "drawing.png", "jpeg2000.tif", "notes.txt"]);
  expect(reasons["brain.nii"]).toContain("NIfTI");
  expect(reasons["drawing.png"]).toContain("SVG");
  expect(reasons["jpeg2000.tif"]).toContain("JPEG 2000");
  // A text beside the images needs no warning.
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^ImageFolder: .*: 4 of the files are left out\. .*brain\.nii/);
  await expect(ImageFolder.open({ path: folder, names: ["brain"] })).rejects.toMatchObject({
    name: "FormatError",
    code: "image_invalid",
  });
  await rm(join(folder, "grey8.png"));
  await expect(ImageFolder.open({ path: folder })).rejects.toMatchObject({
    code: "empty_data",
    message: expect.stringContaining("NIfTI"),
  });
});

it("keeps decoded images up to a limit, and drops the least recently used", async () => {
  await put("pages.tif");
  const bytes = 4 * 143;
  const images = await ImageFolder.open({ path: folder, cacheBytes: 2 * bytes });
  const [a, b] = [await images.pixels(0), await images.pixels(1)];
  expect(await images.pixels(0)).toBe(a);
  const c = await images.pixels(2);
  expect(await images.pixels(0)).toBe(a);
  expect(await images.pixels(2)).toBe(c);
  const again = await images.pixels(1);
  expect(again).not.toBe(b);
  expect(again).toEqual(b);
  const none = await ImageFolder.open({ path: folder, cacheBytes: bytes - 1 });
  expect(await none.pixels(0)).not.toBe(await none.pixels(0));
});

it("reads a page of a stack without the others", async () => {
  // One directory for all pages, whose pixels end the file: without its last bytes only the last page is lost.
  await put("pages-one-directory.tif");
  const images = await ImageFolder.open({ path: folder });
  const path = join(folder, "pages-one-directory.tif");
  const whole = (await readPixels(path, { page: "all" })).data;
  await images.pixels(0);
  await truncate(path, (await stat(path)).size - 2);
  expect((await images.pixels(3)).data).toEqual(whole.slice(3 * 143, 4 * 143));
  await expect(images.pixels(4)).rejects.toMatchObject({
    code: "image_invalid",
    message: expect.stringContaining("became shorter"),
  });
});

it("takes arrays, of which all axes before rows and columns are pages", async () => {
  const data = Float32Array.from({ length: 5 * 6 * 7 }, (_, i) => i);
  await writeArray(join(folder, "a.npy"), { data, shape: [5, 6, 7] });
  await writeArray(join(folder, "b.fits"), { data, shape: [5, 6, 7] });
  const images = await ImageFolder.open({ path: folder });
  expect(images.length).toBe(10);
  expect((await images.pixels(7)).data).toEqual(data.slice(2 * 42, 3 * 42));
});

it("refuses what is no folder", async () => {
  for (const options of [undefined, {}, { path: 5 }, { path: folder, names: "a" }, { path: folder, cacheBytes: -1 }]) {
    await expect(ImageFolder.open(options as never)).rejects.toMatchObject({ name: "ArgumentError" });
  }
});

it("MeasurementFolder gives the same images as y", async () => {
  await put("pages.tif", "grey8.png");
  const measurements = await MeasurementFolder.open({ path: folder, scale: "none" });
  expect(measurements.length).toBe(6);
  const { x, y } = await measurements.get(2);
  expect(x).toBeUndefined();
  expect(await y!.data()).toEqual((await readPixels(join(folder, "pages.tif"), { page: 1, scale: "none" })).data);
  await expect(MeasurementFolder.open({ path: join(folder, "none") })).rejects.toMatchObject({
    code: "file_not_found",
  });
});

it("says of a file that a folder is expected", async () => {
  const path = fileURLToPath(new URL("../../examples/images/camera.png", import.meta.url));
  await expect(ImageFolder.open({ path })).rejects.toMatchObject({
    name: "ArgumentError",
    code: "file_unreadable",
    message: expect.stringContaining("this is a file, expected a folder") as string,
  });
});
