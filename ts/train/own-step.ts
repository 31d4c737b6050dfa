import { disposeSample } from "../data/index.js";
import type { PlacedReport, Report } from "./loss-log.js";
import { imagesOf } from "./step.js";
import type { SourcedBatch, TrainingData } from "./training-data.js";

/** What a step tells. */
export interface StepDone {
  /** Of the batches that were taken here. */
  readonly reports: readonly PlacedReport[];
  /** Number of images of all batches. */
  readonly images: number;
}

/** Takes up to `count` batches and runs a step on them; `undefined` where the epoch has none left. */
export async function stepOnNext(
  data: TrainingData,
  count: number,
  run: (batches: readonly SourcedBatch[]) => Report[],
): Promise<StepDone | undefined> {
  const batches: SourcedBatch[] = [];
  try {
    while (batches.length < count) {
      const next = await data.next();
      if (!next) break;
      batches.push(next);
    }
    if (batches.length === 0) return undefined;
    for (const { source } of batches) source.model.train();
    const reports = run(batches).map((report, place) => ({ place, report }));
    return { reports, images: batches.reduce((sum, { batch }) => sum + imagesOf(batch), 0) };
  } finally {
    for (const { batch } of batches) disposeSample(batch);
  }
}
