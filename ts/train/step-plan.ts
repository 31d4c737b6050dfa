import { Module } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import { addGradients, type GradientSum, meanGradients } from "./gradients.js";
import type { Report } from "./loss-log.js";
import type { TrainerOptions, WeightedLoss } from "./options.js";
import { batchGradients, clippedStep, imagesOf, type StepContext } from "./step.js";
import type { SourcedBatch } from "./training-data.js";
import { buffersOf } from "./weights.js";

/** One move of an optimiser within a step, by the mean of the gradients on all batches of the step. */
export interface Descent {
  readonly optimizer: Optimizer;
  /** Called after the move. */
  readonly after?: () => void;
}

/** One batch during a step. `tidy` keeps tensors in its public fields from one descent to the next. */
export interface Pass {
  /** The gradients for the parameters of the optimiser of a descent; draws from the stream of `context`. */
  gradients(descent: number, context: StepContext): Tensor[];
  /** What the batch reports, after the last descent. */
  report(): Report;
}

/** How a step is made: some descents, one after another, each on all batches. */
export interface StepPlan {
  readonly descents: readonly Descent[];
  /** Losses besides those of the data sets. */
  readonly losses: readonly WeightedLoss[];
  /** What the networks keep without training it, such as running statistics. */
  buffers(): readonly Tensor[];
  /** The networks that are trained, with their parts. */
  modules(): readonly Module[];
  begin(batch: SourcedBatch, context: StepContext): Pass;
}

/** The step of a Trainer: one descent on the losses. */
export function lossPlan({ optimizer, model }: Pick<TrainerOptions, "optimizer" | "model">): StepPlan {
  return {
    descents: [{ optimizer }],
    losses: [],
    buffers: () => buffersOf(model),
    modules: () => (model instanceof Module ? model.modules() : []),
    begin: (batch) => new LossPass(batch),
  };
}

/** Measure, reconstruct, sum the losses and differentiate. */
class LossPass implements Pass {
  made: Report | undefined;
  readonly #batch: SourcedBatch;

  constructor(batch: SourcedBatch) {
    this.#batch = batch;
  }

  gradients(_descent: number, context: StepContext): Tensor[] {
    const { gradients, report } = batchGradients(this.#batch, context);
    this.made = report;
    return gradients;
  }

  report(): Report {
    return this.made as Report;
  }
}

/**
 * A step on batches of this program alone: for each descent the gradients on every batch, whose mean is clipped and
 * moves the weights. Frees all intermediate tensors. Nothing is read back here.
 *
 * @returns what each batch reports.
 */
export function stepOn(batches: readonly SourcedBatch[], context: StepContext, plan: StepPlan): Report[] {
  return tidy(() => {
    const passes = batches.map((batch) => plan.begin(batch, context));
    for (const [descent, { optimizer, after }] of plan.descents.entries()) {
      let sum: GradientSum | undefined;
      for (const [i, pass] of passes.entries()) {
        const images = imagesOf((batches[i] as SourcedBatch).batch);
        sum = addGradients(sum, pass.gradients(descent, context), images, batches.length);
      }
      noGrad(() => clippedStep(optimizer, meanGradients(sum), context));
      after?.();
    }
    return passes.map((pass) => pass.report());
  });
}
