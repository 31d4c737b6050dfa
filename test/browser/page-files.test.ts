import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import {
  decodePixels,
  encodeArray,
  encodePng,
  encodeTiff,
  type Pixels,
  readArray,
  readPixels,
} from "../../ts/io/index.js";
import { tensor } from "../../ts/tensor/index.js";
import { describeBrowser } from "./chromium.js";
import { choose, download, errorText, openFile, openSample, root, statusText, usePage, waitForState } from "./page.js";
import { crop, noisy } from "./page-pictures.js";

const side = 64;

describeBrowser("files on the page examples/web", () => {
  const site = usePage();
  let grey: Pixels;
  let colour: Pixels;
  beforeAll(async () => {
    grey = await noisy(await crop("camera", 60, 90, side, 1), 0.06);
    colour = await noisy(await crop("chelsea", 80, 80, side), 0.06);
  }, 180_000);

  /** A page that cleans fast whatever is opened. */
  const open = async (): Promise<{ page: Page; errors: string[] }> => {
    const { page, errors } = await site.open();
    await openSample(page);
    await choose(page, "quality", "fast");
    return { page, errors };
  };

  /** Opens a file, waits for its result, and gives the download; the result must be shown, not refused. */
  const cleaned = async (page: Page, name: string, bytes: Uint8Array) => {
    await openFile(page, name, bytes);
    await page.waitForFunction((text) => document.getElementById("picked")?.textContent?.startsWith(`${text}:`), name);
    await waitForState(page, "done");
    expect(await statusText(page), `${name}: ${await page.textContent("#reasons")}`).toBe("Cleaned");
    return await download(page, "save-picture");
  };

  const stack = (pages: number, factor: number, offset = 0) => {
    const data = new Float32Array(pages * side * side);
    for (let k = 0; k < pages; k++)
      for (let i = 0; i < side * side; i++)
        data[k * side * side + i] = offset + factor * (grey.data[i] as number) * (1 - 0.1 * k);
    return data;
  };

  /** Root mean square of the difference of two lists of values. */
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Math.sqrt(
      Array.from({ length: a.length }, (_, i) => ((a[i] as number) - (b[i] as number)) ** 2).reduce((s, v) => s + v) /
        a.length,
    );

  it("come back with their type: PNG with 8 and 16 bit, JPEG as PNG, opacity kept", { timeout: 300_000 }, async () => {
    const { page, errors } = await open();
    const image = tensor(
      colour.data.map((v) => Math.min(1, Math.max(0, v))),
      { shape: [...colour.shape] },
    );
    for (const sample of ["uint8", "uint16"] as const) {
      const { name, bytes } = await cleaned(page, `cat-${sample}.png`, await encodePng(image, { sample }));
      expect(name).toBe(`cat-${sample}-clean.png`);
      const got = await decodePixels(bytes);
      expect([got.sample, got.shape]).toEqual([sample, colour.shape]);
      expect(distance(got.data, colour.data)).toBeGreaterThan(0.01);
      expect(distance(got.data, colour.data)).toBeLessThan(0.1);
    }
    const opacity = Float32Array.from({ length: side * side }, (_, i) => (i % side < 8 ? 0.2 : 1));
    const both = new Float32Array([...image.dataSync(), ...opacity]);
    const transparent = await encodePng(tensor(both, { shape: [4, side, side] }), { metadata: { alpha: true } });
    const kept = await decodePixels((await cleaned(page, "see-through.png", transparent)).bytes);
    expect(kept.metadata.alpha).toBe(true);
    expect(distance(kept.data.subarray(3 * side * side), opacity)).toBeLessThan(1e-6);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("a stack with channels: a slider, colours, one page or all; units and axes stay", {
    timeout: 300_000,
  }, async () => {
    const { page, errors } = await open();
    const sizes = { Z: 2, C: 2, Y: side, X: side };
    const metadata = { format: "tiff", dialect: "ome", axes: "ZCYX", sizes, channelNames: ["DAPI", "GFP"] } as const;
    // A camera of 12 bits in 16, with an offset.
    const counts = stack(4, 0.05, 0.0015);
    const tiff = await encodeTiff(tensor(counts, { shape: [4, 1, side, side] }), { sample: "uint16", metadata });
    const { data: given } = await readPixels(tiff, { page: "all" });
    const one = await cleaned(page, "cells.tif", tiff);
    expect(await page.textContent("#picked")).toBe("cells.tif: 64 x 64, 2 channels, 16 bit, 2 pages.");
    expect(await page.textContent("#save-picture")).toBe("Download TIFF (16 bit)");
    const first = await readPixels(one.bytes, { page: "all" });
    expect([first.sample, first.shape]).toEqual(["uint16", [2, 1, side, side]]);
    expect(await page.$$eval(".channel label", (labels) => labels.map((label) => label.textContent))).toEqual([
      "DAPI",
      "GFP",
    ]);

    // The slider turns pages; the second one is as it was until all are cleaned.
    await page.fill("#page", "2");
    await page.waitForFunction(() => document.getElementById("page-text")?.textContent === "2 of 2");
    await page.click("#all-pages");
    await page.waitForFunction(() => document.getElementById("status")?.textContent === "Cleaned: 2 pages");
    const { name, bytes } = await download(page, "save-picture");
    expect(name).toBe("cells-clean.tif");
    const all = await readPixels(bytes, { page: "all" });
    expect(all).toMatchObject({
      sample: "uint16",
      shape: [4, 1, side, side],
      metadata: { axes: "ZCYX", dialect: "ome" },
    });
    for (let k = 0; k < 4; k++) {
      const part = (data: Float32Array) => data.subarray(k * side * side, (k + 1) * side * side);
      // Each page is still itself, cleaner: pages differ by a tenth of their brightness.
      expect(distance(part(all.data), part(given)), `page ${k}`).toBeLessThan(0.1 * 0.05);
      expect(distance(part(all.data), part(given)), `page ${k}`).toBeGreaterThan(1e-4);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("arrays: NumPy, NIfTI and FITS with their headers; a value that is missing stays so", {
    timeout: 300_000,
  }, async () => {
    const { page, errors } = await open();
    const volume = { data: stack(1, 2000, -300), shape: [side, side] };
    const npy = await cleaned(page, "counts.npy", (await encodeArray("x.npy", volume)).bytes);
    expect(await page.textContent("#save-picture")).toBe("Download .npy (32 bit float)");
    const numbers = await readArray(npy.bytes);
    expect([numbers.shape, numbers.dtype]).toEqual([[side, side], "float32"]);
    expect(distance(numbers.data, volume.data)).toBeLessThan(0.1 * 2000);

    // Columns of a picture are x, the first axis of NIfTI.
    const columns = Int16Array.from({ length: side * side }, (_, i) =>
      Math.round(1000 * (grey.data[(i % side) * side + Math.floor(i / side)] as number)),
    );
    const scan = { data: columns, shape: [side, side, 1], spacing: [0.5, 0.7, 2] };
    const nifti = await readArray(
      (await cleaned(page, "scan.nii.gz", (await encodeArray("x.nii.gz", scan)).bytes)).bytes,
    );
    expect([nifti.shape, nifti.dtype]).toEqual([[side, side, 1], "int16"]);
    expect(nifti.spacing?.map((value) => Number(value.toFixed(3)))).toEqual([0.5, 0.7, 2]);
    expect(distance(nifti.data, columns)).toBeLessThan(100);

    const sky = { data: stack(1, 5000), shape: [side, side] };
    sky.data[500] = Number.NaN;
    const fits = await readArray((await cleaned(page, "sky.fits", (await encodeArray("x.fits", sky)).bytes)).bytes);
    expect(fits.shape).toEqual([side, side]);
    expect(fits.data[500]).toBeNaN();
    expect(fits.data.filter(Number.isNaN)).toHaveLength(1);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("DICOM is read; what cannot be read is told by its name, without names of functions", async () => {
    const { page, errors } = await open();
    const dicom = await readFile(join(root, "test/formats/fixtures/arrays/colour.dcm"));
    await openFile(page, "colour.dcm", dicom);
    // The fixture is smaller than what a network learns from: it was read, and its size is told.
    expect(await errorText(page)).toMatch(/^colour\.dcm has \d+ x \d+ pixels; at least 16/);
    await openFile(page, "kspace.npy", await readFile(join(root, "test/formats/fixtures/arrays/type_le_c8.npy")));
    await page.waitForFunction(() => document.getElementById("error")?.textContent?.includes("complex numbers"));
    expect(await page.textContent("#error")).not.toMatch(/io\.|readArray/);
    await openFile(page, "photo.heic", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"));
    await page.waitForFunction(() => document.getElementById("error")?.textContent?.includes("HEIC"));
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
