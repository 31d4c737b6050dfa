// What is said of a training beside PSNR and SSIM, by the names in tasks.mjs; the largest or the mean over the test
// images.
import { loss, Rng, tidy } from "adjoint";
import { networkOf } from "./objects.mjs";

/** Mean absolute difference of neighbouring pixels. */
function meanGradient(image) {
  const [right, down] = [3, 2].map((dim) => image.roll(-1, dim).sub(image).abs());
  return right.add(down).mean();
}

/** Spectral norm of the Jacobian at the test measurements, the largest; of f or of what `of` makes of f. */
const norm =
  (of) =>
  ({ task, trained, y }) => {
    const { denoiser } = networkOf(task, new Rng(0));
    denoiser.loadStateDict(trained);
    const options = { maxIter: 60, tol: 0, evalMode: true, rng: new Rng(0) };
    return tidy(() => loss.jacobianSpectralNorm((u) => of(denoiser.forward(u), u), y, options)).item();
  };

const measures = {
  "norm of the Jacobian of f": norm((f) => f),
  "norm of the Jacobian of 2f - Id": norm((f, u) => f.mul(2).sub(u)),
  sharpness: ({ xNet, x }) => meanGradient(xNet).div(meanGradient(x)).item(),
};

/** The values of the measures of a task. */
export async function measured(task, of) {
  const values = {};
  for (const name of task.measures ?? []) values[name] = await measures[name]({ task, ...of });
  return values;
}

/** What the page says of each measure. */
export const explained = {
  "norm of the Jacobian of f": "spectral norm, f the network, the largest at the noisy test images",
  "norm of the Jacobian of 2f - Id": "at most 1 where f is firmly non-expansive, so that iterations with it converge",
  sharpness: "mean absolute difference of neighbouring pixels, divided by that of the ground truth",
};
