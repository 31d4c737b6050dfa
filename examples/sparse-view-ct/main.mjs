// Tomography from few angles, without ground truth: a rotated body is a body too, and the scanner sees it from other
// angles.
//
//   npm run example -- sparse-view-ct
import { cat, data, linspace, loss, nn, physics, Rng, transform } from "adjoint";
import {
  begin,
  conclude,
  denoiser,
  evaluateModel,
  trainEach,
  mean,
  phantom,
  testImages,
  Unrolled,
} from "../shared/index.mjs";

const SIZE = 64;
const ANGLES = 25;
const COUNT = 90;
const BATCH = 4;

const run = await begin({
  name: "sparse-view-ct",
  about:
    `Tomography from ${ANGLES} angles: filtered back-projection, and unrolled networks, trained with ` +
    "measurement consistency and equivariance to rotations and reflections, or with ground truth.",
  steps: 1000,
});

const rng = new Rng(run.seed);
// An odd number of angles, a quarter of a gap from 0: those of rotated and reflected bodies lie between them, evenly
// spaced.
const angles = Array.from({ length: ANGLES }, (_, i) => (180 * (i + 1 / 4)) / ANGLES);
const tomography = new physics.Tomography({ angles, imgWidth: SIZE, circle: true, fbp: true });
const x = cat(
  Array.from({ length: COUNT }, () => phantom(rng, SIZE)),
  0,
);
const y = tomography.forward(x);
const names = ["CT slice", "phantom 1", "phantom 2", "phantom 3"];
const test = new data.TensorDataset({ x: cat([await slice(), ...names.slice(1).map(() => phantom(rng, SIZE))], 0) });

/** The CT slice at half its size, zero outside the scanner's circle. */
async function slice() {
  const ramp = linspace(-1, 1, SIZE);
  const inside = ramp.square().reshape([SIZE, 1]).add(ramp.square()).le(1);
  return nn.functional.avgPool2d(await testImages("ct_slice"), 2).mul(inside);
}

const evaluation = { physics: tomography, data: test, seed: run.seed };
const backProjection = await evaluateModel(
  "back-projection",
  new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "pinv" }),
  evaluation,
);
// Rotations by 90 degrees and reflections need no interpolation. The transformed image is only a target: the network
// must not make images that are easier to reconstruct.
const equivariance = [new transform.Rotate({ multiples: 90, positive: true }), new transform.Reflect()].map(
  (each) => new loss.EILoss({ transform: each, noGrad: true }),
);
const losses = {
  equivariant: [{ loss: new loss.MCLoss(), weight: 10 }, ...equivariance],
  supervised: new loss.SupLoss(),
};
const { trainers, results } = await trainEach(
  run,
  losses,
  {
    model: (rng) => new Unrolled({ denoiser: denoiser({ depth: 6, rng }), numIter: 1, weight: 100, maxIter: 5 }),
    physics: tomography,
    trainData: (label) => new data.TensorDataset(label === "supervised" ? { x, y } : { y }),
    batchSize: BATCH,
    epochs: run.steps,
    maxSteps: run.steps,
  },
  evaluation,
);

const [before, equivariant, supervised] = [backProjection, ...results].map(({ values }) => mean(values.PSNR));
await conclude(run, {
  title: "Sparse-view tomography without ground truth",
  names,
  results: [backProjection, ...results],
  trainers,
  facts: [
    `Equivariance gains ${(equivariant - before).toFixed(2)} dB over back-projection, ` +
      `ground truth ${(supervised - before).toFixed(2)} dB.`,
  ],
  numbers: { gained: equivariant - before },
  settings: {
    network: "filtered back-projection, DnCNN of depth 6 with 24 features, data consistency",
    "training phantoms": COUNT,
    batch: BATCH,
  },
});
