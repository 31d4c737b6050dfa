import type { SampleArray } from "../raster.js";
import type { Layout } from "./layout.js";
import { swapBytes, undoDifferences, undoFloatDifferences } from "./predictor.js";

/** An empty array for samples. */
export function samplesFor({ sample }: Layout, length: number): SampleArray {
  switch (sample) {
    case "uint8":
      return new Uint8Array(length);
    case "uint16":
      return new Uint16Array(length);
    case "uint32":
      return new Uint32Array(length);
    case "int8":
      return new Int8Array(length);
    case "int16":
      return new Int16Array(length);
    case "int32":
      return new Int32Array(length);
    case "float16":
    case "float32":
      return new Float32Array(length);
    default:
      return new Float64Array(length);
  }
}

/** Bytes of a row of a block. */
export function rowBytes(layout: Layout, columns: number, stride: number): number {
  return Math.ceil((columns * stride * layout.bits) / 8);
}

/**
 * The samples of a decompressed block.
 *
 * @param bytes the block; its buffer is used.
 * @param stride samples a pixel in the block.
 */
export function readSamples(
  bytes: Uint8Array,
  layout: Layout,
  rows: number,
  columns: number,
  stride: number,
  littleEndian: boolean,
): SampleArray {
  const { sample, bits, predictor } = layout;
  // Views need an aligned start.
  const block = bytes.byteOffset === 0 ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
  if (bits % 8 !== 0) return unpackBits(block, layout, rows, columns, stride);
  if (predictor === 3) undoFloatDifferences(block, bits / 8, rows, columns, stride);
  else if (!littleEndian && bits > 8) swapBytes(block, bits / 8);
  if (predictor === 2) undoDifferences(block, bits as 8 | 16 | 32 | 64, rows, columns, stride);
  const [buffer, count] = [block.buffer, rows * columns * stride];
  switch (sample) {
    case "uint8":
      return block.subarray(0, count);
    case "uint16":
      return new Uint16Array(buffer, 0, count);
    case "uint32":
      return new Uint32Array(buffer, 0, count);
    case "int8":
      return new Int8Array(buffer, 0, count);
    case "int16":
      return new Int16Array(buffer, 0, count);
    case "int32":
      return new Int32Array(buffer, 0, count);
    case "float16":
      return Float32Array.from(new Uint16Array(buffer, 0, count), halfValue);
    case "float32":
      return new Float32Array(buffer, 0, count);
    case "float64":
      return new Float64Array(buffer, 0, count);
    case "uint64":
      return Float64Array.from({ length: count }, (_, i) => Number(new DataView(buffer).getBigUint64(8 * i, true)));
    case "int64":
      return Float64Array.from({ length: count }, (_, i) => Number(new DataView(buffer).getBigInt64(8 * i, true)));
  }
}

/** Samples of 1 to 15 bits, packed from the high bit of the first byte; each row begins with a byte. */
function unpackBits(bytes: Uint8Array, layout: Layout, rows: number, columns: number, stride: number): SampleArray {
  const { bits } = layout;
  const [row, perRow] = [rowBytes(layout, columns, stride), columns * stride];
  const values = samplesFor(layout, rows * perRow);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < perRow; k++) {
      const bit = k * bits;
      const at = i * row + (bit >> 3);
      const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      values[i * perRow + k] = (word >> (24 - bits - (bit & 7))) & ((1 << bits) - 1);
    }
  }
  return values;
}

/** The value of an IEEE 754 binary16. */
export function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
