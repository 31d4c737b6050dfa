import { type ArrayFile, type ArrayRequest, chooseDataset, keptAxes, readStored, scaled } from "./array.js";
import { type ArrayData, type ElementType, swapBytes } from "./elements.js";
import { invalid, unsupported } from "./fail.js";
import { axisSizes, BLOCK, card, FORMAT, type HeaderUnit, readHeaderUnits } from "./fits-header.js";
import type { ByteSource } from "./source.js";

export function isFits(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 10)) === "SIMPLE  = ";
}

const types: ReadonlyMap<number, ElementType> = new Map([
  [8, "uint8"],
  [16, "int16"],
  [32, "int32"],
  [64, "int64"],
  [-32, "float32"],
  [-64, "float64"],
]);

/** Unsigned integers (and signed bytes) are stored with an offset of half their range. */
const shifted: ReadonlyMap<number, readonly [offset: number, type: ElementType]> = new Map([
  [8, [-128, "int8"]],
  [16, [2 ** 15, "uint16"]],
  [32, [2 ** 31, "uint32"]],
  [64, [2 ** 63, "uint64"]],
]);

/**
 * Reads an image of a FITS file: the first one, or that of `dataset`, the name (EXTNAME) or the number of a part.
 *
 * The shape is astropy's: the last axis is NAXIS1. Scaled values (BSCALE, BZERO) are float64, except that unsigned
 * integers keep their type; undefined integers (BLANK) are NaN, and the values then float64. `metadata` has the values
 * of the header by keyword, and `cards`, which `writeArray` takes over.
 *
 * @throws FormatError `file_invalid`, `file_truncated`, `file_too_large`; `file_unsupported` for tables and compressed
 * images; ArgumentError `missing_key` where `dataset` does not exist.
 */
export async function readFits(source: ByteSource, request: ArrayRequest): Promise<ArrayFile> {
  const units = await readHeaderUnits(source);
  const names = units.map((unit, i) => String(unit.values.get("EXTNAME") ?? i));
  const index = chosenUnit(units, names, request.dataset);
  const unit = units[index] as HeaderUnit;
  refuseTables(unit, names[index] as string);
  const bits = unit.values.get("BITPIX") as number;
  const signed = types.get(bits);
  if (signed === undefined) throw invalid(FORMAT, `BITPIX is ${bits}, expected one of ${[...types.keys()].join(", ")}`);
  const [type, offset] = shiftOf(unit, bits) ?? [signed, 0];
  const sizes = axisSizes(unit.values);
  const shape = [...sizes].reverse();
  const stored = { format: FORMAT, begin: unit.begin, type, littleEndian: false, shape, order: "C" as const };
  const read = await readStored(source, { ...stored, invertedSign: offset !== 0 }, request);
  const [values, dtype] = physical(read.data, type, offset, unit);
  const perAxis = (name: string): unknown[] => sizes.map((_, i) => unit.values.get(`${name}${i + 1}`)).reverse();
  const labels = keptAxes(read.selection, perAxis("CTYPE"));
  const steps = keptAxes(read.selection, perAxis("CDELT"));
  return {
    data: values,
    shape: read.shape,
    dtype,
    ...(labels.every((label) => typeof label === "string") && labels.length > 0 && { axes: labels as string[] }),
    ...(steps.every((step) => typeof step === "number") &&
      steps.length > 0 && { spacing: (steps as number[]).map(Math.abs) }),
    metadata: {
      format: FORMAT,
      dataset: names[index],
      datasets: names,
      header: Object.fromEntries(unit.values),
      cards: unit.cards,
      ...(dtype === type && read.notes),
    },
  };
}

function chosenUnit(units: readonly HeaderUnit[], names: readonly string[], dataset: string | undefined): number {
  if (dataset === undefined) {
    const first = units.findIndex(({ size, kind }) => size > 0 && (kind === "PRIMARY" || kind === "IMAGE"));
    // A file of tables only is refused with the name of the first.
    const any = first >= 0 ? first : units.findIndex(({ size }) => size > 0);
    if (any < 0) throw invalid(FORMAT, "the file has no image");
    return any;
  }
  const number = /^\d+$/.test(dataset) && Number(dataset) < units.length ? Number(dataset) : -1;
  return names.includes(dataset) || number < 0 ? names.indexOf(chooseDataset(FORMAT, names, dataset)) : number;
}

function refuseTables({ kind, values, size }: HeaderUnit, name: string): void {
  if (values.get("ZIMAGE") === true) {
    const method = String(values.get("ZCMPTYPE") ?? "unknown");
    throw unsupported(
      FORMAT,
      `${JSON.stringify(name)} is an image in compressed tiles (${method}); decompress it with funpack`,
    );
  }
  if (kind !== "PRIMARY" && kind !== "IMAGE") {
    throw unsupported(
      FORMAT,
      `${JSON.stringify(name)} is not an image but ${kind.endsWith("TABLE") ? `a table (${kind})` : kind}`,
    );
  }
  if (size === 0) throw invalid(FORMAT, `${JSON.stringify(name)} has no values`);
}

function numberOf({ values }: HeaderUnit, name: string, fallback: number): number {
  const value = values.get(name);
  return typeof value === "number" ? value : fallback;
}

/** The type of integers that are stored with an offset of half their range, and the offset. */
function shiftOf(unit: HeaderUnit, bits: number): [type: ElementType, offset: number] | undefined {
  const [offset, type] = shifted.get(bits) ?? [];
  if (type === undefined || numberOf(unit, "BSCALE", 1) !== 1 || numberOf(unit, "BZERO", 0) !== offset)
    return undefined;
  return [type, offset];
}

/** The values that those of a type mean, and their type; the offset is what they have been shifted by. */
function physical(data: ArrayData, type: ElementType, offset: number, unit: HeaderUnit): [ArrayData, ElementType] {
  const scale = numberOf(unit, "BSCALE", 1);
  const zero = numberOf(unit, "BZERO", 0) - offset;
  const blank = type.startsWith("float") ? undefined : unit.values.get("BLANK");
  if (typeof blank === "number") {
    const result = scaled(data, scale, zero);
    for (let i = 0; i < data.length; i++) if (data[i] === blank + offset) result[i] = NaN;
    return [result, "float64"];
  }
  return scale === 1 && zero === 0 ? [data, type] : [scaled(data, scale, zero), "float64"];
}

/** Keywords that describe how the values of the file that was read are stored. */
const structural =
  /^(?:SIMPLE|XTENSION|BITPIX|NAXIS\d*|[PG]COUNT|GROUPS|EXTEND|BSCALE|BZERO|BLANK|DATA(?:MIN|MAX|SUM)|CHECKSUM|END) *$/;

const written: ReadonlyMap<string, readonly [bits: number, offset: number]> = new Map([
  ["Uint8Array", [8, 0]],
  ["Int8Array", [8, -128]],
  ["Int16Array", [16, 0]],
  ["Uint16Array", [16, 2 ** 15]],
  ["Int32Array", [32, 0]],
  ["Uint32Array", [32, 2 ** 31]],
  ["Float32Array", [-32, 0]],
  ["Float64Array", [-64, 0]],
]);

/**
 * The bytes of a FITS file with one image; its header has the cards of the file that was read, except those that say
 * how its values were stored.
 *
 * @throws FormatError `file_unsupported` for an array without axes, which FITS does not have.
 */
export function encodeFits(data: ArrayData, shape: readonly number[], cards: readonly string[] = []): Uint8Array {
  if (shape.length < 1 || shape.length > 999)
    throw unsupported(FORMAT, `an array of ${shape.length} axes; expected 1 to 999`);
  const [bits, offset] = written.get(data.constructor.name) ?? [-64, 0];
  const header = [
    card("SIMPLE", true),
    card("BITPIX", bits),
    card("NAXIS", shape.length),
    ...[...shape].reverse().map((size, i) => card(`NAXIS${i + 1}`, size)),
    ...(offset === 0 ? [] : [card("BSCALE", 1), card("BZERO", offset)]),
    ...cards.filter((text) => !structural.test(text.slice(0, 8))).map((text) => text.slice(0, 80).padEnd(80)),
    "END".padEnd(80),
  ].join("");
  const begin = Math.ceil(header.length / BLOCK) * BLOCK;
  const bytes = new Uint8Array(begin + Math.ceil(data.byteLength / BLOCK) * BLOCK);
  bytes.fill(0x20, 0, begin);
  for (let i = 0; i < header.length; i++) bytes[i] = header.charCodeAt(i) & 0x7f;
  const values = bytes.subarray(begin, begin + data.byteLength);
  values.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  swapBytes(values, data.BYTES_PER_ELEMENT);
  // Half of the range is added by flipping the highest bit, which big-endian numbers begin with.
  if (offset !== 0)
    for (let i = 0; i < values.length; i += data.BYTES_PER_ELEMENT) values[i] = (values[i] as number) ^ 0x80;
  return bytes;
}
