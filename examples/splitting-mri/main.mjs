// Accelerated MRI without a single fully sampled scan: a network learns to predict one part of each scan from the rest.
//
//   npm run example -- splitting-mri
import { cat, data, loss, metric, nn, optim, physics, Rng, train, zeros } from "adjoint";
import {
  begin,
  ColumnSplittingMaskGenerator,
  complexPhantom,
  conclude,
  ConsistentMoDL,
  evaluateModel,
  progress,
  testImages,
} from "../shared/index.mjs";

const SIZE = 64;
const SCANS = 300;
const BATCH = 4;
const SIGMA = 0.01;

const run = await begin({
  name: "splitting-mri",
  about:
    "Accelerated MRI (one k-space column in three, noise 0.01): a network trained by splitting the measurements, " +
    "against one trained with ground truth.",
  steps: 2500,
});

// A scan is an image with a smooth phase, measured once through a random mask of its own, as in a hospital.
const imgSize = [2, SIZE, SIZE];
const masks = new physics.GaussianMaskGenerator({ imgSize, acceleration: 3 });
const mri = new physics.MRI({ imgSize, noiseModel: new physics.GaussianNoise({ sigma: SIGMA }) });
const rng = new Rng(run.seed);
const training = measured(Array.from({ length: SCANS }, () => complexPhantom(rng, SIZE)));
const test = measured([
  cat([await testImages("mr_slice"), zeros([1, 1, SIZE, SIZE])], 1),
  ...Array.from({ length: 4 }, () => complexPhantom(rng, SIZE)),
]);
const names = ["MR slice", "phantom 1", "phantom 2", "phantom 3", "phantom 4"];

/** An unrolled network whose denoiser starts as the identity, which shortens the training. */
function network(rng) {
  const denoiser = new nn.DnCNN({ inChannels: 2, outChannels: 2, depth: 4, nf: 24, rng });
  denoiser.outConv.weight.assign_(zeros(denoiser.outConv.weight.shape));
  return new ConsistentMoDL({ denoiser, numIter: 2, weight: 20 });
}

// The masks hide whole columns, and so does the split: a network that only ever had to predict points of columns that
// it sees would not learn what to make of the others.
const maskGenerator = new ColumnSplittingMaskGenerator({ splitRatio: 0.8, masks: training.params.mask });
const splitting = await fit("splitting", new loss.SplittingLoss({ maskGenerator, evalSplitInput: false }), {
  y: training.y,
  params: training.params,
});
const supervised = await fit("supervised", new loss.SupLoss(), training);

/** Trains a network from the same initial weights as the others. */
async function fit(label, losses, samples) {
  const rng = new Rng(run.seed + 1);
  const model = network(rng.fork());
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
  const trainer = new train.Trainer({
    model,
    physics: mri,
    losses,
    optimizer,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: run.steps }),
    scheduleEvery: "step",
    trainData: new data.TensorDataset(samples),
    batchSize: BATCH,
    epochs: run.steps,
    maxSteps: run.steps,
    rng,
    onProgress: await progress(label),
  });
  await trainer.train();
  return trainer;
}

const evaluation = {
  physics: mri,
  data: new data.TensorDataset(test),
  seed: run.seed,
  metrics: [new metric.PSNR({ complexAbs: true })],
};
const results = [
  await evaluateModel(
    "zero-filled",
    new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "adjoint" }),
    evaluation,
  ),
  await evaluateModel("splitting", splitting.model, evaluation),
  await evaluateModel("supervised", supervised.model, evaluation),
];
await conclude(run, {
  title: "MRI learnt from accelerated scans alone",
  names,
  results,
  trainers: { splitting, supervised },
  settings: {
    network: "MoDL, 2 iterations, DnCNN of depth 4 with 24 features",
    "training scans": SCANS,
    batch: BATCH,
    optimiser: "Adam, learning rate 0.002, cosine schedule",
  },
  show: (image) => image.square().sum(1, true).sqrt(),
});

/** Ground truth, masks and measurements of some images. */
function measured(images) {
  const x = cat(images, 0);
  const { mask } = masks.step(images.length, { rng });
  return { x, y: mri.forward(x, { mask, rng }), params: { mask } };
}
