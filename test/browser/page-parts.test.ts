// The parts of the page examples/web that need no browser.
import { beforeAll, describe, expect, it } from "vitest";

type Pixels = { data: Float32Array; shape: [number, number, number] };

/** The modules of the page are plain JavaScript. */
interface Parts {
  verdict: {
    verdictOf(result: object): { outcome: string; title: string; detail: string; reasons: string[] };
    timeLeft(seconds: number): string;
  };
  frames: {
    framesOf(
      info: { pages: number; metadata: { axes?: string; sizes?: Record<string, number> } },
      channels: number,
    ): { count: number; channels: number; pagesOf(frame: number): number[] };
    withoutNaN(pixels: Pixels): { pixels: Pixels; missing: number[] };
    maskOf(pixels: Pixels, opacity?: Pixels): { mask: Float32Array; present: number };
    downscale(pixels: Pixels, limit: number): Pixels;
  };
  output: {
    outputOf(info: object, name: string): { type: string; ending: string; sample: string; scale: number };
    labelOf(output: object): string;
    nameOf(name: string, ending: string): string;
    arrayIndex(shape: number[], isNifti: boolean, channels: number): (...at: number[]) => number;
  };
  window: {
    automaticWindow(sorted: Float64Array, sample: string, scale: number): { low: number; high: number; gamma: number };
    toScreen(pixels: Pixels, look: object): Uint8ClampedArray;
  };
  checks: {
    againstFilling(given: Pixels, result: Pixels, mask: Float32Array, level: number): string[];
    againstSharpening(given: Pixels, result: Pixels, again: object, part: object, level: number): string[];
    againstRisk(losses: number[], level: number): string[];
    againstOutliers(given: Pixels, result: Pixels, variance: (x: number) => number, clip: object): string[];
  };
}

const parts = {} as Parts;
beforeAll(async () => {
  for (const name of ["verdict", "frames", "output", "window", "checks"] as const)
    Object.assign(parts, { [name]: await import(new URL(`../../examples/web/src/${name}.js`, import.meta.url).href) });
});

const pixels = (values: number[], shape: [number, number, number]): Pixels => ({
  data: Float32Array.from(values),
  shape,
});

describe("the verdict of the page", () => {
  it("never says that a picture came closer to the truth where it went away from it", () => {
    const worse = parts.verdict.verdictOf({ task: "denoise", before: 28.17, after: 27.94 });
    expect(worse.outcome).toBe("refused");
    expect(worse.title).toBe("Kept as it was given");
    expect(worse.reasons).toEqual(["The truth is known here: the result has 27.94 dB, the given picture 28.17 dB."]);
    expect(`${worse.title} ${worse.detail}`).not.toMatch(/closer|rose|cleaned/i);
    expect(parts.verdict.verdictOf({ task: "denoise", before: 28, after: Number.NaN }).outcome).toBe("refused");
    expect(parts.verdict.verdictOf({ task: "denoise", before: 20, after: 27.94 }).title).toBe(
      "Cleaned: 7.9 dB closer to the truth",
    );
    expect(parts.verdict.verdictOf({ task: "inpaint", before: 20, after: 20.01 }).title).toBe(
      "Filled in: hardly different",
    );
  });

  it("refuses what the data contradict, with the reasons as sentences", () => {
    const { outcome, reasons } = parts.verdict.verdictOf({
      task: "denoise",
      before: 20,
      after: 25,
      reasons: ["what was removed is 1.8 times as large as the noise"],
    });
    expect(outcome).toBe("refused");
    expect(reasons).toEqual(["What was removed is 1.8 times as large as the noise."]);
  });

  it("tells where there is nothing to do, and what was found", () => {
    expect(parts.verdict.verdictOf({ task: "denoise", nothing: "no noise was found" })).toMatchObject({
      outcome: "nothing",
      detail: "No noise was found.",
    });
    expect(parts.verdict.verdictOf({ task: "deblur", found: "gaussian noise" })).toMatchObject({
      outcome: "clean",
      title: "Sharpened",
      detail: "Gaussian noise.",
    });
  });

  it("gives the time left without jumping digits", () => {
    expect([0.2, 7.1, 12, 61, 130, Number.NaN].map((seconds) => parts.verdict.timeLeft(seconds))).toEqual([
      "1 s left",
      "8 s left",
      "15 s left",
      "65 s left",
      "3 min left",
      "",
    ]);
  });
});

describe("the frames of a file", () => {
  it("are its pages, or the pages of one place and time with all channels", () => {
    const plain = parts.frames.framesOf({ pages: 7, metadata: { axes: "ZYX", sizes: { Z: 7 } } }, 1);
    expect([plain.count, plain.channels, plain.pagesOf(3)]).toEqual([7, 1, [3]]);
    // T=2, C=3, Z=2: pages count Z fastest, then C, then T.
    const sizes = { T: 2, C: 3, Z: 2, Y: 8, X: 8 };
    const stack = parts.frames.framesOf({ pages: 12, metadata: { axes: "TCZYX", sizes } }, 1);
    expect([stack.count, stack.channels]).toEqual([4, 3]);
    expect([0, 1, 2, 3].map((frame) => stack.pagesOf(frame))).toEqual([
      [0, 2, 4],
      [1, 3, 5],
      [6, 8, 10],
      [7, 9, 11],
    ]);
    const fast = parts.frames.framesOf({ pages: 6, metadata: { axes: "ZCYX", sizes: { Z: 3, C: 2 } } }, 1);
    expect([0, 1, 2].map((frame) => fast.pagesOf(frame))).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    // Axes that do not count the pages are not believed.
    expect(parts.frames.framesOf({ pages: 5, metadata: { axes: "CYX", sizes: { C: 2 } } }, 1).count).toBe(5);
  });

  it("have values that are missing filled, and know where", () => {
    const { pixels: filled, missing } = parts.frames.withoutNaN(pixels([NaN, 2, 3, Infinity], [1, 2, 2]));
    expect(Array.from(filled.data)).toEqual([2, 2, 3, 3]);
    expect(missing).toEqual([0, 3]);
  });

  it("count pixels as missing that are black in all channels, transparent or without a value", () => {
    const image = pixels([0, 1, 0, 5, NaN, 0, 2, 0, 5, 1], [2, 1, 5]);
    const opacity = pixels([1, 1, 1, 0, 1], [1, 1, 5]);
    expect(Array.from(parts.frames.maskOf(image, opacity).mask)).toEqual([0, 1, 0, 0, 0]);
    expect(parts.frames.maskOf(pixels([0, -1, 2, 3], [1, 2, 2])).present).toBe(0.75);
  });

  it("are averaged over blocks where they are made smaller", () => {
    const small = parts.frames.downscale(pixels([1, 3, 5, 7, 0, 0, 2, 2], [1, 2, 4]), 2);
    expect([small.shape, Array.from(small.data)]).toEqual([
      [1, 1, 2],
      [1, 4],
    ]);
  });
});

describe("the download of the page", () => {
  const of = (format: string, sample: string, scale: number, name = "x", bits = 8) =>
    parts.output.outputOf({ sample, scale, metadata: { format, bits } }, name);

  it("has the type that was opened, wherever that is written", () => {
    expect(of("png", "uint16", 65535)).toMatchObject({ type: "png", sample: "uint16", scale: 65535 });
    expect(of("png", "uint8", 15)).toMatchObject({ type: "png", sample: "uint8", scale: 255 });
    expect(of("tiff", "uint16", 65535)).toMatchObject({ type: "tiff", sample: "uint16", scale: 65535 });
    expect(of("tiff", "uint16", 4095, "x", 12)).toMatchObject({ type: "tiff", sample: "uint16", scale: 4095 });
    expect(of("tiff", "uint8", 1, "x", 1)).toMatchObject({ type: "tiff", sample: "uint8", scale: 255 });
    expect(of("tiff", "float64", 1)).toMatchObject({ sample: "float64" });
    expect(of("tiff", "float16", 1)).toMatchObject({ sample: "float32" });
    expect(of("jpeg", "uint8", 255)).toMatchObject({ type: "png", ending: ".png", sample: "uint8" });
    expect(of("dicom", "int16", 32767)).toMatchObject({ type: "tiff", sample: "int16", scale: 32767 });
    for (const [format, ending] of [
      ["npy", ".npy"],
      ["nifti", ".nii"],
      ["fits", ".fits"],
      ["zip", ".npy"],
    ] as const)
      expect(of(format, "float32", 1)).toMatchObject({ type: "array", ending });
    expect(of("gzip", "int16", 32767, "scan.nii.gz")).toMatchObject({ type: "array", ending: ".nii.gz" });
    expect(of("gzip", "int16", 32767, "scan.gz")).toMatchObject({ type: "tiff" });
  });

  it("is named after the file, and its button says what it is", () => {
    expect(parts.output.nameOf("a.b/photo.JPG", ".png")).toBe("a.b/photo-clean.png");
    expect(parts.output.nameOf("stack.ome.tif", ".tif")).toBe("stack-clean.tif");
    expect(parts.output.nameOf("scan.nii.gz", ".nii.gz")).toBe("scan-clean.nii.gz");
    expect(parts.output.labelOf(of("png", "uint16", 65535))).toBe("Download PNG (16 bit)");
    expect(parts.output.labelOf(of("tiff", "float32", 1))).toBe("Download TIFF (32 bit float)");
    expect(parts.output.labelOf(of("nifti", "int16", 32767))).toBe("Download .nii (16 bit)");
  });

  it("puts pages where the array had them", () => {
    // [2, 3, 4, 5]: two axes of pages, rows, columns.
    const at = parts.output.arrayIndex([2, 3, 4, 5], false, 1);
    expect(at(4, 0, 2, 3)).toBe(((1 * 3 + 1) * 4 + 2) * 5 + 3);
    const rgb = parts.output.arrayIndex([2, 6, 7, 3], false, 3);
    expect(rgb(1, 2, 4, 5)).toBe(((1 * 6 + 4) * 7 + 5) * 3 + 2);
    // NIfTI [x, y, z]: columns are x.
    const nifti = parts.output.arrayIndex([4, 5, 3], true, 1);
    expect(nifti(2, 0, 1, 3)).toBe((3 * 5 + 1) * 3 + 2);
  });
});

describe("the brightness on the screen", () => {
  const ramp = (from: number, to: number) =>
    Float64Array.from({ length: 10001 }, (_, i) => from + ((to - from) * i) / 10000);

  it("has the range of the type, or that of the values where they use little of it", () => {
    expect(parts.window.automaticWindow(ramp(20, 40), "uint8", 255)).toEqual({ low: 0, high: 255, gamma: 1 });
    expect(parts.window.automaticWindow(ramp(0, 60000), "uint16", 65535)).toMatchObject({ low: 0, high: 65535 });
    const deep = parts.window.automaticWindow(ramp(0, 4000), "uint16", 65535);
    expect(deep.low).toBeCloseTo(4, 3);
    expect(deep.high).toBeCloseTo(3996, 3);
    const signed = parts.window.automaticWindow(ramp(-1000, 2000), "int16", 32767);
    expect([signed.low, signed.high].map(Math.round)).toEqual([-997, 1997]);
    expect(parts.window.automaticWindow(ramp(0, 1), "float32", 1)).toMatchObject({ low: 0, high: 1 });
    const flat = parts.window.automaticWindow(ramp(7, 7), "float32", 1);
    expect(flat.high).toBeGreaterThan(flat.low);
  });

  it("maps black to 0, white to 255 and applies gamma; values that are missing are black", () => {
    const image = pixels([-1, 0, 1, 2, NaN, 4], [1, 1, 6]);
    const look = { scale: 10, windows: [{ low: 0, high: 20, gamma: 1 }] };
    const grey = (gamma: number) => {
      const rgba = parts.window.toScreen(image, { ...look, windows: [{ low: 0, high: 20, gamma }] });
      expect(rgba[3]).toBe(255);
      return [0, 1, 2, 3, 4, 5].map((i) => rgba[4 * i]);
    };
    expect(grey(1)).toEqual([0, 0, 128, 255, 0, 255]);
    expect(grey(2)).toEqual([0, 0, Math.round(255 * Math.SQRT1_2), 255, 0, 255]);
  });

  it("adds the colours of channels that are on", () => {
    const image = pixels([1, 0, 1, 1], [2, 1, 2]);
    const windows = [0, 1].map(() => ({ low: 0, high: 1, gamma: 1 }));
    const look = (on: boolean) => ({
      scale: 1,
      windows,
      colours: [
        { colour: "#00ff00", on: true },
        { colour: "#ff00ff", on },
      ],
    });
    expect(Array.from(parts.window.toScreen(image, look(true)))).toEqual([255, 255, 255, 255, 255, 0, 255, 255]);
    expect(Array.from(parts.window.toScreen(image, look(false)))).toEqual([0, 255, 0, 255, 0, 0, 0, 255]);
  });
});

describe("what the data say against a result", () => {
  const given = pixels(
    Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 0 : 0.5 + 0.01 * Math.sin(i))),
    [1, 20, 20],
  );
  const mask = given.data.map((value) => (value === 0 ? 0 : 1));
  const filled = (value: number, change = 0) => ({
    ...given,
    data: given.data.map((v, i) => (mask[i] === 0 ? value : v + change)),
  });

  it("filling in: measured pixels stay, and what is filled in is like them", () => {
    expect(parts.checks.againstFilling(given, filled(0.5), mask, 0.02)).toEqual([]);
    expect(parts.checks.againstFilling(given, filled(0.5, 0.1), mask, 0.02)[0]).toContain("were changed");
    expect(parts.checks.againstFilling(given, filled(0), mask, 0.02)[0]).toContain("darker or brighter");
    expect(parts.checks.againstFilling(given, filled(Number.NaN), mask, 0.02)[0]).toContain("no numbers");
  });

  it("sharpening: blurred again it is the given picture", () => {
    const part = { data: given.data };
    expect(parts.checks.againstSharpening(given, given, part, part, 0.01)).toEqual([]);
    const other = { data: given.data.map((value) => value + 0.1) };
    expect(parts.checks.againstSharpening(given, given, other, part, 0.01)[0]).toContain("blurred again");
    const rings = { ...given, data: given.data.map((value, i) => value + (i % 2 ? 1 : -1)) };
    expect(parts.checks.againstSharpening(given, rings, part, part, 0.01)[0]).toContain("rings");
  });

  it("an estimate of the error is not negative", () => {
    expect(parts.checks.againstRisk([0.001, -0.0005, 0.0002], 0.1)).toEqual([]);
    expect(parts.checks.againstRisk([-0.026, -0.02], 0.022)[0]).toContain("negative");
  });
});
