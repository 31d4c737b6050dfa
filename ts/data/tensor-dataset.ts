import { ArgumentError, checkOptions, ShapeError, shown } from "../runtime/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import { checkTensors, type Dataset, mapSample, type Sample, type SampleOf, sampleTensors } from "./dataset.js";

/** Options of {@link TensorDataset}: tensors whose first dimension is the number of examples N. */
export interface TensorDatasetOptions {
  /** Ground truth `[N, ...]`. */
  readonly x?: Tensor;
  /** Measurements `[N, ...]`. */
  readonly y?: Tensor;
  /** Parameters of the physics, each `[N, ...]`. */
  readonly params?: Record<string, Tensor>;
}

/**
 * Examples in memory. The dataset does not copy the tensors and does not own them.
 *
 * @throws ArgumentError `empty_data` where there is no tensor or no example; ShapeError `shape_mismatch` where the
 * first dimensions differ.
 */
export class TensorDataset<O extends TensorDatasetOptions = TensorDatasetOptions> implements Dataset {
  readonly length: number;
  readonly #sample: Sample;

  constructor(options: O) {
    checkOptions("TensorDataset", options, ["x", "y", "params"]);
    checkTensors("TensorDataset", options);
    this.#sample = { ...options };
    const counts = sampleTensors(this.#sample).map((value) => value.shape[0] ?? 0);
    this.length = counts[0] ?? 0;
    if (this.length === 0) {
      throw new ArgumentError(
        "TensorDataset: there is no example; give x or y with a first dimension of at least 1.",
        "empty_data",
      );
    }
    if (counts.some((count) => count !== this.length)) {
      throw new ShapeError(
        `TensorDataset: the tensors have ${counts.join(", ")} examples, expected the same number in each.`,
        "shape_mismatch",
      );
    }
  }

  /** @throws ArgumentError `invalid_argument` where the index is out of range. */
  get(index: number): SampleOf<O> {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new ArgumentError(
        `TensorDataset: index is ${shown(index)}, expected 0 to ${this.length - 1}.`,
        "invalid_argument",
      );
    }
    // A copy, because a view of one example would keep the memory of all alive.
    return mapSample(this.#sample, (value) => noGrad(() => tidy(() => value.select(0, index).clone()))) as SampleOf<O>;
  }
}
