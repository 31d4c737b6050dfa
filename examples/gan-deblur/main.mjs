// Sharper than the mean: a deblurring network trained with the squared error and a discriminator, against the same
// network without the discriminator.
//
//   npm run example -- gan-deblur
import { loss, metric, nn, optim, physics, Rng, train } from "adjoint";
import { begin, conclude, denoiser, evaluateModel, patches, photographs, progress } from "../shared/index.mjs";

const BATCH = 8;

const run = await begin({
  name: "gan-deblur",
  about:
    "Gaussian blur with noise: a network trained with the squared error and a discriminator, " +
    "against the same network trained with the squared error alone.",
  steps: 400,
});
const { training, test, names } = await photographs();
const blur = new physics.Blur({
  filter: physics.gaussianBlur({ sigma: 1.5 }),
  padding: "circular",
  noiseModel: new physics.GaussianNoise({ sigma: 0.01 }),
});

/** Mean absolute gradient of an image, relative to that of the ground truth: 1 is as sharp as the truth. */
class Sharpness extends metric.Metric {
  constructor() {
    super("Sharpness");
    this.lowerBetter = false;
  }

  metric(xNet, x) {
    return meanGradient(xNet).div(meanGradient(x));
  }
}

/** Mean absolute differences of neighbouring pixels, `[B]`. */
function meanGradient(image) {
  const [right, down] = [3, 2].map((dim) => image.roll(-1, dim).sub(image).abs());
  return right.add(down).mean([1, 2, 3]);
}

const evaluation = { physics: blur, data: test, seed: run.seed, metrics: [new metric.PSNR(), new Sharpness()] };
const results = [
  await evaluateModel(
    "blurred",
    new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }),
    evaluation,
  ),
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
    trainData: patches(training, { size: 48, steps: run.steps, batchSize: BATCH, physics: blur, seed: run.seed }),
    batchSize: BATCH,
    rng,
    onProgress: await progress(label),
  };
  const trainer = label === "squared error" ? new train.Trainer(options) : adversarial(options);
  await trainer.train();
  trainers[label] = trainer;
  results.push(await evaluateModel(label, trainer.model, evaluation));
}

/** The same training with a discriminator, which learns to distinguish reconstructions from photographs. */
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
  facts: ["Sharpness is the mean absolute gradient relative to that of the ground truth: 1 is as sharp as the truth."],
  settings: {
    network: "DnCNN, depth 6, 24 features",
    discriminator: "PatchGAN, 32 features, least-squares flavour",
    batch: `${BATCH} patches of 48x48`,
  },
});
