import { optim, Rng, train } from "adjoint";
import { progress } from "./begin.mjs";
import { evaluateModel } from "./evaluate-model.mjs";

const LEARNING_RATE = 2e-3;

const constant = () => LEARNING_RATE;

/**
 * Trains a network for each entry of `losses` (label to a Trainer's `losses`) with Adam and a cosine schedule, and
 * evaluates it. With the same seed, all start with the same weights and see the data in the same order.
 *
 * `model(rng, label)` makes the network, `trainData(label)` the data, `learningRate(label)` gives the learning rate;
 * other options go to the Trainer; `evaluation` is the last argument of `evaluateModel`. Returns the trainers by label
 * and the results, in order.
 */
export async function trainEach(run, losses, { model, trainData, learningRate = constant, ...options }, evaluation) {
  const trainers = {};
  const results = [];
  for (const [label, criterion] of Object.entries(losses)) {
    const rng = new Rng(run.seed);
    const network = await model(rng.fork(), label);
    const optimizer = new optim.Adam(network.parameters(), { lr: learningRate(label) });
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
    results.push(await evaluateModel(label, trainer.model, evaluation));
  }
  return { trainers, results };
}
