// One fixed mask hides the same pixels of every image. Shifted images are images too: equivariance to shifts is enough
// to learn what is behind the mask.
//
//   npm run example -- equivariant-inpainting
import { data, loss, nn, physics, Rng, transform } from "adjoint";
import { begin, conclude, crops, denoiser, evaluateModel, trainEach, mean, photographs } from "../shared/index.mjs";

const SIZE = 64;
const COUNT = 400;
const BATCH = 4;

const run = await begin({
  name: "equivariant-inpainting",
  about:
    "Inpainting with one fixed mask that hides half of the pixels: measurement consistency alone, " +
    "with equivariance to shifts, and with ground truth.",
  steps: 400,
});

const rng = new Rng(run.seed);
const { training, test, names } = await photographs({ size: SIZE });
const inpainting = new physics.Inpainting({ imgSize: [1, SIZE, SIZE], mask: 0.5, rng: rng.fork() });
const x = await crops(training, { size: SIZE, count: COUNT, rng });
const y = inpainting.forward(x);

const evaluation = { physics: inpainting, data: test, seed: run.seed };
const before = await evaluateModel(
  "measured",
  new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }),
  evaluation,
);
const equivariance = new loss.EILoss({ transform: new transform.Shift() });
const losses = {
  "consistency only": new loss.MCLoss(),
  equivariant: [new loss.MCLoss(), equivariance],
  supervised: new loss.SupLoss(),
};
const { trainers, results } = await trainEach(
  run,
  losses,
  {
    model: (rng) => denoiser({ rng }),
    physics: inpainting,
    trainData: (label) => new data.TensorDataset(label === "supervised" ? { x, y } : { y }),
    batchSize: BATCH,
    epochs: run.steps,
    maxSteps: run.steps,
  },
  evaluation,
);

const [consistent, equivariant, supervised] = results.map(({ values }) => mean(values.PSNR));
const closed = (100 * (equivariant - consistent)) / (supervised - consistent);
await conclude(run, {
  title: "Inpainting with one fixed mask, without ground truth",
  names,
  results: [before, ...results],
  trainers,
  facts: [
    `Equivariance closes ${closed.toFixed(0)} % of the gap between measurement consistency ` +
      `(${consistent.toFixed(2)} dB) and ground truth (${supervised.toFixed(2)} dB).`,
  ],
  numbers: { closed },
  settings: {
    network: "DnCNN, depth 5, 24 features",
    "training patches": COUNT,
    batch: BATCH,
    optimiser: "Adam, learning rate 0.002, cosine schedule",
  },
});
