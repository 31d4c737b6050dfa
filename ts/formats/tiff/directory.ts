import { damaged } from "../image-faults.js";
import { type ByteSource, readHead } from "../source.js";
import { windowed } from "../window.js";

/** Bytes of a value of each type of field (TIFF 6.0, section 2; BigTIFF adds 16 to 18). */
const typeSizes: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

/** A field as it stands in a directory. */
interface Field {
  readonly type: number;
  readonly count: number;
  /** Where its values are in the file. */
  readonly at: number;
}

/** One image file directory: the fields of a page, read when they are asked for. */
export class TiffDirectory {
  readonly #fields: ReadonlyMap<number, Field>;
  readonly #file: TiffFile;

  constructor(file: TiffFile, fields: ReadonlyMap<number, Field>) {
    this.#file = file;
    this.#fields = fields;
  }

  has(tag: number): boolean {
    return this.#fields.has(tag);
  }

  /** How many values a field has; 0 where the directory has no such field. */
  count(tag: number): number {
    return this.#fields.get(tag)?.count ?? 0;
  }

  /** The numbers of a field; fractions are divided; `undefined` where the directory has no such field. */
  async numbers(tag: number): Promise<number[] | undefined> {
    const field = this.#fields.get(tag);
    if (!field) return undefined;
    const { littleEndian } = this.#file;
    const bytes = await this.#file.bytes(field.at, field.count * (typeSizes[field.type] as number));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: field.count }, (_, i) => readValue(view, field.type, i, littleEndian));
  }

  /** The first number of a field, or another one where it is missing. */
  async number(tag: number, otherwise: number): Promise<number> {
    return (await this.numbers(tag))?.[0] ?? otherwise;
  }

  /** The text of a field, without the zeros at its end; bytes that are not UTF-8 are Latin-1. */
  async text(tag: number): Promise<string | undefined> {
    const bytes = await this.bytes(tag);
    if (!bytes) return undefined;
    const end = bytes.indexOf(0);
    const content = end < 0 ? bytes : bytes.subarray(0, end);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(content);
    } catch {
      return new TextDecoder("latin1").decode(content);
    }
  }

  /** The bytes of a field as stored. */
  async bytes(tag: number): Promise<Uint8Array | undefined> {
    const field = this.#fields.get(tag);
    return field && (await this.#file.bytes(field.at, field.count * (typeSizes[field.type] as number)));
  }
}

function readValue(view: DataView, type: number, i: number, little: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(2 * i, little);
    case 4:
    case 13:
      return view.getUint32(4 * i, little);
    case 5:
      return view.getUint32(8 * i, little) / view.getUint32(8 * i + 4, little);
    case 6:
      return view.getInt8(i);
    case 8:
      return view.getInt16(2 * i, little);
    case 9:
      return view.getInt32(4 * i, little);
    case 10:
      return view.getInt32(8 * i, little) / view.getInt32(8 * i + 4, little);
    case 11:
      return view.getFloat32(4 * i, little);
    case 12:
      return view.getFloat64(8 * i, little);
    case 16:
    case 18:
      return Number(view.getBigUint64(8 * i, little));
    case 17:
      return Number(view.getBigInt64(8 * i, little));
    default:
      return view.getUint8(i);
  }
}

/** The structure of a TIFF or BigTIFF file. */
export class TiffFile {
  readonly littleEndian: boolean;
  /** Number of bytes of the file. */
  readonly size: number;
  readonly #read: ReturnType<typeof windowed>;

  private constructor(source: ByteSource, littleEndian: boolean) {
    this.size = source.size;
    this.#read = windowed(source);
    this.littleEndian = littleEndian;
  }

  /**
   * Reads the directories of all pages; their fields are read later.
   *
   * @throws FormatError `image_invalid` where they are not within the file, or form a circle.
   */
  static async open(source: ByteSource): Promise<{ file: TiffFile; directories: TiffDirectory[] }> {
    const head = await readHead(source, 16);
    const file = new TiffFile(source, head[0] === 0x49);
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const little = file.littleEndian;
    const big = head.length >= 4 && view.getUint16(2, little) === 43;
    if (head.length < (big ? 16 : 8)) throw file.fault("it ends within its header");
    if (big && (view.getUint16(4, little) !== 8 || view.getUint16(6, little) !== 0))
      throw file.fault("its header has unknown sizes");
    const directories: TiffDirectory[] = [];
    const seen = new Set<number>();
    // Directories do not overlap: their bytes add up to at most those of the file.
    let total = 0;
    let at = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
    while (at !== 0) {
      if (seen.has(at)) throw file.fault("its directories form a circle");
      seen.add(at);
      const { fields, next, length } = await file.#fields(at, big);
      total += length;
      if (total > file.size) throw file.fault("its directories overlap");
      directories.push(new TiffDirectory(file, fields));
      at = next;
    }
    if (directories.length === 0) throw file.fault("it has no image");
    return { file, directories };
  }

  /** Bytes of the file, all of them within it. */
  async bytes(at: number, length: number): Promise<Uint8Array> {
    if (!(at >= 0 && length >= 0 && at + length <= this.size))
      throw this.fault(`it ends after ${this.size} bytes, and refers to ${length} at byte ${at}`);
    const bytes = await this.#read(at, length);
    if (bytes.length < length) throw this.fault("it became shorter while it was read");
    return bytes;
  }

  fault(what: string) {
    return damaged("TIFF", what);
  }

  async #fields(at: number, big: boolean) {
    const little = this.littleEndian;
    const [countSize, entrySize, inline] = big ? [8, 20, 8] : [2, 12, 4];
    const head = await this.bytes(at, countSize);
    const headView = new DataView(head.buffer, head.byteOffset, head.length);
    const count = big ? Number(headView.getBigUint64(0, little)) : headView.getUint16(0, little);
    if (count > 65535) throw this.fault(`a directory has ${count} fields`);
    const length = countSize + count * entrySize + inline;
    const bytes = await this.bytes(at, length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const offset = (place: number) => (big ? Number(view.getBigUint64(place, little)) : view.getUint32(place, little));
    const fields = new Map<number, Field>();
    for (let k = 0; k < count; k++) {
      const entry = countSize + k * entrySize;
      const [tag, type, values] = [view.getUint16(entry, little), view.getUint16(entry + 2, little), offset(entry + 4)];
      const size = typeSizes[type];
      // Fields of unknown types are of later versions of the format, and skipped.
      if (size === undefined || fields.has(tag)) continue;
      const place = entry + (big ? 12 : 8);
      fields.set(tag, { type, count: values, at: size * values <= inline ? at + place : offset(place) });
    }
    return { fields, next: offset(countSize + count * entrySize), length };
  }
}
