import { type ImageStack, type Pixels, readPixels, writeImage, type WriteReport } from "../io/index.js";
import { tensor } from "../tensor/index.js";
import { UsageError } from "./errors.js";
import { isInverted, isNpy, likeArray, outputSamples } from "./output-samples.js";

/** How the training images were read. */
export interface Reading {
  readonly channels?: "grey" | "rgb" | "auto";
  readonly scale?: "type" | "none";
}

/** All pages of an image file, and the way to write their restorations like it. */
export class AppliedImage {
  readonly #read: ImageStack;
  /** Whether values are those of the file divided by the largest one. */
  readonly #isScaled: boolean;

  private constructor(read: ImageStack, isScaled: boolean) {
    this.#read = read;
    this.#isScaled = isScaled;
  }

  /** @throws as `readPixels`; UsageError where values are not finite. */
  static async read(path: string, { channels = "auto", scale = "type" }: Reading): Promise<AppliedImage> {
    const read = await readAs(path, channels, scale);
    const wrong = read.data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      const count = read.data.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
      throw new UsageError(`${path}: ${count} values are not finite; replace them first.`, "invalid_argument");
    }
    return new AppliedImage(read, scale === "type");
  }

  get pages(): number {
    return this.#read.shape[0];
  }

  /** Channels without the opacity. */
  get channels(): number {
    return this.#read.shape[1] - (this.#read.metadata.alpha === true ? 1 : 0);
  }

  /** A page without its opacity. */
  page(index: number): Pixels {
    const [, stored, rows, columns] = this.#read.shape;
    const start = index * stored * rows * columns;
    const data = this.#read.data.slice(start, start + this.channels * rows * columns);
    return { data, shape: [this.channels, rows, columns] };
  }

  /**
   * Writes the restored pages. Where they have the channels of the file, with its type of samples, units, opacity and
   * pixel size.
   */
  async write(output: string, restored: readonly Pixels[]): Promise<WriteReport> {
    const [first] = restored as readonly [Pixels];
    const { metadata, shape, data } = this.#read;
    const [channels, rows, columns] = first.shape;
    const same = channels === this.channels && rows === shape[2] && columns === shape[3];
    const stored = same ? shape[1] : channels;
    const plane = rows * columns;
    const all = new Float32Array(restored.length * stored * plane);
    if (same) all.set(data);
    restored.forEach((page, i) => all.set(page.data, i * stored * plane));
    if (same && this.#isScaled && isInverted(output, this.#read))
      invert(all, restored.length, stored, channels * plane);
    const isArray = same && isNpy(output) && metadata.arrayShape !== undefined;
    const shapeOfAll = [restored.length, stored, rows, columns] as const;
    const written = isArray ? likeArray(all, shapeOfAll, metadata.arrayShape) : { data: all, shape: [...shapeOfAll] };
    const image = tensor(written.data, { shape: written.shape });
    const { axes: _, sizes: __, colour: ___, alpha: ____, whiteIsZero: _____, ...general } = metadata;
    try {
      return await writeImage(output, image, {
        ...outputSamples(output, this.#read),
        metadata: same ? metadata : general,
      });
    } finally {
      image.dispose();
    }
  }
}

/** The file's own channels where they are those of the training, with its opacity; else converted to these. */
async function readAs(path: string, channels: "grey" | "rgb" | "auto", scale: "type" | "none"): Promise<ImageStack> {
  const read = await readPixels(path, { page: "all", scale });
  const colours = read.shape[1] - (read.metadata.alpha === true ? 1 : 0);
  if (channels === "auto" || colours === (channels === "grey" ? 1 : 3)) return read;
  return await readPixels(path, { page: "all", channels, scale });
}

/** A TIFF where small values are bright stays one. */
function invert(all: Float32Array, pages: number, stored: number, restored: number): void {
  const page = all.length / pages;
  for (let i = 0; i < all.length; i++) if (stored === 1 || i % page < restored) all[i] = 1 - (all[i] as number);
}
