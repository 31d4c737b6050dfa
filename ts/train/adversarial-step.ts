import { adversarial, BaseLossScheduler, type Loss, type LossArgs } from "../loss/index.js";
import type { Layer } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import { grad, noGrad, type Tensor, tidy } from "../tensor/index.js";
import { addGradients, type GradientSum, meanGradients } from "./gradients.js";
import type { Column, Report } from "./loss-log.js";
import type { WeightedLoss } from "./options.js";
import { batchLoss, clipGradients, imagesOf, lossColumns, reportOf, type StepContext, weightedSum } from "./step.js";
import type { SourcedBatch } from "./training-data.js";

/** The discriminator's part of a step. */
export interface DiscriminatorContext {
  readonly D: Layer;
  readonly losses: readonly WeightedLoss[];
  /** Distinct names of the losses. */
  readonly names: readonly string[];
  readonly optimizer: Optimizer;
  /** Discriminator steps per generator step. */
  readonly steps: number;
}

/** What the discriminator learns from in a batch, and what the generator reports of it. */
interface GeneratorPass {
  readonly args: LossArgs & { readonly xNet: Tensor };
  readonly values: readonly Tensor[];
  readonly images: number;
}

/**
 * One step of a generator and the steps of its discriminator, all on the same reconstructions. Frees all intermediate
 * tensors. Nothing is read back here.
 *
 * @returns what each batch reports: the generator's total and losses, the discriminator's in its last step, and
 * `context.metric` if it is given and the batch has ground truth.
 */
export function adversarialStep(
  batches: readonly SourcedBatch[],
  context: StepContext,
  discriminator: DiscriminatorContext,
): Report[] {
  return tidy(() => {
    const { D, losses, names, optimizer, steps } = discriminator;
    let sum: GradientSum | undefined;
    const passes = batches.map(({ batch, source }): GeneratorPass => {
      const { gradients, args, values } = tidy(() => {
        const made = batchLoss(batch, source, context, { D });
        const wanted = grad(made.total, [...context.optimizer.parameters], { allowUnused: true });
        // As in deepinv, the discriminator sees the reconstruction from before the generator's step.
        const seen = { ...made.args, xNet: made.args.xNet.detach() };
        return { gradients: wanted, args: seen, values: [made.total, ...made.values].map((value) => value.detach()) };
      });
      const images = imagesOf(batch);
      sum = addGradients(sum, gradients, images, batches.length);
      return { args, values, images };
    });
    noGrad(() => context.optimizer.step(clipGradients(meanGradients(sum), context.gradClip)));

    let ofDiscriminator: Tensor[][] = [];
    for (let i = 0; i < steps; i++) {
      ofDiscriminator = descend(passes, losses, optimizer, context.gradClip);
      for (const { loss } of losses) afterStep(loss, D);
    }
    const extra = ["total", ...names].map((name): Column => ({ group: "extra", name }));
    return passes.map(({ args, values }, i) => {
      const { source } = batches[i] as SourcedBatch;
      const all = [...values, ...(ofDiscriminator[i] ?? [])];
      return reportOf([...lossColumns(source), ...extra], all, args, context.metric, source.losses);
    });
  });
}

/** One optimiser step on a weighted sum of losses over some batches. Returns the total and each loss of each batch. */
function descend(
  passes: readonly GeneratorPass[],
  losses: readonly WeightedLoss[],
  optimizer: Optimizer,
  gradClip: number | undefined,
): Tensor[][] {
  let sum: GradientSum | undefined;
  const reported = passes.map(({ args, images }) => {
    const { gradients, values } = tidy(() => {
      const made = weightedSum(losses, args);
      const wanted = grad(made.total, [...optimizer.parameters], { allowUnused: true });
      return { gradients: wanted, values: [made.total, ...made.values].map((value) => value.detach()) };
    });
    sum = addGradients(sum, gradients, images, passes.length);
    return values;
  });
  noGrad(() => optimizer.step(clipGradients(meanGradients(sum), gradClip)));
  return reported;
}

/** Calls `afterStep` of discriminator losses, including those inside schedulers. */
function afterStep(loss: Loss, D: Layer): void {
  if (loss instanceof BaseLossScheduler) for (const inner of loss.allLosses) afterStep(inner, D);
  if (loss instanceof adversarial.DiscriminatorLoss) loss.afterStep(D);
}
