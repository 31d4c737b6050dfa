import {
  type ArrayData,
  type ArrayFile,
  type ElementType,
  encodeFits,
  encodeNifti,
  encodeNpy,
  gzip,
} from "../formats/index.js";
import { ArgumentError, checkOptions } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";
import { writeFileAtomic } from "./atomic.js";
import { checkArray } from "./check-array.js";

/** What {@link writeArray} writes: values with a shape, such as a changed result of {@link readArray}. */
export interface WritableArray {
  readonly data: ArrayData;
  readonly shape: readonly number[];
  /** `"complex64"` or `"complex128"` where the last axis holds real and imaginary parts. */
  readonly dtype?: ElementType;
  readonly spacing?: readonly number[];
  /** That of a file of the same format, whose header is carried over. */
  readonly metadata?: ArrayFile["metadata"];
}

/** Element types that integers can be written as. */
type SampleType = "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "float32" | "float64";

/** Options of {@link writeArray}. */
export interface WriteArrayOptions {
  /** Element type in the file; integers are rounded and limited to its range. Default: that of the values. */
  readonly sample?: SampleType;
}

const samples: Readonly<Record<SampleType, new (length: number) => ArrayData>> = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/**
 * Writes an array as .npy, .nii, .fits or .fit, each also with .gz, atomically; the name decides the format.
 *
 * Values are written as they are, in the units that they have: a header that was read is carried over except for what
 * it says of the stored values (their type, scale and sizes). Of a NIfTI file extensions are not carried over, since
 * they may name a person.
 *
 * @returns `clipped`: how many values did not fit the element type that was asked for.
 * @throws ArgumentError `invalid_argument` where the name has another ending or the values are no array, `node_only` in
 * a browser; ShapeError `shape_mismatch` where the shape does not hold the values.
 *
 * @example
 * const scan = await readArray("scan.nii.gz");
 * await writeArray("clean.nii.gz", { ...scan, data: cleaned });
 */
export async function writeArray(
  path: string,
  array: Tensor | WritableArray,
  options: WriteArrayOptions = {},
): Promise<{ clipped: number }> {
  const { bytes, clipped } = await encodeArray(path, array, options);
  await writeFileAtomic(path, bytes);
  return { clipped };
}

/**
 * The bytes that {@link writeArray} writes, for example for a download in a page; `name` decides the format.
 *
 * @throws As {@link writeArray}.
 */
export async function encodeArray(
  name: string,
  array: Tensor | WritableArray,
  options: WriteArrayOptions = {},
): Promise<{ bytes: Uint8Array; clipped: number }> {
  checkOptions("writeArray", options, ["sample"]);
  if (typeof name !== "string") {
    throw new ArgumentError(`writeArray: the path is ${typeof name}, expected the name of a file.`, "invalid_argument");
  }
  const given =
    array instanceof Tensor ? { data: await array.data(), shape: array.shape } : checkArray("writeArray", array);
  const { data, clipped } = converted(given.data, options.sample);
  return { bytes: encode(name, { ...given, data }), clipped };
}

function converted(data: ArrayData, sample: SampleType | undefined): { data: ArrayData; clipped: number } {
  if (sample === undefined) return { data, clipped: 0 };
  const Values = typeof sample === "string" && Object.hasOwn(samples, sample) ? samples[sample] : undefined;
  if (Values === undefined) {
    const shown = typeof sample === "string" ? JSON.stringify(sample) : typeof sample;
    throw new ArgumentError(
      `writeArray: sample is ${shown}, expected one of ${Object.keys(samples).join(", ")}.`,
      "invalid_argument",
    );
  }
  const result = new Values(data.length);
  if (sample === "float32" || sample === "float64") {
    result.set(data);
    return { data: result, clipped: 0 };
  }
  const bits = 8 * result.BYTES_PER_ELEMENT;
  const [low, high] = sample.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  let clipped = 0;
  for (let i = 0; i < data.length; i++) {
    const value = Math.round(data[i] as number);
    // NaN fits no integer and becomes 0.
    if (!(value >= low && value <= high)) clipped += 1;
    result[i] = Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, value));
  }
  return { data: result, clipped };
}

function encode(name: string, array: WritableArray): Uint8Array {
  return /\.gz$/i.test(name) ? gzip(encodePlain(name.slice(0, -3), array)) : encodePlain(name, array);
}

function encodePlain(name: string, { data, shape, dtype, spacing, metadata }: WritableArray): Uint8Array {
  if (/\.npy$/i.test(name)) return encodeNpy(data, shape, isComplex(dtype, data, shape));
  if (/\.nii$/i.test(name)) {
    const { header, affine } = metadata ?? {};
    return encodeNifti(data, isComplex(dtype, data, shape), shape, {
      spacing,
      header: header instanceof Uint8Array ? header : undefined,
      affine: Array.isArray(affine) ? (affine as number[][]) : undefined,
    });
  }
  if (/\.fits?$/i.test(name)) {
    const cards = metadata?.["cards"];
    return encodeFits(data, shape, Array.isArray(cards) ? cards.map(String) : []);
  }
  throw new ArgumentError(
    `writeArray: the name is ${name}, expected one that ends with .npy, .nii or .fits, or with .gz after it.`,
    "invalid_argument",
  );
}

/** Whether the last axis of 2 holds the parts of complex numbers. */
function isComplex(dtype: ElementType | undefined, data: ArrayData, shape: readonly number[]): boolean {
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  return isFloat && shape.at(-1) === 2 && (dtype?.startsWith("complex") ?? false);
}
