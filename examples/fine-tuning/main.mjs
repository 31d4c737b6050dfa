// Fine-tuning: a network that was trained elsewhere learns further from one's own noisy photographs, without ground
// truth, against the same network trained from nothing with the same number of steps.
//
//   npm run example -- fine-tuning
import { data, denoise, loss, nn, physics } from "adjoint";
import { begin, conclude, evaluateModel, mean, patches, photographs, trainEach } from "../shared/index.mjs";

const SIGMA = 0.2;
const BATCH = 4;
const SIZE = 48;
// Weights that are good already take smaller steps.
const LEARNING_RATES = { tuned: 2e-4, new: 2e-3 };

const run = await begin({
  name: "fine-tuning",
  about:
    "Gaussian noise of level 0.2: the start network of the package as it came, and trained further by SURE, R2R and " +
    "splitting on ten noisy photographs, or on the pictures at hand alone (zero-shot), against random weights.",
  steps: 100,
});
const { training, test, names } = await photographs();
const denoising = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: SIGMA }) });
// Measured once: the pictures that zero-shot learns from are those that it is judged by.
const noisy = new data.MeasuredDataset({ dataset: test, physics: denoising, seed: run.seed });
const evaluation = { physics: denoising, data: noisy, seed: run.seed };

const start = async (rng, label) => await denoise.startNetwork({ pretrained: !label.endsWith("from nothing"), rng });
const asCame = [
  await evaluateModel("noisy", new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }), evaluation),
  await evaluateModel("as it came", await denoise.startNetwork(), evaluation),
];

const methods = {
  SURE: () => new loss.SureGaussianLoss({ sigma: SIGMA }),
  R2R: () => new loss.R2RLoss({ alpha: 0.2 }),
  splitting: () => new loss.SplittingLoss({ splitRatio: 0.8 }),
  "zero-shot SURE": () => new loss.SureGaussianLoss({ sigma: SIGMA }),
};
const losses = Object.fromEntries(
  Object.entries(methods).flatMap(([name, make]) => [
    [`${name}, fine-tuned`, make()],
    [`${name}, from nothing`, make()],
  ]),
);
const cut = { size: SIZE, steps: run.steps, batchSize: BATCH };
const { trainers, results } = await trainEach(
  run,
  losses,
  {
    model: start,
    physics: denoising,
    learningRate: (label) => LEARNING_RATES[label.endsWith("fine-tuned") ? "tuned" : "new"],
    trainData: (label) =>
      label.startsWith("zero-shot")
        ? patches(noisy, cut)
        : patches(training, { ...cut, physics: denoising, seed: run.seed }),
    batchSize: BATCH,
  },
  evaluation,
);

const psnr = (label) => mean([...asCame, ...results].find((each) => each.label === label).values.PSNR);
const gains = Object.fromEntries(
  Object.keys(methods).map((name) => [name, psnr(`${name}, fine-tuned`) - psnr(`${name}, from nothing`)]),
);
await conclude(run, {
  title: "Fine-tuning without ground truth",
  names,
  results: [...asCame, ...results],
  trainers,
  facts: Object.entries(gains).map(
    ([name, gain]) =>
      `${name}: fine-tuning is ${gain.toFixed(2)} dB above training from nothing with the same steps, ` +
      `${(psnr(`${name}, fine-tuned`) - psnr("as it came")).toFixed(2)} dB above the network as it came.`,
  ),
  numbers: { gains },
  settings: {
    network: "the start network of the package, 420,000 weights",
    batch: `${BATCH} patches of ${SIZE}x${SIZE}`,
    optimiser: `Adam, learning rate ${LEARNING_RATES.tuned} (fine-tuned) and ${LEARNING_RATES.new}, cosine schedule`,
  },
});
