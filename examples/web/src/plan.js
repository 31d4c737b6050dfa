// The settings of a run: a configuration of `adjoint train`.
import { halfWidth } from "./blur.js";
import { additionalLosses, lossOf } from "./losses.js";
import { kindOf, noises } from "./noises.js";
import { patch, physicsOf } from "./operator.js";

/** By quality: length, network and learning rate of a run: long runs on a single image need a small rate. */
export const efforts = {
  fast: { steps: 120, depth: 5, features: 16, lr: 3e-3 },
  normal: { steps: 300, depth: 5, features: 16, lr: 2e-3 },
  best: { steps: 1000, depth: 7, features: 24, lr: 1e-3 },
};

/** Steps of a run that fills in missing pixels, which begins with a good guess. */
const fillingSteps = { fast: 40, normal: 120, best: 500 };

const batchSize = 4;
/**
 * Side of the patches of a training with a blur, one per step: a large patch costs as much as several small ones, and
 * less of it is within the filter's half-width of the border, where the measurement is incomplete.
 */
const blurredPatch = 64;

/**
 * The settings of a run on an image of shape `[channels, height, width]`: a configuration of `adjoint train`, with the
 * image in the folder `picture` beside it. `FilledNetwork` is one of this page, which the command does not know.
 */
export function settingsOf(choice, [channels, height, width], present) {
  const { depth, features, lr, ...effort } = efforts[choice.quality];
  const steps = choice.task === "inpaint" ? fillingSteps[choice.quality] : effort.steps;
  const operator = physicsOf(choice, channels, present, [height, width]);
  const deblur = choice.task === "deblur";
  const inpaint = choice.task === "inpaint";
  // Of an image with missing pixels the network sees the mask too.
  const planes = channels + (inpaint ? 1 : 0);
  const network = { name: "DnCNN", inChannels: planes, outChannels: planes, depth, nf: features };
  const [largest, images] = deblur ? [blurredPatch, 1] : [patch, batchSize];
  // An even side: Neighbor2Neighbor pairs pixels in cells of 2 x 2.
  const side = 2 * Math.floor(Math.min(largest, height, width) / 2);
  return {
    data: {
      train: "picture",
      holds: inpaint ? "images" : "measurements",
      channels: channels === 1 ? "grey" : "rgb",
      patch: side,
      patchesPerEpoch: steps * images,
    },
    physics: operator,
    // With a blur the network corrects a regularised inverse.
    model: deblur
      ? {
          name: "ArtifactRemoval",
          mode: "prox",
          gamma: Number((0.15 / noises[kindOf(choice.noise)].variance(choice.level)).toPrecision(3)),
          backboneNet: network,
        }
      : inpaint
        ? { name: "FilledNetwork", level: choice.level, backboneNet: network }
        : network,
    losses: [lossOf(choice), ...(deblur ? [equivariance(operator.filter)] : additionalLosses(choice))],
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
 * Photographs look alike at every scale: a smaller copy of the result, blurred and restored again, has to equal itself.
 * Only this invariance teaches to deblur: a blur commutes with shifts, and an isotropic one also with rotations
 * (Scanvic, Davies, Abry, Tachella, 2023). Pixels within twice the filter's half-width of the border are excluded:
 * their measurement is incomplete.
 */
function equivariance(filter) {
  return {
    name: "EILoss",
    transform: { name: "Scale" },
    noGrad: true,
    metric: { name: "MSE", centerCrop: -2 * halfWidth(filter) },
    weight: 5,
  };
}
