import type { Call } from "./run-call.mjs";
/** The parts of a printed call. */
export function parseCall(source: string): Call;
