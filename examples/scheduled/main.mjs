// Scheduled losses: measurement consistency in the first epochs, then Stein's risk estimate with equivariance instead.
//
//   npm run example -- scheduled
import { loss, nn, physics, Rng, transform } from "adjoint";
import { begin, conclude, denoiser, evaluateModel, trainEach, patches, photographs } from "../shared/index.mjs";

const SIZE = 64;
const BATCH = 8;
const SIGMA = 0.1;
const EPOCHS = 10;
// The last epoch of the first phase, counted from 0.
const LAST_FIRST = 1;

const run = await begin({
  name: "scheduled",
  about:
    "Inpainting with one fixed mask and noise: measurement consistency throughout, against a schedule that switches " +
    `to SURE with equivariance after epoch ${LAST_FIRST + 1} of ${EPOCHS}.`,
  steps: 400,
});

const epochSteps = Math.ceil(run.steps / EPOCHS);
const { training, test, names } = await photographs({ size: SIZE });
const inpainting = new physics.Inpainting({
  imgSize: [1, SIZE, SIZE],
  mask: 0.5,
  noiseModel: new physics.GaussianNoise({ sigma: SIGMA }),
  rng: new Rng(run.seed),
});

/** The counterpart of StepLossScheduler: uses its losses up to an epoch. */
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
const losses = {
  "consistency only": new loss.MCLoss(),
  scheduled: [
    new UntilEpoch(LAST_FIRST, [new loss.MCLoss()]),
    new loss.StepLossScheduler({ losses: [sure, equivariance], epochThresh: LAST_FIRST }),
  ],
};

const evaluation = { physics: inpainting, data: test, seed: run.seed };
const before = await evaluateModel(
  "measured",
  new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }),
  evaluation,
);
const { trainers, results } = await trainEach(
  { ...run, steps: EPOCHS * epochSteps },
  losses,
  {
    model: (rng) => denoiser({ rng }),
    physics: inpainting,
    // Each patch is measured once, by the Trainer. The losses are given the photographs too, but do not use them.
    trainData: () => patches(training, { size: SIZE, steps: epochSteps, batchSize: BATCH }),
    batchSize: BATCH,
    // No entry of the history spans two epochs.
    readEvery: Math.min(10, epochSteps),
    epochs: EPOCHS,
  },
  evaluation,
);

const used = {};
for (const { epoch, active } of trainers.scheduled.history)
  for (const name of Object.keys(active ?? {})) (used[name] ??= []).push(epoch + 1);
await conclude(run, {
  title: "Scheduled losses",
  names,
  results: [before, ...results],
  trainers,
  facts: Object.entries(used).map(
    ([name, epochs]) => `${name} was used in epochs ${Math.min(...epochs)} to ${Math.max(...epochs)}.`,
  ),
  numbers: {
    epochs: Object.fromEntries(
      Object.entries(used).map(([name, epochs]) => [name, [Math.min(...epochs), Math.max(...epochs)]]),
    ),
  },
  settings: {
    network: "DnCNN, depth 5, 24 features",
    batch: `${BATCH} patches of ${SIZE}x${SIZE}`,
    epochs: EPOCHS,
    optimiser: "Adam, learning rate 0.002, cosine schedule",
  },
});
