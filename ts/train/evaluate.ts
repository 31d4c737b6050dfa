import { type Batch, DataLoader, type Dataset, disposeSample } from "../data/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import { TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import type { AnyPhysics } from "./options.js";
import { measure, physicsOf, reconstruct } from "./step.js";

/**
 * One metric over a set of images.
 *
 * `mean` and `std` are over the images that the metric is defined for; where a pixel of a reconstruction is not a finite
 * number, no image is left out, so that `mean` is NaN as well.
 */
export interface MetricSummary {
  readonly mean: number;
  /** Standard deviation over the images (normalised by their number, not by one less). */
  readonly std: number;
  /** The value of each image, in the order of the data; NaN for an image that is left out. */
  readonly values: readonly number[];
  /** Number of images that are left out, because the metric is not defined for their ground truth. */
  readonly leftOut: number;
}

/** Result of {@link evaluate}. */
export interface TestResult {
  /** Reconstruction against ground truth, by name of the metric. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /**
   * Measurement (of stacked physics the first one) against ground truth, by name of the metric; empty where the shapes
   * differ.
   */
  readonly measurement: Readonly<Record<string, MetricSummary>>;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  readonly model: Reconstructor;
  readonly physics: AnyPhysics;
  readonly data: Dataset | DataLoader;
  readonly metrics: readonly Metric[];
  /** Random stream of the measurements: the same stream gives the same noise. */
  readonly rng: RandomSource;
  /** Called with the tensors of each batch before they are freed; of stacked physics, `y` is the first measurement. */
  readonly onBatch?: (images: { x: Tensor; y: Tensor; xNet: Tensor }) => Promise<void>;
}

/**
 * Evaluates metrics of a model on data with ground truth, in evaluation mode; the model's mode is restored afterwards.
 *
 * @throws ArgumentError `missing_argument` where a sample has no ground truth.
 */
export async function evaluate(options: EvaluateOptions): Promise<TestResult> {
  const { model, metrics, data } = options;
  const loader = data instanceof DataLoader ? data : new DataLoader({ dataset: data, rng: options.rng });
  const collected = metrics.map(() => ({ xNet: [] as number[], y: [] as number[] }));
  const finite = { xNet: true, y: true };
  const training = model.training;
  model.eval();
  try {
    for await (const batch of loader) {
      const tensors = evaluateBatch(batch, options);
      try {
        for (const [index, values] of collected.entries()) {
          values.xNet.push(...(await (tensors[4 + 2 * index] as Tensor).data()));
          const ofMeasurement = tensors[5 + 2 * index];
          if (ofMeasurement) values.y.push(...(await ofMeasurement.data()));
        }
        const [xNet, y, sumOfXNet, sumOfY] = tensors as [Tensor, Tensor, Tensor, Tensor];
        finite.xNet &&= Number.isFinite(await sumOfXNet.item());
        finite.y &&= Number.isFinite(await sumOfY.item());
        await options.onBatch?.({ x: batch.x as Tensor, y, xNet });
      } finally {
        for (const value of tensors) value?.dispose();
        disposeSample(batch);
      }
    }
  } finally {
    model.train(training);
  }
  const summaries = (of: "xNet" | "y"): Record<string, MetricSummary> =>
    Object.fromEntries(
      metrics
        .map((metric, index) => [metric.name, summarize(collected[index]?.[of] ?? [], finite[of])] as const)
        .filter(([, { values }]) => values.length > 0),
    );
  return { metrics: summaries("xNet"), measurement: summaries("y") };
}

/** `xNet`, `y`, their sums, then for each metric its value on `xNet` and on `y` (undefined where the shapes differ). */
function evaluateBatch(batch: Batch, options: EvaluateOptions): (Tensor | undefined)[] {
  const { model, metrics, rng } = options;
  const { x } = batch;
  if (!x) throw new ArgumentError("evaluate: a sample has no x; evaluation needs ground truth.", "missing_argument");
  return noGrad(() =>
    tidy(() => {
      const physics = physicsOf(batch, options.physics);
      const measured = measure(batch, physics, rng);
      const xNet = reconstruct(model, measured, physics, rng);
      const y = measured instanceof TensorList ? measured.at(0) : measured;
      const comparable = y.shape.join() === x.shape.join();
      const values = metrics.flatMap((metric) => [
        perImage(metric.forward(xNet, x)),
        comparable ? perImage(metric.forward(y, x)) : undefined,
      ]);
      return [xNet, y.clone(), xNet.sum(), y.sum(), ...values];
    }),
  );
}

function perImage(value: Tensor): Tensor {
  return value.shape.length === 0 ? value.reshape([1]) : value;
}

function summarize(values: readonly number[], finite: boolean): MetricSummary {
  const counted = finite ? values.filter(Number.isFinite) : values;
  const mean = counted.reduce((sum, value) => sum + value, 0) / counted.length;
  const std = Math.sqrt(counted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / counted.length);
  return { mean, std, values, leftOut: values.length - counted.length };
}
