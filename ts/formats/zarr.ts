import type { AbsolutePath, RangeQuery } from "zarrita";
import { FormatError, type OpenFile, shown } from "../runtime/index.js";
import { type ArrayFile, type ArrayRequest, chooseDataset, finished, keptAxes } from "./array.js";
import { type ChunkCodecs, compressedFault, withoutChecksums } from "./compressed-fault.js";
import { components, decodeElements, elementSize, type ElementType, memorySize, numpyTypes } from "./elements.js";
import { invalid, reason, tooLarge, unsupported } from "./fail.js";
import { encodeHalf } from "./half.js";
import { byteLimit } from "./inflate.js";
import { missingLibrary } from "./missing-library.js";
import { type Selection, select } from "./selection.js";
import { elementCount, gather } from "./strided.js";
import { requireWebAssembly } from "./webassembly.js";
import {
  codecsOf,
  FORMAT,
  innerCodecs,
  type Json,
  record,
  type ShardIndex,
  shardIndex,
  usableCodecs,
  versionTwoCodecs,
} from "./zarr-codecs.js";

/** The largest chunk that is decompressed, and how many are read at once. */
const CHUNK = 2 ** 30;
const CHUNKS = 2 ** 16;

/** The files of a Zarr hierarchy, by their path below its folder. */
export interface ZarrStore {
  /** The name of the folder, for messages. */
  readonly name: string;
  /** The bytes of a file; `undefined` where it does not exist. */
  get(path: string): Promise<Uint8Array | undefined>;
  /** Opens a file to read parts of it, such as a chunk of a shard; `undefined` where it does not exist. */
  open(path: string): Promise<OpenFile | undefined>;
  /** The names in a folder below; empty where that cannot be told. */
  list(path: string): Promise<string[]>;
}

/** The description of one array. */
interface ZarrArray {
  readonly path: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly dimensionNames: readonly (string | null)[] | undefined;
  readonly codecs: ChunkCodecs;
  readonly shards: ShardIndex | undefined;
}

/**
 * Reads an array of a Zarr hierarchy, version 2 or 3: of an OME-Zarr image the full resolution, else the only array, or
 * the one of `dataset`. Only chunks that the slice touches are read. Chunks that are not stored have the fill value.
 *
 * Needs the optional library zarrita. Axes and spacing are those of OME's `multiscales` (Moore et al., "OME-Zarr: a
 * cloud-optimized bioimaging file format with international community support", 2023, doi:10.1007/s00418-023-02209-1).
 *
 * @throws FormatError `file_invalid`, `file_too_large`, `file_unsupported`; ArgumentError `missing_argument`,
 * `missing_key` with the names of the arrays, `missing_library`; DeviceError `out_of_memory`.
 */
export async function readZarr(store: ZarrStore, request: ArrayRequest): Promise<ArrayFile> {
  const scales = multiscales(await attributes(store, ""));
  const array = await chosenArray(store, scales, request.dataset);
  const selection = select(request.slice, array.shape);
  const bytes = elementCount(selection.shape) * memorySize(array.type);
  const limit = byteLimit(request.maxBytes);
  if (bytes > limit) throw tooLarge(FORMAT, bytes, limit);
  const chunk = elementCount(array.chunks) * elementSize[array.type];
  if (!(chunk <= CHUNK)) throw tooLarge(`${FORMAT}: a chunk`, chunk, CHUNK);
  const count = selection.ranges.reduce((product, range, axis) => {
    const side = array.chunks[axis] as number;
    return product * (Math.floor((range.begin + range.count - 1) / side) - Math.floor(range.begin / side) + 1);
  }, 1);
  if (bytes > 0 && !(count <= CHUNKS)) {
    throw unsupported(
      FORMAT,
      `the values are in ${count} chunks, at most ${CHUNKS} are read at once; read a part with slice`,
    );
  }
  const { data, shape, notes } = finished(await readValues(store, array, selection), array.type, selection);
  const scale = scales?.datasets.find(({ path }) => path === array.path)?.scale;
  const names = scales?.axes ?? array.dimensionNames;
  return {
    data,
    shape,
    dtype: array.type,
    ...(names?.length === array.shape.length && {
      axes: keptAxes(
        selection,
        names.map((name) => name ?? ""),
      ),
    }),
    ...(scale?.length === array.shape.length && { spacing: keptAxes(selection, scale) }),
    metadata: {
      format: FORMAT,
      dataset: array.path,
      ...(scales && { units: scales.units, resolutions: scales.datasets.map(({ path }) => path) }),
      ...notes,
    },
  };
}

async function readValues(store: ZarrStore, array: ZarrArray, selection: Selection) {
  if (array.codecs.outer !== undefined) requireWebAssembly(FORMAT);
  let zarr: typeof import("zarrita");
  try {
    zarr = await import("zarrita");
  } catch (cause) {
    throw missingLibrary("zarrita", "0.7.5", FORMAT, cause);
  }
  const files = {
    async get(key: AbsolutePath) {
      const content = await store.get(key.slice(1));
      if (!/(?:\.zarray|\.zattrs|zarr\.json)$/.test(key)) return content && checkChunk(content, array);
      return content && !key.endsWith(".zattrs") ? readable(content, array.type) : content;
    },
    async getRange(key: AbsolutePath, range: RangeQuery) {
      const file = await store.open(key.slice(1));
      if (file === undefined) return undefined;
      try {
        const isTail = "suffixLength" in range;
        // The tail that the library asks for is the index of a shard, which may also be at the start.
        const index = isTail ? Math.min(file.size, range.suffixLength) : 0;
        const begin = !isTail ? range.offset : array.shards?.isIndexFirst ? 0 : file.size - index;
        const end = isTail ? begin + index : range.offset + range.length;
        if (!(begin >= 0 && begin <= end && end <= file.size))
          throw invalid(FORMAT, `${key} is shorter than its index says`);
        const content = await file.read(begin, end);
        if (!isTail) return checkChunk(content, array);
        if (withoutChecksums(content, array.shards?.checksums ?? 0) === undefined)
          throw invalid(FORMAT, `the index of ${key} does not match its checksum`);
        return content;
      } finally {
        await file.close();
      }
    },
  };
  try {
    const opened = await zarr.open(zarr.root(files).resolve(array.path), { kind: "array" });
    const parts = selection.ranges.map(({ begin, count }) => zarr.slice(begin, begin + count));
    if (elementCount(selection.shape) === 0) return decodeElements(new Uint8Array(0), array.type);
    // Of an array without axes the library's `get` would give the number itself.
    const { data, shape, stride } = await (parts.length === 0 ? opened.getChunk([]) : zarr.get(opened, parts));
    const view = data as { buffer: ArrayBuffer; byteOffset: number; byteLength: number };
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    // The values are in the order of the chunks, such as Fortran's.
    return gather(decodeElements(bytes, array.type, true, true), { offset: 0, shape, strides: stride });
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const [, codec] = /^Unknown codec: (.*)$/.exec(reason(error)) ?? [];
    if (codec !== undefined)
      throw unsupported(
        FORMAT,
        `chunks of ${JSON.stringify(array.path)} are stored by the codec ${codec}; write them with zstd, gzip or blosc`,
      );
    throw invalid(FORMAT, `${JSON.stringify(array.path)} cannot be read (${reason(error)})`);
  }
}

/** Refuses a chunk that its decoder could not cope with. */
function checkChunk(content: Uint8Array, { codecs, chunks, type, path }: ZarrArray): Uint8Array {
  const { outer, checksums } = codecs;
  // Codecs below may have added some bytes, such as a checksum.
  const limit = elementCount(chunks) * elementSize[type] + 16 * codecs.names.length;
  const packed = withoutChecksums(content, checksums);
  const fault = packed === undefined ? "does not match its checksum" : outer && compressedFault(outer, packed, limit);
  if (fault !== undefined) throw invalid(FORMAT, `a chunk of ${JSON.stringify(path)} ${fault}`);
  return content;
}

/**
 * A description that the library can read: it reads 16-bit floats only where the engine has them, but their bits
 * everywhere, needs a number for 64-bit integers that are not stored, and takes the bits of a float for its value.
 */
function readable(content: Uint8Array, type: ElementType): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(content)) as Record<string, unknown>;
  const fill = json["fill_value"];
  const changed = (members: Json): Uint8Array => new TextEncoder().encode(JSON.stringify({ ...json, ...members }));
  if (type === "int64" || type === "uint64") return fill === null ? changed({ fill_value: 0 }) : content;
  if (!type.startsWith("float")) return content;
  const value = typeof fill === "string" ? floatOf(fill, type) : Number(fill ?? 0);
  if (value === undefined) throw unsupported(FORMAT, `the fill value ${shown(fill)} of ${type}`);
  if (type !== "float16") return changed({ fill_value: Number.isFinite(value) ? value : String(value) });
  const types = "data_type" in json ? { data_type: "uint16" } : { dtype: String(json["dtype"]).replace("f2", "u2") };
  return changed({ ...types, fill_value: encodeHalf([value])[0] });
}

/** A float as version 3 writes it: a word, or its bits in hexadecimal digits. */
function floatOf(text: string, type: ElementType): number | undefined {
  if (/^(?:NaN|-?Infinity)$/.test(text)) return Number(text);
  const digits = /^0x([0-9a-f]+)$/i.exec(text)?.[1] ?? "";
  const size = elementSize[type];
  if (digits.length !== 2 * size) return undefined;
  const bytes = Uint8Array.from({ length: size }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
  return decodeElements(bytes, type, false)[0];
}

async function chosenArray(
  store: ZarrStore,
  scales: Multiscales | undefined,
  dataset: string | undefined,
): Promise<ZarrArray> {
  const wanted = dataset?.replace(/^\/+|\/+$/g, "") ?? scales?.datasets[0]?.path ?? "";
  if (wanted.split("/").includes(".."))
    throw invalid(FORMAT, `the path ${JSON.stringify(wanted)} leads out of the folder`);
  const found = await describeArray(store, wanted);
  if (found !== undefined) return found;
  const names = await arrayNames(store, "", 4);
  const only = chooseDataset(FORMAT, names, dataset === undefined ? undefined : wanted);
  const array = await describeArray(store, only);
  if (array === undefined) throw invalid(FORMAT, `the array ${JSON.stringify(only)} has no description`);
  return array;
}

async function arrayNames(store: ZarrStore, folder: string, depth: number, looked = { count: 0 }): Promise<string[]> {
  const found: string[] = [];
  for (const name of await store.list(folder)) {
    looked.count += 1;
    if (looked.count > 10_000) break;
    if (name.startsWith(".") || name === "zarr.json") continue;
    const path = folder === "" ? name : `${folder}/${name}`;
    const isArray = await describeArray(store, path).catch(() => undefined);
    if (isArray !== undefined) found.push(path);
    else if (depth > 0 && ((await store.get(`${path}/.zgroup`)) ?? (await store.get(`${path}/zarr.json`)))) {
      found.push(...(await arrayNames(store, path, depth - 1, looked)));
    }
  }
  return found;
}

async function describeArray(store: ZarrStore, path: string): Promise<ZarrArray | undefined> {
  const prefix = path === "" ? "" : `${path}/`;
  const v3 = await readJson(store, `${prefix}zarr.json`);
  if (v3?.["node_type"] === "array") {
    const names = v3["dimension_names"];
    const type = elementType(v3["data_type"], path);
    const codecs = codecsOf(v3["codecs"]);
    return {
      path,
      type,
      ...grid(v3["shape"], record(record(v3["chunk_grid"])["configuration"])["chunk_shape"], path),
      dimensionNames: Array.isArray(names) ? (names as (string | null)[]) : undefined,
      codecs: usableCodecs(innerCodecs(codecs), type, path),
      shards: shardIndex(codecs),
    };
  }
  const v2 = await readJson(store, `${prefix}.zarray`);
  if (v2 === undefined) return undefined;
  const type = elementType(v2["dtype"], path);
  return {
    path,
    type,
    ...grid(v2["shape"], v2["chunks"], path),
    dimensionNames: undefined,
    codecs: usableCodecs(versionTwoCodecs(v2), type, path),
    shards: undefined,
  };
}

function grid(shape: unknown, chunks: unknown, path: string): { shape: number[]; chunks: number[] } {
  const result = { shape: sizes(shape, path), chunks: sizes(chunks, path) };
  if (result.shape.length === result.chunks.length && result.chunks.every((side) => side > 0)) return result;
  throw invalid(FORMAT, `the chunks of ${JSON.stringify(path)} do not divide its shape`);
}

function sizes(value: unknown, path: string): number[] {
  if (
    Array.isArray(value) &&
    value.length <= 32 &&
    value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  ) {
    return value as number[];
  }
  throw invalid(FORMAT, `the description of ${JSON.stringify(path)} has no valid shape or chunks`);
}

/** NumPy's type strings of version 2; complex elements are not read. */
const codes: Readonly<Record<string, ElementType>> = Object.fromEntries(
  Object.entries(numpyTypes).filter(([, type]) => components(type) === 1),
);

function elementType(value: unknown, path: string): ElementType {
  const name = String(value).replace(/^[<>|]/, "");
  const type = Object.hasOwn(codes, name) ? codes[name] : Object.values(codes).find((one) => one === name);
  if (type !== undefined) return type;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  throw unsupported(
    FORMAT,
    `elements of ${JSON.stringify(path)} have the type ${text}; expected one of ${Object.values(codes).join(", ")}`,
  );
}

/** The resolutions of an image, the finest first, with its axes. */
interface Multiscales {
  readonly datasets: readonly { readonly path: string; readonly scale: number[] | undefined }[];
  readonly axes: readonly string[] | undefined;
  readonly units: Readonly<Record<string, string>>;
}

function multiscales(attrs: Json): Multiscales | undefined {
  const list = record(attrs["ome"])["multiscales"] ?? attrs["multiscales"];
  const first = Array.isArray(list) ? record(list[0]) : undefined;
  const datasets = Array.isArray(first?.["datasets"]) ? first["datasets"].map(record) : [];
  if (first === undefined || datasets.length === 0) return undefined;
  // Version 0.3 has axes as names, later ones as objects.
  const axes = Array.isArray(first["axes"])
    ? first["axes"].map((axis: unknown) => (typeof axis === "string" ? { name: axis } : record(axis)))
    : undefined;
  const named = axes?.flatMap(({ name, unit }: Json) => (typeof unit === "string" ? [[String(name), unit]] : []));
  return {
    datasets: datasets.map((dataset) => ({
      path: String(dataset["path"] ?? ""),
      scale: scaleOf(dataset["coordinateTransformations"]),
    })),
    axes: axes?.map(({ name }: Json) => String(name)),
    units: Object.fromEntries(named ?? []) as Record<string, string>,
  };
}

function scaleOf(transformations: unknown): number[] | undefined {
  const list = Array.isArray(transformations) ? transformations.map(record) : [];
  const scale = list.find(({ type }) => type === "scale")?.["scale"];
  return Array.isArray(scale) && scale.every((step) => typeof step === "number") ? (scale as number[]) : undefined;
}

async function attributes(store: ZarrStore, path: string): Promise<Json> {
  const v3 = await readJson(store, `${path}zarr.json`);
  return v3 === undefined ? ((await readJson(store, `${path}.zattrs`)) ?? {}) : record(v3["attributes"]);
}

async function readJson(store: ZarrStore, path: string): Promise<Json | undefined> {
  const content = await store.get(path);
  if (content === undefined) return undefined;
  try {
    return record(JSON.parse(new TextDecoder().decode(content)));
  } catch (error) {
    throw invalid(FORMAT, `${path} is not JSON (${reason(error)})`);
  }
}
