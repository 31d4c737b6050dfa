import { binding, type Binding, checkStream } from "../runtime/index.js";
import { Rng } from "./rng.js";
import type { RandomSource } from "./source.js";

export { indexValue, normalValues, ON_HOST, permutationValues, uniformValues } from "./host.js";
export { ReplayRng } from "./replay.js";
export type { Draw } from "./replay.js";
export { Rng } from "./rng.js";
export type { Like, RandomSource } from "./source.js";

let fallback: { readonly rng: Rng; readonly host: Binding } | undefined;

/**
 * The first stream given, else one of the whole library with a seed from the operating system.
 *
 * @throws ArgumentError `invalid_argument` where one is no stream.
 */
export function resolveRng(...candidates: (RandomSource | undefined)[]): RandomSource {
  for (const candidate of candidates) checkStream("rng", candidate);
  const given = candidates.find((c) => c !== undefined);
  if (given !== undefined) return given;
  // A stream lives in the host that made it.
  if (fallback === undefined || fallback.host !== binding()) fallback = { rng: Rng.fromEntropy(), host: binding() };
  return fallback.rng;
}
