import * as physics from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import type { Rng } from "./helpers.js";

/** An operator whose mask has weights, with a noise model. */
export interface WeightedCase {
  readonly name: string;
  readonly make: (rng: Rng, noiseModel?: physics.NoiseModel) => physics.LinearPhysics;
  readonly size: number[];
}

/** Weights between 0.3 and 1.5, of both signs, and 0 for a third of the entries. */
export function weights(rng: Rng, shape: number[]): Tensor {
  const size = rng.uniform(shape, { dtype: "float64" }).mul(1.2).add(0.3);
  return size.mul(rng.rademacher(shape, size)).mul(rng.uniform(shape, size).gt(1 / 3));
}

/** Options with a noise model, where there is one. */
const withNoise = (noiseModel?: physics.NoiseModel): { noiseModel?: physics.NoiseModel } =>
  noiseModel ? { noiseModel } : {};

const inpainting = (rng: Rng, size: number[], noise?: physics.NoiseModel): physics.Inpainting<physics.NoiseModel> =>
  new physics.Inpainting({ imgSize: size, mask: weights(rng, size), ...withNoise(noise) });

const blurred = (): physics.LinearPhysics =>
  new physics.Blur({ filter: physics.gaussianBlur({ sigma: 0.6 }), padding: "circular" });

/** Every operator with a mask, alone and within others; the mask has weights. */
export const weightedCases: readonly WeightedCase[] = [
  { name: "Inpainting, weights", make: (rng, noise) => inpainting(rng, [2, 6, 5], noise), size: [2, 2, 6, 5] },
  {
    name: "Inpainting, weights for each image",
    make: (rng, noise) =>
      new physics.Inpainting({ imgSize: [1, 6, 5], mask: weights(rng, [2, 1, 6, 5]), ...withNoise(noise) }),
    size: [2, 1, 6, 5],
  },
  {
    name: "Demosaicing, weights",
    make: (rng, noise) => {
      const operator = new physics.Demosaicing({ imgSize: [6, 4], ...withNoise(noise) });
      operator.update({ mask: (operator.mask as Tensor).to("float64").mul(weights(rng, [1, 3, 6, 4]).abs().add(0.3)) });
      return operator;
    },
    size: [2, 3, 6, 4],
  },
  {
    name: "MRI, weights",
    make: (rng, noise) => new physics.MRI({ mask: weights(rng, [6, 5]), ...withNoise(noise) }),
    size: [2, 2, 6, 5],
  },
  {
    name: "MultiCoilMRI, weights",
    make: (rng, noise) =>
      new physics.MultiCoilMRI({ mask: weights(rng, [6, 5]), coilMaps: 3, imgSize: [6, 5], ...withNoise(noise) }),
    size: [2, 2, 6, 5],
  },
  {
    name: "DynamicMRI, weights",
    make: (rng, noise) => new physics.DynamicMRI({ mask: weights(rng, [3, 4, 5]), ...withNoise(noise) }),
    size: [2, 2, 3, 4, 5],
  },
  {
    name: "SequentialMRI, weights",
    make: (rng, noise) => new physics.SequentialMRI({ mask: weights(rng, [3, 4, 5]), ...withNoise(noise) }),
    size: [2, 2, 4, 5],
  },
  {
    name: "SinglePixelCamera, weights",
    make: (rng, noise) => {
      const operator = new physics.SinglePixelCamera({ m: 9, imgSize: [2, 4, 4], ...withNoise(noise) });
      operator.update({ mask: operator.mask.to("float64").mul(weights(rng, [1, 2, 4, 4]).abs().add(0.3)) });
      return operator;
    },
    size: [2, 2, 4, 4],
  },
  {
    name: "DecomposablePhysics, weights",
    make: (rng, noise) => new physics.DecomposablePhysics({ mask: weights(rng, [1, 5, 4]), ...withNoise(noise) }),
    size: [2, 1, 5, 4],
  },
  {
    name: "Inpainting after a blur, weights",
    make: (rng, noise) => inpainting(rng, [1, 6, 5], noise).compose(blurred()),
    size: [2, 1, 6, 5],
  },
  {
    name: "Inpainting after a flip, weights",
    make: (rng, noise) =>
      new physics.VirtualLinearPhysics({
        physics: inpainting(rng, [1, 6, 5], noise),
        transform: { transform: (x) => x.flip([-1]), inverse: (x) => x.flip([-1]) },
        params: {},
      }),
    size: [2, 1, 6, 5],
  },
];
