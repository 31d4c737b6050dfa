// Noise of unknown level: UNSURE learns the level and the denoiser together, from noisy photographs alone.
//
//   npm run example -- unknown-noise [--sigma S]
import { loss, nn, physics } from "adjoint";
import { begin, conclude, denoiser, evaluateModel, trainEach, patches, photographs } from "../shared/index.mjs";

const GUESS = 0.05;
const BATCH = 8;

const run = await begin({
  name: "unknown-noise",
  about:
    "Gaussian noise of unknown level: UNSURE estimates it while it trains a denoiser, " +
    "against SURE with a wrong level and SURE with the right one.",
  steps: 400,
  numbers: { sigma: [0.2, "noise level, which UNSURE is not given"] },
});
const SIGMA = run.sigma;
const { training, test, names } = await photographs();
const noisy = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: SIGMA }) });

const evaluation = { physics: noisy, data: test, seed: run.seed };
const before = await evaluateModel(
  "noisy",
  new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }),
  evaluation,
);
const unsure = new loss.SureGaussianLoss({ sigma: GUESS, unsure: true, stepSize: 5e-4, momentum: 0.9 });
const losses = {
  [`SURE, told ${GUESS}`]: new loss.SureGaussianLoss({ sigma: GUESS }),
  [`UNSURE, from ${GUESS}`]: unsure,
  [`SURE, told ${SIGMA}`]: new loss.SureGaussianLoss({ sigma: SIGMA }),
};
const { trainers, results } = await trainEach(
  run,
  losses,
  {
    model: (rng) => denoiser({ rng }),
    physics: noisy,
    trainData: () =>
      patches(training, { size: 48, steps: run.steps, batchSize: BATCH, physics: noisy, seed: run.seed }),
    batchSize: BATCH,
  },
  evaluation,
);

const found = Math.sqrt(typeof unsure.sigma2 === "number" ? unsure.sigma2 : await unsure.sigma2.item());
const off = (100 * (found - SIGMA)) / SIGMA;
await conclude(run, {
  title: "A noise level found while training",
  names,
  results: [before, ...results],
  trainers,
  facts: [
    `UNSURE began with a noise level of ${GUESS} and found ${found.toFixed(4)}; ` +
      `it is ${SIGMA} (${off < 0 ? "" : "+"}${off.toFixed(1)} %).`,
    "Its optimum, sigma^2 / (1 - error / sigma^2), is too high, as no network separates image and noise perfectly; " +
      "the less noise, the more so.",
  ],
  numbers: { sigma: SIGMA, guess: GUESS, found },
  settings: {
    network: "DnCNN, depth 5, 24 features",
    batch: `${BATCH} patches of 48x48`,
    optimiser: "Adam, learning rate 0.002, cosine schedule",
  },
});
