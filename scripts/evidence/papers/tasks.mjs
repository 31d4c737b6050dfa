// The tasks of `npm run evidence -- papers`, as data that both programs read: an object with a `name` is made of the
// class of that name, here with these options, in deepinv with the same in snake case; `{ tensor: name }` is a tensor
// of the task's file of measurements. `only: "adjoint"` marks what deepinv 0.5.0 does not have, or what it does as
// `there` says.
//
// Of a loss `paper` says what its paper claims, as a number that can be checked: `within` so many dB of supervised
// training, or `closes` that share of the gap between the loss named `from` and supervised training.
const sigma = 0.2;
const gain = 0.05;
const looks = 10;

const denoiser = (channels, depth = 5) => ({
  name: "DnCNN",
  inChannels: channels,
  outChannels: channels,
  depth,
  nf: 16,
});
const one = (loss) => [{ loss }];
const supervised = { terms: one({ name: "SupLoss" }), reference: true };
const consistency = { name: "MCLoss" };
const equivariance = (transform) => ({ name: "EILoss", transform });
const halfOfPixels = { name: "BernoulliSplittingMaskGenerator", imgSize: [1, 32, 32], splitRatio: 0.5 };
const recorrupting = (options) => ({
  name: "LearningToRecorruptLoss",
  recorruptor: { name: "RecorruptorNet", ...options },
});

export const tasks = [
  {
    id: "gaussian",
    title: `Gaussian noise of standard deviation ${sigma}, one noisy copy of each image`,
    images: { kind: "photographs", size: 32, count: 400 },
    physics: { name: "Denoising", noiseModel: { name: "GaussianNoise", sigma } },
    network: { start: "direct", denoiser: denoiser(1) },
    losses: {
      supervised,
      SURE: { terms: one({ name: "SureGaussianLoss", sigma }), paper: { within: 0.3 } },
      UNSURE: { terms: one({ name: "SureGaussianLoss", sigma: sigma / 2, unsure: true, stepSize: 5e-4 }) },
      R2R: { terms: one({ name: "R2RLoss" }), paper: { within: 0.3 } },
      Neighbor2Neighbor: { terms: one({ name: "Neighbor2Neighbor" }), paper: { within: 1 } },
      splitting: { terms: one({ name: "SplittingLoss", splitRatio: 0.6, evalNSamples: 10, evalSplitOutput: true }) },
      "learning to recorrupt": { terms: one(recorrupting({ sigma: sigma / 2 })), only: "adjoint" },
      Noise2Void: { terms: one({ name: "Noise2VoidLoss" }), only: "adjoint" },
      Noise2Self: { terms: one({ name: "Noise2SelfLoss" }), only: "adjoint" },
    },
  },
  {
    id: "poisson",
    title: `Poisson noise, ${1 / gain} photons where the image is white, one noisy copy of each image`,
    images: { kind: "photographs", size: 32, count: 400 },
    physics: { name: "Denoising", noiseModel: { name: "PoissonNoise", gain } },
    network: { start: "direct", denoiser: denoiser(1) },
    losses: {
      supervised,
      SURE: { terms: one({ name: "SurePoissonLoss", gain }), paper: { within: 0.5 } },
      "SURE, exact formula": { terms: one({ name: "SurePoissonLoss", gain, spacing: 6 }), only: "adjoint" },
      R2R: { terms: one({ name: "R2RLoss" }), paper: { within: 0.5 } },
    },
  },
  {
    id: "poisson-gaussian",
    title: `Poisson noise, ${1 / gain} photons where the image is white, and Gaussian noise of standard deviation 0.1`,
    images: { kind: "photographs", size: 32, count: 400 },
    physics: { name: "Denoising", noiseModel: { name: "PoissonGaussianNoise", gain, sigma: 0.1 } },
    network: { start: "direct", denoiser: denoiser(1) },
    losses: {
      supervised,
      SURE: { terms: one({ name: "SurePGLoss", gain, sigma: 0.1 }), paper: { within: 0.5 } },
      UNSURE: {
        terms: one({ name: "SurePGLoss", gain: gain / 2, sigma: 0.05, unsure: true, stepSize: [5e-4, 5e-4] }),
      },
      "learning to recorrupt": { terms: one(recorrupting({ sigma: 0.1, multiplicative: true })), only: "adjoint" },
      splitting: { terms: one({ name: "SplittingLoss", splitRatio: 0.6, evalNSamples: 10, evalSplitOutput: true }) },
    },
  },
  {
    id: "gamma",
    title: `Gamma noise (speckle) of ${looks} looks, one noisy copy of each image`,
    images: { kind: "photographs", size: 32, count: 400 },
    physics: { name: "Denoising", noiseModel: { name: "GammaNoise", l: looks } },
    network: { start: "direct", denoiser: denoiser(1) },
    losses: {
      supervised,
      R2R: { terms: one({ name: "R2RLoss" }) },
      Score: { terms: one({ name: "ScoreLoss", totalBatches: 800 }) },
    },
  },
  {
    id: "inpainting",
    title: "Inpainting, one fixed mask that hides half of the pixels",
    images: { kind: "photographs", size: 32, count: 400, mask: 0.5 },
    physics: { name: "Inpainting", imgSize: [1, 32, 32], mask: { tensor: "mask" } },
    network: { start: "adjoint", denoiser: denoiser(1) },
    losses: {
      supervised,
      "consistency only": { terms: one(consistency) },
      "EI, shifts": {
        terms: [{ loss: consistency }, { loss: equivariance({ name: "Shift" }) }],
        paper: { closes: 0.9, from: "consistency only" },
      },
    },
  },
  {
    id: "operators",
    title: "Inpainting, for each image another mask that hides half of the pixels",
    images: { kind: "photographs", size: 32, count: 400, masks: 0.5 },
    physics: { name: "Inpainting", imgSize: [1, 32, 32], mask: 0.5 },
    perSample: ["mask"],
    network: { start: "adjoint", denoiser: denoiser(1) },
    losses: {
      supervised,
      "consistency only": { terms: one(consistency) },
      MOI: { terms: [{ loss: consistency }, { loss: { name: "MOILoss", physicsGenerator: halfOfPixels } }] },
      MOEI: {
        terms: [
          { loss: consistency },
          { loss: { name: "MOEILoss", transform: { name: "Shift" }, physicsGenerator: halfOfPixels } },
        ],
      },
    },
  },
  {
    id: "ct",
    title: "Tomography from 15 fixed angles",
    images: { kind: "phantoms", size: 48, count: 64 },
    physics: { name: "Tomography", angles: 15, imgWidth: 48, circle: true, normalize: true },
    network: { start: "fbp", denoiser: denoiser(1, 6) },
    losses: {
      supervised,
      "EI, rotations": {
        terms: [
          { loss: consistency, weight: 10 },
          { loss: equivariance({ name: "Rotate", multiples: 90, positive: true }) },
        ],
        paper: { within: 1.5 },
      },
    },
  },
  {
    id: "mri",
    title: "Accelerated MRI, one k-space column in three, another mask for each scan, noise 0.01",
    images: { kind: "scans", size: 48, count: 64, acceleration: 3 },
    physics: { name: "MRI", imgSize: [2, 48, 48], noiseModel: { name: "GaussianNoise", sigma: 0.01 } },
    perSample: ["mask"],
    network: { start: "modl", denoiser: denoiser(2, 4), numIter: 2, weight: 20 },
    complex: true,
    losses: {
      supervised,
      splitting: {
        terms: one({
          name: "SplittingLoss",
          evalSplitInput: false,
          maskGenerator: { name: "GaussianSplittingMaskGenerator", imgSize: [2, 48, 48], splitRatio: 0.6 },
        }),
        paper: { within: 1 },
      },
    },
  },
  {
    id: "mri-fixed",
    title: "Accelerated MRI, one k-space column in three, the same for all scans",
    images: { kind: "scans", size: 48, count: 64, acceleration: 3, oneMask: true },
    physics: { name: "MRI", imgSize: [2, 48, 48], mask: { tensor: "mask" } },
    network: { start: "modl", denoiser: denoiser(2, 4), numIter: 2, weight: 20 },
    complex: true,
    losses: {
      supervised,
      "consistency only": { terms: one(consistency) },
      "EI, rotations": {
        terms: [{ loss: consistency }, { loss: equivariance({ name: "Rotate", multiples: 90, positive: true }) }],
      },
      "equivariant splitting": {
        terms: one({
          name: "EquivariantSplittingLoss",
          transform: { name: "Rotate", multiples: 90, positive: true },
          evalTransform: { name: "Rotate", multiples: 90, positive: true, nTrans: 4 },
          maskGenerator: { name: "GaussianSplittingMaskGenerator", imgSize: [2, 48, 48], splitRatio: 0.6 },
        }),
      },
    },
  },
  {
    id: "mri-frames",
    title: "Accelerated MRI, four frames of each scan, one k-space column in six, other ones in each frame, noise 0.01",
    images: { kind: "scans", size: 48, count: 64, acceleration: 6 },
    physics: { name: "SequentialMRI", imgSize: [2, 4, 48, 48], noiseModel: { name: "GaussianNoise", sigma: 0.01 } },
    perSample: ["mask"],
    network: { start: "pinv", denoiser: denoiser(2, 4) },
    complex: true,
    losses: {
      supervised,
      "consistency only": { terms: one(consistency) },
      Phase2Phase: { terms: one({ name: "Phase2PhaseLoss", imgSize: [2, 4, 48, 48], dynamicModel: false }) },
      Artifact2Artifact: {
        terms: one({ name: "Artifact2ArtifactLoss", imgSize: [2, 4, 48, 48], splitSize: 2, dynamicModel: false }),
        only: "adjoint",
        there: "fails on batches",
      },
    },
  },
];

/** The same tasks, so small that they only show whether the program works. */
export function quick(list) {
  return list.map((task) => ({ ...task, images: { ...task.images, count: 8, tests: 2 } }));
}
