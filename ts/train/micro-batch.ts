import { disposeSample } from "../data/index.js";
import { Rng } from "../random/index.js";
import { BackwardPass, noGrad, tidy, tidyAcross } from "../tensor/index.js";
import type { PlacedReport } from "./loss-log.js";
import type { NormCalls } from "./norm-calls.js";
import { imagesOf, type StepContext } from "./step.js";
import type { Pass, StepPlan } from "./step-plan.js";
import type { SourcedBatch } from "./training-data.js";

/** One of the batches of a step that ranks share, on the rank that computes it. */
export class MicroBatch {
  /** Its place among those of the step. */
  readonly place: number;
  readonly images: number;
  readonly #sourced: SourcedBatch;
  readonly #context: StepContext;
  readonly #pass: Pass;
  readonly #frees: (() => void)[] = [];
  /** The state of the stream of its draws before the next descent. */
  #stream: string;

  constructor(place: number, sourced: SourcedBatch, plan: StepPlan, context: StepContext) {
    this.place = place;
    this.images = imagesOf(sourced.batch);
    this.#sourced = sourced;
    this.#context = context;
    this.#pass = plan.begin(sourced, context);
    this.#stream = context.rng.state();
  }

  /** Makes a descent up to its total, from which the pass goes back to the parameters; the caller disposes of it. */
  begin(descent: number): BackwardPass {
    this.#sourced.source.model.train();
    const passes: BackwardPass[] = [];
    const differentiate: StepContext["differentiate"] = (total, parameters) => {
      passes.push(new BackwardPass(total, parameters));
      return [];
    };
    try {
      // The pass keeps what its later descents need.
      const { free } = tidyAcross(() => {
        this.#pass.gradients(descent, { ...this.#context, differentiate });
        return this.#pass;
      });
      this.#frees.push(free);
    } catch (error) {
      for (const pass of passes) pass.dispose();
      throw error;
    }
    return passes[0] as BackwardPass;
  }

  /** Makes a descent up to a batch norm that lacks its moments, or to its total; whether it came there. */
  attempt(descent: number, calls: NormCalls): boolean {
    this.#sourced.source.model.train();
    const rng = Rng.from(this.#stream);
    const differentiate: StepContext["differentiate"] = (total, parameters) => {
      calls.end(total, parameters);
      return [];
    };
    const context = { ...this.#context, rng, differentiate };
    const finished = calls.run(() => {
      const { free } = tidyAcross(() => {
        this.#pass.gradients(descent, context);
        return this.#pass;
      });
      this.#frees.push(free);
    });
    if (finished) this.#stream = rng.state();
    return finished;
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
