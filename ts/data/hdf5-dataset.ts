import { arrayTensor, type FileSource, Hdf5Reader } from "../io/index.js";
import {
  ArgumentError,
  checkList,
  checkNumber,
  checkObject,
  checkOptions,
  LARGEST,
  ShapeError,
  shown,
} from "../runtime/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import { type Dataset, disposeSample, type Sample, type SampleOf } from "./dataset.js";

/** Options of {@link HDF5Dataset.open}. */
export interface HDF5DatasetOptions {
  /** The file, or several whose samples follow each other: paths, in a browser URLs; `File`s; or bytes. */
  readonly path: FileSource | readonly FileSource[];
  /** Name of the measurements in the file, such as `"kspace"`; their first axis counts the samples. */
  readonly y?: string;
  /** Name of the ground truth. */
  readonly x?: string;
  /** Parameters of the physics: for each the name of an array with one entry for each sample. */
  readonly params?: Readonly<Record<string, string>>;
  /** Number that `x` and `y` are multiplied by; fastMRI's values, for example, are near 1e-4. Default: 1. */
  readonly scale?: number;
}

const KEYS = ["path", "y", "x", "params", "scale"];

/** One file: how many samples it has before it, and how many it has. */
interface Part {
  readonly file: FileSource;
  readonly start: number;
  readonly count: number;
}

/**
 * Samples by slices of the first axis of arrays in HDF5 files: `{ y, x, params }`, read when they are asked for.
 *
 * A slice `[H, W]` becomes `[1, H, W]`, other real ones keep their shape. A complex slice `[..., H, W]` becomes
 * `[2, ..., H, W]`, real and imaginary part, as MRI physics take it. Needs the optional library h5wasm.
 *
 * @example
 * const data = await HDF5Dataset.open({ path: "file_brain.h5", y: "kspace", scale: 1e4 });
 */
export class HDF5Dataset<S extends Sample = Sample> implements Dataset {
  readonly length: number;
  readonly #parts: readonly Part[];
  readonly #options: HDF5DatasetOptions;
  #open: { readonly part: Part; readonly reader: Hdf5Reader } | undefined;
  /** The last use of the open file. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(parts: readonly Part[], options: HDF5DatasetOptions) {
    checkOptions("HDF5Dataset", options, KEYS);
    for (const part of checkList("HDF5Dataset", "parts", parts, LARGEST.batch)) {
      checkObject("HDF5Dataset", "parts", part);
      checkNumber("HDF5Dataset", "parts.count", part.count, { integer: true, min: 0 });
    }
    this.#parts = parts;
    this.#options = options;
    this.length = parts.reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * Opens the files and compares the sizes of their arrays.
   *
   * @throws ArgumentError `missing_argument` where neither x nor y is given, `missing_key` with the names of the arrays
   * where one does not exist, `file_not_found`, `missing_library`, `empty_data`, `unknown_option`, `invalid_argument`;
   * ShapeError `shape_mismatch` where first axes differ; FormatError as `readArray`.
   */
  static async open<O extends HDF5DatasetOptions>(options: O): Promise<HDF5Dataset<SampleOf<O>>> {
    checkOptions("HDF5Dataset", options, KEYS);
    checkNumber("HDF5Dataset", "scale", options?.scale ?? 1);
    const { x, y, params } = options ?? {};
    for (const [key, name] of Object.entries({ x, y, ...params })) {
      if (name === undefined || typeof name === "string") continue;
      throw new ArgumentError(
        `HDF5Dataset: ${key} is ${shown(name)}, expected the name of an array in the file.`,
        "invalid_argument",
      );
    }
    if (x === undefined && y === undefined) {
      throw new ArgumentError(
        'HDF5Dataset: y and x are missing; give the name of an array, such as { y: "kspace" }.',
        "missing_argument",
      );
    }
    const files = Array.isArray(options.path) ? (options.path as readonly FileSource[]) : [options.path as FileSource];
    const parts: Part[] = [];
    for (const file of files) {
      const start = parts.reduce((sum, { count }) => sum + count, 0);
      parts.push({ file, start, count: await countSamples(file, options) });
    }
    const dataset = new HDF5Dataset<SampleOf<O>>(parts, options);
    if (dataset.length > 0) return dataset;
    throw new ArgumentError(
      "HDF5Dataset: the files have no samples; expected a first axis of at least 1.",
      "empty_data",
    );
  }

  /** @throws ArgumentError `invalid_argument` where the index is out of range; FormatError where it cannot be read. */
  async get(index: number): Promise<S> {
    const part = this.#parts.find(({ start, count }) => index >= start && index < start + count);
    if (part === undefined || !Number.isInteger(index)) {
      throw new ArgumentError(
        `HDF5Dataset: index is ${shown(index)}, expected 0 to ${this.length - 1}.`,
        "invalid_argument",
      );
    }
    return await this.#inTurn(async () => await this.#sample(await this.#reader(part), index - part.start));
  }

  async #sample(reader: Hdf5Reader, index: number): Promise<S> {
    const { x, y, params, scale = 1 } = this.#options;
    const sample: Sample = {};
    try {
      if (y !== undefined) sample.y = await sliceTensor(reader, y, index, scale);
      if (x !== undefined) sample.x = await sliceTensor(reader, x, index, scale);
      for (const [key, name] of Object.entries(params ?? {})) {
        sample.params = { ...sample.params, [key]: await sliceTensor(reader, name, index, 1) };
      }
    } catch (error) {
      disposeSample(sample);
      throw error;
    }
    return sample as S;
  }

  /** Closes the file that is open; reading another sample opens it again. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      const open = this.#open;
      this.#open = undefined;
      await open?.reader.close();
    });
  }

  /** Runs one after the other what uses the open file. */
  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const turn = before.then(run);
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  /** The reader of a part; one file is open at a time. */
  async #reader(part: Part): Promise<Hdf5Reader> {
    if (this.#open?.part === part) return this.#open.reader;
    const before = this.#open;
    this.#open = undefined;
    await before?.reader.close();
    const reader = await Hdf5Reader.open("HDF5Dataset", part.file);
    this.#open = { part, reader };
    return reader;
  }
}

/** The common length of the first axes of the arrays of a file. */
async function countSamples(file: FileSource, { x, y, params }: HDF5DatasetOptions): Promise<number> {
  const names = [y, x, ...Object.values(params ?? {})].filter((name) => name !== undefined);
  const reader = await Hdf5Reader.open("HDF5Dataset", file);
  try {
    const counts: number[] = [];
    for (const name of names) counts.push((await reader.shape(name))[0] ?? 0);
    const [count = 0] = counts;
    if (counts.every((one) => one === count)) return count;
    throw new ShapeError(
      `HDF5Dataset: ${names.join(", ")} have ${counts.join(", ")} samples, expected the same number in each; ` +
        "pass what is one for all samples to the physics.",
      "shape_mismatch",
    );
  } finally {
    await reader.close();
  }
}

/** A slice of an array as a tensor: channels first. */
async function sliceTensor(reader: Hdf5Reader, name: string, index: number, scale: number): Promise<Tensor> {
  const array = await reader.read(name, [index]);
  return noGrad(() =>
    tidy(() => {
      const values = arrayTensor(array, "float32");
      const isComplex = array.dtype.startsWith("complex");
      const last = values.rank - 1;
      const ordered = isComplex
        ? values.permute([last, ...Array.from({ length: last }, (_, axis) => axis)])
        : values.rank === 2
          ? values.unsqueeze(0)
          : values;
      return scale === 1 ? ordered.clone() : ordered.mul(scale);
    }),
  );
}
