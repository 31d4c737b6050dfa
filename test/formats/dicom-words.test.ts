import { beforeAll, describe, expect, it } from "vitest";
import { readArray } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(async () => await init());

type Value = Uint8Array | string | number;

/** An element with an explicit type. */
function element(tag: number, type: string, value: Value, little = false): Uint8Array {
  const number = typeof value === "number" ? new DataView(new ArrayBuffer(2)) : undefined;
  number?.setUint16(0, value as number, little);
  const bytes = number
    ? new Uint8Array(number.buffer)
    : typeof value === "string"
      ? new TextEncoder().encode(value.length % 2 === 0 ? value : `${value}${type === "UI" ? "\0" : " "}`)
      : (value as Uint8Array);
  const isLong = type === "OB" || type === "OW";
  const head = new DataView(new ArrayBuffer(isLong ? 12 : 8));
  head.setUint16(0, tag >>> 16, little);
  head.setUint16(2, tag & 0xffff, little);
  head.setUint8(4, type.charCodeAt(0));
  head.setUint8(5, type.charCodeAt(1));
  if (isLong) head.setUint32(8, bytes.length, little);
  else head.setUint16(6, bytes.length, little);
  return Buffer.concat([new Uint8Array(head.buffer), bytes]);
}

/** A big-endian file of one row of pixels of 8 bits. */
function bigEndian(columns: number, type: string, pixels: readonly number[] | undefined): Uint8Array {
  return Buffer.concat([
    new Uint8Array(128),
    new TextEncoder().encode("DICM"),
    element(0x00020010, "UI", "1.2.840.10008.1.2.2", true),
    element(0x00280002, "US", 1),
    element(0x00280010, "US", 1),
    element(0x00280011, "US", columns),
    element(0x00280100, "US", 8),
    element(0x00280101, "US", 8),
    element(0x00280103, "US", 0),
    ...(pixels ? [element(0x7fe00010, type, Uint8Array.from(pixels))] : []),
  ]);
}

describe("pixels of 8 bits in a big-endian file", () => {
  it("are two in a word of type OW, the first in its low byte", async () => {
    const { data } = await readArray(bigEndian(5, "OW", [2, 1, 4, 3, 0, 5]));
    expect([...data]).toEqual([1, 2, 3, 4, 5]);
  });

  it("are in their order as bytes of type OB", async () => {
    expect([...(await readArray(bigEndian(5, "OB", [1, 2, 3, 4, 5, 0]))).data]).toEqual([1, 2, 3, 4, 5]);
  });

  it("may be missing", async () => {
    await expect(readArray(bigEndian(5, "OW", undefined))).rejects.toMatchObject({
      code: "file_invalid",
      message: expect.stringContaining("no pixels") as string,
    });
    const report = Buffer.concat([
      new Uint8Array(128),
      new TextEncoder().encode("DICM"),
      element(0x00020010, "UI", "1.2.840.10008.1.2.1", true),
      element(0x00080060, "CS", "SR", true),
    ]);
    await expect(readArray(report)).rejects.toMatchObject({
      code: "file_invalid",
      message: expect.stringContaining("no pixels") as string,
    });
  });
});
