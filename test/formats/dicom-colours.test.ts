import { beforeAll, describe, expect, it } from "vitest";
import { readArray, readImage } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(async () => await init());

/** An element of explicit little endian: group, element, type, value. */
function element(group: number, number: number, type: string, value: Uint8Array | string | number): Uint8Array {
  const bytes =
    typeof value === "number"
      ? Uint8Array.from([value & 255, value >> 8])
      : typeof value === "string"
        ? new TextEncoder().encode(value.length % 2 === 0 ? value : `${value}${type === "UI" ? "\0" : " "}`)
        : value;
  const isLong = type === "OB" || type === "OW";
  const head = new DataView(new ArrayBuffer(isLong ? 12 : 8));
  head.setUint16(0, group, true);
  head.setUint16(2, number, true);
  head.setUint8(4, type.charCodeAt(0));
  head.setUint8(5, type.charCodeAt(1));
  if (isLong) head.setUint32(8, bytes.length, true);
  else head.setUint16(6, bytes.length, true);
  return Buffer.concat([new Uint8Array(head.buffer), bytes]);
}

/** A DICOM file of one row of pixels of 3 samples. */
function dicom(photometric: string, columns: number, pixels: readonly number[], samples = 3): Uint8Array {
  return Buffer.concat([
    new Uint8Array(128),
    new TextEncoder().encode("DICM"),
    element(0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1"),
    element(0x0028, 0x0002, "US", samples),
    element(0x0028, 0x0004, "CS", photometric),
    element(0x0028, 0x0010, "US", 1),
    element(0x0028, 0x0011, "US", columns),
    element(0x0028, 0x0100, "US", 8),
    element(0x0028, 0x0101, "US", 8),
    element(0x0028, 0x0103, "US", 0),
    element(0x7fe0, 0x0010, "OB", Uint8Array.from(pixels)),
  ]);
}

describe("colours of DICOM are RGB, as pydicom gives them", () => {
  // Y = 0.299 R + 0.587 G + 0.114 B: red, blue, grey, and what is beyond 255.
  const stored = [76, 85, 255, 29, 255, 107, 128, 128, 128, 255, 0, 255];
  const colours = [254, 0, 0, 0, 0, 254, 128, 128, 128, 255, 208, 28];

  it("YBR_FULL", async () => {
    const { data, shape, metadata } = await readArray(dicom("YBR_FULL", 4, stored));
    expect(shape).toEqual([1, 4, 3]);
    expect([...data]).toEqual(colours);
    expect(metadata["photometricInterpretation"]).toBe("RGB");
  });

  it("YBR_FULL_422, of which two pixels share their colour", async () => {
    const { data } = await readArray(dicom("YBR_FULL_422", 4, [76, 29, 85, 255, 128, 0, 128, 128]));
    expect([...data]).toEqual([254, 0, 0, 207, 0, 0, 128, 128, 128, 0, 0, 0]);
  });

  it("RGB stays", async () => {
    expect([...(await readArray(dicom("RGB", 4, stored))).data]).toEqual(stored);
  });

  it("indices of a palette are no picture", async () => {
    const file = dicom("PALETTE COLOR", 4, [1, 2, 3, 4], 1);
    expect([...(await readArray(file)).data]).toEqual([1, 2, 3, 4]);
    await expect(readImage(file)).rejects.toMatchObject({
      code: "image_unsupported",
      message: expect.stringContaining("palette") as string,
    });
  });
});
