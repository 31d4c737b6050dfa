import { nn, noGrad, ones, tidy } from "adjoint";

/**
 * Filtered back-projection, then `numIter` times a denoiser D and a step towards the measurements,
 * `x <- argmin_z weight/2 |A z - y|^2 + 1/2 |z - D(x)|^2`, by at most `maxIter` conjugate gradients: D learns only what
 * the measurements leave open. Pixels that no measurement depends on are 0: nothing else would hold them.
 */
export class Unrolled extends nn.Module {
  constructor({ denoiser, numIter, weight, maxIter }) {
    super();
    this.denoiser = denoiser;
    this.settings = { numIter, weight, maxIter };
  }

  forward(y, operator) {
    const { numIter, weight, maxIter } = this.settings;
    const support = noGrad(() => tidy(() => operator.AAdjoint(ones(y.shape)).gt(0)));
    let x = operator.fbp(y);
    for (let k = 0; k < numIter; k++) {
      x = operator.proxL2(this.denoiser.forward(x).mul(support), y, weight, { maxIter });
    }
    return x;
  }
}
