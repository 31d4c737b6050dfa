// A discriminator learns beside the network.
import { consistency, denoiser, halfOfPixels, inpaintingByMasks, one, supervised } from "./parts.mjs";

const discriminator = { name: "PatchGANDiscriminator", inputNc: 1, ndf: 16, nLayers: 1, batchNorm: false };

export const adversarial = [
  {
    id: "deblurring",
    title: "Gaussian blur of 1.5 pixels, noise 0.01",
    images: { kind: "photographs", size: 32, count: 400, blur: 1.5 },
    physics: {
      name: "Blur",
      filter: { tensor: "filter" },
      padding: "circular",
      noiseModel: { name: "GaussianNoise", sigma: 0.01 },
    },
    network: { start: "direct", denoiser: denoiser(1) },
    discriminator,
    measures: ["sharpness"],
    losses: {
      supervised,
      "supervised and adversarial": {
        terms: [{ loss: { name: "SupLoss" } }, { loss: { name: "SupAdversarialGeneratorLoss", weightAdv: 0.01 } }],
        adversary: { name: "SupAdversarialDiscriminatorLoss" },
      },
      "consistency only": { terms: one(consistency) },
      "consistency and adversarial": {
        terms: [{ loss: consistency }, { loss: { name: "UnsupAdversarialGeneratorLoss", weightAdv: 0.01 } }],
        adversary: { name: "UnsupAdversarialDiscriminatorLoss" },
      },
    },
  },
  {
    id: "uair",
    title: "Inpainting, for each image another mask that hides half of the pixels, with a discriminator",
    ...inpaintingByMasks,
    discriminator,
    losses: {
      supervised,
      "UAIR, same operator": {
        terms: one({ name: "UAIRGeneratorLoss", weightAdv: 0.05 }),
        adversary: { name: "UnsupAdversarialDiscriminatorLoss" },
      },
      "UAIR, operator drawn anew": {
        terms: one({ name: "UAIRGeneratorLoss", weightAdv: 0.05, physicsGenerator: halfOfPixels }),
        adversary: { name: "UnsupAdversarialDiscriminatorLoss", physicsGenerator: halfOfPixels },
      },
    },
  },
];
