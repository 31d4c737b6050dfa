import { blurs } from "./blur.js";
import { kindOf, noises } from "./noises.js";

/** Side of the patches of a training without a blur. */
export const patch = 40;

/** The operator and noise of a choice as in a configuration. `present` is the share of pixels that are not missing. */
export function physicsOf({ task, noise, level, blur, ...shape }, channels, present, sides = [patch, patch]) {
  const model = noises[kindOf(noise)].make(level);
  // EILoss measures the network's output, which may be slightly negative.
  if (task === "deblur" && kindOf(noise) === "poisson") model.clipPositive = true;
  // Only "valid" padding is exact for a patch, whose surroundings are blurred into it. A few iterations give a good
  // first reconstruction.
  if (task === "deblur")
    return { name: "Blur", filter: blurs[blur].make(shape), padding: "valid", maxIter: 15, tol: 1e-3, noise: model };
  return task === "denoise"
    ? { name: "Denoising", noise: model }
    : {
        name: "Inpainting",
        imgSize: [channels, ...sides.map((side) => 2 * Math.floor(Math.min(patch, side) / 2))],
        mask: present,
        noise: model,
      };
}
