// Inpainting without a single complete image: a network and a discriminator learn from incomplete measurements alone
// (UAIR).
//
//   npm run example -- unsupervised-gan
import { data, loss, nn, optim, physics, Rng, train } from "adjoint";
import { begin, conclude, crops, denoiser, evaluateModel, photographs, progress } from "../shared/index.mjs";

const SIZE = 32;
const COUNT = 1024;
const BATCH = 16;

const run = await begin({
  name: "unsupervised-gan",
  about:
    "Inpainting with half of the pixels missing, different ones in each image: an adversarial training on these " +
    "measurements alone, against one with ground truth.",
  steps: 400,
});

// Each patch is measured once, through a mask of its own.
const rng = new Rng(run.seed);
const { training, test, names } = await photographs();
const masks = new physics.BernoulliSplittingMaskGenerator({ imgSize: [1, SIZE, SIZE], splitRatio: 0.5 });
const inpainting = new physics.Inpainting({ imgSize: [1, SIZE, SIZE] });
const x = await crops(training, { size: SIZE, count: COUNT, rng });
const { mask } = masks.step(COUNT, { rng });
const samples = { y: inpainting.forward(x, { mask, rng }), params: { mask } };

async function options(label, trainData) {
  const rng = new Rng(run.seed);
  const model = denoiser({ rng: rng.fork() });
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const schedule = {
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: run.steps }),
    scheduleEvery: "step",
    epochs: run.steps,
    maxSteps: run.steps,
  };
  return {
    model,
    physics: inpainting,
    optimizer,
    ...schedule,
    trainData: new data.TensorDataset(trainData),
    batchSize: BATCH,
    rng,
    onProgress: await progress(label),
  };
}

// The reconstruction is measured again through another mask: the discriminator compares the inpainted pixels with
// measured ones.
const D = new nn.PatchGANDiscriminator({
  inputNc: 1,
  ndf: 32,
  nLayers: 1,
  batchNorm: false,
  rng: new Rng(run.seed + 1),
});
const adversarial = new train.AdversarialTrainer({
  ...(await options("adversarial", samples)),
  losses: new loss.adversarial.UAIRGeneratorLoss({ weightAdv: 0.05, physicsGenerator: masks }),
  D,
  lossesD: new loss.adversarial.UAIRDiscriminatorLoss({ physicsGenerator: masks }),
  optimizerD: new optim.Adam(D.parameters(), { lr: 1e-3, betas: [0.5, 0.999] }),
});
await adversarial.train();

const supervised = new train.Trainer({
  ...(await options("supervised", { ...samples, x })),
  losses: new loss.SupLoss(),
});
await supervised.train();

const whole = new physics.Inpainting({ imgSize: [1, 256, 256], mask: 0.5, rng: new Rng(run.seed + 2) });
const evaluation = { physics: whole, data: test, seed: run.seed };
const results = [
  await evaluateModel(
    "measured",
    new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }),
    evaluation,
  ),
  await evaluateModel("adversarial", adversarial.model, evaluation),
  await evaluateModel("supervised", supervised.model, evaluation),
];
await conclude(run, {
  title: "Inpainting learnt from incomplete images alone",
  names,
  results,
  trainers: { adversarial, supervised },
  settings: {
    network: "DnCNN, depth 5, 24 features",
    discriminator: "PatchGAN, 32 features, least-squares flavour",
    "training patches": COUNT,
    batch: BATCH,
  },
});
