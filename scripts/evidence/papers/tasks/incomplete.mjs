// Operators that do not measure everything.
import {
  consistency,
  denoiser,
  equivariance,
  halfOfPixels,
  inpaintingByMasks,
  one,
  rotations,
  supervised,
} from "./parts.mjs";

const totalVariation = {
  variational: { weights: [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2] },
  only: "adjoint",
  there: "not run",
  reference: true,
};
const sigma = 0.02;

export const incomplete = [
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
    ...inpaintingByMasks,
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
      "total variation, its weight by ground truth": totalVariation,
      supervised,
      "EI, rotations": {
        terms: [{ loss: consistency, weight: 10 }, { loss: equivariance(rotations) }],
        paper: { within: 1.5 },
      },
    },
  },
  {
    id: "ct-noise",
    title: `Tomography from 15 fixed angles, with Gaussian noise of standard deviation ${sigma}`,
    images: { kind: "phantoms", size: 48, count: 64 },
    physics: {
      name: "Tomography",
      angles: 15,
      imgWidth: 48,
      circle: true,
      normalize: true,
      noiseModel: { name: "GaussianNoise", sigma },
    },
    network: { start: "fbp", denoiser: denoiser(1, 6) },
    losses: {
      "total variation, its weight by ground truth": totalVariation,
      supervised,
      "EI, rotations": { terms: [{ loss: consistency, weight: 10 }, { loss: equivariance(rotations) }] },
      "robust EI (SURE), rotations": {
        terms: [{ loss: { name: "SureGaussianLoss", sigma }, weight: 10 }, { loss: equivariance(rotations) }],
      },
    },
  },
];
