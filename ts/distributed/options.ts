import { checkFlag, checkNumber, checkOptions } from "../runtime/index.js";

/** Options of {@link local}, {@link join} and {@link mpi}. */
export interface GroupOptions {
  /**
   * Seconds that a rank waits for another one, such as for its step or for rank 0's evaluation, before its call fails
   * with `rank_silent`. Default: 1800.
   */
  readonly timeout?: number;
  /**
   * Whether gradients cross the network in parts during the backward pass, the same on all ranks. The weights have the
   * same bits with and without. It makes steps faster over networks of up to about 1 Gbit/s, and slower where messages
   * cost more than what they carry, such as between processes of a busy machine. On the CPU only. Default: false.
   */
  readonly overlap?: boolean;
}

/** Longer times are no times of a timer. */
const LONGEST = 2_000_000;

/** The checked options: the time limit in seconds, and whether sums may come in parts. */
export function checkedOptions(caller: string, options: GroupOptions): Required<GroupOptions> {
  checkOptions(caller, options, ["timeout", "overlap"]);
  return {
    timeout: checkNumber(caller, "timeout", options.timeout ?? 1800, { positive: true, max: LONGEST }),
    overlap: checkFlag(caller, "overlap", options.overlap, false),
  };
}
