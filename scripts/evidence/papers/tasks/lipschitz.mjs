// Denoisers whose Lipschitz constant is held.
import { denoiser, one, supervised } from "./parts.mjs";

const norm = (name) => ({ name, maxIter: 8, tol: 0, reducedBatchsize: 2, reduction: "mean" });
/** Supervised training and a penalty `max(0, |J| - limit)^2`. */
const held = (name, limit) => [
  ...one({ name: "SupLoss" }),
  { loss: { name: "AboveLimit", limit, loss: norm(name) }, weight: 0.1 },
];

export const lipschitz = [
  {
    id: "lipschitz",
    title: "Gaussian noise of standard deviation 0.1, networks that hardly enlarge distances",
    images: { kind: "photographs", size: 32, count: 400 },
    physics: { name: "Denoising", noiseModel: { name: "GaussianNoise", sigma: 0.1 } },
    network: { start: "direct", denoiser: denoiser(1, 4) },
    measures: ["norm of the Jacobian of f", "norm of the Jacobian of 2f - Id"],
    losses: {
      supervised,
      "supervised, norm of f held": { terms: held("JacobianSpectralNorm", 0.93) },
      "supervised, norm of 2f - Id held": { terms: held("FNEJacobianSpectralNorm", 0.93) },
    },
  },
];
