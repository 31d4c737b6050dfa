import type { Batch, Measurement } from "../data/index.js";
import { clipFactor } from "../functional/index.js";
import { BaseLossScheduler, type LossArgs } from "../loss/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import type { Physics, PhysicsGenerator } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, currentPrecision } from "../runtime/index.js";
import { checkTensor, grad, noGrad, stack, type Tensor, tidy } from "../tensor/index.js";
import type { Column, Report } from "./loss-log.js";
import type { AnyPhysics, WeightedLoss } from "./options.js";
import type { Source, SourcedBatch } from "./training-data.js";

/** Inputs of a training step, except its batches. */
export interface StepContext {
  readonly optimizer: Optimizer;
  readonly rng: RandomSource;
  readonly epoch: number;
  readonly gradClip: number | undefined;
  /** Measured on this step's reconstructions where the batch has ground truth. */
  readonly metric: Metric | undefined;
  /** The gradients of a total, in the order of the parameters. Default: at once. */
  readonly differentiate?: (total: Tensor, parameters: readonly Tensor[]) => Tensor[];
}

/** Whether losses are scaled, for gradients in float16. */
function isScaled(): boolean {
  return currentPrecision() === "f16";
}

/** The gradients of the total of a batch, scaled where losses are; zeros where it does not depend on a parameter. */
export function gradientsOf(total: Tensor, optimizer: Optimizer, { differentiate }: StepContext): Tensor[] {
  const value = isScaled() ? optimizer.lossScale.scaled(total) : total;
  return differentiate
    ? differentiate(value, optimizer.parameters)
    : grad(value, [...optimizer.parameters], { allowUnused: true });
}

/** The gradients of the weighted sum of the losses on a batch, and what the batch reports. */
export function batchGradients(
  { batch, source }: SourcedBatch,
  context: StepContext,
): { gradients: Tensor[]; report: Report } {
  return tidy(() => {
    const { total, values, args } = batchLoss(batch, source, context);
    checkTrains(total, source.losses);
    const gradients = gradientsOf(total, context.optimizer, context);
    const columns = lossColumns(source);
    return { gradients, report: reportOf(columns, [total, ...values], args, context.metric, source.losses) };
  });
}

/**
 * Refuses a total without any derivative, by which no weight would ever change. A scheduler may use no loss for a
 * while.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkTrains(total: Tensor, losses: readonly WeightedLoss[]): void {
  if (total.requiresGrad) return;
  const used = losses.flatMap(({ loss }) => (loss instanceof BaseLossScheduler ? loss.active : [loss.name]));
  if (used.length === 0) return;
  throw new ArgumentError(
    `Trainer: ${used.join(" + ")} does not depend on any weight of the model, so that nothing would be learned; ` +
      "forward of the model or of the loss may detach tensors, read them (data, item), or work within noGrad.",
    "invalid_argument",
  );
}

/** The weighted sum of the losses on a batch, each of them, and what they were given. */
export function batchLoss(
  batch: Batch<Measurement>,
  source: Source,
  { rng, epoch }: Pick<StepContext, "rng" | "epoch">,
  more: Partial<LossArgs> = {},
): { total: Tensor; values: Tensor[]; args: LossArgs & { readonly xNet: Tensor } } {
  const { model } = source;
  const physics = physicsOf(batch, source.physics, rng, source.physicsGenerator);
  const y = measure(batch, physics, rng);
  const xNet = reconstruct(model, y, physics, rng);
  const given = { xNet, y, physics, model, epoch, rng, ...more };
  const args = batch.x ? { ...given, x: batch.x } : given;
  return { ...weightedSum(source.losses, args), args };
}

/** What a batch reports: `values` under `columns`, and the metric of the reconstruction where there is one. */
export function reportOf(
  columns: readonly Column[],
  values: readonly Tensor[],
  { xNet, x, y, physics }: Pick<LossArgs, "x" | "y" | "physics"> & { readonly xNet: Tensor },
  metric: Metric | undefined,
  losses: readonly WeightedLoss[],
): Report {
  return noGrad(() => {
    const measured = metric && x ? [metric.batchMean(xNet.detach(), x, { y, physics })] : [];
    const measuredColumns = measured.map((): Column => ({ group: "metric", name: "" }));
    return {
      columns: [...columns, ...measuredColumns],
      values: stack(
        [...values, ...measured].map((value) => value.detach()),
        0,
      ),
      // A scheduler's choice of losses for this batch; empty for other losses.
      active: losses.map(({ loss }) => (loss instanceof BaseLossScheduler ? [...loss.active] : [])),
    };
  });
}

/** The columns of the total and of each loss. */
export function lossColumns({ names }: Source): Column[] {
  return [{ group: "total", name: "total" }, ...names.map((name) => ({ group: "loss", name }) as const)];
}

/** The number of images of a batch. */
export function imagesOf({ x, y }: Batch<Measurement>): number {
  const shape = x?.shape ?? (y && ("shapes" in y ? y.shapes[0] : y.shape));
  return shape?.[0] ?? 0;
}

/** The mean of each loss, and the weighted sum of these means. */
export function weightedSum(losses: readonly WeightedLoss[], args: LossArgs): { total: Tensor; values: Tensor[] } {
  const values = losses.map(({ loss }) => {
    const value = checkTensor("Trainer", `what ${loss.name}.forward returns`, loss.forward(args));
    return value.shape.length > 0 ? value.mean() : value;
  });
  const total = values
    .map((value, index) => value.mul((losses[index] as WeightedLoss).weight))
    .reduce((sum, value) => sum.add(value));
  return { total, values };
}

/**
 * The physics of a batch: with the parameters that come with its samples, and those drawn by the generator where the
 * measurement is made here. The given one is not changed; the tensors of the result belong to the `tidy` around the
 * call.
 */
export function physicsOf(
  batch: Batch<Measurement>,
  physics: AnyPhysics,
  rng: RandomSource,
  generator?: PhysicsGenerator,
): AnyPhysics {
  const drawn = batch.y || !generator ? {} : generator.step(imagesOf(batch), { rng });
  const params = { ...drawn, ...batch.params };
  return Object.keys(params).length > 0 ? physics.withParameters(params) : physics;
}

/** The batch's measurement, or one made by the {@link physicsOf | physics of the batch}. */
export function measure(batch: Batch<Measurement>, physics: AnyPhysics, rng: RandomSource): Measurement {
  const { x, y } = batch;
  if (y) return y;
  if (!x)
    throw new ArgumentError(
      "Trainer: a batch has neither x nor y; the dataset's samples need at least one of them.",
      "missing_argument",
    );
  return noGrad(() => physics.forward(x, { rng }));
}

/** The reconstruction; models adapted by losses redraw their random parameters, such as masks. */
export function reconstruct(model: Reconstructor, y: Measurement, physics: AnyPhysics, rng: RandomSource): Tensor {
  // A model of stacked physics takes the list and the stack instead of a tensor and one operator.
  return model.forward(y as Tensor, physics as Physics, { updateParameters: true, rng });
}

/**
 * A step on gradients, scaled by `min(1, gradClip / norm)`, where `norm` is the Euclidean norm of all of them together;
 * computed on the device.
 */
export function clippedStep(
  optimizer: Optimizer,
  gradients: readonly Tensor[],
  { gradClip }: Pick<StepContext, "gradClip">,
): void {
  if (isScaled()) optimizer.lossScale.step(optimizer, gradients, { gradClip });
  else optimizer.step(gradients, gradClip === undefined ? {} : { factor: clipFactor(gradients, gradClip) });
}
