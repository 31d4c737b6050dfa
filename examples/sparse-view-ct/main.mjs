// Tomography from few angles, without ground truth: a rotated body is a body too, and the scanner sees it from other
// angles.
//
//   npm run example -- sparse-view-ct
import { cat, data, linspace, loss, nn, physics, Rng, transform } from "adjoint";
import { begin, conclude, denoiser, evaluateModel, trainEach, mean, phantom, testImages } from "../shared/index.mjs";

const SIZE = 64;
const ANGLES = 15;
const COUNT = 64;
const BATCH = 4;

const run = await begin({
  name: "sparse-view-ct",
  about:
    `Tomography from ${ANGLES} angles: filtered back-projection, and networks that correct it, trained with ` +
    "measurement consistency and equivariance to rotations, or with ground truth.",
  steps: 300,
});

const rng = new Rng(run.seed);
const tomography = new physics.Tomography({ angles: ANGLES, imgWidth: SIZE, circle: true, fbp: true });
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
// Rotations by 90 degrees need no interpolation. The number of angles is odd, so that rotated angles lie between those
// measured.
const equivariance = new loss.EILoss({ transform: new transform.Rotate({ multiples: 90, positive: true }) });
// The operator has norm 1 and attenuates fine detail: without a weight, equivariance would smooth it away.
const losses = { equivariant: [{ loss: new loss.MCLoss(), weight: 10 }, equivariance], supervised: new loss.SupLoss() };
const { trainers, results } = await trainEach(
  run,
  losses,
  {
    model: (rng) => new nn.ArtifactRemoval({ backboneNet: denoiser({ depth: 6, rng }), mode: "pinv" }),
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
    network: "DnCNN, depth 6, 24 features, on the filtered back-projection",
    "training phantoms": COUNT,
    batch: BATCH,
  },
});
