// Sharper than the mean: a deblurring network trained with a discriminator besides the squared error, against the same
// network without.
//
//   npm run example -- gan-deblur
import { loss, metric, nn, optim, physics, Rng, train } from "adjoint";
import { begin, conclude, denoiser, judge, patches, photographs, progress } from "../shared/index.mjs";

const BATCH = 8;

const run = await begin({
  name: "gan-deblur",
  about:
    "Gaussian blur with noise: a network trained on the squared error and a discriminator, against the same network trained on the squared error alone.",
  steps: 400,
});
const { training, test, names } = await photographs();
const blur = new physics.Blur({
  filter: physics.gaussianBlur({ sigma: 1.5 }),
  padding: "circular",
  noiseModel: new physics.GaussianNoise({ sigma: 0.01 }),
});

/**
 * How much detail an image has, relative to the ground truth: the ratio of the mean sizes of their gradients. 1 is as
 * sharp as the truth.
 */
class Sharpness extends metric.Metric {
  constructor() {
    super("Sharpness");
    this.lowerBetter = false;
  }

  metric(xNet, x) {
    return detail(xNet).div(detail(x));
  }
}

function detail(image) {
  const [right, down] = [3, 2].map((dim) => image.roll(-1, dim).sub(image).abs());
  return right.add(down).mean([1, 2, 3]);
}

const how = { physics: blur, data: test, seed: run.seed, metrics: [new metric.PSNR(), new Sharpness()] };
const results = [
  await judge("blurred", new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }), how),
];
const trainers = {};
for (const label of ["squared error", "with discriminator"]) {
  const rng = new Rng(run.seed);
  const model = denoiser({ depth: 6, nf: 24, rng: rng.fork() });
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
  const options = {
    model,
    physics: blur,
    losses: [new loss.SupLoss()],
    optimizer,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: run.steps }),
    scheduleEvery: "step",
    trainData: patches(training, { size: 48, steps: run.steps, batchSize: BATCH }),
    batchSize: BATCH,
    rng,
    onProgress: await progress(label),
  };
  const trainer = label === "squared error" ? new train.Trainer(options) : adversarial(options);
  await trainer.train();
  trainers[label] = trainer;
  results.push(await judge(label, trainer.model, how));
}

/** The same training with a second network, which learns to tell reconstructions from photographs. */
function adversarial(options) {
  const D = new nn.PatchGANDiscriminator({
    inputNc: 1,
    ndf: 32,
    nLayers: 1,
    batchNorm: false,
    rng: options.rng.fork(),
  });
  return new train.AdversarialTrainer({
    ...options,
    losses: [new loss.SupLoss(), new loss.adversarial.SupAdversarialGeneratorLoss({ weightAdv: 0.01 })],
    D,
    lossesD: new loss.adversarial.SupAdversarialDiscriminatorLoss(),
    optimizerD: new optim.Adam(D.parameters(), { lr: 1e-3, betas: [0.5, 0.999] }),
  });
}

await conclude(run, {
  title: "Deblurring with a discriminator",
  names,
  results,
  trainers,
  facts: [
    "Sharpness is the mean size of the gradients relative to the ground truth's: 1 is as much detail as the truth has.",
  ],
  settings: {
    network: "DnCNN, depth 6, 24 features",
    discriminator: "PatchGAN, 32 features, least-squares flavour",
    batch: `${BATCH} patches of 48x48`,
  },
});
