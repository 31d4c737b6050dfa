/** Views of bytes as integers of the size of a sample. */
const integers = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array, 64: BigUint64Array } as const;

/** Reverses the bytes of each sample in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Reverses the bits of each byte in place. */
export function reverseBits(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    let b = bytes[i] as number;
    b = ((b & 0xf0) >> 4) | ((b & 0x0f) << 4);
    b = ((b & 0xcc) >> 2) | ((b & 0x33) << 2);
    bytes[i] = ((b & 0xaa) >> 1) | ((b & 0x55) << 1);
  }
}

/**
 * Undoes horizontal differencing in place (TIFF 6.0, section 14): each sample was stored as its difference from the
 * same sample of the pixel before it, modulo 2^bits.
 *
 * @param bytes rows of little-endian samples, at the start of their buffer.
 * @param stride samples a pixel.
 */
export function undoDifferences(
  bytes: Uint8Array<ArrayBuffer>,
  bits: 8 | 16 | 32 | 64,
  rows: number,
  columns: number,
  stride: number,
) {
  if (bits === 64)
    return undoWide(new BigUint64Array(bytes.buffer, 0, bytes.length / 8), rows, columns * stride, stride);
  const values = new integers[bits](bytes.buffer, 0, (bytes.length * 8) / bits);
  const row = columns * stride;
  for (let i = 0; i < rows; i++) {
    for (let k = i * row + stride; k < (i + 1) * row; k++)
      values[k] = (values[k] as number) + (values[k - stride] as number);
  }
}

function undoWide(values: BigUint64Array, rows: number, row: number, stride: number): void {
  for (let i = 0; i < rows; i++) {
    for (let k = i * row + stride; k < (i + 1) * row; k++)
      values[k] = (values[k] as bigint) + (values[k - stride] as bigint);
  }
}

/**
 * Undoes the predictor of floats in place (Adobe, TIFF Technical Note 3, 2005): a row holds the highest bytes of all
 * samples, then the next ones, and so on, each byte as its difference from the byte `stride` before it. The result is
 * little-endian.
 */
export function undoFloatDifferences(
  bytes: Uint8Array,
  size: number,
  rows: number,
  columns: number,
  stride: number,
): void {
  const [count, length] = [columns * stride, columns * stride * size];
  for (let i = 0; i < rows; i++) {
    const row = bytes.subarray(i * length, (i + 1) * length);
    for (let k = stride; k < length; k++) row[k] = (row[k] as number) + (row[k - stride] as number);
    const planes = row.slice();
    for (let k = 0; k < count; k++) {
      for (let b = 0; b < size; b++) row[k * size + b] = planes[(size - 1 - b) * count + k] as number;
    }
  }
}
