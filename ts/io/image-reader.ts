import { openImageFile } from "../formats/index.js";
import { currentPlatform, type OpenFile } from "../runtime/index.js";
import { checkPath, fileError } from "./files.js";
import { imageOptions, type ImagePixels, type OpenImage, type ReadImageOptions, readPageOf } from "./image.js";
import { named, shownPath } from "./source.js";

/**
 * An image file whose structure is read once, and whose pages are read when they are asked for. The file is open only
 * while something is read.
 */
export class ImageReader {
  readonly #path: string;
  #open: Promise<OpenFile> | undefined;
  #users = 0;
  #image: OpenImage | undefined;

  private constructor(path: string) {
    checkPath("ImageReader", path);
    this.#path = path;
  }

  /** Opens a file by path; errors as those of `readImage`. */
  static async open(path: string, options: ReadImageOptions = {}): Promise<ImageReader> {
    const reader = new ImageReader(path);
    const rules = imageOptions("ImageReader", options);
    await reader.#whileOpen(async (file) => {
      const source = {
        name: shownPath(path),
        size: file.size,
        read: async (begin: number, end: number) => await (await (reader.#open ?? file)).read(begin, end),
        close: async () => undefined,
      };
      reader.#image = { file: await openImageFile(source, rules), name: shownPath(path), options };
    });
    return reader;
  }

  /** Number of images in the file. */
  get pages(): number {
    return (this.#image as OpenImage).file.pages;
  }

  /** Reads one page. */
  async read(page: number): Promise<ImagePixels> {
    return await this.#whileOpen(async () => await readPageOf(this.#image as OpenImage, page));
  }

  /** Calls a function while the file is open; calls at the same time share it. */
  async #whileOpen<T>(use: (file: OpenFile) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      // Without an await before the assignment: calls at the same time would each open the file.
      this.#open ??= currentPlatform().then(async (platform) => await platform.openFile(this.#path));
      const file = await this.#open.catch((error: unknown) => {
        throw fileError(shownPath(this.#path), error);
      });
      return await use(file);
    } catch (error) {
      throw named(shownPath(this.#path), error);
    } finally {
      this.#users -= 1;
      if (this.#users === 0) {
        const open = this.#open;
        this.#open = undefined;
        await open?.then(async (file) => await file.close()).catch(() => undefined);
      }
    }
  }
}
