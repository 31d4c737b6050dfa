import { readFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeArray, readImage, readPixels } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { expectedImages, fixture, fixtureFolder, imageFixtures } from "./fixtures.js";

beforeAll(async () => await init());
const expected = expectedImages();

/** The largest value of a type. */
function largest(sample: string, bits: number): number {
  if (sample.startsWith("float")) return 1;
  return sample.startsWith("int") ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
}

describe("every fixture has the pixels that tifffile or PIL read", () => {
  it.each(Object.keys(expected))("%s", async (name) => {
    const { shape, sample, values, tolerance = 0, alpha = false, whiteIsZero = false, ...facts } = expected[name]!;
    const path = join(fixtureFolder, name);
    const stored = await readPixels(path, { scale: "none", page: "all" });
    expect(stored.shape).toEqual(shape);
    expect(stored.sample).toBe(sample);
    expect(stored.pages).toBe(shape[0]);
    expect(stored.scale).toBe(1);
    expect(stored.metadata.alpha).toBe(alpha);
    if (facts.metadata) expect(stored.metadata).toMatchObject(facts.metadata);
    const worst = values.reduce((most, value, i) => {
      const got = stored.data[i]!;
      return Object.is(Math.fround(value), got) ? most : Math.max(most, Math.abs(value - got));
    }, 0);
    expect(worst).toBeLessThanOrEqual(tolerance);
    if (tolerance > 0) return;
    const bits = facts.bits ?? Number(/\d+$/.exec(sample)![0]);
    const scaled = await readPixels(path, { page: "all" });
    const scale = name === "bilevel.tif" ? 1 : largest(sample, bits);
    expect(scaled.scale).toBe(scale);
    expect(scaled.data).toEqual(Float32Array.from(values, (value) => (whiteIsZero ? scale - value : value) / scale));
    const last = await readPixels(path, { page: shape[0] - 1 });
    expect(last.shape).toEqual(shape.slice(1));
    expect(last.data).toEqual(scaled.data.subarray(scaled.data.length - last.data.length));
  });

  it("and none is left out", () => {
    const others = ["grey-no-profile.png", "grey-profile.png", "jpeg2000.tif"];
    expect(imageFixtures().filter((name) => !(name in expected))).toEqual(others);
  });
});

it("states no axes where the pages of an OME file lie in another order", async () => {
  const bytes = fixture("ome.ome.tif");
  const at = Buffer.from(bytes).indexOf('<TiffData IFD="0"');
  expect(at).toBeGreaterThan(0);
  bytes[at + 15] = "3".charCodeAt(0);
  const { metadata } = await readPixels(bytes);
  expect(metadata).toMatchObject({ dialect: "ome", channelNames: ["DAPI", "GFP & co"] });
  expect(metadata.axes).toBeUndefined();
});

it("applies a colour profile only where it is asked to", async () => {
  const plain = await readPixels(fixture("grey-no-profile.png"));
  expect((await readPixels(fixture("grey-profile.png"))).data).toEqual(plain.data);
  // The profile is linear light: sRGB stores v as its 2.4th root, about.
  const { data, sample, shape } = await readPixels(fixture("grey-profile.png"), { colour: "srgb" });
  expect([sample, shape]).toEqual(["uint8", plain.shape]);
  const encoded = (y: number): number => (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055);
  for (let i = 0; i < data.length; i += 97) expect(data[i]).toBeCloseTo(encoded(plain.data[i]!), 1.5);
  const untouched = await readPixels(fixture("grey-no-profile.png"), { colour: "srgb" });
  expect(untouched.data).toEqual(plain.data);
});

it("takes bytes, Blobs and URLs as well", async () => {
  const bytes = fixture("uint16-be.tif");
  const file = new File([Buffer.from(bytes)], "any.name");
  const whole = await readPixels(join(fixtureFolder, "uint16-be.tif"));
  expect(await readPixels(bytes)).toEqual(whole);
  expect(await readPixels(file)).toEqual(whole);
  expect(await readPixels(new URL(`file://${fixtureFolder}/uint16-be.tif`))).toEqual(whole);
});

it("gives the first page as [1, C, H, W], all of them as [N, C, H, W]", async () => {
  const path = join(fixtureFolder, "pages.tif");
  expect((await readImage(path)).shape).toEqual([1, 1, 11, 13]);
  expect((await readImage(path, { page: "all" })).shape).toEqual([5, 1, 11, 13]);
  await expect(readImage(path, { page: 5 })).rejects.toMatchObject({
    code: "invalid_argument",
    message: expect.stringContaining("expected 0 to 4"),
  });
});

it("turns all images of an animation upright", async () => {
  const [width, height, channels] = [3, 2, 3] as const;
  const values = Uint8Array.from({ length: 2 * width * height * channels }, (_, i) => 5 * i);
  const animation = await sharp(values, { raw: { width, height: 2 * height, channels, pageHeight: height } })
    .withMetadata({ orientation: 6 })
    .webp({ lossless: true })
    .toBuffer();
  const { data, shape, pages } = await readPixels(animation, { page: "all", scale: "none" });
  expect([pages, shape]).toEqual([2, [2, 3, 3, 2]]);
  // Orientation 6: the first row of the file is the right side of the image.
  for (let n = 0; n < 2; n++) {
    const { data: one } = await readPixels(animation, { page: n, scale: "none" });
    expect(one).toEqual(data.slice(18 * n, 18 * (n + 1)));
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 2; j++)
          expect(data[((n * 3 + c) * 3 + i) * 2 + j]).toBe(values[((n * 2 + 1 - j) * 3 + i) * 3 + c]);
      }
    }
  }
});

it("leaves the opacity out of grey and rgb", async () => {
  const { data } = await readPixels(fixture("type6-8.png"), { scale: "none" });
  const rgb = await readPixels(fixture("type6-8.png"), { scale: "none", channels: "rgb" });
  expect(rgb.shape).toEqual([3, 11, 13]);
  expect(rgb.metadata.alpha).toBe(false);
  expect(rgb.data).toEqual(data.subarray(0, 3 * 143));
  const grey = await readPixels(fixture("type4-16.png"), { channels: "grey" });
  expect(grey.data).toEqual((await readPixels(fixture("type4-16.png"))).data.subarray(0, 143));
  expect((await readPixels(fixture("uint8-le.tif"), { channels: "rgb" })).shape).toEqual([3, 11, 13]);
});

it("the grey value of a colour is its luminance: of integers in linear light, of floats the weighted sum", async () => {
  const linear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  for (const [name, full] of [
    ["rgb.tif", 255],
    ["rgb16-p2.tif", 65535],
  ] as const) {
    const { data } = await readPixels(fixture(name));
    const grey = (await readPixels(fixture(name), { channels: "grey", scale: "none" })).data;
    for (let i = 0; i < 143; i++) {
      const y = 0.2126 * linear(data[i]!) + 0.7152 * linear(data[143 + i]!) + 0.0722 * linear(data[286 + i]!);
      const encoded = y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055;
      expect(Math.abs(grey[i]! - full * encoded)).toBeLessThan(0.51);
      expect(Number.isInteger(grey[i])).toBe(true);
    }
  }
  const { data } = await readPixels(fixture("float-predictor-rgb-float32-le.tif"));
  const grey = await readPixels(fixture("float-predictor-rgb-float32-le.tif"), { channels: "grey" });
  const plane = data.length / 3;
  expect(grey.data[7]).toBeCloseTo(0.2126 * data[7]! + 0.7152 * data[plane + 7]! + 0.0722 * data[2 * plane + 7]!, 3);
});

describe("arrays of real numbers are images", () => {
  const values = Float64Array.from({ length: 240 }, (_, i) => i / 7 - 3);
  it("the last two axes are rows and columns, those before them pages", async () => {
    const { bytes } = await encodeArray("stack.npy", { data: values, shape: [2, 4, 5, 6] });
    const stack = await readPixels(bytes, { page: "all" });
    expect([stack.shape, stack.sample, stack.pages]).toEqual([[8, 1, 5, 6], "float64", 8]);
    expect(stack.data).toEqual(Float32Array.from(values));
    const fits = (await encodeArray("image.fits", { data: values, shape: [15, 16] })).bytes;
    expect((await readPixels(fits)).data).toEqual(Float32Array.from(values));
    expect((await readPixels(fits)).shape).toEqual([1, 15, 16]);
  });

  it("a short last axis is colours", async () => {
    const data = Uint8Array.from(values, (_, i) => i);
    const { bytes } = await encodeArray("colours.npy", { data, shape: [10, 8, 3] });
    const { data: read, shape, scale, metadata } = await readPixels(bytes);
    expect([shape, scale, metadata.colour]).toEqual([[3, 10, 8], 255, "rgb"]);
    expect(read[80 + 11]).toBe(Math.fround(data[3 * 11 + 1]! / 255));
  });

  it("of NIfTI columns are x and rows are y", async () => {
    const { bytes } = await encodeArray("volume.nii", { data: values, shape: [6, 10, 4] });
    const { data, shape } = await readPixels(bytes, { page: 3 });
    expect(shape).toEqual([1, 10, 6]);
    for (let y = 0; y < 10; y++)
      for (let x = 0; x < 6; x++) expect(data[y * 6 + x]).toBe(Math.fround(values[(x * 10 + y) * 4 + 3]!));
    await expect(readPixels(bytes, { maxPixels: 59 })).rejects.toMatchObject({ code: "image_too_large" });
  });
});

describe("files that are refused", () => {
  const refused = async (source: string | Uint8Array, code: string, text: string, options = {}) =>
    await expect(readPixels(source, options)).rejects.toMatchObject({
      name: "FormatError",
      code,
      message: expect.stringContaining(text),
    });

  it("names what is not read", async () => {
    await refused(join(fixtureFolder, "jpeg2000.tif"), "image_unsupported", "JPEG 2000");
    await refused(
      new TextEncoder().encode('<?xml version="1.0"?><svg width="9" height="9"/>'),
      "image_unsupported",
      "SVG",
    );
    await refused(new TextEncoder().encode("  <svg xmlns='http://www.w3.org/2000/svg'/>"), "image_unsupported", "SVG");
    await refused(new Uint8Array(0), "image_invalid", "empty");
    await refused(new TextEncoder().encode("this is text"), "image_invalid", "expected TIFF, PNG");
    const header = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
    await refused(header("\x00\x00\x00\x0cjP  \r\n\x87\n"), "image_unsupported", "JPEG 2000");
    await refused(header("MATLAB 5.0 MAT-file"), "image_unsupported", "'-v7.3'");
    await refused(header("ZISRAWFILE"), "image_unsupported", "OME-TIFF");
    const numbers = new Float32Array(16);
    const complex = { data: numbers, shape: [2, 4, 2], dtype: "complex64" } as const;
    await refused((await encodeArray("a.npy", complex)).bytes, "image_unsupported", "complex numbers");
    const line = { data: numbers, shape: [16] };
    await refused((await encodeArray("a.npy", line)).bytes, "image_unsupported", "readArray");
    // Arrays that are damaged: the format by name.
    await refused(header("\x93NUMPY\x01\0"), "file_truncated", "NumPy");
    await refused(header("SIMPLE  =                    T"), "file_truncated", "FITS");
    const nifti = new Uint8Array(352);
    nifti.set([0x6e, 0x2b, 0x31, 0], 344);
    await refused(nifti, "image_invalid", "NIfTI");
  });

  it("names the depth of JPEG data that is not read", async () => {
    for (const [name, depths] of [
      ["small.jpg", "12 bits a sample"],
      ["jpeg.tif", "JPEG data of 12 bits"],
    ] as const) {
      const file = fixture(name);
      for (let i = 0; i + 4 < file.length; i++) {
        const isFrame = file[i] === 0xff && file[i + 1] === 0xc0 && file[i + 2] === 0 && file[i + 4] === 8;
        if (isFrame) file[i + 4] = 12;
      }
      await refused(file, "image_unsupported", depths);
    }
  });

  it("names the arrays of a file of several, of which a picture cannot be chosen", async () => {
    const { bytes } = await encodeArray("a.npy", { data: new Float32Array(16), shape: [4, 4] });
    const both = zipSync({ "a.npy": bytes, "b.npy": bytes });
    await refused(both, "image_unsupported", 'holds several arrays ("a", "b")');
  });

  it("says what is wrong with damaged files", async () => {
    for (const name of ["zlib-p2-uint16-be.tif", "uint8-le.tif", "type2-8.png", "small.jpg", "lossless.webp"]) {
      const whole = fixture(name);
      for (const part of [0.3, 0.6, 0.9]) {
        await refused(whole.subarray(0, Math.floor(part * whole.length)), "image_invalid", "is damaged");
      }
    }
    const flipped = fixture("type2-8.png");
    flipped[70]! ^= 4;
    await refused(flipped, "image_invalid", "checksum");
  });

  it("refuses more pixels than the limit before it takes memory for them", async () => {
    const png = fixture("grey8.png");
    const before = process.memoryUsage().arrayBuffers;
    await refused(png, "image_too_large", "143 pixels, expected at most 142", { maxPixels: 142 });
    await refused(fixture("pages.tif"), "image_too_large", "715 pixels", { maxPixels: 714, page: "all" });
    expect((await readPixels(fixture("pages.tif"), { maxPixels: 143 })).data.length).toBe(143);
    await refused(fixture("small.jpg"), "image_too_large", "143 pixels", { maxPixels: 142 });
    await refused(fixture("lossless.webp"), "image_too_large", "143 pixels", { maxPixels: 142 });
    await refused(fixture("frames.gif"), "image_too_large", "143 pixels", { maxPixels: 142 });
    const gif = fixture("frames.gif");
    gif.set([0xff, 0x7f, 0xff, 0x1f], 6);
    await refused(gif, "image_invalid", "cannot hold 32767x8191 pixels");
    // A header that claims what its data cannot hold: 2^30 pixels of 1 bit in 60 bytes.
    const tiff = fixture("uint8-le.tif");
    const view = new DataView(tiff.buffer);
    for (let at = view.getUint32(4, true) + 2; at + 12 < tiff.length; at += 12) {
      const tag = view.getUint16(at, true);
      if (tag === 256 || tag === 257 || tag === 278) {
        view.setUint16(at + 2, 4, true);
        view.setUint32(at + 8, 15000, true);
      }
    }
    await refused(tiff, "image_invalid", "too short");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e8);
  });

  it("does not follow directories that form a circle", async () => {
    const bytes = fixture("uint8-le.tif");
    const view = new DataView(bytes.buffer);
    const at = view.getUint32(4, true);
    view.setUint32(at + 2 + 12 * view.getUint16(at, true), at, true);
    await refused(bytes, "image_invalid", "circle");
  });
});

it("refuses options that it does not know", async () => {
  const path = join(fixtureFolder, "pages.tif");
  for (const [options, code] of [
    [{ chanels: "grey" }, "unknown_option"],
    [{ channels: "cmyk" }, "invalid_argument"],
    [{ scale: 2 }, "invalid_argument"],
    [{ page: -1 }, "invalid_argument"],
    [{ page: 0.5 }, "invalid_argument"],
    [{ maxPixels: NaN }, "invalid_argument"],
  ] as const) {
    await expect(readPixels(path, options as object)).rejects.toMatchObject({ name: "ArgumentError", code });
  }
  await expect(readPixels(7 as never)).rejects.toMatchObject({ code: "invalid_argument" });
  expect(readFileSync(path).length).toBeGreaterThan(0);
});
