/** Random streams: the generator, recorded draws, and draws as plain numbers. */
import { binding, type Binding, checkStream } from "../runtime/index.js";
import { Rng } from "./rng.js";
import type { RandomSource } from "./source.js";

export { ReplayRng } from "./replay.js";
export type { Draw } from "./replay.js";
export { Rng } from "./rng.js";
export type { Like, RandomSource } from "./source.js";
export { CPU_FLOAT64, indexValue, normalValues, permutationValues, seedValue, uniformValues } from "./values.js";

let fallback: { readonly rng: Rng; readonly owner: Binding } | undefined;

/**
 * The first stream given; without one, a stream of the whole library, seeded by the operating system.
 *
 * @throws ArgumentError `invalid_argument` where a candidate is not a random stream.
 */
export function resolveRng(...candidates: (RandomSource | undefined)[]): RandomSource {
  for (const candidate of candidates) checkStream("rng", candidate);
  const given = candidates.find((candidate) => candidate !== undefined);
  if (given !== undefined) return given;
  // A stream belongs to the binding that created it.
  const owner = binding();
  if (fallback?.owner !== owner) fallback = { rng: Rng.fromEntropy(), owner };
  return fallback.rng;
}
