import type { NoiseName } from "../denoise/index.js";
import { type ImagePixels, type Pixels, readPixels, writeImage, type WriteReport } from "../io/index.js";
import { tensor } from "../tensor/index.js";
import { UsageError } from "./errors.js";

/** Types of samples that are written, by those that are read. */
const written = {
  uint8: "uint8",
  uint16: "uint16",
  uint32: "uint32",
  uint64: "float64",
  int8: "int8",
  int16: "int16",
  int32: "int32",
  int64: "float64",
  float16: "float32",
  float32: "float32",
  float64: "float64",
} as const;

/** A noisy image file, and the way to write another image like it. */
export class NoisyImage {
  /** The image without opacity, as `readPixels` gives it: integers divided by the largest value of their type. */
  readonly pixels: Pixels;
  /** Number of images in the file; the first is taken. */
  readonly pages: number;
  readonly #read: ImagePixels;

  private constructor(read: ImagePixels) {
    this.#read = read;
    this.pages = read.pages;
    this.pixels = colours(read);
  }

  /**
   * Reads an image, and checks that its values can be denoised and written to `output`.
   *
   * @throws UsageError where values are not finite or, for noise that has no negative values, negative; where the
   * format of the output cannot hold the samples.
   */
  static async read(path: string, noise: NoiseName, output: string): Promise<NoisyImage> {
    const read = await readPixels(path);
    const [, rows, columns] = read.shape;
    const { data } = colours(read);
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      const count = data.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
      const place = `row ${Math.floor(wrong / columns) % rows}, column ${wrong % columns}`;
      throw new UsageError(
        `${path}: ${count} values are not finite, the first is ${data[wrong]} at ${place}; replace them first.`,
        "invalid_argument",
      );
    }
    const lowest = data.reduce((low, value) => Math.min(low, value), Infinity);
    if ((noise === "poisson" || noise === "gamma") && lowest < 0) {
      throw new UsageError(
        `${path}: the smallest value is ${lowest * read.scale}, but ${noise} noise has no negative values; subtract ` +
          "the camera's offset from the image, or take --noise gaussian.",
        "invalid_argument",
      );
    }
    const image = new NoisyImage(read);
    image.#checkOutput(path, output);
    return image;
  }

  /** The smallest and the largest value of the file, and how many different ones there are. */
  get range(): { readonly low: number; readonly high: number; readonly different: number } {
    const { data } = colours(this.#read);
    let [low, high] = [Infinity, -Infinity];
    for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return { low, high, different: new Set(data).size };
  }

  /** Writes a restored copy with the sample type, units, opacity and pixel size of the file. */
  async write(output: string, restored: Pixels): Promise<WriteReport> {
    const { data: given, shape, metadata } = this.#read;
    const [channels, rows, columns] = shape;
    const data = new Float32Array(given);
    data.set(restored.data);
    const target = this.#target(output);
    // A TIFF where small values are bright stays one; a PNG has none of these.
    if (metadata.whiteIsZero && !/\.png$/i.test(output))
      for (let i = 0; i < restored.data.length; i++) data[i] = 1 - (data[i] as number);
    const image = tensor(data, { shape: [channels, rows, columns] });
    try {
      return await writeImage(output, image, { ...target, metadata: { ...metadata, ...onePage } });
    } finally {
      image.dispose();
    }
  }

  /** Type of the samples in the output, and the stored value of 1. */
  #target(output: string) {
    const { sample, scale, metadata } = this.#read;
    if (/\.png$/i.test(output)) {
      if (sample === "uint8" || sample === "uint16") {
        // Less than 8 bits become 8.
        return { sample, scale: Math.max(255, scale) } as const;
      }
      return { sample: "uint16", scale: 65535 } as const;
    }
    const isSmall = sample === "uint8" && (metadata.bits ?? 8) < 8;
    return { sample: written[sample], scale: isSmall ? 255 : scale } as const;
  }

  #checkOutput(path: string, output: string): void {
    const { sample, data } = this.#read;
    if (!/\.png$/i.test(output) || sample === "uint8" || sample === "uint16") return;
    if (sample.startsWith("float") && data.every((value) => value >= 0 && value <= 1)) return;
    throw new UsageError(
      `--output is ${output}, but ${path} has ${sample} values that a PNG cannot hold; ` +
        "expected a name that ends in .tif.",
      "invalid_argument",
    );
  }
}

/** Axes and texts of a stack do not hold for one of its pages. */
const onePage = { axes: "YX", sizes: {} };

/** The image without its opacity, the last channel. */
function colours({ data, shape, metadata }: ImagePixels): Pixels {
  if (metadata.alpha !== true) return { data, shape };
  const [channels, rows, columns] = shape;
  return { data: data.subarray(0, (channels - 1) * rows * columns), shape: [channels - 1, rows, columns] };
}
