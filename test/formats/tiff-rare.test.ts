import { zlibSync } from "fflate";
import { beforeAll, describe, expect, it } from "vitest";
import { readPixels } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(async () => await init());

type Field = readonly [tag: number, type: 2 | 3 | 4 | 5, values: readonly number[], count?: number];

/** A little-endian TIFF of one directory, whose pixels are in strips. */
function tiff(strips: readonly Uint8Array[], fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0)];
  let at = 8;
  const push = (part: Uint8Array): number => {
    parts.push(part);
    at += part.length;
    return at - part.length;
  };
  const offsets = strips.map(push);
  const sizes = strips.map(({ length }) => length);
  const all = [...fields, [273, 4, offsets], [279, 4, sizes]] as Field[];
  const entries = [...all]
    .sort((a, b) => a[0] - b[0])
    .map(([tag, type, values, count = values.length]) => {
      const width = { 2: 1, 3: 2, 4: 4, 5: 4 }[type];
      const content = new DataView(new ArrayBuffer(Math.max(4, width * values.length)));
      values.forEach((value, i) => {
        if (width === 1) content.setUint8(i, value);
        else if (width === 2) content.setUint16(2 * i, value, true);
        else content.setUint32(4 * i, value, true);
      });
      const entry = new DataView(new ArrayBuffer(12));
      entry.setUint16(0, tag, true);
      entry.setUint16(2, type, true);
      entry.setUint32(4, count, true);
      const bytes = new Uint8Array(content.buffer);
      if (bytes.length === 4) new Uint8Array(entry.buffer).set(bytes, 8);
      else entry.setUint32(8, push(bytes), true);
      return new Uint8Array(entry.buffer);
    });
  const directory = at;
  push(Buffer.concat([Uint8Array.of(entries.length, 0), ...entries, new Uint8Array(4)]));
  new DataView((parts[0] as Uint8Array).buffer).setUint32(4, directory, true);
  return Buffer.concat(parts);
}

/** The fields of a grey image of 3 columns and 2 rows of 8 bits in strips of some rows. */
function grey(rows: number, compression = 1, bits = 8): Field[] {
  return [
    [256, 3, [3]],
    [257, 3, [2]],
    [258, 3, [bits]],
    [259, 3, [compression]],
    [262, 3, [1]],
    [278, 3, [rows]],
  ];
}

const values = [1, 2, 3, 4, 5, 6];
const bytes = Uint8Array.from(values);
const read = async (file: Uint8Array) => await readPixels(file, { scale: "none", page: "all" });
const reversed = (stored: Uint8Array): Uint8Array =>
  stored.map((byte) => Number.parseInt(byte.toString(2).padStart(8, "0").split("").reverse().join(""), 2));

/** Zstandard data of one block that is not compressed (RFC 8878). */
const zstd = (content: readonly number[]): Uint8Array =>
  Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, content.length, (content.length << 3) | 1, 0, 0, ...content);

it.each([
  ["none", 1, bytes],
  ["PackBits", 32773, Uint8Array.of(5, ...values)],
  ["Deflate", 8, zlibSync(bytes)],
  ["Zstandard", 50000, zstd(values)],
])("where the lowest bit of a byte is first, that is so of the bytes that are stored: %s", async (_, code, stored) => {
  expect([...(await read(tiff([stored], grey(2, code)))).data]).toEqual(values);
  expect([...(await read(tiff([reversed(stored)], [...grey(2, code), [266, 3, [2]]]))).data]).toEqual(values);
});

it.each([
  ["none", 1, (content: readonly number[]) => Uint8Array.from(content)],
  ["Deflate", 8, (content: readonly number[]) => zlibSync(Uint8Array.from(content))],
  ["Zstandard", 50000, zstd],
])("strips may be longer than their rows: %s", async (_, code, pack) => {
  expect([...(await read(tiff([pack([...values, 7, 8, 9])], grey(2, code)))).data]).toEqual(values);
  const whole = tiff([pack(values)], grey(0, code));
  expect([...(await read(whole)).data]).toEqual(values);
});

describe("strips that are not stored", () => {
  const nothing = new Uint8Array(0);
  const sparse = (text: string | undefined) => {
    const codes = text === undefined ? [] : [...new TextEncoder().encode(`${text}\0`)];
    const field: Field[] = text === undefined ? [] : [[42113, 2, codes]];
    return tiff([bytes.subarray(0, 3), nothing], [...grey(1), ...field]);
  };

  it.each([
    [undefined, 0],
    ["7", 7],
    [" 200 ", 200],
    ["no", 0],
  ])("have the value that GDAL states: %s", async (text, value) => {
    expect([...(await read(sparse(text))).data]).toEqual([1, 2, 3, value, value, value]);
  });
});

describe("stacks of MetaMorph, with one directory", () => {
  const planes = (count: number): Field => [33629, 5, [0, 0], count];

  it("have all planes", async () => {
    const { data, shape, pages } = await read(
      tiff([Uint8Array.of(...values, 7, 8, 9, 10, 11, 12)], [...grey(2), planes(2)]),
    );
    expect([shape, pages]).toEqual([[2, 1, 2, 3], 2]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it("are refused where planes are missing, or compressed", async () => {
    await expect(read(tiff([bytes], [...grey(2), planes(1000)]))).rejects.toMatchObject({ code: "image_invalid" });
    await expect(read(tiff([zlibSync(bytes)], [...grey(2, 8), planes(2)]))).rejects.toMatchObject({
      code: "image_unsupported",
      message: expect.stringContaining("MetaMorph") as string,
    });
  });
});

it("volumes in one directory are refused, of which one slice would be read", async () => {
  await expect(read(tiff([bytes], [...grey(2), [32997, 4, [2]]]))).rejects.toMatchObject({
    code: "image_unsupported",
    message: expect.stringContaining("ImageDepth") as string,
  });
});

it("lossless JPEG data are refused as such", async () => {
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xc3, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0, 0xff, 0xd9);
  await expect(read(tiff([jpeg], grey(2, 7)))).rejects.toMatchObject({
    code: "image_unsupported",
    message: expect.stringContaining("lossless") as string,
  });
});
