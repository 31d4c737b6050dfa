// Noise alone: one noisy copy of each image.
import { denoiser, one, supervised } from "./parts.mjs";

const sigma = 0.2;
const gain = 0.05;
const looks = 10;
// Of the noise that images.mjs draws.
const correlation = [
  [0.16, 0.4, 0.16],
  [0.4, 1, 0.4],
  [0.16, 0.4, 0.16],
];

const recorrupting = (options) => ({
  name: "LearningToRecorruptLoss",
  recorruptor: { name: "RecorruptorNet", ...options },
});

export const denoising = [
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
    id: "gaussian-correlated",
    title: `Gaussian noise of standard deviation ${sigma}, correlated by 0.4 with its neighbours`,
    images: { kind: "photographs", size: 32, count: 400, correlated: { sigma, share: 0.5 } },
    physics: { name: "Denoising" },
    network: { start: "direct", denoiser: denoiser(1) },
    losses: {
      supervised,
      "SURE, as if not correlated": { terms: one({ name: "SureGaussianLoss", sigma }) },
      "SURE, told the correlation": { terms: one({ name: "SureGaussianLoss", sigma, correlation }), only: "adjoint" },
      "UNSURE, one level": {
        terms: one({ name: "SureGaussianLoss", sigma: sigma / 2, unsure: true, stepSize: 1e-4 }),
      },
      "UNSURE, a level for each lag": {
        terms: one({ name: "SureGaussianLoss", sigma: sigma / 2, unsure: true, stepSize: 1e-4, correlation: 1 }),
        only: "adjoint",
      },
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
];
