import { AdjointError } from "../runtime/index.js";
import type { PartwiseSum } from "./group.js";
import { addTo } from "./tree-sum.js";

/** Values of a bucket, which is on its way while others are added: 4 MiB. */
const BUCKET = 2 ** 20;
/** Parts of at least so many values are halved: below, the time is that of the messages, not of their bytes. */
const HALVED = 4096;

/** One exchange with another rank. */
type Round = () => Promise<void>;

/**
 * Sums over ranks by messages.
 *
 * Sums are a binary tree over the ranks: in round d = 1, 2, 4, ... rank r adds what rank r xor d has; float32 addition
 * is commutative, so all have the same bits. Two ranks, and more with a short part, add all of it (recursive
 * doubling). Of a long part both keep one half of what they have, add the other rank's values of it, and pass the
 * sums back in the reverse order (recursive halving and doubling): 2 (1 - 1/n) times the part crosses the network in
 * place of log2(n) times. (Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH",
 * 2005, doi:10.1177/1094342005051521.)
 */
export class PipelinedSum implements PartwiseSum {
  readonly #rank: number;
  readonly #distances: readonly number[];
  readonly #exchange: (peer: number, bytes: Uint8Array) => Promise<Uint8Array>;
  readonly #buckets: Round[][] = [];
  #times = 0;
  #work: Promise<unknown> = Promise.resolve();

  /** @param exchange sends bytes to a rank, which sends its own. */
  constructor(
    { rank, size }: { readonly rank: number; readonly size: number },
    exchange: (peer: number, bytes: Uint8Array) => Promise<Uint8Array>,
  ) {
    this.#rank = rank;
    this.#distances = Array.from({ length: Math.log2(size) }, (_, i) => 2 ** i);
    this.#exchange = exchange;
  }

  add(part: Float32Array): void {
    // An empty part is sent too: every rank waits for every other.
    for (let begin = 0; begin === 0 || begin < part.length; begin += BUCKET) {
      const rounds = this.#roundsOf(part.subarray(begin, begin + BUCKET), part.length);
      if (this.#distances.length === 1) {
        // A single round needs no order: all buckets are on their way at once.
        this.#wait(Promise.all([this.#work, ...rounds.map(async (round) => await round())]));
        continue;
      }
      this.#buckets.push(rounds);
      this.#next();
    }
  }

  async end(): Promise<void> {
    for (let left = 1; left < 2 * this.#distances.length; left++) this.#next();
    await this.#work;
  }

  /**
   * The next round of each bucket that has begun. Bucket b begins b rounds later than the first: all ranks send in the
   * same order, whatever their speed.
   */
  #next(): void {
    const time = this.#times++;
    this.#wait(
      this.#work.then(
        async () => await Promise.all(this.#buckets.slice(0, time + 1).map((rounds, b) => rounds[time - b]?.())),
      ),
    );
  }

  #wait(work: Promise<unknown>): void {
    this.#work = work;
    // The end tells of it.
    work.catch(() => undefined);
  }

  /** The rounds of a bucket of a part, one after another. */
  #roundsOf(bucket: Float32Array, length: number): Round[] {
    if (this.#distances.length === 1 || length < HALVED)
      return this.#distances.map((distance) => async () => await this.#add(distance, bucket, bucket));
    const [adding, passing]: [Round[], Round[]] = [[], []];
    let kept = bucket;
    for (const distance of this.#distances) {
      const half = kept.length >> 1;
      const halves = [kept.subarray(0, half), kept.subarray(half)] as const;
      const [own, given] = (this.#rank & distance) === 0 ? halves : [halves[1], halves[0]];
      adding.push(async () => await this.#add(distance, given, own));
      passing.unshift(async () => given.set(floatsOf(await this.#swap(distance, own), given.length)));
      kept = own;
    }
    return [...adding, ...passing];
  }

  /** Sends values to the rank at a distance, and adds what it sends to others. */
  async #add(distance: number, sent: Float32Array, sum: Float32Array): Promise<void> {
    addTo(sum, floatsOf(await this.#swap(distance, sent), sum.length));
  }

  async #swap(distance: number, { buffer, byteOffset, byteLength }: Float32Array): Promise<Uint8Array> {
    return await this.#exchange(this.#rank ^ distance, new Uint8Array(buffer, byteOffset, byteLength));
  }
}

function floatsOf(bytes: Uint8Array, length: number): Float32Array {
  if (bytes.length !== 4 * length) {
    throw new AdjointError(
      `Group.allReduce: another rank sent ${bytes.length} bytes where this one has ${4 * length}; every rank must ` +
        "make the same calls, with buffers of the same length.",
      "rank_mismatch",
    );
  }
  // A view must begin at a multiple of four bytes.
  return bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, length)
    : new Float32Array(bytes.slice().buffer);
}
