import { type Dataset, type Measurement, prefetchOf } from "./dataset.js";

/** The batches of an epoch whose examples are read before they are asked for. */
export class BatchesAhead {
  readonly #dataset: Dataset<Measurement>;
  readonly #workers: number | undefined;
  /** For each batch, by its place in the epoch, what frees each of its examples. */
  readonly #batches = new Map<number, ((() => void) | undefined)[]>();

  /** @param workers number of threads; none: nothing is read ahead. */
  constructor(dataset: Dataset<Measurement>, workers: number | undefined) {
    this.#dataset = dataset;
    this.#workers = workers;
  }

  /** Begins with the examples of a batch, once. */
  begin(place: number, indices: readonly number[]): void {
    const [dataset, workers] = [this.#dataset, this.#workers];
    if (workers === 0 || this.#batches.has(place)) return;
    this.#batches.set(
      place,
      indices.map((index) => prefetchOf(dataset, index, { workers })),
    );
  }

  /** Frees what was read for one example of a batch. */
  free(place: number, example: number): void {
    const frees = this.#batches.get(place);
    const free = frees?.[example];
    if (!frees || typeof free !== "function") return;
    frees[example] = undefined;
    free();
  }

  /** Frees what was read for a batch. Default: for all. */
  end(place?: number): void {
    for (const each of place === undefined ? [...this.#batches.keys()] : [place]) {
      for (const example of (this.#batches.get(each) ?? []).keys()) this.free(each, example);
      this.#batches.delete(each);
    }
  }
}
