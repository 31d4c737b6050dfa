import type { Group } from "../distributed/index.js";
import { AdjointError, ArgumentError } from "../runtime/index.js";
import { parseState, serializeState } from "./checkpoint.js";

/** What came of some work on this rank. */
export type Attempt<T> = { readonly result: T } | { readonly error: unknown };

/**
 * The ranks of a training: which of them writes, and what all agree on. Without a group there is one.
 *
 * Each method is called by every rank, in the same order; `work` itself must send nothing to other ranks.
 */
export class Ranks {
  readonly #group: Group | undefined;
  #interrupted = false;
  #working = false;
  /** The error that every rank knows of. */
  #told: { readonly error: unknown } | undefined;

  constructor(group: Group | undefined) {
    this.#group = group;
  }

  /** Whether there is a group, be it of one rank. */
  get grouped(): boolean {
    return this.#group !== undefined;
  }

  get rank(): number {
    return this.#group?.rank ?? 0;
  }

  get size(): number {
    return this.#group?.size ?? 1;
  }

  /** Whether this rank writes and logs. */
  get first(): boolean {
    return this.rank === 0;
  }

  /** Begins a run, of which an abort on one rank is one on all. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const flags = new Float32Array([signal?.aborted ? 1 : 0]);
    await this.#group?.allReduce(flags);
    this.#interrupted = (flags[0] as number) > 0;
  }

  /** Every rank was told that one of them is aborted. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /** Whether to stop, which all ranks agree on. */
  isInterrupted(signal: AbortSignal | undefined): boolean {
    return this.#group ? this.#interrupted : (signal?.aborted ?? false);
  }

  /** What an interrupted training throws. */
  interruption(signal: AbortSignal | undefined): unknown {
    const other = new AdjointError("Trainer: the training was aborted on another rank.", "rank_aborted");
    return this.#tell(signal?.aborted ? signal.reason : other);
  }

  /**
   * Runs `work` on each rank. Where it fails on one, every rank throws: its own error, or one that names the rank.
   *
   * @throws AdjointError `rank_failed`; errors of `work`.
   */
  async agreed<T>(work: () => Promise<T> | T): Promise<T> {
    if (!this.#group) return await work();
    return await this.settled(await this.attempted(work));
  }

  /** Runs `work` on this rank, as the first half of {@link agreed}. */
  async attempted<T>(work: () => Promise<T> | T): Promise<Attempt<T>> {
    if (this.#working) {
      throw new ArgumentError(
        "Trainer: with a group, a callback or logger called a method that all ranks must call together, such as " +
          "save; callbacks run on the first rank alone: use checkpoint, or call it after train.",
        "invalid_argument",
      );
    }
    this.#working = true;
    try {
      return { result: await work() };
    } catch (error) {
      return { error };
    } finally {
      this.#working = false;
    }
  }

  /**
   * What came of the attempts of all ranks, as the second half of {@link agreed}.
   *
   * @throws AdjointError `rank_failed`; the error of this rank.
   */
  async settled<T>(attempt: Attempt<T>): Promise<T> {
    const own = "error" in attempt ? textOf(attempt.error) : "";
    const texts = (await this.#group?.allGather(new TextEncoder().encode(own))) ?? [];
    if ("error" in attempt) throw this.#tell(attempt.error);
    const rank = texts.findIndex(({ length }) => length > 0);
    if (rank < 0) return attempt.result;
    throw this.#tell(new AdjointError(`rank ${rank}: ${new TextDecoder().decode(texts[rank])}`, "rank_failed"));
  }

  /** Runs `work` on the first rank; every rank gets its result, which is plain data and tensors of its own. */
  async fromFirst<T>(work: () => Promise<T> | T): Promise<T> {
    if (!this.#group) return await work();
    const bytes = await this.agreed(async () => (this.first ? await serializeState(await work()) : new Uint8Array(0)));
    return (await parseState(await this.#group.broadcast(bytes), "rank 0")) as T;
  }

  /** The entries of all ranks, which are plain data, in the order of the ranks. */
  async gathered<T>(own: readonly T[]): Promise<T[]> {
    if (!this.#group) return [...own];
    const all = await this.#group.allGather(await serializeState(own));
    return (await Promise.all(all.map(async (bytes) => (await parseState(bytes, "a rank")) as T[]))).flat();
  }

  /** Ends the work of the other ranks, where they do not know of an error, with `explained`, which it returns. */
  fail(error: unknown, explained: unknown): unknown {
    if (!this.#told || this.#told.error !== error) this.#group?.abort(explained);
    return explained;
  }

  #tell<E>(error: E): E {
    this.#told = { error };
    return error;
  }
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)) || "an error without a message";
}
