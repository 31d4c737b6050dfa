// A plan over the epochs: first the measurements alone, then, from an epoch on, Stein's estimate with equivariance in
// their place.
//
//   npm run example -- scheduled
import { loss, nn, physics, Rng, transform } from "adjoint";
import { begin, conclude, denoiser, judge, learn, patches, photographs } from "../shared/index.mjs";

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
const inpainting = new physics.Inpainting({
  imgSize: [1, SIZE, SIZE],
  mask: 0.5,
  noiseModel: new physics.GaussianNoise({ sigma: SIGMA }),
  rng: new Rng(run.seed),
});

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
  scheduled: [
    new UntilEpoch(FIRST, [new loss.MCLoss()]),
    new loss.StepLossScheduler({ losses: [sure, equivariance], epochThresh: FIRST }),
  ],
};

const how = { physics: inpainting, data: test, seed: run.seed };
const before = await judge("measured", new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }), how);
const { trainers, results } = await learn(
  { ...run, steps: EPOCHS * epochSteps },
  plans,
  {
    model: (rng) => denoiser({ rng }),
    physics: inpainting,
    // The losses are given the photographs too and do not look at them.
    trainData: () => patches(training, { size: SIZE, steps: epochSteps, batchSize: BATCH }),
    batchSize: BATCH,
    // No report reaches over the end of an epoch.
    readEvery: Math.min(10, epochSteps),
    epochs: EPOCHS,
  },
  how,
);

const used = {};
for (const { epoch, active } of trainers.scheduled.history)
  for (const name of Object.keys(active ?? {})) (used[name] ??= []).push(epoch + 1);
await conclude(run, {
  title: "Losses by a plan",
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
