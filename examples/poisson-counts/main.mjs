// Photon counts: denoisers trained on single noisy photographs, with Stein's risk estimate and with recorruption,
// against one trained on clean photographs.
//
//   npm run example -- poisson-counts
import { loss, nn, physics } from "adjoint";
import { begin, conclude, denoiser, evaluateModel, trainEach, patches, photographs } from "../shared/index.mjs";

// White is 20 photons on average; the standard deviation of a count is its square root.
const GAIN = 1 / 20;
const BATCH = 8;
/** The network has five 3x3 convolutions: pixels this far apart are outside each other's receptive field. */
const SPACING = 6;

const run = await begin({
  name: "poisson-counts",
  about:
    "Poisson noise, 20 photons where the image is white: denoisers trained without ground truth, by SURE " +
    "(its expansion in the gain, and exactly) and by R2R, against one trained with ground truth.",
  steps: 400,
});
const { training, test, names } = await photographs();
const counting = new physics.Denoising({ noiseModel: new physics.PoissonNoise({ gain: GAIN }) });

const evaluation = { physics: counting, data: test, seed: run.seed };
const counted = await evaluateModel(
  "counted",
  new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }),
  evaluation,
);
const losses = {
  SURE: new loss.SurePoissonLoss({ gain: GAIN }),
  "exact SURE": new loss.SurePoissonLoss({ gain: GAIN, spacing: SPACING }),
  R2R: new loss.R2RLoss({ alpha: 0.2 }),
  supervised: new loss.SupLoss(),
};
const { trainers, results } = await trainEach(
  run,
  losses,
  {
    model: (rng) => denoiser({ rng }),
    physics: counting,
    trainData: () =>
      patches(training, { size: 48, steps: run.steps, batchSize: BATCH, physics: counting, seed: run.seed }),
    batchSize: BATCH,
  },
  evaluation,
);

await conclude(run, {
  title: "Denoising photon counts without ground truth",
  names,
  results: [counted, ...results],
  trainers,
  settings: {
    network: "DnCNN, depth 5, 24 features",
    batch: `${BATCH} patches of 48x48`,
    optimiser: "Adam, learning rate 0.002, cosine schedule",
  },
});
