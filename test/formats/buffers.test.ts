import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { parseSafetensors, readArray, readPixels, readWeights } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const plainData = async (weights: Record<string, { data(): Promise<ArrayLike<number>> }>) =>
  await Promise.all(Object.entries(weights).map(async ([name, value]) => [name, Array.from(await value.data())]));

/** What each kind of file reads from bytes. */
const readers: readonly [folder: string, pattern: RegExp, read: (bytes: Uint8Array) => Promise<unknown>][] = [
  ["../io/fixtures/", /\.(?:tif|png|jpg|gif|webp)$/, async (bytes) => await readPixels(bytes, { page: "all" })],
  ["fixtures/arrays/", /\.(?:npy|npz|nii|gz|fits|dcm|h5|mat)$/, async (bytes) => await readArray(bytes)],
  ["fixtures/weights/", /\.(?:pth|pt|ckpt|tar)$/, async (bytes) => await plainData(await readWeights(bytes))],
  ["fixtures/weights/", /\.safetensors$/, async (bytes) => await plainData(await parseSafetensors(bytes))],
];

beforeAll(async () => await init());

describe("files read from a Buffer of Node, a view whose slices are no copies", () => {
  it.each(readers)("%s %s", async (folder, pattern, read) => {
    const names = (await readdir(here(folder))).filter((name) => pattern.test(name));
    expect(names.length).toBeGreaterThan(0);
    let compared = 0;
    for (const name of names) {
      const file = await readFile(here(folder) + name);
      const expected = await read(Uint8Array.from(file)).catch((error: Error) => error.message);
      // At an odd place of a larger piece of memory, as small Buffers are.
      const view = Buffer.concat([Buffer.alloc(7, 0xff), file, Buffer.alloc(9, 0xff)]).subarray(7, 7 + file.length);
      const found = await read(view).catch((error: Error) => error.message);
      expect(found, name).toEqual(expected);
      if (typeof expected !== "string") compared++;
    }
    expect(compared).toBeGreaterThan(0);
  });
});
