import { shown } from "../runtime/index.js";
import type { H5Module, Metadata } from "./h5wasm.js";
import { type ArrayRequest, chooseDataset, finished, type StoredValues } from "./array.js";
import { allocate, components, decodeElements, elementSize, type ElementType, memorySize } from "./elements.js";
import { invalid, reason, tooLarge, unsupported } from "./fail.js";
import { expansionLimit } from "./inflate.js";
import { loadH5wasm, mountSource } from "./hdf5-library.js";
import { className, packedFault, typeOf } from "./hdf5-types.js";
import { select } from "./selection.js";
import { elementCount } from "./strided.js";
import type { ByteSource } from "./source.js";

export const FORMAT = "HDF5";

const SIGNATURE = "\x89HDF\r\n\x1a\n";

/** Groups below each other, and entries of a file, that are looked at for a list of its arrays. */
const DEPTH = 16;
const COUNT = 10_000;
/** Bytes that one call of the library reads, and the largest chunk that is decompressed. */
const BLOCK = 64 * 2 ** 20;
const CHUNK = 2 ** 30;

/** A readable array: its type and shape. */
export interface Hdf5Array {
  readonly name: string;
  readonly type: ElementType;
  /** Without the axis of complex numbers. */
  readonly shape: readonly number[];
}

/** An open HDF5 file; only what is asked for is read. */
export class Hdf5File {
  /** Bytes of the file. */
  readonly size: number;
  readonly #module: H5Module;
  readonly #id: bigint;
  readonly #unmount: () => void;

  private constructor(size: number, module: H5Module, id: bigint, unmount: () => void) {
    this.size = size;
    this.#module = module;
    this.#id = id;
    this.#unmount = unmount;
  }

  /**
   * Opens a file. Reading needs the optional library h5wasm.
   *
   * @throws FormatError `file_invalid`; ArgumentError `missing_library` with the command that installs it.
   */
  static async open(source: ByteSource): Promise<Hdf5File> {
    if (!(await hasSignature(source))) throw invalid(FORMAT, "the file has no signature of HDF5");
    const { module, FS } = await loadH5wasm();
    const { path, unmount } = await mountSource(FS, source);
    try {
      return new Hdf5File(
        source.size,
        module,
        call(() => module.open(path, module.H5F_ACC_RDONLY, false, -1, -1)),
        unmount,
      );
    } catch (error) {
      unmount();
      throw error;
    }
  }

  close(): void {
    try {
      this.#module.close_file(this.#id);
    } catch {
      // What a damaged file leaves open is freed with the module.
    }
    this.#unmount();
  }

  /** The names of all arrays of numbers, such as "kspace" or "group/image". */
  names(): string[] {
    const found: string[] = [];
    // Groups may hold each other by hard links: only so many entries are looked at, and below a group with the entries
    // of one above it, which is probably that one, no groups.
    let visited = 0;
    const visit = (group: string, above: readonly string[]): void => {
      const keys = call(() => this.#module.get_names(this.#id, group || "/", false));
      const entries = keys.join("/");
      const isDeep = above.length >= DEPTH || above.includes(entries);
      for (const key of keys) {
        // MATLAB keeps what cells refer to there.
        visited += 1;
        if (visited > COUNT) return;
        if (group === "" && key.startsWith("#")) continue;
        const path = group === "" ? key : `${group}/${key}`;
        const kind = this.#kind(path);
        if (kind === this.#module.H5G_GROUP && !isDeep) visit(path, [...above, entries]);
        else if (kind === this.#module.H5G_DATASET && this.#readable(path)) found.push(path);
      }
    };
    visit("", []);
    return found;
  }

  #kind(path: string): number {
    try {
      return this.#module.get_type(this.#id, path);
    } catch {
      return -1;
    }
  }

  #readable(path: string): boolean {
    try {
      const { type, shape } = this.metadata(path);
      return shape !== null && typeOf(type, this.metadata(path)) !== undefined;
    } catch {
      return false;
    }
  }

  /** What the library says of a dataset. */
  metadata(name: string): Metadata {
    return call(() => this.#module.get_dataset_metadata(this.#id, name));
  }

  /** Whether there is a dataset of that name. */
  has(name: string): boolean {
    return this.#kind(name) === this.#module.H5G_DATASET;
  }

  /**
   * The type and shape of an array.
   *
   * @throws FormatError `file_unsupported` where its elements are not numbers; ArgumentError `missing_argument`,
   * `missing_key` with the names of the arrays.
   */
  describe(dataset: string | undefined): Hdf5Array {
    const given = dataset?.replace(/^\/+|\/+$/g, "");
    const name = given !== undefined && given !== "" && this.has(given) ? given : this.#choose(given);
    const metadata = this.metadata(name);
    const type = typeOf(metadata.type, metadata);
    if (type === undefined) {
      const kind = className(metadata);
      throw unsupported(
        FORMAT,
        `the elements of ${JSON.stringify(name)} are no numbers but ${kind}, ${metadata.size} bytes each`,
      );
    }
    if (metadata.shape === null) throw invalid(FORMAT, `${JSON.stringify(name)} has no values`);
    return { name, type, shape: metadata.shape };
  }

  /** The only array, or the error that tells what to choose, or in which other file the array is. */
  #choose(given: string | undefined): string {
    const names = this.names();
    const parts = given === undefined ? [] : given.split("/");
    // A part of the path may be the link.
    const paths = given === undefined ? this.#entries() : parts.map((_, i) => parts.slice(0, i + 1).join("/"));
    if (given !== undefined || names.length === 0) {
      for (const path of paths) {
        const target = this.#linkOutside(path);
        if (target === undefined) continue;
        const { filename, obj_path: place } = target;
        throw unsupported(
          FORMAT,
          `${JSON.stringify(path)} is a link to ${shown(place)} in the file ${shown(filename)}; read it there`,
        );
      }
    }
    return chooseDataset(FORMAT, names, given);
  }

  /** The paths of what is in the file and its groups, down to some depth. */
  #entries(): string[] {
    const found: string[] = [];
    const visit = (group: string, depth: number): void => {
      for (const key of call(() => this.#module.get_names(this.#id, group || "/", false))) {
        if (found.length >= COUNT) return;
        const path = group === "" ? key : `${group}/${key}`;
        found.push(path);
        if (depth > 0 && this.#kind(path) === this.#module.H5G_GROUP) visit(path, depth - 1);
      }
    };
    visit("", 3);
    return found;
  }

  /** The file and the place there that a path links to. */
  #linkOutside(path: string): { readonly filename: string; readonly obj_path: string } | undefined {
    try {
      const { filename, obj_path } = this.#module.get_external_link(this.#id, path);
      return filename === undefined || obj_path === undefined ? undefined : { filename, obj_path };
    } catch {
      return undefined;
    }
  }

  /** @throws FormatError `file_unsupported` where values would be read that are not those of the array. */
  #checkStored(name: string, metadata: Metadata): void {
    const refuse = (what: string) => unsupported(FORMAT, `${JSON.stringify(name)} ${what}`);
    // HDF5 fills in the values of files that it does not find.
    const [elsewhere] = metadata.virtual_sources?.filter(({ file_name }) => file_name !== ".") ?? [];
    if (elsewhere !== undefined) {
      throw refuse(
        `is a view of other files, such as ${shown(elsewhere.file_name)}; read them, or copy the array: ` +
          "h5repack -l CONTI in.h5 out.h5",
      );
    }
    const fault = packedFault(
      metadata,
      call(() => this.#module.get_dataset_filters(this.#id, name)),
    );
    if (fault !== undefined) throw refuse(fault);
  }

  /** Numbers and short texts that are attached to a dataset. */
  attributes(name: string): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const key of call(() => this.#module.get_attribute_names(this.#id, name))) {
      const value = this.#attribute(name, key);
      if (value !== undefined) Object.defineProperty(result, key, { value, enumerable: true });
    }
    return result;
  }

  #attribute(name: string, key: string): unknown {
    try {
      const metadata = this.#module.get_attribute_metadata(this.#id, name, key);
      const bytes = metadata.size * metadata.total_size;
      const isText = metadata.type === 3 && !metadata.vlen;
      const type = typeOf(metadata.type, metadata);
      if (metadata.shape === null || bytes > 4096 || (!isText && type === undefined)) return undefined;
      const read = this.#withMemory(bytes, (at) => {
        check(this.#module.get_attribute_data(this.#id, name, key, BigInt(at)));
      });
      if (isText) return new TextDecoder().decode(read).replace(/\0[\s\S]*$/, "");
      const values = [...decodeElements(read, type as ElementType, true)];
      return metadata.shape.length === 0 ? values[0] : values;
    } catch {
      return undefined;
    }
  }

  /**
   * Reads a part of an array, in blocks.
   *
   * @throws FormatError `file_invalid`, `file_too_large`, `file_unsupported` for a compression that the library lacks.
   */
  read({ name, type, shape }: Hdf5Array, request: Pick<ArrayRequest, "slice" | "maxBytes">): StoredValues {
    const selection = select(request.slice, shape);
    const size = elementSize[type];
    const total = elementCount(selection.shape);
    // Values that are not stored are filled in: a small file may have any number of them.
    const [bytes, limit] = [total * memorySize(type), expansionLimit(this.size, request.maxBytes)];
    if (bytes > limit) throw tooLarge(FORMAT, bytes, limit);
    const metadata = this.metadata(name);
    this.#checkStored(name, metadata);
    const { chunks } = metadata;
    const chunk = elementCount(chunks ?? []) * size;
    if (chunks !== null && chunk > CHUNK) throw tooLarge(`${FORMAT}: a chunk of ${JSON.stringify(name)}`, chunk, CHUNK);
    const data = allocate(type, total);
    const counts = selection.ranges.map(({ count }) => count);
    const begins = selection.ranges.map(({ begin }) => begin);
    let at = 0;
    const visit = (offset: readonly number[], count: readonly number[]): void => {
      const bytes = elementCount(count) * size;
      const axis = bytes > BLOCK ? count.findIndex((n) => n > 1) : -1;
      if (axis < 0) {
        const values = decodeElements(this.#block(name, offset, count, bytes), type, true, true);
        data.set(values, at);
        at += values.length;
        return;
      }
      const n = count[axis] as number;
      const step = Math.max(1, Math.floor(BLOCK / (bytes / n)));
      for (let i = 0; i < n; i += step) {
        visit(
          offset.map((begin, k) => (k === axis ? begin + i : begin)),
          count.map((length, k) => (k === axis ? Math.min(step, n - i) : length)),
        );
      }
    };
    if (total > 0) visit(begins, counts);
    if (at !== total * components(type))
      throw invalid(FORMAT, `${JSON.stringify(name)} has fewer values than its shape`);
    return finished(data, type, selection);
  }

  #block(name: string, offset: readonly number[], count: readonly number[], bytes: number): Uint8Array {
    const big = (list: readonly number[]): bigint[] => list.map(BigInt);
    const isScalar = count.length === 0;
    return this.#withMemory(bytes, (at) => {
      const [counts, offsets, strides] = isScalar
        ? [null, null, null]
        : [big(count), big(offset), big(count.map(() => 1))];
      check(call(() => this.#module.get_dataset_data(this.#id, name, counts, offsets, strides, BigInt(at))));
    });
  }

  /** The bytes that `fill` writes to memory of the module. */
  #withMemory(bytes: number, fill: (at: number) => void): Uint8Array {
    const at = this.#module._malloc(Math.max(1, bytes));
    if (at === 0) throw tooLarge(FORMAT, bytes, this.#module.HEAPU8.length);
    try {
      this.#module.HEAPU8.fill(0, at, at + bytes);
      fill(at);
      return this.#module.HEAPU8.slice(at, at + bytes);
    } finally {
      this.#module._free(at);
    }
  }

  /** Records of a dataset as bytes, with memory for what they point to: `use` reads it before it is freed. */
  records<T>(name: string, begin: number, count: number, use: (records: Uint8Array, heap: Uint8Array) => T): T {
    const { size } = this.metadata(name);
    const at = this.#module._malloc(Math.max(1, size * count));
    if (at === 0) throw tooLarge(FORMAT, size * count, this.#module.HEAPU8.length);
    const counts = [BigInt(count)];
    let isRead = false;
    try {
      this.#module.HEAPU8.fill(0, at, at + size * count);
      check(call(() => this.#module.get_dataset_data(this.#id, name, counts, [BigInt(begin)], [1n], BigInt(at))));
      isRead = true;
      return use(this.#module.HEAPU8.subarray(at, at + size * count), this.#module.HEAPU8);
    } finally {
      if (isRead) this.#module.reclaim_vlen_memory_count(this.#id, name, "", BigInt(at), counts);
      this.#module._free(at);
    }
  }
}

/** Whether a file is HDF5; its signature is at 0, or after a block for others, such as MATLAB's text, at 512, ... */
export function isHdf5(head: Uint8Array): boolean {
  return [0, 512, 1024, 2048].some((at) => isSignature(head.subarray(at, at + 8)));
}

const isSignature = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes) === SIGNATURE;

/**
 * Whether a whole file has the signature, after a block of any size that is possible: without it the library, which
 * takes a second to load, need not be asked.
 */
async function hasSignature(source: ByteSource): Promise<boolean> {
  for (let at = 0; at + 8 <= source.size; at = at === 0 ? 512 : 2 * at) {
    if (isSignature(await source.read(at, at + 8))) return true;
  }
  return false;
}

function check(status: number): void {
  if (status < 0)
    throw invalid(FORMAT, "the values cannot be read: the file is damaged, or compressed by an unknown filter");
}

/** Calls the library and turns what it throws into an error of this one. */
function call<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (text.includes("external raw data file")) {
      throw unsupported(
        FORMAT,
        "the values are in a file of raw data beside this one; copy them into one file: h5repack -l CONTI in.h5 out.h5",
      );
    }
    const [, filter] = /required filter '([^']*)' is not registered/.exec(text) ?? [];
    if (filter !== undefined) {
      throw unsupported(
        FORMAT,
        `the values are compressed by the filter ${filter}; repack them: h5repack -f GZIP=4 in.h5 out.h5`,
      );
    }
    // The library's report ends with the deepest cause.
    const causes = [...text.matchAll(/\(\): (.*)/g)].map(([, cause]) => cause);
    throw invalid(FORMAT, `the file cannot be read (${causes.at(-1) ?? reason(error)})`);
  }
}
