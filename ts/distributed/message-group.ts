import { AdjointError, ArgumentError } from "../runtime/index.js";
import { joinFrames, splitFrames } from "./frames.js";
import type { Group, PartwiseSum } from "./group.js";
import type { GroupOptions } from "./options.js";
import { PipelinedSum } from "./pipelined-sum.js";
import type { Transport } from "./transport.js";

/** A group over messages; {@link PipelinedSum} makes its sums. */
export class MessageGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly #transport: Transport;
  readonly #timeout: number;
  readonly partwiseSum?: () => PartwiseSum;

  /** @throws ArgumentError `invalid_argument` where the number of ranks is no power of two. */
  constructor(transport: Transport, { timeout, overlap }: Required<GroupOptions>) {
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
    if (overlap) this.partwiseSum = () => this.#sum();
  }

  async allReduce(values: Float32Array): Promise<void> {
    const sum = this.#sum();
    sum.add(values);
    await sum.end();
  }

  #sum(): PipelinedSum {
    return new PipelinedSum(this, async (peer, bytes) => await this.#exchange(peer, bytes));
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
