import { expect } from "vitest";
import { ArgumentError, FormatError } from "../../ts/runtime/index.js";

/** Mutated files of a format; `ADJOINT_MUTATIONS=10000 npx vitest run test/formats` tries more. */
export const mutations = Number(process.env["ADJOINT_MUTATIONS"] ?? 300);

/** A stream of 32-bit numbers (Marsaglia, "Xorshift RNGs", 2003). */
function xorshift(seed: number): () => number {
  let x = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>>= 0);
  };
}

const extremes = [0, 1, 0x7f, 0x80, 0xff];

/** A damaged copy of a file: changed bytes, extreme numbers, cut, repeated or left-out parts. */
export function mutated(bytes: Uint8Array, seed: number, from = 0): Uint8Array {
  const next = xorshift(seed);
  const result = new Uint8Array(bytes);
  const position = (): number => {
    // Headers decide more than values: half of the changes are in the first kilobyte.
    const end = next() % 2 === 0 ? Math.min(from + 1024, result.length) : result.length;
    return from + (next() % Math.max(1, end - from));
  };
  if (bytes.length === 0) return result;
  const count = 1 + (next() % 4);
  for (let i = 0; i < count; i++) {
    const at = position();
    switch (next() % 6) {
      case 0:
        result[at] = next() & 255;
        break;
      case 1:
        result[at] = (result[at] ?? 0) ^ (1 << (next() % 8));
        break;
      case 2:
        result.fill(extremes[next() % extremes.length] as number, at, at + (next() % 9));
        break;
      case 3:
        return result.slice(0, at);
      case 4:
        result.copyWithin(at, position(), position());
        break;
      default:
        return Uint8Array.from([...result.subarray(0, at), ...result.subarray(at + (next() % 16))]);
    }
  }
  return result;
}

/** Reads damaged copies: each gives a value that `check` accepts, or a FormatError; none takes long. */
export async function readMutated<T>(
  bytes: Uint8Array,
  read: (bytes: Uint8Array) => Promise<T>,
  check: (value: T) => void,
  count = mutations,
): Promise<{ read: number; refused: number }> {
  const result = { read: 0, refused: 0 };
  for (let seed = 1; seed <= count; seed++) {
    const start = performance.now();
    try {
      check(await read(mutated(bytes, seed)));
      result.read += 1;
    } catch (error) {
      // A damaged name is no name of an array.
      const isName = error instanceof ArgumentError && /^missing_(?:key|argument)$/.test(error.code);
      if (!(error instanceof FormatError) && !isName) throw new Error(`mutation ${seed}`, { cause: error });
      expect(error.message, `mutation ${seed}`).toMatch(/^.*: .*[.]$/s);
      result.refused += 1;
    }
    expect(performance.now() - start, `time of mutation ${seed}`).toBeLessThan(10_000);
  }
  return result;
}
