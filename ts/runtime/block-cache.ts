/** Keeps the blocks that were used last. */
export class BlockCache {
  readonly #limit: number;
  /** From the one that was not used for the longest time. */
  readonly #blocks = new Map<string, Promise<Uint8Array>>();
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  /** @param limit bytes of all blocks. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The block of a key, which `load` gives where it is not kept. One that cannot be loaded is not kept. */
  async take(key: string, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const found = this.#blocks.get(key);
    if (found) {
      this.#blocks.delete(key);
      this.#blocks.set(key, found);
      return await found;
    }
    const loading = load();
    this.put(key, loading);
    return await loading;
  }

  put(key: string, block: Promise<Uint8Array>): void {
    this.#drop(key);
    this.#blocks.set(key, block);
    block.then(
      ({ length }) => {
        if (this.#blocks.get(key) !== block) return;
        this.#sizes.set(key, length);
        this.#bytes += length;
        for (const oldest of this.#blocks.keys()) {
          if (this.#bytes <= this.#limit) break;
          this.#drop(oldest);
        }
      },
      () => {
        if (this.#blocks.get(key) === block) this.#drop(key);
      },
    );
  }

  #drop(key: string): void {
    this.#bytes -= this.#sizes.get(key) ?? 0;
    this.#sizes.delete(key);
    this.#blocks.delete(key);
  }
}
