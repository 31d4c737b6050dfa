// What the page offers: kinds of noise, the losses that fit, and the settings of a run, which are a configuration of `adjoint train`.
import { loss, physics } from "adjoint";

/** Kinds of noise: what the level means, and how much the page starts with. */
export const noises = {
  gaussian: { label: "Gaussian", what: "Grain of equal strength everywhere, as from electronics.", level: "Standard deviation, where white is 1.", start: 0.1, least: 0.005, most: 0.5, make: (level) => ({ name: "GaussianNoise", sigma: level }) },
  poisson: { label: "Poisson", what: "Photon noise, stronger where it is bright.", level: "Gain: brightness of one photon, where white is 1.", start: 0.05, least: 0.002, most: 0.5, make: (level) => ({ name: "PoissonNoise", gain: level }) },
  gamma: { label: "Gamma", what: "Speckle, as in radar and ultrasound: it grows with the brightness.", level: "Number of looks: more is less noise.", start: 15, least: 2, most: 500, make: (level) => ({ name: "GammaNoise", l: level }) },
};

/** The losses of this page with one sentence of why each works without a clean picture, the one to start with first. */
const reasons = {
  SureGaussianLoss: {
    text: "Stein's unbiased risk estimate: for Gaussian noise of known level it equals, on average, the error against the clean picture.",
    estimated: "UNSURE: Stein's risk estimate, which learns the level of the Gaussian noise along with the network.",
    options: ({ level, estimated }) => ({ sigma: level, ...(estimated ? { unsure: true } : {}) }),
  },
  SurePoissonLoss: {
    text: "Stein's risk estimate for photon noise: nearly the error against the clean picture, on average, while the gain is small.",
    options: ({ level }) => ({ gain: level }),
  },
  R2RLoss: {
    text: "Recorrupted-to-recorrupted: the noise is split into two independent parts, and one noisy copy is predicted from the other.",
    options: () => ({}),
  },
  Neighbor2Neighbor: {
    text: "Neighbouring pixels have nearly the same brightness and independent noise: one half of the pixels predicts the other. No level is needed.",
    options: () => ({}),
  },
  SplittingLoss: {
    text: "Splitting: a part of the pixels is hidden from the network, which learns to predict it from the rest.",
    // Each pixel of the result comes from those of the passes that did not see it.
    options: () => ({ splitRatio: 0.6, evalNSamples: 12, evalSplitOutput: true }),
    // Few pixels are seen in all passes: there the network has to keep what it sees.
    further: [{ name: "MCLoss", weight: 0.2 }],
  },
};

/** How long a run is, how large its network, and its learning rate: long runs on one picture need a small one. */
export const efforts = {
  quick: { label: "quick (120 steps)", steps: 120, depth: 5, features: 16, lr: 3e-3 },
  normal: { label: "normal (300 steps)", steps: 300, depth: 5, features: 16, lr: 2e-3 },
  thorough: { label: "thorough (1000 steps, larger network)", steps: 1000, depth: 7, features: 24, lr: 1e-3 },
};

/** Side of the patches that the network learns from. */
export const patch = 40;
const batchSize = 4;

/** A physics by the settings; without a mask, it is only good for asking what fits. */
export function makePhysics({ name, noise, imgSize, mask }, options = {}) {
  const { name: kind, ...levels } = noise;
  const noiseModel = new physics[kind](levels);
  return name === "Denoising" ? new physics.Denoising({ noiseModel }) : new physics.Inpainting({ imgSize, noiseModel, ...(mask === undefined ? {} : { mask }), ...options });
}

/** The operator and noise of a choice, as a configuration names them. `kept` is the share of pixels that are there. */
function physicsOf({ task, noise, level }, channels, kept) {
  const model = noises[noise].make(level);
  return task === "denoise" ? { name: "Denoising", noise: model } : { name: "Inpainting", imgSize: [channels, patch, patch], mask: kept, noise: model };
}

/** The losses that fit, by `compatibleLosses`, each with a sentence of why. */
export function fittingLosses(choice) {
  const names = loss.compatibleLosses(makePhysics({ ...physicsOf(choice, 1, 0.5), mask: undefined }));
  return Object.entries(reasons)
    .filter(([name]) => names.includes(name))
    // What is not measured carries no noise: only splitting learns to fill it in.
    .filter(([name]) => choice.task === "denoise" || name === "SplittingLoss")
    .map(([name, { text, estimated }]) => ({ name, text: choice.estimated && estimated ? estimated : text }));
}

/** The settings of a run: a configuration of `adjoint train`; the picture goes into the folder `picture` beside it. */
export function settingsOf(choice, channels, kept) {
  const { steps, depth, features, lr } = efforts[choice.effort];
  return {
    data: { train: "picture", holds: choice.task === "denoise" ? "measurements" : "images", channels: channels === 1 ? "grey" : "rgb", patch, patchesPerEpoch: steps * batchSize },
    physics: physicsOf(choice, channels, kept),
    model: { name: "DnCNN", inChannels: channels, outChannels: channels, depth, nf: features },
    losses: [{ name: choice.loss, ...reasons[choice.loss].options(choice) }, ...(reasons[choice.loss].further ?? [])],
    optimizer: { name: "Adam", lr },
    schedule: { name: "CosineAnnealingLR", tMax: steps },
    scheduleEvery: "step",
    epochs: 1,
    batchSize,
    gradClip: 1,
    out: "results/picture",
  };
}
