import { checkNumber, checkOptions } from "../runtime/index.js";

/** Options of {@link local}, {@link join} and {@link mpi}. */
export interface GroupOptions {
  /**
   * Seconds that a rank waits for another one, such as for its step or for rank 0's evaluation, before its call fails
   * with `rank_silent`. Default: 1800.
   */
  readonly timeout?: number;
}

/** Longer times are no times of a timer. */
const LONGEST = 2_000_000;

/** The checked time limit in seconds. */
export function timeoutOf(caller: string, options: GroupOptions): number {
  checkOptions(caller, options, ["timeout"]);
  return checkNumber(caller, "timeout", options.timeout ?? 1800, { positive: true, max: LONGEST });
}
