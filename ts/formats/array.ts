import { ArgumentError, nearest, shown } from "../runtime/index.js";
import {
  allocate,
  type ArrayData,
  components,
  decodeElements,
  elementSize,
  type ElementType,
  memorySize,
} from "./elements.js";
import { invalid, tooLarge } from "./fail.js";
import { byteLimit } from "./inflate.js";
import { type Selection, select, selectedLayout, type Slice } from "./selection.js";
import { type ByteSource, readRange } from "./source.js";
import { copy, denseStrides, elementCount, type Layout, span } from "./strided.js";

/** What a reader was asked for. */
export interface ArrayRequest {
  /** The name of an array in a file of several. */
  readonly dataset?: string | undefined;
  /** The part of the array. */
  readonly slice?: Slice | undefined;
  /** The user's limit on the bytes of the values. */
  readonly maxBytes?: number | undefined;
}

/** An array that was read from a file. */
export interface ArrayFile {
  /** The values in C order: the last axis is the densest. */
  readonly data: ArrayData;
  /** Sizes of the axes; a complex array has a last axis of 2, the real and the imaginary part. */
  readonly shape: readonly number[];
  /** Element type of the file, by NumPy's name; `"float64"` where the file says how stored integers are scaled. */
  readonly dtype: ElementType;
  /** Names of the axes, where the format has them, without the one of complex numbers. */
  readonly axes?: readonly string[];
  /** Distances of neighbouring elements along the axes, in the units that `metadata` names. */
  readonly spacing?: readonly number[];
  /** What else the file says, by format. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Where an array is in a file, without gaps. */
export interface StoredArray {
  readonly format: string;
  /** Offset of the first byte. */
  readonly begin: number;
  readonly type: ElementType;
  readonly littleEndian: boolean;
  readonly shape: readonly number[];
  /** `"F"`: the first axis is the densest. */
  readonly order: "C" | "F";
  /** Whether the highest bit of each integer is inverted: half of the range was added to it, or taken away. */
  readonly invertedSign?: boolean;
}

/** The values of a part of an array, and which part it is. */
export interface StoredValues {
  readonly data: ArrayData;
  readonly selection: Selection;
  /** The shape of the values, with the last axis of complex ones. */
  readonly shape: readonly number[];
  /** `{ rounded }`: how many 64-bit integers are beyond 2^53; nothing where there is none. */
  readonly notes: { readonly rounded?: number };
}

/** Bytes that are read at once. */
const BLOCK = 64 * 2 ** 20;

/**
 * Reads a part of a stored array, only the bytes that it spans, in blocks.
 *
 * @throws FormatError `file_truncated` where the file is shorter than the whole array, before anything is allocated;
 * `file_too_large`; ArgumentError where the slice does not fit.
 */
export async function readStored(source: ByteSource, array: StoredArray, request: ArrayRequest): Promise<StoredValues> {
  const { format, begin, type, shape } = array;
  const width = elementSize[type];
  await readRange(
    source,
    begin + elementCount(shape) * width,
    begin + elementCount(shape) * width,
    `${format}: the end of the values`,
  );
  const selection = select(request.slice, shape);
  const count = elementCount(selection.shape);
  const [bytes, limit] = [count * memorySize(type), byteLimit(request.maxBytes)];
  if (bytes > limit) throw tooLarge(format, bytes, limit);
  const layout = selectedLayout(selection, 0, denseStrides(shape, array.order));
  const data = await readLayout(source, array, layout);
  return finished(data, type, selection);
}

/** The values with what is to be told of them. */
export function finished(data: ArrayData, type: ElementType, selection: Selection): StoredValues {
  const rounded = type === "int64" || type === "uint64" ? countUnsafe(data) : 0;
  return {
    data,
    selection,
    shape: components(type) === 2 ? [...selection.shape, 2] : selection.shape,
    notes: rounded > 0 ? { rounded } : {},
  };
}

function countUnsafe(data: ArrayData): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (!Number.isSafeInteger(data[i])) count += 1;
  return count;
}

async function readLayout(source: ByteSource, array: StoredArray, whole: Layout): Promise<ArrayData> {
  const { type, littleEndian, begin, format, invertedSign = false } = array;
  const size = elementSize[type];
  const width = components(type);
  const result = allocate(type, elementCount(whole.shape));
  const strides = denseStrides(whole.shape);
  const visit = async (part: Layout, to: number): Promise<void> => {
    const [first, last] = span(part);
    const bytes = (last - first + 1) * size;
    const axis = bytes > BLOCK ? outermost(part) : undefined;
    if (axis === undefined) {
      const read = await readRange(source, begin + first * size, begin + (last + 1) * size, `${format}: the values`);
      const values = invertedSign
        ? decodeElements(withSignInverted(read, size, littleEndian), type, littleEndian, true)
        : decodeElements(read, type, littleEndian);
      copy(values, { ...part, offset: part.offset - first }, result, { ...part, offset: to, strides }, width);
      return;
    }
    const count = part.shape[axis] as number;
    const step = Math.max(1, Math.floor(BLOCK / (bytes / count)));
    for (let i = 0; i < count; i += step) {
      const shape = part.shape.map((size, k) => (k === axis ? Math.min(step, count - i) : size));
      const offset = part.offset + i * (part.strides[axis] as number);
      await visit({ ...part, shape, offset }, to + i * (strides[axis] as number));
    }
  };
  if (result.length > 0) await visit(whole, 0);
  return result;
}

/** A copy of integers, in which the highest bit of each is inverted: exact where a sum of floats would be rounded. */
function withSignInverted(bytes: Uint8Array, width: number, littleEndian: boolean): Uint8Array {
  const copied = new Uint8Array(bytes);
  for (let i = littleEndian ? width - 1 : 0; i < copied.length; i += width) copied[i] = (copied[i] as number) ^ 0x80;
  return copied;
}

/** The axis with the largest stride of those that can be divided. */
function outermost({ shape, strides }: Layout): number | undefined {
  let best: number | undefined;
  shape.forEach((size, axis) => {
    if (size > 1 && (best === undefined || (strides[axis] as number) > (strides[best] as number))) best = axis;
  });
  return best;
}

/** The entries of a list over the axes of the file that remain. */
export function keptAxes<T>(selection: Selection, list: readonly T[]): T[] {
  return selection.kept.map((axis) => list[axis] as T);
}

/**
 * The array of a file of several that was asked for; the only one where no name is given.
 *
 * @throws ArgumentError `missing_argument` with the names where there are several; `missing_key` where the name is none
 * of them; FormatError `file_invalid` where there is none.
 */
export function chooseDataset(format: string, names: readonly string[], dataset: string | undefined): string {
  const [first] = names;
  if (first === undefined) throw invalid(format, "the file has no array of numbers");
  const quoted = (list: readonly string[]): string => {
    const told = list.slice(0, 30).map((name) => JSON.stringify(name));
    return told.join(", ") + (list.length > 30 ? ` and ${list.length - 30} more` : "");
  };
  if (dataset === undefined) {
    if (names.length === 1) return first;
    throw new ArgumentError(
      `${format}: the file has several arrays; choose one with the option dataset: ${quoted(names)}.`,
      "missing_argument",
    );
  }
  if (names.includes(dataset)) return dataset;
  throw new ArgumentError(
    `${format}: there is no dataset ${shown(dataset)}; did you mean ` +
      `${JSON.stringify(nearest(dataset, names) ?? first)}? It has ${quoted(names)}.`,
    "missing_key",
  );
}

/** The values `slope v + offset` in float64; of complex ones the offset is added to the real part. */
export function scaled(data: ArrayData, slope: number, offset: number, width: 1 | 2 = 1): Float64Array {
  const result = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += width) {
    result[i] = (data[i] as number) * slope + offset;
    if (width === 2) result[i + 1] = (data[i + 1] as number) * slope;
  }
  return result;
}
