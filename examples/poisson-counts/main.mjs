// Photon counts: a denoiser learns from single noisy photographs, by Stein's estimate and by recorruption, against one
// that sees clean ones.
//
//   npm run example -- poisson-counts
import { loss, nn, physics } from "adjoint";
import { begin, conclude, denoiser, judge, learn, patches, photographs } from "../shared/index.mjs";

// White is 20 photons on the average, and the noise is the square root of what is counted.
const GAIN = 1 / 20;
const BATCH = 8;
/** The network has five convolutions of 3x3: pixels so far apart do not see one another. */
const SPACING = 6;

const run = await begin({
  name: "poisson-counts",
  about:
    "Poisson noise, 20 photons where the image is white: denoisers trained without ground truth, by SURE (its expansion in the gain, and exactly) and by R2R, against one trained with ground truth.",
  steps: 400,
});
const { training, test, names } = await photographs();
const counting = new physics.Denoising({ noiseModel: new physics.PoissonNoise({ gain: GAIN }) });

const how = { physics: counting, data: test, seed: run.seed };
const counted = await judge("counted", new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }), how);
const losses = {
  SURE: new loss.SurePoissonLoss({ gain: GAIN }),
  "exact SURE": new loss.SurePoissonLoss({ gain: GAIN, spacing: SPACING }),
  R2R: new loss.R2RLoss({ alpha: 0.2 }),
  supervised: new loss.SupLoss(),
};
const { trainers, results } = await learn(
  run,
  losses,
  {
    model: (rng) => denoiser({ rng }),
    physics: counting,
    trainData: () => patches(training, { size: 48, steps: run.steps, batchSize: BATCH }),
    batchSize: BATCH,
  },
  how,
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
