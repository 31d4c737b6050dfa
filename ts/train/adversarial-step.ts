import type { Batch } from "../data/index.js";
import { adversarial, BaseLossScheduler, type Loss, type LossArgs } from "../loss/index.js";
import type { Layer } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import { grad, noGrad, stack, type Tensor, tidy } from "../tensor/index.js";
import type { WeightedLoss } from "./options.js";
import { clip, measure, reconstruct, type StepContext, weightedSum } from "./step.js";

/** The discriminator's part of a step. */
export interface DiscriminatorContext {
  readonly D: Layer;
  readonly losses: readonly WeightedLoss[];
  readonly optimizer: Optimizer;
  /** Steps of the discriminator for each step of the generator. */
  readonly steps: number;
}

/**
 * One step of a generator and the steps of its discriminator, all on the same reconstruction. Frees everything it made
 * but what it returns.
 *
 * @returns a tensor: the generator's total and losses, the discriminator's total and losses in its last step, and the
 * metric's mean where it was measured. Not read back here.
 */
export function adversarialStep(batch: Batch, context: StepContext, critic: DiscriminatorContext): Tensor {
  return tidy(() => {
    const { physics, model, rng, epoch, gradClip } = context;
    const { D } = critic;
    const { x } = batch;
    const y = measure(batch, physics, rng);
    const xNet = reconstruct(model, y, physics, rng);
    const args: LossArgs = { xNet, y, physics, model, epoch, rng, D, ...(x ? { x } : {}) };
    const generator = descend(context.losses, args, context.optimizer, gradClip);

    // The discriminator judges what the generator made before its step, as in deepinv.
    const made = { ...args, xNet: xNet.detach() };
    let discriminator = generator;
    for (let i = 0; i < critic.steps; i++) {
      discriminator = descend(critic.losses, made, critic.optimizer, gradClip);
      for (const { loss } of critic.losses) afterStep(loss, D);
    }
    return noGrad(() => {
      const report = [...generator, ...discriminator];
      if (context.metric && x) report.push(context.metric.forward(xNet.detach(), x).mean());
      return stack(report, 0);
    });
  });
}

/** One step of an optimiser on a sum of losses: the total and each loss, off the tape. */
function descend(
  losses: readonly WeightedLoss[],
  args: LossArgs,
  optimizer: Optimizer,
  gradClip: number | undefined,
): Tensor[] {
  const { total, values } = weightedSum(losses, args);
  const gradients = grad(total, [...optimizer.parameters], { allowUnused: true });
  noGrad(() => optimizer.step(clip(gradients, gradClip)));
  return [total, ...values].map((value) => value.detach());
}

/** What losses of a discriminator do after its step, those within schedulers included. */
function afterStep(loss: Loss, D: Layer): void {
  if (loss instanceof BaseLossScheduler) for (const inner of loss.allLosses) afterStep(inner, D);
  if (loss instanceof adversarial.DiscriminatorLoss) loss.afterStep(D);
}
