import { TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkFunction, checkObject, shown } from "../runtime/index.js";
import { checkTensor, freeOnError, Tensor } from "../tensor/index.js";

/** What a physics measures: a tensor, or of stacked physics a list with one for each operator. */
export type Measurement = Tensor | TensorList;

/**
 * One example. Its tensors have no batch dimension (an image is `[C, H, W]`); a {@link DataLoader} stacks them.
 */
export interface Sample<Y extends Measurement = Tensor> {
  /** Ground truth. */
  x?: Tensor | undefined;
  /** Measurement; if it is missing, the Trainer simulates one with its physics. */
  y?: Y | undefined;
  /**
   * Parameters of the physics for this example, such as `{ mask }` or `{ sigma }`. They hold for the step or the
   * evaluation of its batch: `physics.withParameters`.
   */
  params?: Record<string, Tensor> | undefined;
}

/** Options of {@link Dataset.get}. */
export interface GetOptions {
  /** Random stream for datasets that draw, such as random crops. */
  readonly rng?: RandomSource;
}

/** Options of {@link Dataset.prefetch}. */
export interface PrefetchOptions {
  /** The number of threads that may read. Default: one, where the machine has several processors. */
  readonly workers?: number | undefined;
}

/** Examples by index. The caller of `get` owns the tensors it returns and may dispose of them. */
export interface Dataset<Y extends Measurement = Tensor> {
  /** Number of examples. */
  readonly length: number;
  /** The example at `index`, 0 <= index < length. */
  get(index: number, options?: GetOptions): Promise<Sample<Y>> | Sample<Y>;
  /**
   * Begins to read what the example at `index` needs, beside the thread that computes; gives what ends that and frees
   * what was read, if there is anything. It draws nothing, and errors are left to `get`. A {@link DataLoader} calls it;
   * a dataset without it is read when it is asked for.
   */
  prefetch?(index: number, options?: PrefetchOptions): (() => void) | undefined;
}

/**
 * The example at `index` of a dataset, which may be a program's own.
 *
 * @throws ArgumentError `invalid_argument` where `get` returns none; the errors of `get`.
 */
export async function exampleOf<Y extends Measurement>(
  caller: string,
  dataset: Dataset<Y>,
  index: number,
  options?: GetOptions,
): Promise<Sample<Y>> {
  const sample: unknown = await dataset.get(index, options);
  const kind = Object.getPrototypeOf(dataset) === Object.prototype ? "the dataset" : dataset.constructor.name;
  if (typeof sample === "object" && sample !== null && !Array.isArray(sample)) {
    const { x, y } = sample as Sample<Y>;
    for (const [name, value] of Object.entries({ x, y })) {
      if (!(value instanceof Tensor) || !value.disposed) continue;
      throw new ArgumentError(
        `${caller}: get(${index}) of ${kind} gave ${name}, a tensor that was freed; whoever calls get frees what it ` +
          `gives, so give a new one each time, such as ${name}.clone().`,
        "disposed",
      );
    }
    return sample as Sample<Y>;
  }
  throw new ArgumentError(
    `${caller}: get(${index}) of ${kind} gave ${shown(sample)}, expected a sample of tensors such as { x }, { y } or ` +
      "{ x, y }.",
    "invalid_argument",
  );
}

/** A dataset whose samples have the type `S`: by it the Trainer's type knows whether there is ground truth. */
export interface DatasetOf<S extends Sample> extends Dataset {
  get(index: number, options?: GetOptions): Promise<S> | S;
}

/** A sample without ground truth, such as a recorded measurement. */
export interface MeasurementSample extends Sample {
  x?: undefined;
}

/** The type of the samples of which `O` names the parts: without `x` there is no ground truth. */
export type SampleOf<O> = O extends { readonly x?: object | string } ? Sample : MeasurementSample;

/**
 * Refuses what is no sample: an object whose `x`, `y` and `params` are tensors where they are given.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkTensors(caller: string, sample: unknown): asserts sample is Sample<Measurement> {
  checkObject(caller, "the sample", sample);
  const { x, y, params } = sample as Sample<Measurement>;
  if (x !== undefined) checkTensor(caller, "x", x);
  if (y !== undefined && !(y instanceof TensorList)) checkTensor(caller, "y", y);
  if (params === undefined) return;
  checkObject(caller, "params", params);
  for (const [name, value] of Object.entries(params)) checkTensor(caller, `params.${name}`, value);
}

/** What {@link Dataset.prefetch} gives, of a dataset that may not have it. */
export function prefetchOf(
  dataset: Dataset<Measurement>,
  index: number,
  options: PrefetchOptions = {},
): (() => void) | undefined {
  return typeof dataset.prefetch === "function" ? dataset.prefetch(index, options) : undefined;
}

/** Applies a function to every tensor of a sample. */
export function mapSample(sample: Sample, change: (tensor: Tensor) => Tensor): Sample {
  checkTensors("mapSample", sample);
  checkFunction("mapSample", "change", change);
  return freeOnError(() => {
    const result: Sample = {};
    if (sample.x) result.x = change(sample.x);
    if (sample.y) result.y = change(sample.y);
    if (sample.params)
      result.params = Object.fromEntries(Object.entries(sample.params).map(([name, value]) => [name, change(value)]));
    return result;
  });
}

/** All tensors of a sample. */
export function sampleTensors(sample: Sample<Measurement>): Tensor[] {
  checkTensors("sampleTensors", sample);
  const { x, y, params = {} } = sample;
  const measured = y instanceof TensorList ? y.toArray() : [y];
  return [x, ...measured, ...Object.values(params)].filter((value) => value !== undefined);
}

/** Disposes of all tensors of a sample. */
export function disposeSample(sample: Sample<Measurement>): void {
  for (const value of sampleTensors(sample)) value.dispose();
}
