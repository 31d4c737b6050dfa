import type { Batch, Measurement } from "../data/index.js";
import { checkGroup, type Group } from "../distributed/index.js";
import { Metric } from "../metric/index.js";
import { checkModel, type Reconstructor } from "../nn/index.js";
import { Physics, PhysicsGenerator, StackedPhysics, TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import {
  ArgumentError,
  checkFunction,
  checkInstance,
  checkKind,
  checkList,
  checkObject,
  checkOptions,
  LARGEST,
} from "../runtime/index.js";
import { checkTensor, noGrad, type Tensor, tidy } from "../tensor/index.js";
import { baselineOf, type Baselines } from "./baselines.js";
import { type EvaluationRun, onEachBatch } from "./each-batch.js";
import type { AnyPhysics, Examples } from "./options.js";
import { Ranks } from "./ranks.js";
import { measure, physicsOf, reconstruct } from "./step.js";

/**
 * One metric over a set of images.
 *
 * `mean` and `std` are over the images that the metric is defined for; where a pixel of a reconstruction is not a
 * finite number, no image is left out, so that `mean` is NaN as well.
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

/** Summaries by name of the metric. */
export type MetricSummaries = Readonly<Record<string, MetricSummary>>;

/** Result of {@link evaluate}. */
export interface TestResult {
  /** Reconstruction against ground truth, by name of the metric. */
  readonly metrics: MetricSummaries;
  /**
   * Measurement (of stacked physics the first one) against ground truth, by name of the metric; empty where the shapes
   * differ.
   */
  readonly measurement: MetricSummaries;
  /** Each baseline whose result has the shape of the ground truth, by name. */
  readonly baselines: Readonly<Record<string, MetricSummaries>>;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  readonly model: Reconstructor;
  readonly physics: AnyPhysics;
  /** Draws the parameters of measurements that are made here. Default: those of the physics. */
  readonly physicsGenerator?: PhysicsGenerator;
  readonly data: Examples;
  readonly metrics: readonly Metric[];
  /** Reconstructions without training to compare with. Default: none. */
  readonly baselines?: Baselines;
  /** Random stream of the measurements: the same stream gives the same noise. */
  readonly rng: RandomSource;
  /**
   * Ranks that share the batches (docs/clusters.md): every rank has the same model and data, makes this call, and gets
   * the whole result, the same bits for any number of ranks. Default: this program alone.
   */
  readonly group?: Group;
  /**
   * Called with the tensors of each batch of this rank before they are freed; of stacked physics, `y` is the first
   * measurement.
   */
  readonly onBatch?: (images: { x: Tensor; y: Tensor; xNet: Tensor }) => Promise<void>;
}

/**
 * Evaluates metrics of a model on data with ground truth, in evaluation mode; the model's mode is restored afterwards.
 *
 * @throws ArgumentError `missing_argument` where a sample has no ground truth, `non_finite_data`.
 */
export async function evaluate(options: EvaluateOptions): Promise<TestResult> {
  checkEvaluation(options);
  const ranks = new Ranks(options.group);
  try {
    return await evaluateOver(options, { ranks });
  } catch (error) {
    throw ranks.fail(error, error);
  }
}

/** As {@link evaluate}, in a run of several evaluations. */
export async function evaluateOver(options: EvaluateOptions, run: EvaluationRun): Promise<TestResult> {
  const { model } = options;
  const training = model.training;
  model.eval();
  try {
    const batches = await onEachBatch(options, run, async (batch, rng) => {
      const made = evaluateBatch(batch, { ...options, rng });
      try {
        const values: [string, ComparedBatch][] = [];
        for (const [name, { values: lists, sum }] of made.compared) {
          const read = await Promise.all(lists.map(async (value) => [...(await value.data())]));
          values.push([name, { lists: read, finite: Number.isFinite(await sum.item()) }]);
        }
        await options.onBatch?.({ x: batch.x as Tensor, y: made.y, xNet: made.xNet });
        return values;
      } finally {
        for (const value of tensorsOf(made)) value.dispose();
      }
    });
    return resultOf(collect(batches), options);
  } finally {
    model.train(training);
  }
}

/** The values of all batches, in their order. */
function collect(batches: readonly (readonly [string, ComparedBatch])[][]): Collected {
  const collected: Collected = new Map();
  for (const [name, { lists, finite }] of batches.flat()) {
    const found = collected.get(name) ?? { lists: lists.map(() => []), finite: true };
    for (const [i, values] of lists.entries()) found.lists[i]?.push(...values);
    found.finite &&= finite;
    collected.set(name, found);
  }
  return collected;
}

function checkEvaluation(options: EvaluateOptions): void {
  const caller = "evaluate";
  checkOptions(caller, options, KEYS);
  checkModel(caller, "model", options.model);
  for (const mode of ["eval", "train"]) checkFunction(caller, `model.${mode}`, Reflect.get(options.model, mode));
  checkKind(caller, "physics", options.physics, {
    expected: "a physics, such as new physics.Denoising()",
    fits: (value) => value instanceof Physics || value instanceof StackedPhysics,
  });
  if (options.physicsGenerator !== undefined)
    checkInstance(caller, "physicsGenerator", options.physicsGenerator, PhysicsGenerator, "a generator of parameters");
  for (const metric of checkList(caller, "metrics", options.metrics, LARGEST.batch))
    checkInstance(caller, "metrics", metric, Metric, "a list of metrics, such as [new metric.PSNR()]");
  if (options.baselines !== undefined) {
    checkObject(caller, "baselines", options.baselines);
    for (const [name, baseline] of Object.entries(options.baselines))
      checkFunction(caller, `baselines.${name}`, baseline);
  }
  checkGroup(caller, options.group);
  if (options.onBatch !== undefined) checkFunction(caller, "onBatch", options.onBatch);
}

const KEYS = ["model", "physics", "physicsGenerator", "data", "metrics", "baselines", "rng", "group", "onBatch"];

/** The tensors of a batch. */
interface EvaluatedBatch {
  readonly xNet: Tensor;
  readonly y: Tensor;
  /** What was compared with the ground truth, by name: the values of each metric, and the sum of the pixels. */
  readonly compared: ReadonlyMap<string, { readonly values: readonly Tensor[]; readonly sum: Tensor }>;
}

/** The values of each metric on the images of a batch, and whether all their pixels are finite. */
interface ComparedBatch {
  readonly lists: readonly (readonly number[])[];
  readonly finite: boolean;
}

/** For each name the values of each metric, and whether all pixels are finite. */
type Collected = Map<string, { readonly lists: readonly number[][]; finite: boolean }>;

function tensorsOf({ xNet, y, compared }: EvaluatedBatch): Tensor[] {
  return [xNet, y, ...[...compared.values()].flatMap(({ values, sum }) => [...values, sum])];
}

const RECONSTRUCTION = "reconstruction";
const MEASUREMENT = "measurement";
const baselineKey = (name: string): string => `baseline ${name}`;

function evaluateBatch(batch: Batch<Measurement>, options: EvaluateOptions): EvaluatedBatch {
  const { model, metrics, rng, physicsGenerator, baselines = {} } = options;
  const { x } = batch;
  if (!x) throw new ArgumentError("evaluate: a sample has no x; evaluation needs ground truth.", "missing_argument");
  return noGrad(() =>
    tidy(() => {
      const physics = physicsOf(batch, options.physics, rng, physicsGenerator);
      const measured = measure(batch, physics, rng);
      const xNet = checkTensor("evaluate", "what the model returns", reconstruct(model, measured, physics, rng));
      const y = measured instanceof TensorList ? measured.at(0) : measured;
      const images = new Map<string, Tensor | undefined>([
        [RECONSTRUCTION, xNet],
        [MEASUREMENT, y.shape.join() === x.shape.join() ? y : undefined],
      ]);
      for (const [name, baseline] of Object.entries(baselines))
        images.set(baselineKey(name), baselineOf(baseline, measured, physics, x));
      const compared = new Map<string, { values: Tensor[]; sum: Tensor }>();
      for (const [name, image] of images) {
        if (!image) continue;
        const values = metrics.map((metric) => perImage(metric.forward(image, x, { y: measured, physics })));
        compared.set(name, { values, sum: image.sum() });
      }
      return { xNet, y: y.clone(), compared };
    }),
  );
}

function perImage(value: Tensor): Tensor {
  return value.shape.length === 0 ? value.reshape([1]) : value;
}

function resultOf(collected: Collected, { metrics, baselines = {} }: EvaluateOptions): TestResult {
  const summaries = (key: string): MetricSummaries => {
    const { lists, finite } = collected.get(key) ?? { lists: [], finite: true };
    const entries = metrics.map(({ name }, i) => [name, lists[i] ?? []] as const);
    return Object.fromEntries(
      entries.filter(([, values]) => values.length > 0).map(([name, values]) => [name, summarize(values, finite)]),
    );
  };
  const compared = Object.keys(baselines)
    .map((name) => [name, summaries(baselineKey(name))] as const)
    .filter(([, found]) => Object.keys(found).length > 0);
  return {
    metrics: summaries(RECONSTRUCTION),
    measurement: summaries(MEASUREMENT),
    baselines: Object.fromEntries(compared),
  };
}

function summarize(values: readonly number[], finite: boolean): MetricSummary {
  const counted = finite ? values.filter(Number.isFinite) : values;
  const mean = counted.reduce((sum, value) => sum + value, 0) / counted.length;
  const std = Math.sqrt(counted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / counted.length);
  return { mean, std, values, leftOut: values.length - counted.length };
}
