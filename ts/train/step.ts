import type { Batch } from "../data/index.js";
import type { LossArgs } from "../loss/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import type { Physics, TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import { grad, noGrad, stack, type Tensor, tidy } from "../tensor/index.js";
import type { AnyPhysics, WeightedLoss } from "./options.js";

/** Inputs of a training step, except its batch. */
export interface StepContext {
  readonly model: Reconstructor;
  readonly physics: AnyPhysics;
  readonly losses: readonly WeightedLoss[];
  readonly optimizer: Optimizer;
  readonly rng: RandomSource;
  readonly epoch: number;
  readonly gradClip: number | undefined;
  /** Measured on this step's reconstruction if the batch has ground truth. */
  readonly metric: Metric | undefined;
}

/**
 * One step: measure, reconstruct, sum the losses, differentiate, clip, update. Frees all intermediate tensors.
 *
 * @returns a tensor `[losses + 1]` or `[losses + 2]`, which is not read back here: the total, each loss's mean, and the
 * metric's mean if it was measured.
 */
export function trainStep(batch: Batch, context: StepContext): Tensor {
  return tidy(() => {
    const { model, rng } = context;
    const physics = physicsOf(batch, context.physics);
    const { x } = batch;
    const y = measure(batch, physics, rng);
    const xNet = reconstruct(model, y, physics, rng);
    const args = { xNet, y, physics, model, epoch: context.epoch, rng };
    const { total, values } = weightedSum(context.losses, x ? { ...args, x } : args);
    const gradients = grad(total, [...context.optimizer.parameters], { allowUnused: true });
    return noGrad(() => {
      context.optimizer.step(clipGradients(gradients, context.gradClip));
      const reported = [total, ...values];
      if (context.metric && x) reported.push(context.metric.forward(xNet.detach(), x).mean());
      return stack(
        reported.map((value) => value.detach()),
        0,
      );
    });
  });
}

/** The mean of each loss, and the weighted sum of these means. */
export function weightedSum(losses: readonly WeightedLoss[], args: LossArgs): { total: Tensor; values: Tensor[] } {
  const values = losses.map(({ loss }) => {
    const value = loss.forward(args);
    return value.shape.length > 0 ? value.mean() : value;
  });
  const total = values
    .map((value, index) => value.mul((losses[index] as WeightedLoss).weight))
    .reduce((sum, value) => sum.add(value));
  return { total, values };
}

/**
 * The physics of a batch: with the parameters that come with its samples, if any. The given one is not changed; the
 * tensors of the result belong to the `tidy` around the call.
 */
export function physicsOf(batch: Batch, physics: AnyPhysics): AnyPhysics {
  return batch.params ? physics.withParameters(batch.params) : physics;
}

/** The batch's measurement, or one made by the {@link physicsOf | physics of the batch}. */
export function measure(batch: Batch, physics: AnyPhysics, rng: RandomSource): Tensor | TensorList {
  if (batch.y) return batch.y;
  const { x } = batch;
  if (!x)
    throw new ArgumentError(
      "Trainer: a batch has neither x nor y; the dataset's samples need at least one of them.",
      "missing_argument",
    );
  return noGrad(() => physics.forward(x, { rng }));
}

/** The reconstruction; models adapted by losses redraw their random parameters, such as masks. */
export function reconstruct(
  model: Reconstructor,
  y: Tensor | TensorList,
  physics: AnyPhysics,
  rng: RandomSource,
): Tensor {
  // A model of stacked physics takes the list and the stack instead of a tensor and one operator.
  return model.forward(y as Tensor, physics as Physics, { updateParameters: true, rng });
}

/**
 * Gradients scaled by `min(1, limit / norm)`, where `norm` is the Euclidean norm of all of them together; computed on
 * the device.
 */
export function clipGradients(gradients: Tensor[], limit: number | undefined): Tensor[] {
  if (limit === undefined) return gradients;
  const norm = gradients
    .map((value) => value.square().sum())
    .reduce((sum, value) => sum.add(value))
    .sqrt();
  const scale = norm.add(1e-6).reciprocal().mul(limit).clamp(0, 1);
  return gradients.map((value) => value.mul(scale));
}
