import type { Batch } from "../data/index.js";
import { adversarial, BaseLossScheduler, type Loss, type LossArgs } from "../loss/index.js";
import type { Layer } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import { grad, noGrad, stack, type Tensor, tidy } from "../tensor/index.js";
import type { WeightedLoss } from "./options.js";
import { clipGradients, measure, physicsOf, reconstruct, type StepContext, weightedSum } from "./step.js";

/** The discriminator's part of a step. */
export interface DiscriminatorContext {
  readonly D: Layer;
  readonly losses: readonly WeightedLoss[];
  readonly optimizer: Optimizer;
  /** Discriminator steps per generator step. */
  readonly steps: number;
}

/**
 * One step of a generator and the steps of its discriminator, all on the same reconstruction. Frees all intermediate
 * tensors.
 *
 * @returns one tensor, which is not read back here: the generator's total and losses, the discriminator's total and
 * losses in its last step, and the mean of `context.metric` if it is given and the batch has ground truth.
 */
export function adversarialStep(batch: Batch, context: StepContext, discriminator: DiscriminatorContext): Tensor {
  return tidy(() => {
    const { model, rng, epoch, gradClip } = context;
    const physics = physicsOf(batch, context.physics);
    const { D } = discriminator;
    const { x } = batch;
    const y = measure(batch, physics, rng);
    const xNet = reconstruct(model, y, physics, rng);
    const args: LossArgs = { xNet, y, physics, model, epoch, rng, D, ...(x ? { x } : {}) };
    const generatorValues = descend(context.losses, args, context.optimizer, gradClip);

    // As in deepinv, the discriminator sees the reconstruction from before the generator's step.
    const detached = { ...args, xNet: xNet.detach() };
    let discriminatorValues: Tensor[] = [];
    for (let i = 0; i < discriminator.steps; i++) {
      discriminatorValues = descend(discriminator.losses, detached, discriminator.optimizer, gradClip);
      for (const { loss } of discriminator.losses) afterStep(loss, D);
    }
    return noGrad(() => {
      const values = [...generatorValues, ...discriminatorValues];
      if (context.metric && x) values.push(context.metric.forward(xNet.detach(), x).mean());
      return stack(values, 0);
    });
  });
}

/** One optimiser step on a weighted sum of losses. Returns the total and each loss, detached. */
function descend(
  losses: readonly WeightedLoss[],
  args: LossArgs,
  optimizer: Optimizer,
  gradClip: number | undefined,
): Tensor[] {
  const { total, values } = weightedSum(losses, args);
  const gradients = grad(total, [...optimizer.parameters], { allowUnused: true });
  noGrad(() => optimizer.step(clipGradients(gradients, gradClip)));
  return [total, ...values].map((value) => value.detach());
}

/** Calls `afterStep` of discriminator losses, including those inside schedulers. */
function afterStep(loss: Loss, D: Layer): void {
  if (loss instanceof BaseLossScheduler) for (const inner of loss.allLosses) afterStep(inner, D);
  if (loss instanceof adversarial.DiscriminatorLoss) loss.afterStep(D);
}
