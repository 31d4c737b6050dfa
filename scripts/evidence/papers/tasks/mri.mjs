// Undersampled k-space.
import { consistency, denoiser, equivariance, one, rotations, supervised } from "./parts.mjs";

const noiseModel = { name: "GaussianNoise", sigma: 0.01 };
const third = { name: "GaussianMaskGenerator", imgSize: [2, 48, 48], acceleration: 3 };
// Most columns of a scan remain, as with the other splitting.
const columns = {
  maskGenerator: {
    name: "MultiplicativeSplittingMaskGenerator",
    imgSize: [2, 48, 48],
    splitGenerator: { name: "GaussianMaskGenerator", imgSize: [2, 48, 48], acceleration: 2 },
  },
  physicsGenerator: third,
};

export const mri = [
  {
    id: "mri",
    title: "Accelerated MRI, one k-space column in three, another mask for each scan, noise 0.01",
    images: { kind: "scans", size: 48, count: 64, acceleration: 3 },
    physics: { name: "MRI", imgSize: [2, 48, 48], noiseModel },
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
      "splitting, tested as the mean of 5 splits": {
        terms: one({
          name: "SplittingLoss",
          evalSplitInput: true,
          evalNSamples: 5,
          maskGenerator: { name: "GaussianSplittingMaskGenerator", imgSize: [2, 48, 48], splitRatio: 0.6 },
        }),
        paper: { within: 1 },
      },
      "weighted splitting": { terms: one({ name: "WeightedSplittingLoss", ...columns }) },
      "robust splitting": { terms: one({ name: "RobustSplittingLoss", ...columns, noiseModel }) },
      MOI: { terms: [{ loss: consistency }, { loss: { name: "MOILoss", physicsGenerator: third } }] },
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
        terms: [{ loss: consistency }, { loss: equivariance(rotations) }],
      },
      "equivariant splitting": {
        terms: one({
          name: "EquivariantSplittingLoss",
          transform: rotations,
          evalTransform: { ...rotations, nTrans: 4 },
          maskGenerator: { name: "GaussianSplittingMaskGenerator", imgSize: [2, 48, 48], splitRatio: 0.6 },
        }),
      },
    },
  },
  {
    id: "mri-frames",
    title: "Accelerated MRI, four frames of each scan, one k-space column in six, other ones in each frame, noise 0.01",
    images: { kind: "scans", size: 48, count: 64, acceleration: 6 },
    physics: { name: "SequentialMRI", imgSize: [2, 4, 48, 48], noiseModel },
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
