// The tasks of `npm run evidence -- papers`, as data that both programs read: an object with a `name` is made of the
// class of that name, here with these options, in deepinv with the same in snake case; `{ tensor: name }` is a tensor
// of the task's file of measurements. `only: "adjoint"` marks what deepinv 0.5.0 does not have.
//
// Of a loss `paper` says what its paper claims, as a number that can be checked: `within` so many dB of supervised
// training, or `closes` that share of the gap between the loss named `from` and supervised training.
const sigma = 0.2;
const gain = 0.05;

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
      "learning to recorrupt": {
        terms: one({ name: "LearningToRecorruptLoss", recorruptor: { name: "RecorruptorNet", sigma: sigma / 2 } }),
        only: "adjoint",
      },
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
];

/** The same tasks, so small that they only show whether the program works. */
export function quick(list) {
  return list.map((task) => ({ ...task, images: { ...task.images, count: 8, tests: 2 } }));
}
