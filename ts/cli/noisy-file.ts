import {
  type ImageMetadata,
  type ImagePixels,
  ImageReader,
  type Pixels,
  writeImage,
  type WriteReport,
} from "../io/index.js";
import { tensor } from "../tensor/index.js";
import { UsageError } from "./errors.js";
import { isInverted, isNpy, isPng, likeArray, outputSamples } from "./output-samples.js";
import { choosePages, type PageChoice } from "./page-choice.js";

/** One page: the image without opacity, and the opacity where there is one. */
interface Page {
  readonly pixels: Pixels;
  readonly alpha: Float32Array | undefined;
}

/** A file of noisy images, of which some pages and channels are taken, and the way to write other images like it. */
export class NoisyFile {
  readonly path: string;
  /** Number of pages of the file. */
  readonly allPages: number;
  /** The pages that are taken, from 0. */
  readonly pages: readonly number[];
  /** Channels, height and width of the first of them. */
  readonly shape: Pixels["shape"];
  readonly #reader: ImageReader;
  readonly #choice: PageChoice;
  /** The samples and the metadata of the first page. */
  readonly #kind: Omit<ImagePixels, "data">;

  private constructor(path: string, reader: ImageReader, first: ImagePixels, choice: PageChoice) {
    this.path = path;
    this.allPages = reader.pages;
    this.pages = choice.pages;
    this.#reader = reader;
    const { data: _, ...kind } = first;
    this.#kind = kind;
    this.#choice = choice;
    this.shape = this.#split(first).pixels.shape;
  }

  /**
   * Opens a file.
   *
   * @param pages such as `3-7` or `1,4`, counted from 1; all by default.
   * @param channels such as `1,3`, counted from 1; all by default.
   * @throws UsageError where the file has no such pages or channels.
   */
  static async open(path: string, pages?: string, channels?: string): Promise<NoisyFile> {
    const reader = await ImageReader.open(path);
    const first = await reader.read(0);
    const { metadata, shape } = first;
    const colours = metadata.alpha === true ? shape[0] - 1 : shape[0];
    const choice = choosePages({ path, pages: reader.pages, colours, metadata }, pages, channels);
    const [page = 0] = choice.pages;
    return new NoisyFile(path, reader, page === 0 ? first : await reader.read(page), choice);
  }

  /**
   * Reads one of the pages.
   *
   * @throws UsageError where it has another size than the first, or values that are not finite.
   */
  async read(page: number): Promise<Pixels> {
    const { pixels } = this.#split(await this.#reader.read(page));
    const { data, shape } = pixels;
    if (shape.some((side, axis) => side !== this.shape[axis])) {
      const [channels, height, width] = this.shape;
      throw new UsageError(
        `${this.path}: page ${page + 1} is ${shape[2]}x${shape[1]} of ${shape[0]} channels, page ` +
          `${(this.pages[0] as number) + 1} is ${width}x${height} of ${channels}; take pages of one size with --pages.`,
        "invalid_argument",
      );
    }
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) return pixels;
    const [, rows, columns] = shape;
    const count = data.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
    const place = `row ${Math.floor(wrong / columns) % rows}, column ${wrong % columns}`;
    const on = this.allPages > 1 ? ` of page ${page + 1}` : "";
    throw new UsageError(
      `${this.path}: ${count} values${on} are not finite, the first is ${data[wrong]} at ${place}; replace them first.`,
      "invalid_argument",
    );
  }

  /** @throws UsageError where noise cannot be estimated in blocks of 8x8 pixels. */
  checkSize(): void {
    const [, rows, columns] = this.shape;
    if (Math.min(rows, columns) >= 8) return;
    throw new UsageError(`${this.path} is ${columns}x${rows}, expected at least 8x8 pixels.`, "invalid_argument");
  }

  /**
   * Checks that the format of an output can hold the samples of a page.
   *
   * @throws UsageError
   */
  checkOutput(output: string, { data }: Pixels): void {
    if (!isPng(output)) return;
    const refuse = (text: string): never => {
      throw new UsageError(`--output is ${output}, but ${this.path} ${text}.`, "invalid_argument");
    };
    if (this.pages.length > 1)
      refuse(`has ${this.pages.length} pages; expected a name that ends in .tif, or one page with --pages`);
    const { sample } = this.#kind;
    if (![1, 3].includes(this.shape[0])) refuse(`has ${this.shape[0]} channels; expected a name that ends in .tif`);
    if (sample === "uint8" || sample === "uint16") return;
    if (sample.startsWith("float") && data.every((value) => value >= 0 && value <= 1)) return;
    refuse(`has ${sample} values that a PNG cannot hold; expected a name that ends in .tif`);
  }

  /** Writes restored pages with the sample type, units, opacity, axes and pixel size of the file. */
  async write(output: string, restored: readonly Pixels[]): Promise<WriteReport> {
    const [channels, rows, columns] = this.shape;
    const plane = rows * columns;
    const hasAlpha = this.#kind.metadata.alpha === true;
    const length = (channels + (hasAlpha ? 1 : 0)) * plane;
    // A TIFF where small values are bright stays one.
    const inverted = isInverted(output, this.#kind);
    const isAsItIs = restored.length === 1 && !hasAlpha && !inverted;
    const data = isAsItIs ? (restored[0] as Pixels).data : new Float32Array(restored.length * length);
    for (const [index, page] of isAsItIs ? [] : restored.entries()) {
      data.set(inverted ? page.data.map((value) => 1 - value) : page.data, index * length);
      if (!hasAlpha) continue;
      const number = this.pages[index] as number;
      const { alpha } = this.#split(await this.#reader.read(number));
      if (alpha) data.set(alpha, index * length + channels * plane);
    }
    const isArray = isNpy(output) && this.#choice.channels === undefined;
    const all = [restored.length, channels + (hasAlpha ? 1 : 0), rows, columns] as const;
    const stored = likeArray(data, all, isArray ? this.#kind.metadata.arrayShape : undefined);
    const image = tensor(stored.data, { shape: stored.shape });
    try {
      return await writeImage(output, image, {
        ...outputSamples(output, this.#kind),
        metadata: this.#choice.metadata,
      });
    } finally {
      image.dispose();
    }
  }

  /** What the file says of its pages, for the pages and channels that are taken. */
  get metadata(): Partial<ImageMetadata> {
    return this.#choice.metadata;
  }

  /** The chosen channels of a page, and its opacity, the last channel. */
  #split({ data, shape, metadata }: ImagePixels): Page {
    const [all, rows, columns] = shape;
    const plane = rows * columns;
    const colours = metadata.alpha === true ? all - 1 : all;
    const alpha = metadata.alpha === true ? data.subarray(colours * plane) : undefined;
    const { channels } = this.#choice;
    if (channels === undefined)
      return { pixels: { data: data.subarray(0, colours * plane), shape: [colours, rows, columns] }, alpha };
    const chosen = new Float32Array(channels.length * plane);
    for (const [k, c] of channels.entries()) chosen.set(data.subarray(c * plane, (c + 1) * plane), k * plane);
    return { pixels: { data: chosen, shape: [channels.length, rows, columns] }, alpha };
  }
}
