import type { ElementType } from "./elements.js";
import type { Filter, Metadata } from "./h5wasm.js";

/** HDF5's classes of types. */
const classes = [
  "an integer",
  "a float",
  "a time",
  "text",
  "a bit field",
  "opaque bytes",
  "a record",
  "a reference",
  "an enumeration",
  "lists of varying length",
  "an array",
  "a complex number",
];

/** What the elements of a dataset are, for messages. */
export function className(metadata: Metadata): string {
  const { type, littleEndian } = metadata;
  if (type === 6) return `records of ${fieldNames(metadata).join(", ")}`;
  return `${classes[type] ?? "unknown"}${type === 8 && !littleEndian ? " in big-endian order" : ""}`;
}

function fieldNames(metadata: Metadata): string[] {
  return metadata.compound_type?.members.map(({ name }) => name) ?? [];
}

/** Names that h5py, MATLAB and others give to the parts of a complex number. */
const complexNames = ["r,i", "real,imag", "re,im", "real,imaginary"];

/** The element type of a dataset or attribute; `undefined` where it is not one of numbers. */
export function typeOf(kind: number, metadata: Metadata): ElementType | undefined {
  const { size, signed } = metadata;
  if (kind === 0 || kind === 4)
    return [1, 2, 4, 8].includes(size)
      ? (`${signed && kind === 0 ? "" : "u"}int${8 * size}` as ElementType)
      : undefined;
  if (kind === 1) return [2, 4, 8].includes(size) ? (`float${8 * size}` as ElementType) : undefined;
  if (kind === 8) {
    // The library fails to bring them into the order of this machine.
    if (!metadata.littleEndian && size > 1) return undefined;
    const names = Object.keys(metadata.enum_type?.members ?? {})
      .sort()
      .join();
    return names === "FALSE,TRUE" && size === 1 ? "bool" : typeOf(0, metadata);
  }
  if (kind !== 6 || !complexNames.includes(fieldNames(metadata).join().toLowerCase())) return undefined;
  const [real, imaginary] = metadata.compound_type?.members ?? [];
  const half = size / 2;
  // Records may have gaps: then each part is smaller.
  const isPair =
    real?.type === 1 &&
    imaginary?.type === 1 &&
    real.size === half &&
    imaginary.size === half &&
    real.offset === 0 &&
    imaginary.offset === half;
  return isPair ? (size === 8 ? "complex64" : size === 16 ? "complex128" : undefined) : undefined;
}

/** The number of the filter that leaves out bits that a type does not use. */
const NBIT = 5;

/**
 * Why packed values would be misread: the library gives integers of fewer bits than their bytes have without their
 * sign, and floats of another form as if they were IEEE's; `undefined` where nothing is known against them.
 */
export function packedFault({ type, signed }: Metadata, filters: readonly Filter[]): string | undefined {
  const nbit = filters.find(({ id }) => id === NBIT);
  if (nbit === undefined) return undefined;
  // H5Znbit.c: ..., class 1 (a number), size, order, bits, the first bit.
  const [kind, size = 0, , bits = 0, first = 0] = nbit.cd_values.slice(3);
  if (kind !== 1 || (type === 0 && !signed && first === 0) || bits === 8 * size) return undefined;
  return `is packed by the filter nbit to ${bits} bits of ${8 * size}; convert it to a whole type`;
}
