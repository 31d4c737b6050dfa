// A small training that writes all its files at each step, resumes what it finds, and ends: what soak.mjs and
// test/durability kill. Arguments: folder, steps.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { data, init, io, loss, nn, optim, physics, Rng, train } from "../../dist/node.js";

/** A training of `steps` steps with its files in a folder. */
export function makeTraining(folder, steps) {
  const rng = new Rng(7);
  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: rng.fork() });
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const images = new data.TensorDataset({ x: rng.fork().uniform([12, 1, 8, 8]) });
  const checkpoint = join(folder, "checkpoint.safetensors");
  const trainer = new train.Trainer({
    model,
    optimizer,
    physics: new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) }),
    losses: new loss.R2RLoss(),
    schedule: new optim.StepLR(optimizer, { stepSize: 10, gamma: 0.9 }),
    epochs: steps,
    maxSteps: steps,
    batchSize: 4,
    readEvery: 1,
    trainData: images,
    evalData: images,
    evalEvery: { steps: 5 },
    best: { path: join(folder, "best.safetensors"), metric: "PSNR" },
    ema: { decay: 0.9 },
    loggers: [new train.JsonLogger({ path: join(folder, "log.jsonl") })],
    checkpoint: { path: checkpoint, every: 1 },
    historyPath: join(folder, "history.jsonl"),
    onProgress: ({ step }) => process.stdout.write(`step ${step}\n`),
    rng,
  });
  return { trainer, checkpoint };
}

const [folder, steps] = process.argv.slice(2);
if (folder !== undefined && steps !== undefined) {
  await init({ device: "cpu" });
  const { trainer, checkpoint } = makeTraining(folder, Number(steps));
  if (existsSync(checkpoint)) await trainer.resume(checkpoint);
  process.stdout.write(`resumed at ${trainer.step}\n`);
  await trainer.train();
  await io.writeSafetensors(join(folder, "last.safetensors"), trainer.lastWeights());
  process.stdout.write(`ended at ${trainer.step}\n`);
}
