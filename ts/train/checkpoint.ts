import {
  parseSafetensorsFile,
  readBytes,
  serializeSafetensors,
  type TensorRecord,
  writeFileAtomic,
} from "../io/index.js";
import { ArgumentError, FormatError } from "../runtime/index.js";
import { Tensor, tensor } from "../tensor/index.js";

const key = "adjoint.checkpoint";
/** Version 2 added data sets, best and averaged weights to the state of a Trainer. */
const version = 2;
const readable: readonly unknown[] = [1, 2];
/** Longer states are stored as a tensor: the format limits its header to 100 MB. */
const maxHeaderState = 10_000_000;

/**
 * Writes nested plain data with tensors in it to one safetensors file: the tensors under their paths, the rest as JSON
 * in the metadata, or, where that is long, in a tensor. The file is replaced atomically: a process killed at any moment
 * leaves the previous file intact.
 */
export async function saveState(path: string, state: unknown): Promise<void> {
  const tensors: TensorRecord = {};
  const plain = JSON.stringify(pack(state, "", tensors)) ?? "null";
  if (plain.length <= maxHeaderState) {
    const json = `{"version":${version},"state":${plain}}`;
    await writeFileAtomic(path, await serializeSafetensors(tensors, { [key]: json }));
    return;
  }
  const text = textTensor(plain);
  try {
    const json = JSON.stringify({ version, stateIn: key });
    await writeFileAtomic(path, await serializeSafetensors({ ...tensors, [key]: text }, { [key]: json }));
  } finally {
    text.dispose();
  }
}

/**
 * Reads a file of {@link saveState}.
 *
 * @throws ArgumentError `file_not_found`.
 * @throws FormatError `safetensors_...`, or `checkpoint_invalid` where the file is not a checkpoint.
 */
export async function loadState(path: string): Promise<unknown> {
  const { tensors, metadata } = parseSafetensorsFile(await readBytes(path));
  const text = metadata[key];
  if (text === undefined)
    throw new FormatError(`${path}: the file holds tensors, but is not a checkpoint.`, "checkpoint_invalid");
  let content: { version?: unknown; state?: unknown; stateIn?: unknown };
  try {
    content = JSON.parse(text) as typeof content;
  } catch {
    throw new FormatError(`${path}: the checkpoint's state is not JSON.`, "checkpoint_invalid");
  }
  if (!readable.includes(content?.version)) {
    for (const value of Object.values(tensors)) value.dispose();
    throw new FormatError(
      `${path}: checkpoint version ${String(content?.version)}, this library reads ${readable.join(" and ")}; ` +
        "load it with the version of the library that wrote it.",
      "checkpoint_invalid",
    );
  }
  if (content.stateIn === undefined) return unpack(content.state, tensors, path);
  const stored = tensors[key];
  if (!stored) throw new FormatError(`${path}: the checkpoint lacks its state.`, "checkpoint_invalid");
  const plain = await tensorText(stored);
  stored.dispose();
  return unpack(JSON.parse(plain), tensors, path);
}

/** A text as a tensor: its length in UTF-8, then three bytes a number, which float32 holds exactly. */
function textTensor(text: string): Tensor {
  const bytes = new TextEncoder().encode(text);
  const values = new Float32Array(2 + Math.ceil(bytes.length / 3));
  values.set([Math.floor(bytes.length / 2 ** 24), bytes.length % 2 ** 24]);
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = [bytes[i], bytes[i + 1], bytes[i + 2]];
    values[2 + i / 3] = a + 256 * b + 65536 * c;
  }
  return tensor(values, { device: "cpu" });
}

async function tensorText(stored: Tensor): Promise<string> {
  const values = await stored.data();
  const [high = 0, low = 0] = [values[0], values[1]];
  const bytes = new Uint8Array(3 * (values.length - 2));
  for (let i = 2; i < values.length; i++) {
    const value = values[i] as number;
    bytes[3 * i - 6] = value & 255;
    bytes[3 * i - 5] = (value >> 8) & 255;
    bytes[3 * i - 4] = value >> 16;
  }
  return new TextDecoder().decode(bytes.subarray(0, high * 2 ** 24 + low));
}

/** Frees every tensor in nested plain data. */
export function disposeState(state: unknown): void {
  if (state instanceof Tensor) state.dispose();
  else if (typeof state === "object" && state !== null) for (const value of Object.values(state)) disposeState(value);
}

function pack(value: unknown, path: string, tensors: TensorRecord): unknown {
  if (value instanceof Tensor) {
    tensors[path] = value;
    return { $tensor: path };
  }
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  const join = (name: string | number): string => (path === "" ? String(name) : `${path}.${name}`);
  if (Array.isArray(value)) return value.map((item, index) => pack(item, join(index), tensors));
  if (value instanceof Map)
    throw new ArgumentError(`checkpoint: ${path} is a Map, expected plain data.`, "invalid_argument");
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, pack(item, join(name), tensors)]));
  }
  return value;
}

function unpack(value: unknown, tensors: TensorRecord, path: string): unknown {
  if (Array.isArray(value)) return value.map((item) => unpack(item, tensors, path));
  if (typeof value !== "object" || value === null) return value;
  const special = value as { $tensor?: unknown; $number?: unknown };
  if (typeof special.$number === "string") return Number(special.$number);
  if (typeof special.$tensor === "string") {
    const found = tensors[special.$tensor];
    if (!found)
      throw new FormatError(`${path}: the checkpoint lacks the tensor ${special.$tensor}.`, "checkpoint_invalid");
    return found;
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unpack(item, tensors, path)]));
}
