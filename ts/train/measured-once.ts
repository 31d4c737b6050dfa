import { type Dataset, disposeSample, type Measurement, MeasuredDataset } from "../data/index.js";
import type { PhysicsGenerator } from "../physics/index.js";
import { Rng } from "../random/index.js";
import { ArgumentError, checkObject } from "../runtime/index.js";
import type { AnyPhysics } from "./options.js";

/** What the first sample of a dataset has; all samples are taken to have the same. */
export interface SampleContent {
  readonly x: boolean;
  readonly y: boolean;
}

/**
 * Looks at the first sample, with a stream of its own.
 *
 * @throws ArgumentError `empty_data`; `missing_argument` where the sample has neither x nor y.
 */
export async function contentOf(dataset: Dataset<Measurement>, name: string): Promise<SampleContent> {
  if (dataset.length === 0) throw new ArgumentError(`Trainer: ${name} is empty.`, "empty_data");
  const sample = await dataset.get(0, { rng: new Rng(0) });
  checkObject("Trainer", `the first sample of ${name}`, sample);
  const content = { x: sample.x !== undefined, y: sample.y !== undefined };
  disposeSample(sample);
  if (content.x || content.y) return content;
  throw new ArgumentError(
    `Trainer: a sample of ${name} has neither x nor y, expected one at least: the ground truth, the measurement.`,
    "missing_argument",
  );
}

/** A dataset whose images are measured once; see {@link MeasuredDataset}. */
export function measuredOnce(options: {
  dataset: Dataset<Measurement>;
  physics: AnyPhysics;
  physicsGenerator: PhysicsGenerator | undefined;
  seed: number;
}): Dataset<Measurement> {
  const { physicsGenerator, ...rest } = options;
  return new MeasuredDataset<AnyPhysics>({ ...rest, ...(physicsGenerator ? { physicsGenerator } : {}) });
}
