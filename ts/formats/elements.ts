/** Element types of files, by NumPy's names. */
export type ElementType =
  | "bool"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "complex64"
  | "complex128";

/** Values as JavaScript holds them. */
export type ArrayData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** Element types by NumPy's type strings, without the byte order. */
export const numpyTypes: Readonly<Record<string, ElementType>> = {
  b1: "bool",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
  c8: "complex64",
  c16: "complex128",
};

/** Bytes of an element in a file. */
export const elementSize: Readonly<Record<ElementType, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  complex64: 8,
  complex128: 16,
};

/** Bytes of an element in memory: 16-bit floats become float32, 64-bit integers float64. */
export function memorySize(type: ElementType): number {
  return type === "float16" || type === "bfloat16" ? 4 : elementSize[type];
}

/** Numbers of an element: two of a complex one. */
export function components(type: ElementType): 1 | 2 {
  return type.startsWith("complex") ? 2 : 1;
}

/**
 * Decodes elements. 16-bit floats become float32, which holds them exactly; 64-bit integers become float64, rounded to
 * the nearest where they are beyond 2^53; a complex number becomes its real and imaginary part.
 *
 * @param owned Whether the bytes may be changed and kept; otherwise they are copied.
 */
export function decodeElements(bytes: Uint8Array, type: ElementType, littleEndian = true, owned = false): ArrayData {
  const width = elementSize[type] / components(type);
  const aligned = owned && bytes.byteOffset % width === 0;
  // `slice` of a Node Buffer would be a view.
  const own = aligned ? bytes : new Uint8Array(bytes);
  if (!littleEndian) swapBytes(own, width);
  const count = Math.floor(own.byteLength / width);
  const { buffer, byteOffset } = own as Uint8Array<ArrayBuffer>;
  switch (type) {
    case "bool":
      return own.map((value) => (value === 0 ? 0 : 1));
    case "float16":
      return decodeHalf(new Uint16Array(buffer, byteOffset, count));
    case "bfloat16":
      return decodeBrain(new Uint16Array(buffer, byteOffset, count));
    case "int64":
      return decodeLong(new BigInt64Array(buffer, byteOffset, count));
    case "uint64":
      return decodeLong(new BigUint64Array(buffer, byteOffset, count));
    default:
      return new constructors[type](buffer, byteOffset, count);
  }
}

/** Reverses the bytes of each element, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start + width <= bytes.length; start += width) {
    for (let i = start, j = start + width - 1; i < j; i++, j--) {
      const byte = bytes[i] as number;
      bytes[i] = bytes[j] as number;
      bytes[j] = byte;
    }
  }
}

/** Values of IEEE 754 half precision: 1 sign bit, 5 bits of exponent with bias 15, 10 of mantissa. */
function decodeHalf(bits: Uint16Array): Float32Array {
  const data = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] as number;
    const exponent = (half >>> 10) & 31;
    const mantissa = half & 1023;
    const size =
      exponent === 0
        ? mantissa * 2 ** -24
        : exponent === 31
          ? mantissa === 0
            ? Infinity
            : NaN
          : (1024 + mantissa) * 2 ** (exponent - 25);
    data[i] = half & 0x8000 ? -size : size;
  }
  return data;
}

/** bfloat16 is the upper half of a float32. */
function decodeBrain(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = (bits[i] as number) << 16;
  return new Float32Array(wide.buffer);
}

function decodeLong(values: BigInt64Array | BigUint64Array): Float64Array {
  const data = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) data[i] = Number(values[i]);
  return data;
}

type ArrayConstructor = new (buffer: ArrayBuffer | number, offset?: number, length?: number) => ArrayData;

/** What holds the decoded elements of a type. */
const constructors: Readonly<Record<ElementType, ArrayConstructor>> = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: Float64Array,
  uint64: Float64Array,
  float16: Float32Array,
  bfloat16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
};

/** Zeros that hold `count` decoded elements of a type. */
export function allocate(type: ElementType, count: number): ArrayData {
  return new constructors[type](count * components(type));
}
