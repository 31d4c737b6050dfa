import { invalid, unsupported } from "./fail.js";

/** A Python value as this reader keeps it: dictionaries are maps, tuples, lists and sets are arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickleObject;

/** A value of a class that the caller of {@link readPickle} knows. */
export abstract class PickleObject {}

/** A class or function that a file may name. */
export class PickleGlobal extends PickleObject {
  readonly name: string;
  /** The value that calling it with arguments stands for; nothing of the file is executed. */
  readonly call: ((args: readonly PickleValue[]) => PickleValue) | undefined;

  constructor(name: string, call?: (args: readonly PickleValue[]) => PickleValue) {
    super();
    this.name = name;
    this.call = call;
  }
}

/** What a pickle may refer to. */
export interface PickleNames {
  /** The meaning of a global, such as `collections.OrderedDict`; `undefined` refuses it. */
  global(name: string): PickleGlobal | undefined;
  /** The meaning of a persistent identifier. */
  persistent(id: PickleValue): PickleValue;
  /** Gives a value the state that the file stores for it. */
  build(target: PickleValue, state: PickleValue): void;
}

const FORMAT = "pickle";
const text = new TextDecoder();
const latin1 = new TextDecoder("latin1");
const bigLimit = 4096;

/** A mark on the stack, where the items of a tuple or dictionary begin. */
class Mark {}
const mark = new Mark();

/**
 * Reads one pickled value (protocols 2 to 5) and executes nothing: of the opcodes only those that plain values,
 * containers and named globals need are known, and of the globals only those of `names`.
 *
 * Format: Python's `pickletools`.
 *
 * @returns The value, and the offset of the byte after it.
 * @throws FormatError `file_invalid`; `file_unsupported` with the name of a global or opcode that is refused.
 */
export function readPickle(bytes: Uint8Array, names: PickleNames, start = 0): { value: PickleValue; end: number } {
  return new Reader(bytes, names, start).run();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #names: PickleNames;
  readonly #stack: (PickleValue | Mark)[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at: number;
  #copied = 0;

  constructor(bytes: Uint8Array, names: PickleNames, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#names = names;
    this.#at = start;
  }

  run(): { value: PickleValue; end: number } {
    for (;;) {
      const opcode = this.#byte();
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#at };
      this.#execute(opcode);
    }
  }

  #execute(opcode: number): void {
    const simple = literals.get(opcode);
    if (simple !== undefined) return void this.#stack.push(simple());
    switch (String.fromCharCode(opcode)) {
      case "\x80":
        return this.#protocol(this.#byte());
      case "\x95": // FRAME
        return void this.#take(8);
      case "(":
        return void this.#stack.push(mark);
      case "K":
        return this.#push(this.#byte());
      case "M":
        return this.#push(this.#byte() | (this.#byte() << 8));
      case "J":
        return this.#push(this.#number(4, (at) => this.#view.getInt32(at, true)));
      case "G":
        return this.#push(this.#number(8, (at) => this.#view.getFloat64(at)));
      case "\x8a":
        return this.#push(this.#long(this.#byte()));
      case "\x8b":
        return this.#push(this.#long(this.#length(4)));
      case "X":
        return this.#push(text.decode(this.#take(this.#length(4))));
      case "\x8c":
        return this.#push(text.decode(this.#take(this.#byte())));
      case "\x8d":
        return this.#push(text.decode(this.#take(this.#length(8))));
      case "U": // Strings of Python 2 are bytes that mostly hold text.
        return this.#push(latin1.decode(this.#take(this.#byte())));
      case "T":
        return this.#push(latin1.decode(this.#take(this.#length(4))));
      case "C":
        return this.#push(this.#take(this.#byte()));
      case "B":
        return this.#push(this.#take(this.#length(4)));
      case "\x8e":
      case "\x96":
        return this.#push(this.#take(this.#length(8)));
      case "\x85":
        return this.#push([this.#pop()]);
      case "\x86":
        return this.#push([this.#pop(), this.#pop()].reverse());
      case "\x87":
        return this.#push([this.#pop(), this.#pop(), this.#pop()].reverse());
      case "t":
      case "\x91": // FROZENSET
        return this.#push(this.#toMark());
      case "a":
        return this.#append([this.#pop()]);
      case "e":
      case "\x90": // ADDITEMS
        return this.#append(this.#toMark());
      case "s":
        return this.#setItems([this.#pop(), this.#pop()].reverse());
      case "u":
        return this.#setItems(this.#toMark());
      case "0":
        return void this.#stack.pop();
      case "1":
        return void this.#toMark();
      case "q":
        return this.#remember(this.#byte());
      case "r":
        return this.#remember(this.#length(4));
      case "\x94":
        return this.#remember(this.#memo.size);
      case "h":
        return this.#recall(this.#byte());
      case "j":
        return this.#recall(this.#length(4));
      case "c":
        return this.#push(this.#global(this.#line(), this.#line()));
      case "\x93": {
        const name = this.#pop();
        return this.#push(this.#global(String(this.#pop()), String(name)));
      }
      case "Q":
        return this.#push(this.#names.persistent(this.#pop()));
      case "R":
      case "\x81": {
        const args = this.#pop();
        this.#spend(args);
        return this.#push(call(this.#pop(), args));
      }
      case "b": {
        const state = this.#pop();
        return this.#names.build(this.#peek(), state);
      }
      default:
        throw unsupported(
          FORMAT,
          `opcode 0x${opcode.toString(16)} at byte ${this.#at - 1} is not one of those that weights need`,
        );
    }
  }

  /** What calls copy of containers is limited: a file may name one of them any number of times. */
  #spend(args: PickleValue): void {
    for (const arg of Array.isArray(args) ? args : []) {
      this.#copied += Array.isArray(arg) ? arg.length : arg instanceof Map ? arg.size : 0;
    }
    if (this.#copied > 1000 + 2 * this.#bytes.length) throw invalid(FORMAT, "containers are copied again and again");
  }

  #protocol(version: number): void {
    if (version < 2 || version > 5) throw unsupported(FORMAT, `protocol ${version}; expected 2 to 5`);
  }

  #global(module: string, name: string): PickleGlobal {
    const full = `${module}.${name}`;
    const known = this.#names.global(full);
    if (known !== undefined) return known;
    throw unsupported(
      FORMAT,
      `the file refers to ${JSON.stringify(full)}, which is not part of a state dict and is not executed; ` +
        "save the weights alone: torch.save(model.state_dict(), path)",
    );
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value instanceof Mark)
      throw invalid(FORMAT, `a value is missing before byte ${this.#at}`);
    return value;
  }

  #peek(): PickleValue {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  /** The values above the last mark, which goes too. */
  #toMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw invalid(FORMAT, `a mark is missing before byte ${this.#at}`);
    const items = this.#stack.splice(at);
    items.shift();
    return items as PickleValue[];
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#peek();
    if (!Array.isArray(list)) throw invalid(FORMAT, `byte ${this.#at} appends to what is not a list`);
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const map = this.#peek();
    if (!(map instanceof Map) || items.length % 2 !== 0) {
      throw invalid(FORMAT, `byte ${this.#at} sets items of what is not a dictionary`);
    }
    for (let i = 0; i < items.length; i += 2) map.set(items[i] as PickleValue, items[i + 1] as PickleValue);
  }

  #remember(key: number): void {
    this.#memo.set(key, this.#peek());
  }

  #recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw invalid(FORMAT, `byte ${this.#at} refers to an entry that does not exist`);
    this.#push(value);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw invalid(FORMAT, "the data ends before the value does");
    this.#at += 1;
    return byte;
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw invalid(FORMAT, "the data ends before the value does");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #number(width: number, read: (at: number) => number): number {
    this.#take(width);
    return read(this.#at - width);
  }

  #length(width: 4 | 8): number {
    return this.#number(width, (at) =>
      width === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true)),
    );
  }

  /** A little-endian integer in two's complement of any length. */
  #long(length: number): number | bigint {
    if (length > bigLimit) throw unsupported(FORMAT, `an integer of ${length} bytes`);
    const bytes = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
    const signed = BigInt.asIntN(8 * length, value);
    const near = Number(signed);
    return Number.isSafeInteger(near) ? near : signed;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw invalid(FORMAT, "the data ends before the value does");
    const line = text.decode(this.#take(end - this.#at));
    this.#at += 1;
    return line;
  }
}

/** Opcodes that push a constant or an empty container. */
const literals: ReadonlyMap<number, () => PickleValue> = new Map<number, () => PickleValue>([
  [0x4e, () => null],
  [0x88, () => true],
  [0x89, () => false],
  [0x7d, () => new Map<PickleValue, PickleValue>()],
  [0x5d, () => []],
  [0x29, () => []],
  [0x8f, () => []],
]);

function call(target: PickleValue, args: PickleValue): PickleValue {
  if (!(target instanceof PickleGlobal) || !Array.isArray(args))
    throw invalid(FORMAT, "a call of what is not a function");
  if (target.call === undefined) throw unsupported(FORMAT, `a call of ${target.name}`);
  return target.call(args);
}
