import { Rng } from "./rng.js";
import type { RandomSource } from "./source.js";

export { indexValue, normalValues, ON_HOST, permutationValues, uniformValues } from "./host.js";
export { ReplayRng } from "./replay.js";
export type { Draw } from "./replay.js";
export { Rng } from "./rng.js";
export type { Like, RandomSource } from "./source.js";

let fallback: Rng | undefined;

/** The first stream given, else one of the whole library with a seed from the operating system. */
export function resolveRng(...candidates: (RandomSource | undefined)[]): RandomSource {
  return candidates.find((c) => c !== undefined) ?? (fallback ??= Rng.fromEntropy());
}
