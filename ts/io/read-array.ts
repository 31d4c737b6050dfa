import {
  type ArrayFile,
  type ArrayRequest,
  type ByteSource,
  readArrayFile,
  readDicomSeries,
  readZarr,
  type Slice,
  type ZarrStore,
} from "../formats/index.js";
import {
  AdjointError,
  ArgumentError,
  checkNumber,
  checkOptions,
  currentPlatform,
  type FolderEntry,
} from "../runtime/index.js";
import { type DType, type Tensor, tensor } from "../tensor/index.js";
import { checkArray } from "./check-array.js";
import { type FileSource, openSource, pathOf, withSource, wrapErrors } from "./source.js";

/** Options of {@link readArray}. */
export interface ReadArrayOptions {
  /**
   * Which array of a file of several: the name in a .npz, HDF5 or Zarr file, the name or number of a part of a FITS
   * file, the number of a series of DICOM files. Default: the only one, of FITS and OME-Zarr files the first.
   */
  readonly dataset?: string;
  /**
   * The part to read: for each axis an index (the axis goes), `[begin, end]` or `null`; a number is an index of the
   * first axis. Only that part of the file is read where the format allows it. Default: all.
   */
  readonly slice?: Slice;
  /**
   * Bytes that the values may need. Default: 4 GiB; of files that are compressed or leave values out, 256 MiB or 100
   * times the file, which is far more than real data need (not of Zarr, whose size no single file tells).
   */
  readonly maxBytes?: number;
}

/** Checks the options of a reader of arrays. */
export function arrayRequest(caller: string, options: ReadArrayOptions): ArrayRequest {
  checkOptions(caller, options, ["dataset", "slice", "maxBytes"]);
  const { dataset, slice } = options;
  if (dataset !== undefined && typeof dataset !== "string") {
    throw new ArgumentError(
      `${caller}: dataset is ${typeof dataset}, expected the name of an array.`,
      "invalid_argument",
    );
  }
  if (slice !== undefined && slice !== null && typeof slice !== "number" && !Array.isArray(slice)) {
    throw new ArgumentError(
      `${caller}: slice is ${typeof slice}, expected an index or a list such as [0, [10, 20], null].`,
      "invalid_argument",
    );
  }
  const { maxBytes } = options;
  if (maxBytes !== undefined) checkNumber(caller, "maxBytes", maxBytes, { positive: true });
  return { dataset, slice: slice ?? undefined, maxBytes };
}

/**
 * Reads an array: NumPy (.npy, .npz), NIfTI (.nii, .nii.gz), FITS, DICOM (a file, a folder or a list of files),
 * HDF5 (fastMRI, ISMRMRD, MATLAB 7.3) or Zarr (a folder; in a browser an address that ends with .zarr).
 *
 * Shape and values are those that Python's library of the format gives (NumPy, nibabel, astropy, pydicom, h5py, zarr),
 * exactly: nothing is scaled to [0, 1]. A scale that the file itself defines is applied. Complex numbers become a last
 * axis of 2; 16-bit floats become float32; 64-bit integers become float64, and `metadata.rounded` counts those beyond
 * 2^53 that it rounds.
 *
 * @param file A path or address (http, https); a `File` or `Blob`; the bytes; or a list of the files of one DICOM
 * series.
 * @throws ArgumentError `file_not_found`, `file_unreadable`, `missing_argument` and `missing_key` with the names of the
 * arrays, `index_out_of_range`, `missing_library`, `unknown_option`, `invalid_argument`; FormatError `file_invalid`,
 * `file_truncated`, `file_unsupported`, `file_too_large`, `file_unknown`.
 *
 * @example
 * const { data, shape } = await readArray("scan.h5", { dataset: "kspace", slice: 3 });
 */
export async function readArray(
  file: FileSource | readonly FileSource[],
  options: ReadArrayOptions = {},
): Promise<ArrayFile> {
  const request = arrayRequest("readArray", options);
  if (Array.isArray(file)) return await readSeries(file as readonly FileSource[], request);
  const one = file as FileSource;
  if (typeof one === "string" || one instanceof URL) {
    const path = pathOf(one);
    const entries = await folderEntries(path);
    if (entries !== undefined) return await readFolder(path, entries, request);
  }
  return await withSource("readArray", one, async (source) => await readArrayFile(source, request));
}

/** What is in a folder; `undefined` for a file, and an empty list where a browser reads a hierarchy by its address. */
async function folderEntries(path: string): Promise<FolderEntry[] | undefined> {
  const platform = await currentPlatform();
  try {
    return await platform.listFolder(path);
  } catch (error) {
    return error instanceof AdjointError && error.code === "node_only" && /\.zarr\/?$/.test(path) ? [] : undefined;
  }
}

const zarrFiles = new Set([".zarray", ".zgroup", ".zattrs", "zarr.json"]);

async function readFolder(path: string, entries: readonly FolderEntry[], request: ArrayRequest): Promise<ArrayFile> {
  const isZarr = entries.length === 0 ? /\.zarr\/?$/.test(path) : entries.some(({ name }) => zarrFiles.has(name));
  if (isZarr) return await wrapErrors(path, async () => await readZarr(await zarrStore(path), request));
  const sorted = entries.map((entry) => entry.path).sort();
  return await wrapErrors(path, async () => await readSeries(sorted, request));
}

async function zarrStore(path: string): Promise<ZarrStore> {
  const platform = await currentPlatform();
  const base = path.replace(/\/+$/, "");
  return {
    name: path,
    get: async (key) => await ifExists(async () => await platform.readFile(`${base}/${key}`)),
    open: async (key) => await ifExists(async () => await platform.openFile(`${base}/${key}`)),
    async list(key) {
      try {
        return (await platform.listFolder(key === "" ? base : `${base}/${key}`)).map(({ name }) => name).sort();
      } catch {
        return [];
      }
    },
  };
}

/** What is read of a file; `undefined` where there is no such file. */
async function ifExists<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = (error as { code?: string } | null)?.code ?? "";
    if (["ENOENT", "ENOTDIR", "EISDIR", "file_not_found"].includes(code)) return undefined;
    throw error;
  }
}

async function readSeries(files: readonly FileSource[], request: ArrayRequest): Promise<ArrayFile> {
  const sources: ByteSource[] = [];
  try {
    for (const file of files) {
      // Folders inside a folder are ignored.
      const isFolder = typeof file === "string" && (await folderEntries(file)) !== undefined;
      if (!isFolder) sources.push(await openSource("readArray", file));
    }
    return await wrapErrors("readArray", async () => await readDicomSeries(sources, request));
  } finally {
    for (const source of sources) await source.close();
  }
}

/**
 * A tensor of an array that was read; complex numbers keep their last axis of 2.
 *
 * @param dtype Default: float64 where the file has float64 or complex128, else float32.
 * @throws ArgumentError `invalid_argument`; ShapeError `shape_mismatch`.
 */
export function arrayTensor(array: Pick<ArrayFile, "data" | "shape" | "dtype">, dtype?: DType): Tensor {
  checkArray("arrayTensor", array);
  const isDouble = array.dtype === "float64" || array.dtype === "complex128";
  return tensor(array.data, { shape: [...array.shape], dtype: dtype ?? (isDouble ? "float64" : "float32") });
}
