// Photon counts: a denoiser learns from single noisy photographs, by Stein's estimate and by recorruption, against one that sees clean ones.
//
//   npm run example -- poisson-counts
import { loss, nn, optim, physics, Rng, train } from "adjoint";
import { begin, conclude, denoiser, judge, patches, photographs, progress } from "../shared/index.mjs";

// White is 20 photons on the average, and the noise is the square root of what is counted.
const GAIN = 1 / 20;
const BATCH = 8;

const run = await begin({
  name: "poisson-counts",
  about: "Poisson noise, 20 photons where the image is white: denoisers trained without ground truth, by SURE and by R2R, against one trained with ground truth.",
  steps: 400,
});
const { training, test, names } = await photographs();
const counting = new physics.Denoising({ noiseModel: new physics.PoissonNoise({ gain: GAIN }) });

const results = [await judge("counted", new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }), { physics: counting, data: test, seed: run.seed })];
const trainers = {};
const losses = { SURE: new loss.SurePoissonLoss({ gain: GAIN }), R2R: new loss.R2RLoss({ alpha: 0.2 }), supervised: new loss.SupLoss() };
for (const [label, criterion] of Object.entries(losses)) {
  const rng = new Rng(run.seed);
  const model = denoiser({ rng: rng.fork() });
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
  const trainer = new train.Trainer({
    model,
    physics: counting,
    losses: criterion,
    optimizer,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: run.steps }),
    scheduleEvery: "step",
    trainData: patches(training, { size: 48, steps: run.steps, batchSize: BATCH }),
    batchSize: BATCH,
    rng,
    onProgress: await progress(label),
  });
  await trainer.train();
  trainers[label] = trainer;
  results.push(await judge(label, trainer.model, { physics: counting, data: test, seed: run.seed }));
}

await conclude(run, {
  title: "Denoising photon counts without ground truth",
  names,
  results,
  trainers,
  settings: { network: "DnCNN, depth 5, 24 features", batch: `${BATCH} patches of 48x48`, optimiser: "Adam, learning rate 0.002, cosine schedule" },
});
