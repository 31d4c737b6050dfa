// A plan over the epochs: first the measurements alone, then, from an epoch on, Stein's estimate with equivariance in their place.
//
//   npm run example -- scheduled
import { loss, nn, optim, physics, Rng, train, transform } from "adjoint";
import { begin, conclude, denoiser, judge, patches, photographs, progress } from "../shared/index.mjs";

const SIZE = 64;
const BATCH = 4;
const SIGMA = 0.1;
const EPOCHS = 10;
// The last epoch of the first phase, counted from 0.
const FIRST = 1;

const run = await begin({
  name: "scheduled",
  about: `Inpainting with one fixed mask and noise: measurement consistency all the time, against a plan that goes over to SURE with equivariance after epoch ${FIRST + 1} of ${EPOCHS}.`,
  steps: 400,
});

const epochSteps = Math.ceil(run.steps / EPOCHS);
const { training, test, names } = await photographs({ size: SIZE });
const inpainting = new physics.Inpainting({ imgSize: [1, SIZE, SIZE], mask: 0.5, noiseModel: new physics.GaussianNoise({ sigma: SIGMA }), rng: new Rng(run.seed) });

/** The counterpart of StepLossScheduler: its losses are used up to an epoch. */
class UntilEpoch extends loss.BaseLossScheduler {
  constructor(last, losses) {
    super({ losses });
    this.last = last;
  }

  schedule({ epoch }) {
    return epoch <= this.last ? this.losses : [];
  }
}

const sure = new loss.SureGaussianLoss({ sigma: SIGMA });
const equivariance = new loss.EILoss({ transform: new transform.Shift() });
const plans = {
  "consistency only": new loss.MCLoss(),
  scheduled: [new UntilEpoch(FIRST, [new loss.MCLoss()]), new loss.StepLossScheduler({ losses: [sure, equivariance], epochThresh: FIRST })],
};

const how = { physics: inpainting, data: test, seed: run.seed };
const results = [await judge("measured", new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }), how)];
const trainers = {};
for (const [label, losses] of Object.entries(plans)) {
  const rng = new Rng(run.seed);
  const model = denoiser({ rng: rng.fork() });
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
  const trainer = new train.Trainer({
    model,
    physics: inpainting,
    losses,
    optimizer,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: EPOCHS * epochSteps }),
    scheduleEvery: "step",
    // The losses are given the photographs too and do not look at them.
    trainData: patches(training, { size: SIZE, steps: epochSteps, batchSize: BATCH }),
    batchSize: BATCH,
    // No report reaches over the end of an epoch.
    readEvery: Math.min(10, epochSteps),
    epochs: EPOCHS,
    rng,
    onProgress: await progress(label),
  });
  await trainer.train();
  trainers[label] = trainer;
  results.push(await judge(label, trainer.model, how));
}

const used = {};
for (const { epoch, active } of trainers.scheduled.history) for (const name of Object.keys(active ?? {})) (used[name] ??= []).push(epoch + 1);
await conclude(run, {
  title: "Losses by a plan",
  names,
  results,
  trainers,
  facts: Object.entries(used).map(([name, epochs]) => `${name} was used in epochs ${Math.min(...epochs)} to ${Math.max(...epochs)}.`),
  numbers: { epochs: Object.fromEntries(Object.entries(used).map(([name, epochs]) => [name, [Math.min(...epochs), Math.max(...epochs)]])) },
  settings: { network: "DnCNN, depth 5, 24 features", batch: `${BATCH} patches of ${SIZE}x${SIZE}`, epochs: EPOCHS, optimiser: "Adam, learning rate 0.002, cosine schedule" },
});
