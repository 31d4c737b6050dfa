/** Element types of floats that weights are written in. */
export type FloatType = "float64" | "float32" | "float16" | "bfloat16";

const scratch = new DataView(new ArrayBuffer(4));

/**
 * IEEE 754 half precision: the nearest value, ties to the even one, as NumPy and PyTorch round. What rounds to beyond
 * 65504 becomes infinite; NaN stays NaN.
 */
export function encodeHalf(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = halfBits(values[i] as number);
  return bits;
}

function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  // Steps of 2^-24 up to 2^-14 (subnormal), of 2^(e - 10) from 2^e on; a mantissa that rounds up to 2048 carries over.
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  if (size === Infinity) return sign | 0x7c00;
  scratch.setFloat32(0, size);
  const exponent = (scratch.getUint32(0) >>> 23) - 127;
  const bits = ((exponent + 14) << 10) + roundToEven(size * 2 ** (10 - exponent));
  return sign | Math.min(bits, 0x7c00);
}

/** The nearest whole number, halves to the even one; exact below 2^52. */
function roundToEven(value: number): number {
  return value + 2 ** 52 - 2 ** 52;
}

/** bfloat16, the upper half of a float32: the nearest value, ties to the even one; NaN stays NaN. */
export function encodeBrain(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const wide = new Uint32Array(Float32Array.from(values).buffer);
  const bits = new Uint16Array(wide.length);
  for (let i = 0; i < wide.length; i++) {
    const word = wide[i] as number;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    bits[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** The bytes of values in an element type. */
export function encodeFloats(values: Float32Array | Float64Array, type: FloatType): Uint8Array<ArrayBuffer> {
  const array =
    type === "float16"
      ? encodeHalf(values)
      : type === "bfloat16"
        ? encodeBrain(values)
        : type === "float32"
          ? Float32Array.from(values)
          : Float64Array.from(values);
  return new Uint8Array(array.buffer);
}
