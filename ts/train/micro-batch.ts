import { disposeSample } from "../data/index.js";
import { noGrad, type Tensor, tidy, tidyAcross } from "../tensor/index.js";
import type { PlacedReport } from "./loss-log.js";
import { imagesOf } from "./step.js";
import type { Pass } from "./step-plan.js";
import type { SourcedBatch } from "./training-data.js";

/** One of the batches of a step that ranks share, on the rank that computes it. */
export class MicroBatch {
  /** Its place among those of the step. */
  readonly place: number;
  readonly images: number;
  readonly #sourced: SourcedBatch;
  readonly #pass: Pass;
  readonly #frees: (() => void)[] = [];

  constructor(place: number, sourced: SourcedBatch, pass: Pass) {
    this.place = place;
    this.images = imagesOf(sourced.batch);
    this.#sourced = sourced;
    this.#pass = pass;
  }

  /** The gradients of a descent, and what follows from them, which the caller frees. */
  gradients(descent: number, use: (gradients: readonly Tensor[]) => Tensor): Tensor {
    this.#sourced.source.model.train();
    // The pass keeps what its later descents need.
    const { result, free } = tidyAcross(() => ({ used: use(this.#pass.gradients(descent)), pass: this.#pass }));
    this.#frees.push(free);
    return result.used;
  }

  report(): PlacedReport {
    const report = noGrad(() =>
      tidy(() => {
        const { values, ...rest } = this.#pass.report();
        // A tensor of its own: that of the pass is freed with it.
        return { ...rest, values: values.clone() };
      }),
    );
    return { place: this.place, report };
  }

  dispose(): void {
    for (const free of this.#frees) free();
    disposeSample(this.#sourced.batch);
  }
}
