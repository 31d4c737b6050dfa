// What the page offers: kinds of noise, the losses that fit, and the settings of a run, which are a configuration of
// `adjoint train`.
import { loss, metric, nn, physics, transform } from "adjoint";
import { blurs, makeFilter, reach } from "./blur.js";

/**
 * Kinds of noise: what the level means, how much the page starts with (`faint` where the picture is blurred: strong
 * noise hides what a blur has left), and the variance of the noise at medium grey.
 */
export const noises = {
  gaussian: {
    label: "Gaussian",
    what: "Grain of equal strength everywhere, as from electronics.",
    level: "Standard deviation, where white is 1.",
    start: 0.1,
    faint: 0.02,
    least: 0.005,
    most: 0.5,
    make: (level) => ({ name: "GaussianNoise", sigma: level }),
    variance: (level) => level ** 2,
  },
  poisson: {
    label: "Poisson",
    what: "Photon noise, stronger where it is bright.",
    level: "Gain: brightness of one photon, where white is 1.",
    start: 0.05,
    faint: 0.002,
    least: 0.0002,
    most: 0.5,
    make: (level) => ({ name: "PoissonNoise", gain: level }),
    variance: (level) => level / 2,
  },
  gamma: {
    label: "Gamma",
    what: "Speckle, as in radar and ultrasound: it grows with the brightness.",
    level: "Number of looks: more is less noise.",
    start: 15,
    faint: 400,
    least: 2,
    most: 5000,
    make: (level) => ({ name: "GammaNoise", l: level }),
    variance: (level) => 1 / (4 * level),
  },
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

/**
 * Where a picture is blurred, splitting would need what a blur has mixed, and a loss that only fits the measurement
 * leaves the blur in.
 */
const deblurring = {
  R2RLoss: {
    text: "Recorrupted-to-recorrupted keeps the result true to the blurred picture; equivariant imaging, with smaller copies of the result blurred and restored again, teaches the detail that the blur took.",
    options: reasons.R2RLoss.options,
  },
  SureGaussianLoss: {
    text: "Stein's unbiased risk estimate keeps the result true to the blurred picture; equivariant imaging, with smaller copies of the result blurred and restored again, teaches the detail that the blur took.",
    estimated:
      "UNSURE, Stein's risk estimate for noise of unknown level, keeps the result true to the blurred picture; equivariant imaging, with smaller copies blurred and restored again, teaches the detail.",
    options: reasons.SureGaussianLoss.options,
  },
  SurePoissonLoss: {
    text: "Stein's risk estimate for photon noise keeps the result true to the blurred picture; equivariant imaging, with smaller copies of the result blurred and restored again, teaches the detail that the blur took.",
    options: reasons.SurePoissonLoss.options,
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
/**
 * One large patch costs as much as several small ones, and less of it is within the filter's reach of the border, where
 * too little is measured.
 */
const blurredPatch = 64;

/** A physics by the settings; without a mask, it is only good for asking what fits. */
export function makePhysics({ name, noise, imgSize, mask, filter, ...rest }, options = {}) {
  const { name: kind, ...levels } = noise;
  const noiseModel = new physics[kind](levels);
  if (name === "Blur")
    return new physics.Blur({ ...rest, ...(filter ? { filter: makeFilter(filter) } : {}), noiseModel, ...options });
  return name === "Denoising"
    ? new physics.Denoising({ noiseModel })
    : new physics.Inpainting({ imgSize, noiseModel, ...(mask === undefined ? {} : { mask }), ...options });
}

/** The losses of settings, for a Trainer. */
export function makeLosses(losses) {
  return losses.map(({ name, weight = 1, transform: move, metric: compare, ...options }) => {
    const made = Object.entries({ transform: [transform, move], metric: [metric, compare] }).flatMap(
      ([key, [classes, named]]) => (named ? [[key, make(classes, named)]] : []),
    );
    return { loss: new loss[name]({ ...options, ...Object.fromEntries(made) }), weight };
  });
}

/**
 * The untrained model of settings, and the network within it, which gives back its input: what it learns is what to
 * take away.
 */
export function makeModel({ name, backboneNet, ...options }, rng) {
  const { name: _network, ...sizes } = backboneNet ?? options;
  const network = new nn.DnCNN({ ...sizes, rng });
  nn.startAtIdentity(network);
  return backboneNet ? make(nn, { name, ...options, backboneNet: network }) : network;
}

function make(classes, { name, ...options }) {
  return new classes[name](options);
}

/** The operator and noise of a choice, as a configuration names them. `kept` is the share of pixels that are there. */
function physicsOf({ task, noise, level, blur, ...shape }, channels, kept) {
  const model = noises[noise].make(level);
  // What is measured again comes from the network, and may be a little below black.
  if (task === "deblur" && noise === "poisson") model.clipPositive = true;
  // Only "valid" is true of a patch: what lies outside of it is blurred into it. Few iterations are enough to start
  // from.
  if (task === "deblur")
    return { name: "Blur", filter: blurs[blur].make(shape), padding: "valid", maxIter: 15, tol: 1e-3, noise: model };
  return task === "denoise"
    ? { name: "Denoising", noise: model }
    : { name: "Inpainting", imgSize: [channels, patch, patch], mask: kept, noise: model };
}

/** The losses that fit, by `compatibleLosses`, each with a sentence of why. */
export function fittingLosses(choice) {
  // Without mask and filter no tensor is made: the page itself has no WebAssembly.
  const names = loss.compatibleLosses(
    makePhysics({ ...physicsOf(choice, 1, 0.5), mask: undefined, filter: undefined }),
  );
  return (
    Object.entries(choice.task === "deblur" ? deblurring : reasons)
      .filter(([name]) => names.includes(name))
      // What is not measured carries no noise: only splitting learns to fill it in.
      .filter(([name]) => choice.task !== "inpaint" || name === "SplittingLoss")
      .map(([name, { text, estimated }]) => ({
        name,
        label: choice.task === "deblur" ? `${name} and EILoss` : name,
        text: choice.estimated && estimated ? estimated : text,
      }))
  );
}

/**
 * The settings of a run on a picture of shape [channels, height, width]: a configuration of `adjoint train`; the
 * picture goes into the folder `picture` beside it.
 */
export function settingsOf(choice, [channels, height, width], kept) {
  const { steps, depth, features, lr } = efforts[choice.effort];
  const operator = physicsOf(choice, channels, kept);
  const deblur = choice.task === "deblur";
  const network = { name: "DnCNN", inChannels: channels, outChannels: channels, depth, nf: features };
  const first = { name: choice.loss, ...reasons[choice.loss].options(choice) };
  const [side, images] = deblur ? [Math.min(blurredPatch, height, width), 1] : [patch, batchSize];
  return {
    data: {
      train: "picture",
      holds: choice.task === "inpaint" ? "images" : "measurements",
      channels: channels === 1 ? "grey" : "rgb",
      patch: side,
      patchesPerEpoch: steps * images,
    },
    physics: operator,
    // The network begins with a picture that is already sharper, and learns what is wrong with it.
    model: deblur
      ? {
          name: "ArtifactRemoval",
          mode: "prox",
          gamma: Number((0.15 / noises[choice.noise].variance(choice.level)).toPrecision(3)),
          backboneNet: network,
        }
      : network,
    losses: [first, ...(deblur ? [equivariance(operator.filter)] : (reasons[choice.loss].further ?? []))],
    optimizer: { name: "Adam", lr },
    schedule: { name: "CosineAnnealingLR", tMax: steps },
    scheduleEvery: "step",
    epochs: 1,
    batchSize: images,
    gradClip: 1,
    out: "results/picture",
  };
}

/**
 * Photographs look alike at each scale: a smaller copy of the result, blurred and restored again, has to come out as it
 * was. That is the only invariance which teaches to deblur, as a blur commutes with shifts, and a round one with
 * rotations too (Scanvic, Davies, Abry, Tachella, 2023). Pixels within the filter's reach of a border, and what those
 * touch, are not asked for: too little of them is measured.
 */
function equivariance(filter) {
  return {
    name: "EILoss",
    transform: { name: "Scale" },
    noGrad: true,
    metric: { name: "MSE", centerCrop: -2 * reach(filter) },
    weight: 5,
  };
}
