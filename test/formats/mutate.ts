import { expect } from "vitest";
import { damageWithin } from "../../scripts/fuzz/damage.mjs";
import { randomNumbers } from "../../scripts/fuzz/random.mjs";
import { ArgumentError, FormatError } from "../../ts/runtime/index.js";

/** Mutated files of a format; `ADJOINT_MUTATIONS=10000 npx vitest run test/formats` tries more. */
export const mutations = Number(process.env["ADJOINT_MUTATIONS"] ?? 300);

/** The damaged copy of a file that a seed determines. */
export function mutated(bytes: Uint8Array, seed: number): Uint8Array {
  return damageWithin(bytes, randomNumbers(seed));
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
