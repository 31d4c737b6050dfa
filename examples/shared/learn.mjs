import { optim, Rng, train } from "adjoint";
import { progress } from "./begin.mjs";
import { judge } from "./judge.mjs";

/** Learning rate of the examples' trainings. */
const RATE = 2e-3;

/**
 * Trains a network once for each entry of `losses` (label to what a Trainer takes) with Adam and a cosine schedule, and
 * judges it. The same seed gives each the same initial weights and the same order of the data.
 *
 * `model(rng)` makes the untrained network, `trainData(label)` the data; `how` is what `judge` takes; all else goes to
 * the Trainer. Returns the trainers by label and the results, in order.
 */
export async function learn(run, losses, { model, trainData, ...options }, how) {
  const trainers = {};
  const results = [];
  for (const [label, criterion] of Object.entries(losses)) {
    const rng = new Rng(run.seed);
    const network = model(rng.fork());
    const optimizer = new optim.Adam(network.parameters(), { lr: RATE });
    const trainer = new train.Trainer({
      model: network,
      losses: criterion,
      optimizer,
      schedule: new optim.CosineAnnealingLR(optimizer, { tMax: run.steps }),
      scheduleEvery: "step",
      trainData: trainData(label),
      rng,
      onProgress: await progress(label),
      ...options,
    });
    await trainer.train();
    trainers[label] = trainer;
    results.push(await judge(label, trainer.model, how));
  }
  return { trainers, results };
}
