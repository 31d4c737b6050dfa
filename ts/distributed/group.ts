import { checkKind, checkText, hasMethods } from "../runtime/index.js";

/**
 * The ranks of one training: processes or threads that share its work. Every rank makes the same calls in the same
 * order. A program may have its own, for another network.
 *
 * Every call throws an AdjointError: `rank_lost` where a rank has ended, `rank_failed` where one has called
 * {@link abort}, `rank_silent` where one took no part within the time limit, `rank_mismatch` where one made another
 * call.
 */
export interface Group {
  /** The number of this rank, from 0. */
  readonly rank: number;
  /** The number of ranks: a power of two. */
  readonly size: number;
  /** Puts the sum over all ranks in the place of `values`; the same bits on each rank, and for any speed of them. */
  allReduce(values: Float32Array): Promise<void>;
  /**
   * As {@link allReduce}, for values that come in parts: those that have come are on their way while the program
   * computes the next. Without it a Trainer calls {@link allReduce} after its backward pass.
   */
  partwiseSum?(): PartwiseSum;
  /** The bytes of every rank, in their order; lengths may differ. */
  allGather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** The bytes of rank 0; those of the others are not looked at. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;
  /** Waits until every rank has called it. */
  barrier(): Promise<void>;
  /** Ends the work of all ranks with an error of this one. Under MPI the processes end. */
  abort(error: unknown): void;
  /** Leaves the group. */
  close(): void;
}

/** An {@link Group.allReduce} of values that come in parts, one after another. */
export interface PartwiseSum {
  /**
   * Begins to put the sum over all ranks in the place of the next part, whose values the caller leaves alone until the
   * end. All ranks add parts of the same lengths in the same order, and make no other call of the group meanwhile.
   */
  add(part: Float32Array): void;
  /** Waits for the sums of all parts; throws what {@link Group.allReduce} throws. */
  end(): Promise<void>;
}

/**
 * Refuses what is no {@link Group}; `undefined` is this program alone.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkGroup(caller: string, group: unknown): void {
  checkText("checkGroup", "caller", caller);
  if (group === undefined) return;
  checkKind(caller, "group", group, {
    expected: "a group, such as await distributed.mpi()",
    fits: (value) => hasMethods(value, ["allReduce", "allGather", "broadcast", "barrier", "abort"]),
  });
}
