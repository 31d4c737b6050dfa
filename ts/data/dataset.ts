import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";

/**
 * One example. In a dataset its tensors have no batch dimension (an image is [C, H, W]); a {@link DataLoader} stacks
 * them.
 */
export interface Sample {
  /** Ground truth. */
  x?: Tensor;
  /** Measurement; where it is absent the Trainer draws one from its physics. */
  y?: Tensor;
  /** Parameters of the physics that made `y` (for example `{ mask }`), given to `physics.update`. */
  params?: Record<string, Tensor>;
}

/** Options of {@link Dataset.get}. */
export interface GetOptions {
  /** Where a dataset that draws (random crops) takes its numbers from. */
  rng?: RandomSource;
}

/** Examples by index. Whoever calls `get` owns the tensors it returns and may dispose them. */
export interface Dataset {
  /** How many examples there are. */
  readonly length: number;
  /** The example at `index`, 0 <= index < length. */
  get(index: number, options?: GetOptions): Promise<Sample> | Sample;
}

/** Applies a function to every tensor of a sample. */
export function mapSample(sample: Sample, change: (tensor: Tensor) => Tensor): Sample {
  const result: Sample = {};
  if (sample.x) result.x = change(sample.x);
  if (sample.y) result.y = change(sample.y);
  if (sample.params)
    result.params = Object.fromEntries(Object.entries(sample.params).map(([name, value]) => [name, change(value)]));
  return result;
}

/** Every tensor of a sample. */
export function sampleTensors(sample: Sample): Tensor[] {
  return [sample.x, sample.y, ...Object.values(sample.params ?? {})].filter((value) => value !== undefined);
}

/** Frees every tensor of a sample. */
export function disposeSample(sample: Sample): void {
  for (const value of sampleTensors(sample)) value.dispose();
}
