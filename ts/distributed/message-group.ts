import { AdjointError, ArgumentError } from "../runtime/index.js";
import { joinFrames, splitFrames } from "./frames.js";
import type { Group } from "./group.js";
import type { Transport } from "./transport.js";
import { addTo } from "./tree-sum.js";

/** Values of a message of an {@link Group.allReduce}: 25 MB. */
const BUCKET = 25_000_000 / 4;

/**
 * A group over messages.
 *
 * Sums are made by recursive doubling: in round d = 1, 2, 4, ... rank r adds what rank r xor d has. That is a binary
 * tree over the ranks, of which every rank makes the whole path to the root; float32 addition is commutative, so all
 * have the same bits. (Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH",
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
    for (let distance = 1; distance < this.size; distance *= 2) {
      // An empty buffer is sent too: every rank waits for every other.
      for (let begin = 0; begin === 0 || begin < values.length; begin += BUCKET) {
        const bucket = values.subarray(begin, begin + BUCKET);
        const other = await this.#exchange(this.rank ^ distance, bytesOf(bucket));
        addTo(bucket, floatsOf(other, bucket.length));
      }
    }
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
