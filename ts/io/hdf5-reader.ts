import { type ArrayFile, Hdf5File, type Slice } from "../formats/index.js";
import { checkText } from "../runtime/index.js";
import { type FileSource, openSource, wrapErrors } from "./source.js";

/** An open HDF5 file, for programs that read many parts of it; {@link readArray} opens and closes it for each. */
export class Hdf5Reader {
  readonly #name: string;
  readonly #file: Hdf5File;
  readonly #closeSource: () => Promise<void>;

  private constructor(name: string, file: Hdf5File, closeSource: () => Promise<void>) {
    this.#name = name;
    this.#file = file;
    this.#closeSource = closeSource;
  }

  /**
   * Opens a file; `caller` is named in messages.
   *
   * @throws ArgumentError `file_not_found`, `file_unreadable`, `missing_library`; FormatError `file_invalid`.
   */
  static async open(caller: string, file: FileSource): Promise<Hdf5Reader> {
    checkText("Hdf5Reader.open", "caller", caller);
    const source = await openSource(caller, file);
    const name = source.name || caller;
    try {
      const opened = await wrapErrors(name, async () => await Hdf5File.open(source));
      return new Hdf5Reader(name, opened, async () => await source.close());
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** The names of all arrays of numbers. */
  async names(): Promise<string[]> {
    return await wrapErrors(this.#name, async () => this.#file.names());
  }

  /** The shape of an array, without the axis of complex numbers; errors as {@link readArray}. */
  async shape(dataset: string): Promise<readonly number[]> {
    return await wrapErrors(this.#name, async () => this.#file.describe(dataset).shape);
  }

  /** A part of an array; errors as {@link readArray}. */
  async read(dataset: string, slice?: Slice, maxBytes?: number): Promise<ArrayFile> {
    return await wrapErrors(this.#name, async () => {
      const array = this.#file.describe(dataset);
      const { data, shape, notes } = this.#file.read(array, { slice, maxBytes });
      return { data, shape, dtype: array.type, metadata: notes };
    });
  }

  async close(): Promise<void> {
    this.#file.close();
    await this.#closeSource();
  }
}
