// The losses that the page offers, and why each works without a clean image.
import { loss } from "adjoint";
import { makePhysics } from "./build.js";
import { physicsOf } from "./operator.js";

/** Reasons and options of the losses, the default first; `additional` are further losses. */
const denoising = {
  R2RLoss: {
    reason:
      "Recorrupted-to-recorrupted: the noise is split into two independent parts, " +
      "and one noisy copy is predicted from the other.",
    options: () => ({}),
  },
  SureGaussianLoss: {
    reason:
      "Stein's unbiased risk estimate: for Gaussian noise of known level it equals, on average, " +
      "the error against the clean picture.",
    options: ({ level }) => ({ sigma: level }),
  },
  unsure: {
    name: "SureGaussianLoss",
    label: "SureGaussianLoss with unsure",
    reason: "UNSURE: Stein's risk estimate, which learns the level of the Gaussian noise along with the network.",
    // Steps of a fiftieth of the level's own variance: a network cannot follow larger ones.
    options: ({ level }) => ({ sigma: level, unsure: true, stepSize: Number((0.02 * level ** 2).toPrecision(3)) }),
  },
  SurePoissonLoss: {
    reason:
      "Stein's risk estimate for photon noise: for a small gain it nearly equals, on average, " +
      "the error against the clean picture.",
    options: ({ level }) => ({ gain: level }),
  },
  Neighbor2Neighbor: {
    reason:
      "Neighbouring pixels have nearly the same brightness and independent noise: " +
      "one half of the pixels predicts the other. No level is needed.",
    options: () => ({}),
  },
  SplittingLoss: {
    reason: "Splitting: some pixels are hidden from the network, which learns to predict them from the rest.",
    // Each pixel of the result comes from the passes that did not see it.
    options: ({ task }) => ({ splitRatio: task === "inpaint" ? 0.8 : 0.6, evalNSamples: 12, evalSplitOutput: true }),
    // The few pixels that all passes see have to be kept by the network itself.
    additional: [{ name: "MCLoss", weight: 0.2 }],
  },
};

const copies = "smaller copies of the result, blurred and restored again, teach the detail that the blur removed";

/**
 * Losses for blurred images. Splitting does not fit a blur, which mixes the pixels; and a loss that only compares with
 * the measurement leaves the blur in.
 */
const deblurring = {
  R2RLoss: {
    reason: `Recorrupted-to-recorrupted keeps the result true to the blurred picture; equivariant imaging: ${copies}.`,
    options: denoising.R2RLoss.options,
  },
  SureGaussianLoss: {
    reason:
      `Stein's unbiased risk estimate keeps the result true to the blurred picture; ` +
      `equivariant imaging: ${copies}.`,
    options: denoising.SureGaussianLoss.options,
  },
  SurePoissonLoss: {
    reason:
      "Stein's risk estimate for photon noise keeps the result true to the blurred picture; " +
      `equivariant imaging: ${copies}.`,
    options: denoising.SurePoissonLoss.options,
  },
};

/** Denoising without a choice of the loss. */
const automatic = {
  name: "auto",
  label: "Automatic",
  reason: "As the command adjoint denoise: Recorrupted-to-recorrupted, from the noise that was found.",
};

/** The losses that fit (`compatibleLosses`), each with its reason. */
export function fittingLosses(choice) {
  // Without mask and filter no tensor is created: the page itself does not load WebAssembly.
  const operator = makePhysics({ ...physicsOf(choice, 1, 0.5), mask: undefined, filter: undefined });
  const compatible = loss.compatibleLosses(operator);
  const deblur = choice.task === "deblur";
  const fitting = Object.entries(deblur ? deblurring : denoising)
    .filter(([key, { name = key }]) => compatible.includes(name))
    // A missing pixel has no noise to compare: only splitting learns to fill it in.
    .filter(([key]) => choice.task !== "inpaint" || key === "SplittingLoss")
    .map(([key, { label = key, reason }]) => ({ name: key, label: deblur ? `${key} and EILoss` : label, reason }));
  return choice.task === "denoise" ? [automatic, ...fitting] : fitting;
}

/** The loss of a choice as in a configuration. */
export function lossOf(choice) {
  const { name = choice.loss, options } = denoising[choice.loss];
  return { name, ...options(choice) };
}

/** Losses to add to the loss of a choice. */
export const additionalLosses = (choice) => denoising[choice.loss].additional ?? [];
