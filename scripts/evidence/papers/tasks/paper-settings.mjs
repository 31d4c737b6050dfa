// Claims that the small tasks do not reach, with the ratios of the paper.
import { anglesBetweenReflected, consistency, denoiser, equivariance, one, rotations, supervised } from "./parts.mjs";

const scan = [2, 48, 48];
const splitting = (maskGenerator) => ({
  terms: one({ name: "SplittingLoss", evalSplitInput: false, maskGenerator }),
  paper: { within: 1 },
});

export const paperSettings = [
  {
    id: "ct-paper",
    title: "Tomography from 19 fixed angles, 0.4 for each pixel of a side as in the paper of EI, unrolled network",
    images: { kind: "phantoms", size: 48, count: 90 },
    physics: {
      name: "Tomography",
      angles: anglesBetweenReflected(19),
      imgWidth: 48,
      circle: true,
      normalize: true,
    },
    network: { start: "unrolled", denoiser: denoiser(1, 6), numIter: 1, weight: 100, maxIter: 5 },
    losses: {
      supervised,
      "EI, rotations and reflections": {
        terms: [
          { loss: consistency, weight: 10 },
          { loss: { ...equivariance(rotations), noGrad: true } },
          { loss: { ...equivariance({ name: "Reflect" }), noGrad: true } },
        ],
        paper: { within: 1.5 },
      },
    },
  },
  {
    id: "mri-paper",
    title: "Accelerated MRI, 300 scans, one k-space column in three, another mask for each scan, noise 0.01",
    images: { kind: "scans", size: 48, count: 300, acceleration: 3 },
    physics: { name: "MRI", imgSize: scan, noiseModel: { name: "GaussianNoise", sigma: 0.01 } },
    perSample: ["mask"],
    network: { start: "modl", denoiser: denoiser(2, 4), numIter: 2, weight: 20 },
    complex: true,
    budget: 2,
    losses: {
      supervised,
      "splitting, points": splitting({ name: "GaussianSplittingMaskGenerator", imgSize: scan, splitRatio: 0.9 }),
      "splitting, columns": splitting({
        name: "ColumnSplittingMaskGenerator",
        splitRatio: 0.8,
        masks: { tensor: "mask" },
      }),
    },
  },
];
