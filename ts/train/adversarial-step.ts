import { adversarial, BaseLossScheduler, type Loss, type LossArgs } from "../loss/index.js";
import type { Layer } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import { type Tensor, tidy } from "../tensor/index.js";
import type { Column, Report } from "./loss-log.js";
import type { WeightedLoss } from "./options.js";
import { batchLoss, checkTrains, gradientsOf, lossColumns, reportOf, type StepContext, weightedSum } from "./step.js";
import type { Pass, StepPlan } from "./step-plan.js";
import type { SourcedBatch } from "./training-data.js";

/** The discriminator's part of a step. */
export interface Discriminator {
  readonly D: Layer;
  readonly losses: readonly WeightedLoss[];
  /** Distinct names of the losses. */
  readonly names: readonly string[];
  readonly optimizer: Optimizer;
  /** Discriminator steps per generator step. */
  readonly steps: number;
}

/**
 * One step of a generator, by the plan of its Trainer, and the steps of its discriminator, all on the same
 * reconstructions.
 */
export function adversarialPlan(generator: StepPlan, discriminator: Discriminator): StepPlan {
  const { D, losses, optimizer, steps } = discriminator;
  const after = (): void => {
    for (const { loss } of losses) afterStep(loss, D);
  };
  return {
    descents: [...generator.descents, ...Array.from({ length: steps }, () => ({ optimizer, after }))],
    losses: [...generator.losses, ...losses],
    buffers: () => [...generator.buffers(), ...D.buffers()],
    modules: () => [...generator.modules(), ...D.modules()],
    begin: (batch, context) => new AdversarialPass(batch, context, discriminator),
  };
}

/**
 * Reports the generator's total and losses, the discriminator's in its last step, and the metric of the context if it
 * is given and the batch has ground truth.
 */
class AdversarialPass implements Pass {
  /** What the discriminator learns from. */
  args: (LossArgs & { readonly xNet: Tensor }) | undefined;
  /** The generator's total and losses. */
  values: Tensor[] = [];
  /** The discriminator's total and losses. */
  valuesD: Tensor[] = [];
  readonly #batch: SourcedBatch;
  readonly #context: StepContext;
  readonly #discriminator: Discriminator;

  constructor(batch: SourcedBatch, context: StepContext, discriminator: Discriminator) {
    this.#batch = batch;
    this.#context = context;
    this.#discriminator = discriminator;
    discriminator.D.train();
  }

  gradients(descent: number, context: StepContext): Tensor[] {
    return descent === 0 ? this.#ofGenerator(context) : this.#ofDiscriminator(context);
  }

  #ofGenerator(context: StepContext): Tensor[] {
    const { batch, source } = this.#batch;
    const { gradients, args, values } = tidy(() => {
      const made = batchLoss(batch, source, context, { D: this.#discriminator.D });
      checkTrains(made.total, source.losses);
      // As in deepinv, the discriminator sees the reconstruction from before the generator's step.
      const seen = { ...made.args, xNet: made.args.xNet.detach() };
      return { ...derived(made, context.optimizer, context), args: seen };
    });
    this.args = args;
    this.values = values;
    return gradients;
  }

  #ofDiscriminator(context: StepContext): Tensor[] {
    const { losses, optimizer } = this.#discriminator;
    const args = { ...(this.args as LossArgs), rng: context.rng };
    const { gradients, values } = tidy(() => derived(weightedSum(losses, args), optimizer, context));
    this.valuesD = values;
    return gradients;
  }

  report(): Report {
    const { source } = this.#batch;
    const extra = ["total", ...this.#discriminator.names].map((name): Column => ({ group: "extra", name }));
    const columns = [...lossColumns(source), ...extra];
    const args = this.args as NonNullable<typeof this.args>;
    return reportOf(columns, [...this.values, ...this.valuesD], args, this.#context.metric, source.losses);
  }
}

/** The gradients of a weighted sum of losses; the sum and each loss. */
function derived(
  { total, values }: { readonly total: Tensor; readonly values: readonly Tensor[] },
  optimizer: Optimizer,
  context: StepContext,
): { gradients: Tensor[]; values: Tensor[] } {
  const gradients = gradientsOf(total, optimizer, context);
  return { gradients, values: [total, ...values].map((value) => value.detach()) };
}

/** Calls `afterStep` of discriminator losses, including those inside schedulers. */
function afterStep(loss: Loss, D: Layer): void {
  if (loss instanceof BaseLossScheduler) for (const inner of loss.allLosses) afterStep(inner, D);
  if (loss instanceof adversarial.DiscriminatorLoss) loss.afterStep(D);
}
