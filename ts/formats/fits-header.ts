import { invalid } from "./fail.js";
import { type ByteSource, readRange } from "./source.js";

export const FORMAT = "FITS";
/** Headers and values are padded to a multiple of this. */
export const BLOCK = 2880;
const CARD = 80;
/** Cards of a header that are read: a file without END is no header of gigabytes. */
const CARDS = 100_000;

export type CardValue = string | number | boolean;

/** A header with its values: one of the parts of a FITS file. */
export interface HeaderUnit {
  /** The cards without END, 80 characters each. */
  readonly cards: readonly string[];
  readonly values: ReadonlyMap<string, CardValue>;
  /** Offset of the values in the file. */
  readonly begin: number;
  /** Bytes of the values, without padding. */
  readonly size: number;
  /** `IMAGE`, `BINTABLE`, `TABLE` or another name of an extension; `PRIMARY` of the first part. */
  readonly kind: string;
}

/**
 * Reads the headers of a FITS file (Pence et al., "Definition of the Flexible Image Transport System, version 3.0",
 * 2010, doi:10.1051/0004-6361/201015362), and skips the values.
 *
 * @throws FormatError `file_invalid`, `file_truncated`.
 */
export async function readHeaderUnits(source: ByteSource): Promise<HeaderUnit[]> {
  const units: HeaderUnit[] = [];
  for (let at = 0; at < source.size; ) {
    const unit = await readUnit(source, at, units.length === 0);
    if (unit === undefined) break;
    units.push(unit);
    at = unit.begin + Math.ceil(unit.size / BLOCK) * BLOCK;
    if (!Number.isSafeInteger(at)) throw invalid(FORMAT, "the sizes in a header are impossible");
  }
  return units;
}

async function readUnit(source: ByteSource, start: number, first: boolean): Promise<HeaderUnit | undefined> {
  const cards: string[] = [];
  for (let at = start; ; at += BLOCK) {
    // After the last part there may be other bytes, which are ignored.
    if (!first && cards.length === 0 && source.size - at < BLOCK) return undefined;
    const block = await readRange(source, at, at + BLOCK, `${FORMAT}: the header`);
    for (let i = 0; i < BLOCK; i += CARD) {
      const card = String.fromCharCode(...block.subarray(i, i + CARD));
      if (!first && cards.length === 0 && !card.startsWith("XTENSION")) return undefined;
      if (card.startsWith("END     ")) return finishUnit(cards, at + BLOCK, first);
      if (cards.length >= CARDS) throw invalid(FORMAT, `a header has more than ${CARDS} cards`);
      cards.push(card);
    }
  }
}

function finishUnit(cards: readonly string[], begin: number, first: boolean): HeaderUnit {
  const values = new Map<string, CardValue>();
  for (const card of cards) {
    const name = card.slice(0, 8).trimEnd();
    if (card.slice(8, 10) !== "= " || values.has(name)) continue;
    const value = parseValue(card.slice(10));
    if (value !== undefined) values.set(name, value);
  }
  const bits = whole(values, "BITPIX");
  const sizes = axisSizes(values);
  const isGroups = values.get("GROUPS") === true && sizes[0] === 0;
  const count = (isGroups ? sizes.slice(1) : sizes).reduce((product, size) => product * size, sizes.length > 0 ? 1 : 0);
  const groups = first && !isGroups ? 1 : whole(values, "GCOUNT", 1);
  const parameters = first && !isGroups ? 0 : whole(values, "PCOUNT", 0);
  const size = (Math.abs(bits) / 8) * groups * (parameters + count);
  if (!Number.isSafeInteger(size) || size < 0) throw invalid(FORMAT, "the sizes in a header are impossible");
  const kind = first ? (isGroups ? "random groups" : "PRIMARY") : String(values.get("XTENSION") ?? "").trim();
  return { cards, values, begin, size, kind };
}

/** The sizes of the axes, in the order of the file: the first is the densest. */
export function axisSizes(values: ReadonlyMap<string, CardValue>): number[] {
  const rank = whole(values, "NAXIS");
  if (rank > 999) throw invalid(FORMAT, `NAXIS is ${rank}`);
  return Array.from({ length: rank }, (_, i) => whole(values, `NAXIS${i + 1}`));
}

function whole(values: ReadonlyMap<string, CardValue>, name: string, fallback?: number): number {
  const value = values.get(name) ?? fallback;
  if (!Number.isSafeInteger(value) || (name !== "BITPIX" && (value as number) < 0)) {
    throw invalid(FORMAT, `${name} is ${String(value)}, expected a whole number`);
  }
  return value as number;
}

/** A value: text in quotes, T or F, or a number, whose exponent may begin with D. */
function parseValue(text: string): CardValue | undefined {
  const quoted = /^\s*'((?:[^']|'')*)'/.exec(text);
  if (quoted) return (quoted[1] as string).replaceAll("''", "'").trimEnd();
  const [plain = ""] = text.split("/");
  const word = plain.trim();
  if (word === "T" || word === "F") return word === "T";
  const number = Number(word.replace(/[dD]/, "E"));
  return word === "" || Number.isNaN(number) ? undefined : number;
}

/** A card of text of a name and a value. */
export function card(name: string, value: CardValue): string {
  const text = typeof value === "boolean" ? (value ? "T" : "F") : String(value);
  return `${name.padEnd(8)}= ${text.padStart(20)}`.padEnd(CARD);
}
