import { disposeSample } from "../data/index.js";
import { TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import { Pictures } from "./pictures.js";
import type { ReportFigure } from "./report.js";
import { measure, physicsOf, reconstruct } from "./step.js";
import type { TrainingData } from "./training-data.js";

/** The first training image as the model restores it now: what a report shows where there is no evaluation. */
export async function trainingFigures(data: TrainingData, step: number, rng: RandomSource): Promise<ReportFigure[]> {
  const { batch, source } = await data.first(rng);
  const { model, physicsGenerator } = source;
  const training = model.training;
  model.eval();
  let made: Tensor[] = [];
  try {
    made = noGrad(() =>
      tidy(() => {
        const physics = physicsOf(batch, source.physics, rng, physicsGenerator);
        const y = measure(batch, physics, rng);
        // Copies: a measurement of the batch is not new.
        return [reconstruct(model, y, physics, rng).clone(), (y instanceof TensorList ? y.at(0) : y).clone()];
      }),
    );
    const [xNet, y] = made as [Tensor, Tensor];
    const pictures = new Pictures("First training image");
    await pictures.take(step, { ...(batch.x ? { x: batch.x } : {}), y, xNet });
    return await pictures.figures();
  } finally {
    model.train(training);
    disposeSample(batch);
    for (const value of made) value.dispose();
  }
}
