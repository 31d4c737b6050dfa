import { crc32c } from "../formats/index.js";
import { parseSafetensorsFile, readBytes, serializeSafetensors, writeFileAtomic } from "../io/index.js";
import { ArgumentError, FormatError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";
import { packState, unpackState } from "./packed-state.js";

const key = "adjoint.checkpoint";
const checksumKey = "adjoint.checksum";
/** What stands for the checksum while it is computed. */
const noChecksum = "00000000";
/**
 * Version 2 added data sets, best and averaged weights to the state of a Trainer; version 3 a checksum, and lists that
 * are kept outside of the header.
 */
const version = 3;
const readable: readonly unknown[] = [1, 2, 3];
/** Longer states are kept beside the tensors: the format limits its header to 100 MB. */
const maxHeaderState = 10_000_000;

/**
 * Writes nested plain data with tensors in it to one safetensors file: the tensors and lists of more than a thousand
 * entries under their paths, the rest as JSON in the metadata, or, where that is long, beside them. The file is
 * replaced atomically: a process killed at any moment leaves the previous file intact.
 *
 * @throws ArgumentError `invalid_argument` where the data is not plain or too large to be read again,
 * `file_unwritable`.
 */
export async function saveState(path: string, state: unknown): Promise<void> {
  await writeFileAtomic(path, await serializeState(state), "the checkpoint");
}

/** The bytes of {@link saveState}. */
export async function serializeState(state: unknown): Promise<Uint8Array> {
  const { plain, tensors, lines } = packState(state);
  const text = stringify(plain);
  const long = text.length > maxHeaderState;
  const json = long ? JSON.stringify({ version, stateIn: key }) : `{"version":${version},"state":${text}}`;
  const bytes = await serializeSafetensors(
    { ...tensors, ...lines, ...(long ? { [key]: new TextEncoder().encode(text) } : {}) },
    // The checksum comes first, so that it is found at once.
    { [checksumKey]: noChecksum, [key]: json },
  );
  bytes.set(new TextEncoder().encode(checksumOf(bytes)), placeOfChecksum(bytes) as number);
  return bytes;
}

function stringify(plain: unknown): string {
  try {
    return JSON.stringify(plain) ?? "null";
  } catch (error) {
    // A string has a largest length.
    throw new ArgumentError("checkpoint: the state has more text than JSON can hold.", "invalid_argument", {
      cause: error,
    });
  }
}

/**
 * Reads a file of {@link saveState}.
 *
 * @throws ArgumentError `file_not_found`.
 * @throws FormatError `safetensors_...`, or `checkpoint_invalid` where the file is not a checkpoint or is damaged.
 */
export async function loadState(path: string): Promise<unknown> {
  const bytes = await readBytes(path);
  try {
    return await parseState(bytes, path);
  } catch (error) {
    if (error instanceof FormatError && !error.message.startsWith(path))
      throw new FormatError(`${path}: ${error.message}`, error.code, { cause: error });
    throw error;
  }
}

/** The state in the bytes of a checkpoint, which `path` names in messages. */
export async function parseState(bytes: Uint8Array, path: string): Promise<unknown> {
  // Version and checksum first: a later or damaged file says so, whatever else is wrong with it.
  const head = /^.{8}\{"__metadata__":\{[^}]{0,60}"adjoint\.checkpoint":"\{\\"version\\":(\d+)/s.exec(
    ascii(bytes.subarray(0, 200)),
  );
  if (head) checkVersion(Number(head[1]), path);
  const place = placeOfChecksum(bytes);
  const sum = place === undefined ? undefined : ascii(bytes.subarray(place, place + noChecksum.length));
  if (sum !== undefined && sum !== checksumOf(bytes)) {
    throw invalid(path, "the checkpoint is damaged (its checksum is not that of its content); take another one");
  }
  const { tensors, metadata, bytes: lists } = parseSafetensorsFile(bytes, { bytes: true });
  try {
    const text = metadata[key];
    if (text === undefined) throw invalid(path, "the file holds tensors, but is not a checkpoint");
    const content = parseJson(text, path) as { version?: unknown; state?: unknown; stateIn?: unknown } | null;
    checkVersion(content?.version, path);
    if (content?.version === version && sum === undefined) throw invalid(path, "the checkpoint lacks its checksum");
    const { state, stateIn } = content ?? {};
    const plain = stateIn === undefined ? state : parseJson(await longText(tensors[key] ?? lists[key], path), path);
    const result = unpackState({ plain, tensors, lines: lists }, path);
    tensors[key]?.dispose();
    return result;
  } catch (error) {
    for (const value of Object.values(tensors)) value.dispose();
    throw error;
  }
}

function checkVersion(found: unknown, path: string): void {
  if (readable.includes(found)) return;
  throw invalid(
    path,
    `checkpoint version ${String(found)}, this library reads ${readable.join(", ")}; load it with the version of the ` +
      "library that wrote it",
  );
}

/** A long state: bytes of JSON, in version 2 as a tensor. */
async function longText(stored: Tensor | Uint8Array | undefined, path: string): Promise<string> {
  if (stored === undefined) throw invalid(path, "the checkpoint lacks its state");
  return stored instanceof Uint8Array ? new TextDecoder().decode(stored) : await tensorText(stored);
}

/** The text of a tensor of version 2: its length in UTF-8, then three bytes a number, which float32 holds exactly. */
async function tensorText(stored: Tensor): Promise<string> {
  const values = await stored.data();
  const [high = 0, low = 0] = [values[0], values[1]];
  const bytes = new Uint8Array(3 * Math.max(0, values.length - 2));
  for (let i = 2; i < values.length; i++) {
    const value = values[i] as number;
    bytes[3 * i - 6] = value & 255;
    bytes[3 * i - 5] = (value >> 8) & 255;
    bytes[3 * i - 4] = value >> 16;
  }
  return new TextDecoder().decode(bytes.subarray(0, high * 2 ** 24 + low));
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(path, "the checkpoint's state is not JSON");
  }
}

function invalid(path: string, what: string): FormatError {
  return new FormatError(`${path}: ${what}.`, "checkpoint_invalid");
}

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Where the checksum's digits begin; `undefined` in a file without one. */
function placeOfChecksum(bytes: Uint8Array): number | undefined {
  const begin = 8 + `{"__metadata__":{"${checksumKey}":"`.length;
  const name = `"${checksumKey}":"`;
  return ascii(bytes.subarray(begin - name.length, begin)) === name ? begin : undefined;
}

/** CRC-32C of a file whose checksum's digits are zeros, as eight hexadecimal digits. */
function checksumOf(bytes: Uint8Array): string {
  const place = placeOfChecksum(bytes) as number;
  const zeros = new TextEncoder().encode(noChecksum);
  const before = crc32c(zeros, crc32c(bytes.subarray(0, place)));
  return crc32c(bytes.subarray(place + zeros.length), before)
    .toString(16)
    .padStart(8, "0");
}

/** Frees every tensor in nested plain data. */
export function disposeState(state: unknown): void {
  if (state instanceof Tensor) state.dispose();
  else if (typeof state === "object" && state !== null) for (const value of Object.values(state)) disposeState(value);
}
