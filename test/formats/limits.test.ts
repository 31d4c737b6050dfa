import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { beforeAll, describe, expect, it } from "vitest";
import { type ByteSource, readArrayFile } from "../../ts/formats/index.js";
import { expansionLimit } from "../../ts/formats/inflate.js";
import { encodeArray, readArray, readPixels, readWeights } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(async () => {
  await init();
});

/** A source in which every read is counted. */
function counted(bytes: Uint8Array): ByteSource & { readonly bytesRead: () => number } {
  let total = 0;
  const readSync = (begin: number, end: number): Uint8Array => {
    total += end - begin;
    return bytes.subarray(begin, end);
  };
  const read = async (begin: number, end: number): Promise<Uint8Array> => readSync(begin, end);
  return { name: "counted", size: bytes.length, read, readSync, close: async () => undefined, bytesRead: () => total };
}

describe("small files that ask for much memory are refused", () => {
  it("gzip and zip", async () => {
    const { bytes } = await encodeArray("x.npy", { data: new Uint8Array(2 ** 23), shape: [2 ** 23] });
    for (const packed of [gzipSync(bytes), zipSync({ "a.npy": bytes })]) {
      await expect(readArray(packed, { maxBytes: 2 ** 20 })).rejects.toMatchObject({ code: "file_too_large" });
      expect((await readArray(packed)).data.length).toBe(2 ** 23);
    }
  });

  it("pictures too, however many pixels are allowed", async () => {
    const { bytes } = await encodeArray("x.npy", {
      data: new Uint8Array(2 ** 28 + 2 ** 10),
      shape: [2 ** 18 + 1, 2 ** 10],
    });
    await expect(readPixels(gzipSync(bytes, { level: 1 }))).rejects.toMatchObject({
      code: "image_too_large",
      message: expect.stringContaining("more than 268435456 bytes") as string,
    });
  });

  it("by default more than 256 MiB only where that is at most 100 times the file", () => {
    expect(expansionLimit(1000, undefined)).toBe(2 ** 28);
    expect(expansionLimit(1e7, undefined)).toBe(1e9);
    expect(expansionLimit(1e9, undefined)).toBe(2 ** 32);
    expect(expansionLimit(1000, 2 ** 33)).toBe(2 ** 33);
  });

  it("headers: sizes are compared with the file before anything is allocated", async () => {
    const value = { data: new Float32Array(8), shape: [2, 2, 2] };
    for (const [name, from, to] of [
      ["x.npy", "(2, 2, 2)", "(9999999, 9999, 99)"],
      ["x.fits", "                   2", "             9999999"],
    ] as const) {
      const { bytes } = await encodeArray(name, value);
      const text = Buffer.from(bytes).toString("latin1");
      const big = Buffer.from(text.replace(from, to), "latin1");
      await expect(readArray(big), name).rejects.toMatchObject({ code: "file_truncated" });
    }
    const { bytes } = await encodeArray("x.nii", value);
    new DataView(bytes.buffer).setInt16(42, 32767, true);
    await expect(readArray(bytes)).rejects.toMatchObject({ code: "file_truncated" });
  });

  it("a FITS header without an end", async () => {
    const bytes = new Uint8Array(80 * 100_100).fill(0x20);
    bytes.set(new TextEncoder().encode("SIMPLE  =                    T"));
    await expect(readArray(bytes)).rejects.toMatchObject({ code: "file_invalid" });
  });

  it("a limit of one's own", async () => {
    const { bytes } = await encodeArray("x.npy", { data: new Float32Array(1000), shape: [10, 100] });
    await expect(readArray(bytes, { maxBytes: 3999 })).rejects.toMatchObject({
      code: "file_too_large",
      message: expect.stringContaining("slice") as string,
    });
    expect((await readArray(bytes, { maxBytes: 400, slice: 3 })).shape).toEqual([100]);
  });
});

describe("a slice reads only its part of the file", () => {
  const shape = [50, 40, 30];
  const data = Float32Array.from({ length: 60000 }, (_, i) => i);
  it.each([
    ["x.npy", [7], 4 * 1200 + 5000, (k: number) => data[7 * 1200 + k]],
    ["x.fits", [7], 4 * 1200 + 9000, (k: number) => data[7 * 1200 + k]],
    ["x.nii", [null, null, 7], 4 * 2000 + 6000, (k: number) => data[30 * k + 7]],
  ] as const)("%s", async (name, slice, most, value) => {
    const source = counted((await encodeArray(name, { data, shape })).bytes);
    const { data: part } = await readArrayFile(source, { slice: [...slice] });
    part.forEach((found, k) => expect(found).toBe(value(k)));
    expect(source.bytesRead()).toBeLessThan(most);
  });
});

it("checks the checksums of gzip, zip and torch.save", async () => {
  const data = Float32Array.from({ length: 1000 }, (_, i) => i / 3);
  const { bytes } = await encodeArray("x.npy", { data, shape: [1000] });
  const stored = zipSync({ "a.npy": [bytes, { level: 0 }] });
  const changed = (file: Uint8Array, at: number): Uint8Array => file.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const checksum = { code: "file_invalid", message: expect.stringContaining("checksum") as string };
  // Stored DEFLATE blocks: a changed byte is valid data.
  const packed = new Uint8Array(gzipSync(bytes, { level: 0 }));
  await expect(readArray(changed(packed, 2000))).rejects.toMatchObject(checksum);
  await expect(readArray(changed(stored, 2000))).rejects.toMatchObject(checksum);
  const weights = new Uint8Array(readFileSync(new URL("fixtures/weights/deepinv_dncnn.pth.tar", import.meta.url)));
  const at = Buffer.from(weights).indexOf("/data/0") + 200;
  await expect(readWeights(changed(weights, at))).rejects.toMatchObject(checksum);
});

it("says what a slice must be", async () => {
  const { bytes } = await encodeArray("x.npy", { data: new Float32Array(6), shape: [2, 3] });
  for (const [slice, code] of [
    [2, "index_out_of_range"],
    [-3, "index_out_of_range"],
    [[null, [0, 4]], "index_out_of_range"],
    [[0, 0, 0], "invalid_argument"],
    [[0.5], "invalid_argument"],
    [["a"], "invalid_argument"],
    [{ begin: 1 }, "invalid_argument"],
  ]) {
    await expect(readArray(bytes, { slice: slice as number }), JSON.stringify(slice)).rejects.toMatchObject({ code });
  }
  await expect(readArray(bytes, { dataset: 3 as never })).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(readArray(bytes, { maxByte: 3 } as never)).rejects.toMatchObject({ code: "unknown_option" });
  expect((await readArray(bytes, { slice: [1, [2, 1]] })).shape).toEqual([0]);
});

it.each([
  [new Uint8Array(0), "empty"],
  [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), "image"],
  [new TextEncoder().encode("MATLAB 5.0 MAT-file"), "v7.3"],
  [new TextEncoder().encode("hello"), "not known"],
])("names what is no array: %#", async (bytes, text) => {
  await expect(readArray(bytes)).rejects.toMatchObject({
    code: "file_unknown",
    message: expect.stringContaining(text) as string,
  });
});
