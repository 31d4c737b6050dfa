import { ArgumentError, checkList, FormatError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";

/**
 * Longer lists are kept as JSON lines, apart from the rest: a history has as many entries as a training has readings.
 */
const LONG_LIST = 1000;
/** Bytes of JSON that are made at once: the text of a whole history would be longer than a string can be. */
const CHUNK = 1 << 20;
/** Nesting beyond is a circle. */
const DEEPEST = 200;

/** Nested data without tensors, which JSON can hold, and what it refers to by name. */
export interface PackedState {
  readonly plain: unknown;
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Long lists as JSON lines. */
  readonly lines: Readonly<Record<string, Uint8Array>>;
}

/**
 * Takes the tensors and the long lists out of nested plain data.
 *
 * @throws ArgumentError `invalid_argument` where something is no plain data, which would not be read as it was written.
 */
export function packState(state: unknown): PackedState {
  const packing = new Packing();
  const plain = packing.pack(state, "", 0);
  return { plain, tensors: packing.tensors, lines: packing.lines };
}

/** Objects that would be read as empty ones, or as texts. */
const lossy = [Map, Set, Date, ArrayBuffer, RegExp, Promise, WeakMap, WeakSet, Error];

class Packing {
  readonly tensors: Record<string, Tensor> = Object.create(null);
  readonly lines: Record<string, Uint8Array> = Object.create(null);

  pack(value: unknown, path: string, depth: number): unknown {
    if (value instanceof Tensor) {
      const name = this.#unused(path);
      this.tensors[name] = value;
      return { $tensor: name };
    }
    if (typeof value === "number") return isJson(value) ? value : { $number: Object.is(value, -0) ? "-0" : `${value}` };
    if (value === null || ["string", "boolean", "undefined"].includes(typeof value)) return value;
    if (depth > DEEPEST) throw notPlain(path, `is nested more than ${DEEPEST} deep, or is a circle`);
    const join = (name: string | number): string => (path === "" ? String(name) : `${path}.${name}`);
    if (Array.isArray(value)) {
      checkList("checkpoint", path || "the state", value);
      // Holes and undefined entries are null in JSON, as in version 2.
      if (value.length <= LONG_LIST) return value.map((item, index) => this.pack(item, join(index), depth + 1));
      const name = this.#unused(path);
      this.lines[name] = this.#linesOf(value, join, depth);
      return { $lines: name };
    }
    if (typeof value !== "object") throw notPlain(path, `is a ${typeof value}`);
    if (lossy.some((kind) => value instanceof kind) || ArrayBuffer.isView(value))
      throw notPlain(path, `is a ${value.constructor.name}`);
    const entries = Object.entries(value);
    const special = entries.find(([name]) => name.startsWith("$"));
    if (special) throw notPlain(join(special[0]), "begins with $");
    return Object.fromEntries(entries.map(([name, item]) => [name, this.pack(item, join(name), depth + 1)]));
  }

  #linesOf(list: readonly unknown[], join: (index: number) => string, depth: number): Uint8Array {
    const encoder = new TextEncoder();
    const parts: Uint8Array[] = [];
    let [length, text] = [0, ""];
    const flush = (): void => {
      const part = encoder.encode(text);
      parts.push(part);
      length += part.length;
      text = "";
    };
    for (const [index, item] of list.entries()) {
      text += `${JSON.stringify(this.pack(item, join(index), depth + 1)) ?? "null"}\n`;
      if (text.length > CHUNK) flush();
    }
    flush();
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** The path, or one like it: names with dots make different places look alike. */
  #unused(path: string): string {
    let name = path;
    for (let n = 2; name in this.tensors || name in this.lines; n++) name = `${path}#${n}`;
    return name;
  }
}

function isJson(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function notPlain(path: string, what: string): ArgumentError {
  const place = path === "" ? "the state" : path;
  return new ArgumentError(
    `checkpoint: ${place} ${what}, expected plain data: objects, lists, numbers, texts, flags and tensors.`,
    "invalid_argument",
  );
}

/**
 * The nested data of {@link packState}.
 *
 * @param path the file, for messages.
 * @throws FormatError `checkpoint_invalid` where something that it refers to is missing or damaged.
 */
export function unpackState({ plain, tensors, lines }: PackedState, path: string): unknown {
  const unpack = (value: unknown, depth: number): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (depth > DEEPEST + 1) throw new FormatError(`${path}: the checkpoint is nested too deep.`, "checkpoint_invalid");
    if (Array.isArray(value)) return value.map((item) => unpack(item, depth + 1));
    const special = value as { $tensor?: unknown; $number?: unknown; $lines?: unknown };
    if (typeof special.$number === "string") return Number(special.$number);
    if (typeof special.$tensor === "string") return found(tensors, special.$tensor, "tensor", path);
    if (typeof special.$lines === "string") {
      return parseLines(found(lines, special.$lines, "list", path), path).map((item) => unpack(item, depth + 1));
    }
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unpack(item, depth + 1)]));
  };
  return unpack(plain, 0);
}

function found<T>(record: Readonly<Record<string, T>>, name: string, what: string, path: string): T {
  if (Object.hasOwn(record, name)) return record[name] as T;
  throw new FormatError(`${path}: the checkpoint lacks the ${what} ${name}.`, "checkpoint_invalid");
}

function parseLines(bytes: Uint8Array, path: string): unknown[] {
  const decoder = new TextDecoder();
  const values: unknown[] = [];
  for (let begin = 0; begin < bytes.length; ) {
    const end = bytes.indexOf(0x0a, Math.min(begin + CHUNK, bytes.length - 1)) + 1 || bytes.length;
    const text = decoder.decode(bytes.subarray(begin, end)).trimEnd();
    try {
      for (const value of JSON.parse(`[${text.replaceAll("\n", ",")}]`) as unknown[]) values.push(value);
    } catch {
      throw new FormatError(`${path}: a list of the checkpoint is not JSON.`, "checkpoint_invalid");
    }
    begin = end;
  }
  return values;
}
