import { ArgumentError, FormatError, shown } from "../runtime/index.js";
import { type ArrayData, components, decodeElements, elementSize, type ElementType, memorySize } from "./elements.js";
import { invalid, tooLarge, unsupported } from "./fail.js";
import { type PickleValue, readPickle } from "./pickle.js";
import { type ByteSource, readRange } from "./source.js";
import { elementCount, gather } from "./strided.js";
import { type Storage, TensorView, torchNames } from "./torch-names.js";
import { openZip, readEntry, type ZipArchive, type ZipEntry } from "./zip.js";

const FORMAT = "PyTorch";

/** The values of one tensor; a complex one has a last axis of 2. */
export interface WeightArray {
  readonly data: ArrayData;
  readonly shape: readonly number[];
  /** The element type of the file. */
  readonly type: ElementType;
}

/** Options of {@link readTorch}. */
export interface TorchOptions {
  /** The key of the state dict in the file. */
  readonly key?: string | undefined;
  /** Bytes of all tensors together. */
  readonly maxBytes: number;
}

/** The content of a file: its value, and how the bytes of a storage are read. */
interface TorchFile {
  readonly value: PickleValue;
  readonly littleEndian: boolean;
  storage(storage: Storage): Promise<Uint8Array>;
}

/** Whether the bytes begin like a file that PyTorch before 1.6 wrote: a pickled magic number. */
export function isLegacyTorch(head: Uint8Array): boolean {
  const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  return magic.every((byte, i) => head[i] === byte);
}

/**
 * Reads the tensors of a file that `torch.save` wrote: in a zip archive (since PyTorch 1.6), or the older format.
 *
 * The state dict is the file's value, or in it the entry `state_dict`, `model`, `params` or similar. Values that are
 * not tensors are left out. Nothing of the file is executed.
 *
 * @throws FormatError `file_invalid`, `file_truncated`, `file_unsupported` with the name of what is refused,
 * `file_too_large`, `weights_missing`; ArgumentError `missing_key` where `key` does not exist.
 */
export async function readTorch(source: ByteSource, options: TorchOptions): Promise<Map<string, WeightArray>> {
  const head = await source.read(0, Math.min(16, source.size));
  const file = isLegacyTorch(head) ? await readLegacy(source) : await readZipped(await openZip(source));
  const state = findState(file.value, options.key);
  const views = [...state].filter((item): item is [string, TensorView] => {
    const [name, value] = item;
    return typeof name === "string" && value instanceof TensorView;
  });
  // A tensor may repeat one number of its storage a billion times; real weights hold about as much as the file.
  const limit = Math.min(options.maxBytes, 256 * 2 ** 20 + 4 * source.size);
  const bytes = views.reduce((sum, [, { type, shape }]) => sum + elementCount(shape) * memorySize(type), 0);
  if (!(bytes <= limit)) throw tooLarge(FORMAT, bytes, limit);
  const decoded = new Map<string, ArrayData>();
  const result = new Map<string, WeightArray>();
  for (const [name, view] of views) {
    const id = `${view.type} ${view.storage.key}`;
    let data = decoded.get(id);
    if (data === undefined) {
      const stored = await file.storage(view.storage);
      data = decodeElements(stored, view.type, file.littleEndian);
      decoded.set(id, data);
    }
    result.set(name, viewed(view, data, name));
  }
  return result;
}

function viewed(view: TensorView, data: ArrayData, name: string): WeightArray {
  const width = components(view.type);
  const count = elementCount(view.shape);
  const last = view.shape.reduce((sum, size, axis) => sum + (size - 1) * (view.strides[axis] as number), view.offset);
  if (count > 0 && (last + 1) * width > data.length) throw invalid(FORMAT, `${name} is outside of its storage`);
  const values = count === 0 ? data.subarray(0, 0) : gather(data, view, width);
  return { data: resolved(values, view), shape: width === 2 ? [...view.shape, 2] : view.shape, type: view.type };
}

/** The values with the signs that the file leaves to be applied; a storage may be another tensor's too. */
function resolved(values: ArrayData, { pending: { conjugate, negative }, type }: TensorView): ArrayData {
  if (!conjugate && !negative) return values;
  const width = components(type);
  return values.map((value, i) => (negative !== (conjugate && width === 2 && i % 2 === 1) ? -value : value));
}

async function readZipped(archive: ZipArchive): Promise<TorchFile> {
  const names = [...archive.entries.keys()];
  const main = names.find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (main === undefined) {
    const what = names.some((name) => name.endsWith(".npy"))
      ? "a NumPy archive; read it with readArray"
      : "no data.pkl in it";
    throw unsupported(FORMAT, `this zip archive is not one of torch.save: ${what}`);
  }
  const folder = main.slice(0, -"data.pkl".length);
  if (archive.entries.has(`${folder}constants.pkl`)) {
    throw unsupported(FORMAT, "this is a TorchScript program; save its weights: torch.save(model.state_dict(), path)");
  }
  const content = async (name: string): Promise<Uint8Array | undefined> => {
    const entry = archive.entries.get(folder + name);
    return entry === undefined ? undefined : await readStored(archive, entry);
  };
  const order = await content("byteorder");
  const { value } = readPickle((await content("data.pkl")) as Uint8Array, torchNames);
  return {
    value,
    littleEndian: order === undefined || new TextDecoder().decode(order).trim() !== "big",
    async storage({ key, type, size }) {
      const bytes = await content(`data/${key}`);
      if (bytes === undefined) throw invalid(FORMAT, `the storage ${JSON.stringify(key)} is missing`);
      if (bytes.length < size * (type === undefined ? 1 : elementSize[type])) {
        throw invalid(
          FORMAT,
          `the storage ${JSON.stringify(key)} has ${bytes.length} bytes, too few for ${size} elements`,
        );
      }
      return bytes;
    },
  };
}

async function readStored(archive: ZipArchive, entry: ZipEntry): Promise<Uint8Array> {
  if (entry.method !== 0) {
    throw unsupported(
      FORMAT,
      `${entry.name} is compressed by method ${entry.method}; torch.save stores without compression`,
    );
  }
  return await readEntry(archive, entry, entry.size);
}

/** Four pickles (magic number, protocol, machine, value), a list of keys, and for each its size and its elements. */
async function readLegacy(source: ByteSource): Promise<TorchFile> {
  const bytes = await readRange(source, 0, source.size, FORMAT);
  const next = (at: number) => readPickle(bytes, storages, at);
  const types = new Map<string, Storage>();
  const storages: typeof torchNames = {
    ...torchNames,
    persistent(id) {
      const storage = torchNames.persistent(id) as Storage;
      types.set(storage.key, storage);
      return storage;
    },
  };
  const magic = next(0);
  const version = next(magic.end);
  if (version.value !== 1001)
    throw unsupported(FORMAT, `version ${String(version.value)} of the old format; expected 1001`);
  const machine = next(version.end);
  const little = machine.value instanceof Map ? machine.value.get("little_endian") : true;
  const main = next(machine.end);
  const keys = next(main.end);
  const offsets = new Map<string, [begin: number, end: number]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = keys.end;
  for (const key of Array.isArray(keys.value) ? keys.value : []) {
    const storage = types.get(String(key));
    if (storage === undefined) throw invalid(FORMAT, `no tensor uses the storage ${String(key)}`);
    const width = storage.type === undefined ? 1 : elementSize[storage.type];
    await readRange(source, at, at + 8, FORMAT);
    const end = at + 8 + Number(view.getBigUint64(at, true)) * width;
    if (!(end <= bytes.length)) throw invalid(FORMAT, `the storage ${String(key)} is longer than the file`);
    offsets.set(storage.key, [at + 8, end]);
    at = end;
  }
  return {
    value: main.value,
    littleEndian: little !== false,
    async storage({ key }) {
      const range = offsets.get(key);
      if (range === undefined) throw invalid(FORMAT, `the storage ${JSON.stringify(key)} is missing`);
      return bytes.subarray(...range);
    },
  };
}

/** Where checkpoints keep the weights, in the order of preference. */
// biome-ignore format: one list
const containers = [
  "state_dict", "model_state_dict", "model_state", "model", "module", "params_ema", "params", "net", "network",
  "weights",
];

type Dictionary = ReadonlyMap<PickleValue, PickleValue>;

/** The value as a dictionary of tensors; `undefined` where it is none. */
function stateOf(value: PickleValue | undefined): Dictionary | undefined {
  const isState =
    value instanceof Map && [...value].some(([name, item]) => typeof name === "string" && item instanceof TensorView);
  return isState ? value : undefined;
}

function findState(root: PickleValue, key: string | undefined): Dictionary {
  if (!(root instanceof Map)) {
    const what = root instanceof TensorView ? "one tensor" : Array.isArray(root) ? "a list" : "no dictionary";
    throw missing(`the file holds ${what}`);
  }
  if (key !== undefined) return keyed(root, key);
  const named = search(root, 3);
  if (named !== undefined) return named;
  const own = stateOf(root);
  if (own !== undefined) return own;
  const others = [...root].flatMap(([name, value]) => {
    const state = stateOf(value);
    return state === undefined ? [] : [{ name, state }];
  });
  const [first] = others;
  if (first !== undefined && others.length === 1) return first.state;
  const found = others.length > 0 ? others.map(({ name }) => name) : [...root.keys()];
  const names = found.map((name) => JSON.stringify(String(name)));
  throw missing(
    others.length > 0
      ? `there are several: ${names.join(", ")}; choose one with the option key`
      : `the file has the entries ${names.slice(0, 12).join(", ")}`,
  );
}

function keyed(root: Map<PickleValue, PickleValue>, key: string): Dictionary {
  const entry = root.get(key);
  // Such as { generator: { state_dict, optimizer } }.
  const found = stateOf(entry) ?? (entry instanceof Map ? search(entry, 3) : undefined);
  if (found !== undefined) return found;
  const names = [...root].filter(([, value]) => stateOf(value)).map(([name]) => JSON.stringify(String(name)));
  const why = root.has(key) ? "as that entry has no tensors" : "as the file has no such entry";
  const expected = names.length > 0 ? `one of ${names.join(", ")}` : `none, ${why}`;
  throw new ArgumentError(`readWeights: key is ${shown(key)}, expected ${expected}.`, "missing_key");
}

function search(value: Map<PickleValue, PickleValue>, depth: number): Dictionary | undefined {
  for (const name of depth > 0 ? containers : []) {
    const inner = value.get(name);
    if (!(inner instanceof Map)) continue;
    const found = search(inner, depth - 1) ?? stateOf(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function missing(text: string): FormatError {
  return new FormatError(
    `${FORMAT}: no state dict was found: ${text}; save one with torch.save(model.state_dict(), path).`,
    "weights_missing",
  );
}
