import { AdjointError, ArgumentError } from "../runtime/index.js";
import { joinFrames, splitFrames } from "./frames.js";
import type { Group } from "./group.js";
import type { Transport } from "./transport.js";
import { addTo } from "./tree-sum.js";

/** Values of a bucket of an {@link Group.allReduce}, which is on its way while others are added: 4 MiB. */
const BUCKET = 2 ** 20;
/** Buffers of at least so many values are halved: below, the time is that of the messages, not of their bytes. */
const HALVED = 4096;

/**
 * A group over messages.
 *
 * Sums are a binary tree over the ranks: in round d = 1, 2, 4, ... rank r adds what rank r xor d has; float32 addition
 * is commutative, so all have the same bits. Two ranks, and more with a short buffer, add all of it (recursive
 * doubling). Of a long buffer both keep one half of what they have, add the other rank's values of it, and pass the
 * sums back in the reverse order (recursive halving and doubling): 2 (1 - 1/n) times the buffer crosses the network in
 * place of log2(n) times. (Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH",
 * 2005, doi:10.1177/1094342005051521.)
 */
export class MessageGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly #transport: Transport;
  readonly #timeout: number;

  /** @throws ArgumentError `invalid_argument` where the number of ranks is no power of two. */
  constructor(transport: Transport, timeout: number) {
    const { rank, size } = transport;
    if (!Number.isInteger(Math.log2(size))) {
      throw new ArgumentError(
        `distributed: there are ${size} ranks, expected a power of two (1, 2, 4, ...), for sums in a binary tree.`,
        "invalid_argument",
      );
    }
    [this.rank, this.size] = [rank, size];
    this.#transport = transport;
    this.#timeout = timeout;
  }

  async allReduce(values: Float32Array): Promise<void> {
    const distances = Array.from({ length: Math.log2(this.size) }, (_, i) => 2 ** i);
    const buckets: Float32Array[] = [];
    // An empty buffer is sent too: every rank waits for every other.
    for (let begin = 0; begin === 0 || begin < values.length; begin += BUCKET)
      buckets.push(values.subarray(begin, begin + BUCKET));
    if (this.size === 2 || values.length < HALVED) {
      for (const distance of distances)
        await Promise.all(buckets.map(async (bucket) => await this.#add(distance, bucket, bucket)));
      return;
    }
    // Bucket b begins b rounds later than the first: all ranks send in the same order, whatever their speed.
    const halved = buckets.map((bucket) => this.#halvedRounds(bucket, distances));
    for (let time = 0; time < buckets.length - 1 + 2 * distances.length; time++)
      await Promise.all(halved.map(async (rounds, b) => await rounds[time - b]?.()));
  }

  /** The rounds of a bucket, one after another. */
  #halvedRounds(bucket: Float32Array, distances: readonly number[]): Round[] {
    const [adding, passing]: [Round[], Round[]] = [[], []];
    let kept = bucket;
    for (const distance of distances) {
      const half = kept.length >> 1;
      const halves = [kept.subarray(0, half), kept.subarray(half)] as const;
      const [own, given] = (this.rank & distance) === 0 ? halves : [halves[1], halves[0]];
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

  async #swap(distance: number, sent: Float32Array): Promise<Uint8Array> {
    return await this.#exchange(this.rank ^ distance, bytesOf(sent));
  }

  async allGather(bytes: Uint8Array): Promise<Uint8Array[]> {
    let parts = [bytes];
    for (let distance = 1; distance < this.size; distance *= 2) {
      const peer = this.rank ^ distance;
      const others = splitFrames(await this.#exchange(peer, joinFrames(parts)));
      parts = peer < this.rank ? [...others, ...parts] : [...parts, ...others];
    }
    return parts;
  }

  async broadcast(bytes: Uint8Array): Promise<Uint8Array> {
    let held = bytes;
    for (let distance = this.size / 2; distance >= 1; distance /= 2) {
      const place = this.rank % (2 * distance);
      if (place === 0) await this.#within(this.rank + distance, this.#transport.send(this.rank + distance, held));
      if (place === distance)
        held = await this.#within(this.rank - distance, this.#transport.receive(this.rank - distance));
    }
    return held;
  }

  async barrier(): Promise<void> {
    await this.allReduce(new Float32Array(0));
  }

  abort(error: unknown): void {
    this.#transport.abort(error instanceof Error ? error.message : String(error));
  }

  close(): void {
    this.#transport.close();
  }

  /** Sends bytes to a rank, which sends its own. */
  async #exchange(peer: number, bytes: Uint8Array): Promise<Uint8Array> {
    const [received] = await this.#within(
      peer,
      Promise.all([this.#transport.receive(peer), this.#transport.send(peer, bytes)]),
    );
    return received;
  }

  /** What comes of a message within the time limit. */
  async #within<T>(peer: number, message: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<never>((_, reject) => {
      const silent = (): void =>
        reject(
          new AdjointError(
            `Group: rank ${peer} took no part within ${this.#timeout} s: it hangs, or works longer than that between ` +
              "two messages; then give a longer timeout.",
            "rank_silent",
          ),
        );
      timer = setTimeout(silent, 1000 * this.#timeout);
    });
    try {
      return await Promise.race([message, limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** One exchange with another rank. */
type Round = () => Promise<void>;

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
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
